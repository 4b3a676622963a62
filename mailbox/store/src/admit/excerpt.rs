//! What admission reads of a readable part: all of it while it is small, and of a large one everything but the insides of
//! its files, which nobody needs for judging names.

use fumibako_model::{Refusal, Refused};

/// Up to this size a part is kept as it is.
const WHOLE_BYTES: usize = 256 << 10;
/// Most that is kept of a larger one: headers, texts, and files that do not travel as base64 (Profile §12.5).
const KEPT_BYTES: usize = 4 << 20;
/// Lines of base64 in a row that are always kept: a header or a delimiter is never so far from the next line that is none.
const RUN: usize = 2;
/// Shorter lines of letters may be words.
const LETTERS: usize = 40;
/// Longer lines are no base64 (RFC 2045 §6.8 writes 76 letters).
const LINE_BYTES: usize = 998;

/// A readable part on its way in.
#[derive(Clone, Default)]
pub(super) struct Excerpt {
    kept: Vec<u8>,
    passed: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Lines of base64 right before this one.
    run: usize,
    too_large: bool,
}

impl Excerpt {
    /// The next octets.
    pub(super) fn receive(&mut self, octets: &[u8]) {
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            if self.line.is_empty() && line.ends_with(b"\n") {
                self.take(line);
                continue;
            }
            self.line.extend_from_slice(line);
            if line.ends_with(b"\n") || self.line.len() > LINE_BYTES {
                let line = std::mem::take(&mut self.line);
                self.take(&line);
            }
        }
    }

    fn take(&mut self, line: &[u8]) {
        self.passed += line.len();
        self.run = if is_base64(line) { self.run + 1 } else { 0 };
        if self.passed > WHOLE_BYTES && self.run > RUN {
            return;
        }
        if self.kept.len() + line.len() > WHOLE_BYTES + KEPT_BYTES {
            self.too_large = true;
        } else {
            self.kept.extend_from_slice(line);
        }
    }

    /// Octets held in memory.
    pub(super) fn held(&self) -> usize {
        self.kept.len() + self.line.len()
    }

    /// After the last octet.
    pub(super) fn finished(mut self) -> Self {
        let line = std::mem::take(&mut self.line);
        self.take(&line);
        self
    }

    /// What was kept, from the header on.
    pub(super) fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// What was kept, if it is everything that names are judged by.
    pub(super) fn whole(&self) -> Result<&[u8], Refused> {
        if self.too_large {
            return Err(Refusal::MessageTooLarge.about(format_args!("{KEPT_BYTES} bytes that are not base64")));
        }
        Ok(&self.kept)
    }
}

/// A whole line of base64, which can be neither a header field nor a delimiter.
fn is_base64(line: &[u8]) -> bool {
    let Some(letters) = line.strip_suffix(b"\r\n") else { return false };
    (LETTERS..=LINE_BYTES).contains(&letters.len())
        && letters.iter().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(part: &[u8], cut: usize) -> Result<Vec<u8>, Refused> {
        let mut excerpt = Excerpt::default();
        part.chunks(cut).for_each(|piece| excerpt.receive(piece));
        excerpt.finished().whole().map(<[u8]>::to_vec)
    }

    fn file(name: &str, lines: usize) -> String {
        let letters = format!("{}\r\n", "QUJD".repeat(19));
        format!("--units\r\nContent-Type: text/csv; name={name}\r\n\r\n{}", letters.repeat(lines))
    }

    #[test]
    fn a_small_part_is_kept_octet_for_octet() {
        let part = file("a.csv", 1000);
        for cut in [1, 79, 4096] {
            assert_eq!(excerpt(part.as_bytes(), cut).unwrap(), part.as_bytes(), "cut at {cut}");
        }
    }

    #[test]
    fn of_a_large_part_every_header_and_delimiter_is_kept() {
        let part = [file("a.csv", 50_000), file("b.csv", 50_000), file("c.csv", 3), "--units--\r\n".into()].concat();
        let kept = excerpt(part.as_bytes(), 32_768).unwrap();
        assert!(kept.len() < WHOLE_BYTES + 1024, "{}", kept.len());
        assert_eq!(excerpt(part.as_bytes(), 1).unwrap(), kept);
        let others = |octets: &[u8]| -> Vec<Vec<u8>> {
            octets.split_inclusive(|o| *o == b'\n').filter(|line| !is_base64(line)).map(<[u8]>::to_vec).collect()
        };
        assert_eq!(others(&kept), others(part.as_bytes()));
    }

    // Profile §12.5
    #[test]
    fn a_large_part_that_is_no_base64_is_refused() {
        let part = "計画,実績\r\n".repeat(400_000);
        assert_eq!(excerpt(part.as_bytes(), 32_768).unwrap_err().why, Refusal::MessageTooLarge);
        let one_line = |octets: usize| excerpt(&vec![b'x'; octets], 32_768);
        assert!(one_line(WHOLE_BYTES + KEPT_BYTES).is_ok());
        assert_eq!(one_line(WHOLE_BYTES + KEPT_BYTES + 1).unwrap_err().why, Refusal::MessageTooLarge);
    }
}
