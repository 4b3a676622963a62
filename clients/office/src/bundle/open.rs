//! Opening: whose words are these, and are they for us? In this order, and nothing is unpacked before.

use std::str::FromStr as _;

use fumibako_model::{Address, Domain, OfficeNumber, Private, Refusal, Refused};
use fumibako_signer::{Certificate, CertificateError, Signature, SignatureError, Signed, Trust};
use jiff::Timestamp;
use mail_parser::{Message, MessageParser};

/// A message whose signature, certificate and office hold. There is no other way to come by one.
#[derive(Debug)]
pub struct Opened {
    message_id: String,
    from: OfficeNumber,
    part: Private<Vec<u8>>,
    signature: Signature,
}

/// Fields that part 1 of the signed message repeats, with those of ours (Profile §4.2).
const REPEATED: [&str; 5] = ["from", "to", "sender", "date", "message-id"];
const OURS: &str = "fumibako-";

/// Opens a message addressed to `us`.
pub fn open(message: &[u8], us: &Address, trust: &Trust, now: Timestamp) -> Result<Opened, Refused> {
    let signed = Signed::read(message).map_err(|why| unsigned(&why))?; // Profile §5.2: the outer layer is a signature
    let signature = signed.verify().map_err(|why| unsigned(&why))?;
    trust.check(&signature, now).map_err(|why| untrusted(&why))?; // Profile §5.3: chain, validity, purpose
    let outer = headers_of(message)?;
    let from = only_office(&outer)?;
    is_its_certificate(signature.signer(), from, &us.domain)?; // Profile §5.4: the certificate names the office in From
    repeated_fields_agree(&outer, &headers_of(signed.part())?)?; // Profile §5.7: signed fields equal the outer ones
    is_for_us(&outer, us)?;
    let message_id =
        outer.message_id().filter(|id| !id.is_empty()).ok_or(Refusal::MessageMalformed.about("Message-ID"))?;
    Ok(Opened { message_id: message_id.to_owned(), from, part: Private(signed.part().to_vec()), signature })
}

impl Opened {
    /// Its Message-ID, without angle brackets.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The office that signed it.
    pub fn from(&self) -> OfficeNumber {
        self.from
    }

    /// The signed octets.
    pub fn part(&self) -> &[u8] {
        &self.part.0
    }

    /// The verified signature.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }
}

fn headers_of(message: &[u8]) -> Result<Message<'_>, Refused> {
    MessageParser::default().parse_headers(message).ok_or_else(|| Refusal::MessageMalformed.into())
}

/// RFC 5322 §3.6.2 allows several authors; a bundle has exactly one (Profile §5.4).
fn only_office(message: &Message<'_>) -> Result<OfficeNumber, Refused> {
    let mut senders = message.from().into_iter().flat_map(|list| list.iter());
    let address = senders.next().and_then(|sender| sender.address());
    let office = address.and_then(|text| Address::from_str(text).ok()).and_then(|address| address.office_number());
    match (office, senders.next()) {
        (Some(office), None) => Ok(office),
        _ => Err(Refusal::MessageMalformed.about("From")),
    }
}

fn is_its_certificate(signer: &Certificate, from: OfficeNumber, domain: &Domain) -> Result<(), Refused> {
    let owner = signer.rfc822_names().iter().find_map(|name| {
        let address: Address = name.parse().ok()?;
        (address.domain == *domain).then(|| address.office_number()).flatten()
    });
    match owner {
        Some(office) if office == from => Ok(()),
        Some(office) => Err(Refusal::NotItsCertificate.about(office)),
        None => Err(Refusal::CertificateNamesNobody.about(format_args!("serial {}", signer.serial_hex()))),
    }
}

/// Profile §4.2: a signed part that repeats one of the fields repeats them all, and all are equal. A plain mail tool
/// repeats none; then only the certificate vouches for the sender.
fn repeated_fields_agree(outer: &Message<'_>, signed: &Message<'_>) -> Result<(), Refused> {
    for name in REPEATED {
        if values(outer, |found| found == name).len() > 1 {
            return Err(Refusal::MessageMalformed.about(format_args!("{name} stands twice")));
        }
    }
    let routing = |name: &str| REPEATED.contains(&name) || name.starts_with(OURS);
    let inner = values(signed, routing);
    if !inner.is_empty() && inner != values(outer, routing) {
        return Err(Refusal::SignedFieldsDiffer.into());
    }
    // RFC 9788: the subject that was signed is the subject that is shown.
    let subject = values(signed, |name| name == "subject");
    if !subject.is_empty() && subject != values(outer, |name| name == "subject") {
        return Err(Refusal::SignedFieldsDiffer.about("subject"));
    }
    Ok(())
}

/// Names in lower case and unfolded values of the fields wanted, in one order.
fn values(message: &Message<'_>, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let fields = message.headers_raw().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let fields = fields.filter(|(name, _)| wanted(name));
    let unfolded = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut values: Vec<_> = fields.map(|(name, value)| (name, unfolded(value))).collect();
    values.sort();
    values
}

/// A message signed for another office and forwarded here is not for us.
fn is_for_us(outer: &Message<'_>, us: &Address) -> Result<(), Refused> {
    let mut recipients = outer.to().into_iter().flat_map(|list| list.iter()).filter_map(|to| to.address());
    let is_us = |text: &str| {
        Address::from_str(text).is_ok_and(|a| a.domain == us.domain && a.office_number() == us.office_number())
    };
    if recipients.any(is_us) { Ok(()) } else { Err(Refusal::EnvelopeDiffers.about("To")) }
}

fn unsigned(why: &SignatureError) -> Refused {
    use SignatureError as E;
    let refusal = match why {
        E::NotSigned | E::Opaque => Refusal::NotSigned,
        E::ContentChanged | E::BadSignature => Refusal::SignatureBroken,
        E::Algorithm(_) => Refusal::AlgorithmNotAllowed,
        E::OtherCertificate => Refusal::NotItsCertificate,
        E::TooLarge { .. } => Refusal::TooManyParts,
        E::Malformed { .. } | E::ContentAttached | E::Signers(_) | E::NoCertificate => Refusal::SignatureMalformed,
    };
    refusal.about(why)
}

fn untrusted(why: &CertificateError) -> Refused {
    use CertificateError as E;
    match why {
        E::UnknownIssuer { .. } | E::BadChain(_) => Refusal::UnknownAuthority.into(),
        E::Expired { not_after } => Refusal::CertificateExpired.about(not_after),
        E::NotYetValid { not_before } => Refusal::CertificateNotYetValid.about(not_before),
        E::WeakKey(_) => Refusal::AlgorithmNotAllowed.about(why),
        E::WrongUsage(_) | E::Malformed(_) | E::Authority | E::MailAddresses(_) | E::TooLarge { .. } => {
            Refusal::CertificateUnfit.about(why)
        }
    }
}

#[cfg(test)]
mod tests;
