//! Sealed bundles of the built programs: OpenSSL opens them step by step, the gateway's disk shows nothing of them, and what
//! was changed on the way, or is for an outdated certificate, ends in plain words.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::alphabet::STANDARD as LETTERS;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use fumibako_conformance::{Letter, Mailbox, Programs, Tool, now};
use fumibako_model::Refusal;
use fumibako_signer::{Certificate, Cipher, Identity, Sealing, Signed, Trust, open, seal, sign};

use crate::curl::{fetch, openssl_verifies};
use crate::office::{Desk, enrol, files, sample};
use crate::world::World;

/// Shortest piece of a plan that is looked for, in bytes.
const PIECE: usize = 12;

/// Two desks, the recipient's certificate handed out.
fn desks() -> (World, Desk, Desk) {
    let world = World::new();
    enrol(&world, &world.recipient);
    let sender = Desk::new(&world, &world.sender, &world.sender.password);
    let recipient = Desk::new(&world, &world.recipient, &world.recipient.password);
    (world, sender, recipient)
}

/// The Japanese fields of the plan, as its files spell them.
fn plan_text() -> Vec<Vec<u8>> {
    let all: Vec<u8> =
        files(&sample()).into_iter().filter(|(name, _)| name.ends_with("CSV")).flat_map(|(_, o)| o).collect();
    let fields = all.split(|byte| b",\"\r\n".contains(byte));
    let fields: Vec<Vec<u8>> =
        fields.filter(|field| field.len() >= PIECE && !field.is_ascii()).map(<[u8]>::to_vec).collect();
    assert!(fields.len() > 5, "the plan has text");
    fields
}

/// Does a file show any of these, as it is or in base64, or in base64 of base64?
fn shows(octets: &[u8], text: &[Vec<u8>], depth: u8) -> bool {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let lenient = GeneralPurpose::new(&LETTERS, lenient.with_decode_allow_trailing_bits(true));
    let has = |piece: &Vec<u8>| memmem(octets, piece);
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let joined: Vec<u8> = octets.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
    let decoded = |run: &[u8]| {
        (0..4).any(|at| {
            let run = run.get(at..).unwrap_or_default();
            lenient.decode(&run[..run.len() / 4 * 4]).is_ok_and(|clear| shows(&clear, text, depth - 1))
        })
    };
    text.iter().any(has)
        || depth > 0 && joined.split(|byte| !is_letter(byte)).any(|run| run.len() > PIECE && decoded(run))
}

fn memmem(octets: &[u8], piece: &[u8]) -> bool {
    let first = piece[0];
    octets.iter().enumerate().any(|(at, byte)| *byte == first && octets[at..].starts_with(piece))
}

/// Files of the gateway's own folder that show the plan; the desks stand there too, and have read it.
fn readable(folder: &Path, text: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with("desk-") {
            found.extend(readable(&path, text));
        } else if path.is_file() && shows(&fs::read(&path).expect("it is readable"), text, 2) {
            found.push(name);
        }
    }
    found
}

/// `openssl cms -decrypt` with the recipient's key.
pub(crate) fn openssl_decrypts(world: &World, envelope: &[u8]) -> Vec<u8> {
    Programs::need(&["openssl"]);
    let key = world.gateway.folder().join(format!("{}.pem", world.recipient.number));
    let ran = Tool::named("openssl").args(["cms", "-decrypt", "-recip"]).arg(key).reads(envelope).run();
    ran.well();
    ran.octets
}

// Profile §4.5, §4.6: verify, decrypt, verify, with a program that knows nothing of ours.
#[test]
fn openssl_opens_what_our_program_sealed_step_by_step() {
    let (world, sender, _) = desks();
    // Profile §4.10: Debian's OpenSSL does not expand what is compressed.
    sender.set("compress = false");
    sender.run(&["send", &sample().to_string_lossy(), "--message", "よろしくお願いします"]).well();
    let message = fetch(&world, 1);
    let envelope = openssl_verifies(&world, &message).expect("the outer signature holds");
    assert!(envelope == Signed::read(&message).expect("it is signed").part(), "OpenSSL read other octets");
    let inner = openssl_decrypts(&world, &envelope);
    let entity = openssl_verifies(&world, &inner).expect("the inner signature holds");
    let trust = Trust::new([world.gateway.office_authority().certificate().clone()]).expect("it is an authority");
    let opened = open(&message, &trust, std::slice::from_ref(&world.recipient.identity), now()).expect("it opens");
    assert!(opened.entity() == entity, "OpenSSL opened other octets");
    // Profile §2.3: each file stands in it byte for byte.
    let lines = String::from_utf8(entity).expect("it is ASCII").replace("\r\n", "");
    for (name, octets) in files(&sample()).iter().filter(|(name, _)| name.ends_with("CSV")) {
        assert!(lines.contains(&STANDARD.encode(octets)), "{name} is not in it");
    }
    // The sender is among the readers.
    open(&message, &trust, std::slice::from_ref(&world.sender.identity), now()).expect("it opens for the sender");
}

// Profile §4.8, §5.10
#[test]
fn neither_the_gateway_nor_the_outbox_holds_the_plan_s_text() {
    let (world, sender, recipient) = desks();
    let (text, folder) = (plan_text(), world.gateway.folder());
    sender.run(&["send", &sample().to_string_lossy()]).well();
    recipient.run(&["fetch"]).well();
    assert_eq!(sender.list("sent")[0]["state"], "済");
    assert_eq!(readable(folder, &text), Vec::<String>::new());
    assert_eq!(readable(&sender.folder.join("data"), &text), Vec::<String>::new());
    assert!(!shows(&fetch(&world, 1), &text, 2), "not even the message the gateway handed out shows it");
    // The same search finds what is signed only; on the gateway's disk that is encrypted all the same (Profile §11.3).
    sender.run(&["send", "--signed-only", &sample().to_string_lossy()]).well();
    assert!(shows(&fetch(&world, 2), &text, 2));
    assert_eq!(readable(folder, &text), Vec::<String>::new());
}

/// A plan sealed by hand, one byte of its envelope changed if need be, under an outer signature that holds.
fn sealed(world: &World, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let letter = Letter::plan(&world.sender, &world.recipient);
    let header: String = letter.fields.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let entity = format!("Fumibako-Recipients: {}\r\n", world.recipient.address());
    let entity = [entity.as_bytes(), &letter.part()].concat();
    let recipients: Vec<Certificate> =
        [&world.recipient, &world.sender].iter().map(|office| office.identity.certificate().clone()).collect();
    let signer = &world.sender.identity;
    let sealing = Sealing { routing: header.as_bytes(), signer, recipients: &recipients, cipher: Cipher::Aes256Gcm };
    let message = seal(&entity, &sealing, letter.at).expect("it can be sealed");
    let part = Signed::read(&message).expect("it is signed").part();
    let body = part.windows(4).position(|gap| gap == b"\r\n\r\n").expect("it has a body") + 4;
    let letters: Vec<u8> = part[body..].iter().copied().filter(u8::is_ascii_graphic).collect();
    let mut envelope = STANDARD.decode(letters).expect("it is base64");
    change(&mut envelope);
    let lines: Vec<u8> =
        STANDARD.encode(envelope).as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect();
    let closed = sign(&[&part[..body], &lines].concat(), signer, letter.at).expect("it can be signed");
    [header.as_bytes(), b"MIME-Version: 1.0\r\n", &closed].concat()
}

// Profile §8.7
#[test]
fn a_byte_changed_anywhere_in_the_ciphertext_is_neither_saved_nor_acknowledged() {
    let (world, sender, recipient) = desks();
    let count = 25;
    for at in 0..count {
        world.deliver(&sealed(&world, |envelope| {
            // The keys of two readers take less than a kilobyte at the front; the cipher's tag ends it.
            let (first, last) = (1024, envelope.len() - 1);
            envelope[first + (last - first) * at / (count - 1)] ^= 1;
        }));
    }
    for _ in 0..2 {
        let ran = recipient.run(&["fetch", "--format", "ndjson"]);
        assert_eq!(ran.exit(), Some(76), "{}", ran.messages());
        assert_eq!(ran.output().matches("\"E-SIG-007\"").count(), count, "{}", ran.output());
        assert!(ran.messages().contains(Refusal::SealBroken.row().ja), "{}", ran.messages());
    }
    assert!(!recipient.folder.join("受信").exists(), "something was saved");
    let receipts =
        || Mailbox::of(&world.gateway.mailboxes(), &world.sender).and_then(|mut mailbox| mailbox.count("Receipts"));
    // Profile §8.22: each is told of once, by a word that makes nothing 済.
    assert_eq!(receipts().expect("the folder is there"), count as u64);
    assert!(sender.list("sent").iter().all(|row| row["state"] == "開封できず"));
    // One that nobody changed is read among them.
    world.deliver(&sealed(&world, |_| ()));
    assert_eq!(recipient.run(&["fetch"]).exit(), Some(76));
    assert_eq!(files(&recipient.folder.join("受信")).keys().filter(|name| name.contains("KYO_")).count(), 3);
    assert_eq!(receipts().expect("the folder is there"), count as u64 + 1);
}

// Profile §5.10
#[test]
fn a_bundle_for_an_outdated_certificate_is_refused_with_what_to_do() {
    let (world, sender, recipient) = desks();
    let (plan, folder) = (sample(), world.gateway.folder());
    let current = fs::read(folder.join("partners.pem")).expect("it was handed out");
    let other = folder.join("outdated.pem");
    world.gateway.admin(["cert", "issue", &world.recipient.number, "--out", &other.to_string_lossy()]);
    let key = fs::read(&other).expect("it was issued");
    let outdated = Identity::from_pem(&key, None).expect("it is readable").certificate().to_pem();
    fs::write(folder.join("partners.pem"), outdated).expect("the folder is writable");
    let ran = sender.run(&["send", &plan.to_string_lossy()]);
    let said = ran.output() + &ran.messages();
    assert_eq!(ran.exit(), Some(3), "{said}");
    for words in [Refusal::NotSealedToRecipient.row().code, Refusal::NotSealedToRecipient.row().ja, "partners_file"] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    assert_eq!(world.gateway.holdings().messages, 0);
    fs::write(folder.join("partners.pem"), current).expect("the folder is writable");
    sender.run(&["send", &plan.to_string_lossy()]).well();
    recipient.run(&["fetch"]).well();
}
