//! What the gateway reports, as mutt and neomutt show it to people: whose word it is, Japanese first, and beside it a file that
//! OpenSSL believes.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_conformance::{Letter, Programs, Submission, Tool};
use fumibako_model::{Event, ProofFile, Recorded};

use super::{at_a_terminal, muttrc, text};
use crate::world::World;

/// What both say of a signature that holds, by the sender whom the message names.
const VERIFIED: &str = "S/MIME signature successfully verified";

/// That a bundle was delivered, as its sender asked to be told, and that it was handed over: in this order in `Receipts`.
fn told(world: &World) {
    let (sender, recipient) = (&world.sender, &world.recipient);
    let mut session = Submission::of(&world.gateway.submission(), sender).expect("the sender logs in");
    let (asking, plan) = ((&*recipient.address(), "NOTIFY=SUCCESS"), Letter::plan(sender, recipient));
    let reply = session.send_asking(&sender.address(), asking, &plan.signed(&sender.identity));
    assert_eq!(reply.expect("the gateway answers").code, 250);
    assert_eq!(world.waits_for_letters(sender, 1), 1);
    world.looks_at_it();
    assert_eq!(world.waits_for_letters(sender, 2), 2);
}

/// A letter of `Receipts`, by its number, which the program finds signed by whom it is from: all of it as it is shown, and the attached
/// file as it is saved.
fn read(world: &World, program: &str, number: usize) -> (String, Vec<u8>) {
    let settings = muttrc(world, &world.sender);
    let at = |name: &str| world.gateway.folder().join(format!("{name}-{number}"));
    let (shown, saved) = (at("shown"), at("saved.json"));
    let authority = world.gateway.folder().join("evidence/authority.pem");
    let verify = format!(
        "set pipe_decode=yes smime_verify_command=\"openssl smime -verify -inform DER -in %s -content %f -out /dev/null -CAfile {}\" \
         smime_pk7out_command=\"openssl smime -verify -in %f -noverify -pk7out\" \
         smime_get_cert_command=\"openssl pkcs7 -print_certs -in %f\" \
         smime_get_signer_cert_command=\"openssl smime -verify -in %f -noverify -signer %c -out /dev/null\" \
         smime_get_cert_email_command=\"openssl x509 -in %f -noout -email\"",
        authority.display()
    );
    let open = format!("push \"<first-entry>{}<display-message>\"", "<next-entry>".repeat(number - 1));
    // Then out of it, all of it into a file, its attachments, and the one of that kind saved.
    let keys = format!("q|cat >{}\rv/json\rs\x15{}\rqq", shown.display(), saved.display());
    let url = format!("imaps://localhost:{}/Receipts", world.gateway.ports().imaps);
    let run = [program, "-n", "-F", text(&settings), "-f", &url, "-e", &verify, "-e", &open];
    let ran = at_a_terminal(world, &run, &[(VERIFIED, &keys)]);
    ran.well();
    let kept = |path| fs::read(path).unwrap_or_else(|why| panic!("{why}: {}", ran.output()));
    let (shown, saved) = (String::from_utf8(kept(shown)).expect("it is text"), kept(saved));
    (shown, saved)
}

/// What stands in the file, of which OpenSSL believes the head, and no other head.
fn proved(world: &World, saved: &[u8]) -> ProofFile {
    Programs::need(&["openssl"]);
    let file: ProofFile = serde_json::from_slice(saved).expect("it is a file of evidence");
    let head = STANDARD.decode(&file.head).expect("it is base64");
    let believed = |head: &[u8]| {
        let verify =
            Tool::named("openssl").args(["cms", "-verify", "-binary", "-inform", "DER", "-out", "said", "-CAfile"]);
        let authority = world.gateway.folder().join("evidence/authority.pem");
        verify.arg(authority).inside(world.gateway.folder()).reads(head).run().succeeded()
    };
    assert!(believed(&head));
    let said = fs::read_to_string(world.gateway.folder().join("said")).expect("it was written");
    assert!(said.contains("\"log\":\"plans.example\""), "{said}");
    let size = head.windows(6).position(|six| six == b"\"size\"").expect("it tells its size") + 7;
    let mut other = head.clone();
    other[size] ^= 1;
    assert!(!believed(&other), "a head of another size");
    file
}

fn mutt_shows_reports(program: &str) {
    Programs::need(&[program]);
    let world = World::new();
    told(&world);
    for (number, ja, en, event) in [
        (1, "のメールボックスに届きました。", "The bundle stands in the mailbox of", Event::ContentConsignment),
        (2, "の端末に渡しました。", "All of the bundle went to a terminal of", Event::ContentHandover),
    ] {
        let (shown, saved) = read(&world, program, number);
        let at = |words: &str| shown.find(words).unwrap_or_else(|| panic!("{words} is not shown: {shown}"));
        assert!(at("Subject: ケアプランデータ ") < at(ja) && at(ja) < at(en) && at(en) < at("照合用"), "{shown}");
        let file = proved(&world, &saved);
        let last: Recorded =
            serde_json::from_str(&file.entries.last().expect("it has entries").entry).expect("evidence");
        assert_eq!(last.evidence.event, event, "{}", last.id);
        assert!(shown.contains(&last.id.to_string()) && shown.contains(&last.evidence.message_id), "{shown}");
    }
}

// Profile §8.17
#[test]
fn mutt_shows_reports_in_japanese_first_and_saves_evidence_that_openssl_believes() {
    mutt_shows_reports("mutt");
}

// Profile §8.17
#[test]
fn neomutt_shows_reports_in_japanese_first_and_saves_evidence_that_openssl_believes() {
    mutt_shows_reports("neomutt");
}
