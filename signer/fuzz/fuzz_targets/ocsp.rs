//! Any answer of a responder is answered; none is believed without its authority's signature, and what an authority signed
//! does no harm either, whatever it is.
#![no_main]

use std::sync::LazyLock;

use fumibako_signer::authority::Authority;
use fumibako_signer::{Identity, StatusAnswer, StatusQuestion, Trust, WithoutList};
use fumibako_signer_fuzz::{AT, authority_and_office, first_element, header, spliced};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

struct Stage {
    ca: Authority,
    office: Identity,
    trust: Trust,
    question: StatusQuestion,
    /// What is signed of a good answer.
    content: Vec<u8>,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let (ca, office) = authority_and_office();
    let question = StatusQuestion::new(office.certificate(), ca.certificate()).unwrap();
    let end = Timestamp::constant(2_000_000_000, 0);
    let answer = ca.answer(question.der(), &[(office.certificate(), AT)], Timestamp::UNIX_EPOCH, end).unwrap();
    // Past the kind of answer stands the basic one in a string of octets.
    let kind = [6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
    let string = &answer[answer.windows(kind.len()).position(|octets| octets == kind).unwrap() + kind.len()..];
    let content = first_element(&string[header(string).unwrap().0..]).unwrap().to_vec();
    assert!(StatusAnswer::to(&question, &ca.sign_answer(&content).unwrap(), ca.certificate()).is_ok());
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    Stage { ca, office, trust, question, content }
});

fuzz_target!(|bytes: &[u8]| {
    let Stage { ca, office, trust, question, content } = &*STAGE;
    assert!(StatusAnswer::read(bytes, ca.certificate()).is_err());
    let Some(signed) = spliced(content, bytes).and_then(|content| ca.sign_answer(&content)) else { return };
    let _ = StatusAnswer::to(question, &signed, ca.certificate());
    if let Ok(news) = trust.read_news(&signed) {
        let _ = (news.series(), news.is_older_than(&news));
        let trust = trust.with_news([news], WithoutList::Refuse);
        let _ = trust.check_revocation_of(office.certificate(), office.chain(), AT);
    }
});
