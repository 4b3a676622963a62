//! What the operator accepted of bundles whose evidence was taken away (Profile §8.20). It is signed and lies beside the evidence key, outside
//! the store: whoever edits rows cannot say that anybody accepted it.

use std::path::{Path, PathBuf};

use fumibako_model::{Acceptance, ShownBundle};
use fumibako_signer::{enclose, enclosed};
use fumibako_store::{Store, StoreError};
use jiff::Timestamp;

use crate::house::House;
use crate::witness::put_beside;

/// How the files begin.
const BEGINS: &str = "accepted-";
/// Most of them made in one second.
const MOST: u32 = 1_000;

/// All that was accepted, the earliest first. A file that the key of today did not sign, or that cannot be read, says nothing: what it is about
/// is named again.
pub(crate) fn all<S: Store>(house: &House<S>) -> Result<Vec<Acceptance>, StoreError> {
    let mut all = Vec::new();
    for file in files(house)? {
        let read = read(house, &file).filter(|(rank, _)| *rank == 0);
        if read.is_none() {
            tracing::warn!(file = %file.display(), "evidence.accepted_unread");
        }
        all.extend(read.map(|(_, one)| one));
    }
    all.sort_by_key(|one: &Acceptance| one.at);
    Ok(all)
}

/// Profile §8.16: before the first head of a key that took the place of another, what was accepted under so many keys before it is signed
/// anew. Who has a former key could date back whatever he likes; what he lays there later is not believed.
pub(crate) fn take_over<S: Store>(house: &House<S>, keys: usize) -> Result<(), StoreError> {
    let failed = |why: &dyn std::fmt::Display| {
        StoreError::Failed(format!(
            "前の鍵のときの承認を、いまの鍵で署名し直して鍵の横に残せないので、署名を止めています。鍵のフォルダーの空きと書き込みの権限を確かめてください。毎秒やり直します / \
             what you accepted under a former key cannot be signed anew and kept beside the evidence key, and nothing is signed: see to room \
             and rights in the folder of the key; it is tried every second: {why}"
        ))
    };
    let now = house.clock.now();
    for file in files(house).map_err(|why| failed(&why))? {
        let Some((_, one)) = read(house, &file).filter(|(rank, _)| (1..=keys).contains(rank)) else { continue };
        let octets = signed(house, &Acceptance { taken_over: Some(now), ..one }, now).map_err(|why| failed(&why))?;
        put_beside(&file, &octets).map_err(|why| failed(&format!("{}: {why}", file.display())))?;
    }
    Ok(())
}

fn files<S: Store>(house: &House<S>) -> Result<Vec<PathBuf>, StoreError> {
    let folder = folder(house);
    let failed = |why: std::io::Error| {
        let folder = folder.display();
        StoreError::Failed(format!(
            "鍵のフォルダー {folder} を読めません。場所と権限を確かめてください / the folder of the evidence key, {folder}, cannot be read; \
             see to its place and rights: {why}"
        ))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(BEGINS) && entry.path().extension().is_some_and(|kind| kind == "p7m") {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// What a key of this gateway signed, and how many keys came after that one.
fn read<S: Store>(house: &House<S>, file: &Path) -> Option<(usize, Acceptance)> {
    let (signature, inside) = enclosed(&std::fs::read(file).ok()?).ok()?;
    let one: Acceptance = serde_json::from_slice(&inside).ok()?;
    house.keys.believed.judge(&signature, one.taken_over.unwrap_or(one.at)).ok()?;
    let rank = house.keys.rank(&signature)?;
    (one.v == 1 && one.log == house.config.domain.to_string()).then_some((rank, one))
}

fn signed<S: Store>(house: &House<S>, one: &Acceptance, now: Timestamp) -> Result<Vec<u8>, StoreError> {
    let failed = |why: &dyn std::fmt::Display| StoreError::Failed(why.to_string());
    let said = serde_json::to_vec(one).map_err(|why| failed(&why))?;
    enclose(&said, &house.witness, now).map_err(|why| failed(&why))
}

/// Keeps the operator's word about these bundles, for good: in this file.
pub(crate) fn keep<S: Store>(
    house: &House<S>,
    (by, reason): (String, String),
    bundles: Vec<ShownBundle>,
) -> Result<PathBuf, StoreError> {
    let (at, log) = (house.clock.now(), house.config.domain.to_string());
    let failed = |why: &dyn std::fmt::Display| {
        StoreError::Failed(format!(
            "承認を鍵の横に残せません。空きと書き込みの権限を確かめ、もう一度 evidence accept を実行してください / \
             what you accepted cannot be kept beside the evidence key: see to room and rights, then run `evidence accept` again: {why}"
        ))
    };
    let said = Acceptance { v: 1, log, at, by, reason, bundles, taken_over: None };
    let octets = signed(house, &said, at).map_err(|why| failed(&why))?;
    let name = |n: u32| folder(house).join(format!("{BEGINS}{}-{n}.p7m", at.as_second()));
    let file: PathBuf = (0..MOST).map(name).find(|name| !name.exists()).ok_or_else(|| failed(&"too many at once"))?;
    put_beside(&file, &octets).map_err(|why| failed(&why))?;
    Ok(file)
}

fn folder<S: Store>(house: &House<S>) -> &Path {
    house.config.evidence.identity_file.parent().unwrap_or(Path::new("."))
}
