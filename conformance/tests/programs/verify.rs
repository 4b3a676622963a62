//! `fumibako verify` as a third party runs it: a message in a file, an authority, perhaps a key; no settings, no gateway.

use std::fs;
use std::path::PathBuf;

use fumibako_conformance::{Letter, Office, Programs, Ran, Tool};
use fumibako_model::Refusal;
use fumibako_signer::{Cipher, Enveloped, Sealing, Signed, encrypt, seal, sign};
use serde_json::Value;

use crate::world::World;

/// A folder of somebody without settings.
struct Desk<'w> {
    world: &'w World,
    folder: PathBuf,
}

impl<'w> Desk<'w> {
    fn new(world: &'w World) -> Self {
        let folder = world.gateway.folder().join("third-party");
        fs::create_dir(&folder).expect("the folder is writable");
        let desk = Self { world, folder };
        desk.put("ca.pem", world.gateway.office_authority().certificate().to_pem().as_bytes());
        for office in [&world.sender, &world.recipient] {
            desk.put(&format!("{}.pem", office.number), office.identity.to_pem().as_bytes());
        }
        desk
    }

    fn put(&self, name: &str, octets: &[u8]) {
        fs::write(self.folder.join(name), octets).expect("the folder is writable");
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let office = Tool::at(&Programs::built().office).arg("verify").args(arguments);
        office.args(["--no-input", "--trust", "ca.pem"]).inside(&self.folder).reads(input).run()
    }

    /// The states of the layers, read with the recipient's key.
    #[track_caller]
    fn states(&self, message: &[u8], exit: i32) -> Vec<(String, String)> {
        let key = format!("{}.pem", self.world.recipient.number);
        let ran = self.run(&["-", "--key", &key, "--format", "json"], message);
        assert_eq!(ran.exit(), Some(exit), "{}{}", ran.output(), ran.messages());
        let object: Value = serde_json::from_str(&ran.output()).expect("the result is one object");
        assert_eq!((&object["v"], &object["holds"]), (&Value::from(1), &Value::from(exit == 0)));
        let layers = object["layers"].as_array().expect("there are layers");
        let word = |layer: &Value, key: &str| layer[key].as_str().unwrap_or_default().to_owned();
        let state = |layer: &Value| match layer["state"].as_str() {
            Some("fails") => (word(layer, "layer"), word(layer, "code")),
            _ => (word(layer, "layer"), word(layer, "state")),
        };
        layers.iter().map(state).collect()
    }

    /// The one layer, or the first of them, that does not hold.
    #[track_caller]
    fn fails(&self, message: &[u8], layer: &str, why: Refusal) {
        let states = self.states(message, 76);
        let failed = states.iter().find(|(_, state)| state.starts_with("E-")).expect("something fails");
        assert_eq!((failed.0.as_str(), failed.1.as_str()), (layer, why.row().code), "{states:?}");
    }
}

fn header(letter: &Letter) -> String {
    letter.fields.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect()
}

/// The sample plan, sealed by this office for the recipient.
fn sealed(letter: &Letter, by: &Office, world: &World) -> Vec<u8> {
    let header = header(letter);
    let entity =
        [format!("Fumibako-Recipients: {}\r\n", world.recipient.address()).as_bytes(), &letter.part()].concat();
    let recipients = [world.recipient.identity.certificate().clone()];
    let (signer, cipher) = (&by.identity, Cipher::Aes256Gcm);
    let sealing = Sealing { routing: header.as_bytes(), signer, recipients: &recipients, cipher };
    let closed = seal(&entity, &sealing, letter.at).expect("it can be sealed");
    [header.as_bytes(), b"MIME-Version: 1.0\r\n", &closed].concat()
}

fn with(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).expect("it is ASCII");
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

// Profile §4.9
#[test]
fn a_third_party_verifies_every_layer_without_settings() {
    let world = World::new();
    let desk = Desk::new(&world);
    let letter = Letter::plan(&world.sender, &world.recipient);
    let message = sealed(&letter, &world.sender, &world);
    let states = desk.states(&message, 0);
    let unseen: Vec<_> = states.iter().filter(|(_, state)| state != "holds").collect();
    assert_eq!((states.len(), unseen.len()), (11, 1), "only revocation was not looked at: {states:?}");

    desk.put("message.eml", &message);
    let ran = desk.run(&["message.eml", "--format", "text"], b"");
    let text = ran.well().output();
    for words in ["○ 外側の署名", "－ 暗号化: 開く鍵がない", "AES-256-GCM", "9970000011@plans.example", "（いま）"]
    {
        assert!(text.contains(words), "{words}\n{text}");
    }
    // A program on a disk wrote LF.
    desk.put("unix.eml", &String::from_utf8(message).expect("it is ASCII").replace('\r', "").into_bytes());
    desk.run(&["unix.eml"], b"").well();
    let ran = desk.run(&["message.eml", "--at", "2020-01-01 09:00", "--lang", "en", "--format", "text"], b"");
    assert_eq!(ran.exit(), Some(76));
    assert!(ran.output().contains("2020-01-01 09:00 Japan time (as --at says)"), "{}", ran.output());
    assert!(ran.output().contains("[E-CRT-003]"), "{}", ran.output());
}

#[test]
fn each_kind_of_damage_ends_with_76_and_is_named() {
    let world = World::new();
    let desk = Desk::new(&world);
    let letter = Letter::plan(&world.sender, &world.recipient);
    let good = sealed(&letter, &world.sender, &world);
    desk.fails(&with(&good, "MII", "MIJ"), "outer-signature", Refusal::SignatureBroken);
    let part = Signed::read(&good).expect("it is signed").part();
    desk.fails(part, "outer-signature", Refusal::NotSigned);
    desk.fails(&sealed(&letter, &World::new().sender, &world), "authority", Refusal::UnknownAuthority);
    desk.fails(&with(&good, "From: 9970000011", "From: 9970000037"), "holder", Refusal::NotItsCertificate);
    desk.fails(&with(&good, "Date: ", "Date:  Mon, "), "routing-fields", Refusal::SignedFieldsDiffer);

    // Another office of the same authority puts its own signature around what the sender signed.
    let other = world.gateway.office("9970000037");
    let mut again = letter.clone();
    again.put("From", &other.address());
    let key = std::slice::from_ref(&world.recipient.identity);
    let clear = Enveloped::read(part).expect("it is an envelope").decrypt(key).expect("it opens");
    let envelope = encrypt(&clear, &[world.recipient.identity.certificate().clone()], Cipher::Aes256Gcm);
    let part = [header(&again).as_bytes(), &envelope.expect("it is encrypted")].concat();
    let closed = sign(&part, &other.identity, letter.at).expect("it can be signed");
    let message = [header(&again).as_bytes(), b"MIME-Version: 1.0\r\n", &closed].concat();
    desk.fails(&message, "same-signer", Refusal::NotItsCertificate);

    // What stands inside says another subject for the outside than stands there.
    let mut letter = letter;
    letter.fields.push(("Subject", "outside".into()));
    letter.repeated = letter.fields.clone();
    letter.repeated.push(("HP-Outer", "Subject: another".into()));
    desk.fails(&sealed(&letter, &world.sender, &world), "fields-inside", Refusal::SignedFieldsDiffer);
}

#[test]
fn a_message_that_openssl_signed_is_verified() {
    Programs::need(&["openssl"]);
    let world = World::new();
    let desk = Desk::new(&world);
    let letter = Letter::plan(&world.sender, &world.recipient);
    let (text, version) = (letter.unsigned(), b"MIME-Version: 1.0\r\n");
    let entity = text.windows(version.len()).position(|window| window == version).expect("it is MIME") + version.len();
    desk.put("entity", &text[entity..]);
    let key = format!("{}.pem", world.sender.number);
    let sign = ["cms", "-sign", "-in", "entity", "-signer", &key, "-from", "9970000011@plans.example"];
    let to = ["-to", "9970000029@plans.example", "-subject", "plan", "-out", "signed.eml"];
    Tool::named("openssl").args(sign).args(to).inside(&desk.folder).run().well();
    let message = fs::read(desk.folder.join("signed.eml")).expect("OpenSSL wrote it");
    let states = desk.states(&message, 0);
    let state = |name: &str| states.iter().find(|(layer, _)| layer == name).map(|(_, state)| state.as_str());
    assert_eq!(
        (state("outer-signature"), state("authority"), state("holder")),
        (Some("holds"), Some("holds"), Some("holds"))
    );
    // A plain mail tool repeats no fields under its signature.
    assert_eq!(state("routing-fields"), Some("unseen"));
    desk.fails(&with(&message, "UP1KYO", "UP1KYX"), "outer-signature", Refusal::SignatureBroken);
}

#[test]
fn what_is_no_message_ends_with_65_and_no_file_with_66() {
    let world = World::new();
    let desk = Desk::new(&world);
    desk.put("plan.pdf", b"%PDF-1.7\n");
    let ends = |arguments: &[&str], input: &[u8], exit: i32, words: &str| {
        let ran = desk.run(arguments, input);
        assert_eq!(ran.exit(), Some(exit), "{}", ran.messages());
        assert!(ran.messages().contains(words), "{}", ran.messages());
    };
    ends(&["plan.pdf"], b"", 65, "メールのファイルではありません");
    ends(&["-"], b"", 65, "標準入力 はメールのファイルではありません");
    ends(&["nothing.eml"], b"", 66, "見つかりません");
    let alone = Tool::at(&Programs::built().office).args(["verify", "-"]).inside(&desk.folder);
    let ran = alone.reads(&world.plan()).run();
    assert_eq!(ran.exit(), Some(78), "{}", ran.messages());
    assert!(ran.messages().contains("--trust"), "{}", ran.messages());
}
