//! Notes on folders (RFC 5464).

use std::sync::Arc;

use fumibako_model::{ANNOTATIONS, Annotation, ModSeq, Private, Refusal};

use super::folders::bundles;
use super::{folder, himawari, now, refused, sakura};
use crate::Store;

fn note(name: &str, value: &str) -> Annotation {
    Annotation { name: name.to_owned(), value: Some(Private(value.as_bytes().to_vec())) }
}

fn none(name: &str) -> Annotation {
    Annotation { name: name.to_owned(), value: None }
}

pub async fn notes_are_set_replaced_and_removed<S: Store>(store: Arc<S>) {
    bundles(&*store, 1).await;
    let archive = Some(folder("Archive"));
    let set = async |entries| store.annotate(himawari(), archive.clone(), entries).await.unwrap();
    set(vec![note("/shared/comment", "one"), note("/private/comment", "two")]).await;
    set(vec![note("/shared/comment", "other"), none("/private/comment"), none("/private/x")]).await;
    assert_eq!(store.annotations(himawari(), archive.clone()).await.unwrap(), [note("/shared/comment", "other")]);
    assert!(store.annotations(himawari(), None).await.unwrap().is_empty(), "of no folder there is none");
    assert!(store.annotations(sakura(), archive.clone()).await.unwrap().is_empty());
    store.annotate(himawari(), None, vec![note("/private/comment", "all")]).await.unwrap();
    assert_eq!(store.annotations(himawari(), None).await.unwrap(), [note("/private/comment", "all")]);
    refused(store.annotations(himawari(), Some(folder("Nowhere"))).await, Refusal::NoSuchFolder);
    refused(store.annotate(himawari(), Some(folder("Nowhere")), vec![none("/private/x")]).await, Refusal::NoSuchFolder);
}

pub async fn notes_go_with_their_folder<S: Store>(store: Arc<S>) {
    // RFC 5464 §4.1
    bundles(&*store, 1).await;
    store.create(himawari(), folder("own")).await.unwrap();
    let set = async |name| store.annotate(himawari(), Some(folder(name)), vec![note("/shared/comment", name)]).await;
    set("own").await.unwrap();
    set("INBOX").await.unwrap();
    store.rename(himawari(), folder("own"), folder("new"), now()).await.unwrap();
    let of = async |name| store.annotations(himawari(), Some(folder(name))).await.unwrap();
    assert_eq!(of("new").await, [note("/shared/comment", "own")]);
    store.delete(himawari(), folder("new")).await.unwrap();
    store.create(himawari(), folder("new")).await.unwrap();
    assert!(of("new").await.is_empty());
    store.rename(himawari(), folder("INBOX"), folder("old"), now()).await.unwrap();
    assert_eq!((of("INBOX").await, of("old").await.len()), (vec![note("/shared/comment", "INBOX")], 1));
}

pub async fn a_folder_has_50_notes<S: Store>(store: Arc<S>) {
    bundles(&*store, 1).await;
    let archive = Some(folder("Archive"));
    let name = |number: usize| format!("/private/vendor/x/{number}");
    let all = (0..ANNOTATIONS).map(|number| note(&name(number), "x")).collect();
    store.annotate(himawari(), archive.clone(), all).await.unwrap();
    let more = vec![note(&name(0), "changed"), note(&name(ANNOTATIONS), "x")];
    refused(store.annotate(himawari(), archive.clone(), more).await, Refusal::TooManyFolders);
    let kept = store.annotations(himawari(), archive.clone()).await.unwrap();
    assert_eq!((kept.len(), &kept[0]), (ANNOTATIONS, &note(&name(0), "x")), "nothing was changed");
    let instead = vec![none(&name(0)), note(&name(ANNOTATIONS), "x")];
    store.annotate(himawari(), archive, instead).await.unwrap();
}

pub async fn who_listens_hears_which_notes_changed<S: Store>(store: Arc<S>) {
    // RFC 5465 §5.6
    bundles(&*store, 1).await;
    let mut news = store.watch_office(himawari());
    let archive = Some(folder("Archive"));
    store.annotate(himawari(), archive.clone(), vec![note("/shared/comment", "x")]).await.unwrap();
    let point = *news.borrow_and_update();
    store.annotate(himawari(), None, vec![note("/private/comment", "x")]).await.unwrap();
    store.annotate(himawari(), archive.clone(), vec![none("/shared/comment")]).await.unwrap();
    assert!(news.has_changed().unwrap());
    let told = store.annotated_since(himawari(), point).await.unwrap();
    assert_eq!(told, [(None, "/private/comment".to_owned()), (archive, "/shared/comment".to_owned())]);
    let all = store.annotated_since(himawari(), ModSeq(0)).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(store.annotated_since(himawari(), *news.borrow()).await.unwrap().is_empty());
}
