//! Notices: they come and go by the clock, and each party marks its own.

use std::sync::Arc;

use fumibako_model::{Flags, ModSeq, NOTICES_AT_ONCE, Notice, NoticeKind, Party, Refusal, Uid, notice_message};
use jiff::{SignedDuration, Timestamp};

use super::{Fill, himawari, kawara, now, office, refused, sakura};
use crate::{Amendment, MarkNotices, MarkedNotices, NoticeBoard, NoticeOrder, Store, StoreError, Turned, WhichNotices};

/// A notice that stands for an hour, from so many minutes after noon.
fn notice(from: i64) -> Notice {
    Notice {
        kind: NoticeKind::Info,
        title: format!("{from}"),
        body: "body\n".into(),
        from: at(from),
        until: at(from + 60),
        stop: None,
    }
}

fn at(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

async fn post<S: Store>(store: &S, id: u32, from: i64) -> Result<(), StoreError> {
    let octets = format!("Subject: {id}\r\n\r\nbody\r\n").into_bytes();
    let (notice, at) = (Box::new(notice(from)), now());
    store.put(Amendment::Notice(NoticeOrder::Post { notice, id, octets, at })).await
}

async fn withdraw<S: Store>(store: &S, id: u32) -> Result<(), StoreError> {
    store.put(Amendment::Notice(NoticeOrder::Withdraw { id, at: now() })).await
}

async fn board<S: Store>(store: &S, party: &Party) -> NoticeBoard {
    store.notice_board(party).await.unwrap()
}

fn uids(board: &NoticeBoard) -> Vec<u32> {
    board.entries.iter().map(|entry| entry.uid.get()).collect()
}

fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

fn himawaris() -> Party {
    Party::Office(himawari())
}

pub async fn notices_come_and_go_by_the_clock_and_no_uid_comes_twice<S: Store>(store: Arc<S>) {
    let empty = board(&*store, &himawaris()).await;
    assert_eq!((uids(&empty), empty.uid_next), (vec![], 1));
    // The second one is the first to stand.
    post(&*store, 1, 30).await.unwrap();
    post(&*store, 2, 0).await.unwrap();
    refused(post(&*store, 2, 0).await, Refusal::StoreBusy);
    assert_eq!(store.turn_notices(at(0)).await.unwrap(), Turned { changed: true, next: Some(at(30)) });
    assert_eq!(store.turn_notices(at(29)).await.unwrap(), Turned { changed: false, next: Some(at(30)) });
    let one = board(&*store, &himawaris()).await;
    assert_eq!((uids(&one), one.entries[0].message), (vec![1], notice_message(uid(1))));
    let texts = store.notice_messages(vec![uid(1), uid(9)]).await.unwrap();
    assert_eq!(texts[0].as_ref().unwrap().0[..], *b"Subject: 2\r\n\r\nbody\r\n");
    assert!(texts[1].is_none());

    assert_eq!(store.turn_notices(at(30)).await.unwrap(), Turned { changed: true, next: Some(at(60)) });
    let both = board(&*store, &himawaris()).await;
    assert_eq!((uids(&both), both.uid_next), (vec![1, 2], 3));
    let changes = both.since(one.status().highest_modseq, &[]);
    assert_eq!(changes.entries.iter().map(|entry| entry.uid).collect::<Vec<_>>(), [uid(2)]);
    store.turn_notices(at(60)).await.unwrap();
    let changes = board(&*store, &himawaris()).await.since(changes.highest_modseq, &[]);
    assert_eq!((changes.vanished.ranges(), changes.entries.len()), (&[(1, 1)][..], 0));

    // A clock set back takes none away; one that took some away wrongly gives them back as new ones.
    assert!(
        !store.turn_notices(at(10)).await.unwrap().changed || uids(&board(&*store, &himawaris()).await).contains(&2)
    );
    store.turn_notices(at(500)).await.unwrap();
    assert_eq!(uids(&board(&*store, &himawaris()).await), [0; 0]);
    store.turn_notices(at(45)).await.unwrap();
    let again = board(&*store, &himawaris()).await;
    assert!(again.entries.iter().all(|entry| entry.uid.get() > 2) && again.entries.len() == 2, "{again:?}");

    // What was withdrawn never comes again, and is withdrawn once.
    withdraw(&*store, 1).await.unwrap();
    withdraw(&*store, 1).await.unwrap();
    refused(withdraw(&*store, 9).await, Refusal::NoticeUnknown);
    store.turn_notices(at(45)).await.unwrap();
    store.turn_notices(at(46)).await.unwrap();
    assert_eq!(board(&*store, &himawaris()).await.entries.len(), 1);
    let all = store.notices(WhichNotices::All).await.unwrap();
    let kept: Vec<_> = all.iter().map(|kept| (kept.id, kept.withdrawn.is_some(), kept.uid.is_some())).collect();
    assert_eq!(kept, [(1, true, false), (2, false, true)]);
    assert_eq!(all[1].notice, notice(0));
    for (which, ids) in [
        (WhichNotices::Standing, &[2][..]),
        (WhichNotices::Current(at(0)), &[2]),
        (WhichNotices::One(1), &[1]),
        (WhichNotices::One(7), &[]),
    ] {
        let found: Vec<_> = store.notices(which).await.unwrap().iter().map(|kept| kept.id).collect();
        assert_eq!(found, ids, "{which:?}");
    }
}

pub async fn each_party_marks_its_own_notices<S: Store>(store: Arc<S>) {
    store.put_office(office(himawari())).await.unwrap();
    let (one, other, agent) = (himawaris(), Party::Office(sakura()), Party::Agent(kawara()));
    for id in [1, 2] {
        post(&*store, id, 0).await.unwrap();
    }
    store.turn_notices(at(0)).await.unwrap();
    let before = board(&*store, &one).await;
    let mark = async |party: &Party, uids: &[u32], seen, unchanged_since| {
        let uids = uids.iter().map(|number| uid(*number)).collect();
        store.mark_notices(party.clone(), MarkNotices { uids, seen, unchanged_since }).await.unwrap()
    };
    let done = |changed| MarkedNotices { modified: Vec::new(), changed };
    assert_eq!(mark(&one, &[1, 7], true, None).await, done(true));
    assert_eq!(mark(&one, &[1, 7], true, None).await, done(false), "it is so already");
    assert_eq!(mark(&agent, &[2], true, None).await, done(true));
    let seen = async |party: &Party| {
        let entries = board(&*store, party).await.entries;
        entries.iter().map(|entry| entry.flags.has(Flags::SEEN)).collect::<Vec<_>>()
    };
    assert_eq!(
        (seen(&one).await, seen(&agent).await, seen(&other).await),
        (vec![true, false], vec![false, true], vec![false, false])
    );
    // Only the marked one changed, and for its party alone.
    let highest = before.status().highest_modseq;
    let told = |changes: fumibako_model::Changes| changes.entries.iter().map(|entry| entry.uid).collect::<Vec<_>>();
    assert_eq!(told(board(&*store, &one).await.since(highest, &[])), [uid(1)]);
    assert_eq!(told(board(&*store, &other).await.since(highest, &[])), Vec::<Uid>::new());
    // What is as asked changes nothing; what changed since stays.
    let now = board(&*store, &one).await;
    assert_eq!(mark(&one, &[1], true, None).await, done(false));
    assert_eq!(board(&*store, &one).await, now);
    let modified = MarkedNotices { modified: vec![uid(1)], changed: false };
    assert_eq!(mark(&one, &[1, 2], false, Some(highest)).await, modified);
    assert_eq!(mark(&one, &[1], false, Some(ModSeq(u64::MAX >> 1))).await, done(true));
    assert_eq!(seen(&one).await, [false, false]);
    assert!(board(&*store, &one).await.status().highest_modseq > now.status().highest_modseq);
}

pub async fn so_many_notices_stand_or_are_to_stand_and_no_more<S: Store>(store: Arc<S>) {
    let most = u32::try_from(NOTICES_AT_ONCE).unwrap();
    for id in 1..=most {
        post(&*store, id, 10).await.unwrap();
    }
    refused(post(&*store, most + 1, 10).await, Refusal::TooManyNotices);
    withdraw(&*store, 3).await.unwrap();
    post(&*store, most + 1, 10).await.unwrap();
    store.turn_notices(at(10)).await.unwrap();
    assert_eq!(board(&*store, &himawaris()).await.entries.len(), NOTICES_AT_ONCE);
}
