//! Signed receipts (RFC 2634 §2) with OpenSSL, both ways: it confirms what our program returned, and our program confirms
//! what it signed.

use std::fs;

use fumibako_conformance::{Mailbox, Programs, Tool};
use fumibako_signer::Signed;

use crate::curl::fetch;
use crate::office::{Desk, enrol, sample};
use crate::sealed::openssl_decrypts;
use crate::world::World;

/// The receipt that our recipient's program returned, as the sender finds it.
fn returned(world: &World) -> Vec<u8> {
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.sender).expect("the mailbox opens");
    mailbox.command("EXAMINE Receipts").expect("the folder is there");
    let said = mailbox.command("FETCH 1:* (BODY[])").expect("the receipt is there");
    // That the message was handed over, to curl, the gateway may have reported before (Profile §8.17).
    let from = format!("From: <{}>", world.recipient.address());
    let is_it = |octets: &Vec<u8>| String::from_utf8_lossy(octets).contains(&from);
    let literal = said.into_iter().flat_map(|said| said.literals).find(is_it);
    literal.expect("it has a body")
}

// Profile §8.8
#[test]
fn openssl_confirms_the_receipt_that_our_program_returned_and_signs_one_that_ours_confirms() {
    Programs::need(&["openssl"]);
    let world = World::new();
    enrol(&world, &world.recipient);
    let sender = Desk::new(&world, &world.sender, &world.sender.password);
    let recipient = Desk::new(&world, &world.recipient, &world.recipient.password);
    sender.set("compress = false");
    sender.run(&["send", &sample().to_string_lossy()]).well();
    let message = fetch(&world, 1);
    let inner = openssl_decrypts(&world, Signed::read(&message).expect("it is signed").part());
    recipient.run(&["fetch"]).well();

    let receipt = String::from_utf8(returned(&world)).expect("a receipt is text");
    let start = receipt.find("Content-Type: application/pkcs7-mime; smime-type=signed-receipt").expect("it has one");
    let signed = &receipt[start..start + receipt[start..].find("\r\n--").expect("the part ends")];
    let put = |name: &str, octets: &[u8]| fs::write(sender.folder.join(name), octets).expect("the folder is writable");
    put("inner", &inner);
    put("receipt", format!("{signed}\r\n").as_bytes());
    put("receipt.eml", receipt.as_bytes());
    put("sent.eml", &message);
    put("reader.pem", world.recipient.identity.to_pem().as_bytes());
    let openssl = |line: &str| Tool::named("openssl").args(line.split(' ')).inside(&sender.folder).run();
    let verify = "cms -verify_receipt receipt -in inner -CAfile office-ca.pem -purpose smimesign";
    openssl(verify).well();

    // Ours, of its own and of OpenSSL's.
    openssl("cms -sign_receipt -in inner -signer reader.pem -out openssl.eml").well();
    let at = |name: &str| sender.folder.join(name).to_string_lossy().into_owned();
    for name in ["receipt.eml", "openssl.eml"] {
        let ran = sender.run(&["verify", &at(name), "--original", &at("sent.eml"), "--format", "ndjson"]);
        let layers = ran.well().output();
        let layer = layers.lines().find(|line| line.contains("\"layer\":\"signed-receipt\"")).expect("it is there");
        assert!(layer.contains("\"state\":\"holds\""), "{layer}");
    }
    // And neither of another message.
    sender.run(&["send", &sample().to_string_lossy()]).well();
    put("sent.eml", &fetch(&world, 2));
    for name in ["receipt.eml", "openssl.eml"] {
        let ran = sender.run(&["verify", &at(name), "--original", &at("sent.eml")]);
        assert_eq!(ran.exit(), Some(76), "{}", ran.output());
    }
}
