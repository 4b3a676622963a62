//! What the gateway itself wrote: a report about a bundle (Profile §8.17), or a letter such as that about a licence (§10.7). It is
//! judged by the authorities of the gateway's evidence, and what a report has attached as the proof that it is (§8.19).

mod told;

use fumibako_model::{
    Domain, Event, Evidence, KeyStanding, Local, PROOF_FORM, ProofFile, Reason, Recorded, Refusal, Report as Kind,
    happened,
};
use fumibako_signer::{Identity, Signature};
use jiff::Timestamp;
use mail_parser::Message;
use serde::Deserialize;

use super::layer::{self, Fact, State, Unseen, What};
use super::proof::{broken, is_the_gateways};
use super::{Form, Report, Vouchers, verify_proof};
use crate::bundle::open as rules;
use told::Told;

/// Whom to believe of what the gateway wrote, and what it may be held against.
#[derive(Clone, Copy, Debug)]
pub struct LetterJudge<'j> {
    /// Who vouches for the gateway, and for what is attached.
    pub by: Vouchers<'j>,
    /// The domain of all offices, if it is known; else that of `From`.
    pub domain: Option<&'j Domain>,
    /// The bundle that a report is about, as it was sent, with the keys that may open it.
    pub original: (Option<&'j [u8]>, &'j [Identity]),
    /// The moment as of which the signer is judged; `None`: when it signed, as it says itself.
    pub at: Option<Timestamp>,
    /// The present, which no signature comes after.
    pub now: Timestamp,
}

/// What every form of evidence says of itself first.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

/// What stands beside a report.
enum Attached {
    Nothing,
    Unread(State),
    Proof(Box<ProofFile>),
}

/// Does this say in `From` that the gateway wrote it? Nothing is believed for saying so.
pub fn is_the_gateways_letter(message: &[u8]) -> bool {
    let from = rules::headers_of(message).ok().and_then(|header| rules::address(header.from()));
    from.is_some_and(|from| from.local == Local::Gateway)
}

/// Verifies what the gateway wrote, every line of it ending with CRLF. What it says counts only where the gateway signed it.
pub fn verify_letter(message: &[u8], judge: &LetterJudge<'_>) -> Report {
    let (mut report, signed, signature) = match Report::signature(message, form) {
        Ok(found) => found,
        Err(report) => return report,
    };
    let (Ok(outer), Ok(part)) = (rules::headers_of(message), rules::headers_of(signed.part())) else {
        report.add(What::RoutingFields, State::Fails(Refusal::MessageMalformed.into()), Vec::new());
        return report;
    };
    let believed = report.gateway(&signature, &outer, judge);
    report.routing(&outer, &part);
    match (report.form, believed) {
        (Form::Report, _) => report.reported(signed.part(), believed, judge),
        (_, true) => report.add(What::Letter, State::Holds, Fact::lines("text", &told::text(signed.part()))),
        (_, false) => report.add(What::Letter, State::Unseen(Unseen::Earlier), Vec::new()),
    }
    report
}

fn form(part: &[u8]) -> Form {
    if told::is_a_report(part) { Form::Report } else { Form::Letter }
}

impl Report {
    /// Profile §8.16: the signer is the gateway of this domain, under an authority of its evidence, and `From` says the same.
    fn gateway(&mut self, signature: &Signature, outer: &Message<'_>, judge: &LetterJudge<'_>) -> bool {
        let from = rules::address(outer.from());
        let domain = judge.domain.or(from.as_ref().map(|from| &from.domain));
        // As the head of its log: when it signed is its own word, and it signs nothing that is to come.
        let signed = signature.signing_time().map_or(judge.now, |at| at.min(judge.now));
        let at = judge.at.unwrap_or(signed);
        let judged = match domain {
            None => Err(Refusal::MessageMalformed.about("From")),
            Some(domain) => is_the_gateways(signature, (domain.as_str(), at), judge.by).and_then(|standing| {
                let says_so = from.as_ref().is_some_and(|from| from.local == Local::Gateway && from.domain == *domain);
                if says_so { Ok(standing) } else { Err(Refusal::NotItsCertificate.about("From")) }
            }),
        };
        let standing = judged.as_ref().ok().copied();
        let mut facts = vec![Fact::text("from", "差出人（From）", "From", from.as_ref().map(ToString::to_string))];
        facts.extend(layer::authority(signature.signer()));
        self.add(What::Gateway, judged.map(|_| ()), facts);
        self.key(standing.unwrap_or(KeyStanding::Present), None);
        standing.is_some()
    }

    /// Is the signer below none of the authorities?
    pub(crate) fn is_of_nobody_known(&self) -> bool {
        matches!(self.state(What::Gateway), Some(State::Fails(why)) if why.why == Refusal::UnknownAuthority)
    }

    /// What a report says, the evidence attached to it, and whether both are about the same.
    fn reported(&mut self, part: &[u8], believed: bool, judge: &LetterJudge<'_>) {
        let told = match Told::read(part) {
            Ok(told) => told,
            Err(why) => {
                let state = if believed { State::Fails(why) } else { State::Unseen(Unseen::Earlier) };
                self.add(What::Reported, state, Vec::new());
                return self.unseen_all(&[What::ReportEvidence], Unseen::Earlier);
            }
        };
        let file = match attached(&told) {
            Attached::Proof(file) => file,
            other => {
                self.says(&told, None, believed);
                let state = if let Attached::Unread(state) = other { state } else { State::Unseen(Unseen::NotInProof) };
                return self.add(What::ReportEvidence, state, Vec::new());
            }
        };
        let (proof, witnessed) = verify_proof(&file, judge.by, judge.original, judge.now);
        let piece = witnessed.pieces.iter().find(|one| Some(one.id) == told.evidence_id());
        self.says(&told, piece, believed);
        let holds = proof.holds();
        self.layers.extend(proof.layers);
        let state = if believed && holds {
            agree(&told, &witnessed.pieces, piece).map_err(|about| Refusal::EvidenceBroken.about(about)).into()
        } else {
            State::Unseen(Unseen::Earlier)
        };
        self.add(What::ReportEvidence, state, Vec::new());
    }

    fn says(&mut self, told: &Told, piece: Option<&Recorded>, believed: bool) {
        if !believed {
            return self.add(What::Reported, State::Unseen(Unseen::Earlier), Vec::new());
        }
        let evidence = piece.map(|piece| &piece.evidence);
        let (id, words) = happened::reported(told.kind);
        let mut facts = vec![
            Fact::word("report", ("報告", "report"), id, words),
            Fact::text("from", "送信した事業所", "from", evidence.map(|one| one.from.to_string())),
            Fact::text("to", "受け取る事業所", "to", Some(told.to.to_string())),
            Fact::text("message_id", "Message-ID", "Message-ID", Some(told.message_id.clone())),
            Fact::moment("at", "日時", "time", told.at.or(evidence.map(|one| one.at))),
        ];
        facts.extend(told.until.map(|until| Fact::moment("until", "取得の期限", "kept until", Some(until))));
        facts.extend(told.evidence_id().map(|id| Fact::text("evidence", "証跡番号", "evidence", Some(id.to_string()))));
        self.add(What::Reported, State::Holds, facts);
    }
}

fn attached(told: &Told) -> Attached {
    let Some((id, octets)) = &told.evidence else { return Attached::Nothing };
    match serde_json::from_slice::<Version>(octets) {
        Ok(read) if read.v != u64::from(PROOF_FORM) => Attached::Unread(State::Unseen(Unseen::LaterForm)),
        Ok(_) => match serde_json::from_slice(octets) {
            Ok(file) => Attached::Proof(Box::new(file)),
            Err(why) => Attached::Unread(broken(why)),
        },
        Err(_) => Attached::Unread(broken(id)),
    }
}

/// Profile §8.17: what is attached is about the bundle of the report, and what happened is what is told. Else: what is not.
fn agree(told: &Told, pieces: &[Recorded], piece: Option<&Recorded>) -> Result<(), &'static str> {
    let piece = &piece.ok_or("id")?.evidence;
    let of_it = |one: &Evidence| one.message_id == told.message_id;
    if !pieces.iter().all(|one| of_it(&one.evidence)) {
        return Err("Message-ID");
    }
    if piece.to != told.to {
        return Err("Final-Recipient");
    }
    let digest = pieces.first().and_then(|one| one.evidence.sha256.as_deref());
    // It stands in the words for people alone, who may hold it against the file that they sent.
    if told.digests().any(|named| Some(named.as_str()) != digest) {
        return Err("SHA-256");
    }
    if !tells(told.kind, piece) {
        return Err("event");
    }
    // A date field has no fractions of a second.
    if told.at.is_some_and(|at| at.as_second() != piece.at.as_second()) {
        return Err("Last-Attempt-Date");
    }
    Ok(())
}

fn tells(kind: Kind, piece: &Evidence) -> bool {
    match kind {
        Kind::Delivered => piece.event == Event::ContentConsignment,
        Kind::HandedOver => piece.event == Event::ContentHandover && piece.reason == Some(Reason::SeenByTheGateway),
        // What did not happen has no evidence; the report is about what was accepted.
        Kind::Uncollected => piece.event == Event::SubmissionAcceptance,
        Kind::Expired => piece.event == Event::ContentHandoverFailure && piece.reason == Some(Reason::Expired),
    }
}

#[cfg(test)]
mod tests;
