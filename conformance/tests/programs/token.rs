//! Keys on a token, here `softhsm2`: the office program sends, fetches and acknowledges with keys it never sees.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako_conformance::{Office, Programs, Ran, Tool, now};
use fumibako_signer::authority::{KeyKind, Purpose, Request};
use fumibako_signer::{Identity, Trust, open};
use jiff::SignedDuration;

use crate::curl::{fetch, openssl_verifies};
use crate::office::{Desk, enrol, files, sample};
use crate::world::World;

const LIBRARY: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "46490217";

/// Two offices, each with an RSA key on a token of its number, and no key on its desk.
struct Stage {
    world: World,
    sender: Desk,
    recipient: Desk,
}

impl Stage {
    fn new() -> Self {
        Programs::need(&["softhsm2-util", "p11tool"]);
        let world = World::new();
        let folder = world.gateway.folder();
        fs::create_dir(folder.join("tokens")).expect("the folder is writable");
        let conf = format!("directories.tokendir = {}\n", folder.join("tokens").display());
        fs::write(folder.join("softhsm.conf"), conf).expect("the folder is writable");
        let (sender, recipient) = (desk(&world, &world.sender, false), desk(&world, &world.recipient, true));
        Self { world, sender, recipient }
    }

    /// The office program, where the token's library finds its tokens.
    fn run(&self, desk: &Desk, words: &[&str]) -> Ran {
        let command = with_tokens(&self.world, &Programs::built().office).args(words);
        let ran = command.args(["--no-input", "--config"]).arg(desk.folder.join("fumibako.toml")).run();
        assert!(!(ran.output() + &ran.messages()).contains(PIN), "the PIN is shown: {}", ran.messages());
        ran
    }
}

fn with_tokens(world: &World, program: &Path) -> Tool {
    let conf = format!("SOFTHSM2_CONF={}", world.gateway.folder().join("softhsm.conf").display());
    Tool::named("env").arg(conf).arg(program)
}

/// Two certificates of an office, one for its signatures and one for what is sent to it, both on the roll; as PEM with keys.
fn two_certificates(world: &World, office: &Office) -> [PathBuf; 2] {
    let (authority, number) = (world.gateway.office_authority(), office.number.as_str());
    let address = format!("{number}@plans.example");
    let [signing, receiving] = [Purpose::MailSigning, Purpose::MailEncryption].map(|purpose| {
        let (not_before, not_after) = (now() - SignedDuration::from_hours(1), now() + SignedDuration::from_hours(1));
        let (common_name, rfc822_name, key) = (number, address.as_str(), KeyKind::Rsa2048);
        let wish = Request { common_name, rfc822_name, key, purpose, not_before, not_after };
        let place = world.gateway.folder().join(format!("{number}-{purpose:?}.pem"));
        let identity = authority.issue(&wish).expect("the authority issues");
        fs::write(&place, identity.to_pem().as_bytes()).expect("the folder is writable");
        world.gateway.admin(["cert", "add", number, &place.to_string_lossy()]);
        place
    });
    let all = world.gateway.admin(["cert", "list", "--pem"]).octets;
    fs::write(world.gateway.folder().join("partners.pem"), all).expect("the folder is writable");
    [signing, receiving]
}

// Profile §4.20
#[test]
fn an_office_has_one_key_for_signatures_and_another_for_what_it_receives() {
    let stage = Stage::new();
    let (world, plan) = (&stage.world, sample());
    // The sender's keys lie in files, the recipient's on its token.
    let [signing, receiving] = two_certificates(world, &world.sender);
    let settings = stage.sender.folder.join("fumibako.toml");
    let text = fs::read_to_string(&settings).expect("it is there");
    let text = text.lines().filter(|line| !line.starts_with("token")).collect::<Vec<_>>().join("\n");
    let keys =
        format!("\nidentity_file = \"{}\"\nold_identity_files = [\"{}\"]\n", signing.display(), receiving.display());
    fs::write(&settings, text + &keys).expect("the folder is writable");
    let number = world.recipient.number.as_str();
    let theirs = two_certificates(world, &world.recipient);
    for (id, key) in ["B1", "B2"].iter().zip(&theirs) {
        let (key, utility) = (key.to_string_lossy(), with_tokens(world, Path::new("softhsm2-util")));
        utility.args(["--import", &key, "--token", number, "--label", id, "--id", id, "--pin", PIN]).run().well();
    }
    let certificates = theirs.map(|place| {
        let identity = Identity::from_pem(&fs::read(place).expect("it is there"), None).expect("it is readable");
        identity.certificate().to_pem()
    });
    let place = stage.recipient.folder.join("certificate.pem");
    fs::write(&place, certificates.concat()).expect("the folder is writable");

    stage.run(&stage.sender, &["send", &plan.to_string_lossy()]).well();
    openssl_verifies(world, &fetch(world, 1)).expect("OpenSSL accepts the signature");
    stage.run(&stage.recipient, &["fetch"]).well();
    assert!(files(&stage.recipient.folder.join("受信")) == files(&plan), "the files differ");
    let shown = stage.run(&stage.sender, &["show", "sent:1", "--format", "ndjson"]).well().output();
    assert!(shown.contains("KYO_") && shown.contains("\"signature\":\"holds\""), "{shown}");
    let sent = stage.run(&stage.sender, &["list", "sent", "--format", "ndjson"]).well().output();
    assert!(sent.contains("\"state\":\"済\""), "the receipt was signed on the token: {sent}");
}

/// Issues an RSA key, puts it on a token and takes it from the disk; the certificate lies on the token, or beside it.
fn desk(world: &World, office: &Office, beside: bool) -> Desk {
    let number = office.number.as_str();
    let key = world.gateway.folder().join(format!("{number}.pem"));
    let shown = key.to_string_lossy().into_owned();
    fs::remove_file(&key).expect("it was issued");
    world.gateway.admin(["cert", "issue", number, "--key", "rsa2048", "--out", &shown]);
    enrol(world, office);
    let desk = Desk::new(world, office, &office.password);
    let (certificate, settings) = (desk.folder.join("certificate.pem"), desk.folder.join("fumibako.toml"));
    let identity = Identity::from_pem(&fs::read(&key).expect("it is there"), None).expect("it is readable");
    fs::write(&certificate, identity.certificate().to_pem()).expect("the folder is writable");
    let utility = |words: &[&str]| {
        with_tokens(world, Path::new("softhsm2-util")).args(words).run().well();
    };
    utility(&["--init-token", "--free", "--label", number, "--so-pin", "46494649", "--pin", PIN]);
    utility(&["--import", &shown, "--token", number, "--label", "key", "--id", "A1", "--pin", PIN]);
    if !beside {
        let (pin, token) = (format!("--set-pin={PIN}"), format!("pkcs11:token={number}"));
        let words = [&format!("--provider={LIBRARY}"), "--login", &pin, "--write", "--label=key", "--id=a1"];
        let tool = with_tokens(world, Path::new("p11tool")).args(words).arg("--load-certificate").arg(&certificate);
        tool.arg(token).run().well();
    }
    for gone in [&key, &desk.folder.join("office.pem")] {
        fs::remove_file(gone).expect("it is ours");
    }
    fs::write(desk.folder.join("pin"), format!("{PIN}\n")).expect("the folder is writable");
    let beside = if beside { ", certificate_file = \"certificate.pem\"" } else { "" };
    let token = format!("token = {{ module = \"{LIBRARY}\", label = \"{number}\", pin_file = \"pin\"{beside} }}");
    let text = fs::read_to_string(&settings).expect("it is there").replace("identity_file = \"office.pem\"", &token);
    fs::write(&settings, text).expect("the folder is writable");
    desk
}

// Profile §4.14
#[test]
fn a_sealed_plan_goes_from_token_to_token_and_is_acknowledged() {
    let stage = Stage::new();
    let (world, plan) = (&stage.world, sample());
    stage.run(&stage.sender, &["send", &plan.to_string_lossy()]).well();
    let message = fetch(world, 1);
    openssl_verifies(world, &message).expect("OpenSSL accepts what the token signed");
    let trust = Trust::new([world.gateway.office_authority().certificate().clone()]).expect("it is an authority");
    let another = std::slice::from_ref(&world.recipient.identity);
    assert!(open(&message, &trust, another, now()).is_err(), "only the key on the token opens it");
    stage.run(&stage.recipient, &["fetch"]).well();
    assert!(files(&stage.recipient.folder.join("受信")) == files(&plan), "the files differ");
    let sent = stage.run(&stage.sender, &["list", "sent", "--format", "ndjson"]).well().output();
    assert!(sent.contains("\"state\":\"済\""), "{sent}");
    // The sender's own copy opens with the sender's token; so does the recipient's with its own.
    let shown = stage.run(&stage.sender, &["show", "sent:1", "--format", "ndjson"]).well().output();
    assert!(shown.contains("KYO_") && shown.contains("\"signature\":\"holds\""), "{shown}");
    fs::write(stage.recipient.folder.join("message.eml"), &message).expect("the folder is writable");
    let file = stage.recipient.folder.join("message.eml").to_string_lossy().into_owned();
    let seen = stage.run(&stage.recipient, &["verify", &file, "--format", "json"]).well().output();
    assert!(seen.contains("\"inner-signature\""), "{seen}");
    assert!(!seen.contains("other-key") && !seen.contains("no-key"), "{seen}");
}

// Profile §4.14
#[test]
fn a_token_that_is_not_at_hand_is_told_apart() {
    let stage = Stage::new();
    let (desk, plan) = (&stage.sender, sample());
    let place = desk.folder.join("fumibako.toml");
    let settings = fs::read_to_string(&place).expect("it is there");
    let check = |from: &str, to: &str, exit: i32, words: &str| {
        assert!(settings.contains(from), "{from} is not in the settings");
        fs::write(&place, settings.replace(from, to)).expect("the folder is writable");
        for command in [&["send", &plan.to_string_lossy()] as &[&str], &["fetch"]] {
            let ran = stage.run(desk, command);
            assert_eq!(ran.exit(), Some(exit), "{}", ran.messages());
            assert!(ran.messages().contains(words), "{words} is not in {}", ran.messages());
        }
    };
    let label = format!("label = \"{}\"", stage.world.sender.number);
    check(&label, "label = \"nobody's\"", 78, "つながっていません");
    check(LIBRARY, "/nowhere/module.so", 78, "module");
    check(LIBRARY, "password", 78, "ライブラリー");
    let recipient_s = format!("label = \"{}\"", stage.world.recipient.number);
    check(&label, &recipient_s, 78, "certificate_file");
    fs::write(desk.folder.join("wrong"), "00000000\n").expect("the folder is writable");
    check("pin_file = \"pin\"", "pin_file = \"wrong\"", 77, "PIN が違います");
    check("pin_file = \"pin\"", "pin_file = \"nothing\"", 66, "nothing");
    assert_eq!(stage.world.gateway.holdings().messages, 0);
    assert!(!desk.folder.join("data/outbox").exists() || files(&desk.folder.join("data/outbox")).is_empty());
    fs::write(&place, &settings).expect("the folder is writable");
    stage.run(desk, &["send", &plan.to_string_lossy()]).well();
}
