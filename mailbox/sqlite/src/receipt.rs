//! A receipt: 未 becomes 済, and the first one counts (Profile §8).

use std::collections::BTreeSet;

use fumibako_model::{
    ACKNOWLEDGED, Event, Evidence, EvidenceId, Flags, FolderId, Happening, MDN_SENT, MessageId, NamedFlags, Refusal,
    Roll, State, What, outcome,
};
use fumibako_store::bodies::Place;
use fumibako_store::{Delivery, Facts, Receipt, Word, hex};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::acts::{self, by_agent};
use crate::deliver::{repeated, sent_before};
use crate::error::{Stop, damaged};
use crate::ledger::{Body, Ledger, Standing, Wake, sent_key};
use crate::word;

/// So many that ended under one Message-ID are asked whether a receipt fits them, the latest first.
const MOST_UNDER_ONE_ID: i64 = 20;

/// The bundle a receipt is for.
pub(crate) struct Original {
    pub(crate) id: MessageId,
    pub(crate) sender: i64,
    pub(crate) recipient: i64,
    pub(crate) state: State,
    /// The evidence about it before.
    pub(crate) previous: EvidenceId,
    /// What its first receipt was answered with.
    handover: Option<EvidenceId>,
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
    let original = original(rows, signed, receipt).await?;
    let (happening, said) = match receipt.word {
        Word::Processed(_) => (Happening::Acknowledge, None),
        Word::Failed(fault, _) => (Happening::Fail, Some(fault)),
    };
    // The first receipt counts, and until there is one the first word of a failure.
    let before = match said {
        Some(_) if original.handover.is_none() => failed_before(rows, original.id).await?,
        _ => original.handover,
    };
    if let Some(evidence) = before {
        let outrun = said_in(rows, evidence).await? != Some(hex(signed.sha256()));
        return Ok((Delivery { evidence, repeated: true, outrun }, Vec::new()));
    }
    if let Some(answer) = repeated(&sent_before(rows, [signed].into_iter()).await?, signed)? {
        return Ok((answer, Vec::new()));
    }
    // Profile §8.9: what is to happen stands in the table; a state without a way on from here has had its receipt.
    let step = outcome(Some(original.state), happening);
    let (Some(step), Some((event, reason))) = (step, step.and_then(|step| step.evidence)) else {
        return Err(Refusal::ReceiptUnknownMessage.into());
    };
    signed.still_allowed(roll, now)?;
    // A refusal undoes nothing: none may come once something is written.
    let word = word.ok_or(Refusal::Internal)?;
    let mut ledger = Ledger::begin(rows).await?;
    ledger.load_named(rows, &BTreeSet::from([(signed.from(), "Receipts"), (signed.to(), "Receipts")])).await?;
    let copies = copies(rows, &[original.id]).await?;
    ledger.load(rows, &copies.iter().map(|entry| FolderId(entry.folder)).collect()).await?;

    file(&mut ledger, (signed, body), &original, now)?;
    let done: &[&str] = &[ACKNOWLEDGED, MDN_SENT];
    let marks = said.map_or((step.state.keyword(), done), |fault| (fault.keyword(), &[]));
    mark(&mut ledger, &copies, original.sender, marks);
    let offices = (original.sender, original.recipient);
    let evidence = Evidence { event, reason, fault: said, ..about(signed, receipt, now) };
    let evidence = ledger.witness(original.id, offices, (Some(original.previous), evidence))?;
    ledger.answered(evidence, signed.wishes())?;
    let wakes = ledger.write(rows).await?;
    // Profile §8.18: its body goes with its day, and what it proves does not.
    word::keep(rows, (evidence, word)).await?;
    if said.is_none() {
        let state = step.state.code();
        sqlx::query!("UPDATE message SET handover = ?, state = ? WHERE id = ?", evidence.0, state, original.id.0)
            .execute(&mut *rows)
            .await?;
    } else if step.state != original.state {
        let state = step.state.code();
        sqlx::query!("UPDATE message SET state = ? WHERE id = ?", state, original.id.0).execute(&mut *rows).await?;
    }
    let act = said.map_or(What::AgentAcknowledged, |_| What::AgentCouldNotOpen);
    acts::write(rows, by_agent(signed, act, now).as_slice()).await?;
    Ok((Delivery { evidence, repeated: false, outrun: false }, wakes))
}

/// The digest of the receipt that this evidence rests on.
async fn said_in(rows: &mut SqliteConnection, evidence: EvidenceId) -> Result<Option<String>, Stop> {
    let found = sqlx::query_scalar!(
        r#"SELECT CASE WHEN json_valid(doc) THEN CAST(doc ->> 'receipt_sha256' AS TEXT) END AS "sha256: String"
           FROM evidence WHERE id = ?"#,
        evidence.0
    );
    // Without it nobody can tell whether this one counts.
    Ok(found.fetch_optional(rows).await?.ok_or_else(|| damaged(evidence))?)
}

/// Profile §8.22: what an earlier word that it could not be opened was answered with.
async fn failed_before(rows: &mut SqliteConnection, message: MessageId) -> Result<Option<EvidenceId>, Stop> {
    let found = sqlx::query_scalar!(
        r#"SELECT min(id) AS "id: i64" FROM evidence WHERE message = ? AND doc ->> 'reason' = 'check-failed'"#,
        message.0
    );
    Ok(found.fetch_one(rows).await?.map(EvidenceId))
}

/// Finds the bundle and holds the receipt against it; what does not fit is refused (Profile §8.4).
async fn original(rows: &mut SqliteConnection, signed: &Facts, receipt: &Receipt) -> Result<Original, Stop> {
    let (sender, recipient) = (signed.to(), signed.from());
    let (key, sender) = (sent_key(sender, &receipt.original_message_id), sender.as_str());
    let original = receipt.original_message_id.as_str();
    let found = sqlx::query!(
        r#"SELECT m.id, m.handover, m.state, m.answer AS "answer!", o.id AS sender_id, m.content_digest AS "content_digest!: Vec<u8>", r.id AS recipient_id,
                  r.number AS recipient_number
           FROM office o
           JOIN message m ON m.sent_key = ? AND m.sender = o.id AND m.message_id = ? AND m.content_digest IS NOT NULL
           JOIN office r ON r.id = m.recipient
           WHERE o.number = ?"#,
        key,
        original,
        sender
    )
    .fetch_optional(&mut *rows)
    .await?;
    let state = found.as_ref().and_then(|found| State::from_code(found.state));
    // Its content is gone, and so is its row, or it is about to go.
    let Some(found) = found.filter(|_| state < Some(State::Expired)) else { return late(rows, signed, receipt).await };
    if let Some(why) = misfit(found.recipient_number == recipient.as_str(), &hex(&found.content_digest), receipt) {
        // Profile §5.8: one that ended may have had this Message-ID before.
        let earlier = late(rows, signed, receipt).await;
        return if matches!(earlier, Err(Stop::Refused(_))) { Err(why.into()) } else { earlier };
    }
    let handed = found.handover.map(EvidenceId);
    Ok(Original {
        id: MessageId(found.id),
        sender: found.sender_id,
        recipient: found.recipient_id,
        state: state.ok_or(Refusal::Internal)?,
        previous: last_about(rows, found.id).await?.unwrap_or(EvidenceId(found.answer)),
        handover: handed,
    })
}

/// Why this receipt is not one for a bundle to this recipient, with this content.
fn misfit(by_recipient: bool, content: &str, receipt: &Receipt) -> Option<Refusal> {
    let differs = || receipt.word.digest().is_some_and(|digest| hex(&digest) != content);
    if !by_recipient {
        return Some(Refusal::ReceiptNotByRecipient);
    }
    differs().then_some(Refusal::ReceiptDigestDiffers)
}

/// Profile §8.11: the content is gone, and what is known of it stands in the evidence: that nobody collected it, that the gateway saw it
/// handed over, or that there is a receipt. Of several under one Message-ID it is the latest that the receipt fits.
async fn late(rows: &mut SqliteConnection, signed: &Facts, receipt: &Receipt) -> Result<Original, Stop> {
    let (sender, original) = (signed.to(), receipt.original_message_id.as_str());
    let sender = sender.as_str();
    let ended = sqlx::query_scalar!(
        r#"SELECT DISTINCT e.message FROM office o JOIN evidence e ON e.from_office = o.id AND e.doc ->> 'message_id' = ?
           WHERE o.number = ? AND e.kind IN ('ContentHandover', 'ContentHandoverFailure')
           ORDER BY e.message DESC LIMIT ?"#,
        original,
        sender,
        MOST_UNDER_ONE_ID
    );
    let mut why = None;
    for message in ended.fetch_all(&mut *rows).await? {
        match ended_by(rows, message, signed, receipt).await {
            Err(Stop::Refused(refused)) => why = why.or(Some(refused)),
            found => return found,
        }
    }
    Err(why.map_or_else(|| Refusal::ReceiptUnknownMessage.into(), Stop::Refused))
}

/// What became of one bundle that ended, if the receipt fits it.
async fn ended_by(
    rows: &mut SqliteConnection,
    message: i64,
    signed: &Facts,
    receipt: &Receipt,
) -> Result<Original, Stop> {
    let by = signed.from();
    let by = by.as_str();
    let known = sqlx::query!(
        r#"SELECT min(id) FILTER (WHERE kind = 'ContentHandover' AND doc ->> 'receipt' IS NOT NULL) AS "receipt: i64",
                  max(kind = 'ContentHandover') AS "handed!: bool", max(coalesce(doc ->> 'reason', '') = 'expired') AS "expired!: bool",
                  max(doc ->> 'content') AS "content: String", max(id) AS "last!: i64",
                  max(from_office) AS "sender!: i64", max(to_office) AS "recipient!: i64",
                  (SELECT id FROM office WHERE number = ?) AS "by: i64"
           FROM evidence WHERE message = ?"#,
        by,
        message
    )
    .fetch_one(rows)
    .await?;
    if let Some(why) = misfit(known.by == Some(known.recipient), &known.content.unwrap_or_default(), receipt) {
        return Err(why.into());
    }
    // What was handed over in time was not lost, and its receipt is a receipt.
    let state = match known.expired {
        true => State::Expired,
        false if known.handed => State::HandedOver,
        false => return Err(Refusal::ReceiptUnknownMessage.into()),
    };
    // What is gone cannot be opened by anybody; only a receipt still says something of it.
    if known.receipt.is_none() && !matches!(receipt.word, Word::Processed(_)) {
        return Err(Refusal::ReceiptUnknownMessage.into());
    }
    Ok(Original {
        id: MessageId(message),
        sender: known.sender,
        recipient: known.recipient,
        state,
        previous: EvidenceId(known.last),
        handover: known.receipt.map(EvidenceId),
    })
}

/// The last evidence about a bundle.
async fn last_about(rows: &mut SqliteConnection, message: i64) -> Result<Option<EvidenceId>, Stop> {
    let last = sqlx::query_scalar!(r#"SELECT max(id) AS "id: i64" FROM evidence WHERE message = ?"#, message);
    Ok(last.fetch_one(rows).await?.map(EvidenceId))
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
    original: &Original,
    now: Timestamp,
) -> Result<(), Stop> {
    let senders = ledger.named(signed.to(), "Receipts").ok_or(Refusal::RecipientUnknown)?.id;
    let signers = ledger.named(signed.from(), "Receipts").ok_or(Refusal::SenderUnknown)?.id;
    let size = body.size;
    let message = ledger.add(Body::admitted(signed, body, (original.recipient, original.sender), now), now);
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
