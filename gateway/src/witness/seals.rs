//! Whose seals are believed of what no head covers yet (Profile §8.20): those under the evidence key; and, once, those under the key whose place
//! it took, of what was there when it began.

use std::path::Path;

use fumibako_model::log::TookOver;
use fumibako_signer::Identity;
use fumibako_store::{Notes, SealKey};

use super::Keys;

/// What the secret of the seals is derived for. The key signs heads as well, in another way.
const PURPOSE: &[u8] = b"fumibako evidence seal v2";
/// Most files that are looked at for a former key, and the most octets that one of them has.
const FILES: usize = 200;
const FILE_BYTES: u64 = 1 << 18;

/// The key of the seals that an evidence key gives, and the octets of its file: by these whole versions before sealed, so that a certificate
/// more in the file made another key of it. `None`: nobody reads the key.
pub(super) fn key(witness: &Identity, file: &[u8]) -> Option<SealKey> {
    Some(SealKey::of(&witness.secret(PURPOSE)?).also(file))
}

/// The seals that are believed.
#[derive(Clone, Debug)]
pub(crate) struct Seals {
    own: SealKey,
    former: Option<Former>,
}

/// The key before this one wrote what was there when this one began, and no more.
#[derive(Clone, Debug)]
struct Former {
    key: SealKey,
    pieces: u64,
    rows: u64,
}

impl Seals {
    /// Those under this key, and no others.
    pub(super) fn under(own: SealKey) -> Self {
        Self { own, former: None }
    }

    /// The same where what was there when the key took the place of another waits still: what that one wrote and did not sign for counts where
    /// its file still lies in the same folder.
    pub(super) fn after_a_former_one(own: SealKey, (keys, waits): (&Keys, TookOver), identity_file: &Path) -> Self {
        let found = keys.former().first().and_then(|one| find(identity_file, &one.key));
        let TookOver { pieces, rows } = waits;
        Self { own, former: found.map(|key| Former { key, pieces, rows }) }
    }

    /// The notes of what went out that count beside those under this key (Profile §8.10): those without a seal where no
    /// head says yet that notes have one, and those under the former key where no head of this one says anything yet.
    pub(super) fn notes(&self, unsealed: bool, is_new: bool) -> Notes {
        Notes { unsealed, former: self.former.as_ref().filter(|_| is_new).map(|former| former.key.clone()) }
    }

    /// Is this the seal of that piece, which has this number?
    pub(super) fn holds(&self, n: u64, piece: &[u8], seal: &[u8]) -> bool {
        let former = self.former.as_ref().filter(|former| n < former.pieces);
        self.own.holds(piece, seal) || former.is_some_and(|former| former.key.holds(piece, seal))
    }

    /// Is this the seal of that row of the audit, which has this number?
    pub(super) fn holds_act(&self, n: u64, row: &str, seal: &[u8]) -> bool {
        let former = self.former.as_ref().filter(|former| n < former.rows);
        self.own.holds_act(row, seal) || former.is_some_and(|former| former.key.holds_act(row, seal))
    }
}

/// The key of the seals of the evidence key with this certificate, if its file lies beside this one. What cannot be read is not it.
fn find(identity_file: &Path, key_name: &str) -> Option<SealKey> {
    let files = std::fs::read_dir(identity_file.parent()?).ok()?.take(FILES).filter_map(Result::ok);
    let small = |file: &std::fs::DirEntry| file.metadata().is_ok_and(|it| it.is_file() && it.len() <= FILE_BYTES);
    files.filter(small).find_map(|file| {
        let octets = std::fs::read(file.path()).ok()?;
        let one = Identity::from_pem(&octets, None).ok()?;
        (one.certificate().fingerprint_hex() == key_name).then(|| key(&one, &octets))?
    })
}
