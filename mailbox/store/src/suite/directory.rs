//! What is said of offices, and how they are found by it (Profile §17.1, §17.4).

use std::sync::Arc;

use fumibako_model::{AuditRow, Description, Done, OfficeNumber, Refusal, Search, What};

use super::{Fill, World, himawari, kaede, now, office, refused, sakura};
use crate::{DescribeOrder, Described, Store, WhichActs};

fn order(offices: Vec<Description>) -> DescribeOrder {
    DescribeOrder { offices, told: Done::new(now(), "operator", What::OfficePut), dry_run: false }
}

async fn describe<S: Store>(store: &S, offices: Vec<Description>) {
    store.describe(order(offices)).await.unwrap();
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
    let more =
        Description {
            municipality: Some("見本市".into()), kinds, regional: Some(true), ..Description::of(himawari())
        };
    describe(&*store, vec![more.clone()]).await;
    // What was not given stays, what is given anew goes, and rights are not touched.
    let details = store.details(Some(vec![himawari(), "9970000045".parse().unwrap()])).await.unwrap();
    assert_eq!(details.len(), 1);
    let known = &details[&himawari()];
    assert_eq!((known.kana.as_str(), known.municipality.as_str()), ("ヒマワリ", "見本市"));
    assert_eq!((Some(&known.kinds), known.regional), (more.kinds.as_ref(), true));
    assert_eq!(store.roll().office(himawari()), Some(&office(himawari())));
    describe(&*store, vec![kana(himawari(), "")]).await;
    assert_eq!(found(&*store, "ひまわり").await, []);
    let all = store.details(None).await.unwrap();
    assert_eq!((all.len(), all[&himawari()].regional, all[&kaede()].regional), (3, true, false));
    // Nor is what is said touched by a change of rights.
    store.put_office(office(himawari())).await.unwrap();
    assert_eq!(found(&*store, "見本市").await, [himawari()]);
}

pub async fn offices_come_together_or_not_at_all<S: Store>(store: Arc<S>) {
    let _world = World::with(&*store).await;
    let named =
        |number: &str| Description { name: Some("見本の里".into()), ..Description::of(number.parse().unwrap()) };
    let nameless = Description::of("9970000061".parse().unwrap());
    refused(store.describe(order(vec![named("9970000045"), nameless])).await, Refusal::OfficeUnknown);
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

pub async fn of_two_lists_at_once_one_comes_after_the_other<S: Store>(store: Arc<S>) {
    let _world = World::with(&*store).await;
    let list = |name: &str, kana: &str| {
        let one = |n: usize| Description {
            name: Some(name.into()),
            kana: Some(kana.into()),
            ..Description::of(format!("99800000{n:02}").parse().unwrap())
        };
        order((0..20).map(one).collect())
    };
    let of = |added, changed, unchanged| Described { added, changed, unchanged };
    let looked = store.describe(DescribeOrder { dry_run: true, ..list("見本", "ミホン") }).await.unwrap();
    assert_eq!((looked, found(&*store, "見本").await.len()), (of(20, 0, 0), 0));
    describe(&*store, list("見本", "ミホン").offices).await;
    // The first changes all; to the second, which was as it stood when both were asked, nothing would have been to do.
    let (first, second) = tokio::join!(store.describe(list("手本", "テホン")), store.describe(list("見本", "ミホン")));
    let mut became = [first.unwrap(), second.unwrap()];
    became.sort_by_key(|one| one.unchanged);
    let after = found(&*store, "見本").await.len();
    match became {
        [one, other] if one == other => assert_eq!((one, after), (of(0, 20, 0), 20)),
        [one, other] => assert_eq!((one, other, after), (of(0, 20, 0), of(0, 0, 20), 0)),
    }
    // Each row of the audit names what differed from the row before, and there is none of what stayed.
    let which = WhichActs { office: Some("9980000007".parse().unwrap()), after: None };
    let rows: Vec<AuditRow> =
        store.acts(which).await.unwrap().iter().map(|row| serde_json::from_str(row).unwrap()).collect();
    let told: Vec<_> = rows.iter().map(|row| (row.done.about.as_str(), row.done.note.as_str())).collect();
    let all = [("見本", "new"), ("手本", "name kana"), ("見本", "name kana")];
    assert_eq!(told, all[..if after == 20 { 3 } else { 2 }]);
    // Of two that bring the same new office one makes it, and to the other nothing is to do.
    let new = || {
        let name = Some("新しい里".into());
        order(vec![Description { name, ..Description::of("9980000099".parse().unwrap()) }])
    };
    let (one, other) = tokio::join!(store.describe(new()), store.describe(new()));
    let mut became = [one.unwrap(), other.unwrap()];
    became.sort_by_key(|one| one.unchanged);
    assert_eq!(became, [of(1, 0, 0), of(0, 0, 1)]);
}
