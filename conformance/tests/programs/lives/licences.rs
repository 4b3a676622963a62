//! What the gateway tells of licences, as OpenSSL and our program judge it offline.

use std::sync::Arc;

use fumibako_conformance::MovedClock;
use fumibako_model::{Refusal, japanese_day};
use fumibako_signer::{Signed, sign};
use jiff::{SignedDuration, Span};

use super::Life;

/// The same letter with another word in its text.
fn changed(letter: &str) -> String {
    let text = letter.split("Content-Transfer-Encoding: base64\r\n\r\n").nth(1).expect("it has a text");
    let other = if text.starts_with('5') { "6" } else { "5" };
    letter.replacen(text, &format!("{other}{}", &text[1..]), 1)
}

// Profile §4.9, §10.7
#[test]
fn a_letter_about_a_licence_is_believed_offline_and_what_others_write_in_its_place_is_not() {
    let mut life = Life::under(Arc::new(MovedClock::new()), |settings| settings);
    let (office, recipient) = (life.world.sender.clone(), life.world.recipient.clone());
    // Its 30th day before the end comes with the next day.
    let today = japanese_day(life.clock.now());
    let until = today.checked_add(Span::new().days(31)).expect("it is in the calendar");
    let from = until.checked_sub(Span::new().years(1)).expect("it is in the calendar").to_string();
    let until = until.to_string();
    life.world.gateway.admin(["licence", "grant", &office.number, "--from", &from, "--until", &until]);
    life.cut(life.clock.now() + SignedDuration::from_hours(48));
    assert_eq!(life.world.waits_for_letters(&office, 1), 1);
    let [letter] = &life.folder(&office, "Receipts")[..] else { panic!("one letter") };

    assert!(life.openssl_believes_letter(letter, &["Auto-Submitted"]), "{letter}");
    let found = life.judged(letter, &[]);
    assert_eq!((found.exit, &found.whole["form"]), (Some(0), &"letter".into()), "{}", found.whole);
    for layer in ["outer-signature", "gateway-certificate", "routing-fields", "letter"] {
        assert_eq!(found.layer(layer)["state"], "holds", "{layer} in {}", found.whole);
    }
    let text = found.layer("letter")["facts"]["text"].as_str().unwrap_or_default();
    let (ja, en) = (format!("有効期限は {until} です（あと 29 日）"), format!("ends on {until}, in 29 days"));
    assert!(text.contains(&office.number) && text.find(&ja) < text.find(&en), "{text}");
    assert!(text.contains(&ja) && text.contains(&en), "{text}");

    let code = |why: Refusal| why.row().code;
    let other = changed(letter);
    assert!(!life.openssl_believes_letter(&other, &[]));
    // An office writes the same, and signs it.
    let (head, _) = letter.split_once("MIME-Version: 1.0\r\n").expect("it is MIME");
    let part = Signed::read(letter.as_bytes()).expect("it is signed").part();
    let signed = sign(part, &recipient.identity, life.clock.now()).expect("it can be signed");
    let forged = format!("{head}MIME-Version: 1.0\r\n{}", String::from_utf8(signed).expect("it is text"));
    assert!(!life.openssl_believes_letter(&forged, &[]));
    // Whom it is to stands under the signature.
    let turned = letter.replacen(&format!("To: {}@", office.number), &format!("To: {}@", recipient.number), 1);
    for (octets, layer, why) in [
        (&other, "outer-signature", Refusal::SignatureBroken),
        (&forged, "gateway-certificate", Refusal::UnknownAuthority),
        (&turned, "routing-fields", Refusal::SignedFieldsDiffer),
    ] {
        assert_ne!(octets, letter, "{layer}");
        let found = life.judged(octets, &[]);
        assert_eq!((found.exit, &found.layer(layer)["code"]), (Some(76), &code(why).into()), "{}", found.whole);
        if layer != "routing-fields" {
            assert_eq!(
                found.layer("letter")["state"],
                "unseen",
                "nothing is shown as the gateway's word: {}",
                found.whole
            );
        }
    }
}
