//! PEM blocks (RFC 7468), read leniently around the blocks and strictly inside: other programs write comments between.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block: its label and decoded octets. The octets may be a key, so they are wiped when dropped.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Whether the text has a block at all.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, BEGIN.as_bytes()).is_some()
}

/// Every block in order. `Err` names what is wrong with the first broken one.
pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not a text file")?;
    // An editor may have put a byte order mark before what was the first line.
    let mut lines = text.lines().map(|line| line.trim_start_matches('\u{FEFF}').trim_end());
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) else { continue };
        let mut body = Zeroizing::new(String::new());
        loop {
            let line = lines.next().ok_or("a PEM block has no end")?;
            if let Some(rest) = line.strip_prefix(END) {
                if rest.strip_suffix(DASHES) != Some(label) {
                    return Err("a PEM block ends under another name");
                }
                break;
            }
            if line.contains(':') {
                // RFC 1421 headers announce the old key encryption, an MD5 of the password.
                return Err("the old PEM encryption (Proc-Type) is not read; convert the key to PKCS#8");
            }
            body.push_str(line.trim());
        }
        let bytes = STANDARD.decode(body.as_bytes()).map_err(|_| "a PEM block is not base64")?;
        blocks.push(Block { label: label.to_owned(), bytes: Zeroizing::new(bytes) });
    }
    Ok(blocks)
}

/// Appends one block with lines of 64 characters (RFC 7468 §2).
pub(crate) fn write(out: &mut String, label: &str, bytes: &[u8]) {
    let body = Zeroizing::new(STANDARD.encode(bytes));
    out.push_str(BEGIN);
    out.push_str(label);
    out.push_str("-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str(END);
    out.push_str(label);
    out.push_str("-----\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for size in [0, 1, 47, 48, 49, 96, 300] {
            let bytes = vec![0xa5; size];
            let mut text = String::from("a comment\n");
            write(&mut text, "CERTIFICATE", &bytes);
            write(&mut text, "PRIVATE KEY", b"k");
            let blocks = blocks(text.replace('\n', "\r\n").as_bytes()).unwrap();
            assert_eq!(blocks.len(), 2);
            assert_eq!((blocks[0].label.as_str(), blocks[0].bytes.as_slice()), ("CERTIFICATE", bytes.as_slice()));
            assert_eq!(blocks[1].bytes.as_slice(), b"k");
        }
        let mut marked = String::from("\u{FEFF}");
        write(&mut marked, "CERTIFICATE", b"c");
        assert_eq!(blocks(marked.as_bytes()).unwrap().len(), 1, "under a byte order mark");
    }

    #[test]
    fn broken_blocks_say_what_is_wrong() {
        let check = |text: &str, reason: &str| assert_eq!(blocks(text.as_bytes()).err(), Some(reason));
        check("-----BEGIN A-----\nAAAA\n", "a PEM block has no end");
        check("-----BEGIN A-----\nAAAA\n-----END B-----\n", "a PEM block ends under another name");
        check("-----BEGIN A-----\n!!!!\n-----END A-----\n", "a PEM block is not base64");
    }
}
