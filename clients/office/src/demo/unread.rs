//! What the gateway cannot read: its whole folder is searched for a plan's text, also as base64 would spell it.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::trouble::Trouble;

/// Shortest field taken for distinctive, in bytes: shorter ones could stand anywhere by chance.
const FIELD_BYTES: usize = 12;

/// How a text looks on a disk: as it is, and in base64 wherever it begins in a group of three.
#[derive(Clone, Debug)]
pub struct Traces(Vec<Vec<u8>>);

impl Traces {
    /// Of the fields of care-plan files that hold more than letters and digits: names, addresses, sentences.
    pub fn of_plan(files: &[(&str, &[u8])]) -> Self {
        // No comma, quote or end of line is part of another character of MS932.
        let is_border = |byte: &u8| b",\"\r\n".contains(byte);
        let fields = files.iter().flat_map(|(_, bytes)| bytes.split(is_border));
        let mut fields: Vec<&[u8]> = fields.filter(|field| field.len() >= FIELD_BYTES && !field.is_ascii()).collect();
        fields.sort_unstable();
        fields.dedup();
        Self(fields.into_iter().flat_map(forms).collect())
    }

    /// Of any text.
    pub fn of(text: &[u8]) -> Self {
        Self(forms(text))
    }

    /// Is there anything to look for?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files below a folder that hold one of them.
    pub fn found_below(&self, folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(Trouble::reading(folder))? {
            let entry = entry.map_err(Trouble::reading(folder))?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(Trouble::reading(folder))?);
            if kind.is_dir() {
                found.extend(self.found_below(&path)?);
            } else if kind.is_file() && self.are_in(&fs::read(&path).map_err(Trouble::reading(&path))?) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Base64 travels in lines, so it is looked for without their ends too.
    pub fn are_in(&self, octets: &[u8]) -> bool {
        let octets = without_room(octets);
        let joined: Vec<u8> = octets.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
        self.0.iter().any(|trace| memchr::memmem::find(octets, trace).is_some())
            || self.0.iter().any(|trace| memchr::memmem::find(&joined, trace).is_some())
    }
}

/// Without the zeros at the end: room that a file has for what is still to be written, as the log of the store has 66 MiB of it.
/// No text is there.
fn without_room(octets: &[u8]) -> &[u8] {
    const BLOCK: usize = 4096;
    let room = octets.rchunks(BLOCK).take_while(|block| **block == [0; BLOCK][..block.len()]);
    &octets[..octets.len() - room.map(<[u8]>::len).sum::<usize>()]
}

/// The text, and the letters of its base64 that do not depend on what stands before and after it.
fn forms(text: &[u8]) -> Vec<Vec<u8>> {
    let spelt = (0..3).map(|before| {
        let letters = STANDARD_NO_PAD.encode([vec![0; before], text.to_vec()].concat());
        let whole = (before + text.len()) / 3 * 4;
        let first = if before == 0 { 0 } else { 4 };
        letters.as_bytes().get(first..whole).unwrap_or_default().to_vec()
    });
    std::iter::once(text.to_vec()).chain(spelt).filter(|form| !form.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    use crate::demo::sample;

    fn found(traces: &Traces, octets: &[u8]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("below")).unwrap();
        fs::write(folder.path().join("below/file"), octets).unwrap();
        !traces.found_below(folder.path()).unwrap().is_empty()
    }

    #[test]
    fn a_plan_is_found_as_it_is_and_in_base64_wherever_it_begins() {
        let traces = Traces::of_plan(&sample::FILES);
        for (_, bytes) in sample::FILES {
            assert!(found(&traces, bytes));
            for before in 0..3 {
                let letters = STANDARD.encode([vec![b'x'; before], bytes.to_vec()].concat());
                let lines: Vec<&str> = letters.as_bytes().chunks(76).map(|l| str::from_utf8(l).unwrap()).collect();
                assert!(found(&traces, letters.as_bytes()) && found(&traces, lines.join("\r\n").as_bytes()));
            }
        }
    }

    #[test]
    fn what_stands_before_room_for_more_is_found() {
        let traces = Traces::of("見本太郎".as_bytes());
        for before in [0, 1, 4095, 4096, 9000] {
            for room in [0, 1, 4095, 4096, 1 << 20] {
                let octets = [vec![b'x'; before], "見本太郎".as_bytes().to_vec(), vec![0; room]].concat();
                assert!(found(&traces, &octets), "{before} {room}");
                assert!(!found(&traces, &vec![0; room]));
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let traces = Traces::of_plan(&sample::FILES);
        assert!(!traces.is_empty());
        for (name, _) in sample::FILES {
            assert!(!found(&traces, name.as_bytes()), "a file name is no plan");
        }
        assert!(Traces::of_plan(&[("a.csv", b"0170,9970000011\r\n")]).is_empty());
        assert!(found(&Traces::of(b"<id@plans.example>"), b"Message-ID: <id@plans.example>\r\n"));
    }
}
