//! A receipt: 未 becomes 済, and the first one counts (Profile §8).

use std::collections::BTreeSet;

use fumibako_model::{
    ACKNOWLEDGED, Event, Evidence, EvidenceId, Flags, FolderId, Happening, MDN_SENT, MessageId, NamedFlags, Refusal,
    Refused, Roll, State, What, outcome,
};
use fumibako_store::bodies::Place;
use fumibako_store::{Delivery, Facts, Receipt, Word, hex};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::acts::{self, by_agent};
use crate::deliver::{repeated, sent_before};
use crate::error::{Stop, damaged};
use crate::ledger::{Body, Ledger, Standing, Wake, sent_key};
use crate::said::{Said, offices, said_of};
use crate::word;

/// So many that ended under one Message-ID are asked whether a receipt fits them, the latest first.
const MOST_UNDER_ONE_ID: i64 = 20;

/// The bundle a receipt is for.
struct Original {
    id: MessageId,
    /// The rows of sender and recipient.
    ends: (i64, i64),
    said: Said,
}

/// A message that it may be for.
struct Candidate {
    id: i64,
    /// Its row is there.
    stands: bool,
    /// What its row says it was answered with, if it says that it is a bundle.
    answer: Option<i64>,
}

/// Takes a receipt: into both offices' `Receipts`, `$Retrieved` onto the sender's copies, `$Acknowledged` and `$MDNSent` onto the
/// recipient's. A later receipt for the same bundle changes nothing and gets the first one's answer. Of the word that it could
/// not be opened the sender's copies get the mark (Profile §8.22); a receipt may still come.
pub(crate) async fn receipt(
    rows: &mut SqliteConnection,
    roll: &Roll,
    ((signed, body, word), receipt): ((&Facts, Place, Option<&[u8]>), &Receipt),
    now: Timestamp,
) -> Result<(Delivery, Vec<Wake>), Stop> {
    let Original { id, ends, said } = original(rows, signed, receipt).await?;
    let (happening, fault) = match receipt.word {
        Word::Processed(_) => (Happening::Acknowledge, None),
        Word::Failed(fault, _) => (Happening::Fail, Some(fault)),
    };
    // The first receipt counts, and until there is one the first word of a failure.
    if let Some(before) = said.received.or(said.failed.filter(|_| fault.is_some())) {
        let outrun = before.evidence.receipt_sha256 != Some(hex(signed.sha256()));
        return Ok((Delivery { evidence: before.id, repeated: true, outrun }, Vec::new()));
    }
    let known = sent_before(rows, [signed].into_iter()).await?;
    if let Some((_, answer)) = known.values().next() {
        still_proved(rows, *answer).await?;
    }
    if let Some(answer) = repeated(&known, signed)? {
        return Ok((answer, Vec::new()));
    }
    // Profile §8.9: what is to happen stands in the table; a state without a way on from here has had its receipt.
    let step = outcome(Some(said.state), happening);
    let (Some(step), Some((event, reason))) = (step, step.and_then(|step| step.evidence)) else {
        return Err(Refusal::ReceiptUnknownMessage.into());
    };
    signed.still_allowed(roll, now)?;
    // A refusal undoes nothing: none may come once something is written.
    let word = word.ok_or(Refusal::Internal)?;
    let mut ledger = Ledger::begin(rows).await?;
    ledger.load_named(rows, &BTreeSet::from([(signed.from(), "Receipts"), (signed.to(), "Receipts")])).await?;
    let copies = copies(rows, &[id]).await?;
    ledger.load(rows, &copies.iter().map(|entry| FolderId(entry.folder)).collect()).await?;

    file(&mut ledger, (signed, body), ends, now)?;
    let done: &[&str] = &[ACKNOWLEDGED, MDN_SENT];
    let marks = fault.map_or((step.state.keyword(), done), |fault| (fault.keyword(), &[]));
    mark(&mut ledger, &copies, ends.0, marks);
    let evidence = Evidence { event, reason, fault, ..about(signed, receipt, now) };
    let evidence = ledger.witness(id, ends, (Some(said.last), evidence))?;
    ledger.answered(evidence, signed.wishes())?;
    let wakes = ledger.write(rows).await?;
    // Profile §8.18: its body goes with its day, and what it proves does not.
    word::keep(rows, (evidence, word)).await?;
    // Whatever was in the row, it says what evidence says (Profile §8.15).
    let (received, state) = (fault.is_none().then_some(evidence.0), step.state.code());
    sqlx::query!("UPDATE message SET handover = ?, state = ? WHERE id = ?", received, state, id.0)
        .execute(&mut *rows)
        .await?;
    let act = fault.map_or(What::AgentAcknowledged, |_| What::AgentCouldNotOpen);
    acts::write(rows, by_agent(signed, act, now).as_slice()).await?;
    Ok((Delivery { evidence, repeated: false, outrun: false }, wakes))
}

/// Profile §8.15: is what the sender was answered with under this Message-ID still there? What somebody took away may yet be put back, and
/// until then it answers nothing, and nothing stands in its place: two first receipts of one bundle could not both be believed.
async fn still_proved(rows: &mut SqliteConnection, answer: EvidenceId) -> Result<(), Stop> {
    let found =
        sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM evidence WHERE id = ?) AS "found!: bool""#, answer.0);
    if found.fetch_one(rows).await? { Ok(()) } else { Err(damaged(answer).into()) }
}

/// Finds the bundle and holds the receipt against what evidence says of it; what does not fit is refused (Profile §8.4). The one that is
/// still there comes first; of those under its Message-ID that ended (Profile §5.8, §8.11) it is the latest that the receipt fits.
async fn original(rows: &mut SqliteConnection, signed: &Facts, receipt: &Receipt) -> Result<Original, Stop> {
    let mut why: Option<Refused> = None;
    for stands in [true, false] {
        let found = if stands { there(rows, signed, receipt).await? } else { ended(rows, signed, receipt).await? };
        for candidate in found {
            match held_against(rows, &candidate, signed, receipt).await {
                // What is no such bundle at all says least.
                Err(Stop::Refused(refused)) => {
                    why = why.filter(|known| known.why != Refusal::ReceiptUnknownMessage).or(Some(refused));
                }
                found => return found,
            }
        }
    }
    Err(why.map_or_else(|| Refusal::ReceiptUnknownMessage.into(), Stop::Refused))
}

/// What is there under this Message-ID. A row finds it, and says nothing of it.
async fn there(rows: &mut SqliteConnection, signed: &Facts, receipt: &Receipt) -> Result<Vec<Candidate>, Stop> {
    let original = receipt.original_message_id.as_str();
    let key = sent_key(signed.to(), original);
    let found = sqlx::query!(
        r#"SELECT id, iif(content_digest IS NULL, NULL, coalesce(answer, 0)) AS "answer: i64" FROM message
           WHERE sent_key = ? AND message_id = ? ORDER BY id DESC LIMIT ?"#,
        key,
        original,
        MOST_UNDER_ONE_ID
    );
    let found = found.fetch_all(rows).await?.into_iter();
    Ok(found.map(|row| Candidate { id: row.id, stands: true, answer: row.answer }).collect())
}

/// What ended under this Message-ID: its content is gone, and evidence knows that nobody collected it, that the gateway saw it handed over,
/// or that there is a receipt.
async fn ended(rows: &mut SqliteConnection, signed: &Facts, receipt: &Receipt) -> Result<Vec<Candidate>, Stop> {
    let (sender, original) = (signed.to(), receipt.original_message_id.as_str());
    let sender = sender.as_str();
    let found = sqlx::query_scalar!(
        r#"SELECT DISTINCT e.message FROM office o JOIN evidence e ON e.from_office = o.id AND e.doc ->> 'message_id' = ?
           WHERE o.number = ? AND e.kind IN ('ContentHandover', 'ContentHandoverFailure')
           ORDER BY e.message DESC LIMIT ?"#,
        original,
        sender,
        MOST_UNDER_ONE_ID
    );
    let found = found.fetch_all(rows).await?.into_iter();
    Ok(found.map(|id| Candidate { id, stands: false, answer: None }).collect())
}

/// The bundle that this candidate is, if the receipt is its recipient's, for its content.
async fn held_against(
    rows: &mut SqliteConnection,
    candidate: &Candidate,
    signed: &Facts,
    receipt: &Receipt,
) -> Result<Original, Stop> {
    let said = match (said_of(rows, candidate.id).await?, candidate.answer) {
        (Some(said), _) => said,
        // Somebody took its evidence away: nobody can tell.
        (None, Some(answer)) => return Err(damaged(EvidenceId(answer)).into()),
        (None, None) => return Err(Refusal::ReceiptUnknownMessage.into()),
    };
    let Evidence { message_id, from, to, content, .. } = &said.accepted.evidence;
    if (message_id, *from) != (&receipt.original_message_id, signed.to()) {
        tracing::error!(evidence = %said.accepted.id, "bundle.row_differs");
        return Err(Refusal::ReceiptUnknownMessage.into());
    }
    if *to != signed.from() {
        return Err(Refusal::ReceiptNotByRecipient.into());
    }
    if receipt.word.digest().is_some_and(|digest| *content != Some(hex(&digest))) {
        return Err(Refusal::ReceiptDigestDiffers.into());
    }
    // What is gone cannot be opened by anybody; only a receipt still says something of it.
    let is_gone = !candidate.stands || said.state >= State::Expired;
    if is_gone && said.received.is_none() && !matches!(receipt.word, Word::Processed(_)) {
        return Err(Refusal::ReceiptUnknownMessage.into());
    }
    let offices = offices(rows, std::iter::once(&said)).await?;
    let ends = offices.get(from).copied().zip(offices.get(to).copied()).ok_or(Refusal::ReceiptUnknownMessage)?;
    Ok(Original { id: MessageId(candidate.id), ends, said })
}

/// Where both offices have these bundles now.
pub(crate) async fn copies(rows: &mut SqliteConnection, messages: &[MessageId]) -> Result<Vec<Standing>, Stop> {
    let messages = serde_json::to_string(messages)?;
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_object('folder', e.mailbox, 'uid', e.uid, 'message', e.message,
                  'system', e.flags, 'keywords', e.keywords, 'size', m.size)) AS "found!: String"
           FROM json_each(?) asked CROSS JOIN entry e ON e.message = asked.value JOIN message m ON m.id = e.message"#,
        messages
    )
    .fetch_one(rows)
    .await?;
    Ok(serde_json::from_str(&found)?)
}

/// Puts the receipt into both `Receipts`: new for the bundle's sender, read for its signer.
fn file<'m>(
    ledger: &mut Ledger<'m>,
    (signed, body): (&'m Facts, Place),
    (sender, recipient): (i64, i64),
    now: Timestamp,
) -> Result<(), Stop> {
    let senders = ledger.named(signed.to(), "Receipts").ok_or(Refusal::RecipientUnknown)?.id;
    let signers = ledger.named(signed.from(), "Receipts").ok_or(Refusal::SenderUnknown)?.id;
    let size = body.size;
    let message = ledger.add(Body::admitted(signed, body, (recipient, sender), now), now);
    ledger.enter(FolderId(senders), (message, size), Flags::default(), now)?;
    ledger.enter(FolderId(signers), (message, size), Flags::SEEN, now)?;
    Ok(())
}

/// Every copy of the bundle learns of it, wherever its office has put it. A folder whose keywords are used up cannot
/// show the mark; the evidence says it all the same.
pub(crate) fn mark(ledger: &mut Ledger<'_>, copies: &[Standing], sender: i64, (senders, recipients): (&str, &[&str])) {
    for copy in copies {
        let folder = FolderId(copy.folder);
        let Some(office) = ledger.office_of(folder) else { continue };
        let marks = if office == sender { std::slice::from_ref(&senders) } else { recipients };
        let named = NamedFlags { system: 0, keywords: marks.iter().map(ToString::to_string).collect() };
        let Ok(mark) = ledger.learn(folder, &named) else { continue };
        if !copy.flags().has(mark) {
            let modseq = ledger.tick(folder);
            ledger.mark(copy, copy.flags() | mark, modseq);
        }
    }
}

fn about(signed: &Facts, receipt: &Receipt, at: Timestamp) -> Evidence {
    Evidence {
        event: Event::ContentHandover,
        at,
        message_id: receipt.original_message_id.clone(),
        // The acceptance says it.
        sha256: None,
        size: None,
        from: signed.to(),
        to: signed.from(),
        signer: Some(hex(signed.signer())),
        trust: signed.trust().map(str::to_owned),
        // The acceptance says it, and so does the receipt.
        content: None,
        by: signed.by().cloned(),
        receipt: Some(signed.message_id().to_owned()),
        receipt_sha256: Some(hex(signed.sha256())),
        reason: None,
        fault: None,
    }
}
