//! certtool (Debian: gnutls-bin) signs and verifies; it encrypts nothing.

use fumibako_conformance::{Programs, Ran, Tool};

use crate::people::{People, Way, another_content_and_a_stranger, every_way_we_sign};

fn certtool(people: &People, line: &str) -> Ran {
    Programs::need(&["certtool"]);
    Tool::named("certtool").args(line.split(' ')).inside(people.folder()).run()
}

fn verifies(people: &People, signature: &str, content: &str) -> bool {
    let line = format!("--p7-verify --load-ca-certificate ca.pem --inder --infile {signature} --load-data {content}");
    certtool(people, &line).succeeded()
}

#[test]
fn certtool_verifies_every_way_we_sign() {
    let people = People::new();
    every_way_we_sign(
        &people,
        [
            "certtool/verifies RSA-2048",
            "certtool/verifies RSA-3072",
            "certtool/verifies RSA-PSS",
            "certtool/verifies P-256",
            "certtool/verifies P-384",
            "certtool/verifies Ed25519",
        ],
        |signature, content| verifies(&people, signature, content),
    );
}

#[test]
fn certtool_refuses_another_content_and_a_stranger() {
    let people = People::new();
    another_content_and_a_stranger(&people, |signature, content| verifies(&people, signature, content));
}

#[test]
fn we_verify_what_certtool_signs() {
    let people = People::new();
    for way in [Way::Rsa2048, Way::Rsa3072, Way::P256, Way::P384] {
        let office = people.office("office", way);
        let keys = "--load-certificate office.pem --load-privkey office.key --p7-include-cert --p7-time";
        certtool(&people, &format!("--p7-detached-sign {keys} --infile entity --outder --outfile theirs.p7s")).well();
        assert!(people.verify(&people.get("theirs.p7s"), &office).signing_time().is_some(), "{way:?}");
    }
}
