//! What is said of offices, and how they are found by it (Profile §17.1, §17.4).

use std::sync::Arc;

use fumibako_model::{Description, OfficeNumber, Refusal, Search};

use super::{Fill, World, himawari, kaede, office, refused, sakura};
use crate::{Amendment, Store};

async fn describe<S: Store>(store: &S, offices: Vec<Description>) {
    store.put(Amendment::Describe(offices)).await.unwrap();
}

async fn found<S: Store>(store: &S, q: &str) -> Vec<OfficeNumber> {
    let sought = Search { q: q.into(), ..Search::default() }.sought().unwrap();
    store.directory().await.unwrap().find(&sought).0
}

pub async fn what_is_said_of_an_office_is_found_at_once<S: Store>(store: Arc<S>) {
    let _world = World::with(&*store).await;
    let kana = |number, kana: &str| Description { kana: Some(kana.into()), ..Description::of(number) };
    assert_eq!(found(&*store, "ひまわり").await, []);
    describe(&*store, vec![kana(himawari(), "ヒマワリ"), kana(kaede(), "カエデ")]).await;
    assert_eq!(found(&*store, "ひまわり").await, [himawari()]);
    assert_eq!(found(&*store, "99700000").await, [himawari(), sakura(), kaede()]);
    let kinds = Some(["43".parse().unwrap(), "11".parse().unwrap()].into());
    let more = Description { municipality: Some("見本市".into()), kinds, ..Description::of(himawari()) };
    describe(&*store, vec![more.clone()]).await;
    // What was not given stays, what is given anew goes, and rights are not touched.
    let details = store.details(Some(vec![himawari(), "9970000045".parse().unwrap()])).await.unwrap();
    assert_eq!(details.len(), 1);
    let known = &details[&himawari()];
    assert_eq!((known.kana.as_str(), known.municipality.as_str()), ("ヒマワリ", "見本市"));
    assert_eq!(Some(&known.kinds), more.kinds.as_ref());
    assert_eq!(store.roll().office(himawari()), Some(&office(himawari())));
    describe(&*store, vec![kana(himawari(), "")]).await;
    assert_eq!(found(&*store, "ひまわり").await, []);
    assert_eq!(store.details(None).await.unwrap().len(), 3);
    // Nor is what is said touched by a change of rights.
    store.put_office(office(himawari())).await.unwrap();
    assert_eq!(found(&*store, "見本市").await, [himawari()]);
}

pub async fn offices_come_together_or_not_at_all<S: Store>(store: Arc<S>) {
    let _world = World::with(&*store).await;
    let named =
        |number: &str| Description { name: Some("見本の里".into()), ..Description::of(number.parse().unwrap()) };
    let nameless = Description::of("9970000061".parse().unwrap());
    refused(store.put(Amendment::Describe(vec![named("9970000045"), nameless])).await, Refusal::OfficeUnknown);
    assert_eq!(found(&*store, "見本の里").await, []);
    assert_eq!(store.roll().office("9970000045".parse().unwrap()), None);
    describe(&*store, vec![named("9970000045"), named("9970000053"), named("9970000029")]).await;
    assert_eq!(found(&*store, "見本の里").await.len(), 3);
    let mut validities = std::collections::BTreeSet::new();
    for number in ["9970000045", "9970000053"] {
        let folders = store.folders(number.parse().unwrap()).await.unwrap().folders;
        assert_eq!(folders.len(), 6);
        validities.extend(folders.iter().map(|folder| folder.uid_validity));
    }
    assert_eq!(validities.len(), 12);
    assert_eq!(store.roll().office(sakura()).unwrap().name, "見本の里");
}
