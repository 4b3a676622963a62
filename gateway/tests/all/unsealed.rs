//! What a copy has that no head covers is signed by `backup restore` only where this gateway wrote it (Profile §8.20, §11.9).

use fumibako_gateway::{Reply, Request};

use crate::cut::sealed;
use crate::evidence::{edit, with_mail};
use crate::forged::{list_anew, restore};
use crate::support::Fixture;

/// One more piece behind the last one, a moment after it.
const ONE_MORE: &str =
    "INSERT INTO evidence SELECT id + 1, -1, kind, at, 0, 0, doc FROM evidence ORDER BY id DESC LIMIT 1;
    UPDATE evidence SET doc = json_set(doc, '$.n', (SELECT count(*) - 1 FROM evidence), '$.id', printf('EV%014X', id))
    WHERE id = (SELECT max(id) FROM evidence);
    UPDATE counter SET value = (SELECT count(*) FROM evidence) WHERE name = 'evidence_count';";

// Profile §8.20, §11.9
#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_somebody_put_into_a_copy_is_not_signed_when_it_is_restored() {
    let aside = tempfile::tempdir().unwrap();
    let (gateway, _) = with_mail().await;
    let Fixture { folder, config, running, kept: _kept } = gateway;
    let seal = sealed(&config);
    let mut copies = Vec::new();
    for (name, edited) in
        [("whole", String::new()), ("more", ONE_MORE.to_owned()), ("ours", format!("{ONE_MORE} {seal}"))]
    {
        let (to, keys) = (aside.path().join(name), aside.path().join(format!("keys-{name}")));
        let request = Request::Backup { to: to.clone(), keys: Some(keys.clone()) };
        assert!(matches!(running.admin().answer(request).await, Reply::BackedUp(_)));
        edit(&to, &edited);
        list_anew(&to);
        copies.push((name, to, keys));
    }
    running.stop().await;
    for (name, copy, keys) in copies {
        let (code, said) = restore(folder.path(), (&copy, &keys), &aside.path().join(format!("back-{name}"))).await;
        assert_eq!(code, if name == "more" { 76 } else { 0 }, "{name}: {said}");
    }
}
