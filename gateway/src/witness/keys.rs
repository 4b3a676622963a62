//! The keys that sign the log, one after the other: another takes the place of one, and from there on that one has no say (Profile
//! §8.16). Who keeps its former key may have lost it; who stole it could sign whatever he likes.

use std::path::Path;
use std::sync::{PoisonError, RwLock};

use fumibako_model::log::{FormerKey, Head};
use fumibako_model::{AuditHead, Refusal, Refused, Witnesses};
use fumibako_signer::{Identity, Signature, enclosed};
use fumibako_store::bodies::Day;
use fumibako_store::{KeptHead, StoreError};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::beside::Beside;

/// Most keys that a head tells of.
const FORMER_KEYS: usize = 50;

/// Whose signatures over the log are believed, and how far.
pub(crate) struct Keys {
    /// SHA-256 of the certificate of the key that signs now, in hex.
    own: String,
    /// The authorities, and until when keys signed.
    pub(crate) believed: Witnesses,
    /// The keys before it, the latest first. Only the operator's word moves the end of one.
    former: RwLock<Vec<FormerKey>>,
}

/// A head whose signature is believed as of its own moment.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// SHA-256 of the certificate of its key.
    pub(super) key: String,
    pub(super) head: Head,
}

impl Signed {
    pub(super) fn read(octets: &[u8], believed: &Witnesses) -> Option<Self> {
        let (signature, inside) = enclosed(octets).ok()?;
        let head: Head = serde_json::from_slice(&inside).ok()?;
        believed.judge(&signature, head.at).ok()?;
        Some(Self { key: signature.signer().fingerprint_hex(), head })
    }
}

impl Keys {
    /// What the log and the settings tell of the keys before this one; of two moments at which one ended the earlier counts.
    pub(super) fn new(own: String, believed: Witnesses, mut former: Vec<FormerKey>) -> Self {
        former.truncate(FORMER_KEYS);
        let believed = believed.until(former.iter().map(|one| (one.key.as_str(), one.until)));
        Self { own, believed, former: RwLock::new(former) }
    }

    /// The keys before this one, as every head tells them.
    pub(super) fn former(&self) -> Vec<FormerKey> {
        self.former.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A store was put back that is longer than what is known of a former key: where the end of that key would be if this head counts,
    /// which is over what is there and not of after the key.
    pub(super) fn beyond(&self, octets: &[u8], (size, root): (u64, &str)) -> Option<FormerKey> {
        let Signed { key, head } = Signed::read(octets, &self.believed)?;
        let one = self.former().into_iter().find(|one| one.key == key)?;
        let over_all = head.size == size && head.root == root;
        (over_all && size > one.size).then(|| FormerKey { size, root: root.to_owned(), ..one })
    }

    /// The operator says that it ended there.
    pub(super) fn end_at(&self, end: FormerKey) {
        let mut former = self.former.write().unwrap_or_else(PoisonError::into_inner);
        former.iter_mut().filter(|one| one.key == end.key).for_each(|one| *one = end.clone());
    }

    /// How many keys came after this one: 0 is the one that signs now. None is no key of this log.
    pub(crate) fn rank(&self, signature: &Signature) -> Option<usize> {
        let key = signature.signer().fingerprint_hex();
        if key == self.own {
            return Some(0);
        }
        self.former().iter().position(|one| one.key == key).map(|at| at + 1)
    }

    /// The head, and the rank of its key, if it is one of this gateway: of a former key none is over more, or of later, than its end.
    pub(crate) fn head(&self, octets: &[u8]) -> Result<(Head, usize), Said> {
        self.read(octets, |signature, at| self.believed.judge(signature, at).map(drop))
    }

    /// The same of one whose place in the log is known, and that the log is what it is over. A former key whose clock was ahead may have
    /// said a moment after its end; the place says that it is none.
    pub(crate) fn head_in_place(&self, octets: &[u8]) -> Result<(Head, usize), Said> {
        self.read(octets, |signature, at| match self.believed.judge(signature, at) {
            Err(why)
                if why.why == Refusal::EvidenceKeyReplaced && self.rank(signature).is_some_and(|rank| rank > 0) =>
            {
                Ok(())
            }
            judged => judged.map(drop),
        })
    }

    fn read(
        &self,
        octets: &[u8],
        judge: impl Fn(&Signature, Timestamp) -> Result<(), Refused>,
    ) -> Result<(Head, usize), Said> {
        let (signature, head): (_, Head) = inside(octets)?;
        judge(&signature, head.at).map_err(|why| Said::refused(&why))?;
        let rank = self.rank(&signature).ok_or_else(|| {
            Said::new("この記録に署名したことのない鍵の署名です", "it was signed by a key that never signed this log")
        })?;
        match rank.checked_sub(1).and_then(|at| self.former().into_iter().nth(at)) {
            Some(one) if head.size > one.size => Err(Said::new(
                format!("{} に証跡 {} 件までで交代した鍵の署名です", one.until, one.size),
                format!("it was signed by a key that was replaced on {} after {} pieces", one.until, one.size),
            )),
            _ => Ok((head, rank)),
        }
    }

    /// The same of a head of the audit: of a former key none is over more rows than there were at its end, or of later; where it is known
    /// how many there were, these decide. A key that signed no evidence was before all that did.
    pub(crate) fn acts_head(&self, octets: &[u8]) -> Result<(AuditHead, usize), Said> {
        let (signature, head): (_, AuditHead) = inside(octets)?;
        let rank = self.rank(&signature).unwrap_or(usize::MAX);
        let one = rank.checked_sub(1).and_then(|at| self.former().into_iter().nth(at));
        let end = one.and_then(|one| one.rows.map(|rows| (rows, one.until)));
        match (self.believed.judge(&signature, head.at), end) {
            (Ok(_), Some((rows, until))) if head.rows > rows => Err(Said::new(
                format!("{until} に {rows} 行までで交代した鍵の署名です"),
                format!("it was signed by a key that was replaced on {until} after {rows} rows"),
            )),
            (Err(why), Some((rows, _))) if why.why == Refusal::EvidenceKeyReplaced && head.rows <= rows => {
                Ok((head, rank))
            }
            (judged, _) => judged.map(|_| (head, rank)).map_err(|why| Said::refused(&why)),
        }
    }

    /// Those of these heads that count, the oldest first, and why others do not: each is signed by this gateway, no key signs after
    /// one that took its place, and each is about the hashes that are there now.
    pub(crate) fn judge<'h>(&self, heads: &'h [KeptHead]) -> Vec<(&'h KeptHead, Result<Head, Said>)> {
        let mut newest = usize::MAX;
        let mut one = |kept: &'h KeptHead| {
            let (head, rank) = self.head_in_place(&kept.head)?;
            if rank > newest {
                let en = "it was signed by a key that had been replaced before";
                return Err(Said::new("すでに交代していた鍵の署名です", en));
            }
            over_what_is_there(kept, &head)?;
            newest = rank;
            Ok(head)
        };
        heads.iter().map(|kept| (kept, one(kept))).collect()
    }
}

/// What is signed, and the signature, whose it is nobody asked yet.
fn inside<H: DeserializeOwned>(octets: &[u8]) -> Result<(Signature, H), Said> {
    let (signature, inside) = enclosed(octets).map_err(|why| Said::broken(&why))?;
    Ok((signature, serde_json::from_slice(&inside).map_err(|why| Said::broken(&why))?))
}

fn over_what_is_there(kept: &KeptHead, head: &Head) -> Result<(), Said> {
    let size_holds = head.size == kept.size;
    match kept.root {
        Some(root) if size_holds && fumibako_store::hex(&root) == head.root => Ok(()),
        Some(_) if size_holds => {
            Err(Said::new("署名のときの証跡と、いまの証跡が違います", "it is over other evidence than is there now"))
        }
        _ => Err(Said::new(
            format!("証跡 {} 件に対する署名ですが、いまはそろっていません", head.size),
            format!("it is over {} pieces of evidence, which are not there now", head.size),
        )),
    }
}

/// The row of a head that counts says another day than the head. That is wrong with the row alone: the head vouches for what it is over.
pub(crate) fn misplaced(kept: &KeptHead, head: &Head) -> Option<Said> {
    let (day, shown) = (Day::of(head.at), kept.day);
    (day != shown).then(|| {
        Said::new(
            format!("{day} の署名が、別の日（{shown}）のものとされています。署名そのものは有効です"),
            format!("the head that was signed on {day} is filed under another day ({shown}); the signature holds"),
        )
    })
}

/// What is wrong, for people.
pub(crate) struct Said {
    pub(crate) ja: String,
    pub(crate) en: String,
}

impl Said {
    pub(crate) fn new(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self { ja: ja.into(), en: en.into() }
    }

    fn refused(why: &Refused) -> Self {
        let row = why.why.row();
        Self::new(format!("{}（{}）", row.ja, why.about), format!("{}: {}", row.en, why.about))
    }

    pub(crate) fn broken(why: &dyn std::fmt::Display) -> Self {
        Self::new(format!("署名として読めません（{why}）"), why.to_string())
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.en)
    }
}

/// The keys before this one where no head of it tells them: it has just taken the place of another, or was signed with before heads told
/// of keys. `heads` are the oldest first; a key that signs again after another took its place is not believed.
pub(super) fn before(own: &Identity, heads: impl Iterator<Item = Signed>, now: Timestamp) -> Vec<FormerKey> {
    let own = own.certificate().fingerprint_hex();
    let mut former: Vec<FormerKey> = Vec::new();
    let mut present: Option<Signed> = None;
    for next in heads {
        if former.iter().any(|one| one.key == next.key) {
            continue;
        }
        if let Some(last) = present.take_if(|last| last.key != next.key) {
            former.insert(0, ended(last, next.head.at));
        }
        if let Some(told) = &next.head.former {
            former.clone_from(told);
        }
        present = Some(next);
    }
    if let Some(last) = present.filter(|last| last.key != own) {
        let last = ended(last, now);
        tracing::warn!(key = last.key, size = last.size, until = %last.until, "evidence.key_replaced");
        former.insert(0, last);
    }
    former
}

fn ended(Signed { key, head }: Signed, by: Timestamp) -> FormerKey {
    FormerKey { key, size: head.size, root: head.root, until: by.max(head.at), rows: None }
}

/// How far their word about the audit goes, where the present key has not told it yet: as far as its last head, which may be of a key that
/// signed no evidence, with nothing but `root` over it.
pub(super) fn ended_in_audit(
    former: &mut Vec<FormerKey>,
    own: &Identity,
    (last, root): (Option<(String, AuditHead)>, String),
    now: Timestamp,
) {
    let Some((key, head)) = last.filter(|(key, _)| *key != own.certificate().fingerprint_hex()) else { return };
    if former.iter().all(|one| one.key != key) {
        tracing::warn!(key, rows = head.rows, until = %now, "evidence.key_replaced");
        former.insert(0, FormerKey { key, size: 0, root, until: now.max(head.at), rows: None });
    }
    if let Some(latest) = former.first_mut() {
        latest.rows.get_or_insert(head.rows);
    }
}

/// A key that took the place of another signs nothing as long as it does not know the authority of that one: what lies beside it was signed
/// by a key that is believed, or the start ends and says what to do.
pub(super) fn knows<H>(believed: &Witnesses, beside: Option<&Beside<H>>, file: &Path) -> Result<(), StoreError> {
    let Some((signature, _)) = beside.and_then(|one| enclosed(&one.octets).ok()) else { return Ok(()) };
    let signer = signature.signer();
    let Err(why) = believed.trust().check_certificate(signer, signature.chain(), signer.not_before()) else {
        return Ok(());
    };
    let (key, file) = (signer.fingerprint_hex(), file.display());
    Err(StoreError::Failed(format!(
        "{file} に署名した鍵（{key}）の認証局が設定にありません。前の鍵で動かして evidence authority で書き出したファイルを former_authorities_file にしてください / \
         {file} was signed by a key ({key}) whose authority the settings do not name: name in former_authorities_file the file that \
         `evidence authority` writes while the gateway runs with the key of before: {why}"
    )))
}

#[cfg(test)]
mod tests;
