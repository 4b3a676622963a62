//! The table of admission: every combination of login, signer, certificate, `From`, `Sender`, mandate and licence, each with
//! the code it must come to. The expectation is written as the order of the profile, not as the code's.

use std::collections::BTreeMap;

use fumibako_model::{Agent, Licence, Login, Mandate, Office, Registered, Scope};
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Identity, WithoutList, sign};
use jiff::civil::{Date, date};

use super::*;
use crate::bodies::{Bodies, Day};

const NOW: &str = "2026-11-25T12:00:00Z";
const OWN: &str = "9970000011";
const TO: &str = "9970000029";
const OTHER: &str = "9970000037";
/// The agent with the mandate.
const KAWARA: &str = "kawara";
/// One without.
const TSUTA: &str = "tsuta";

/// Whom the login, the signature or the field is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Own,
    Agent,
    OtherOffice,
    OtherAgent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoggedIn {
    As(Who),
    /// The agent, as the office in `MAIL FROM`.
    AgentAsOwn,
    /// The agent, as an office it has a mandate of, too.
    AgentAsOther,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    None,
    Unconfirmed,
    NotYet,
    InForce,
    Expired,
    Revoked,
    OtherScope,
    OtherCounterparty,
    OtherKind,
    OtherMonth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Both,
    SenderNone,
    RecipientNone,
    SenderSuspended,
    RecipientSuspended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certified {
    Valid,
    Expired,
    Revoked,
    ByNobodyKnown,
}

const WHO: [Who; 4] = [Who::Own, Who::Agent, Who::OtherOffice, Who::OtherAgent];
const LOGINS: [LoggedIn; 6] = [
    LoggedIn::As(Who::Own),
    LoggedIn::As(Who::Agent),
    LoggedIn::As(Who::OtherOffice),
    LoggedIn::As(Who::OtherAgent),
    LoggedIn::AgentAsOwn,
    LoggedIn::AgentAsOther,
];
const GIVEN: [Given; 10] = [
    Given::None,
    Given::Unconfirmed,
    Given::NotYet,
    Given::InForce,
    Given::Expired,
    Given::Revoked,
    Given::OtherScope,
    Given::OtherCounterparty,
    Given::OtherKind,
    Given::OtherMonth,
];
const HELD: [Held; 5] =
    [Held::Both, Held::SenderNone, Held::RecipientNone, Held::SenderSuspended, Held::RecipientSuspended];
/// `From` names the office of `MAIL FROM`, or another one.
const FROM: [Who; 2] = [Who::Own, Who::OtherOffice];
/// `Sender`, or none.
const SENDERS: [Option<Who>; 5] =
    [None, Some(Who::Own), Some(Who::Agent), Some(Who::OtherOffice), Some(Who::OtherAgent)];

/// One row.
#[derive(Clone, Copy, Debug)]
struct Row {
    login: LoggedIn,
    signer: Who,
    certified: Certified,
    from: Who,
    sender: Option<Who>,
    given: Given,
    held: Held,
}

/// What the profile says of a row, in its order.
fn expected(row: Row) -> Option<Refusal> {
    // §5.3: the certificate.
    match row.certified {
        Certified::Valid => {}
        Certified::Expired => return Some(Refusal::CertificateExpired),
        Certified::Revoked => return Some(Refusal::CertificateRevoked),
        Certified::ByNobodyKnown => return Some(Refusal::UnknownAuthority),
    }
    // §5.4: `From` is `MAIL FROM`, and the signer is that office or an agent.
    if row.from != Who::Own {
        return Some(Refusal::EnvelopeDiffers);
    }
    if row.signer == Who::OtherOffice {
        return Some(Refusal::NotItsCertificate);
    }
    // §5.5: nobody acts for an office it did not log in as.
    if matches!(row.login, LoggedIn::As(Who::OtherOffice) | LoggedIn::AgentAsOther) {
        return Some(Refusal::NotMandated);
    }
    let by_login = match row.login {
        LoggedIn::As(Who::Agent) | LoggedIn::AgentAsOwn => Some(Who::Agent),
        LoggedIn::As(Who::OtherAgent) => Some(Who::OtherAgent),
        _ => None,
    };
    let by_signature = Some(row.signer).filter(|signer| *signer != Who::Own);
    if by_login.is_some() && by_signature.is_some() && by_login != by_signature {
        return Some(Refusal::NotItsCertificate);
    }
    let acting = by_login.or(by_signature);
    // §5.4: `Sender` names who acts.
    match (acting, row.sender) {
        (None, None | Some(Who::Own)) => {}
        (None, Some(_)) => return Some(Refusal::EnvelopeDiffers),
        (acting, sender) if acting == sender => {}
        _ => return Some(Refusal::AgentNotNamed),
    }
    // §5.5, §9.3: a mandate in force. The other agent has none.
    let state = match (acting, row.given) {
        (None, _) => None,
        (Some(Who::OtherAgent), _) | (_, Given::None) => Some(Refusal::NotMandated),
        (_, Given::Unconfirmed) => Some(Refusal::MandateUnconfirmed),
        (_, Given::NotYet) => Some(Refusal::MandateNotYet),
        (_, Given::Expired) => Some(Refusal::MandateExpired),
        (_, Given::Revoked) => Some(Refusal::MandateRevoked),
        _ => None,
    };
    // §5.6: licences. §9.4: the limits, once the content is known.
    state.or(match row.held {
        Held::SenderNone => Some(Refusal::SenderNotLicensed),
        Held::SenderSuspended => Some(Refusal::SenderSuspended),
        Held::RecipientNone => Some(Refusal::RecipientNotLicensed),
        Held::RecipientSuspended => Some(Refusal::RecipientSuspended),
        Held::Both => match (acting, row.given) {
            (Some(_), Given::OtherScope) => Some(Refusal::MandateScope),
            (Some(_), Given::OtherCounterparty) => Some(Refusal::MandateCounterparty),
            (Some(_), Given::OtherKind) => Some(Refusal::MandateKinds),
            (Some(_), Given::OtherMonth) => Some(Refusal::MandateMonth),
            _ => None,
        },
    })
}

/// Everybody's keys, and what is trusted.
struct People {
    keys: BTreeMap<(Who, Certified), Identity>,
    trust: Trust,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Own => OWN,
            Self::Agent => KAWARA,
            Self::OtherOffice => OTHER,
            Self::OtherAgent => TSUTA,
        }
    }

    fn party(self) -> Party {
        self.name().parse().unwrap()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl People {
    fn new() -> Self {
        let [known, unknown] =
            ["Table CA", "Another CA"].map(|name| Authority::create(name, at("2026-04-01T00:00:00Z")).unwrap());
        let issue = |who: Who, certified: Certified| {
            let authority = if certified == Certified::ByNobodyKnown { &unknown } else { &known };
            let until = if certified == Certified::Expired { "2026-11-01T00:00:00Z" } else { "2027-03-31T00:00:00Z" };
            let request = Request {
                common_name: who.name(),
                rfc822_name: &format!("{}@plans.example", who.name()),
                key: KeyKind::EcP256,
                purpose: Purpose::MailSigning,
                not_before: at("2026-04-01T00:00:00Z"),
                not_after: at(until),
            };
            ((who, certified), authority.issue(&request).unwrap())
        };
        let all = [Certified::Valid, Certified::Expired, Certified::Revoked, Certified::ByNobodyKnown];
        let keys: BTreeMap<_, _> = WHO.into_iter().flat_map(|who| all.map(|how| issue(who, how))).collect();
        let since = at("2026-11-01T00:00:00Z");
        let revoked: Vec<_> = WHO.iter().map(|who| (keys[&(*who, Certified::Revoked)].certificate(), since)).collect();
        let trust = Trust::new([known.certificate().clone()]).unwrap();
        let list = known.revoke(&revoked, at("2026-11-25T00:00:00Z"), at("2026-11-26T00:00:00Z")).unwrap();
        let list = trust.read_list(&list).unwrap();
        Self { keys, trust: trust.with_lists([list], WithoutList::Accept) }
    }

    /// The message of a row.
    fn letter(&self, row: Row) -> Vec<u8> {
        let (from, sender) = (row.from.name(), row.sender.map(Who::name));
        let file = format!("UPJSK_202510_{from}_11_{TO}_43_20251101093000.CSV");
        let part = format!(
            "Content-Type: text/csv; name=\"{file}\"\r\nContent-Disposition: attachment; filename=\"{file}\"\r\n\r\nplan\r\n"
        );
        let sender = sender.map(|sender| format!("Sender: {sender}@plans.example\r\n")).unwrap_or_default();
        let head = format!(
            "From: {from}@plans.example\r\n{sender}To: {TO}@plans.example\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n\
             Message-ID: <a@plans.example>\r\nMIME-Version: 1.0\r\n"
        );
        let signed = sign(part.as_bytes(), &self.keys[&(row.signer, row.certified)], at(NOW)).unwrap();
        [head.as_bytes(), &signed].concat()
    }
}

fn year() -> (Date, Date) {
    (date(2026, 4, 1), date(2027, 3, 31))
}

fn mandate(given: Given) -> Option<Registered> {
    let (from, until) = year();
    let words = Mandate {
        v: 1,
        office: OWN.parse().unwrap(),
        agent: KAWARA.parse().unwrap(),
        scopes: [if given == Given::OtherScope { Scope::Acknowledge } else { Scope::Send }].into(),
        kinds: (given == Given::OtherKind).then(|| ["plan".parse().unwrap()].into()),
        counterparties: (given == Given::OtherCounterparty).then(|| [OTHER.parse().unwrap()].into()),
        months: (given == Given::OtherMonth).then(|| ("202604".parse().unwrap(), "202703".parse().unwrap())),
        from: if given == Given::NotYet { date(2026, 12, 1) } else { from },
        until: if given == Given::Expired { date(2026, 11, 24) } else { until },
        granted: at("2026-03-20T00:00:00Z"),
    };
    let moment = Some(at("2026-03-21T00:00:00Z"));
    let registered = words.registered([1; 32]);
    let confirmed = moment.filter(|_| given != Given::Unconfirmed);
    let revoked = moment.filter(|_| given == Given::Revoked);
    (given != Given::None).then_some(Registered { confirmed, revoked, ..registered })
}

fn roll(given: Given, held: Held) -> Roll {
    let (from, until) = year();
    let office = |number: &str| {
        let (none, suspended) = match number {
            OWN => (held == Held::SenderNone, held == Held::SenderSuspended),
            TO => (held == Held::RecipientNone, held == Held::RecipientSuspended),
            _ => (false, false),
        };
        let licence = (!none).then_some(Licence { from, until });
        let number = number.parse().unwrap();
        Office { number, name: "事業所".into(), licence, suspended: suspended.then(|| "届出の確認中".into()) }
    };
    let agent = |id: &str| Agent { id: id.parse().unwrap(), name: "代行".into(), suspended: None };
    // The agent may well do everything for the other office.
    let elsewhere = mandate(Given::InForce).map(|one| {
        let words = Mandate { office: OTHER.parse().unwrap(), ..one.mandate };
        Registered { confirmed: one.confirmed, ..words.registered([2; 32]) }
    });
    Roll::new("plans.example".parse().unwrap(), [OWN, TO, OTHER].map(office), [], [])
        .delegating([KAWARA, TSUTA].map(agent), mandate(given).into_iter().chain(elsewhere))
}

fn login(logged_in: LoggedIn) -> Login {
    let in_force = roll(Given::InForce, Held::Both);
    let acting = |office: &str| Login::acting(Who::Agent.party(), office, &in_force, at(NOW)).unwrap();
    match logged_in {
        LoggedIn::As(who) => Login::of(who.party()),
        LoggedIn::AgentAsOwn => acting(OWN),
        LoggedIn::AgentAsOther => acting(OTHER),
    }
}

/// Plays all rows with certificates of one kind; says how many.
fn play(certified: Certified) -> usize {
    let (people, folder) = (People::new(), tempfile::tempdir().unwrap());
    let bodies = Bodies::open(folder.path()).unwrap();
    let rules = Rules::new("plans.example".parse().unwrap());
    // A message that is refused for its certificate never comes as far as the licences.
    let helds = if certified == Certified::Valid { &HELD[..] } else { &HELD[..1] };
    let rolls: Vec<_> =
        GIVEN.iter().flat_map(|given| helds.iter().map(|held| (*given, *held, roll(*given, *held)))).collect();
    let logins = LOGINS.map(|logged_in| (logged_in, login(logged_in)));
    let (envelope, to) = (address(OWN), [address(TO)]);
    let (mut rows, mut wrong) = (0, Vec::new());
    for (signer, from, sender) in WHO.iter().flat_map(|signer| {
        FROM.iter().flat_map(move |from| SENDERS.iter().map(move |sender| (*signer, *from, *sender)))
    }) {
        let shape = Row { login: LOGINS[0], signer, certified, from, sender, given: Given::None, held: Held::Both };
        let letter = people.letter(shape);
        for ((logged_in, login), (given, held, roll)) in
            logins.iter().flat_map(|login| rolls.iter().map(move |roll| (login, roll)))
        {
            let row = Row { login: *logged_in, given: *given, held: *held, ..shape };
            let via = Via::of(std::net::Ipv4Addr::LOCALHOST);
            let mut arriving = Arriving::new(bodies.spool(Day::of(at(NOW))), via, &rules, at(NOW)).unwrap();
            arriving.receive(&letter).unwrap();
            let arrival = Arrival { login, from: &envelope, to: &to };
            let found = admit(arrival, arriving.finish(), roll, &people.trust, &rules, at(NOW));
            let by = found.as_ref().ok().and_then(|admitted| admitted.facts().by().map(|by| by.agent.to_string()));
            let agent = signer == Who::Agent || matches!(logged_in, LoggedIn::As(Who::Agent) | LoggedIn::AgentAsOwn);
            let named = found.is_err() || by == agent.then(|| KAWARA.to_owned());
            let found = found.err().map(|refused| refused.why);
            if found != expected(row) || !named {
                wrong.push(format!("{row:?}: {found:?} by {by:?}, not {:?}", expected(row)));
            }
            rows += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {rows} rows, the first: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    rows
}

fn address(local: &str) -> Address {
    format!("{local}@plans.example").parse().unwrap()
}

/// 6 logins, 4 signers, 2 `From`, 5 `Sender`, 10 mandates; with each of 5 licences where they are looked at.
const ROWS: usize = 6 * 4 * 2 * 5 * 10;

// Profile §5.4, §5.5, §9.3, §9.4
#[test]
fn every_combination_with_a_valid_certificate_comes_to_the_code_it_must() {
    assert_eq!(play(Certified::Valid), ROWS * HELD.len());
}

#[test]
fn every_combination_with_an_expired_certificate_is_refused_for_that() {
    assert_eq!(play(Certified::Expired), ROWS);
}

#[test]
fn every_combination_with_a_revoked_certificate_is_refused_for_that() {
    assert_eq!(play(Certified::Revoked), ROWS);
}

#[test]
fn every_combination_with_a_certificate_of_an_unknown_authority_is_refused_for_that() {
    assert_eq!(play(Certified::ByNobodyKnown), ROWS);
}
