//! Administration, over the local socket.

use std::os::unix::fs::PermissionsExt;

use fumibako_gateway::{CallError, Clock, Gateway, Reply, Request, StartError, call};
use fumibako_model::Refusal;
use fumibako_signer::authority::Authority;

use crate::support::{Fixture, RECIPIENT, SENDER};

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_private_and_answers() {
    let gateway = Fixture::start().await;
    let socket = &gateway.config.admin_socket;
    assert_eq!(std::fs::metadata(socket).unwrap().permissions().mode() & 0o777, 0o600);
    let Reply::Offices { offices } = call(socket, &Request::OfficeList).await.unwrap() else { panic!("offices") };
    assert_eq!(offices.iter().map(|o| o.office.number.to_string()).collect::<Vec<_>>(), [SENDER, RECIPIENT]);
    let Reply::Status(status) = call(socket, &Request::Status).await.unwrap() else { panic!("status") };
    assert_eq!((status.offices, status.accounts, status.messages), (2, 2, 0));
    gateway.running.stop().await;
    assert!(matches!(call(socket, &Request::Status).await, Err(CallError::NotRunning(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_by_name() {
    let gateway = Fixture::start().await;
    let number = "9970000099".parse().unwrap();
    for (request, expected) in [
        (Request::OfficeShow { number }, Refusal::OfficeUnknown),
        (Request::LicenceGrant { number, from: None, until: None }, Refusal::OfficeUnknown),
        (Request::OfficeAdd { number, name: " ".into() }, Refusal::ValueUnfit),
        (Request::OfficeAdd { number, name: "あ".repeat(201) }, Refusal::ValueUnfit),
        (Request::TrustAddCa { pem: "no certificate".into() }, Refusal::ValueUnfit),
        (
            Request::LicenceGrant {
                number: SENDER.parse().unwrap(),
                from: Some("2026-04-01".parse().unwrap()),
                until: Some("2026-03-31".parse().unwrap()),
            },
            Refusal::ValueUnfit,
        ),
    ] {
        let shown = format!("{request:?}");
        let Reply::No { code, .. } = gateway.ask(request).await else { panic!("{shown} was carried out") };
        assert_eq!(code, expected, "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_lasts_a_year_and_survives_a_new_name_and_a_restart() {
    let gateway = Fixture::start().await;
    let number = SENDER.parse().unwrap();
    let from = Some("2026-04-01".parse().unwrap());
    gateway.done(Request::LicenceGrant { number, from, until: None }).await;
    gateway.done(Request::OfficeAdd { number, name: "あおぞら".into() }).await;
    gateway.done(Request::OfficeSuspend { number, reason: "届出の確認".into() }).await;
    gateway.running.stop().await;
    let again = fumibako_gateway::Gateway::start(gateway.config.clone()).await.unwrap();
    let Reply::Office(row) = again.admin().answer(Request::OfficeShow { number }).await else { panic!("an office") };
    let office = row.office;
    assert_eq!((office.name.as_str(), office.suspended.as_deref()), ("あおぞら", Some("届出の確認")));
    assert_eq!(office.licence.unwrap().until.to_string(), "2027-03-31");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_gateway_on_the_same_folder_does_not_start() {
    let gateway = Fixture::start().await;
    let second = fumibako_gateway::Gateway::start(gateway.config.clone()).await;
    assert!(matches!(second, Err(StartError::Store(_))), "{:?}", second.err());
}

/// Each reads the folder, writes to it and says what is trusted from then on: none undoes another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_operators_at_once_both_are_heard() {
    let gateway = Fixture::start().await;
    let Reply::Authorities { authorities: before } = gateway.ask(Request::TrustList).await else { panic!("a list") };
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..12 {
        let authority = Authority::create(&format!("CA {number}"), Clock.now()).unwrap();
        let (admin, pem) = (gateway.running.admin(), authority.certificate().to_pem());
        asking.spawn(async move { admin.answer(Request::TrustAddCa { pem }).await });
    }
    assert!(asking.join_all().await.iter().all(|reply| *reply == Reply::Done));
    let Reply::Authorities { authorities } = gateway.ask(Request::TrustList).await else { panic!("a list") };
    assert_eq!(authorities.len(), before.len() + 12);
}

/// A certificate that is no authority's is refused before anything is written, so the gateway starts again.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_authority_stops_no_later_start() {
    let gateway = Fixture::start().await;
    let pem = std::fs::read_to_string(gateway.authority()).unwrap();
    gateway.done(Request::TrustAddCa { pem }).await;
    let pem = std::fs::read_to_string(gateway.folder.path().join("tls/certificate.pem")).unwrap();
    let reply = gateway.ask(Request::TrustAddCa { pem }).await;
    assert!(matches!(reply, Reply::No { code: Refusal::ValueUnfit, .. }), "{reply:?}");
    gateway.running.stop().await;
    Gateway::start(gateway.config.clone()).await.unwrap();
}
