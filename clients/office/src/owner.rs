//! Whose certificate is it? One answer for whoever asks: partners, what is fetched, what is verified, our own.

use std::collections::HashMap;

use fumibako_model::{Address, Domain, OfficeNumber, Party};
use fumibako_signer::{Certificate, CertificateError, Holder, Names, Naming, Trust};
use jiff::Timestamp;

/// The office of this domain whose certificate it is (Profile §4.13): as its authority writes it, or as the file of
/// partners says of one that names no office. An error: it contradicts itself, and is nobody's.
pub(crate) fn owner(
    held: (&Certificate, &[Certificate]),
    trust: &Trust,
    domain: &Domain,
    at: Timestamp,
) -> Result<Option<OfficeNumber>, CertificateError> {
    let found = holder(held, trust, domain, at)?;
    Ok(if let Some(Party::Office(office)) = found { Some(office) } else { None })
}

/// The office or agent of this domain whose certificate it is.
pub(crate) fn holder(
    (certificate, chain): (&Certificate, &[Certificate]),
    trust: &Trust,
    domain: &Domain,
    at: Timestamp,
) -> Result<Option<Party>, CertificateError> {
    // Whose it is does not change when it ends; whether it is in force is asked elsewhere.
    let at = at.clamp(certificate.not_before(), certificate.not_after());
    let holder = match trust.check_certificate(certificate, chain, at) {
        Ok(()) => trust.holder_of(certificate, chain, at)?,
        // Nobody believes this one. Whom it claims to be is worth a line on the screen, and no more.
        Err(_) => Naming::MailAddress.holder(certificate).ok().flatten(),
    };
    Ok(holder.and_then(|holder| party_of(holder, domain)))
}

/// The office of this domain that a holder is. An agent or a stranger is none.
pub(crate) fn office_of(holder: Holder, domain: &Domain) -> Option<OfficeNumber> {
    if let Some(Party::Office(office)) = party_of(holder, domain) { Some(office) } else { None }
}

fn party_of(holder: Holder, domain: &Domain) -> Option<Party> {
    match holder {
        Holder::Address(text) => {
            let address: Address = text.parse().ok()?;
            (address.domain == *domain).then(|| address.party()).flatten()
        }
        Holder::Number(text) => text.parse().ok(),
    }
}

/// What stands in for the gateway's roll here: offices by the fingerprints of their certificates.
pub(crate) type Listed = HashMap<[u8; 32], OfficeNumber>;

/// Where an authority writes the holder; a certificate that names no office so is one's by the list (Profile §5.4).
pub(crate) struct OrListed {
    pub(crate) naming: Naming,
    pub(crate) listed: std::sync::Arc<Listed>,
    pub(crate) domain: Option<Domain>,
}

impl Names for OrListed {
    fn holder(&self, certificate: &Certificate) -> Result<Option<Holder>, CertificateError> {
        let named = self.naming.holder(certificate)?;
        let names_an_office = match (&named, &self.domain) {
            (Some(holder), Some(domain)) => office_of(holder.clone(), domain).is_some(),
            (named, _) => named.is_some(),
        };
        match self.listed.get(&certificate.fingerprint()) {
            Some(office) if !names_an_office => Ok(Some(Holder::Number(office.to_string()))),
            _ => Ok(named),
        }
    }
}
