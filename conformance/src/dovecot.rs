//! Dovecot as a process of its own, in a fresh folder, on ports of its own: another server to hold ourselves against.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fumibako_signer::authority::Authority;
use jiff::ToSpan;
use tempfile::TempDir;

use crate::clock::{Deadline, now};
use crate::gateway::free_ports;
use crate::kit::{Doors, Protocol};
use crate::line::{Door, Line};
use crate::programs::Programs;
use crate::tool::Tool;

/// Longest start waited for.
const START: Duration = Duration::from_secs(30);

/// A Dovecot that runs until it is dropped. Every user name is somebody, with the same password and an empty mailbox.
pub struct Dovecot {
    folder: TempDir,
    ports: [u16; 4],
    child: Child,
}

impl Dovecot {
    /// The password of every user.
    pub const PASSWORD: &str = "himitsu";

    /// A new one, without mail.
    pub fn start() -> Self {
        Programs::need(&["dovecot", "/usr/lib/dovecot/imap-login", "/usr/lib/dovecot/pop3-login"]);
        let folder = tempfile::Builder::new().prefix("dovecot-").tempdir().expect("a temporary folder can be made");
        let at = |name: &str| folder.path().join(name);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        let authority = Authority::create("Dovecot's", now()).expect("an authority can be made");
        let until = now().checked_add(24.hours()).expect("tomorrow comes");
        let server = authority.issue_server(&["localhost"], now(), until).expect("it issues");
        fs::write(at("authority.pem"), authority.certificate().to_pem()).expect("the folder is writable");
        fs::write(at("chain.pem"), server.chain_pem).expect("the folder is writable");
        fs::write(at("key.pem"), server.key_pem.as_bytes()).expect("the folder is writable");
        let owner = Owner::of(folder.path());
        let ports = free_ports();
        fs::write(at("dovecot.conf"), settings(folder.path(), ports, &owner)).expect("the folder is writable");
        fs::create_dir(at("mail")).expect("the folder is writable");
        chown(at("mail"), Some(owner.uid), Some(owner.gid)).expect("the folder can be given away");
        let mut serve = Command::new("dovecot");
        serve.arg("-F").arg("-c").arg(at("dovecot.conf"));
        let child = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let dovecot = Self { folder, ports, child: child.expect("dovecot runs") };
        let started = Deadline::after(START).until(|| Line::open(&dovecot.imap().tls).ok()?.line().ok());
        assert!(started.is_some(), "Dovecot does not start:\n{}", dovecot.log());
        dovecot
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its mailboxes: under TLS, and with STARTTLS.
    pub fn imap(&self) -> Doors {
        self.doors(self.ports[0], self.ports[1])
    }

    /// Its maildrops: under TLS, and with STLS.
    pub fn pop3(&self) -> Doors {
        self.doors(self.ports[2], self.ports[3])
    }

    /// The port of its mailboxes under TLS.
    pub fn imaps_port(&self) -> u16 {
        self.ports[0]
    }

    /// The port of a protocol with STARTTLS.
    pub fn clear_port(&self, protocol: Protocol) -> u16 {
        if protocol == Protocol::Pop3 { self.ports[3] } else { self.ports[1] }
    }

    /// The authority of its TLS certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn doors(&self, tls: u16, clear: u16) -> Doors {
        let authority = fs::read(self.authority()).expect("it was written");
        Doors { tls: Door::new(tls, &authority), clear: Some(Door::new(clear, &authority)) }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // Its own processes end with it when it is asked to end; killed, it would leave them behind.
        Tool::named("kill").arg(self.pid().to_string()).run();
        let ended = Deadline::after(START).until(|| self.child.try_wait().unwrap_or_default());
        if ended.is_none() {
            self.child.kill().unwrap_or_default();
            self.child.wait().map(drop).unwrap_or_default();
        }
    }
}

/// Whose the mail is: Dovecot refuses to read mail as root.
struct Owner {
    uid: u32,
    gid: u32,
    name: String,
}

impl Owner {
    fn of(folder: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;
        let ours = fs::metadata(folder).expect("the folder is there");
        if ours.uid() != 0 {
            let name = Tool::named("id").arg("-un").run().output().trim().to_owned();
            return Self { uid: ours.uid(), gid: ours.gid(), name };
        }
        let number = |which: &str| Tool::named("id").args([which, "nobody"]).run().output().trim().parse::<u32>();
        Self {
            uid: number("-u").expect("Debian has nobody"),
            gid: number("-g").expect("and a group for it"),
            name: "nobody".into(),
        }
    }
}

fn settings(folder: &Path, ports: [u16; 4], owner: &Owner) -> String {
    let [imaps, imap, pop3s, pop3] = ports;
    let (folder, Owner { uid, gid, name }) = (folder.display(), owner);
    // Another user's processes are started by root only.
    let alone = if name == "nobody" {
        "default_login_user = nobody\ndefault_internal_user = nobody\ndefault_internal_group = nogroup\n".to_owned()
    } else {
        let login =
            "service imap-login {\n chroot =\n}\nservice pop3-login {\n chroot =\n}\nservice anvil {\n chroot =\n}\n";
        format!("default_login_user = {name}\ndefault_internal_user = {name}\n{login}")
    };
    format!(
        "protocols = imap pop3\nlisten = 127.0.0.1\nbase_dir = {folder}/run\nstate_dir = {folder}/state\n\
         log_path = {folder}/log\nssl = required\nssl_cert = <{folder}/chain.pem\nssl_key = <{folder}/key.pem\n\
         {alone}mail_location = maildir:~/Maildir\nmail_uid = {uid}\nmail_gid = {gid}\nfirst_valid_uid = 1\n\
         first_valid_gid = 1\nmail_max_userip_connections = 100\nimap_id_log =\nauth_failure_delay = 0\n\
         passdb {{\n driver = static\n args = password={password}\n}}\n\
         userdb {{\n driver = static\n args = uid={uid} gid={gid} home={folder}/mail/%u\n}}\n\
         namespace inbox {{\n inbox = yes\n separator = /\n}}\n\
         service imap-login {{\n inet_listener imap {{\n  port = {imap}\n }}\n inet_listener imaps {{\n  port = {imaps}\n }}\n}}\n\
         service pop3-login {{\n inet_listener pop3 {{\n  port = {pop3}\n }}\n inet_listener pop3s {{\n  port = {pop3s}\n }}\n}}\n\
         service stats {{\n unix_listener stats-writer {{\n  mode = 0666\n }}\n}}\n\
         service anvil {{\n unix_listener anvil-auth-penalty {{\n  mode = 0\n }}\n}}\n\
         protocol imap {{\n imap_metadata = no\n}}\n",
        password = Dovecot::PASSWORD,
    )
}
