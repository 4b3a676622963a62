//! Evidence that stands alone: everything that it takes to judge it offline, in one file (Profile §8.18).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{
    Event, Evidence, EvidenceId, MandateDeed, OfficeNumber, PROOF_FORM, ProofFile, Proven, Recorded, TrustState,
    as_it_came,
};
use fumibako_signer::{Certificate, Trust};
use fumibako_store::{PAPER_NAME, Paper, PaperKind, Proof, SignedDeed, Store, StoreError, hex};

use crate::house::{House, Issuers};
use crate::witness;

/// Octets of revocation lists in one file. Past it, those left out are asked of their authority; the file says which counted.
const LIST_BYTES: usize = 8 << 20;
/// Octets of a receipt, which has a text and two signatures.
const RECEIPT_BYTES: u64 = 1 << 20;

/// A file of nothing but these pieces, their ways and the head: what a report has attached.
pub(crate) fn bare(life: Vec<Proof>) -> ProofFile {
    let mut file = ProofFile { v: PROOF_FORM, ..ProofFile::default() };
    for Proof { entry, path, head, stamp } in life {
        file.entries.push(Proven { entry, path: path.iter().map(|hash| hex(hash)).collect() });
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
    let read = |proof: &Proof| serde_json::from_str::<Recorded>(&proof.entry).map(|known| known.evidence);
    let known = life.iter().map(read).collect::<Result<Vec<_>, _>>();
    let known = known.map_err(|why| StoreError::Failed(why.to_string()))?;
    let Some(last) = known.last() else { return Ok(None) };
    let mut file = bare(life);
    papers(house, &known, &mut file).await?;
    file.deeds = deeds(house, &known).await?;
    file.receipt = receipt(house, last, reader).await?;
    Ok(Some(file))
}

fn short(digest: &str) -> String {
    digest.get(..PAPER_NAME).unwrap_or(digest).to_owned()
}

/// Certificates, what counted when they were judged, and of that what is about them.
async fn papers<S: Store>(house: &House<S>, known: &[Evidence], file: &mut ProofFile) -> Result<(), StoreError> {
    let store = &house.store;
    let named = known.iter().flat_map(|one| one.signer.iter().map(|signer| short(signer)).chain(one.trust.clone()));
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
async fn deeds<S: Store>(house: &House<S>, known: &[Evidence]) -> Result<Vec<MandateDeed>, StoreError> {
    let mandates: BTreeSet<_> = known.iter().filter_map(|one| one.by.as_ref()).map(|by| by.mandate).collect();
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

/// The receipt as the gateway accepted it, while it is kept: under its trace field stand the octets that came.
async fn receipt<S: Store>(
    house: &House<S>,
    last: &Evidence,
    reader: Option<OfficeNumber>,
) -> Result<Option<String>, StoreError> {
    let (Some(id), Some(digest)) = (&last.receipt, &last.receipt_sha256) else { return Ok(None) };
    if last.event != Event::ContentHandover {
        return Ok(None);
    }
    let Some((message, _)) = house.store.find_sent(last.to, id).await? else { return Ok(None) };
    for office in reader.into_iter().chain([last.from, last.to]) {
        // Who put it away has it no more; the other may.
        let Ok(octets) = house.store.read(office, message, 0..RECEIPT_BYTES).await else { continue };
        return Ok(as_it_came(&octets.0, digest).map(|octets| STANDARD.encode(octets)));
    }
    Ok(None)
}
