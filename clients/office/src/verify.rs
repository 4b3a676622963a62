//! Verifying a message from a file, layer by layer: what holds, what does not, what was not looked at, and why.
//!
//! The rules are those of [`crate::bundle::open()`], which stops at the first that does not hold; a test holds the two
//! together. The order is the same, so nothing is decrypted whose outer signature does not hold (Profile §4.5).

mod deeds;
mod erased;
mod file;
mod layer;
mod letter;
mod proof;
mod receipt;
mod stamp;
mod words;

use fumibako_careplan::Lang;
use fumibako_model::{Address, Domain, OfficeNumber, Party, Refusal, Refused, not_signed, not_trusted, revoked};
use fumibako_signer::{
    DecryptError, Enveloped, Identity, RevocationError, Signature, SignatureError, Signed, Trust, WithoutList, expand,
};
use jiff::Timestamp;
use mail_parser::Message;
use zeroize::Zeroizing;

use crate::bundle::Contents;
use crate::bundle::open as rules;
use crate::owner::holder;
use crate::receipt::notification;
use stamp::Lists;

pub use file::{Input, MESSAGE_BYTES, NotWhole, read, read_input};
pub use layer::{Fact, Layer, State, Unseen, What};
pub use letter::{LetterJudge, is_the_gateways_letter, verify_letter};
pub use proof::{Vouchers, Witnessed, verify_continuation, verify_proof};
pub use stamp::Stampers;

/// Whom to believe, as of when, and what can be opened.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'j> {
    /// The authorities that are believed, with their revocation lists; without a list nothing is said about revocation.
    pub trust: &'j Trust,
    /// The authorities that are believed about time, and about nothing else.
    pub stampers: Option<&'j Stampers>,
    /// The keys that may open a seal; none leaves it closed.
    pub keys: &'j [Identity],
    /// The domain of all offices, if it is known; else that of `From`.
    pub domain: Option<&'j Domain>,
    /// The message that a receipt is held against.
    pub original: Option<&'j [u8]>,
    /// The moment at which certificates are judged.
    pub at: Timestamp,
}

impl Judge<'_> {
    /// Whose certificate it is. One that contradicts itself is nobody's.
    fn party(&self, signature: &Signature, domain: &Domain) -> Option<Party> {
        holder((signature.signer(), signature.chain()), self.trust, domain, self.at).ok().flatten()
    }

    /// The office whose certificate it is.
    fn owner(&self, signature: &Signature, domain: &Domain) -> Option<OfficeNumber> {
        if let Some(Party::Office(office)) = self.party(signature, domain) { Some(office) } else { None }
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Signed, encrypted, signed again.
    Sealed,
    /// Signed only.
    Signed,
    /// 受領証: a notification, perhaps with a signed receipt.
    Receipt,
    /// The word that a bundle could not be opened (Profile §8.22); no receipt.
    Failure,
    /// What the gateway tells of a bundle, with the evidence (Profile §8.17).
    Report,
    /// What the gateway writes else, such as about a licence (Profile §10.7).
    Letter,
    /// A signed receipt alone (RFC 2634 §2), as other programs send it.
    SignedReceipt,
    /// Not signed.
    Unsigned,
    /// No message: evidence with all that proves it.
    Proof,
}

/// Everything that was found.
#[derive(Debug)]
pub struct Report {
    /// What the message is.
    pub form: Form,
    /// From the outside in.
    pub layers: Vec<Layer>,
}

impl Report {
    /// Does everything hold that was looked at?
    pub fn holds(&self) -> bool {
        !self.layers.iter().any(|layer| matches!(layer.state, State::Fails(_)))
    }

    /// How many layers were not looked at.
    pub fn unseen(&self) -> usize {
        self.layers.iter().filter(|layer| matches!(layer.state, State::Unseen(_))).count()
    }

    /// What the gateway was to keep beside the evidence and the file has not (Profile §8.18): it is spoilt there. Evidence without the
    /// state of trust is from before that, and misses nothing.
    pub(crate) fn lacks(&self, found: &Witnessed) -> Vec<What> {
        let keeps = found.pieces.iter().any(|piece| piece.evidence.trust.is_some());
        let kept = [What::TrustState, What::SenderCertificate, What::RecipientCertificate, What::Receipt];
        let missing = |layer: &&Layer| layer.state == State::Unseen(Unseen::NotInProof) && kept.contains(&layer.what);
        self.layers.iter().filter(|_| keeps).filter(missing).map(|layer| layer.what).collect()
    }

    /// The names of what was not looked at, and how often, in a line.
    pub(crate) fn unseen_names(&self, lang: Lang) -> String {
        let mut names: Vec<(&str, usize)> = Vec::new();
        for layer in self.layers.iter().filter(|layer| matches!(layer.state, State::Unseen(_))) {
            let name = layer.what.name(lang);
            match names.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => names.push((name, 1)),
            }
        }
        let listed = names.iter().map(|(name, count)| match (count, lang) {
            (1, _) => (*name).to_owned(),
            (many, Lang::Ja) => format!("{name}（{many} 項目）"),
            (many, Lang::En) => format!("{name} ({many})"),
        });
        listed.collect::<Vec<_>>().join(lang.pick("、", ", "))
    }

    fn new(form: Form) -> Self {
        Self { form, layers: Vec::new() }
    }

    fn add(&mut self, what: What, state: impl Into<State>, facts: Vec<Fact>) {
        self.layers.push(Layer { what, state: state.into(), facts });
    }

    fn unseen_all(&mut self, all: &[What], why: Unseen) {
        for what in all {
            self.add(*what, State::Unseen(why), Vec::new());
        }
    }

    fn state(&self, what: What) -> Option<&State> {
        self.layers.iter().find(|layer| layer.what == what).map(|layer| &layer.state)
    }
}

/// Verifies a message, every line of it ending with CRLF ([`read`] sees to that). Profile §4.9: what cannot be opened, or
/// rests on what does not hold, is named as not looked at.
pub fn verify(message: &[u8], judge: &Judge<'_>) -> Report {
    if Signed::read(message).is_err() && receipt::is_alone(message) {
        return Report::of_a_signed_receipt(message, judge);
    }
    let (mut report, signed, signature) = match Report::signature(message, form) {
        Ok(found) => found,
        Err(report) => return report,
    };
    let believed = report.certificate(&signature, judge);
    report.signature_stamped(&signature, judge);
    let outer = rules::headers_of(message);
    let part = rules::headers_of(signed.part());
    let (Ok(outer), Ok(part)) = (outer, part) else {
        report.add(What::RoutingFields, State::Fails(Refusal::MessageMalformed.into()), Vec::new());
        return report;
    };
    let from = rules::only_office(&outer);
    report.holder(&signature, &outer, &from, judge);
    report.routing(&outer, &part);
    match report.form {
        Form::Sealed => report.sealed(signed.part(), &outer, (&signature, believed), judge),
        Form::Receipt | Form::Failure => report.receipt(signed.part(), &outer, (&signature, &from), judge),
        Form::Signed | Form::SignedReceipt | Form::Report | Form::Letter | Form::Unsigned | Form::Proof => {
            report.signed(signed.part(), &outer, &from);
        }
    }
    report
}

fn form(part: &[u8]) -> Form {
    match rules::headers_of(part) {
        Ok(header) if rules::is_envelope(&header) => Form::Sealed,
        Ok(_) => match notification(part) {
            Some(notification) if notification.fault().is_some() => Form::Failure,
            Some(_) => Form::Receipt,
            None => Form::Signed,
        },
        Err(_) => Form::Signed,
    }
}

/// The outside: everything that anybody on the way can see.
impl Report {
    /// The signature that everybody can see, with what it signs; else all that is left to say.
    fn signature(message: &[u8], form: fn(&[u8]) -> Form) -> Result<(Self, Signed<'_>, Signature), Self> {
        let broken = |form: Form, why: &SignatureError| {
            let mut report = Self::new(form);
            report.add(What::OuterSignature, State::Fails(not_signed(why)), Vec::new());
            report.unseen_all(What::outside(form), Unseen::Earlier);
            report.unseen_all(What::inside(form), Unseen::Earlier);
            report
        };
        let signed = Signed::read(message).map_err(|why| broken(Form::Unsigned, &why))?;
        let form = form(signed.part());
        let signature = signed.verify().map_err(|why| broken(form, &why))?;
        let mut report = Self::new(form);
        report.add(What::OuterSignature, State::Holds, layer::signer(&signature));
        Ok((report, signed, signature))
    }

    /// Profile §5.3. Whether the signer is believed, so that more may be opened.
    fn certificate(&mut self, signature: &Signature, judge: &Judge<'_>) -> bool {
        let chain = judge.trust.check(signature, judge.at).map_err(not_trusted);
        let leads = chain.is_ok();
        self.add(What::Authority, chain, layer::authority(signature.signer()));
        let revocation = match judge.trust.check_revocation(signature, judge.at) {
            Ok(()) => State::Holds,
            Err(RevocationError::Certificate(_)) => State::Unseen(Unseen::Earlier),
            Err(RevocationError::NoList { .. }) => State::Unseen(Unseen::NoList),
            Err(why) => State::Fails(revoked(why)),
        };
        let revoked = matches!(revocation, State::Fails(_));
        self.add(What::Revocation, revocation, Vec::new());
        leads && !revoked
    }

    /// Profile §4.21: when the signature existed, if a stamp beside it says so. The authorities of offices vouch for those below them.
    fn signature_stamped(&mut self, signature: &Signature, judge: &Judge<'_>) {
        let Some(claimed) = signature.time_stamp() else { return };
        // Where nothing tells what an authority revoked, that was not looked at, however its certificates are believed.
        let ours = judge.trust.stamping().without_list(WithoutList::Refuse);
        let by: Vec<Trust> = judge.stampers.and_then(Stampers::trust).cloned().into_iter().chain([ours]).collect();
        self.time_stamp(claimed, (judge.stampers, &by), (judge.at, Lists::Current));
    }

    /// Profile §5.4: the certificate is that of the office in `From`, or (§9.10) of the agent in `Sender`.
    fn holder(
        &mut self,
        signature: &Signature,
        outer: &Message<'_>,
        from: &Result<OfficeNumber, Refused>,
        judge: &Judge<'_>,
    ) {
        let claimed = rules::address(outer.from());
        let domain = judge.domain.or(claimed.as_ref().map(|address| &address.domain));
        let named = domain.and_then(|domain| judge.party(signature, domain));
        let mut facts = vec![Fact::text("from", "差出人（From）", "From", claimed.as_ref().map(ToString::to_string))];
        facts.push(match &named {
            Some(Party::Agent(agent)) => {
                Fact::text("agent", "証明書の代行業者", "agent in the certificate", Some(agent.to_string()))
            }
            Some(Party::Office(office)) => layer::office_named(Some(office.to_string())),
            None => layer::office_named(None),
        });
        let agree = |from: &OfficeNumber| {
            let domain = domain.ok_or(Refusal::MessageMalformed.about("From"))?;
            let by = rules::agent_in(outer, domain);
            rules::is_its_certificate(signature, (*from, by.as_ref()), (judge.trust, domain), judge.at)?;
            rules::speaks_alone(outer)
        };
        let state = match self.state(What::Authority) {
            Some(State::Holds) => from.as_ref().map_err(Clone::clone).and_then(agree).into(),
            // Anybody can write any name into a certificate of his own.
            _ => State::Unseen(Unseen::Earlier),
        };
        self.add(What::Holder, state, facts);
        if let Some(Party::Agent(_)) = named {
            // The gateway knows the mandates, and held this against them when it came; nothing in a file tells.
            self.add(What::Mandate, State::Unseen(Unseen::NoMandate), Vec::new());
        }
    }

    /// Profile §4.2
    fn routing(&mut self, outer: &Message<'_>, part: &Message<'_>) {
        let repeats = !rules::routing(part).is_empty();
        let state = match rules::repeated_fields_agree(outer, part) {
            Err(why) => State::Fails(why),
            Ok(()) if repeats => State::Holds,
            // Profile §5.10: what cannot be read on the way must be signed on the way.
            Ok(()) if self.form == Form::Sealed => {
                State::Fails(Refusal::SignedFieldsDiffer.about("the sealed part repeats no fields"))
            }
            Ok(()) => State::Unseen(Unseen::Unrepeated),
        };
        self.add(What::RoutingFields, state, layer::routing(outer));
    }

    fn addressed(&mut self, outer: &Message<'_>) {
        let to = rules::address(outer.to());
        let office = to.as_ref().and_then(Address::office_number);
        let facts = vec![Fact::text("to", "宛先（To）", "To", to.map(|to| to.to_string()))];
        let state = match (office, self.state(What::RoutingFields)) {
            (None, _) => State::Fails(Refusal::EnvelopeDiffers.about("To")),
            (Some(_), Some(State::Unseen(why))) => State::Unseen(*why),
            (Some(_), Some(State::Fails(_)) | None) => State::Unseen(Unseen::Earlier),
            (Some(_), Some(State::Holds)) => State::Holds,
        };
        self.add(What::Addressed, state, facts);
    }
}

/// The inside of each form.
impl Report {
    fn signed(&mut self, part: &[u8], outer: &Message<'_>, from: &Result<OfficeNumber, Refused>) {
        self.addressed(outer);
        self.files(part, outer, from);
    }

    /// Profile §5.7: every care-plan file names this sender and this recipient.
    fn files(&mut self, entity: &[u8], outer: &Message<'_>, from: &Result<OfficeNumber, Refused>) {
        let to = rules::address(outer.to()).and_then(|to| to.office_number());
        let contents = Contents::read(entity);
        let count = contents.as_ref().map_or(0, |contents| contents.files.len());
        let between = contents.and_then(|contents| match (from, to) {
            (Ok(from), Some(to)) => contents.are_between(*from, to).and_then(|()| match rules::announced_in(outer) {
                Some(announced) => contents.are_as_announced(&announced),
                None => Ok(()),
            }),
            _ => Err(Refusal::EnvelopeDiffers.into()),
        });
        let state = match between {
            Ok(()) if count == 0 => State::Unseen(Unseen::NoFiles),
            between => between.into(),
        };
        self.add(What::Files, state, vec![Fact::count("files", "ファイル", "files", count)]);
    }

    /// Profile §4.5, §4.7, §8.7
    fn sealed(
        &mut self,
        part: &[u8],
        outer: &Message<'_>,
        (signature, believed): (&Signature, bool),
        judge: &Judge<'_>,
    ) {
        let rest = &What::inside(Form::Sealed)[1..];
        let envelope = match Enveloped::read(part) {
            Ok(envelope) => envelope,
            Err(why) => {
                self.add(What::Envelope, State::Fails(rules::closed(&why.into())), Vec::new());
                return self.unseen_all(rest, Unseen::Earlier);
            }
        };
        let facts = layer::envelope(&envelope);
        if !believed {
            self.add(What::Envelope, State::Unseen(Unseen::Earlier), facts);
            return self.unseen_all(rest, Unseen::Earlier);
        }
        // Profile §4.12: what is wrong inside has one answer, after the same steps, whatever it is.
        let (clear, compressed, inner) = match envelope.read_inside(judge.keys, judge.at, inside) {
            Ok(found) => found,
            Err(DecryptError::NotForUs) => {
                let why = if judge.keys.is_empty() { Unseen::NoKey } else { Unseen::OtherKey };
                self.add(What::Envelope, State::Unseen(why), facts);
                return self.unseen_all(rest, Unseen::Closed);
            }
            Err(why) => {
                self.add(What::Envelope, State::Fails(rules::closed(&why.into())), facts);
                return self.unseen_all(rest, Unseen::Earlier);
            }
        };
        self.add(What::Envelope, State::Holds, layer::opened(facts, compressed));
        // It was read once.
        if let Ok(signed) = Signed::read(&clear) {
            self.opened((&signed, &inner), outer, signature);
        }
    }

    /// What stands inside the seal: signed once more, by the same signer, for the same office.
    fn opened(&mut self, (signed, inner): (&Signed<'_>, &Signature), outer: &Message<'_>, signature: &Signature) {
        self.add(What::InnerSignature, State::Holds, layer::signer(inner));
        let same = inner.signer() == signature.signer();
        let same = if same { Ok(()) } else { Err(Refusal::NotItsCertificate.about("inside the seal")) };
        self.add(What::SameSigner, same, Vec::new());
        let header = match rules::headers_of(signed.part()) {
            Ok(header) => header,
            Err(why) => {
                self.add(What::FieldsInside, State::Fails(why), Vec::new());
                return self.unseen_all(&[What::Addressed, What::Files], Unseen::Earlier);
            }
        };
        self.add(What::FieldsInside, rules::fields_inside_agree(outer, &header), Vec::new());
        let to = rules::address(outer.to());
        let facts = vec![Fact::text("to", "宛先（To）", "To", to.as_ref().map(ToString::to_string))];
        let named = to.ok_or(Refusal::EnvelopeDiffers.about("To"));
        self.add(What::Addressed, named.and_then(|to| rules::is_addressed(&header, &to)), facts);
        self.files(signed.part(), outer, &rules::only_office(outer));
    }
}

/// What an envelope holds, whether it was compressed, and the signature around it.
fn inside(clear: &[u8]) -> Option<(Zeroizing<Vec<u8>>, bool, Signature)> {
    let (clear, compressed) = match expand(clear) {
        Ok(expanded) => (expanded, true),
        Err(_) => (Zeroizing::new(clear.to_vec()), false),
    };
    let inner = Signed::read(&clear).ok()?.verify().ok()?;
    Some((clear, compressed, inner))
}

#[cfg(test)]
mod tests;
