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
        self.trust_in(&authorities, &self.revocation_files, WithoutList::Accept)
    }

    /// Profile §8.19: the authorities of the gateway's evidence, in this file or that of the settings, and until when former keys signed.
    pub fn evidence_trust(&self, file: Option<&Path>) -> Result<Witnesses, Trouble> {
        let file = file.unwrap_or(&self.evidence_authority_file);
        if file.as_os_str().is_empty() {
            return Err(Trouble::SettingMissing("evidence_authority_file"));
        }
        Witnesses::read(&read_small(file)?).map_err(|why| Trouble::Trust(file.to_owned(), why))
    }

    /// Profile §8.21: the authorities of time stamps, in this file or that of the settings, if one is named.
    pub fn stamp_trust(&self, file: Option<&Path>) -> Result<Option<Trust>, Trouble> {
        let file = file.unwrap_or(&self.stamp_authority_file);
        if file.as_os_str().is_empty() {
            return Ok(None);
        }
        let none = || Err(CertificateError::Malformed("it holds no certificate"));
        let found = Certificate::many_from_pem(&read_small(file)?);
        let found = found.and_then(|found| if found.is_empty() { none() } else { Trust::for_time_stamps(found) });
        let found = found.map_err(|why| Trouble::Trust(file.to_owned(), why))?;
        // Where nothing tells what it revoked, the layer says so.
        Ok(Some(found.without_list(WithoutList::Refuse)))
    }

    /// The authorities of these files, with these revocation lists, as these settings know their certificates.
    pub fn trust_in(
        &self,
        authorities: &[Authority],
        lists: &[PathBuf],
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
        let read = |path: &PathBuf| {
            let octets = read_up_to(path, REVOCATION_LIST_BYTES_MAX as u64)?;
            trust.read_news(&octets).map_err(|why| Trouble::Revocation(path.clone(), why))
        };
        let news = lists.iter().map(read).collect::<Result<Vec<_>, _>>()?;
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

#[cfg(test)]
mod tests {
    use fumibako_careplan::Lang;

    use super::*;
    use crate::testing::Ca;

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

        assert!(Settings::default().stamp_trust(None).unwrap().is_none());
        let settings = Settings { stamp_authority_file: apart.clone(), ..Settings::default() };
        assert_eq!(settings.stamp_trust(None).unwrap().unwrap().anchors().len(), 1);
        assert_eq!(settings.stamp_trust(Some(&both)).unwrap().unwrap().anchors().len(), 2);
        let empty = put("empty.pem", "no certificate\n");
        assert!(matches!(settings.stamp_trust(Some(&empty)), Err(Trouble::Trust(path, _)) if path == empty));
    }
}
