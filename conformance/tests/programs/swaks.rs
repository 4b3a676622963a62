//! swaks (Swiss Army Knife for SMTP) submits a signed bundle at both doors.

use fumibako_conformance::{Programs, Ran, Tool};

use crate::curl::openssl_verifies;
use crate::world::World;

fn send(world: &World, more: &str, port: u16) -> Ran {
    Programs::need(&["swaks", "/usr/share/doc/libnet-ssleay-perl/copyright"]);
    let (office, file) = (&world.sender, &world.files(1)[0]);
    let settings = format!(
        "server localhost\nport {port}\n{more}\ntls-verify\ntls-ca-path {authority}\nauth PLAIN\nauth-user {login}\n\
         auth-password {password}\nfrom {from}\nto {to}\ndata @{file}\nhelo pc.example\ntimeout 30\n",
        authority = world.gateway.tls_authority().display(),
        login = office.login,
        password = office.password,
        from = office.address(),
        to = world.recipient.address(),
        file = file.display(),
    );
    Tool::named("swaks").arg("--config").arg(world.settings("swaksrc", &settings)).run()
}

#[test]
fn swaks_submits_at_both_doors_what_openssl_accepts() {
    let world = World::new();
    let ports = world.gateway.ports();
    for (more, port) in [("tls-on-connect", ports.smtps), ("tls", ports.submission)] {
        let said = send(&world, more, port).well().output();
        assert!(said.contains("250 2.0.0 EV"), "{said}");
    }
    assert_eq!(world.gateway.holdings().messages, 2);
    let fetched = crate::curl::fetch(&world, 2);
    openssl_verifies(&world, &fetched).expect("OpenSSL accepts it");
}
