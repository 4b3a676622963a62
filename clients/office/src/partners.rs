//! Who may read a bundle: the certificates of partner offices (Profile §4.6).
//!
//! They come from a file that the gateway's operator hands out, else from the gateway itself (`Partners::ask`); whom to
//! believe stays the decision of [`Partners::readers`].

use std::collections::{BTreeSet, HashSet};

use fumibako_careplan::Lang;
use fumibako_model::{Act, Address, Domain, OfficeNumber};
use fumibako_signer::{
    Certificate, CertificateError, Cipher, Identity, Keyring, Names as _, Naming, RevocationError, Trust, encrypt,
};
use jiff::Timestamp;

use crate::bundle::{Draft, Form};
use crate::owner::{office_of, owner};
use crate::readers::{Belief, Told};
use crate::settings::{Authority, CipherChoice, Settings};
use crate::trouble::Trouble;

use file::{Entry, Reads};

pub(crate) mod file;
pub(crate) mod refresh;

pub use file::BYTES as FILE_BYTES;

/// Profile §4.5: a cipher that notices a changed ciphertext.
pub const CIPHER: Cipher = Cipher::Aes256Gcm;

/// The certificates known here, and whom to believe.
#[derive(Debug)]
pub struct Partners {
    known: Option<Vec<Entry>>,
    /// What the gateway says, once it was asked.
    told: Option<Told>,
    /// Did the gateway tell what is known?
    asked: bool,
    /// Is a mandate from paper one?
    paper: bool,
    authorities: Vec<Certificate>,
    trust: Trust,
    /// Everywhere an authority writes names.
    namings: Vec<Naming>,
    /// One of these opens our own copy.
    own: Vec<Identity>,
    compress: bool,
    cipher: CipherChoice,
}

/// How the bundles of one run are closed.
#[derive(Debug)]
pub enum Closing {
    /// Signed only.
    Signed,
    /// To their recipients' certificates.
    Sealed(Box<Partners>),
}

/// Why nothing can be encrypted to an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPartner {
    /// There is no file of partners' certificates, and the gateway was not asked.
    NoFile,
    /// The gateway knows none.
    Unknown,
    /// The file has none of this office.
    Unlisted,
    /// The last one ended then.
    Ended(Timestamp),
    /// It was revoked then.
    Revoked(Timestamp),
    /// Whether it was revoked cannot be told: the list of its authority ended then.
    Stale(Timestamp),
    /// There is one, but it begins later, leads to no authority that is trusted, or is not for encryption.
    Unusable,
}

impl Closing {
    /// As the settings say, or signed only.
    pub fn of(settings: &Settings, signed_only: bool) -> Result<Self, Trouble> {
        if signed_only || !settings.seal {
            return Ok(Self::Signed);
        }
        Ok(Self::Sealed(Box::new(Partners::read(settings)?)))
    }

    /// Asks the gateway who reads these, before [`Closing::form_of`] is asked about them.
    pub fn ask(&mut self, drafts: &[Draft], settings: &Settings, now: Timestamp) -> Result<(), Trouble> {
        let Self::Sealed(partners) = self else { return Ok(()) };
        let ends = |draft: &Draft| [draft.bundle.sender.office, draft.bundle.recipient.office];
        partners.ask(&drafts.iter().flat_map(ends).collect(), settings, now)
    }

    /// The same by what it said before: nobody is asked.
    pub fn recall(&mut self, drafts: &[Draft], settings: &Settings, now: Timestamp) {
        let Self::Sealed(partners) = self else { return };
        let ends = |draft: &Draft| [draft.bundle.sender.office, draft.bundle.recipient.office];
        let offices = drafts.iter().flat_map(ends).collect();
        partners.take(Told::before(settings, &offices, now), &offices);
    }

    /// The form of a bundle to this office.
    pub fn form(&self, to: &Address, now: Timestamp) -> Result<Form, Trouble> {
        match self {
            Self::Signed => Ok(Form::Signed),
            Self::Sealed(partners) => partners.form(to, &[], now),
        }
    }

    /// The form of this bundle: agents that receive it for its office read it as well, and so does the office that an agent
    /// sends it for (Profile §9.12).
    pub fn form_of(&self, draft: &Draft, to: &Address, now: Timestamp) -> Result<Form, Trouble> {
        match self {
            Self::Signed => Ok(Form::Signed),
            Self::Sealed(partners) => partners.form(to, &partners.delegates(draft, to, now), now),
        }
    }
}

impl Partners {
    /// Reads the partners' certificates, the trusted authorities and our own certificate.
    pub fn read(settings: &Settings) -> Result<Self, Trouble> {
        let path = &settings.partners_file;
        let all = if path.as_os_str().is_empty() { None } else { Some(file::read(path)?) };
        if all.as_ref().is_some_and(Vec::is_empty) {
            return Err(Trouble::Partners(path.clone()));
        }
        Self::over(settings, all)
    }

    /// The same, of certificates that were read.
    fn over(settings: &Settings, all: Option<Vec<Entry>>) -> Result<Self, Trouble> {
        let (trust, own) = (settings.trust()?, settings.reading_keys()?);
        let authorities =
            lower(all.as_deref().unwrap_or_default()).chain(own.iter().flat_map(Identity::chain).cloned()).collect();
        let mut namings = vec![Naming::MailAddress];
        namings.extend(settings.authorities().iter().map(Authority::naming));
        namings.dedup();
        Ok(Self {
            known: all,
            told: None,
            asked: false,
            paper: settings.paper_mandates,
            authorities,
            trust,
            namings,
            own,
            compress: settings.compress,
            cipher: settings.cipher,
        })
    }

    /// Asks the gateway who reads for these offices.
    fn ask(&mut self, offices: &BTreeSet<OfficeNumber>, settings: &Settings, now: Timestamp) -> Result<(), Trouble> {
        let told = Told::of(settings, offices, now)?;
        let nothing = offices.iter().all(|office| told.certificates(*office).is_empty());
        if let (None, true, Some(trouble)) = (&self.known, nothing, told.trouble()) {
            return Err(trouble.again());
        }
        self.take(told, offices);
        Ok(())
    }

    /// Takes over what was told of these offices; a file of certificates counts for more.
    fn take(&mut self, told: Told, offices: &BTreeSet<OfficeNumber>) {
        if self.known.is_none() {
            let of = |office: &OfficeNumber| told.certificates(*office);
            let entry = |certificate| Entry { certificate, office: None, reads: Reads::Gcm };
            self.known = Some(offices.iter().flat_map(of).map(entry).collect());
            self.asked = true;
        }
        self.told = Some(told);
    }

    /// Who else reads this bundle.
    fn delegates(&self, draft: &Draft, to: &Address, now: Timestamp) -> Vec<Certificate> {
        let (facts, from) = (draft.facts(), draft.bundle.sender.office);
        let act = Act::Receive { from, units: &facts.units, month: facts.month.as_deref() };
        let belief = Belief { trust: &self.trust, helpers: &self.authorities, domain: &to.domain, paper: self.paper };
        let agents = self.told.as_ref().map(|told| told.agents(draft.bundle.recipient.office, act, &belief, now));
        let mut readers: Vec<Certificate> = agents.unwrap_or_default();
        readers.retain(|certificate| self.judge(certificate, now).is_ok());
        // The office itself reads what was sent in its name, if it has a certificate; an office that sends itself reads by its own keys.
        if let Ok(entries) = self.entries(&Address::office(from, &to.domain), now) {
            readers.extend(entries.into_iter().map(|entry| entry.certificate.clone()));
        }
        readers
    }

    /// Profile §4.15: the cipher of our own programs, if every reader is known to read it. We do ourselves.
    fn form(&self, to: &Address, others: &[Certificate], now: Timestamp) -> Result<Form, Trouble> {
        let theirs = self.entries(to, now)?;
        let modern = match self.cipher {
            CipherChoice::Auto => theirs.iter().all(|entry| entry.reads == Reads::Gcm),
            CipherChoice::Gcm => true,
            CipherChoice::Cbc => false,
        };
        let form = match (modern, self.compress) {
            (false, _) => Form::ForMailTools,
            (true, true) => Form::Compressed,
            (true, false) => Form::Sealed,
        };
        Ok(form(self.with_our_own(&theirs, others, now)))
    }

    /// Everybody who is to read a bundle to this office: every certificate of it that is valid now, and our own.
    pub fn readers(&self, to: &Address, now: Timestamp) -> Result<Vec<Certificate>, Trouble> {
        Ok(self.with_our_own(&self.entries(to, now)?, &[], now))
    }

    /// Each certificate once.
    fn with_our_own(&self, theirs: &[&Entry], others: &[Certificate], now: Timestamp) -> Vec<Certificate> {
        let mut readers: Vec<Certificate> = Vec::new();
        let own = own_reader(&self.own, now);
        for certificate in theirs.iter().map(|entry| &entry.certificate).chain(others).chain(&own) {
            if !readers.contains(certificate) {
                readers.push(certificate.clone());
            }
        }
        readers
    }

    /// What is known of this office and in force now.
    fn entries(&self, to: &Address, now: Timestamp) -> Result<Vec<&Entry>, Trouble> {
        let Some(office) = to.office_number() else {
            return Err(Trouble::Garbled(format!("{to} is no office's address")));
        };
        let no = |why| Trouble::NoPartner { office, why };
        let known = self.known.as_ref().ok_or(no(NoPartner::NoFile))?;
        let theirs = known.iter().filter(|entry| self.may_be(entry, (office, to), now));
        let (mut found, mut why) = (Vec::new(), if self.asked { NoPartner::Unknown } else { NoPartner::Unlisted });
        for entry in theirs {
            match self.judge(&entry.certificate, now) {
                Ok(()) => found.push(entry),
                Err(reason) => why = why.or(reason),
            }
        }
        if found.is_empty() {
            // Where the gateway did not answer, it may know more than is remembered.
            let unanswered = self.told.as_ref().filter(|_| self.asked).and_then(Told::trouble);
            return Err(unanswered.map_or(no(why), Trouble::again));
        }
        tracing::debug!(%to, certificates = found.len(), "partner.found");
        Ok(found)
    }

    /// Whether it is one of this office, or claims to be and nobody vouches for it, which is worth telling.
    fn may_be(&self, entry: &Entry, (office, to): (OfficeNumber, &Address), now: Timestamp) -> bool {
        // Of a file with every office of the country only a few are worth a check of their chain.
        self.claims(entry, &to.domain).any(|claimed| claimed == office)
            && matches!(owner((&entry.certificate, &self.authorities), &self.trust, &to.domain, now), Ok(Some(found)) if found == office)
    }

    /// The offices that it may be of: as the line above it says, or as some authority writes names.
    fn claims(&self, entry: &Entry, domain: &Domain) -> impl Iterator<Item = OfficeNumber> {
        let holder = |naming: &Naming| naming.holder(&entry.certificate).ok().flatten();
        let named = self.namings.iter().filter_map(holder).filter_map(|holder| office_of(holder, domain));
        named.chain(entry.office)
    }

    fn judge(&self, certificate: &Certificate, now: Timestamp) -> Result<(), NoPartner> {
        self.trust.check_certificate(certificate, &self.authorities, now).map_err(|why| match why {
            CertificateError::Expired { not_after } => NoPartner::Ended(not_after),
            _ => NoPartner::Unusable,
        })?;
        // Profile §4.6: nothing is encrypted to who was revoked, or may have been.
        self.trust.check_revocation_of(certificate, &self.authorities, now).map_err(|why| match why {
            RevocationError::Revoked { revoked, .. } => NoPartner::Revoked(revoked.since),
            RevocationError::Stale { next_update, .. } => NoPartner::Stale(next_update),
            _ => NoPartner::Unusable,
        })?;
        // Only trying tells whether its key may receive (RFC 8550 §4.4.2); one for signing alone is passed over.
        encrypt(b"", std::slice::from_ref(certificate), CIPHER).map(|_| ()).map_err(|_| NoPartner::Unusable)
    }
}

impl NoPartner {
    /// Of two reasons the one that tells more.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ended(one), Self::Ended(other)) => Self::Ended(one.max(other)),
            (Self::Stale(at), _) | (_, Self::Stale(at)) => Self::Stale(at),
            (Self::Revoked(at), _) | (_, Self::Revoked(at)) => Self::Revoked(at),
            (Self::Unusable, _) | (_, Self::Unusable) => Self::Unusable,
            (Self::Ended(at), _) | (_, Self::Ended(at)) => Self::Ended(at),
            (other, _) => other,
        }
    }

    /// What happened, and what to do next.
    pub(crate) fn words(self, office: OfficeNumber, lang: Lang) -> (String, String) {
        match lang {
            Lang::Ja => self.japanese(office),
            Lang::En => self.english(office),
        }
    }

    fn japanese(self, office: OfficeNumber) -> (String, String) {
        let why = match self {
            Self::NoFile => "設定 partners_file が空なので、".to_owned(),
            Self::Unknown => "ゲートウェイに、その証明書が登録されていないので、".to_owned(),
            Self::Unlisted => "設定 partners_file のファイルにその証明書がないので、".to_owned(),
            Self::Ended(at) => format!("その証明書は {} に期限が切れたので、", day(at)),
            Self::Revoked(at) => format!("その証明書は {} に失効したので、", day(at)),
            Self::Stale(at) => {
                format!("発行元の失効リストの期限が {} に切れ、失効していないか確かめられないので、", day(at))
            }
            Self::Unusable => "その証明書は信頼できる発行元のものでないか、暗号化に使えないので、".to_owned(),
        };
        (
            format!("送信先 {office} に宛てて暗号化できません。{why}このデータは送っていません。"),
            self.next(Lang::Ja).into(),
        )
    }

    fn english(self, office: OfficeNumber) -> (String, String) {
        let why = match self {
            Self::NoFile => "the setting partners_file is empty".to_owned(),
            Self::Unknown => "the gateway has no certificate of it".to_owned(),
            Self::Unlisted => "the file of partners_file has no certificate of it".to_owned(),
            Self::Ended(at) => format!("its certificate ended on {}", day(at)),
            Self::Revoked(at) => format!("its certificate was revoked on {}", day(at)),
            Self::Stale(at) => format!("whether it was revoked cannot be told, as the list ended on {}", day(at)),
            Self::Unusable => "its certificate leads to no trusted authority, or is not for encryption".to_owned(),
        };
        (format!("Nothing can be encrypted to {office}: {why}. This bundle was not sent."), self.next(Lang::En).into())
    }

    fn next(self, lang: Lang) -> &'static str {
        match self {
            Self::Stale(_) => lang.pick(
                "発行元の新しい失効リストを取得し、設定 revocation_files のファイルと置き換えて、もう一度送ってください。",
                "Get the authority's current list, put it in place of the one that revocation_files names, and send again.",
            ),
            Self::Revoked(_) => lang.pick(
                "送信先に電話などで確かめてください。新しい証明書があれば、`fumibako office refresh` で、設定 partners_file のファイルに\
                 取り込んでください。",
                "Ask that office by telephone. If it has a new certificate, `fumibako office refresh` adds it to the file of \
                 partners_file.",
            ),
            Self::Unknown => lang.pick(
                "事業所番号を確かめ、正しければ、証明書を登録するよう送信先に依頼してください。",
                "Check the office number; if it is right, ask that office to enrol its certificate.",
            ),
            _ => lang.pick(
                "設定 partners_file のファイルに `fumibako office refresh` で新しい証明書を取り込むか、ゲートウェイの運用者から\
                 ファイルを受け取ってください。ゲートウェイに読まれてもよければ、--signed-only を付けて署名だけで送れます。",
                "Add its certificate to the file of partners_file with `fumibako office refresh`, or get the file from the \
                 gateway's operator. If the gateway may read the bundle, --signed-only sends it signed only.",
            ),
        }
    }
}

/// Certificates of authorities between an office and one that is trusted: they name no office, and others name them.
fn lower(all: &[Entry]) -> impl Iterator<Item = Certificate> {
    let nameless = |entry: &&Entry| entry.office.is_none() && entry.certificate.rfc822_names().is_empty();
    let nameless: Vec<&Entry> = all.iter().filter(nameless).collect();
    let issuers: HashSet<String> = match nameless.as_slice() {
        [] => HashSet::new(),
        _ => all.iter().map(|entry| entry.certificate.issuer()).collect(),
    };
    let lower = nameless.into_iter().filter(move |entry| issuers.contains(&entry.certificate.subject()));
    lower.map(|entry| entry.certificate.clone()).collect::<Vec<_>>().into_iter()
}

/// Profile §4.20: the newest of our certificates that may receive, for the one in use may be for signing alone.
pub(crate) fn own_reader(keys: &[Identity], now: Timestamp) -> Option<Certificate> {
    let ring = Keyring::new(keys.iter().cloned()).ok();
    let newest = ring.as_ref().and_then(|ring| ring.recipient(now)).or(keys.first());
    newest.map(|identity| identity.certificate().clone())
}

/// A day as people in Japan count it.
fn day(at: Timestamp) -> String {
    fumibako_model::JAPAN.to_datetime(at).strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests;
