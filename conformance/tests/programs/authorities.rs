//! Authorities that write certificates in their own ways: both programs read whose they are alike.

use std::fs;

use fumibako_conformance::{Office, now};
use fumibako_model::Refusal;
use fumibako_signer::StatusQuestion;
use fumibako_signer::authority::{Authority, KeyKind, Manner, Purpose, Request};
use jiff::SignedDuration;
use serde_json::Value;

use crate::office::{Desk, enrol, files, sample};
use crate::world::World;

/// Gives an office a certificate of this authority, as it writes them.
fn renew(world: &World, office: &mut Office, authority: &Authority, manner: &Manner<'_>) {
    let request = Request {
        common_name: "office",
        rfc822_name: &office.address(),
        key: KeyKind::Rsa2048,
        purpose: Purpose::Mail,
        not_before: now() - SignedDuration::from_hours(1),
        not_after: now() + SignedDuration::from_hours(1),
    };
    office.identity = authority.issue_as(&request, manner).expect("it is issued");
    let key = world.gateway.folder().join(format!("{}.pem", office.number));
    fs::write(key, office.identity.to_pem()).expect("the folder is writable");
    enrol(world, office);
}

// Profile §5.4, §4.13: the sender's certificate names nobody, the recipient's has the number in its subject.
#[test]
fn a_plan_goes_between_offices_of_authorities_that_write_no_mail_address() {
    let mut world = World::new();
    let began = now() - SignedDuration::from_hours(24);
    let [nameless, numbering] =
        ["Nameless", "Numbering"].map(|name| Authority::create(name, began).expect("it is made"));
    let put = |name: &str, text: String| fs::write(world.gateway.folder().join(name), text).expect("it is writable");
    put("trust/nameless.pem", nameless.certificate().to_pem());
    put("trust/nameless.toml", "names = \"roll\"\n".into());
    put("trust/numbering.pem", numbering.certificate().to_pem());
    put("trust/numbering.toml", "names = \"subject-serial-number\"\n".into());
    world.gateway.kill();
    world.gateway.restart();
    let (mut sender, mut recipient) = (world.sender.clone(), world.recipient.clone());
    renew(&world, &mut sender, &nameless, &Manner { without_address: true, ..Manner::default() });
    let number = recipient.number.clone();
    let manner = Manner { without_address: true, subject_serial_number: Some(&number), ..Manner::default() };
    renew(&world, &mut recipient, &numbering, &manner);
    let desks = [&sender, &recipient].map(|office| {
        let desk = Desk::new(&world, office, &office.password);
        desk.set(
            "authority = [{ file = \"../trust/nameless.pem\", names = \"roll\" }, \
             { file = \"../trust/numbering.pem\", names = \"subject-serial-number\" }]",
        );
        desk
    });
    let [from, to] = &desks;
    let plan = sample();
    from.run(&["send", &plan.to_string_lossy()]).well();
    // Nothing here says whose the sender's certificate is.
    let ran = to.run(&["fetch"]);
    let said = ran.output() + &ran.messages();
    assert_eq!(ran.exit(), Some(76), "{said}");
    assert!(said.contains(Refusal::CertificateNamesNobody.row().code), "{said}");
    assert!(!to.folder.join("受信").exists(), "something was saved");
    let place = world.gateway.folder().join("partners.pem");
    let partners = fs::read_to_string(&place).expect("it was handed out");
    let known = sender.identity.certificate().to_pem();
    assert!(partners.contains(known.trim()), "the roll holds it");
    fs::write(&place, partners.replace(known.trim(), &format!("# {}\n{}", sender.number, known.trim())))
        .expect("the folder is writable");
    to.run(&["fetch"]).well();
    assert!(files(&to.folder.join("受信")) == files(&plan), "the files differ");
    let sent = from.list("sent");
    assert_eq!(sent[0]["state"], "済");
    let id = sent[0]["message_id"].as_str().expect("it has one").to_owned();
    let shown = from.run(&["show", &id, "--format", "ndjson"]).well().output();
    let shown: Value = serde_json::from_str(&shown).expect("it is JSON");
    assert_eq!(shown["signature"], "holds", "{shown}");
}

// Profile §4.18, §5.3: the running gateway takes in what a responder said, and so does the office program.
#[test]
fn an_answer_of_a_responder_revokes_at_both_ends() {
    let world = World::new();
    enrol(&world, &world.recipient);
    let desk = Desk::new(&world, &world.sender, &world.sender.password);
    let (authority, plan) = (world.gateway.office_authority(), sample());
    let certificate = world.sender.identity.certificate();
    let question = StatusQuestion::new(certificate, authority.certificate()).expect("the authority issued it");
    let hour = SignedDuration::from_hours(1);
    let answer = |name: &str, revoked: bool, at| {
        let revoked = if revoked { vec![(certificate, now() - hour)] } else { Vec::new() };
        let der = authority.answer(question.der(), &revoked, at, now() + hour).expect("it answers");
        let place = desk.folder.join(name);
        fs::write(&place, der).expect("the folder is writable");
        place.to_string_lossy().into_owned()
    };
    let send = || desk.run(&["send", &plan.to_string_lossy(), "--signed-only"]);
    world.gateway.admin(["trust", "add-crl", &answer("good.ocsp", false, now() - hour)]);
    send().well();
    let revoked = answer("revoked.ocsp", true, now());
    world.gateway.admin(["trust", "add-crl", &revoked]);
    let refused = send();
    assert_eq!(refused.exit(), Some(3), "{}", refused.messages());
    assert!((refused.output() + &refused.messages()).contains("E-REV-001"), "{}", refused.messages());
    // With the same answer at hand the program asks no gateway.
    desk.set("revocation_files = [\"revoked.ocsp\"]");
    let unfit = send();
    assert_eq!(unfit.exit(), Some(78), "{}", unfit.messages());
}
