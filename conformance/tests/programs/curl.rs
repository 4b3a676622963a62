//! curl sends and fetches; OpenSSL judges what was fetched.

use std::fs;
use std::path::Path;

use fumibako_conformance::{Programs, Tool, flip_in_content};

use crate::world::World;

/// curl with the office's login, in a file that only its owner reads, and the gateway's authority.
pub(crate) fn curl(world: &World, login: (&str, &str)) -> Tool {
    Programs::need(&["curl"]);
    let settings = format!("user = \"{}:{}\"\nsilent\nshow-error\n", login.0, login.1);
    let authority = world.gateway.tls_authority();
    Tool::named("curl")
        .args(["--disable", "--config", "-", "--max-time", "30", "--cacert"])
        .arg(authority)
        .reads(settings.as_bytes())
}

fn send(world: &World, url: &str, file: &Path) -> Tool {
    let login = (world.sender.login.as_str(), world.sender.password.as_str());
    let (from, to) = (world.sender.address(), world.recipient.address());
    let words = ["--url", url, "--ssl-reqd", "--mail-from", &from, "--mail-rcpt", &to, "--upload-file"];
    curl(world, login).args(words).arg(file)
}

/// A message of the recipient's, whole.
pub(crate) fn fetch(world: &World, uid: u32) -> Vec<u8> {
    let login = (world.recipient.login.as_str(), world.recipient.password.as_str());
    let url = format!("imaps://localhost:{}/INBOX;UID={uid}", world.gateway.ports().imaps);
    let ran = curl(world, login).args(["--url", &url]).run();
    ran.well();
    ran.octets
}

/// `openssl cms -verify`, trusting the authority of office certificates alone.
pub(crate) fn openssl_verifies(world: &World, message: &[u8]) -> Result<Vec<u8>, String> {
    Programs::need(&["openssl"]);
    let authority = world.gateway.folder().join("office-authority.pem");
    fs::write(&authority, world.gateway.office_authority().certificate().to_pem()).expect("the folder is writable");
    let verify = Tool::named("openssl").args(["cms", "-verify", "-purpose", "smimesign", "-no-CAstore", "-no-CApath"]);
    let ran = verify.arg("-CAfile").arg(authority).reads(message).run();
    if ran.succeeded() { Ok(ran.octets) } else { Err(ran.messages()) }
}

#[test]
fn curl_sends_at_both_doors_and_fetches_what_openssl_accepts() {
    let world = World::new();
    let files = world.files(2);
    let ports = world.gateway.ports();
    send(&world, &format!("smtps://localhost:{}/pc.example", ports.smtps), &files[0]).run().well();
    send(&world, &format!("smtp://localhost:{}/pc.example", ports.submission), &files[1]).run().well();
    for (uid, file) in [(1, &files[0]), (2, &files[1])] {
        let (fetched, sent) = (fetch(&world, uid), fs::read(file).expect("it was written"));
        let trace = fetched.strip_suffix(sent.as_slice()).expect("the octets are those that were sent");
        assert!(trace.starts_with(b"Received: ") && trace.ends_with(b"\r\n"), "{}", String::from_utf8_lossy(trace));
        let content = openssl_verifies(&world, &fetched).expect("OpenSSL accepts it");
        let part = String::from_utf8_lossy(&content).into_owned();
        assert!(part.contains("UP1KYO_9970000011_43_9970000029_11_20250920101600.CSV"), "{part}");
    }
}

#[test]
fn curl_collects_by_pop3_at_both_doors() {
    let world = World::new();
    world.deliver(&world.plan());
    let ports = world.gateway.ports();
    let login = (world.recipient.login.as_str(), world.recipient.password.as_str());
    let fetched = fetch(&world, 1);
    for url in [format!("pop3s://localhost:{}/1", ports.pop3s), format!("pop3://localhost:{}/1", ports.pop3)] {
        let ran = curl(&world, login).args(["--ssl-reqd", "--url", &url]).run();
        ran.well();
        assert!(ran.octets == fetched, "the same as by IMAP");
    }
}

#[test]
fn a_flipped_byte_is_refused_by_openssl_and_by_the_gateway() {
    let world = World::new();
    world.deliver(&world.plan());
    let fetched = flip_in_content(&fetch(&world, 1));
    let said = openssl_verifies(&world, &fetched).expect_err("OpenSSL refuses it");
    assert!(said.contains("content verify error") || said.contains("digest failure"), "{said}");
    let file = world.gateway.folder().join("flipped.eml");
    fs::write(&file, flip_in_content(&world.plan())).expect("the folder is writable");
    let url = format!("smtps://localhost:{}/pc.example", world.gateway.ports().smtps);
    let ran = send(&world, &url, &file).arg("--verbose").run();
    // CURLE_WEIRD_SERVER_REPLY is how curl spells a refused message.
    assert_eq!(ran.exit(), Some(8), "{}", ran.messages());
    assert!(ran.messages().contains("550 5.7.7 E-SIG-002"), "{}", ran.messages());
    assert_eq!(world.gateway.holdings().messages, 1);
}

#[test]
fn curl_lists_folders_and_is_refused_with_a_wrong_password() {
    let world = World::new();
    let url = format!("imaps://localhost:{}/", world.gateway.ports().imaps);
    let listed = curl(&world, (&world.recipient.login, &world.recipient.password)).args(["--url", &url]).run();
    for folder in ["INBOX", "Sent", "Drafts", "Receipts", "Archive", "Trash", "Notices"] {
        assert!(listed.well().output().contains(folder), "{folder}: {}", listed.output());
    }
    let refused = curl(&world, (&world.recipient.login, "a guess")).args(["--url", &url]).run();
    assert_eq!(refused.exit(), Some(67), "{}", refused.messages());
}
