//! Opening: whose words are these, and are they for us? In this order, and nothing is decrypted or unpacked before.

use std::str::FromStr as _;

use fumibako_model::{
    Address, AgentId, BUNDLE_FIELD, BundleFacts, Domain, Fault, OfficeNumber, Party, Private, ROUTING_FIELDS, Refusal,
    Refused, THE_OFFICE, is_routing, not_signed, not_trusted, revoked, routing_agrees,
};
use fumibako_signer::{CompressError, DecryptError, Enveloped, Identity, OpenError, Signature, Signed, Trust, expand};
use jiff::Timestamp;
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use zeroize::Zeroizing;

use super::Contents;
use super::fields::{HP_OUTER_FIELD, RECIPIENTS_FIELD};
use crate::owner::holder;

/// Who reads, and whom it believes.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'r> {
    /// The office the message must be addressed to.
    pub us: &'r Address,
    /// The authorities that are believed.
    pub trust: &'r Trust,
    /// The keys that may open it.
    pub keys: &'r [Identity],
    /// The moment at which certificates are judged.
    pub now: Timestamp,
}

/// A message whose signatures, certificate and office hold. There is no other way to come by one.
#[derive(Debug)]
pub struct Opened {
    message_id: String,
    from: OfficeNumber,
    by: Option<AgentId>,
    sealed: bool,
    announced: Option<BundleFacts>,
    subject: Option<String>,
    entity: Private<Vec<u8>>,
    signature: Signature,
    innermost: Signature,
}

/// What everybody on the way can see of a message, and that holds.
struct Outside<'m> {
    signed: Signed<'m>,
    signature: Signature,
    outer: Message<'m>,
    from: OfficeNumber,
    by: Option<AgentId>,
    message_id: String,
    sealed: bool,
}

/// Opens a message addressed to the reader.
pub fn open(message: &[u8], reader: &Reader<'_>) -> Result<Opened, Refused> {
    let Outside { signed, signature, outer, from, by, message_id, sealed } = outside(message, reader)?;
    let (entity, innermost) = if sealed {
        unsealed(message, &outer, &headers_of(signed.part())?, reader)?
    } else {
        (Private(signed.part().to_vec()), signature.clone())
    };
    let subject = headers_of(&entity.0)?.subject().map(str::to_owned);
    let announced = announced_in(&outer);
    Ok(Opened { message_id, from, by, sealed, announced, subject, entity, signature, innermost })
}

/// What is told to the sender of a message that was not believed, and the digest that the outer signature vouches for where it
/// holds. What is wrong behind a seal is one fault, whatever it is (Profile §8.22): else somebody could change a seal bit by bit
/// and read it off our answers.
pub fn fault_of(message: &[u8], reader: &Reader<'_>, why: Refusal) -> (Fault, Option<[u8; 32]>) {
    let signature = Signed::read(message).ok().and_then(|signed| signed.verify().ok());
    let fault = match outside(message, reader) {
        Ok(outside) if outside.sealed => Fault::DecryptionFailed,
        _ => fault_as_seen(why),
    };
    (fault, signature.map(|signature| *signature.digest()))
}

fn fault_as_seen(why: Refusal) -> Fault {
    match why {
        Refusal::SignatureBroken | Refusal::SignedFieldsDiffer => Fault::IntegrityCheckFailed,
        Refusal::NotSigned
        | Refusal::SignatureMalformed
        | Refusal::AlgorithmNotAllowed
        | Refusal::UnknownAuthority
        | Refusal::CertificateExpired
        | Refusal::CertificateNotYetValid
        | Refusal::CertificateUnfit
        | Refusal::CertificateRevoked
        | Refusal::CertificateNamesNobody
        | Refusal::NotItsCertificate => Fault::AuthenticationFailed,
        _ => Fault::UnexpectedProcessingError,
    }
}

fn outside<'m>(message: &'m [u8], reader: &Reader<'_>) -> Result<Outside<'m>, Refused> {
    let signed = Signed::read(message).map_err(|why| not_signed(&why))?; // Profile §5.2: the outer layer is a signature
    let signature = signed.verify().map_err(|why| not_signed(&why))?;
    reader.trust.check(&signature, reader.now).map_err(not_trusted)?; // Profile §5.3: chain, validity, purpose
    reader.trust.check_revocation(&signature, reader.now).map_err(revoked)?; // Profile §5.3: not revoked
    let outer = headers_of(message)?;
    let from = only_office(&outer)?;
    let domain = &reader.us.domain;
    let by = agent_in(&outer, domain);
    is_its_certificate(&signature, (from, by.as_ref()), (reader.trust, domain), reader.now)?; // Profile §5.4: of the office in From, or its agent
    speaks_alone(&outer)?; // Profile §5.1: nobody else is shown as the sender
    let part = headers_of(signed.part())?;
    repeated_fields_agree(&outer, &part)?; // Profile §5.7: signed fields equal the outer ones
    is_for_us(&outer, reader.us)?;
    let message_id =
        outer.message_id().filter(|id| !id.is_empty()).ok_or(Refusal::MessageMalformed.about("Message-ID"))?;
    let (message_id, sealed) = (message_id.to_owned(), is_envelope(&part));
    Ok(Outside { signed, signature, outer, from, by, message_id, sealed })
}

/// Opens a message of our own that waits here, whatever became of its certificate meanwhile; nothing of it is shown.
pub(crate) fn own(message: &[u8], keys: &[Identity]) -> Option<Contents> {
    Contents::read(Signed::read(&innermost_layer(message, keys)?).ok()?.part()).ok()
}

/// The signature over the content itself, which asks for a signed receipt (RFC 2634 §2.2). `None`: it does not hold, or no
/// key opens the seal around it.
pub(crate) fn innermost(message: &[u8], keys: &[Identity]) -> Option<Signature> {
    Signed::read(&innermost_layer(message, keys)?).ok()?.verify().ok()
}

/// The content with its own signature: what is inside the seal, or the message itself. Its outer signature holds.
fn innermost_layer(message: &[u8], keys: &[Identity]) -> Option<Zeroizing<Vec<u8>>> {
    let signed = Signed::read(message).ok()?;
    signed.verify().ok()?;
    if !is_envelope(&headers_of(signed.part()).ok()?) {
        return Some(Zeroizing::new(message.to_vec()));
    }
    let clear = Enveloped::read(signed.part()).ok()?.decrypt(keys).ok()?;
    match expand(&clear) {
        Err(CompressError::NotCompressed) => Some(clear),
        expanded => expanded.ok(),
    }
}

/// Would a reader of this message need a key?
pub fn is_sealed(message: &[u8]) -> bool {
    let part = Signed::read(message).ok().map(|signed| signed.part());
    part.and_then(|part| headers_of(part).ok()).is_some_and(|part| is_envelope(&part))
}

impl Opened {
    /// Its Message-ID, without angle brackets.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The office it is from.
    pub fn from(&self) -> OfficeNumber {
        self.from
    }

    /// The agent that acted for the office, if one did (Profile §9.10).
    pub fn by(&self) -> Option<&AgentId> {
        self.by.as_ref()
    }

    /// Was it sealed, or signed only?
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// What its signed fields say it carries.
    pub fn announced(&self) -> Option<&BundleFacts> {
        self.announced.as_ref()
    }

    /// The subject under the innermost signature.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// What was signed by the sender for its reader, octet for octet.
    pub fn entity(&self) -> &[u8] {
        &self.entity.0
    }

    /// The verified signature that everybody on the way could see; its digest is the one a receipt names (Profile §8.2).
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The verified signature over the content itself: that inside the seal, else the only one. It may ask for a signed
    /// receipt (RFC 2634 §2.2).
    pub fn innermost(&self) -> &Signature {
        &self.innermost
    }
}

/// RFC 8551 §3.2: what the signed part says of itself.
pub(crate) fn is_envelope(part: &Message<'_>) -> bool {
    part.content_type().is_some_and(|kind| {
        let subtype = kind.subtype().unwrap_or_default();
        kind.ctype().eq_ignore_ascii_case("application")
            && ["pkcs7-mime", "x-pkcs7-mime"].iter().any(|known| subtype.eq_ignore_ascii_case(known))
    })
}

/// What the sender sealed for us. Profile §4.5: the outer signature first, then the envelope, then the inner signature by
/// the same signer; the order is the signer's own.
fn unsealed(
    message: &[u8],
    outer: &Message<'_>,
    part: &Message<'_>,
    reader: &Reader<'_>,
) -> Result<(Private<Vec<u8>>, Signature), Refused> {
    // Profile §5.10: what cannot be read on the way must be signed on the way.
    if routing(part).is_empty() {
        return Err(Refusal::SignedFieldsDiffer.about("the sealed part repeats no fields"));
    }
    let opened = fumibako_signer::open(message, reader.trust, reader.keys, reader.now).map_err(|why| closed(&why))?;
    let inner = headers_of(opened.entity())?;
    fields_inside_agree(outer, &inner)?;
    is_addressed(&inner, reader.us)?;
    Ok((Private(opened.entity().to_vec()), opened.inner().clone()))
}

/// Profile §4.7: the fields inside the seal equal the outer ones, so nobody can put a seal under another's header.
pub(crate) fn fields_inside_agree(outer: &Message<'_>, inner: &Message<'_>) -> Result<(), Refused> {
    let is_recipients = |(name, _): &(String, String)| name.eq_ignore_ascii_case(RECIPIENTS_FIELD);
    let inside: Vec<_> = routing(inner).into_iter().filter(|field| !is_recipients(field)).collect();
    if inside != routing(outer) {
        return Err(Refusal::SignedFieldsDiffer.about("inside the seal"));
    }
    // RFC 9788 §2.2: what the sender wrote outside is what stands there.
    for (_, line) in values(inner, |name| name.eq_ignore_ascii_case(HP_OUTER_FIELD)) {
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let outside = values(outer, |found| found.eq_ignore_ascii_case(name.trim()));
        if !outside.iter().any(|(_, found)| found == value.trim()) {
            return Err(Refusal::SignedFieldsDiffer.about("HP-Outer"));
        }
    }
    Ok(())
}

/// Profile §4.7: a seal that its first reader opened and encrypted again for us was not meant for us.
pub(crate) fn is_addressed(inner: &Message<'_>, us: &Address) -> Result<(), Refused> {
    let named = values(inner, |name| name.eq_ignore_ascii_case(RECIPIENTS_FIELD));
    let [(_, list)] = named.as_slice() else { return Err(Refusal::MessageMalformed.about(RECIPIENTS_FIELD)) };
    let mut addresses = list.split(',').map(|one| one.trim().trim_start_matches('<').trim_end_matches('>'));
    if addresses.any(|text| is_us(text, us)) { Ok(()) } else { Err(Refusal::EnvelopeDiffers.about(RECIPIENTS_FIELD)) }
}

/// What a message says of itself.
pub(crate) fn announced_in(message: &Message<'_>) -> Option<BundleFacts> {
    let value = message.header_raw(BUNDLE_FIELD)?;
    value.split_whitespace().collect::<Vec<_>>().join(" ").parse().ok()
}

pub(crate) fn headers_of(message: &[u8]) -> Result<Message<'_>, Refused> {
    MessageParser::default().parse_headers(message).ok_or_else(|| Refusal::MessageMalformed.into())
}

/// RFC 5322 §3.6.2 allows several authors; a bundle has exactly one (Profile §5.4).
pub(crate) fn only_office(message: &Message<'_>) -> Result<OfficeNumber, Refused> {
    let mut senders = message.from().into_iter().flat_map(|list| list.iter());
    let address = senders.next().and_then(|sender| sender.address());
    let office = address.and_then(|text| Address::from_str(text).ok()).and_then(|address| address.office_number());
    match (office, senders.next()) {
        (Some(office), None) => Ok(office),
        _ => Err(Refusal::MessageMalformed.about("From")),
    }
}

/// The agent of this domain that `Sender` names (Profile §9.10).
pub(crate) fn agent_in(message: &Message<'_>, domain: &Domain) -> Option<AgentId> {
    let sender = address(message.sender()).filter(|sender| sender.domain == *domain)?;
    if let Some(Party::Agent(agent)) = sender.party() { Some(agent) } else { None }
}

/// The agent that `Sender` names, of whatever domain: for lists and views, and nothing rests on it.
pub(crate) fn agent_of(message: &Message<'_>) -> Option<String> {
    match address(message.sender())?.party()? {
        Party::Agent(agent) => Some(agent.to_string()),
        Party::Office(_) => None,
    }
}

/// Profile §5.4, §9.10: it is the certificate of the office in `From`, or of the agent in `Sender`, whose mandate the gateway
/// held against the message when it came.
pub(crate) fn is_its_certificate(
    signature: &Signature,
    (from, by): (OfficeNumber, Option<&AgentId>),
    (trust, domain): (&Trust, &Domain),
    at: Timestamp,
) -> Result<(), Refused> {
    let signer = signature.signer();
    match holder((signer, signature.chain()), trust, domain, at).map_err(not_trusted)? {
        Some(Party::Office(office)) if office == from => Ok(()),
        Some(Party::Agent(agent)) if by == Some(&agent) => Ok(()),
        Some(other) => Err(Refusal::NotItsCertificate.about(other)),
        None => Err(Refusal::CertificateNamesNobody.about(format_args!("serial {}", signer.serial_hex()))),
    }
}

/// Profile §4.2: a signed part that repeats one of the fields repeats them all, and all are equal. A plain mail tool
/// repeats none; then only the certificate vouches for the sender.
pub(crate) fn repeated_fields_agree(outer: &Message<'_>, signed: &Message<'_>) -> Result<(), Refused> {
    for name in ROUTING_FIELDS {
        if values(outer, |found| found == name).len() > 1 {
            return Err(Refusal::MessageMalformed.about(format_args!("{name} stands twice")));
        }
    }
    routing_agrees(&routing(outer), &routing(signed))?;
    // RFC 9788: the subject that was signed is the subject that is shown.
    let subject = values(signed, |name| name == "subject");
    if !subject.is_empty() && subject != values(outer, |name| name == "subject") {
        return Err(Refusal::SignedFieldsDiffer.about("subject"));
    }
    Ok(())
}

/// The routing fields of a header, and those of ours.
pub(crate) fn routing(message: &Message<'_>) -> Vec<(String, String)> {
    values(message, is_routing)
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

/// Profile §5.1: no name beside `From` is another office's number, and no answer goes to anybody else.
pub(crate) fn speaks_alone(outer: &Message<'_>) -> Result<(), Refused> {
    // RFC 5322 §3.4: a group shows a name of its own above its addresses.
    let listed = outer.from().filter(|from| from.as_list().is_some());
    let from = address(listed).ok_or(Refusal::EnvelopeDiffers.about("From"))?;
    let shown = outer.from().and_then(|from| from.first()?.name());
    // Profile §5.4: an agent that acts is named there, and signed.
    let sender = agent_in(outer, &from.domain).is_none().then_some("sender");
    let others = THE_OFFICE.into_iter().chain(sender).filter_map(|name| {
        let found = values(outer, |known| known == name);
        let [(_, value)] = found.as_slice() else { return (!found.is_empty()).then_some((name, None)) };
        // The parser knows only some fields as addresses.
        let text = format!("From: {value}\r\n\r\n");
        Some((name, headers_of(text.as_bytes()).ok().and_then(|parsed| address(parsed.from()))))
    });
    fumibako_model::speaks_alone(&from, shown, others)
}

/// A message signed for another office and forwarded here is not for us.
fn is_for_us(outer: &Message<'_>, us: &Address) -> Result<(), Refused> {
    let mut recipients = outer.to().into_iter().flat_map(|list| list.iter()).filter_map(|to| to.address());
    if recipients.any(|text| is_us(text, us)) { Ok(()) } else { Err(Refusal::EnvelopeDiffers.about("To")) }
}

/// The one address of a field.
pub(crate) fn address(field: Option<&mail_parser::Address<'_>>) -> Option<Address> {
    let mut all = field.into_iter().flat_map(|list| list.iter());
    let first = all.next()?.address()?;
    first.parse().ok().filter(|_| all.next().is_none())
}

/// A service kind is a sub-address of the same office.
fn is_us(text: &str, us: &Address) -> bool {
    Address::from_str(text).is_ok_and(|a| a.domain == us.domain && a.office_number() == us.office_number())
}

/// Why a seal stays closed. Which byte of it was wrong is nobody's business.
pub(crate) fn closed(why: &OpenError) -> Refused {
    match why {
        OpenError::Outer(why) => not_signed(why),
        OpenError::Signer(why) => not_trusted(why.clone()),
        OpenError::Envelope(DecryptError::NotForUs) => Refusal::SealedForOthers.into(),
        OpenError::Envelope(DecryptError::Algorithm(why)) => Refusal::AlgorithmNotAllowed.about(why),
        OpenError::Envelope(_) => Refusal::SealBroken.into(),
        OpenError::OtherSigner => Refusal::NotItsCertificate.about("inside the seal"),
    }
}

#[cfg(test)]
mod tests;
