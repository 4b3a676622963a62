//! Evidence that stands alone: everything that it takes to judge it offline, in one file (Profile §8.18).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::log::Hash;
use fumibako_model::{
    ErasureProof, Event, Evidence, EvidenceId, MandateDeed, OfficeNumber, PROOF_FORM, ProofFile, Proven, Recorded,
    Refusal, TrustState, as_it_came, hash,
};
use fumibako_signer::{Certificate, Trust};
use fumibako_store::{Among, LogState, PAPER_NAME, Paper, PaperKind, Proof, SignedDeed, Store, StoreError, hex};

use crate::house::{House, Issuers};
use crate::witness;

/// Octets of revocation lists in one file. Past it, those left out are asked of their authority; the file says which counted.
const LIST_BYTES: usize = 8 << 20;
/// Octets of a receipt with what the gateway put above it.
const MESSAGE_BYTES: u64 = 1 << 20;

/// A file of nothing but these pieces, their ways and the head: what a report has attached.
pub(crate) fn bare(life: Vec<Proof>) -> ProofFile {
    let mut file = ProofFile { v: PROOF_FORM, ..ProofFile::default() };
    let written = |hashes: &[Hash]| hashes.iter().map(|hash| hex(hash)).collect();
    for Proof { entry, path, head, stamp, among } in life {
        let piece = Proven { entry, path: written(&path) };
        match among {
            Some(Among { index, beside }) => {
                file.erased = Some(ErasureProof { piece, index, beside: written(&beside) });
            }
            None => file.entries.push(piece),
        }
        (file.head, file.stamp) = (STANDARD.encode(head), stamp.map(|stamp| STANDARD.encode(stamp)));
    }
    file
}

/// Everything about the bundle that this piece is about. None: there is no such piece. What is so new that no head covers it is
/// signed for first. `reader` is the office that asks, in whose folders the receipt may stand.
pub(crate) async fn whole<S: Store>(
    house: &House<S>,
    id: EvidenceId,
    reader: Option<OfficeNumber>,
) -> Result<Option<ProofFile>, StoreError> {
    witness::attest(house).await?;
    let life = house.store.prove_life(id).await?;
    if life.is_empty() {
        return Ok(None);
    }
    let read = |proof: &Proof| serde_json::from_str::<Recorded>(&proof.entry).ok();
    let known: Vec<_> = life.iter().filter_map(read).collect();
    if let Some(first) = known.first().filter(|first| first.evidence.event != Event::SubmissionAcceptance) {
        // Its beginning went after its years, or somebody took it away.
        not_pruned(house, first.previous.unwrap_or(first.id)).await?;
        return Err(Refusal::EvidenceBroken.about(first.id).into());
    }
    let mut file = bare(life);
    papers(house, &known, &mut file).await?;
    file.deeds = deeds(house, &known).await?;
    file.receipt = said(house, known.iter().rfind(|one| one.evidence.event == Event::ContentHandover), reader).await?;
    file.failure = said(house, known.iter().find(|one| one.evidence.fault.is_some()), reader).await?;
    Ok(Some(file))
}

/// Profile §8.29: where there is no such piece, it is said whether there may have been.
pub(crate) async fn not_pruned<S: Store>(house: &House<S>, id: EvidenceId) -> Result<(), StoreError> {
    let LogState { pruned, .. } = house.store.log_state().await?;
    match pruned {
        Some((_, last)) if id <= last => Err(Refusal::EvidencePruned.about(id).into()),
        _ => Ok(()),
    }
}

fn short(digest: &str) -> String {
    digest.get(..PAPER_NAME).unwrap_or(digest).to_owned()
}

/// Certificates, what counted when they were judged, and of that what is about them.
async fn papers<S: Store>(house: &House<S>, known: &[Recorded], file: &mut ProofFile) -> Result<(), StoreError> {
    let store = &house.store;
    let named = known
        .iter()
        .map(|one| &one.evidence)
        .flat_map(|one| one.signer.iter().map(|signer| short(signer)).chain(one.trust.clone()));
    let found = store.papers(named.collect()).await?;
    let states = found.iter().filter(|paper| paper.kind == PaperKind::Trust);
    let states = states.filter_map(|paper| serde_json::from_slice::<TrustState>(&paper.octets).ok());
    file.trust = states.collect();
    let beside = found.iter().flat_map(|paper| paper.beside.clone());
    let members = file.trust.iter().flat_map(|state| state.members().iter().map(|member| short(member)));
    let more = store.papers(beside.chain(members).collect()).await?;
    let all: BTreeMap<String, Paper> = found.into_iter().chain(more).map(|paper| (paper.name.clone(), paper)).collect();
    // Lists are long, and who asks for mail meanwhile must not wait for them.
    let (trust, known) = (house.trust(), house.issuers.clone());
    let written = tokio::task::spawn_blocking(move || written(&all, &trust, &known)).await;
    (file.certificates, file.revocation) = written.map_err(|why| StoreError::Failed(why.to_string()))?;
    Ok(())
}

/// All certificates, and the lists that speak about them.
fn written(all: &BTreeMap<String, Paper>, trust: &Trust, known: &Issuers) -> (Vec<String>, Vec<String>) {
    let of = |kind| all.values().filter(move |paper| paper.kind == kind);
    let certificates = of(PaperKind::Certificate).map(|paper| STANDARD.encode(&paper.octets)).collect();
    let (issuers, mut room, mut lists) = (issuers(all), LIST_BYTES, Vec::new());
    for paper in of(PaperKind::Revocation) {
        let issuer = known.of(&paper.name, || trust.read_news(&paper.octets).ok().and_then(|news| news.issuer()));
        let speaks = issuer.is_none_or(|issuer| issuers.contains(&issuer));
        if let (true, Some(left)) = (speaks, room.checked_sub(paper.octets.len())) {
            room = left;
            lists.push(STANDARD.encode(&paper.octets));
        }
    }
    (certificates, lists)
}

/// What was signed of the mandates under which agents did any of it (Profile §8.26). One from paper has no deeds.
async fn deeds<S: Store>(house: &House<S>, known: &[Recorded]) -> Result<Vec<MandateDeed>, StoreError> {
    let mandates: BTreeSet<_> = known.iter().filter_map(|one| one.evidence.by.as_ref()).map(|by| by.mandate).collect();
    let mut deeds = Vec::new();
    for mandate in mandates {
        let deed = |SignedDeed { at, octets, .. }| MandateDeed { mandate, at, signed: STANDARD.encode(octets) };
        deeds.extend(house.store.deeds(mandate).await?.into_iter().map(deed));
    }
    Ok(deeds)
}

/// Who issued any of these certificates.
fn issuers(papers: &BTreeMap<String, Paper>) -> BTreeSet<String> {
    let certificates = papers.values().filter(|paper| paper.kind == PaperKind::Certificate);
    certificates.filter_map(|paper| Certificate::from_der(&paper.octets).ok()).map(|one| one.issuer()).collect()
}

/// The recipient's word as the gateway accepted it. What is kept of it and is damaged is as good as gone (Profile §8.19): `evidence verify`
/// names it, and who asks here is given what lies in a folder.
async fn said<S: Store>(
    house: &House<S>,
    piece: Option<&Recorded>,
    reader: Option<OfficeNumber>,
) -> Result<Option<String>, StoreError> {
    let Some(piece) = piece else { return Ok(None) };
    let kept = match house.store.word(piece.id).await {
        Err(error @ StoreError::Failed(_)) => {
            house.refusal_of(error);
            None
        }
        kept => kept?,
    };
    let is_it = |octets: &Vec<u8>| piece.evidence.receipt_sha256.as_ref().is_none_or(|sha256| hash(octets) == *sha256);
    match kept.filter(is_it) {
        Some(octets) => Ok(Some(STANDARD.encode(octets))),
        None => in_a_folder(house, &piece.evidence, reader).await,
    }
}

/// The same where nothing of it is kept beside the evidence, as once it was not: under its trace field stand the octets that came.
async fn in_a_folder<S: Store>(
    house: &House<S>,
    piece: &Evidence,
    reader: Option<OfficeNumber>,
) -> Result<Option<String>, StoreError> {
    let (Some(id), Some(digest)) = (&piece.receipt, &piece.receipt_sha256) else { return Ok(None) };
    let Some((message, _)) = house.store.find_sent(piece.to, id).await? else { return Ok(None) };
    for office in reader.into_iter().chain([piece.from, piece.to]) {
        // Who put it away has it no more; the other may.
        let Ok(octets) = house.store.read(office, message, 0..MESSAGE_BYTES).await else { continue };
        return Ok(as_it_came(&octets.0, digest).map(|octets| STANDARD.encode(octets)));
    }
    Ok(None)
}
