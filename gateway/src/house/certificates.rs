//! Certificates on the roll (Profile §19.10 to §19.13): which one may come onto it, and how one goes off it. The operator and the HTTPS door
//! ask the same.

use fumibako_model::{
    CertificateKey, Done, Enrolled, OwnCertificate, Party, Refusal, Refused, What, not_trusted, revoked, right_kind,
};
use fumibako_signer::{Certificate, RevocationError, Trust};
use fumibako_store::{Amend, Amendment, Removal, Store, StoreError, bind, key_of};
use jiff::Timestamp;

use super::House;
use crate::admin::of_party;

/// Who says that a certificate is a party's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vouches {
    /// The operator, whose word counts where the certificate names nobody (Profile §5.4).
    Operator,
    /// The party itself: the certificate has to name it, or stand on the roll as its own.
    Holder,
}

impl<S: Store> House<S> {
    /// Profile §5.4, §19.11: only a certificate that would be believed of a signer or reader comes onto the roll, and never
    /// one that names somebody else.
    pub(crate) fn enrollable(
        &self,
        party: &Party,
        (certificate, helpers): (&Certificate, &[Certificate]),
        vouches: Vouches,
    ) -> Result<Enrolled, Refused> {
        let (roll, trust, now) = (self.store.roll(), self.trust(), self.clock.now());
        let named = trust.holder_of(certificate, helpers, now).map_err(not_trusted)?;
        trust.check_revocation_of(certificate, helpers, now).map_err(revoked)?;
        right_kind(certificate)?;
        match bind(named, certificate, &roll) {
            Ok(other) if other != *party => return Err(Refusal::NotItsCertificate.about(other)),
            Err(why) if vouches == Vouches::Holder => return Err(why),
            _ => {}
        }
        Ok(Enrolled {
            key: key_of(certificate),
            party: party.clone(),
            der: certificate.der().to_vec(),
            from: certificate.not_before(),
            until: certificate.not_after(),
            removed: None,
        })
    }

    /// Onto the roll; one that stands there already changes nothing and is not told.
    pub(crate) async fn enrol(&self, one: Enrolled, vouches: Vouches, told: Done) -> Result<(), StoreError> {
        let change = match vouches {
            Vouches::Operator => Amendment::Enrol(one),
            Vouches::Holder => Amendment::EnrolOwn(one),
        };
        self.store.amend(Amend { changes: vec![change], done: vec![told] }).await
    }

    /// A party's certificate of this fingerprint.
    pub(crate) fn enrolled(&self, party: &Party, fingerprint: &str) -> Result<Enrolled, Refused> {
        let is_it = |one: &&Enrolled| {
            one.party == *party
                && Certificate::from_der(&one.der).is_ok_and(|known| known.fingerprint_hex() == fingerprint)
        };
        let roll = self.store.roll();
        let short = || fingerprint.chars().take(64).collect::<String>();
        roll.certificates().find(is_it).cloned().ok_or_else(|| Refusal::CertificateUnknown.about(short()))
    }

    /// Profile §19.12: off the roll. `by` is the other key that signed for it; `last`: even if none is left that others may encrypt
    /// to.
    pub(crate) async fn remove_certificate(
        &self,
        one: &Enrolled,
        by: Option<CertificateKey>,
        last: bool,
        told: Done,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let leaving = if last { None } else { Some(self.others(one, now)) };
        let removal = Removal { key: one.key.clone(), party: one.party.clone(), by, leaving, at: now };
        let changes = vec![Amendment::Remove(Box::new(removal))];
        self.store.amend(Amend { changes, done: vec![of_party(told, &one.party)] }).await
    }

    /// The party's others that can be encrypted to now.
    fn others(&self, one: &Enrolled, now: Timestamp) -> Vec<CertificateKey> {
        let (roll, trust) = (self.store.roll(), self.trust());
        let usable = |known: &&Enrolled| {
            let certificate = Certificate::from_der(&known.der);
            known.key != one.key && certificate.is_ok_and(|c| c.receives() && revoked_since(&c, &trust, now).is_none())
        };
        roll.current(&one.party, now).filter(usable).map(|known| known.key.clone()).collect()
    }

    /// What a party has on the roll, with what is known of each, the newest first.
    pub(crate) fn certificates_of(&self, party: &Party) -> Vec<OwnCertificate> {
        let (roll, trust, now) = (self.store.roll(), self.trust(), self.clock.now());
        let own = roll.certificates().filter(|one| one.party == *party);
        let mut all: Vec<_> = own.filter_map(|one| row(one, &trust, now)).collect();
        all.sort_by(|a, b| b.from.cmp(&a.from).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
        all
    }
}

fn row(one: &Enrolled, trust: &Trust, now: Timestamp) -> Option<OwnCertificate> {
    let certificate = Certificate::from_der(&one.der).ok()?;
    Some(OwnCertificate {
        fingerprint: certificate.fingerprint_hex(),
        subject: certificate.subject(),
        from: one.from,
        until: one.until,
        signs: certificate.signs(),
        receives: certificate.receives(),
        revoked: revoked_since(&certificate, trust, now),
        removed: one.removed,
    })
}

/// When a certificate was revoked, if it was.
pub(crate) fn revoked_since(certificate: &Certificate, trust: &Trust, now: Timestamp) -> Option<Timestamp> {
    match trust.check_revocation_of(certificate, &[], now) {
        Err(RevocationError::Revoked { revoked, .. }) => Some(revoked.since),
        _ => None,
    }
}

/// Somebody enrolled it, or took it off.
pub(crate) fn told(done: Done, party: &Party, fingerprint: &str) -> Done {
    of_party(done, party).about(fingerprint)
}

/// What the audit says of a word that was signed.
pub(crate) fn done_by(holder: &Party, what: What, now: Timestamp) -> Done {
    Done::new(now, holder, what)
}
