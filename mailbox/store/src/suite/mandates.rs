//! Mandates: kept with what was signed, and judged inside the commit.

use std::sync::{Arc, LazyLock};

use fumibako_model::{
    Agent, Deed, Done, Event, Licence, MANDATES_A_DAY, MANDATES_OF_OFFICE, Mandate, MandateState, Office, OfficeNumber,
    Refusal, Registered, Said, Scope, What,
};
use fumibako_signer::{Identity, sign};
use jiff::SignedDuration;

use super::{Fill, NOON, World, folder, himawari, kaede, kawara, now, office, refused, sakura, view};
use crate::{Amend, Amendment, MandateOrder, Marks, Store, StoreError, Sum, deed_in};

/// A mandate of an office to the agent of the suite, to send.
pub fn sending(office: OfficeNumber) -> Registered {
    numbered(office, 0)
}

/// One of many.
pub fn numbered(office: OfficeNumber, number: u8) -> Registered {
    let words = Mandate {
        v: 1,
        office,
        agent: kawara(),
        scopes: [Scope::Send].into(),
        kinds: None,
        counterparties: None,
        months: None,
        from: "2026-04-01".parse().unwrap(),
        until: "2027-03-31".parse().unwrap(),
        granted: now() + SignedDuration::from_secs(number.into()),
    };
    registered(words)
}

/// A mandate of these words.
pub(super) fn registered(words: Mandate) -> Registered {
    let mut sum = Sum::default();
    sum.add(Deed::Grant(Box::new(words.clone())).canonical().as_bytes());
    words.registered(sum.finish())
}

/// A deed as somebody signed it: whose signature that is, the store does not ask.
pub fn signed(deed: &Deed) -> Vec<u8> {
    static SIGNER: LazyLock<Identity> = LazyLock::new(|| World::new().agent);
    sign(deed.entity().as_bytes(), &SIGNER, deed.said()).unwrap()
}

pub async fn agent<S: Store>(store: &S) {
    store.put_agent(Agent { id: kawara(), name: "かわら事務代行".into(), suspended: None }).await.unwrap();
}

pub fn granting(one: &Registered) -> MandateOrder {
    MandateOrder::Register(Box::new(one.clone()), Some(signed(&Deed::Grant(Box::new(one.mandate.clone())))))
}

/// The agent takes it.
pub fn confirming(one: &Registered) -> MandateOrder {
    let said = Deed::Confirm(Said { mandate: one.id, at: now() });
    MandateOrder::Confirm { id: one.id, signed: signed(&said), at: now() }
}

/// On the roll and confirmed.
pub async fn in_force<S: Store>(store: &S, office: OfficeNumber) -> Registered {
    let one = sending(office);
    store.mandate(granting(&one)).await.unwrap();
    store.mandate(confirming(&one)).await.unwrap();
    one
}

/// Its office ends it.
pub fn revocation(one: &Registered) -> MandateOrder {
    let said = Deed::Revoke(Said { mandate: one.id, at: now() });
    let by = one.mandate.office.to_string();
    MandateOrder::Revoke { id: one.id, signed: Some(signed(&said)), by, at: now() }
}

pub async fn a_mandate_is_granted_confirmed_and_revoked_once<S: Store>(store: Arc<S>) {
    let _world = World::with(&*store).await;
    let one = sending(himawari());
    let register = || granting(&one);
    let confirm = || confirming(&one);
    refused(store.mandate(register()).await, Refusal::AgentUnknown);
    agent(&*store).await;
    refused(store.mandate(confirm()).await, Refusal::MandateUnknown);
    let state = |store: &S| store.roll().mandate_by_id(one.id).map(|one| one.state(now()));
    for (order, expected) in [
        (register(), MandateState::Unconfirmed),
        (register(), MandateState::Unconfirmed),
        (confirm(), MandateState::InForce),
        (register(), MandateState::InForce),
        (confirm(), MandateState::InForce),
        (revocation(&one), MandateState::Revoked),
        (revocation(&one), MandateState::Revoked),
        (register(), MandateState::Revoked),
    ] {
        store.mandate(order).await.unwrap();
        assert_eq!(state(&store), Some(expected));
    }
    refused(store.mandate(confirm()).await, Refusal::MandateRevoked);
    let said = Said { mandate: one.id, at: now() };
    let deeds = [Deed::Confirm(said.clone()), Deed::Grant(Box::new(one.mandate.clone())), Deed::Revoke(said)];
    let kept = store.deeds(one.id).await.unwrap();
    assert!(kept.iter().all(|deed| deed.at == now()));
    assert_eq!(kept.iter().map(|deed| deed.kind.as_str()).collect::<Vec<_>>(), ["confirm", "grant", "revoke"]);
    assert_eq!(kept.iter().map(|deed| deed_in(&deed.octets)).collect::<Vec<_>>(), deeds.map(Some));
}

pub async fn an_office_has_a_hundred_mandates_that_are_not_over<S: Store>(store: Arc<S>) {
    store.put_office(office(himawari())).await.unwrap();
    agent(&*store).await;
    let register = async |number: u8, at: &str| {
        let change = Amendment::Mandate(granting(&numbered(himawari(), number)));
        let done = vec![Done::new(at.parse().unwrap(), "test", What::MandateRegistered)];
        store.amend(Amend { changes: vec![change], done }).await
    };
    let most = u8::try_from(MANDATES_OF_OFFICE).unwrap();
    let day = u8::try_from(MANDATES_A_DAY).unwrap();
    for number in 0..day {
        register(number, "2026-11-23T12:00:00Z").await.unwrap();
    }
    // It says how long to wait; what is there already is no more.
    let more = register(day, "2026-11-23T12:00:00Z").await;
    assert!(
        matches!(more, Err(StoreError::Refused(no)) if (no.why, &*no.about) == (Refusal::TooManyQuestions, "10800"))
    );
    register(0, "2026-11-23T12:00:00Z").await.unwrap();
    for number in day..most {
        register(number, "2026-11-24T12:00:00Z").await.unwrap();
    }
    refused(register(most, NOON).await, Refusal::TooManyMandates);
    // What is there already is no more, and another office has its own.
    register(most - 1, NOON).await.unwrap();
    store.mandate(granting(&sending(sakura()))).await.unwrap();
    // One that was revoked makes room for one; all that are over make room for others.
    store.mandate(revocation(&numbered(himawari(), 0))).await.unwrap();
    register(most, NOON).await.unwrap();
    refused(register(most + 1, "2027-03-31T14:59:59Z").await, Refusal::TooManyMandates);
    // But for one that is over itself.
    refused(register(most + 1, "2027-03-31T15:00:00Z").await, Refusal::MandateExpired);
    register(most, "2027-03-31T15:00:00Z").await.unwrap();
    let mut next = numbered(himawari(), most + 1);
    next.mandate.until = "2028-03-31".parse().unwrap();
    let done = vec![Done::new("2027-03-31T15:00:00Z".parse().unwrap(), "test", What::MandateRegistered)];
    let changes = vec![Amendment::Mandate(granting(&next))];
    store.amend(Amend { changes, done }).await.unwrap();
}

pub async fn what_was_committed_before_a_revocation_stands_and_nothing_after_it<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    agent(&*store).await;
    let one = in_force(&*store, himawari()).await;
    in_force(&*store, kaede()).await;
    let ends = (himawari(), sakura());
    let letter = |from, id: &str| world.letter_by_agent((from, sakura()), id, "one");
    let admitted = |octets: &[u8], from| world.admit_by_agent(&*store, (from, sakura()), octets);
    let first = letter(himawari(), "a@plans.example");
    let delivery = store.deliver(admitted(&first, himawari()), now()).await.unwrap();
    // Admitted while the mandate was in force; the revocation is committed first.
    let late = admitted(&letter(himawari(), "b@plans.example"), himawari());
    let again = admitted(&first, himawari());
    store.mandate(revocation(&one)).await.unwrap();
    refused(store.deliver(late, now()).await, Refusal::MandateRevoked);
    let repeated = store.deliver(again, now()).await.unwrap();
    assert_eq!((repeated.evidence, repeated.repeated), (delivery.evidence, true), "what was accepted stays accepted");
    assert_eq!(view(&*store, ends.1, "INBOX").await.entries.len(), 1);
    // The other office's mandate is another one.
    store.deliver(admitted(&letter(kaede(), "c@plans.example"), kaede()), now()).await.unwrap();

    let evidence = store.evidence(delivery.evidence).await.unwrap().unwrap();
    let by = evidence.by.unwrap();
    assert_eq!((evidence.event, evidence.from), (Event::SubmissionAcceptance, himawari()));
    assert_eq!((by.agent, by.mandate, by.digest), (kawara(), one.id, one.digest));
}

pub async fn what_an_agent_subscribes_to_is_its_own_list<S: Store>(store: Arc<S>) {
    let _world = World::with(&*store).await;
    agent(&*store).await;
    let (own, sent) = (folder("Offices/9970000011/Own"), folder("Offices/9970000011/Sent"));
    let office = store.folders(himawari()).await.unwrap().subscribed;
    let news = store.watch_agent(&kawara(), &[sakura()].into());
    for (name, wanted) in [(&own, true), (&sent, false)] {
        store.subscribe_agent(kawara(), name.clone(), wanted).await.unwrap();
    }
    assert_eq!(news.take(), Marks { subscriptions: true, ..Marks::default() });
    assert_eq!(
        store.said_of_subscriptions(&kawara(), None).await.unwrap(),
        [(own.clone(), true), (sent.clone(), false)].into()
    );
    assert_eq!(store.said_of_subscriptions(&"tsuta".parse().unwrap(), None).await.unwrap(), [].into());
    // What it said already is news to nobody.
    store.subscribe_agent(kawara(), own.clone(), true).await.unwrap();
    assert_eq!(news.take(), Marks::default());
    store.subscribe_agent(kawara(), own, false).await.unwrap();
    store.subscribe_agent(kawara(), sent.clone(), true).await.unwrap();
    assert_eq!(store.said_of_subscriptions(&kawara(), None).await.unwrap(), [(sent.clone(), true)].into());
    // Of one office: that one's, and the notices.
    let (notices, others) = (folder("Notices"), folder("Offices/9970000011x/Own"));
    store.subscribe_agent(kawara(), notices.clone(), false).await.unwrap();
    store.subscribe_agent(kawara(), others, true).await.unwrap();
    let here = store.said_of_subscriptions(&kawara(), Some(himawari())).await.unwrap();
    assert_eq!(here, [(sent, true), (notices.clone(), false)].into());
    assert_eq!(store.said_of_subscriptions(&kawara(), Some(sakura())).await.unwrap(), [(notices, false)].into());
    assert_eq!(store.folders(himawari()).await.unwrap().subscribed, office);
    // The same listener hears of the office it asked for, and of the roll.
    news.take();
    store.create(himawari(), folder("x")).await.unwrap();
    store.create(sakura(), folder("x")).await.unwrap();
    in_force(&*store, himawari()).await;
    assert_eq!(news.take(), Marks { offices: [sakura()].into(), roll: true, subscriptions: false });
}

pub async fn a_licence_that_went_meanwhile_is_gone<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let bundle = |id: &str| world.bundle(&*store, (himawari(), sakura()), id, "one");
    let (suspended, lapsed) = (bundle("a@plans.example"), bundle("b@plans.example"));
    store.put_office(Office { suspended: Some("届出の確認中".into()), ..office(sakura()) }).await.unwrap();
    refused(store.deliver(suspended, now()).await, Refusal::RecipientSuspended);
    store.put_office(office(sakura())).await.unwrap();
    let past = Licence { from: "2025-04-01".parse().unwrap(), until: "2026-03-31".parse().unwrap() };
    store.put_office(Office { licence: Some(past), ..office(himawari()) }).await.unwrap();
    refused(store.deliver(lapsed, now()).await, Refusal::SenderNotLicensed);
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries.len(), 0);
}
