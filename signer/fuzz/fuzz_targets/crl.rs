//! Any revocation list is answered; none is believed without its authority's signature, and what an authority signed does no
//! harm either, whatever it is.
#![no_main]

use std::sync::LazyLock;

use fumibako_signer::authority::Authority;
use fumibako_signer::{Identity, RevocationList, Trust, WithoutList};
use fumibako_signer_fuzz::{AT, authority_and_office, first_element, spliced};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

struct Stage {
    ca: Authority,
    office: Identity,
    trust: Trust,
    /// What is signed of a good list.
    content: Vec<u8>,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let (ca, office) = authority_and_office();
    let (_, other) = authority_and_office();
    let revoked = [(office.certificate(), AT), (other.certificate(), AT)];
    let list = ca.revoke(&revoked, Timestamp::UNIX_EPOCH, Timestamp::constant(2_000_000_000, 0)).unwrap();
    let content = first_element(&list).unwrap().to_vec();
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    assert!(trust.read_list(&ca.sign_content(&content).unwrap()).is_ok());
    Stage { ca, office, trust, content }
});

fuzz_target!(|bytes: &[u8]| {
    assert!(RevocationList::read(bytes, &[]).is_err());
    let Stage { ca, office, trust, content } = &*STAGE;
    let signed = spliced(content, bytes).and_then(|content| ca.sign_content(&content));
    if let Some(Ok(list)) = signed.map(|list| trust.read_list(&list)) {
        let _ = (list.series(), list.is_older_than(&list), list.is_delta());
        let trust = trust.with_lists([list.clone(), list], WithoutList::Refuse);
        let _ = trust.check_revocation_of(office.certificate(), office.chain(), AT);
    }
});
