//! What the file of partners' certificates lacks, from the gateway (Profile §17.8): judged as when it is sealed to, and written once.
//!
//! The gateway's word alone brings nobody into the file: a certificate is taken over only if it names the office itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use fumibako_model::{Address, Domain, OfficeNumber};
use fumibako_signer::Certificate;
use jiff::Timestamp;

use super::file::{self, BYTES, Reads};
use super::{NoPartner, Partners};
use crate::disk;
use crate::keep::lock;
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
    disk::private_folder(&settings.data_folder).map_err(Trouble::writing(&settings.data_folder))?;
    let place = settings.data_folder.join("partners.lock");
    let _lock = lock(&place).ok_or_else(|| Trouble::Busy(settings.data_folder.clone()))?;
    let before = match read_up_to(path, BYTES) {
        Err(Trouble::CannotRead(_, why)) if why.kind() == io::ErrorKind::NotFound => Vec::new(),
        before => before?,
    };
    let known = if before.is_empty() { Vec::new() } else { file::read(path)? };
    let partners = Partners::over(settings, Some(known))?;
    let known = partners.known.as_deref().unwrap_or_default();
    let in_the_file = || known.iter().flat_map(|entry| partners.claims(entry, domain)).collect();
    let offices = if offices.is_empty() { in_the_file() } else { offices };
    let told = Told::of(settings, &offices, now)?;
    if let Some(trouble) = told.trouble() {
        return Err(trouble.again());
    }
    let (mut done, mut written) = (Vec::new(), String::new());
    for office in offices {
        let certificates = told.certificates(office);
        if certificates.is_empty() {
            let fate = if told.knows(office) { Fate::None } else { Fate::NoSuchOffice };
            done.push(Refreshed { office, fate });
        }
        for certificate in certificates {
            let fate = partners.fate(&certificate, office, domain, now);
            if let Fate::New { .. } = fate {
                let reads = if partners.reads_plain(office, domain, now) { " reads=cbc" } else { "" };
                let _ = write!(written, "# {office}{reads}\n{}\n", certificate.to_pem().trim_end());
            }
            done.push(Refreshed { office, fate });
        }
    }
    if !dry_run && !written.is_empty() {
        add(path, before, &written)?;
    }
    Ok(done)
}

impl Partners {
    fn fate(&self, certificate: &Certificate, office: OfficeNumber, domain: &Domain, now: Timestamp) -> Fate {
        let fingerprint = certificate.fingerprint_hex();
        let mut known = self.known.iter().flatten();
        if known.any(|entry| entry.certificate == *certificate) {
            return Fate::Known { fingerprint };
        }
        let held = (certificate, self.authorities.as_slice());
        if owner(held, &self.trust, domain, now).ok().flatten() != Some(office) {
            return Fate::NotItsOwn { fingerprint };
        }
        match self.judge(certificate, now) {
            Ok(()) => Fate::New { fingerprint, until: certificate.not_after() },
            Err(why) => Fate::Unfit { fingerprint, why },
        }
    }

    /// An office that reads with a plain mail tool reads with it under its next certificate, too.
    fn reads_plain(&self, office: OfficeNumber, domain: &Domain, now: Timestamp) -> bool {
        let address = Address::office(office, domain);
        let mut plain = self.known.iter().flatten().filter(|entry| entry.reads == Reads::Cbc);
        plain.any(|entry| self.may_be(entry, (office, &address), now))
    }
}

/// Replaces the file by one with these lines behind it.
fn add(path: &Path, mut all: Vec<u8>, written: &str) -> Result<(), Trouble> {
    if !all.is_empty() && !all.ends_with(b"\n") {
        all.push(b'\n');
    }
    all.extend(written.as_bytes());
    if all.len() as u64 > BYTES {
        return Err(Trouble::CannotWrite(path.to_owned(), io::Error::from(io::ErrorKind::FileTooLarge)));
    }
    // The file may be one of several users: its rights stay as they are.
    let rights = fs::metadata(path).map(|metadata| metadata.permissions());
    disk::replace(path, &all).map_err(Trouble::writing(path))?;
    rights.map_or(Ok(()), |rights| fs::set_permissions(path, rights)).map_err(Trouble::writing(path))
}
