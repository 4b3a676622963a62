//! The transcripts, as the kit carries them, and what each says about the servers it is for.

use crate::transcript::{Step, Turn, read};

use super::player::CLEAR;

/// Name, such as `imap/copy.txt`, and text of every transcript, and of the messages beside them.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/transcripts.rs"));
/// How a transcript says that it is not about our gateway alone.
const MARK: &str = "# For any server";

/// A transcript.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// Its file, below `conformance/transcripts`.
    pub name: &'static str,
    pub(crate) text: &'static str,
}

impl Script {
    /// All transcripts of a protocol: `imap`, `pop3` or `smtp`.
    pub fn of(protocol: &str) -> impl Iterator<Item = Self> {
        let is_one =
            move |name: &str| name.strip_suffix(".txt").and_then(|name| name.split('/').next()) == Some(protocol);
        FILES.iter().filter(move |(name, _)| is_one(name)).map(|(name, text)| Self { name, text })
    }

    /// What it shows: its first line.
    pub fn subject(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }

    /// The extensions a server must offer for it (`# For any server that offers MOVE, UIDPLUS.`); `None`: it is about our
    /// gateway.
    pub fn needs(&self) -> Option<Vec<&'static str>> {
        let rest = self.text.lines().find_map(|line| line.strip_prefix(MARK))?;
        let list = rest.strip_prefix(" that offers ").unwrap_or_default().trim_end_matches('.');
        Some(list.split(", ").filter(|name| !name.is_empty()).collect())
    }

    /// Does it ask nothing of the server that a client cannot see or bring about?
    pub fn is_for_a_client(&self) -> bool {
        self.acts().is_empty() && !self.passes_time()
    }

    /// What it arranges at the server, but for the choice of the door.
    pub(crate) fn acts(&self) -> Vec<String> {
        let act = |step: Step| match step.turn {
            Turn::Act(words) if words != CLEAR => Some(words),
            _ => None,
        };
        steps(self.text).into_iter().filter_map(act).collect()
    }

    pub(crate) fn passes_time(&self) -> bool {
        steps(self.text).iter().any(|step| matches!(step.turn, Turn::Pass(_)))
    }

    pub(crate) fn is_clear(&self) -> bool {
        steps(self.text).iter().any(|step| step.turn == Turn::Act(CLEAR.to_owned()))
    }
}

/// The turns of a transcript that the tests have read before.
pub(crate) fn steps(text: &str) -> Vec<Step> {
    read(text).unwrap_or_else(|why| panic!("a transcript that does not read is not built in: {why}"))
}

/// A message beside the transcripts of a protocol; its lines end with CR LF on the wire.
pub(crate) fn message(protocol: &str, file: &str) -> Option<Vec<u8>> {
    let name = format!("{protocol}/{file}");
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    Some(text.replace('\n', "\r\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Script, steps};

    #[test]
    fn every_transcript_reads_and_says_what_it_shows() {
        for protocol in ["imap", "pop3", "smtp"] {
            let scripts: Vec<Script> = Script::of(protocol).collect();
            assert!(scripts.len() > 10, "{protocol}");
            for script in scripts {
                assert!(!steps(script.text).is_empty() && !script.subject().is_empty(), "{}", script.name);
            }
        }
    }

    #[test]
    fn a_transcript_names_what_it_needs() {
        let needs = |text| Script { name: "imap/x.txt", text }.needs();
        assert_eq!(needs("# RFC 1\n# For any server.\n"), Some(vec![]));
        assert_eq!(needs("# RFC 1\n# For any server that offers MOVE, UIDPLUS.\n"), Some(vec!["MOVE", "UIDPLUS"]));
        assert_eq!(needs("# RFC 1\nS: 250\n"), None);
    }
}
