//! A run of bundles, made durable together (Profile §5.8).

use std::collections::{BTreeSet, HashMap};

use fumibako_model::{
    Evidence, EvidenceId, Flags, FolderId, Happening, MessageId, OfficeNumber, Refusal, Refused, Report, Roll, State,
    first_reminder, outcome,
};
use fumibako_store::bodies::Place;
use fumibako_store::{Delivery, Facts, hex};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::error::Stop;
use crate::ledger::{Body, Ledger, Wake, sent_key};

/// What an office sent before under a Message-ID: its digest, and the evidence it was answered with.
type Known = HashMap<(OfficeNumber, String), (String, EvidenceId)>;

/// What an office sent before, by the digest of its signature, and the evidence it was answered with.
type Signatures = HashMap<(OfficeNumber, String), EvidenceId>;

/// Delivers bundles: each into the recipient's `INBOX` and the sender's `Sent`, or refused without touching the others.
pub(crate) async fn bundles(
    rows: &mut SqliteConnection,
    roll: &Roll,
    run: &[(&Facts, Place, Timestamp)],
) -> Result<(Vec<Result<Delivery, Refused>>, Vec<Wake>), Stop> {
    let (mut ledger, mut known, mut signatures) = found(rows, run).await?;
    let mut answers = Vec::with_capacity(run.len());
    for (bundle, body, now) in run {
        let sent = (&mut known, &mut signatures);
        answers.push(match place(&mut ledger, sent, roll, (bundle, *body), *now) {
            Ok(delivery) => Ok(delivery),
            Err(Stop::Refused(refused)) => Err(refused),
            Err(failed) => return Err(failed),
        });
    }
    Ok((answers, ledger.write(rows).await?))
}

fn place<'m>(
    ledger: &mut Ledger<'m>,
    (known, signatures): (&mut Known, &mut Signatures),
    roll: &Roll,
    (bundle, body): (&'m Facts, Place),
    now: Timestamp,
) -> Result<Delivery, Stop> {
    if let Some(answer) = repeated(known, bundle)? {
        return Ok(answer);
    }
    // Who has only the password of an office cannot send its old words again as new ones.
    let signature = bundle.signed_digest().map(|digest| (bundle.from(), hex(digest)));
    if let Some(evidence) = signature.as_ref().and_then(|signature| signatures.get(signature)) {
        return Ok(Delivery { evidence: *evidence, repeated: true, outrun: false });
    }
    bundle.still_allowed(roll, now)?;
    // Profile §7.2: the recipient's INBOX, and the sender's copy with its state.
    let sent = ledger.named(bundle.from(), "Sent").ok_or(Refusal::SenderUnknown)?.clone();
    let inbox = ledger.named(bundle.to(), "INBOX").ok_or(Refusal::RecipientUnknown)?.clone();
    let offices = (sent.office, inbox.office);
    ledger.room(inbox.office, body.size)?;
    let size = body.size;
    let message = ledger.add(Body::admitted(bundle, body, offices, now), now);
    let states = [State::Accepted, State::Delivered].map(State::keyword);
    let marks = states.iter().filter_map(|mark| sent.keywords.flag(mark)).fold(Flags::SEEN, |all, mark| all | mark);
    ledger.enter(FolderId(inbox.id), (message, size), Flags::default(), now)?;
    ledger.enter(FolderId(sent.id), (message, size), marks, now)?;
    let answer = befall(ledger, bundle, (message, offices), now)?;
    ledger.answered(answer, bundle.wishes())?;
    known.insert((bundle.from(), bundle.message_id().to_owned()), (hex(bundle.sha256()), answer));
    signatures.extend(signature.map(|signature| (signature, answer)));
    Ok(Delivery { evidence: answer, repeated: false, outrun: false })
}

/// Profile §5.8: the same again gets the same answer; the same Message-ID with other content is refused.
pub(crate) fn repeated(known: &Known, message: &Facts) -> Result<Option<Delivery>, Refused> {
    match known.get(&(message.from(), message.message_id().to_owned())) {
        None => Ok(None),
        Some((digest, evidence)) if *digest == hex(message.sha256()) => {
            Ok(Some(Delivery { evidence: *evidence, repeated: true, outrun: false }))
        }
        Some(_) => Err(Refusal::MessageIdReused.into()),
    }
}

/// What these offices sent before under these Message-IDs.
pub(crate) async fn sent_before(
    rows: &mut SqliteConnection,
    messages: impl Iterator<Item = &Facts>,
) -> Result<Known, Stop> {
    let keys = serde_json::to_string(&keys(messages))?;
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(o.number, m.message_id, lower(hex(m.sha256)), m.answer))
                  AS "found!: String"
           FROM json_each(?) key
           JOIN office o ON o.number = key.value ->> 0
           JOIN message m ON m.sent_key = key.value ->> 2 AND m.sender = o.id AND m.message_id = key.value ->> 1"#,
        keys
    )
    .fetch_one(rows)
    .await?;
    known(&found)
}

/// Whose, under which Message-ID, and the number that finds it.
fn keys<'m>(messages: impl Iterator<Item = &'m Facts>) -> BTreeSet<(OfficeNumber, &'m str, i64)> {
    messages.map(|m| (m.from(), m.message_id(), sent_key(m.from(), m.message_id()))).collect()
}

fn known(found: &str) -> Result<Known, Stop> {
    let found: Vec<(OfficeNumber, String, String, i64)> = serde_json::from_str(found)?;
    let row = |(office, message_id, digest, evidence)| ((office, message_id), (digest, EvidenceId(evidence)));
    Ok(found.into_iter().map(row).collect())
}

/// Everything a run asks of the rows, in one query: counters, folders, and what was sent before under these Message-IDs
/// or with these signatures.
async fn found<'m>(
    rows: &mut SqliteConnection,
    run: &[(&'m Facts, Place, Timestamp)],
) -> Result<(Ledger<'m>, Known, Signatures), Stop> {
    let bundles = || run.iter().map(|(bundle, ..)| *bundle);
    let ends: BTreeSet<_> = bundles().flat_map(|m| [(m.from(), "Sent"), (m.to(), "INBOX")]).collect();
    let signed: BTreeSet<_> = bundles().filter_map(|m| Some((m.from(), hex(m.signed_digest()?)))).collect();
    let (ends, keys) = (serde_json::to_string(&ends)?, serde_json::to_string(&keys(bundles()))?);
    let signed = serde_json::to_string(&signed)?;
    let found = sqlx::query!(
        r#"SELECT message AS "message!: i64", evidence AS "evidence!: i64", pieces AS "pieces!: i64", covered AS "covered!: i64",
                  (SELECT json_group_array(json(f.doc)) FROM jsonb_each(?) place
                   JOIN folder f ON f.office_number = place.value ->> 0 AND f.name = place.value ->> 1)
                  AS "folders!: String",
                  (SELECT json_group_array(json_array(o.number, m.message_id, lower(hex(m.sha256)), m.answer))
                   FROM jsonb_each(?) key JOIN office o ON o.number = key.value ->> 0
                   JOIN message m ON m.sent_key = key.value ->> 2 AND m.sender = o.id AND m.message_id = key.value ->> 1) AS "known!: String",
                  (SELECT json_group_array(json_array(o.number, key.value ->> 1, m.answer))
                   FROM jsonb_each(?) key JOIN office o ON o.number = key.value ->> 0
                   JOIN message m ON m.sender = o.id AND m.signed_digest = unhex(key.value ->> 1)) AS "signatures!: String"
           FROM begun"#,
        ends,
        keys,
        signed
    )
    .fetch_one(rows)
    .await?;
    let ledger = Ledger::found([found.message, found.evidence, found.pieces, found.covered], &found.folders)?;
    let signatures: Vec<(OfficeNumber, String, i64)> = serde_json::from_str(&found.signatures)?;
    let signatures = signatures.into_iter().map(|(office, digest, id)| ((office, digest), EvidenceId(id))).collect();
    Ok((ledger, known(&found.known)?, signatures))
}

/// Profile §8.6: what happens to a new bundle, to its delivery, is written down in the same commit; its answer is the first
/// evidence. What is to be told is put on the list.
fn befall(
    ledger: &mut Ledger<'_>,
    bundle: &Facts,
    (message, offices): (MessageId, (i64, i64)),
    now: Timestamp,
) -> Result<EvidenceId, Stop> {
    let (mut state, mut first, mut last) = (None, None, None);
    for happening in [Happening::Accept, Happening::Deliver] {
        let Some(step) = outcome(state, happening) else { continue };
        state = Some(step.state);
        if let Some((event, reason)) = step.evidence {
            let evidence = Evidence { event, reason, ..about(bundle, now) };
            let evidence = if last.is_some() { evidence.after_acceptance() } else { evidence };
            last = Some(ledger.witness(message, offices, (last, evidence))?);
            first = first.or(last);
        }
        let asked = step.report == Some(Report::Delivered) && bundle.wishes().notifies("SUCCESS");
        if let (true, Some(evidence)) = (asked, last) {
            let wishes = serde_json::to_string(bundle.wishes())?;
            ledger.due(message, Report::Delivered, now, (evidence, Some(wishes)));
        }
    }
    let answer = first.ok_or(Refusal::Internal)?;
    // Profile §8.14: the first reminder; what comes after it is decided then.
    ledger.due(message, Report::Uncollected, first_reminder(now), (answer, None));
    Ok(answer)
}

/// What evidence says of a bundle, whatever happened.
fn about(bundle: &Facts, at: Timestamp) -> Evidence {
    Evidence {
        event: fumibako_model::Event::SubmissionAcceptance,
        at,
        message_id: bundle.message_id().to_owned(),
        sha256: Some(hex(bundle.sha256())),
        size: Some(bundle.size()),
        from: bundle.from(),
        to: bundle.to(),
        signer: Some(hex(bundle.signer())),
        trust: bundle.trust().map(str::to_owned),
        content: Some(hex(bundle.content_digest())),
        by: bundle.by().cloned(),
        receipt: None,
        receipt_sha256: None,
        reason: None,
        fault: None,
    }
}
