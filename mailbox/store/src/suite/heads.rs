//! Headers of many messages, and messages.

use std::sync::Arc;

use fumibako_model::{MessageId, NamedFlags, OfficeNumber, Private};

use super::folders::bundles;
use super::{ALL, World, folder, himawari, kaede, now, sakura, view};
use crate::{Deposit, Draft, Store};

const LONGEST: u64 = 65 << 10;

async fn heads<S: Store>(store: &S, office: OfficeNumber, messages: &[MessageId]) -> Vec<Option<Vec<u8>>> {
    let found = store.heads(office, messages.to_vec(), LONGEST).await.unwrap();
    found.into_iter().map(|head| head.map(|Private(octets)| octets.to_vec())).collect()
}

/// Files a draft; its message.
async fn filed<S: Store>(store: &S, octets: &[u8]) -> MessageId {
    let mut body = store.spool(now());
    body.write(octets).unwrap();
    let draft = Draft { flags: NamedFlags::default(), date: now(), message_id: None, body };
    store.append(himawari(), Deposit::of(folder("Drafts"), draft), now()).await.unwrap();
    view(store, himawari(), "Drafts").await.entries.last().unwrap().message
}

// Profile §7.45
pub async fn headers_are_read_many_at_a_time<S: Store>(store: Arc<S>) {
    bundles(&*store, 2).await;
    let draft = filed(&*store, b"Subject: draft\r\n\r\nbody\r\n\r\nmore").await;
    let inbox = view(&*store, sakura(), "INBOX").await;
    let [one, two] = [0, 1].map(|at: usize| inbox.entries[at].message);
    let found = heads(&*store, sakura(), &[two, draft, MessageId(7), one]).await;
    for (message, head) in [(two, &found[0]), (one, &found[3])] {
        let whole = store.read(sakura(), message, ALL).await.unwrap();
        let head = head.as_ref().unwrap();
        assert!(whole.0.starts_with(head) && head.ends_with(b"\r\n\r\n") && head.len() < whole.0.len());
    }
    assert_eq!(found[1..3], [None, None], "another's, and one that is not there");
    assert_eq!(heads(&*store, himawari(), &[draft]).await, [Some(b"Subject: draft\r\n\r\n".to_vec())]);
    assert_eq!(heads(&*store, kaede(), &[one, two]).await, [None, None]);
    assert_eq!(heads(&*store, sakura(), &[]).await, [None; 0]);
}

pub async fn messages_are_read_many_at_a_time<S: Store>(store: Arc<S>) {
    bundles(&*store, 2).await;
    let draft = filed(&*store, b"Subject: draft\r\n\r\nbody").await;
    let inbox = view(&*store, sakura(), "INBOX").await;
    let [one, two] = [0, 1].map(|at: usize| inbox.entries[at].message);
    let found = store.bodies(sakura(), vec![two, draft, MessageId(7), one]).await.unwrap();
    for (message, whole) in [(two, &found[0]), (one, &found[3])] {
        assert_eq!(whole.as_ref().unwrap().0, store.read(sakura(), message, ALL).await.unwrap().0);
    }
    assert!(found[1..3].iter().all(Option::is_none), "another's, and one that is not there");
    assert!(store.bodies(kaede(), vec![one]).await.unwrap()[0].is_none());
    assert!(store.bodies(sakura(), Vec::new()).await.unwrap().is_empty());
}

pub async fn a_header_is_read_to_its_end_however_long_it_is<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    for length in [1, 100, (64 << 10) - 4, 64 << 10, (65 << 10) - 4, 66 << 10] {
        let header = [b"A: ".as_slice(), &vec![b'x'; length], b"\r\n\r\n"].concat();
        for body in [&b""[..], b"body"] {
            let message = filed(&*store, &[&header, body].concat()).await;
            let found = heads(&*store, himawari(), &[message]).await.remove(0).unwrap();
            let expected = &header[..header.len().min(usize::try_from(LONGEST).unwrap())];
            assert!(found == expected, "{length} and {}", body.len());
        }
    }
    let message = filed(&*store, b"A: b").await;
    assert_eq!(heads(&*store, himawari(), &[message]).await, [Some(b"A: b".to_vec())], "no blank line");
}
