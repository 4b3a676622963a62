//! Licences: decided inside the commit, told once, and due once.

use std::sync::Arc;

use fumibako_model::{
    Account, AccountChange, Asked, Done, Licence, LicenceDeed, LicenceDue, LicenceOrder, LicenceTerms, Licensing,
    Office, OfficeNumber, Party, PayBy, Refusal, Switch, What, japanese_day,
};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use super::accounts::account;
use super::{Fill, World, also, at_once, himawari, now, office, refused, sakura, view};
use crate::{AccountOrder, Amend, Amendment, Letter, LicenceChange, Store, StoreError, WhichActs};

fn terms(version: &str) -> LicenceTerms {
    LicenceTerms::new(version, &format!("利用規約 {version}")).unwrap()
}

fn asked(office: OfficeNumber, at: Timestamp) -> Asked {
    let LicenceTerms { version, digest, .. } = terms("1");
    Asked { v: 1, office, terms: version, digest, pay_by: PayBy::Invoice, automatic: true, user: "sakura".into(), at }
}

/// What the office signs, told as it is.
fn signed(deed: LicenceDeed, at: Timestamp) -> Amend {
    let (office, signed) = (deed.office(), Some(b"signed".to_vec()));
    let done = Done::new(at, office, What::LicenceApplied).of(office);
    let change = LicenceChange { office, order: LicenceOrder::Signed(deed), at, signed };
    Amend { changes: vec![Amendment::Licence(Box::new(change))], done: vec![done] }
}

async fn publish<S: Store>(store: &S, version: &str) -> Result<(), StoreError> {
    store.put(Amendment::Terms(terms(version), now())).await
}

async fn grant<S: Store>(store: &S, office: OfficeNumber, days: (&str, &str)) {
    let days = Licence { from: days.0.parse().unwrap(), until: days.1.parse().unwrap() };
    let change = LicenceChange { office, order: LicenceOrder::Grant(days), at: now(), signed: None };
    store.put(Amendment::Licence(Box::new(change))).await.unwrap();
}

/// An office without a licence.
async fn newcomer<S: Store>(store: &S) {
    store.put_office(Office { licence: None, ..office(sakura()) }).await.unwrap();
    person(store, "sakura", Party::Office(sakura())).await;
}

async fn person<S: Store>(store: &S, login: &str, party: Party) {
    let account = Account { party, ..account(login) };
    store.put(Amendment::Account(AccountOrder::Make(Box::new(account)))).await.unwrap();
}

fn seconds(count: i64) -> Timestamp {
    now() + SignedDuration::from_secs(count)
}

pub async fn what_an_office_signs_is_its_own_and_not_without_end<S: Store>(store: Arc<S>) {
    newcomer(&*store).await;
    publish(&*store, "1").await.unwrap();
    person(&*store, "himawari", Party::Office(himawari())).await;
    let by = |user: &str, at| signed(LicenceDeed::Apply(Asked { user: user.into(), ..asked(sakura(), at) }), at);
    for user in ["nobody", "himawari"] {
        refused(store.amend(by(user, now())).await, Refusal::LoginUnknown);
    }
    let suspend = |reason: Option<&str>| {
        let order =
            AccountOrder::Change(AccountChange::Suspend { login: "sakura".into(), reason: reason.map(str::to_owned) });
        store.put(Amendment::Account(order))
    };
    suspend(Some("退職")).await.unwrap();
    refused(store.amend(by("sakura", now())).await, Refusal::AccountSuspended);
    suspend(None).await.unwrap();
    let stop = |suspended: Option<&str>| {
        let suspended = suspended.map(str::to_owned);
        store.put(Amendment::Office(Box::new(Office { licence: None, suspended, ..office(sakura()) })))
    };
    stop(Some("届出の確認中")).await.unwrap();
    refused(store.amend(by("sakura", now())).await, Refusal::SenderSuspended);
    stop(None).await.unwrap();
    store.amend(by("sakura", now())).await.unwrap();
    let turn = |on: bool, at| signed(LicenceDeed::Automatic(Switch { v: 1, office: sakura(), on, at }), at);
    // It is on already: the time alone is kept, so what was signed before it counts no more.
    for _ in 0..2 {
        store.amend(turn(true, seconds(9))).await.unwrap();
    }
    assert_eq!(licensing(&*store, sakura()).said, Some(seconds(9)));
    refused(store.amend(turn(false, seconds(8))).await, Refusal::LicenceStale);
    for n in 1..20 {
        store.amend(turn(n % 2 == 0, seconds(10 + n))).await.unwrap();
    }
    refused(store.amend(turn(true, seconds(60))).await, Refusal::TooManyQuestions);
    assert_eq!(store.licence_deeds(sakura()).await.unwrap().len(), 20);
    assert_eq!(store.acts(WhichActs::default()).await.unwrap().len(), 20);
    let tomorrow = 24 * 60 * 60;
    store.amend(turn(true, seconds(tomorrow))).await.unwrap();
}

fn licensing<S: Store>(store: &S, office: OfficeNumber) -> Licensing {
    store.roll().licence(office).cloned().unwrap_or_default()
}

pub async fn a_licence_is_decided_in_the_commit_and_a_deed_obeyed_once<S: Store>(store: Arc<S>) {
    let deed = || LicenceDeed::Apply(asked(sakura(), now()));
    refused(store.amend(signed(deed(), now())).await, Refusal::OfficeUnknown);
    newcomer(&*store).await;
    refused(store.amend(signed(deed(), now())).await, Refusal::TermsNotCurrent);
    publish(&*store, "1").await.unwrap();
    for _ in 0..2 {
        store.amend(signed(deed(), now())).await.unwrap();
    }
    let first = licensing(&*store, sakura());
    assert_eq!(first.run(), Some(Licence { from: date(2026, 11, 25), until: date(2027, 11, 24) }));
    assert_eq!(store.roll().office(sakura()).unwrap().licence, first.run());
    assert_eq!(store.acts(WhichActs::default()).await.unwrap().len(), 1, "the same deed again is nothing");
    let kept = store.licence_deeds(sakura()).await.unwrap();
    assert_eq!((kept.len(), kept[0].kind.as_str(), &kept[0].octets[..]), (1, "apply", &b"signed"[..]));
    assert_eq!(store.licence_deeds(himawari()).await.unwrap(), []);
    // Even a year later, when a year could be asked for, and its time were believed.
    let later = "2027-12-01T00:00:00Z".parse().unwrap();
    store.amend(signed(deed(), later)).await.unwrap();
    assert_eq!(licensing(&*store, sakura()), first);
    // Who renames an office, having read the roll before, takes no licence away.
    store.put(Amendment::Office(Box::new(Office { licence: None, ..office(sakura()) }))).await.unwrap();
    assert_eq!(licensing(&*store, sakura()), first);
    // Terms keep their words; the last that were published are in force.
    publish(&*store, "2").await.unwrap();
    publish(&*store, "1").await.unwrap();
    let other = LicenceTerms::new("1", "other words").unwrap();
    refused(store.put(Amendment::Terms(other, now())).await, Refusal::ValueUnfit);
    let all: Vec<_> = store.terms().await.unwrap().into_iter().map(|one| one.terms).collect();
    assert_eq!((all, store.roll().terms()), (vec![terms("1"), terms("2")], Some(&terms("2"))));
}

pub async fn of_two_renewals_at_once_one_is_taken<S: Store>(store: Arc<S>) {
    newcomer(&*store).await;
    publish(&*store, "1").await.unwrap();
    grant(&*store, sakura(), ("2026-01-01", "2026-12-31")).await;
    let calls = (0..8).map(|n| {
        let (store, at) = (also(&store), now().saturating_add(SignedDuration::from_secs(n)).unwrap());
        async move { store.amend(signed(LicenceDeed::Renew(asked(sakura(), at)), now())).await }
    });
    let (taken, other): (Vec<_>, Vec<_>) = at_once(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!((taken.len(), other.len()), (1, 7));
    for one in other {
        let why = if let Err(StoreError::Refused(refused)) = &one { Some(refused.why) } else { None };
        assert!(matches!(why, Some(Refusal::LicenceNotRenewable | Refusal::LicenceStale)), "{one:?}");
    }
    assert_eq!(licensing(&*store, sakura()).periods.len(), 2);
    assert_eq!(store.acts(WhichActs::default()).await.unwrap().len(), 1);
}

fn happening(due: LicenceDue, at: Timestamp) -> (LicenceChange, Done) {
    let change = LicenceChange { office: sakura(), order: LicenceOrder::Due(due), at, signed: None };
    (change, Done::new(at, "gateway", What::LicenceWarned).of(sakura()))
}

fn letter<S: Store>(store: &S, id: &str) -> Letter {
    let mut body = store.spool(now());
    body.write(b"Subject: x\r\n\r\nx\r\n").unwrap();
    Letter { offices: vec![sakura()], message_id: id.into(), body }
}

pub async fn what_is_due_happens_once_with_its_letter<S: Store>(store: Arc<S>) {
    newcomer(&*store).await;
    publish(&*store, "1").await.unwrap();
    grant(&*store, sakura(), ("2026-06-01", "2027-05-31")).await;
    // The last day that is not yet due, and the midnight in Japan after it.
    let (before, first): (Timestamp, Timestamp) =
        ("2027-03-31T14:59:59Z".parse().unwrap(), "2027-03-31T15:00:00Z".parse().unwrap());
    assert_eq!(store.licences_due(before).await.unwrap(), []);
    for (round, expected) in [(0, true), (1, false)] {
        let found = store.licences_due(first).await.unwrap();
        assert_eq!(found.len(), usize::from(expected));
        let (change, told) = happening(LicenceDue::Warn(60), first);
        let letter = letter(&*store, &format!("{round}@plans.example"));
        assert_eq!(store.licence_happens(change, told, Some(letter)).await.unwrap(), expected);
    }
    assert_eq!(store.licences_due("2027-04-30T14:59:59Z".parse().unwrap()).await.unwrap(), []);
    assert_eq!(store.licences_due("2027-04-30T15:00:00Z".parse().unwrap()).await.unwrap(), [sakura()]);
    assert_eq!(view(&*store, sakura(), "Receipts").await.entries.len(), 1, "one letter");
    assert_eq!(store.acts(WhichActs::default()).await.unwrap().len(), 1, "told once");
    assert_eq!(store.census().await.unwrap().due, 0, "no report waits");
    // By a clock that leapt ahead it is long over; once that is put right, and it is looked at, it is due as before.
    let last: Timestamp = "2027-05-30T15:00:00Z".parse().unwrap();
    for (at, expected) in [("2029-01-01T00:00:00Z".parse().unwrap(), vec![]), (first, vec![sakura()])] {
        let look = LicenceChange { office: sakura(), order: LicenceOrder::Look, at, signed: None };
        store.put(Amendment::Licence(Box::new(look))).await.unwrap();
        assert_eq!(store.licences_due(last).await.unwrap(), expected, "{at}");
    }
    assert_eq!(licensing(&*store, sakura()).due(store.roll().terms(), japanese_day(last)), Some(LicenceDue::Warn(7)));
    assert_eq!(store.acts(WhichActs::default()).await.unwrap().len(), 1, "a look is not told");
    // Due letters come before ordinary ones of reports, and none of theirs is lost to them.
    assert_eq!(store.due(last, None, 1).await.unwrap().len(), 0);
}

pub async fn a_suspended_licence_neither_sends_nor_is_sent_to<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let ends = (himawari(), sakura());
    let bundle = |ends, id: &str| world.bundle(&*store, ends, id, "one");
    let (to, from) = (bundle(ends, "a@plans.example"), bundle((sakura(), himawari()), "b@plans.example"));
    let later = bundle(ends, "c@plans.example");
    let order = |order| {
        let change = LicenceChange { office: sakura(), order, at: now(), signed: None };
        store.put(Amendment::Licence(Box::new(change)))
    };
    order(LicenceOrder::Suspend { reason: "届出の確認中".into() }).await.unwrap();
    refused(store.deliver(to, now()).await, Refusal::RecipientSuspended);
    refused(store.deliver(from, now()).await, Refusal::SenderSuspended);
    order(LicenceOrder::Resume).await.unwrap();
    store.deliver(later, now()).await.unwrap();
}
