//! Mail programs that people read with: mutt, neomutt and s-nail sign a bundle themselves and send it, collect one, and
//! set and see flags.

mod told;

use std::fs;
use std::path::{Path, PathBuf};

use fumibako_conformance::{Mailbox, Office, Programs, Ran, Tool, repository};
use serde_json::json;

use crate::curl::{fetch, openssl_verifies};
use crate::world::{World, holds, inbox_flags};

/// The sample plan's files, between the offices of a [`World`].
pub(crate) fn plan() -> Vec<PathBuf> {
    let folder = repository().join("conformance/samples/valid/v41-plan-two-persons");
    let listed = fs::read_dir(folder).expect("the sample is there").map(|entry| entry.expect("it is readable").path());
    let mut files: Vec<PathBuf> = listed.collect();
    files.sort();
    files
}

/// A program at a terminal: `turns` are what it must show, and the keys that answer it.
fn at_a_terminal(world: &World, run: &[&str], turns: &[(&str, &str)]) -> Ran {
    Programs::need(&["python3"]);
    let told = json!({ "run": run, "turns": turns, "seconds": 40 });
    let home = world.gateway.folder();
    let python = Tool::named("python3").arg("-B").arg(repository().join("conformance/programs/keys.py"));
    python.env("HOME", home).env("TERM", "xterm").env("LC_ALL", "C.UTF-8").reads(told.to_string().as_bytes()).run()
}

/// Settings of mutt and neomutt for an office; its own key signs, by openssl.
fn muttrc(world: &World, office: &Office) -> PathBuf {
    Programs::need(&["openssl"]);
    let (folder, ports) = (world.gateway.folder().display(), world.gateway.ports());
    let key = format!("{folder}/{}.pem", office.number);
    let text = format!(
        "set certificate_file={authority} ssl_force_tls=yes imap_authenticators=\"plain\" smtp_authenticators=\"plain\"\n\
         set imap_user=\"{login}\" imap_pass=\"{password}\" smtp_pass=\"{password}\"\n\
         set smtp_url=\"smtps://{login}@localhost:{smtps}/\" from={address} use_domain=no hostname=plans.example\n\
         set crypt_use_gpgme=no smime_is_default=yes crypt_autosign=yes crypt_autosmime=yes smime_sign_as=own.0\n\
         set smime_default_key=own.0 smime_sign_digest_alg=sha256 smime_timeout=3600 smime_ask_cert_label=no\n\
         set smime_sign_command=\"openssl cms -sign -md sha256 -signer {key} -inkey {key} -in %f -outform DER\"\n\
         set autoedit=yes edit_headers=yes editor=true abort_unmodified=no abort_nosubject=no abort_noattach=no\n\
         set folder={folder} copy=no wait_key=no mbox_type=mbox confirmappend=no confirmcreate=no delete=yes sleep_time=0\n",
        authority = world.gateway.tls_authority().display(),
        login = office.login,
        password = office.password,
        smtps = ports.smtps,
        address = office.address(),
    );
    world.settings(&format!("muttrc-{}", office.number), &text)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

/// mutt and neomutt differ in little.
fn mutt_sends_collects_and_marks(program: &str) {
    Programs::need(&[program]);
    let world = World::new();
    let (settings, body, files) = (muttrc(&world, &world.sender), world.settings("body", "計画\n"), plan());
    let to = world.recipient.address();
    let mut run = vec![program, "-n", "-F", text(&settings), "-s", "Fumibako", "-i", text(&body), "-a"];
    run.extend(files.iter().map(|file| text(file)));
    run.extend(["--", &to]);
    let sent = at_a_terminal(&world, &run, &[("Security:", "y"), ("passphrase", "none\r")]);
    assert_eq!(world.gateway.holdings().messages, 1, "{}\n{}", sent.output(), sent.messages());
    openssl_verifies(&world, &fetch(&world, 1)).expect("OpenSSL accepts what it signed");

    let plan = world.plan();
    world.deliver(&plan);
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.recipient).expect("the mailbox opens");
    mailbox.command("SELECT INBOX").expect("it opens");
    mailbox.command("STORE 2 +FLAGS.SILENT (\\Flagged)").expect("it is stored");
    let (settings, kept) = (muttrc(&world, &world.recipient), world.gateway.folder().join("kept"));
    let url = format!("imaps://localhost:{}/INBOX", world.gateway.ports().imaps);
    // What is flagged at the server is told apart and kept; another flag is set here.
    let keys = format!(
        "push \"<tag-pattern>~F<enter><tag-prefix><copy-message>{}<enter><first-entry><flag-message><sync-mailbox><quit>\"",
        kept.display()
    );
    at_a_terminal(&world, &[program, "-n", "-F", text(&settings), "-f", &url, "-e", &keys], &[]).well();
    let kept = fs::read(kept).expect("a message was kept");
    let at = plan.windows(4).position(|end| end == b"\r\n\r\n").expect("the header ends");
    assert!(holds(&kept, &plan[at..]) && String::from_utf8_lossy(&kept).matches("\nSubject:").count() == 1);
    let flags = inbox_flags(&mut mailbox);
    assert!(flags.iter().all(|flags| flags.contains("\\Flagged")), "{flags:?}");
}

#[test]
fn mutt_signs_and_sends_collects_and_marks() {
    mutt_sends_collects_and_marks("mutt");
}

#[test]
fn neomutt_signs_and_sends_collects_and_marks() {
    mutt_sends_collects_and_marks("neomutt");
}

/// s-nail with an office's settings, as a batch.
fn s_nail(world: &World, office: &Office) -> Tool {
    Programs::need(&["s-nail"]);
    let folder = world.gateway.folder().display();
    let authority = world.gateway.office_authority().certificate().to_pem();
    let text = format!(
        "set v15-compat ttycharset=utf-8 sendcharsets=utf-8 mime-encoding=base64 nosave sendwait\n\
         set mta=smtps://localhost:{smtps} smtp-auth=plain hostname=plans.example from={address}\n\
         set tls-ca-file={tls} tls-ca-no-defaults tls-verify=strict\n\
         set smime-sign smime-sign-cert={folder}/{number}.pem smime-sign-digest=sha256\n\
         set smime-ca-file={offices} smime-ca-no-defaults\n\
         set user={login} password=\"{password}\"\nmimetype application/octet-stream CSV\n",
        smtps = world.gateway.ports().smtps,
        address = office.address(),
        tls = world.gateway.tls_authority().display(),
        number = office.number,
        offices = world.settings("offices.pem", &authority).display(),
        login = office.login,
        password = office.password,
    );
    let settings = world.settings(&format!("mailrc-{}", office.number), &text);
    let program = Tool::named("s-nail").arg("-:u").env("MAILRC", settings).env("LC_ALL", "C.UTF-8");
    program.env("HOME", world.gateway.folder())
}

#[test]
fn s_nail_signs_and_sends_verifies_and_marks() {
    let world = World::new();
    let attached = plan().into_iter().flat_map(|file| ["-a".into(), file.into_os_string()]);
    let send = s_nail(&world, &world.sender).args(attached).args(["-s", "Fumibako", &world.recipient.address()]);
    send.reads("計画\n".as_bytes()).run().well();
    openssl_verifies(&world, &fetch(&world, 1)).expect("OpenSSL accepts what it signed");

    world.deliver(&world.plan());
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), &world.recipient).expect("the mailbox opens");
    mailbox.command("SELECT INBOX").expect("it opens");
    mailbox.command("STORE 2 +FLAGS.SILENT (\\Flagged)").expect("it is stored");
    let open = format!("folder imaps://localhost:{}/INBOX", world.gateway.ports().imaps);
    let kept = world.gateway.folder().join("kept");
    let batch = |commands: &str| s_nail(&world, &world.recipient).arg("-#").reads(commands.as_bytes()).run();
    let said = batch(&format!("{open}\nverify 1 2\ncopy :f {}\nflag 1\nquit\n", kept.display()));
    let output = said.well().output();
    assert_eq!(output.matches("was verified successfully").count(), 2, "{output}{}", said.messages());
    assert_eq!(fs::read_to_string(kept).expect("the flagged one was kept").matches("\nSubject:").count(), 1);
    let flags = inbox_flags(&mut mailbox);
    assert!(flags.iter().all(|flags| flags.contains("\\Flagged")), "{flags:?}");
}
