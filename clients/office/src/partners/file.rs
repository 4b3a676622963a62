//! The file of partners' certificates: PEM blocks, and lines between them.
//!
//! ```text
//! file   = *( *line block )
//! block  = "-----BEGIN CERTIFICATE-----" … "-----END CERTIFICATE-----"
//! line   = note / remark
//! note   = "#" SP office-number *( SP ( reads / word ) )   ; about the block that follows
//! reads  = "reads=gcm" / "reads=cbc"
//! remark = anything else
//! ```

use std::path::Path;

use fumibako_model::OfficeNumber;
use fumibako_signer::Certificate;

use crate::settings::read_up_to;
use crate::trouble::Trouble;

/// Largest file of partners' certificates, in bytes: room for every office of the country.
pub const BYTES: u64 = 64 << 20;

/// A certificate, and what the line above it says.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) certificate: Certificate,
    /// The office whose it is, for a certificate that names none itself (Profile §4.13).
    pub(crate) office: Option<OfficeNumber>,
    /// What its holder reads with.
    pub(crate) reads: Reads,
}

/// What a partner reads (Profile §4.15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reads {
    /// What our own programs do.
    #[default]
    Gcm,
    /// What plain mail programs do.
    Cbc,
}

/// Every certificate of a file, none if it has none. One that is not readable costs nobody else's.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Trouble> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let text = read_up_to(path, BYTES)?;
    let text = String::from_utf8_lossy(&text);
    let (mut entries, mut unreadable, mut before) = (Vec::new(), 0_usize, 1);
    for block in text.split_inclusive(END).filter(|block| block.ends_with(END)) {
        let first = before;
        before += block.matches('\n').count();
        let Ok(certificate) = Certificate::from_pem(block.as_bytes()) else {
            unreadable += 1;
            continue;
        };
        let above = block.split(BEGIN).next().unwrap_or_default();
        let lines: Vec<(usize, &str)> = above.lines().enumerate().collect();
        let noted = lines.iter().rev().find_map(|(line, text)| note(text).map(|noted| (first + line, noted)));
        let (office, reads) = match noted {
            None => (None, Reads::default()),
            Some((_, (office, Ok(reads)))) => (Some(office), reads),
            Some((line, (_, Err(word)))) => return Err(Trouble::PartnerNote(path.to_owned(), line, word.to_owned())),
        };
        entries.push(Entry { certificate, office, reads });
    }
    if unreadable > 0 {
        tracing::warn!(unreadable, "partners.unreadable");
    }
    Ok(entries)
}

/// Any other word is for people. One that means to say what is read, and does not, must not pass for nothing.
fn note(line: &str) -> Option<(OfficeNumber, Result<Reads, &str>)> {
    let mut words = line.strip_prefix('#')?.split_whitespace();
    let office = words.next()?.parse().ok()?;
    let reads = words.find(|word| word.starts_with("reads"));
    let reads = match reads {
        None | Some("reads=gcm") => Ok(Reads::Gcm),
        Some("reads=cbc") => Ok(Reads::Cbc),
        Some(other) => Err(other),
    };
    Some((office, reads))
}
