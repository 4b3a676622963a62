use super::*;
use crate::testing::now;

pub(in crate::ui) fn arrived(message_id: &str) -> Arrived {
    Arrived {
        at: now(),
        until: Some(now() + SignedDuration::from_hours(24 * 90)),
        from: "9970000029".parse().ok(),
        by: None,
        cover: fumibako_model::Private("10月分です".into()),
        files: vec![fumibako_model::Private("note.pdf".into())],
        done: false,
        owed: None,
        withheld: false,
        gone: false,
        wrong: None,
        seal: None,
        message_id: message_id.into(),
        folder: None,
    }
}

pub(in crate::ui) fn sent(message_id: &str) -> Gone {
    Gone {
        at: now(),
        to: "9970000029".parse().ok(),
        by: None,
        cover: fumibako_model::Private::default(),
        facts: None,
        state: Some(State::Delivered),
        fault: None,
        message_id: message_id.into(),
        until: Some(now() + SignedDuration::from_hours(24 * 90)),
        content: Content::There,
    }
}

pub(in crate::ui) fn spot(uid: u32) -> Spot {
    Spot { of: None, uid }
}

fn found(validity: u32, uids: &[u32]) -> Found {
    let arrived = uids.iter().map(|uid| (spot(*uid), arrived(&uid.to_string()))).collect();
    let inbox = uids.iter().map(|uid| (spot(*uid), false)).collect();
    Found { validity: [((true, None), validity)].into(), inbox, arrived, ..Found::default() }
}

/// Where only flags are asked for: nothing is new.
fn seen(validity: u32, uids: &[u32]) -> Found {
    Found { arrived: Vec::new(), ..found(validity, uids) }
}

/// RX-14: what the gateway deletes at its time stays in the list, whether or not it was fetched; what somebody moved does not.
#[test]
fn what_expired_stays_in_the_list() {
    let mut mail = Mail::default();
    assert_eq!(mail.take(found(1, &[1, 2, 3]), now()), 3);
    assert_eq!(mail.take(seen(1, &[1, 2]), now()), 0);
    assert_eq!(mail.inbox.len(), 2, "moved by hand");
    if let Some(one) = mail.inbox.get_mut(&spot(2)) {
        one.done = true;
    }
    let end = mail.inbox[&spot(1)].end().unwrap();
    assert_eq!(end.duration_since(now()).as_hours() / 24, 90);
    mail.take(seen(1, &[]), end);
    let gone: Vec<(bool, bool, bool)> = mail.inbox.values().map(|one| (one.gone, one.done, one.is_new())).collect();
    assert_eq!(gone, [(true, false, false), (true, true, false)]);
    assert_eq!(mail.counts().0, 0);
    mail.take(found(2, &[7]), end + SignedDuration::from_hours(1));
    assert_eq!(mail.inbox.len(), 3, "and under another UIDVALIDITY, too");
}

/// TX-03: the row of what was sent outlives the gateway's copy; only what may have gone on since is still to be asked.
#[test]
fn what_was_sent_stays_in_the_list() {
    let mut mail = Mail::default();
    let done = || Gone { state: Some(State::Retrieved), ..sent("2") };
    let way = |one: &Gone| (one.state, one.fault);
    let found = |gone: Vec<(Spot, Gone)>| Found {
        validity: [((false, None), 1)].into(),
        sent: gone.iter().map(|(spot, one)| (*spot, way(one))).collect(),
        gone,
        ..Found::default()
    };
    mail.take(found(vec![(spot(1), sent("1")), (spot(2), done()), (spot(3), sent("3"))]), now());
    mail.take(found(vec![(spot(1), sent("1")), (spot(2), done())]), now());
    assert_eq!((mail.sent.len(), mail.counts().1), (2, 1), "moved by hand");
    // A clock that is some minutes behind takes nothing away.
    mail.take(found(Vec::new()), sent("1").until.unwrap() - SignedDuration::from_mins(5));
    let stand: Vec<(Option<State>, Content)> = mail.sent.values().map(|one| (one.state, one.content)).collect();
    assert_eq!(stand, [(Some(State::Delivered), Content::Gone), (Some(State::Retrieved), Content::Settled)]);
    assert_eq!(mail.counts().1, 0, "nothing waits that is not there");
    let anew = Found { validity: [((false, None), 2)].into(), ..Found::default() };
    mail.take(anew, now());
    assert_eq!(mail.sent.len(), 2, "and under another UIDVALIDITY, too");
}

/// RX-14, Profile §11.6: what is held stays over its end; what somebody moves then did not expire.
#[test]
fn what_is_kept_over_its_end_and_moved_by_hand_did_not_expire() {
    let mut mail = Mail::default();
    let all = || Found { sent: vec![(spot(1), (Some(State::Delivered), None))], ..seen(1, &[1]) };
    mail.take(Found { gone: vec![(spot(1), sent("1"))], sent: all().sent, ..found(1, &[1]) }, now());
    let end = sent("1").until.unwrap();
    let days = |mail: &Mail, at| (mail.inbox[&spot(1)].days_left(at), mail.sent[&spot(1)].days_left(at));
    assert_eq!(days(&mail, end), (Some(0), Some(0)));
    let later = end + SignedDuration::from_hours(49);
    assert!(days(&mail, later).0.unwrap() < 0 && days(&mail, later).1.unwrap() < 0, "nobody knows its end");
    for (looked, kept) in [(end + SignedDuration::from_hours(1), true), (later, false)] {
        mail.take(all(), looked);
        mail.checked = Some(looked);
        let mut moved =
            Mail { inbox: mail.inbox.clone(), sent: mail.sent.clone(), checked: mail.checked, ..Mail::default() };
        moved.take(seen(1, &[]), looked + SignedDuration::from_hours(1));
        assert_eq!((moved.inbox.len() == 1, moved.sent.len() == 1), (kept, kept), "{looked}");
    }
    // The clock was a year ahead at the last look, and is right again.
    mail.checked = Some(later + SignedDuration::from_hours(24 * 365));
    mail.take(seen(1, &[]), end + SignedDuration::from_hours(1));
    assert_eq!((mail.inbox.len(), mail.sent.len()), (1, 1), "they went at their time");
}

/// Under another UIDVALIDITY the same UID is another message (RFC 3501 §2.3.1.1).
#[test]
fn another_uidvalidity_is_another_folder() {
    let mut mail = Mail::default();
    mail.take(found(1, &[1, 2]), now());
    mail.take(found(2, &[1]), now());
    assert_eq!(mail.inbox.keys().collect::<Vec<_>>(), [&spot(1)]);
    let known = Known::of(&mut mail);
    assert_eq!((known.validity[&(true, None)], known.inbox.len()), (2, 1));
}

/// Of what the gateway deleted, a thousand rows are kept.
#[test]
fn rows_of_what_is_gone_have_an_end() {
    let mut mail = Mail::default();
    let uids: Vec<u32> = (1..=1_005).collect();
    mail.take(found(1, &uids), now());
    let end = mail.inbox[&spot(1)].end().unwrap();
    mail.take(seen(1, &[]), end);
    assert_eq!(mail.inbox.len(), GONE);
}

// Profile §8.25, TX-07: who waits for the other side knows how long that can go on.
#[test]
fn what_waits_has_its_days_and_what_is_settled_or_gone_has_none() {
    let until = Some(now() + SignedDuration::from_hours(36));
    let of = |state, content| Gone { state, until, content, ..sent("1") }.days_left(now());
    for waits in [None, Some(State::Accepted), Some(State::Delivered)] {
        assert_eq!(of(waits, Content::There), Some(1), "{waits:?}");
        assert_eq!(of(waits, Content::Gone), None, "{waits:?}");
    }
    for settled in [State::HandedOver, State::Retrieved, State::Expired, State::Late] {
        assert_eq!(of(Some(settled), Content::There), None, "{settled:?}");
    }
}
