//! User IDs, application passwords and certificates (Profile §19): each order changes its own, and races have one winner.

use std::sync::Arc;

use fumibako_model::{
    APP_PASSWORDS, Account, AccountChange, Agent, AppPassword, CERTIFICATES, CertificateKey, Done, Door, Enrolled,
    Party, Refusal, Role, What,
};
use jiff::SignedDuration;

use super::{Fill, World, acts, at_once, himawari, now, refused, sakura, view};
use crate::{AccountOrder, Amend, Amendment, NewPassword, Removal, Store, StoreError};

/// A user ID of the first office.
pub(super) fn account(login: &str) -> Account {
    Account {
        login: login.into(),
        party: Party::Office(himawari()),
        password_hash: "$argon2id$one".into(),
        scram: "$scram$one".into(),
        password_set: now(),
        temporary: true,
        role: Role::Manager,
        suspended: None,
        withdrawn: 0,
    }
}

async fn order<S: Store>(store: &S, order: AccountOrder) -> Result<(), StoreError> {
    store.put(Amendment::Account(order)).await
}

fn stands<S: Store>(store: &S, login: &str) -> Result<Role, StoreError> {
    Ok(store.roll().stands(login)?)
}

fn password(was: Option<&str>, hash: &str) -> AccountOrder {
    AccountOrder::Password(Box::new(NewPassword {
        login: "himawari".into(),
        was: was.map(Into::into),
        password_hash: hash.into(),
        scram: "$scram$two".into(),
        temporary: false,
        withdraws: false,
        at: now() + SignedDuration::from_secs(1),
    }))
}

pub async fn orders_change_what_they_name_and_nothing_else<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    let first = account("himawari");
    order(&*store, AccountOrder::Make(Box::new(first.clone()))).await.unwrap();
    let again = order(&*store, AccountOrder::Make(Box::new(account("himawari")))).await;
    refused(again, Refusal::LoginExists);
    let login = || "himawari".to_owned();
    order(&*store, AccountOrder::Change(AccountChange::Role { login: login(), role: Role::Sender })).await.unwrap();
    order(&*store, AccountOrder::Change(AccountChange::Suspend { login: login(), reason: Some("退職".into()) }))
        .await
        .unwrap();
    order(&*store, password(None, "$argon2id$two")).await.unwrap();
    let expected = Account {
        password_hash: "$argon2id$two".into(),
        scram: "$scram$two".into(),
        password_set: now() + SignedDuration::from_secs(1),
        temporary: false,
        role: Role::Sender,
        suspended: Some("退職".into()),
        ..first
    };
    assert!(store.roll().account("himawari") == Some(&expected));
    refused(stands(&*store, "himawari"), Refusal::AccountSuspended);
    order(&*store, AccountOrder::Change(AccountChange::Suspend { login: login(), reason: None })).await.unwrap();
    assert_eq!(store.roll().stands("himawari"), Ok(Role::Sender));
    order(&*store, AccountOrder::Change(AccountChange::Remove { login: login() })).await.unwrap();
    refused(stands(&*store, "himawari"), Refusal::LoginNeeded);
    for gone in [
        AccountOrder::Change(AccountChange::Role { login: login(), role: Role::Staff }),
        AccountOrder::Change(AccountChange::Suspend { login: login(), reason: None }),
        AccountOrder::Change(AccountChange::Remove { login: login() }),
        password(None, "$argon2id$three"),
    ] {
        refused(order(&*store, gone).await, Refusal::LoginUnknown);
    }
}

pub async fn of_two_new_passwords_at_once_one_counts<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    order(&*store, AccountOrder::Make(Box::new(account("himawari")))).await.unwrap();
    let answers = at_once((0..4).map(|n| {
        let store = store.clone();
        async move { order(&*store, password(Some("$argon2id$one"), &format!("$argon2id$new{n}"))).await }
    }))
    .await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (1, 3));
    for one in bad {
        refused(one, Refusal::WrongPassword);
    }
}

// Profile §19.4, §19.7
pub async fn passwords_change_so_often_a_day_and_no_oftener<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    order(&*store, AccountOrder::Make(Box::new(account("himawari")))).await.unwrap();
    let hash = |n: u8| if n == 0 { "$argon2id$one".to_owned() } else { format!("$argon2id$new{n}") };
    for n in 0..20 {
        order(&*store, password(Some(&hash(n)), &hash(n + 1))).await.unwrap();
    }
    refused(order(&*store, password(Some(&hash(20)), &hash(21))).await, Refusal::TooManyQuestions);
    assert_eq!(store.roll().account("himawari").unwrap().password_hash, hash(20), "it stays");
    order(&*store, password(None, &hash(1))).await.unwrap();
    for n in 0..40 {
        order(&*store, add(app(n))).await.unwrap();
        order(&*store, AccountOrder::RemoveApp { login: app(n).login }).await.unwrap();
    }
    refused(order(&*store, add(app(40))).await, Refusal::TooManyQuestions);
    let tomorrow = AppPassword { made: now() + SignedDuration::from_hours(24), ..app(40) };
    order(&*store, add(tomorrow)).await.unwrap();
}

fn app(name: usize) -> AppPassword {
    AppPassword {
        login: format!("himawari/app-{name}"),
        password_hash: "$argon2id$app".into(),
        scram: "$scram$app".into(),
        doors: [Door::Imap, Door::Smtp].into(),
        made: now(),
        used: None,
    }
}

/// The operator's order: whatever the password is.
fn add(app: AppPassword) -> AccountOrder {
    AccountOrder::AddApp { app: Box::new(app), was: None }
}

pub async fn application_passwords_go_with_their_user_id<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    order(&*store, AccountOrder::Make(Box::new(account("himawari")))).await.unwrap();
    for n in 0..APP_PASSWORDS {
        order(&*store, add(app(n))).await.unwrap();
    }
    refused(order(&*store, add(app(99))).await, Refusal::ValueUnfit);
    order(&*store, AccountOrder::RemoveApp { login: app(1).login }).await.unwrap();
    refused(order(&*store, AccountOrder::RemoveApp { login: app(1).login }).await, Refusal::LoginUnknown);
    refused(order(&*store, add(app(0))).await, Refusal::LoginExists);
    order(&*store, AccountOrder::UsedApp { login: app(0).login, at: now() }).await.unwrap();
    let roll = store.roll();
    assert_eq!(roll.app_passwords_of("himawari").len(), APP_PASSWORDS - 1);
    let (found, owner) = roll.app_password("himawari/app-0").unwrap();
    assert!(*found == AppPassword { used: Some(now()), ..app(0) } && owner.login == "himawari");
    refused(stands(&*store, "himawari/app-0"), Refusal::PasswordTemporary);
    assert!(roll.app_password("himawari").is_none());
    order(&*store, AccountOrder::Change(AccountChange::Remove { login: "himawari".into() })).await.unwrap();
    refused(stands(&*store, "himawari/app-0"), Refusal::LoginNeeded);
}

fn new_password(was: Option<&str>, withdraws: bool) -> AccountOrder {
    let AccountOrder::Password(new) = password(was, "$argon2id$one") else { unreachable!("it is one") };
    AccountOrder::Password(Box::new(NewPassword { withdraws, ..*new }))
}

pub async fn application_passwords_go_with_the_password_where_that_is_said<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    order(&*store, AccountOrder::Make(Box::new(account("himawari")))).await.unwrap();
    let stand = |store: &S| {
        let roll = store.roll();
        (roll.app_passwords_of("himawari").len(), roll.account("himawari").unwrap().withdrawn)
    };
    for n in 0..3 {
        order(&*store, add(app(n))).await.unwrap();
    }
    order(&*store, new_password(Some("$argon2id$one"), false)).await.unwrap();
    assert_eq!(stand(&store), (3, 0));
    // A new password that is refused withdraws nothing.
    refused(order(&*store, new_password(Some("$argon2id$none"), true)).await, Refusal::WrongPassword);
    assert_eq!(stand(&store), (3, 0));
    order(&*store, new_password(None, true)).await.unwrap();
    assert_eq!(stand(&store), (0, 3), "the operator's: whose they were is told");
    order(&*store, new_password(None, true)).await.unwrap();
    order(&*store, new_password(Some("$argon2id$one"), false)).await.unwrap();
    assert_eq!(stand(&store), (0, 3), "until a new one is made");
    order(&*store, add(app(0))).await.unwrap();
    assert_eq!(stand(&store), (1, 0));
    order(&*store, new_password(Some("$argon2id$one"), true)).await.unwrap();
    assert_eq!(stand(&store), (0, 0), "one's own: who asks for it knows");
}

// Profile §19.14
pub async fn the_old_password_makes_no_application_password_once_a_new_one_counts<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    order(&*store, AccountOrder::Make(Box::new(account("himawari")))).await.unwrap();
    // Each was asked for with the password that counted when it logged in.
    let asked = |n: usize, was: &str| AccountOrder::AddApp { app: Box::new(app(n)), was: Some(was.into()) };
    order(&*store, asked(0, "$argon2id$one")).await.unwrap();
    let late = asked(1, "$argon2id$one");
    let AccountOrder::Password(new) = password(None, "$argon2id$two") else { unreachable!("it is one") };
    let new = AccountOrder::Password(Box::new(NewPassword { withdraws: true, ..*new }));
    // What the audit is told is what went, whatever whoever gave the order saw there.
    let did = Done::new(now(), "operator", What::PasswordSet).of(himawari()).about("himawari").noting("temporary");
    store.amend(Amend { changes: vec![Amendment::Account(new)], done: vec![did.clone()] }).await.unwrap();
    let gone = Done { what: What::AppPasswordRemoved, note: String::new(), ..did.clone() }.about("himawari/app-0");
    let told = acts::rows(&*store, Some(himawari()), None).await;
    assert_eq!(told.into_iter().map(|row| row.done).collect::<Vec<_>>(), [did, gone]);
    refused(order(&*store, late).await, Refusal::WrongPassword);
    let stood = |store: &S| store.roll().account("himawari").unwrap().withdrawn;
    assert!(store.roll().app_passwords_of("himawari").is_empty() && stood(&store) == 1, "it is still told");
    order(&*store, asked(1, "$argon2id$two")).await.unwrap();
    refused(order(&*store, add(AppPassword { login: "nobody/app-0".into(), ..app(0) })).await, Refusal::LoginUnknown);
}

fn certificate(serial: usize) -> Enrolled {
    Enrolled {
        key: CertificateKey { issuer: "CN=Suite CA".into(), serial: format!("{serial:02x}") },
        party: Party::Office(himawari()),
        der: vec![0x30, 0x00],
        from: now(),
        until: now() + SignedDuration::from_hours(1),
        removed: None,
    }
}

fn removal(serial: usize, by: Option<usize>, leaving: Option<&[usize]>) -> Removal {
    let key = |serial: usize| certificate(serial).key;
    Removal {
        key: key(serial),
        party: Party::Office(himawari()),
        by: by.map(key),
        leaving: leaving.map(|all| all.iter().copied().map(key).collect()),
        at: now(),
    }
}

async fn remove<S: Store>(store: &S, removal: Removal) -> Result<(), StoreError> {
    store.put(Amendment::Remove(Box::new(removal))).await
}

pub async fn a_certificate_goes_off_the_roll_and_stays_known<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    let party = Party::Office(himawari());
    for serial in [1, 2] {
        store.put(Amendment::Enrol(certificate(serial))).await.unwrap();
    }
    let before = store.roll();
    assert_eq!(before.current(&party, now()).count(), 2);
    remove(&*store, removal(1, Some(2), Some(&[2]))).await.unwrap();
    let roll = store.roll();
    assert_eq!(roll.current(&party, now()).map(|one| &one.key).collect::<Vec<_>>(), [&certificate(2).key]);
    refused(roll.not_removed(&certificate(1).key).map_err(Into::into), Refusal::CertificateRemoved);
    assert_eq!(roll.holder(&certificate(1).key), Ok(party.clone()), "whose it was stays known");
    assert_eq!(before.not_removed(&certificate(1).key), Ok(()), "a snapshot does not change");
    refused(remove(&*store, removal(2, None, Some(&[]))).await, Refusal::LastCertificate);
    refused(remove(&*store, removal(2, None, Some(&[1]))).await, Refusal::LastCertificate);
    refused(remove(&*store, removal(3, None, None)).await, Refusal::CertificateUnknown);
    let other = Removal { party: "9970000029".parse().unwrap(), ..removal(2, None, None) };
    refused(remove(&*store, other).await, Refusal::CertificateUnknown);
    remove(&*store, removal(2, None, None)).await.unwrap();
    store.put(Amendment::Enrol(certificate(1))).await.unwrap();
    assert_eq!(store.roll().current(&party, now()).count(), 1, "the operator may put it back");
    for serial in 10..10 + CERTIFICATES - 1 {
        store.put(Amendment::Enrol(certificate(serial))).await.unwrap();
    }
    refused(store.put(Amendment::Enrol(certificate(99))).await, Refusal::TooManyCertificates);
    assert!(!store.roll().certificates().any(|one| one.key == certificate(99).key));
}

// Profile §19.12
pub async fn what_was_removed_comes_back_by_the_operator_alone<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    let own = |serial| store.put(Amendment::EnrolOwn(certificate(serial)));
    own(1).await.unwrap();
    own(2).await.unwrap();
    own(1).await.unwrap();
    // It was judged before it was removed, and is committed after.
    remove(&*store, removal(1, Some(2), Some(&[2]))).await.unwrap();
    refused(own(1).await, Refusal::CertificateRemoved);
    refused(store.roll().not_removed(&certificate(1).key).map_err(Into::into), Refusal::CertificateRemoved);
    store.put(Amendment::Enrol(certificate(1))).await.unwrap();
    assert_eq!(store.roll().not_removed(&certificate(1).key), Ok(()));
    let others = Enrolled { party: "9970000029".parse().unwrap(), ..certificate(2) };
    refused(store.put(Amendment::EnrolOwn(others)).await, Refusal::NotItsCertificate);
}

/// Admitted while the certificate counted; its removal is committed first.
pub async fn what_a_certificate_signed_is_not_committed_once_it_went<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let ends = (himawari(), sakura());
    let first = world.letter(ends, "a@plans.example", "one");
    let admitted = world.admit(&*store, ends, &first);
    let digest = *admitted.facts().content_digest();
    let delivery = store.deliver(admitted, now()).await.unwrap();
    let (again, late) = (world.admit(&*store, ends, &first), world.bundle(&*store, ends, "b@plans.example", "two"));
    let receipt = world.receipt(&*store, (sakura(), himawari()), "c@plans.example", ("a@plans.example", &digest));
    let enrolled = [ends.0, ends.1].map(|office| world.enrolled(office));
    let changes = enrolled.clone().map(Amendment::Enrol).into();
    store.amend(Amend { changes, done: Vec::new() }).await.unwrap();
    for one in enrolled.clone() {
        let removal = Removal { key: one.key, party: one.party, by: None, leaving: None, at: now() };
        remove(&*store, removal).await.unwrap();
    }
    refused(store.deliver(late, now()).await, Refusal::CertificateRemoved);
    refused(store.deliver(receipt, now()).await, Refusal::CertificateRemoved);
    assert_eq!(store.deliver(again, now()).await.unwrap().evidence, delivery.evidence, "what was accepted stays so");
    let held = [view(&*store, ends.1, "INBOX").await, view(&*store, ends.0, "Receipts").await];
    assert_eq!(held.map(|view| view.entries.len()), [1, 0]);
    // So of whatever else it signed.
    let deed = |key: &CertificateKey| {
        let agent = Agent { id: "daiko-1".parse().unwrap(), name: "架空代行".into(), suspended: None };
        let changes = vec![Amendment::SignedBy(key.clone()), Amendment::Agent(agent)];
        store.amend(Amend { changes, done: Vec::new() })
    };
    let agents = || store.roll().agents().count();
    refused(deed(&enrolled[0].key).await, Refusal::CertificateRemoved);
    assert_eq!(agents(), 0);
    // Back on the roll it counts again.
    store.put(Amendment::Enrol(enrolled[0].clone())).await.unwrap();
    deed(&enrolled[0].key).await.unwrap();
    assert_eq!(agents(), 1);
    store.deliver(world.bundle(&*store, ends, "b@plans.example", "two"), now()).await.unwrap();
}

pub async fn of_two_that_remove_each_other_one_stays<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    for serial in [1, 2] {
        store.put(Amendment::Enrol(certificate(serial))).await.unwrap();
    }
    let answers = at_once([(1, 2), (2, 1)].into_iter().map(|(one, by)| {
        let store = store.clone();
        async move { remove(&*store, removal(one, Some(by), Some(&[by]))).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    refused(answers.into_iter().find(Result::is_err).unwrap(), Refusal::CertificateRemoved);
    assert_eq!(store.roll().current(&Party::Office(himawari()), now()).count(), 1);
}
