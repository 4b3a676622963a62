//! The cipher follows the reader: what goes to a partner marked `reads=cbc` is opened by OpenSSL and by gpgsm.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fumibako_conformance::{Office, Programs, Ran, Tool};
use fumibako_signer::{Certificate, Enveloped, Signed, expand};
use serde_json::Value;

use crate::curl::{fetch, openssl_verifies};
use crate::office::{Desk, enrol, files, sample};
use crate::sealed::openssl_decrypts;
use crate::world::World;

/// Two offices with keys that plain mail programs know, and the recipient's entry.
fn desks() -> (World, Desk, Desk) {
    let world = World::new();
    let desk = |office: &Office| {
        let key = world.gateway.folder().join(format!("{}.pem", office.number));
        fs::remove_file(&key).expect("it was issued");
        let shown = key.to_string_lossy().into_owned();
        world.gateway.admin(["cert", "issue", &office.number, "--key", "rsa2048", "--out", &shown]);
        enrol(&world, office);
        let desk = Desk::new(&world, office, &office.password);
        fs::copy(&key, desk.folder.join("office.pem")).expect("the folder is writable");
        desk
    };
    let (sender, recipient) = (desk(&world.sender), desk(&world.recipient));
    (world, sender, recipient)
}

/// Marks every certificate of the file as the recipient's that reads so.
fn mark(world: &World, reads: &str) {
    let key = fs::read(world.gateway.folder().join(format!("{}.pem", world.recipient.number))).expect("it is there");
    let certificate = Certificate::many_from_pem(&key).expect("it is readable").remove(0);
    let entry = format!("# {} {reads}\n{}", world.recipient.number, certificate.to_pem());
    fs::write(world.gateway.folder().join("partners.pem"), entry).expect("the folder is writable");
}

fn only(ran: &Ran) -> Value {
    serde_json::from_str(&ran.well().output()).expect("it is one object")
}

/// `gpgsm --decrypt` with the recipient's key.
fn gpgsm_decrypts(world: &World, envelope: &[u8]) -> Ran {
    Programs::need(&["gpgsm", "gpgconf", "openssl"]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let home = folder.path();
    fs::set_permissions(home, Permissions::from_mode(0o700)).expect("it is our folder");
    let key = world.gateway.folder().join(format!("{}.pem", world.recipient.number));
    let gpgsm = |words: &[&str], input: &[u8]| {
        let options = ["--batch", "--yes", "--disable-crl-checks", "--pinentry-mode", "loopback"];
        let command = Tool::named("gpgsm").arg("--homedir").arg(home).args(options).args(words);
        command.inside(home).reads(input).run()
    };
    // gpgsm cannot read every PKCS#12 that OpenSSL writes: of the same key, with another salt, it reads the next one.
    let import = || {
        let export = Tool::named("openssl").args(["pkcs12", "-export", "-legacy", "-passout", "pass:secret", "-in"]);
        export.arg(&key).arg("-out").arg(home.join("key.p12")).run().well();
        gpgsm(&["--passphrase-fd", "0", "--import", "key.p12"], b"secret\n")
    };
    let imported = (0..5).map(|_| import()).find(Ran::succeeded).unwrap_or_else(import);
    let body = envelope.windows(4).position(|gap| gap == b"\r\n\r\n").expect("it has a body") + 4;
    fs::write(home.join("envelope"), &envelope[body..]).expect("the folder is writable");
    let ran = gpgsm(&["--passphrase-fd", "0", "--assume-base64", "--decrypt", "envelope"], b"secret\n");
    stop(home);
    imported.well();
    ran
}

/// Its agent would stay behind.
fn stop(home: &Path) {
    Tool::named("gpgconf").arg("--homedir").arg(home).args(["--kill", "gpg-agent"]).run();
}

// Profile §4.15
#[test]
fn a_partner_marked_so_gets_what_openssl_and_gpgsm_open() {
    let (world, sender, recipient) = desks();
    let plan = sample();
    mark(&world, "reads=cbc");
    let dry = only(&sender.run(&["send", "--dry-run", &plan.to_string_lossy(), "--format", "ndjson"]));
    assert_eq!((&dry["form"], &dry["cipher"]), (&"sealed".into(), &"AES-256-CBC".into()), "{dry}");
    // Text that would shrink is not compressed.
    sender.run(&["send", &plan.to_string_lossy(), "--message", &"よろしくお願いします。".repeat(400)]).well();
    let message = fetch(&world, 1);
    let envelope = openssl_verifies(&world, &message).expect("the outer signature holds");
    assert_eq!(Enveloped::read(&envelope).expect("it is encrypted").cipher(), "AES-256-CBC");
    let inner = openssl_decrypts(&world, &envelope);
    assert!(expand(&inner).is_err() && Signed::read(&inner).is_ok(), "it is not compressed");
    openssl_verifies(&world, &inner).expect("the inner signature holds");
    let ran = gpgsm_decrypts(&world, &envelope);
    // It opens every time, but ends with 2 where the sender's own copy of the key happens to stand first.
    assert!(ran.octets == inner, "gpgsm opened other octets: {}", ran.messages());
    let shown = only(&sender.run(&["show", "sent:1", "--format", "ndjson"]));
    assert_eq!((&shown["cipher"], &shown["signature"]), (&"AES-256-CBC".into(), &"holds".into()), "{shown}");
    assert!(sender.run(&["show", "sent:1", "--format", "text"]).well().output().contains("AES-256-CBC"));
    // Our own program reads it too.
    recipient.run(&["fetch"]).well();
    let saved = files(&recipient.folder.join("受信"));
    assert!(files(&plan).iter().all(|(name, octets)| saved.get(name) == Some(octets)), "the files differ");
}

// Profile §4.15
#[test]
fn everybody_else_gets_the_cipher_that_notices_a_change() {
    let (world, sender, _) = desks();
    let plan = sample();
    let check = |reads: &str, setting: &str, cipher: &str| {
        mark(&world, reads);
        let place = sender.folder.join("fumibako.toml");
        let before = fs::read_to_string(&place).expect("it is there");
        sender.set(setting);
        let dry = only(&sender.run(&["send", "--dry-run", &plan.to_string_lossy(), "--format", "ndjson"]));
        assert_eq!(dry["cipher"], cipher, "{reads}, {setting}");
        fs::write(&place, before).expect("the folder is writable");
    };
    check("", "", "AES-256-GCM");
    check("reads=gcm", "", "AES-256-GCM");
    check("reads=cbc", "cipher = \"gcm\"", "AES-256-GCM");
    check("", "cipher = \"cbc\"", "AES-256-CBC");
    mark(&world, "");
    let signed =
        only(&sender.run(&["send", "--dry-run", "--signed-only", &plan.to_string_lossy(), "--format", "ndjson"]));
    assert_eq!((&signed["form"], &signed["cipher"]), (&"signed".into(), &Value::Null), "{signed}");
    sender.run(&["send", &plan.to_string_lossy()]).well();
    let envelope = openssl_verifies(&world, &fetch(&world, 1)).expect("the outer signature holds");
    assert_eq!(Enveloped::read(&envelope).expect("it is encrypted").cipher(), "AES-256-GCM");
    mark(&world, "reads=rc2");
    let ran = sender.run(&["send", &plan.to_string_lossy()]);
    assert!(ran.exit() == Some(78) && ran.messages().contains("reads=rc2"), "{}", ran.messages());
}
