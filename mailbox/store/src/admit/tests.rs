//! The table of admission: every combination of what is sent, login, signer, certificate, `From`, `Sender`, mandate and licence, each
//! with the code it must come to. The expectation is written as the order of the profile, not as the code's.

use std::collections::BTreeMap;

use fumibako_model::{Agent, Enrolled, Licence, Licensing, Login, Mandate, Office, Registered, Scope};
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
    /// One in force with every limit there is, all of which the bundle keeps.
    WithinLimits,
    /// One in force, of an agent that is suspended.
    Suspended,
    /// One in force, of an agent that is not on the roll.
    NotOnTheRoll,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Bundle,
    Receipt,
    /// The word that a bundle could not be opened.
    Failure,
}

/// How an office stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Licensed,
    NotOnTheRoll,
    Suspended,
    LicenceSuspended,
    Never,
    NotYet,
    Over,
}

/// How both ends stand: one of them in every way, while the other is licensed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    sender: Stands,
    recipient: Stands,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certified {
    Valid,
    /// It names nobody, and the roll says whose it is.
    ByTheRoll,
    NamesNobody,
    Removed,
    NotYet,
    Expired,
    Revoked,
    ByNobodyKnown,
    /// The message is not signed.
    None,
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
const GIVEN: [Given; 13] = [
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
    Given::WithinLimits,
    Given::Suspended,
    Given::NotOnTheRoll,
];
const BOTH: Held = Held { sender: Stands::Licensed, recipient: Stands::Licensed };
/// In which ways an office may stand that neither sends nor is sent to.
const STOPPED: [Stands; 6] =
    [Stands::NotOnTheRoll, Stands::Suspended, Stands::LicenceSuspended, Stands::Never, Stands::NotYet, Stands::Over];
const CERTIFIED: [Certified; 9] = [
    Certified::Valid,
    Certified::ByTheRoll,
    Certified::NamesNobody,
    Certified::Removed,
    Certified::NotYet,
    Certified::Expired,
    Certified::Revoked,
    Certified::ByNobodyKnown,
    Certified::None,
];
/// `From` names the office of `MAIL FROM`, or another one.
const FROM: [Who; 2] = [Who::Own, Who::OtherOffice];
/// `Sender`, or none.
const SENDERS: [Option<Who>; 5] =
    [None, Some(Who::Own), Some(Who::Agent), Some(Who::OtherOffice), Some(Who::OtherAgent)];

/// One row.
#[derive(Clone, Copy, Debug)]
struct Row {
    sent: Sent,
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
    // §4.1, §5.3: the signature and its certificate.
    match row.certified {
        Certified::Valid | Certified::ByTheRoll | Certified::NamesNobody | Certified::Removed => {}
        Certified::None => return Some(Refusal::NotSigned),
        Certified::NotYet => return Some(Refusal::CertificateNotYetValid),
        Certified::Expired => return Some(Refusal::CertificateExpired),
        Certified::Revoked => return Some(Refusal::CertificateRevoked),
        Certified::ByNobodyKnown => return Some(Refusal::UnknownAuthority),
    }
    // §5.4: `From` is `MAIL FROM`, the certificate is somebody's, and the signer is that office or an agent.
    if row.from != Who::Own {
        return Some(Refusal::EnvelopeDiffers);
    }
    match row.certified {
        Certified::NamesNobody => return Some(Refusal::CertificateNamesNobody),
        Certified::Removed => return Some(Refusal::CertificateRemoved),
        _ => {}
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
    // §5.5, §9.3: a mandate in force, of an agent in order (§9.8). The other agent has none.
    let state = match (acting, row.given) {
        (None, _) => None,
        (Some(Who::Agent), Given::Suspended) => Some(Refusal::AgentSuspended),
        (Some(Who::Agent), Given::NotOnTheRoll) => Some(Refusal::AgentUnknown),
        (Some(Who::OtherAgent), _) | (_, Given::None) => Some(Refusal::NotMandated),
        (_, Given::Unconfirmed) => Some(Refusal::MandateUnconfirmed),
        (_, Given::NotYet) => Some(Refusal::MandateNotYet),
        (_, Given::Expired) => Some(Refusal::MandateExpired),
        (_, Given::Revoked) => Some(Refusal::MandateRevoked),
        _ => None,
    };
    // §5.6: both are registered; licences. §9.4: the limits, once the content is known.
    state.or_else(|| stopped(row.sent, row.held)).or(match (acting, row.given, row.sent) {
        (Some(_), Given::OtherScope, _) => Some(Refusal::MandateScope),
        (Some(_), Given::OtherCounterparty, _) => Some(Refusal::MandateCounterparty),
        (Some(_), Given::OtherKind, Sent::Bundle) => Some(Refusal::MandateKinds),
        (Some(_), Given::OtherMonth, Sent::Bundle) => Some(Refusal::MandateMonth),
        _ => None,
    })
}

/// What the profile says of both ends (§5.6): a bundle needs both licensed, what speaks of one needs no licence (§10).
fn stopped(sent: Sent, held: Held) -> Option<Refusal> {
    let unknown = match (held.sender, held.recipient) {
        (Stands::NotOnTheRoll, _) => Some(Refusal::SenderUnknown),
        (_, Stands::NotOnTheRoll) => Some(Refusal::RecipientUnknown),
        _ => None,
    };
    let stopped = |stands: Stands, [suspended, unlicensed]: [Refusal; 2]| match stands {
        Stands::Licensed | Stands::NotOnTheRoll => None,
        Stands::Suspended | Stands::LicenceSuspended => Some(suspended),
        Stands::Never | Stands::NotYet | Stands::Over => Some(unlicensed),
    };
    unknown.or(match sent {
        Sent::Bundle => stopped(held.sender, [Refusal::SenderSuspended, Refusal::SenderNotLicensed])
            .or(stopped(held.recipient, [Refusal::RecipientSuspended, Refusal::RecipientNotLicensed])),
        Sent::Receipt | Sent::Failure => (held.sender == Stands::Suspended).then_some(Refusal::SenderSuspended),
    })
}

/// Everybody's keys, and what is trusted.
struct People {
    keys: BTreeMap<(Who, Certified), Identity>,
    trust: Trust,
}

impl LoggedIn {
    /// The agent, as itself or as this office.
    fn is_the_agent_for(self, office: Who) -> bool {
        match self {
            Self::As(who) => who == Who::Agent,
            Self::AgentAsOwn => office == Who::Own,
            Self::AgentAsOther => office == Who::OtherOffice,
        }
    }
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
            let from = if certified == Certified::NotYet { "2026-12-01T00:00:00Z" } else { "2026-04-01T00:00:00Z" };
            let until = if certified == Certified::Expired { "2026-11-01T00:00:00Z" } else { "2027-03-31T00:00:00Z" };
            let nameless = matches!(certified, Certified::NamesNobody | Certified::ByTheRoll);
            let domain = if nameless { "elsewhere.example" } else { "plans.example" };
            let request = Request {
                common_name: who.name(),
                rfc822_name: &format!("{}@{domain}", who.name()),
                key: KeyKind::EcP256,
                purpose: Purpose::MailSigning,
                not_before: at(from),
                not_after: at(until),
            };
            ((who, certified), authority.issue(&request).unwrap())
        };
        let keys: BTreeMap<_, _> = WHO.into_iter().flat_map(|who| CERTIFIED.map(|how| issue(who, how))).collect();
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
        let part = match row.sent {
            Sent::Bundle => format!(
                "Content-Type: text/csv; name=\"{file}\"\r\nContent-Disposition: attachment; filename=\"{file}\"\r\n\r\nplan\r\n"
            ),
            Sent::Receipt => notification(from, "processed"),
            Sent::Failure => notification(from, "processed/error: decryption-failed"),
        };
        let sender = sender.map(|sender| format!("Sender: {sender}@plans.example\r\n")).unwrap_or_default();
        let head = format!(
            "From: {from}@plans.example\r\n{sender}To: {TO}@plans.example\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n\
             Message-ID: <a@plans.example>\r\nMIME-Version: 1.0\r\n"
        );
        if row.certified == Certified::None {
            return (head + &part).into_bytes();
        }
        let signed = sign(part.as_bytes(), &self.keys[&(row.signer, row.certified)], at(NOW)).unwrap();
        [head.as_bytes(), &signed].concat()
    }

    /// What stands on the roll.
    fn enrolled(&self) -> impl Iterator<Item = Enrolled> {
        let on_the_roll = |how| matches!(how, Certified::ByTheRoll | Certified::Removed);
        self.keys.iter().filter(move |((_, how), _)| on_the_roll(*how)).map(|((who, how), identity)| Enrolled {
            key: key_of(identity.certificate()),
            party: who.party(),
            der: identity.certificate().der().to_vec(),
            from: identity.certificate().not_before(),
            until: identity.certificate().not_after(),
            removed: (*how == Certified::Removed).then(|| at("2026-11-01T00:00:00Z")),
        })
    }
}

/// What an office says became of a bundle.
fn notification(from: &str, word: &str) -> String {
    format!(
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=r\r\n\r\n\
         --r\r\nContent-Type: text/plain\r\n\r\nReceived.\r\n\
         --r\r\nContent-Type: message/disposition-notification\r\n\r\n\
         Final-Recipient: rfc822; {from}@plans.example\r\nOriginal-Message-ID: <b@plans.example>\r\n\
         Disposition: manual-action/MDN-sent-manually; {word}\r\n\
         Received-content-MIC: {}=, sha-256\r\n\r\n--r--\r\n",
        "A".repeat(43)
    )
}

fn year() -> (Date, Date) {
    (date(2026, 4, 1), date(2027, 3, 31))
}

fn mandate(given: Given) -> Option<Registered> {
    let (from, until) = year();
    let limit = |beyond, other, within| match given {
        Given::WithinLimits => Some(within),
        given if given == beyond => Some(other),
        _ => None,
    };
    let words = Mandate {
        v: 1,
        office: OWN.parse().unwrap(),
        agent: KAWARA.parse().unwrap(),
        scopes: if given == Given::OtherScope {
            [Scope::Status].into()
        } else {
            [Scope::Send, Scope::Acknowledge].into()
        },
        kinds: limit(Given::OtherKind, "plan", "results").map(|kind| [kind.parse().unwrap()].into()),
        counterparties: limit(Given::OtherCounterparty, OTHER, TO).map(|office| [office.parse().unwrap()].into()),
        months: limit(Given::OtherMonth, "202604", "202510")
            .map(|first| (first.parse().unwrap(), "202703".parse().unwrap())),
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

fn roll(people: &People, given: Given, held: Held) -> Roll {
    let (from, until) = year();
    let standing = [(OWN, held.sender), (TO, held.recipient), (OTHER, Stands::Licensed)];
    let known = standing.into_iter().filter(|(_, stands)| *stands != Stands::NotOnTheRoll);
    let offices = known.map(|(number, stands)| {
        let suspended = (stands == Stands::Suspended).then(|| "届出の確認中".into());
        Office { number: number.parse().unwrap(), name: "事業所".into(), licence: None, suspended }
    });
    let licences = standing.into_iter().filter_map(|(number, stands)| {
        let days = match stands {
            Stands::Never | Stands::NotOnTheRoll => return None,
            Stands::NotYet => Licence { from: date(2026, 12, 1), until: date(2027, 11, 30) },
            Stands::Over => Licence { from: date(2025, 11, 25), until: date(2026, 11, 24) },
            _ => Licence { from, until },
        };
        let suspended = (stands == Stands::LicenceSuspended).then(|| "料金の確認中".into());
        Some((number.parse().unwrap(), Licensing { suspended, ..Licensing::granted(days) }))
    });
    let agents = [KAWARA, TSUTA].into_iter().filter(|id| given != Given::NotOnTheRoll || *id != KAWARA);
    let agents = agents.map(|id| {
        let suspended = (given == Given::Suspended && id == KAWARA).then(|| "調査中".into());
        Agent { id: id.parse().unwrap(), name: "代行".into(), suspended }
    });
    // The agent may well do everything for the other office.
    let elsewhere = mandate(Given::InForce).map(|one| {
        let words = Mandate { office: OTHER.parse().unwrap(), ..one.mandate };
        Registered { confirmed: one.confirmed, ..words.registered([2; 32]) }
    });
    Roll::new("plans.example".parse().unwrap(), offices, [], people.enrolled())
        .delegating(agents, mandate(given).into_iter().chain(elsewhere))
        .licensing(licences, None)
}

fn login(people: &People, logged_in: LoggedIn) -> Login {
    let in_force = roll(people, Given::InForce, BOTH);
    let acting = |office: &str| Login::acting(Who::Agent.party(), office, &in_force, at(NOW)).unwrap();
    match logged_in {
        LoggedIn::As(who) => Login::of(who.party()),
        LoggedIn::AgentAsOwn => acting(OWN),
        LoggedIn::AgentAsOther => acting(OTHER),
    }
}

/// Plays all rows of what is sent with certificates of one kind, with the first so many licences; says how many.
fn play(sent: Sent, certified: Certified, licences: usize) -> usize {
    let (people, folder) = (People::new(), tempfile::tempdir().unwrap());
    let bodies = Bodies::open(folder.path()).unwrap();
    let spool = || bodies.spool(Day::of(at(NOW)));
    let rules = Rules::new("plans.example".parse().unwrap());
    let stopped =
        STOPPED.iter().flat_map(|stands| [Held { sender: *stands, ..BOTH }, Held { recipient: *stands, ..BOTH }]);
    let helds: Vec<_> = [BOTH].into_iter().chain(stopped).take(licences).collect();
    let of = |given: &Given, held: &Held| (*given, *held, roll(&people, *given, *held));
    let rolls: Vec<_> = GIVEN.iter().flat_map(|given| helds.iter().map(move |held| of(given, held))).collect();
    let logins = LOGINS.map(|logged_in| (logged_in, login(&people, logged_in)));
    let (envelope, to) = (address(OWN), [address(TO)]);
    let (mut rows, mut wrong) = (0, Vec::new());
    for (signer, from, sender) in WHO.iter().flat_map(|signer| {
        FROM.iter().flat_map(move |from| SENDERS.iter().map(move |sender| (*signer, *from, *sender)))
    }) {
        let shape = Row { sent, login: LOGINS[0], signer, certified, from, sender, given: Given::None, held: BOTH };
        let mut arriving = Arriving::new(spool(), Via::of(std::net::Ipv4Addr::LOCALHOST), &rules, at(NOW)).unwrap();
        arriving.receive(&people.letter(shape)).unwrap();
        let arrived = arriving.finish();
        for ((logged_in, login), (given, held, roll)) in
            logins.iter().flat_map(|login| rolls.iter().map(move |roll| (login, roll)))
        {
            let row = Row { login: *logged_in, given: *given, held: *held, ..shape };
            let arrival = Arrival { login, from: Some(&envelope), to: &to };
            let found = admit(arrival, arrived.again(spool()), roll, &people.trust, &rules, at(NOW));
            // §13.12: with an empty envelope a notification comes to the same, and a bundle is never admitted.
            let unnamed = Arrival { from: None, ..arrival };
            let unnamed = admit(unnamed, arrived.again(spool()), roll, &people.trust, &rules, at(NOW));
            let alike = match (&found, &unnamed) {
                // Nobody says that `From` names another; then that office's own signer and login speak for it, or its agent's.
                (_, Ok(unnamed)) if row.from != Who::Own => {
                    let its_login =
                        LoggedIn::As(Who::OtherOffice) == *logged_in || logged_in.is_the_agent_for(Who::OtherOffice);
                    let its_signer = matches!(signer, Who::OtherOffice | Who::Agent);
                    its_login && its_signer && sent != Sent::Bundle && unnamed.facts().from().as_str() == OTHER
                }
                (_, Err(_)) if row.from != Who::Own => true,
                (Ok(found), Ok(unnamed)) => sent != Sent::Bundle && found.facts().by() == unnamed.facts().by(),
                (Err(found), Err(unnamed)) => sent == Sent::Bundle || found.why == unnamed.why,
                (Ok(_), Err(unnamed)) => sent == Sent::Bundle && unnamed.why == Refusal::EnvelopeDiffers,
                (Err(_), Ok(_)) => false,
            };
            let by = found.as_ref().ok().and_then(|admitted| admitted.facts().by().map(|by| by.agent.to_string()));
            let agent = signer == Who::Agent || matches!(logged_in, LoggedIn::As(Who::Agent) | LoggedIn::AgentAsOwn);
            let named = found.is_err() || by == agent.then(|| KAWARA.to_owned());
            let found = found.err().map(|refused| refused.why);
            if found != expected(row) || !named || !alike {
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

/// 6 logins, 4 signers, 2 `From`, 5 `Sender`, 13 mandates; with each of 13 licences where they are looked at.
const ROWS: usize = 6 * 4 * 2 * 5 * 13;
const LICENCES: usize = 1 + 2 * STOPPED.len();

// Profile §5.4, §5.5, §5.6, §9.3, §9.4, §9.8
#[test]
fn every_combination_with_a_valid_certificate_comes_to_the_code_it_must() {
    assert_eq!(play(Sent::Bundle, Certified::Valid, LICENCES), ROWS * LICENCES);
}

// Profile §5.6, §10
#[test]
fn a_receipt_comes_to_the_same_codes_but_for_the_licences_it_does_not_need() {
    assert_eq!(play(Sent::Receipt, Certified::Valid, LICENCES), ROWS * LICENCES);
}

#[test]
fn so_does_the_word_that_a_bundle_could_not_be_opened() {
    assert_eq!(play(Sent::Failure, Certified::Valid, LICENCES), ROWS * LICENCES);
}

/// A message that is refused for its certificate never comes as far as the licences.
#[test]
fn every_combination_with_another_certificate_comes_to_the_code_it_must() {
    for certified in CERTIFIED {
        assert_eq!(play(Sent::Bundle, certified, 1), ROWS, "{certified:?}");
    }
}
