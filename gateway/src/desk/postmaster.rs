//! What offices write to the operator (RFC 5321 §4.5.1): a Maildir, which mail programs open.
//!
//! It is no care plan and nobody's evidence, so the store has no part in it; the operator removes what was read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use fumibako_model::Refusal;
use fumibako_store::StoreError;
use jiff::Timestamp;

/// So many messages wait for the operator; then there is no room for another.
const MESSAGES: usize = 1_000;

/// Keeps a message. After `Ok` it is on the disk; `name` is one that no other message has.
pub(crate) fn keep(folder: &Path, octets: &[u8], name: &str, now: Timestamp) -> Result<(), StoreError> {
    let failed = |why: io::Error| match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(format!("postmaster: {why}")),
        _ => StoreError::Failed(format!("postmaster: {why}")),
    };
    let (new, half) = (folder.join("new"), folder.join("tmp"));
    for place in [&new, &half, &folder.join("cur")] {
        DirBuilder::new().recursive(true).mode(0o700).create(place).map_err(failed)?;
    }
    if fs::read_dir(&new).map_err(failed)?.count() >= MESSAGES {
        return Err(Refusal::QuotaFull.about("postmaster").into());
    }
    let name = format!("{}.{name}.fumibako", now.as_millisecond());
    write(&half.join(&name), octets).map_err(failed)?;
    fs::rename(half.join(&name), new.join(&name)).map_err(failed)?;
    File::open(&new).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn write(file: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(octets)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §1.2
    #[test]
    fn a_thousand_messages_wait_for_the_operator_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let keep = |name: &str| keep(folder.path(), b"Subject: x\r\n\r\n", name, Timestamp::UNIX_EPOCH);
        keep("0").unwrap();
        for at in 1..MESSAGES {
            fs::write(folder.path().join("new").join(at.to_string()), "").unwrap();
        }
        let full = keep("one more").unwrap_err();
        assert!(matches!(full, StoreError::Refused(refused) if refused.why == Refusal::QuotaFull));
        fs::remove_file(folder.path().join("new/1")).unwrap();
        keep("one more").unwrap();
        assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0, "nothing stays half written");
    }
}
