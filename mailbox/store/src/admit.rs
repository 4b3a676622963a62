//! Admission (Profile §5): one function, one screen, in order; its result cannot be made any other way.

mod admitted;
mod arriving;
mod content;
mod excerpt;
mod fields;
mod parameters;

use fumibako_model::{
    Address, AgentId, CertificateKey, Domain, End, Login, OfficeNumber, Party, Promised, Refusal, Refused, Retention,
    Roll, Wishes, not_signed, not_trusted, revoked,
};
use fumibako_signer::{Certificate, Holder, Trust};
use jiff::Timestamp;

pub use admitted::{Admitted, Facts, Kept, Kind};
use admitted::{Beside, act};
pub use arriving::{Arrived, Arriving, Claimed, Via};
use content::Part;
use content::SignedBy;
pub use content::{RECEIPT_BYTES, Receipt, Word};
use fields::Fields;
pub use fields::message_id_of;

/// Who stands at the door with a message.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Who is logged in.
    pub login: &'a Login,
    /// `MAIL FROM`; nobody, as notifications come (RFC 8098 §3).
    pub from: Option<&'a Address>,
    /// `RCPT TO`, in order.
    pub to: &'a [Address],
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
    /// How long content of each day is kept, which is announced with it (Profile §8.25). Default 90 days.
    pub keep: Promised,
}

impl Rules {
    /// The defaults, for a domain.
    pub fn new(domain: Domain) -> Self {
        Self { domain, most_bytes: 25 << 20, accept_signed: true, keep: Promised::always(Retention::default()) }
    }
}

/// Admits a message or says why not. Nothing is asked of a clock, a file or a socket.
pub fn admit(
    arrival: Arrival<'_>,
    arrived: Arrived,
    roll: &Roll,
    trust: &Trust,
    rules: &Rules,
    now: Timestamp,
) -> Result<Admitted, Refused> {
    let fields = Fields::read(arrived.header())?; //                Profile §5.1: one header, within limits
    let recipient = one_recipient(arrival.to, &fields, roll)?; //   Profile §5.1: one recipient office
    let signature = arrived.signature().map_err(not_signed)?; //    Profile §4.1, §5.2: it is signed, and that verifies
    let named = trust.holder(signature, now).map_err(not_trusted)?; // Profile §5.3: chain, validity, usage
    trust.check_revocation(signature, now).map_err(revoked)?; //    Profile §5.3: not revoked, as far as lists say
    let from = one_sender(arrival.from, &fields, roll)?; //         Profile §5.4: one office sends
    let holder = bind(named, signature.signer(), roll)?; //         Profile §5.4: whose certificate it is
    let agent = who_acts(&holder, arrival.login, from)?; //         Profile §5.4, §5.5: the office itself, or one agent
    fields.name_sender(from, agent, roll.domain())?; //             Profile §5.4: `Sender` names the agent
    agent.map_or(Ok(()), |agent| roll.any_mandate(from, agent, now))?; // Profile §5.5: which has a mandate in force
    roll.registered(from, End::Sender)?; //                         Profile §5.6: both ends are known
    roll.registered(recipient, End::Recipient)?; //                 Profile §5.6
    two_offices(from, recipient)?; //                               Profile §5.6: sender ≠ recipient
    let (signer, signed_at) = (signature.signer().fingerprint(), signature.signing_time());
    let key = key_of(signature.signer());
    let papers = std::iter::once(signature.signer()).chain(signature.chain()).cloned().collect();
    let (statement, content_digest) = (signature.statement_digest(), *signature.digest());
    let (part, sums, body) = arrived.into_parts(); //               Profile §5.8: exactly once, decided in the store
    let named = fields.agree_with(part.header())?; //               Profile §5.7: signed fields equal the outer ones
    let signed_digest = (!named).then_some(statement); //           Profile §5.8: else its Message-ID alone says which it is
    let (kind, units) = match part {
        Part::Sealed(part) => content::sealed(part, &fields, (roll, trust), recipient, now)?, // Profile §5.10: he can open it
        Part::Readable(part) => {
            let by = SignedBy { fingerprint: &signer, at: signed_at };
            content::read(part.whole()?, &fields, (from, recipient), &by, (rules, now))? // Profile §5.7: names, units
        }
        Part::Unread(_) => return Err(Refusal::MessageMalformed.about("signed part")),
    };
    content::within_its_size(&kind, sums.size)?; //                 Profile §8.2: a receipt is short
    named_by_envelope(&kind, arrival.from)?; //                     Profile §5.4, §13.12
    kind.may_go((from, recipient), roll, now)?; //                  Profile §5.6: a bundle's ends hold a licence
    let act = act(&kind, recipient, &units);
    arrival.login.role_allows(act.scope())?; //                     Profile §19.1: the person may
    let mandate = agent.map(|agent| roll.mandate(from, agent, act, now)).transpose()?; // Profile §5.5: for just this
    let by = mandate.map(|mandate| Box::new(mandate.delegate()));
    let message_id = fields.message_id()?;
    Ok(Admitted::new(
        Facts {
            sums,
            signed_digest,
            content_digest,
            message_id,
            from,
            to: recipient,
            signer,
            by,
            kind,
            units: Box::new(units),
            beside: Box::new(Beside { key, papers, wishes: Wishes::default(), trust: None }),
        },
        body,
    ))
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

/// Profile §5.4: `From:` names exactly one office, and `MAIL FROM` equals it where it names somebody.
fn one_sender(envelope: Option<&Address>, fields: &Fields, roll: &Roll) -> Result<OfficeNumber, Refused> {
    let from = fields.from()?;
    fields.speak_of(&from)?; // Profile §5.1
    let other = |envelope: &Address| from.party() != envelope.party() || envelope.domain != from.domain;
    if from.domain != *roll.domain() || envelope.is_some_and(other) {
        return Err(Refusal::EnvelopeDiffers.about("From"));
    }
    from.office_number().ok_or_else(|| Refusal::EnvelopeDiffers.about("From"))
}

/// Profile §5.4, §5.5: the agent that acts for the office in `From`; `None`: the office acts itself. An agent shows by its
/// login or by its signature; the office's own login and certificate go with either. Two agents, or another office, are
/// nobody who may.
fn who_acts<'a>(holder: &'a Party, login: &'a Login, from: OfficeNumber) -> Result<Option<&'a AgentId>, Refused> {
    let signer = match holder {
        Party::Office(number) if *number == from => None,
        Party::Agent(agent) => Some(agent),
        Party::Office(_) => return Err(Refusal::NotItsCertificate.about(holder)),
    };
    if login.office().is_some_and(|office| office != from) {
        return Err(Refusal::NotMandated.about(from));
    }
    match (signer, login.agent()) {
        (Some(signer), Some(agent)) if signer != agent => Err(Refusal::NotItsCertificate.about(signer)),
        (signer, agent) => Ok(agent.or(signer)),
    }
}

/// RFC 8098 §3: a notification has no sender to be notified; a bundle has (Profile §5.4, §13.12).
fn named_by_envelope(kind: &Kind, envelope: Option<&Address>) -> Result<(), Refused> {
    match (kind, envelope) {
        (Kind::Bundle, None) => Err(Refusal::EnvelopeDiffers.about("MAIL FROM is empty")),
        _ => Ok(()),
    }
}

fn two_offices(from: OfficeNumber, to: OfficeNumber) -> Result<(), Refused> {
    if from == to { Err(Refusal::RecipientIsSender.about(from)) } else { Ok(()) }
}

/// Profile §5.4: the holder that a certificate names where its authority writes it, else the one the roll knows.
/// One that was taken off the roll is nobody's, whatever stands in it (Profile §19.12).
pub fn bind(named: Option<Holder>, certificate: &Certificate, roll: &Roll) -> Result<Party, Refused> {
    let key = key_of(certificate);
    roll.not_removed(&key)?;
    let party = named.and_then(|holder| match holder {
        Holder::Address(text) => {
            let address: Address = text.parse().ok()?;
            (address.domain == *roll.domain()).then(|| address.party()).flatten()
        }
        Holder::Number(text) => text.parse().ok(),
    });
    match party {
        Some(party) => Ok(party),
        None => roll.holder(&key),
    }
}

/// What names a certificate in the roll.
pub fn key_of(certificate: &Certificate) -> CertificateKey {
    CertificateKey { issuer: certificate.issuer(), serial: certificate.serial_hex() }
}

#[cfg(test)]
mod tests;
