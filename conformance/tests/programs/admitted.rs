//! What looks unusual and is good all the same.

use std::fs;

use fumibako_conformance::{Letter, Mailbox, Office, Submission};
use fumibako_signer::Identity;

use crate::world::World;

/// Sends a letter to an address of the recipient; it must be accepted and arrive as it was sent.
fn admitted(world: &World, to: &str, octets: &[u8]) {
    let mut session = Submission::of(&world.gateway.submission(), &world.sender).expect("the sender logs in");
    let reply = session.send(&world.sender.address(), &[to], octets).expect("the gateway answers");
    assert_eq!(reply.code, 250, "{reply}");
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.recipient).expect("the mailbox opens");
    let last = mailbox.messages("INBOX").expect("the folder is readable").pop().expect("it arrived");
    assert!(last.ends_with(octets), "it arrived as it was sent");
}

#[test]
fn a_service_kind_in_the_address_reaches_the_office() {
    let world = World::new();
    // Profile §1.1, §1.2
    let address = format!("{}+11@plans.example", world.recipient.number);
    let mut letter = Letter::plan(&world.sender, &world.recipient);
    letter.put("To", &address);
    admitted(&world, &address, &letter.signed(&world.sender.identity));
    let mut letter = Letter::plan(&world.sender, &world.recipient);
    letter.put("From", &format!("=?UTF-8?B?5p6256m65LqL5qWt5omA?= <{}>", world.sender.address()));
    admitted(&world, &world.recipient.address(), &letter.signed(&world.sender.identity));
}

#[test]
fn what_merely_begins_like_a_kind_is_an_attachment() {
    let world = World::new();
    let mut letter = Letter::plan(&world.sender, &world.recipient);
    // Profile §2.1
    letter.attach("UP1KYO_notes.txt", "連絡事項\r\n".as_bytes());
    admitted(&world, &world.recipient.address(), &letter.signed(&world.sender.identity));
}

#[test]
fn a_mail_tool_repeats_nothing_under_the_signature() {
    let world = World::new();
    let mut letter = Letter::plan(&world.sender, &world.recipient);
    letter.repeated.clear();
    letter.cover = ".\r\n..\r\n.a line that begins with a dot\r\n".into();
    admitted(&world, &world.recipient.address(), &letter.signed(&world.sender.identity));
}

#[test]
fn rsa_keys_sign_as_elliptic_ones_do() {
    let world = World::new();
    let file = world.gateway.folder().join("rsa.pem");
    let number = &world.sender.number;
    world.gateway.admin(["cert", "issue", number, "--key", "rsa2048", "--out", &file.to_string_lossy()]);
    let identity = Identity::from_pem(&fs::read(file).expect("cert issue writes it"), None).expect("it is readable");
    let sender = Office { identity, ..world.sender.clone() };
    let octets = Letter::plan(&sender, &world.recipient).signed(&sender.identity);
    // Profile §4.1
    admitted(&world, &world.recipient.address(), &octets);
}

#[test]
fn a_message_of_almost_25_mib_goes_through_whole() {
    const BYTES: usize = 18 << 20;
    let world = World::new();
    let mut letter = Letter::plan(&world.sender, &world.recipient);
    let scan: Vec<u8> = (0..BYTES).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
    letter.attach("scan.pdf", &scan);
    let octets = letter.signed(&world.sender.identity);
    // Profile §12.1
    assert!((24 << 20..25 << 20).contains(&octets.len()), "{} bytes", octets.len());
    admitted(&world, &world.recipient.address(), &octets);
}
