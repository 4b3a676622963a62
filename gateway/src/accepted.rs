//! What the operator accepted of bundles whose evidence was taken away (Profile §8.20). It is signed and lies beside the evidence key, outside
//! the store: whoever edits rows cannot say that anybody accepted it.

use std::path::{Path, PathBuf};

use fumibako_model::{Acceptance, ShownBundle};
use fumibako_signer::{enclose, enclosed};
use fumibako_store::{Store, StoreError};

use crate::house::House;
use crate::witness::put_beside;

/// How the files begin.
const BEGINS: &str = "accepted-";
/// Most of them made in one second.
const MOST: u32 = 1_000;

/// All that was accepted, the earliest first. A file that is not of this gateway, or cannot be read, says nothing: what it is about is
/// named again.
pub(crate) fn all<S: Store>(house: &House<S>) -> Result<Vec<Acceptance>, StoreError> {
    let folder = folder(house);
    let failed = |why: &dyn std::fmt::Display| StoreError::Failed(format!("{}: {why}", folder.display()));
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|why| failed(&why))? {
        let file = entry.map_err(|why| failed(&why))?.path();
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.starts_with(BEGINS) || file.extension().is_none_or(|kind| kind != "p7m") {
            continue;
        }
        let read = std::fs::read(&file).ok().and_then(|octets| read(house, &octets));
        if read.is_none() {
            tracing::warn!(file = %file.display(), "evidence.accepted_unread");
        }
        all.extend(read);
    }
    all.sort_by_key(|one: &Acceptance| one.at);
    Ok(all)
}

fn read<S: Store>(house: &House<S>, octets: &[u8]) -> Option<Acceptance> {
    let (signature, inside) = enclosed(octets).ok()?;
    let one: Acceptance = serde_json::from_slice(&inside).ok()?;
    house.keys.believed.judge(&signature, one.at).ok()?;
    (one.v == 1 && one.log == house.config.domain.to_string()).then_some(one)
}

/// Keeps the operator's word about these bundles, for good.
pub(crate) fn keep<S: Store>(
    house: &House<S>,
    (by, reason): (String, String),
    bundles: Vec<ShownBundle>,
) -> Result<(), StoreError> {
    let (at, log) = (house.clock.now(), house.config.domain.to_string());
    let failed = |why: &dyn std::fmt::Display| {
        StoreError::Failed(format!(
            "承認を鍵の横に残せません。空きと書き込みの権限を確かめ、もう一度 evidence accept を実行してください / \
             what you accepted cannot be kept beside the evidence key: see to room and rights, then run `evidence accept` again: {why}"
        ))
    };
    let said = Acceptance { v: 1, log, at, by, reason, bundles };
    let said = serde_json::to_vec(&said).map_err(|why| failed(&why))?;
    let octets = enclose(&said, &house.witness, at).map_err(|why| failed(&why))?;
    let name = |n: u32| folder(house).join(format!("{BEGINS}{}-{n}.p7m", at.as_second()));
    let file: PathBuf = (0..MOST).map(name).find(|name| !name.exists()).ok_or_else(|| failed(&"too many at once"))?;
    put_beside(&file, &octets).map_err(|why| failed(&why))
}

fn folder<S: Store>(house: &House<S>) -> &Path {
    house.config.evidence.identity_file.parent().unwrap_or(Path::new("."))
}
