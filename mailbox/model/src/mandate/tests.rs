use super::*;
use crate::refusal::Refusal;

const GRANT: &str = r#"{"grant":{"v":1,"office":"9970000011","agent":"kawara","scopes":["send","acknowledge"],"kinds":["use-table"],"counterparties":["9970000029"],"months":["202604","202703"],"from":"2026-04-01","until":"2027-03-31","granted":"2026-03-20T00:00:00Z"}}"#;
const NOW: &str = "2026-11-25T00:00:00Z";

fn registered() -> Registered {
    let Deed::Grant(mandate) = Deed::read(GRANT.as_bytes()).unwrap() else { panic!("a grant") };
    Registered { confirmed: Some(mandate.granted), ..mandate.registered([7; 32]) }
}

#[track_caller]
fn state(registered: &Registered, now: &str) -> MandateState {
    registered.state(now.parse().unwrap())
}

// Profile §9.1
#[test]
fn a_deed_is_written_in_one_way_only() {
    let deed = Deed::read(GRANT.as_bytes()).unwrap();
    assert_eq!(deed.canonical(), GRANT);
    for (from, to, why) in [
        ("\"v\":1", "\"v\": 1", NotADeed::NotCanonical),
        ("[\"send\",\"acknowledge\"]", "[\"acknowledge\",\"send\"]", NotADeed::NotCanonical),
        ("[\"send\",\"acknowledge\"]", "[\"send\",\"send\"]", NotADeed::NotCanonical),
        ("\"v\":1,", "", NotADeed::Malformed),
        ("\"v\":1", "\"v\":1,\"licence\":true", NotADeed::Malformed),
        ("[\"send\",\"acknowledge\"]", "[\"grant\"]", NotADeed::Malformed),
        ("\"v\":1", "\"v\":2", NotADeed::Version),
        ("[\"send\",\"acknowledge\"]", "[]", NotADeed::Limits),
        ("[\"use-table\"]", "[]", NotADeed::Limits),
        ("[\"9970000029\"]", "[]", NotADeed::Limits),
        ("2027-03-31", "2026-03-31", NotADeed::Dates),
        ("\"202604\",\"202703\"", "\"202704\",\"202703\"", NotADeed::Dates),
        ("\"202604\"", "\"202613\"", NotADeed::Malformed),
    ] {
        assert_eq!(Deed::read(GRANT.replace(from, to).as_bytes()), Err(why), "{to}");
    }
    assert_eq!(Deed::read(&vec![b' '; DEED_BYTES + 1]), Err(NotADeed::TooLong));
    let said = Said { mandate: registered().id, at: NOW.parse().unwrap() };
    for deed in [Deed::Confirm(said.clone()), Deed::Revoke(said)] {
        assert_eq!(Deed::read(deed.canonical().as_bytes()), Ok(deed));
    }
}

#[test]
fn five_hundred_counterparties_are_the_most() {
    let offices = |count: u32| (0..count).map(|n| format!("99{n:08}").parse().unwrap()).collect();
    let with = |count| Mandate { counterparties: Some(offices(count)), ..registered().mandate };
    assert_eq!(with(500).sound(), Ok(()));
    assert_eq!(with(501).sound(), Err(NotADeed::Limits));
}

// Profile §9.16
#[test]
fn what_was_once_in_force_was_so_whatever_became_of_it() {
    let at = |text: &str| Some(text.parse().unwrap());
    let ever = |confirmed: Option<_>, revoked: Option<_>, now: &str| {
        Registered { confirmed, revoked, ..registered() }.was_in_force(now.parse().unwrap())
    };
    let confirmed = registered().confirmed;
    assert!(!ever(None, None, NOW) && !ever(confirmed, None, "2026-03-31T14:59:59Z"));
    assert!(ever(confirmed, None, "2026-03-31T15:00:00Z") && ever(confirmed, None, "2030-01-01T00:00:00Z"));
    assert!(ever(confirmed, at("2026-04-01T00:00:00Z"), NOW) && !ever(confirmed, at("2026-03-25T00:00:00Z"), NOW));
    assert!(!ever(at("2027-04-01T00:00:00Z"), None, "2027-05-01T00:00:00Z"), "it was over when it was confirmed");
}

// Profile §9.3
#[test]
fn a_mandate_runs_through_its_last_day_in_japan_once_it_is_confirmed() {
    let mandate = registered();
    assert_eq!(state(&mandate, "2026-03-31T14:59:59Z"), MandateState::NotYet);
    assert_eq!(state(&mandate, "2026-03-31T15:00:00Z"), MandateState::InForce);
    assert_eq!(state(&mandate, "2027-03-31T14:59:59Z"), MandateState::InForce);
    assert_eq!(state(&mandate, "2027-03-31T15:00:00Z"), MandateState::Expired);
    let waiting = Registered { confirmed: None, ..mandate.clone() };
    assert_eq!(state(&waiting, NOW), MandateState::Unconfirmed);
    let revoked = Registered { revoked: Some(NOW.parse().unwrap()), ..mandate };
    for now in ["2026-01-01T00:00:00Z", NOW, "2028-01-01T00:00:00Z"] {
        assert_eq!(state(&revoked, now), MandateState::Revoked);
    }
}

// Profile §9.4
#[test]
fn each_limit_has_its_own_refusal() {
    let (near, far): (OfficeNumber, OfficeNumber) = ("9970000029".parse().unwrap(), "9970000037".parse().unwrap());
    let refusal = |act: Act<'_>| registered().allows(act, NOW.parse().unwrap()).err().map(|refused| refused.why);
    let table = ["use-table".to_owned()];
    let send = |to, units, month| Act::Send { to, units, month };
    for (act, expected) in [
        (send(near, &table[..], Some("202604")), None),
        (send(near, &table[..], Some("202703")), None),
        (send(near, &table[..], Some("202603")), Some(Refusal::MandateMonth)),
        (send(near, &table[..], Some("202704")), Some(Refusal::MandateMonth)),
        (send(near, &table[..], None), Some(Refusal::MandateMonth)),
        (send(near, &["use-table".into(), "plan".into()], Some("202604")), Some(Refusal::MandateKinds)),
        (send(near, &["unheard-of".into()], Some("202604")), Some(Refusal::MandateKinds)),
        (send(far, &table[..], Some("202604")), Some(Refusal::MandateCounterparty)),
        (Act::Acknowledge { to: near }, None),
        (Act::Acknowledge { to: far }, Some(Refusal::MandateCounterparty)),
        (Act::Any(Scope::Send), None),
        (Act::Any(Scope::Receive), Some(Refusal::MandateScope)),
        (Act::Any(Scope::Status), Some(Refusal::MandateScope)),
    ] {
        assert_eq!(refusal(act), expected, "{act:?}");
    }
}

#[test]
fn an_id_reads_as_it_is_written() {
    let id = registered().id;
    assert_eq!(id.to_string(), "MD07070707070707070707070707070707");
    assert_eq!(id.to_string().parse(), Ok(id));
    for bad in ["", "MD", "MD0707", "MD0707070707070707070707070707070g", "XX07070707070707070707070707070707"] {
        assert_eq!(bad.parse::<MandateId>(), Err(NotAMandateId), "{bad}");
    }
}
