use fumibako_model::{AgentId, Mandate, MandateRow, Scope};
use fumibako_signer::{Identity, sign};

use super::*;
use crate::testing::{A, B, Ca, address, now};

const AGENT: &str = "kawara@plans.example";

/// B lets the agent receive, as of a minute ago.
fn mandate(change: impl FnOnce(&mut Mandate)) -> Mandate {
    let mut mandate = Mandate {
        v: 1,
        office: address(B).office_number().unwrap(),
        agent: "kawara".parse().unwrap(),
        scopes: [Scope::Receive].into(),
        kinds: None,
        counterparties: None,
        months: None,
        from: "2026-11-01".parse().unwrap(),
        until: "2027-03-31".parse().unwrap(),
        granted: now() - SignedDuration::from_mins(1),
    };
    change(&mut mandate);
    mandate
}

/// As the gateway tells it, confirmed, with the deed signed by this one.
fn granted(mandate: &Mandate, signer: Option<&Identity>) -> Granted {
    let deed = Deed::Grant(Box::new(mandate.clone()));
    let grant = signer.map(|signer| STANDARD.encode(sign(deed.entity().as_bytes(), signer, mandate.granted).unwrap()));
    let registered = Registered {
        id: id_of(mandate),
        digest: String::new(),
        mandate: mandate.clone(),
        paper: grant.is_none(),
        confirmed: Some(mandate.granted),
        revoked: None,
    };
    Granted { grant, row: MandateRow::of(&registered, now()) }
}

fn der(identity: &Identity) -> String {
    STANDARD.encode(identity.certificate().der())
}

/// How many certificates of the agent are believed.
fn believed(ca: &Ca, certificates: &[&Identity], granted: Granted, paper: bool) -> usize {
    let (office, agent): (OfficeNumber, AgentId) = (address(B).office_number().unwrap(), "kawara".parse().unwrap());
    let certificates = certificates.iter().map(|one| der(one)).collect();
    let agents = vec![AgentReader { agent, certificates, mandates: vec![granted] }];
    let readers = Readers { office, certificates: Vec::new(), agents };
    let told = Told { offices: [(office, readers)].into(), trouble: None };
    let belief = Belief { trust: &ca.trust(), helpers: &[], domain: &address(B).domain, paper };
    let units = ["use-table".to_owned()];
    let act = Act::Receive { from: address(A).office_number().unwrap(), units: &units, month: Some("202611") };
    told.agents(office, act, &belief, now()).len()
}

/// Profile §9.11
#[test]
fn an_agent_reads_what_its_office_signed_that_it_may() {
    let ca = Ca::new();
    let (office, agent) = (ca.identity(B), ca.identity(AGENT));
    let count = |mandate: Mandate| believed(&ca, &[&agent], granted(&mandate, Some(&office)), false);
    assert_eq!(count(mandate(|_| {})), 1);
    let [this, other]: [OfficeNumber; 2] = [A, "9970000037@plans.example"].map(|a| address(a).office_number().unwrap());
    assert_eq!(count(mandate(|it| it.counterparties = Some([this].into()))), 1);
    assert_eq!(count(mandate(|it| it.counterparties = Some([other].into()))), 0, "for bundles of others");
    assert_eq!(count(mandate(|it| it.kinds = Some(["plan".parse().unwrap()].into()))), 0, "for other kinds");
    let months = |text: &str| text.parse().unwrap();
    assert_eq!(count(mandate(|it| it.months = Some((months("202611"), months("202611"))))), 1);
    assert_eq!(count(mandate(|it| it.months = Some((months("202612"), months("202701"))))), 0, "for other months");
    assert_eq!(count(mandate(|it| it.scopes = [Scope::Send].into())), 0, "it may only send");
    assert_eq!(count(mandate(|it| it.until = "2026-11-19".parse().unwrap())), 0, "it has ended");
    assert_eq!(count(mandate(|it| it.from = "2026-11-21".parse().unwrap())), 0, "it begins tomorrow");
    assert_eq!(count(mandate(|it| it.agent = "tsuta".parse().unwrap())), 0, "it is another agent's");
    assert_eq!(count(mandate(|it| it.office = this)), 0, "it is another office's");
}

/// Profile §9.11: whatever the gateway says.
#[test]
fn a_gateway_that_lies_makes_no_reader() {
    let ca = Ca::new();
    let (office, agent, words) = (ca.identity(B), ca.identity(AGENT), mandate(|_| {}));
    for forger in [&agent, &ca.identity(A), &Ca::new().identity(B), &ca.identity("9970000029@elsewhere.example")] {
        assert_eq!(believed(&ca, &[&agent], granted(&words, Some(forger)), false), 0);
    }
    let good = || granted(&words, Some(&office));
    let strangers = [&Ca::new().identity(AGENT), &ca.identity("tsuta@plans.example"), &office];
    assert_eq!(believed(&ca, &strangers, good(), false), 0, "certificates that are not the agent's");
    // The deed of one mandate under another's name, and one that says of itself that it stands.
    let wider = mandate(|it| it.until = "9000-03-31".parse().unwrap());
    let mixed = Granted { grant: good().grant, ..granted(&wider, Some(&office)) };
    assert_eq!(believed(&ca, &[&agent], mixed, false), 0);
    let mut revoked = good();
    revoked.row.registered.revoked = Some(now());
    assert_eq!(believed(&ca, &[&agent], revoked, false), 0);
    let mut unread = good();
    unread.grant = Some("not a deed".into());
    assert_eq!(believed(&ca, &[&agent], unread, true), 0);
}

/// Profile §9.11: only the operator vouches for a mandate on paper, so only who says so believes it.
#[test]
fn a_mandate_on_paper_counts_where_the_settings_say_so() {
    let (ca, words) = (Ca::new(), mandate(|_| {}));
    let agent = ca.identity(AGENT);
    assert_eq!(believed(&ca, &[&agent], granted(&words, None), false), 0);
    assert_eq!(believed(&ca, &[&agent], granted(&words, None), true), 1);
}

#[test]
fn what_was_told_lasts_as_long_as_the_settings_say() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { data_folder: folder.path().into(), readers_days: 7, ..Settings::default() };
    let office = address(B).office_number().unwrap();
    let readers = Readers { office, certificates: Vec::new(), agents: Vec::new() };
    Told::default().keep(&settings, &[office], vec![readers.clone()], now()).unwrap();
    let known = |at| {
        let mut told = Told::default();
        told.recall(&settings, &[office], at);
        told.offices.contains_key(&office)
    };
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    assert!(known(now()) && known(now() + days(7)));
    assert!(!known(now() + days(7) + SignedDuration::from_secs(1)), "too old");
    assert!(!known(now() - days(1)), "of a moment that is still to come");
    Told::default().keep(&settings, &[office], Vec::new(), now()).unwrap();
    assert!(!known(now()), "the gateway knows it no more");
}
