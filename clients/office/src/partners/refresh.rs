//! What the file of partners' certificates lacks, from the gateway (Profile §17.8): judged as when it is sealed to, and written once.
//!
//! The gateway's word alone brings nobody into the file: a certificate is taken over only if it names the office itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;

use fumibako_model::OfficeNumber;
use fumibako_signer::Certificate;
use jiff::Timestamp;

use super::file::{self, BYTES, Entry, Reads};
use super::{NoPartner, Partners};
use crate::disk;
use crate::outbox::lock;
use crate::owner::owner;
use crate::readers::Told;
use crate::settings::{Settings, read_up_to};
use crate::trouble::Trouble;

/// What became of a certificate of an office, or that there is none.
#[derive(Debug)]
pub(crate) struct Refreshed {
    pub(crate) office: OfficeNumber,
    pub(crate) fate: Fate,
}

/// What.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It is written into the file.
    New { fingerprint: String, until: Timestamp },
    /// It stands there already.
    Known { fingerprint: String },
    /// It names no office, or another, so it is the operator's to say whose it is.
    NotItsOwn { fingerprint: String },
    /// Nothing could be sealed to it.
    Unfit { fingerprint: String, why: NoPartner },
    /// The gateway knows the office and no certificate of it.
    None,
    /// The gateway does not know the office.
    NoSuchOffice,
}

/// Takes over what the file lacks of these offices, or of all that are in it.
pub(crate) fn refresh(
    settings: &Settings,
    offices: BTreeSet<OfficeNumber>,
    dry_run: bool,
    now: Timestamp,
) -> Result<Vec<Refreshed>, Trouble> {
    let (path, domain) = (&settings.partners_file, settings.domain()?);
    if path.as_os_str().is_empty() {
        return Err(Trouble::SettingMissing("partners_file"));
    }
    // From reading to writing nobody else writes there.
    let _lock = lock(&settings.data_folder)?;
    let before = match read_up_to(path, BYTES) {
        Err(Trouble::CannotRead(_, why)) if why.kind() == io::ErrorKind::NotFound => Vec::new(),
        before => before?,
    };
    let known = if before.is_empty() { Vec::new() } else { file::read(path)? };
    let partners = Partners::over(settings, Some(known.clone()))?;
    let whose = |certificate: &Certificate| {
        let held = (certificate, partners.authorities.as_slice());
        owner(held, &partners.trust, domain, now).ok().flatten()
    };
    let offices = match offices.is_empty() {
        true => known.iter().filter_map(|entry| entry.office.or_else(|| whose(&entry.certificate))).collect(),
        false => offices,
    };
    let told = Told::of(settings, &offices, now)?;
    if let Some(trouble) = told.trouble() {
        return Err(trouble.again());
    }
    let (mut done, mut written) = (Vec::new(), String::new());
    for office in offices {
        let mut say = |fate| done.push(Refreshed { office, fate });
        let certificates = told.certificates(office);
        if certificates.is_empty() {
            say(if told.knows(office) { Fate::None } else { Fate::NoSuchOffice });
        }
        for certificate in certificates {
            let fingerprint = certificate.fingerprint_hex();
            if known.iter().any(|entry| entry.certificate == certificate) {
                say(Fate::Known { fingerprint });
            } else if whose(&certificate) != Some(office) {
                say(Fate::NotItsOwn { fingerprint });
            } else if let Err(why) = partners.judge(&certificate, now) {
                say(Fate::Unfit { fingerprint, why });
            } else {
                // An office that reads with a plain mail tool reads with it under its next certificate, too.
                let reads = if reads_cbc(&known, office, whose) { " reads=cbc" } else { "" };
                let _ = write!(written, "# {office}{reads}\n{}\n", certificate.to_pem().trim_end());
                say(Fate::New { fingerprint, until: certificate.not_after() });
            }
        }
    }
    if !dry_run && !written.is_empty() {
        let mut all = before;
        if !all.is_empty() && !all.ends_with(b"\n") {
            all.push(b'\n');
        }
        all.extend(written.as_bytes());
        if all.len() as u64 > BYTES {
            return Err(Trouble::CannotWrite(path.clone(), io::Error::from(io::ErrorKind::FileTooLarge)));
        }
        // The file may be one of several users: its rights stay as they are.
        let rights = fs::metadata(path).map(|metadata| metadata.permissions());
        disk::replace(path, &all).map_err(Trouble::writing(path))?;
        if let Ok(rights) = rights {
            fs::set_permissions(path, rights).map_err(Trouble::writing(path))?;
        }
    }
    Ok(done)
}

fn reads_cbc(
    known: &[Entry],
    office: OfficeNumber,
    whose: impl Fn(&Certificate) -> Option<OfficeNumber>,
) -> bool {
    let its = |entry: &&Entry| entry.office == Some(office) || whose(&entry.certificate) == Some(office);
    known.iter().filter(its).any(|entry| entry.reads == Reads::Cbc)
}

#[cfg(test)]
mod tests;
