//! The file of partners' certificates: PEM blocks, and lines between them.
//!
//! ```text
//! file   = *( *line block )
//! block  = "-----BEGIN CERTIFICATE-----" … "-----END CERTIFICATE-----"
//! line   = note / remark
//! note   = "#" SP office-number [SP remark]      ; about the block that follows
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
}

/// Every certificate of a file, none if it has none. One that is not readable costs nobody else's.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Trouble> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let text = read_up_to(path, BYTES)?;
    let text = String::from_utf8_lossy(&text);
    let (mut entries, mut unreadable) = (Vec::new(), 0_usize);
    for block in text.split_inclusive(END).filter(|block| block.ends_with(END)) {
        let Ok(certificate) = Certificate::from_pem(block.as_bytes()) else {
            unreadable += 1;
            continue;
        };
        let above = block.split(BEGIN).next().unwrap_or_default();
        entries.push(Entry { certificate, office: above.lines().rev().find_map(note) });
    }
    if unreadable > 0 {
        tracing::warn!(unreadable, "partners.unreadable");
    }
    Ok(entries)
}

fn note(line: &str) -> Option<OfficeNumber> {
    line.strip_prefix('#')?.split_whitespace().next()?.parse().ok()
}
