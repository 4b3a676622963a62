//! Admission (Profile §5): one function, one screen, in order; its result cannot be made any other way.

mod content;
mod fields;

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use fumibako_model::{Address, CertificateKey, Domain, End, OfficeNumber, Party, Private, Refusal, Refused, Roll};
use fumibako_signer::{Certificate, CertificateError, Holder, RevocationError, SignatureError, Signed, Trust};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use memchr::memmem;

use content::Form;
pub use content::Receipt;
use fields::Fields;
pub use fields::message_id_of;

/// A message at the door.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Who is logged in.
    pub login: &'a Party,
    /// `MAIL FROM`.
    pub from: &'a Address,
    /// `RCPT TO`, in order.
    pub to: &'a [Address],
    /// The message, as received.
    pub octets: Private<&'a [u8]>,
    /// Where the connection comes from.
    pub peer: IpAddr,
}

/// A message that passed every check. Private fields and no other constructor: what nobody checked cannot be stored.
#[derive(Clone, Debug)]
pub struct Admitted {
    octets: Private<Vec<u8>>,
    size: u64,
    sha256: [u8; 32],
    signed_digest: [u8; 32],
    content_digest: [u8; 32],
    message_id: String,
    from: OfficeNumber,
    to: OfficeNumber,
    signer: [u8; 32],
    kind: Kind,
}

/// What kind of message it is; the kinds differ in one `match` here and in one in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 送信データ.
    Bundle,
    /// 受領証: the signed receipt for an earlier bundle.
    Receipt(Receipt),
}

/// What the operator decides about admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The mail domain of this gateway.
    pub domain: Domain,
    /// Largest message, in bytes. Default 25 MiB.
    pub most_bytes: usize,
    /// Are bundles that the gateway could read accepted? Default: yes; sealed ones always are.
    pub accept_signed: bool,
}

impl Rules {
    /// The defaults, for a domain.
    pub fn new(domain: Domain) -> Self {
        Self { domain, most_bytes: 25 << 20, accept_signed: true }
    }
}

/// Admits a message or says why not. Nothing is asked of a clock, a file or a socket.
pub fn admit(
    arrival: Arrival<'_>,
    roll: &Roll,
    trust: &Trust,
    rules: &Rules,
    now: Timestamp,
) -> Result<Admitted, Refused> {
    let octets = arrival.octets.0;
    let fields = Fields::read(octets, rules.most_bytes)?; //        Profile §5.1: within limits, one header
    let recipient = one_recipient(arrival.to, &fields, roll)?; //   Profile §5.1: one recipient office
    let signed = Signed::read(octets).map_err(not_signed)?; //      Profile §4.1, §5.2: the outer layer is a signature
    let signature = signed.verify().map_err(not_signed)?; //        Profile §5.2: it verifies over these bytes
    let named = trust.holder(&signature, now).map_err(not_trusted)?; // Profile §5.3: chain, validity, usage
    trust.check_revocation(&signature, now).map_err(revoked)?; //   Profile §5.3: not revoked, as far as lists say
    let from = one_sender(arrival.from, &fields, roll)?; //         Profile §5.4: one office sends
    let holder = bind(named, signature.signer(), roll)?; //         Profile §5.4: whose certificate it is
    its_certificate(&holder, from)?; //                             Profile §5.4: the office's own
    roll.may_send(arrival.login, from)?; //                         Profile §5.5: own office, or a mandate
    roll.licensed(from, End::Sender, now)?; //                      Profile §5.6: both ends hold a licence
    roll.licensed(recipient, End::Recipient, now)?; //              Profile §5.6
    two_offices(from, recipient)?; //                               Profile §5.6: sender ≠ recipient
    fields.agree_with(signed.part())?; //                           Profile §5.7: signed fields equal the outer ones
    let kind = match content::form(signed.part())? {
        Form::Sealed => content::sealed(signed.part(), &fields, roll, recipient, now)?, // Profile §5.10: he can open it
        Form::Readable => content::read(signed.part(), &fields, (from, recipient), rules)?, // Profile §5.7: names, units
    };
    Ok(Admitted {
        size: octets.len() as u64,
        sha256: sha256(octets), //                                  Profile §5.8: exactly once, decided in the store
        signed_digest: sha256(body(octets)), //                     Profile §5.8
        content_digest: sha256(signed.part()),
        message_id: fields.message_id()?,
        signer: signature.signer().fingerprint(),
        octets: Private([trace(&arrival, roll, now).as_bytes(), octets].concat()),
        from,
        to: recipient,
        kind,
    })
}

/// Profile §5.1: a bundle goes to one office of this gateway, and `To:` names it.
fn one_recipient(to: &[Address], fields: &Fields, roll: &Roll) -> Result<OfficeNumber, Refused> {
    let [to] = to else { return Err(Refusal::OneRecipientOnly.about(to.len())) };
    if to.domain != *roll.domain() {
        return Err(Refusal::OtherDomain.about(&to.domain));
    }
    let office = to.office_number().ok_or_else(|| Refusal::RecipientUnknown.about(to))?;
    if fields.to()?.office_number() != Some(office) {
        return Err(Refusal::EnvelopeDiffers.about("To"));
    }
    Ok(office)
}

/// Profile §5.4: `From:` names exactly one office, and `MAIL FROM` equals it.
fn one_sender(envelope: &Address, fields: &Fields, roll: &Roll) -> Result<OfficeNumber, Refused> {
    let from = fields.from()?;
    fields.speak_of(&from)?; // Profile §5.1
    if from.domain != *roll.domain() || from.party() != envelope.party() || envelope.domain != from.domain {
        return Err(Refusal::EnvelopeDiffers.about("From"));
    }
    from.office_number().ok_or_else(|| Refusal::EnvelopeDiffers.about("From"))
}

/// Profile §5.4: the signer is the office in `From:`. Mandated agents join here (Profile §9).
fn its_certificate(holder: &Party, from: OfficeNumber) -> Result<(), Refused> {
    if *holder == Party::Office(from) { Ok(()) } else { Err(Refusal::NotItsCertificate.about(holder)) }
}

fn two_offices(from: OfficeNumber, to: OfficeNumber) -> Result<(), Refused> {
    if from == to { Err(Refusal::RecipientIsSender.about(from)) } else { Ok(()) }
}

/// Profile §5.4: the holder that a certificate names where its authority writes it, else the one the roll knows.
pub fn bind(named: Option<Holder>, certificate: &Certificate, roll: &Roll) -> Result<Party, Refused> {
    let party = named.and_then(|holder| match holder {
        Holder::Address(text) => {
            let address: Address = text.parse().ok()?;
            (address.domain == *roll.domain()).then(|| address.party()).flatten()
        }
        Holder::Number(text) => text.parse().ok(),
    });
    match party {
        Some(party) => Ok(party),
        None => roll.holder(&CertificateKey { issuer: certificate.issuer(), serial: certificate.serial_hex() }),
    }
}

/// Whether a certificate was revoked, as the catalogue says it.
fn revoked(error: RevocationError) -> Refused {
    use RevocationError as E;
    match error {
        E::Certificate(error) => not_trusted(error),
        E::Revoked { .. } => Refusal::CertificateRevoked.about(error),
        E::Stale { .. } | E::NoList { .. } => Refusal::RevocationUnknown.about(error),
    }
}

/// What stands under the header section, which was read before.
fn body(octets: &[u8]) -> &[u8] {
    memmem::find(octets, b"\r\n\r\n").map_or(octets, |end| &octets[end + 4..])
}

fn sha256(octets: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, octets).as_ref());
    sum
}

/// RFC 5321 §4.4: the trace field of a message that was accepted here.
fn trace(arrival: &Arrival<'_>, roll: &Roll, now: Timestamp) -> String {
    let peer = match arrival.peer {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    };
    let date = DateTimePrinter::new().timestamp_to_string(&now).unwrap_or_default();
    format!("Received: from {peer}\r\n by {} with ESMTPSA;\r\n {date}\r\n", roll.domain())
}

/// Why a signature is not believed, as the catalogue says it.
fn not_signed(error: SignatureError) -> Refused {
    use SignatureError as E;
    let why = match &error {
        E::NotSigned | E::Opaque => Refusal::NotSigned,
        E::ContentChanged | E::BadSignature | E::OtherCertificate => Refusal::SignatureBroken,
        E::Algorithm(_) => Refusal::AlgorithmNotAllowed,
        E::Malformed { .. } | E::TooLarge { .. } | E::ContentAttached | E::Signers(_) | E::NoCertificate => {
            Refusal::SignatureMalformed
        }
    };
    why.about(error)
}

/// Why a certificate is not believed, as the catalogue says it.
pub fn not_trusted(error: CertificateError) -> Refused {
    use CertificateError as E;
    let why = match &error {
        E::UnknownIssuer { .. } => Refusal::UnknownAuthority,
        E::Expired { .. } => Refusal::CertificateExpired,
        E::NotYetValid { .. } => Refusal::CertificateNotYetValid,
        E::WeakKey(_) => Refusal::AlgorithmNotAllowed,
        E::WrongUsage(_)
        | E::Malformed(_)
        | E::BadChain(_)
        | E::Authority
        | E::MailAddresses(_)
        | E::TooLarge { .. } => Refusal::CertificateUnfit,
    };
    why.about(error)
}

impl Admitted {
    /// The octets to store: as received, under the gateway's trace field.
    pub fn octets(&self) -> &[u8] {
        &self.octets.0
    }
    /// How many octets were received.
    pub fn size(&self) -> u64 {
        self.size
    }
    /// SHA-256 of the octets as received.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
    /// SHA-256 of the signed part with its signature: the same again is no new message, whatever its header says.
    pub fn signed_digest(&self) -> &[u8; 32] {
        &self.signed_digest
    }
    /// SHA-256 of the signed part, which a receipt must name.
    pub fn content_digest(&self) -> &[u8; 32] {
        &self.content_digest
    }
    /// The Message-ID, without angle brackets.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }
    /// The sending office.
    pub fn from(&self) -> OfficeNumber {
        self.from
    }
    /// The receiving office.
    pub fn to(&self) -> OfficeNumber {
        self.to
    }
    /// SHA-256 of the signer's certificate.
    pub fn signer(&self) -> &[u8; 32] {
        &self.signer
    }
    /// What kind of message it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }
}

impl Kind {
    /// The word in logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Receipt(_) => "receipt",
        }
    }
}
