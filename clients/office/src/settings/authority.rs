//! Whom to believe: files of authorities, and how each of them writes its certificates. The words are those of the
//! gateway's folder of trust.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fumibako_model::{Domain, Witnesses};
use fumibako_signer::limits::REVOCATION_LIST_BYTES_MAX;
use fumibako_signer::{Certificate, CertificateError, Naming, Practice, Purposes, Trust, WithoutList};
use serde::Deserialize;

use super::{Settings, read_small, read_up_to};
use crate::owner::{Listed, OrListed};
use crate::partners;
use crate::trouble::Trouble;
use crate::verify::Stampers;

/// A file of authorities that issue office certificates, all of them in one way.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// PEM file. No default.
    pub file: PathBuf,
    /// Where a certificate names its office: `mail-address` (default), `subject-serial-number`, `other-name:<OID>`, or
    /// `roll`: nowhere, so that only the number above it in `partners_file` tells.
    #[serde(default)]
    pub names: Place,
    /// What the extended key usage says: `mail` (default: `emailProtection`), or `unstated`: nothing, or else that.
    #[serde(default)]
    pub purposes: Stated,
}

/// Where a certificate names its office.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Place(Naming);

/// What the extended key usage says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stated {
    /// `emailProtection`.
    #[default]
    Mail,
    /// Nothing, or else `emailProtection`.
    Unstated,
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let naming = match text.as_str() {
            "mail-address" => Some(Naming::MailAddress),
            "subject-serial-number" => Some(Naming::SubjectSerialNumber),
            "roll" => Some(Naming::Roll),
            other => other.strip_prefix("other-name:").and_then(|oid| oid.parse().ok()).map(Naming::OtherName),
        };
        naming.map(Self).ok_or_else(|| {
            format!(
                "names = \"{text}\" はありません。/ is not one of: \
                 mail-address, subject-serial-number, other-name:<OID>, roll"
            )
        })
    }
}

impl Authority {
    /// Authorities that write `emailProtection` and exactly one mail address.
    pub fn usual(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), names: Place::default(), purposes: Stated::default() }
    }

    /// Where its certificates name their office.
    pub(crate) fn naming(&self) -> Naming {
        self.names.0
    }

    fn practice(&self, listed: &Arc<Listed>, domain: Option<&Domain>) -> Practice {
        let purposes = match self.purposes {
            Stated::Mail => Purposes::Mail,
            Stated::Unstated => Purposes::Unstated,
        };
        Practice::new(purposes, OrListed { naming: self.naming(), listed: Arc::clone(listed), domain: domain.cloned() })
    }
}

impl Settings {
    /// The authorities that are believed: those of `trust_file`, then those of `authority`.
    pub fn authorities(&self) -> Vec<Authority> {
        let usual = Some(&self.trust_file).filter(|file| !file.as_os_str().is_empty());
        usual.map(Authority::usual).into_iter().chain(self.authority.iter().cloned()).collect()
    }

    /// Profile §4.19: the authorities of these files. One whose certificates are those of an `authority` here writes as that one does,
    /// wherever its file lies.
    pub fn authorities_in(&self, files: &[PathBuf]) -> Result<Vec<Authority>, Trouble> {
        let certificates = |file: &PathBuf| {
            let found = Certificate::many_from_pem(&read_small(file)?);
            found.map_err(|why| Trouble::Trust(file.clone(), why))
        };
        let mut found = Vec::new();
        for file in files {
            let own = certificates(file)?;
            // A file of the settings that cannot be read is no hindrance here: others are asked for.
            let same = self
                .authority
                .iter()
                .find(|known| certificates(&known.file).is_ok_and(|theirs| own.iter().all(|one| theirs.contains(one))));
            let usual = || Authority::usual(file);
            found.push(same.map_or_else(usual, |known| Authority { file: file.clone(), ..known.clone() }));
        }
        Ok(found)
    }

    /// The authorities whose certificates are believed, with what they revoked.
    pub fn trust(&self) -> Result<Trust, Trouble> {
        let authorities = self.authorities();
        if authorities.is_empty() {
            return Err(Trouble::SettingMissing("trust_file"));
        }
        // Profile §4.6, §5.3: an authority without a list is believed.
        self.trust_in(&authorities, (&self.revocation_files, None), WithoutList::Accept)
    }

    /// Profile §8.19: the authorities of the gateway's evidence, in this file or that of the settings, and until when former keys signed.
    pub fn evidence_trust(&self, file: Option<&Path>) -> Result<Witnesses, Trouble> {
        let file = file.unwrap_or(&self.evidence_authority_file);
        if file.as_os_str().is_empty() {
            return Err(Trouble::SettingMissing("evidence_authority_file"));
        }
        Witnesses::read(&read_small(file)?).map_err(|why| Trouble::Trust(file.to_owned(), why))
    }

    /// Profile §8.21: the authorities of time stamps, in this file or that of the settings, if one is named, with what they revoked as these
    /// lists say: those of other authorities are passed over. A file of the settings that cannot be read is told where there is a stamp.
    pub fn stampers(&self, file: Option<&Path>, lists: &[PathBuf]) -> Result<Option<Stampers>, Trouble> {
        let trust = match self.stamp_trust(file) {
            Err(_) if file.is_none() => return Ok(Some(Stampers::Unread(self.stamp_authority_file.clone()))),
            trust => trust?,
        };
        let read = |trust: &Trust, path: &PathBuf| trust.read_news(&read_list(path).ok()?).ok();
        Ok(trust.map(|trust| {
            let news: Vec<_> = lists.iter().filter_map(|path| read(&trust, path)).collect();
            Stampers::Believed(trust.with_news(news, WithoutList::Refuse))
        }))
    }

    fn stamp_trust(&self, file: Option<&Path>) -> Result<Option<Trust>, Trouble> {
        let file = file.unwrap_or(&self.stamp_authority_file);
        if file.as_os_str().is_empty() {
            return Ok(None);
        }
        let none = || Err(CertificateError::Malformed("it holds no certificate"));
        let found = Certificate::many_from_pem(&read_small(file)?);
        let found = found.and_then(|found| if found.is_empty() { none() } else { Trust::for_time_stamps(found) });
        found.map(Some).map_err(|why| Trouble::Trust(file.to_owned(), why))
    }

    /// The authorities of these files, with these revocation lists, as these settings know their certificates. A list may also be of the
    /// authorities of time stamps in this file, or that of the settings.
    pub fn trust_in(
        &self,
        authorities: &[Authority],
        (lists, stampers): (&[PathBuf], Option<&Path>),
        without_list: WithoutList,
    ) -> Result<Trust, Trouble> {
        let (listed, mut practices) = (Arc::new(self.listed(authorities)?), Vec::new());
        for authority in authorities {
            let found = Certificate::many_from_pem(&read_small(&authority.file)?);
            let found = found.and_then(|found| Trust::new(found.iter().cloned()).map(|_| found));
            let found = found.map_err(|why| Trouble::Trust(authority.file.clone(), why))?;
            let practice = authority.practice(&listed, self.domain.as_ref());
            practices.extend(found.into_iter().map(|anchor| (anchor, practice.clone())));
        }
        let first = authorities.first().map(|authority| authority.file.clone()).unwrap_or_default();
        let trust = Trust::with_practices(practices).map_err(|why| Trouble::Trust(first, why))?;
        let of_stampers = |octets: &[u8]| {
            let stampers = self.stamp_trust(stampers).ok().flatten();
            stampers.is_some_and(|stampers| stampers.read_news(octets).is_ok())
        };
        let read = |path: &PathBuf| {
            let octets = read_list(path)?;
            match trust.read_news(&octets) {
                Ok(news) => Ok(Some(news)),
                Err(_) if of_stampers(&octets) => Ok(None),
                Err(why) => Err(Trouble::Revocation(path.clone(), why)),
            }
        };
        let news = lists.iter().filter_map(|path| read(path).transpose()).collect::<Result<Vec<_>, _>>()?;
        Ok(trust.with_news(news, without_list))
    }

    /// The certificates in `partners_file` that stand under a number, if an authority leaves that to a list.
    fn listed(&self, authorities: &[Authority]) -> Result<Listed, Trouble> {
        let asks = authorities.iter().any(|authority| authority.naming() != Naming::MailAddress);
        if !asks || self.partners_file.as_os_str().is_empty() {
            return Ok(Listed::new());
        }
        let entries = partners::file::read(&self.partners_file)?;
        let numbered = entries.into_iter().filter_map(|entry| Some((entry.certificate.fingerprint(), entry.office?)));
        Ok(numbered.collect())
    }
}

fn read_list(path: &Path) -> Result<Vec<u8>, Trouble> {
    read_up_to(path, REVOCATION_LIST_BYTES_MAX as u64)
}

#[cfg(test)]
mod tests {
    use fumibako_careplan::Lang;
    use fumibako_signer::RevocationError;
    use fumibako_signer::authority::Purpose;
    use jiff::SignedDuration;

    use super::*;
    use crate::testing::{Ca, now};

    // Profile §8.16, §8.21
    #[test]
    fn authorities_of_stamps_have_a_file_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (evidence, stamps) = (Ca::of_evidence(), Ca::new());
        let both = put("both.pem", &(evidence.pem() + &stamps.pem()));
        let own = put("own.pem", &evidence.pem());
        let apart = put("stamps.pem", &stamps.pem());
        let named = |file: &Path| Settings { evidence_authority_file: file.to_owned(), ..Settings::default() };
        assert!(named(&own).evidence_trust(None).is_ok());
        let refused = named(&own).evidence_trust(Some(&both)).unwrap_err();
        let words = refused.words(Lang::Ja);
        assert!(words.what.contains("both.pem") && words.what.contains("証跡の発行元ではない"), "{words:?}");
        assert!(words.next.contains("--stamp-authority") && words.next.contains("stamp_authority_file"), "{words:?}");

        let anchors = |settings: &Settings, file: Option<&Path>| match settings.stampers(file, &[]) {
            Ok(Some(Stampers::Believed(trust))) => trust.anchors().len(),
            other => panic!("{other:?}"),
        };
        assert!(Settings::default().stampers(None, &[]).unwrap().is_none());
        let settings = Settings { stamp_authority_file: apart.clone(), ..Settings::default() };
        assert_eq!(anchors(&settings, None), 1);
        assert_eq!(anchors(&settings, Some(&both)), 2);
        // One that somebody names now is asked for; one of the settings is no hindrance to what has no stamp.
        let empty = put("empty.pem", "no certificate\n");
        assert!(matches!(settings.stampers(Some(&empty), &[]), Err(Trouble::Trust(path, _)) if path == empty));
        for file in [empty, folder.path().join("none.pem")] {
            let settings = Settings { stamp_authority_file: file.clone(), ..Settings::default() };
            assert!(matches!(settings.stampers(None, &[]), Ok(Some(Stampers::Unread(path))) if path == file));
        }
    }

    // Profile §8.21
    #[test]
    fn a_list_of_either_kind_of_authority_is_read_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, octets: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, octets).unwrap();
            path
        };
        let (ours, stamps, until) = (Ca::new(), Ca::new(), now() + SignedDuration::from_hours(24));
        let clock = stamps.identity_for("clock@plans.example", Purpose::TimeStamping, until);
        let lists = vec![put("ours.crl", &ours.list(&[], until)), put("stamps.crl", &stamps.list(&[&clock], until))];
        let settings = Settings {
            trust_file: put("ours.pem", ours.pem().as_bytes()),
            stamp_authority_file: put("stamps.pem", stamps.pem().as_bytes()),
            revocation_files: lists.clone(),
            ..Settings::default()
        };
        assert!(settings.trust().is_ok());
        let stampers = settings.stampers(None, &lists).unwrap();
        let Some(Stampers::Believed(trust)) = stampers else { panic!("{stampers:?}") };
        let asked = trust.check_revocation_of(clock.certificate(), &[], now());
        assert!(matches!(asked, Err(RevocationError::Revoked { .. })), "{asked:?}");
        // One of nobody who is named is a mistake.
        let settings = Settings { stamp_authority_file: PathBuf::new(), ..settings };
        assert!(matches!(settings.trust(), Err(Trouble::Revocation(path, _)) if path == lists[1]));
    }
}
