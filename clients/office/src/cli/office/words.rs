//! An office of the directory in the words of people.

use fumibako_careplan::Lang;
use fumibako_model::{Listed, ListedCertificate, ServiceKind, Shown};
use serde_json::{Value, json};

use crate::cli::screen::{harmless, moment};
use crate::mandates::words::lines;
use crate::partners::refresh::{Fate, Refreshed};

pub(super) fn headings(lang: Lang) -> [&'static str; 6] {
    match lang {
        Lang::Ja => ["事業所番号", "事業所名", "サービス種類", "市区町村", "証明書", "受信"],
        Lang::En => ["number", "name", "kinds", "municipality", "certificates", "receives"],
    }
}

pub(super) fn cells(office: &Listed<usize>, lang: Lang) -> Vec<String> {
    vec![
        office.number.to_string(),
        harmless(&office.name),
        kinds(office),
        harmless(&office.details.municipality),
        office.certificates.to_string(),
        reach(office, lang),
    ]
}

fn kinds<C>(office: &Listed<C>) -> String {
    office.details.kinds.iter().map(ServiceKind::as_str).collect::<Vec<_>>().join(",")
}

fn reach<C>(office: &Listed<C>, lang: Lang) -> String {
    let word = match (office.can_receive, office.reason.as_deref()) {
        (true, _) => lang.pick("できます", "yes"),
        (false, Some("suspended")) => lang.pick("利用停止中です", "no: suspended"),
        (false, Some("not-licensed")) => lang.pick("利用登録がありません", "no: not registered"),
        (false, _) => lang.pick("できません", "no"),
    };
    word.to_owned()
}

/// One office with all that is told of it.
pub(super) fn whole(shown: &Shown, lang: Lang) -> String {
    let office = &shown.office;
    let editions: Vec<&str> = office.details.editions.iter().map(String::as_str).collect();
    let mut all = vec![
        (lang.pick("事業所番号", "number"), office.number.to_string()),
        (lang.pick("事業所名", "name"), harmless(&office.name)),
        (lang.pick("フリガナ", "kana"), harmless(&office.details.kana)),
        (lang.pick("市区町村", "municipality"), harmless(&office.details.municipality)),
        (lang.pick("サービス種類", "kinds"), kinds(office)),
        (lang.pick("対応版", "editions"), harmless(&editions.join(","))),
        (lang.pick("受信", "receives"), reach(office, lang)),
    ];
    if office.details.regional {
        all.push((lang.pick("地域連携", "regional service"), lang.pick("はい", "yes").into()));
    }
    let agents = shown.agents.iter().map(|agent| format!("{}（{}）", agent.id, harmless(&agent.name)));
    all.extend(agents.map(|agent| (lang.pick("受信の代行", "received by"), agent)));
    all.extend(office.certificates.iter().map(|one| (lang.pick("証明書", "certificate"), certificate(one, lang))));
    if office.certificates.is_empty() {
        all.push((
            lang.pick("証明書", "certificate"),
            lang.pick("なし（暗号化して送れません）", "none; nothing can be sealed to it").into(),
        ));
    }
    all.retain(|(_, value)| !value.is_empty());
    lines(&all)
}

fn certificate(one: &ListedCertificate, lang: Lang) -> String {
    let agent = one.agent.as_ref().map(|agent| format!(" {agent}")).unwrap_or_default();
    let until = moment(one.until);
    let until = lang.pick(format!("{until} まで"), format!("until {until}"));
    format!("{until} SHA-256 {}{agent}", harmless(&one.fingerprint))
}

/// What became of one certificate, for programs.
pub(super) fn record(one: &Refreshed) -> Value {
    let (state, fingerprint, until) = match &one.fate {
        Fate::New { fingerprint, until } => ("new", Some(fingerprint), Some(until)),
        Fate::Known { fingerprint } => ("known", Some(fingerprint), None),
        Fate::NotItsOwn { fingerprint } => ("not-its-own", Some(fingerprint), None),
        Fate::Unfit { fingerprint, .. } => ("unfit", Some(fingerprint), None),
        Fate::None => ("none", None, None),
        Fate::NoSuchOffice => ("no-such-office", None, None),
    };
    json!({ "kind": "certificate", "office": one.office, "state": state, "fingerprint": fingerprint, "until": until })
}

/// The same for people.
pub(super) fn fate(one: &Refreshed, lang: Lang) -> String {
    let words = match &one.fate {
        Fate::New { until, .. } => {
            let until = moment(*until);
            lang.pick(format!("新しい証明書（{until} まで）"), format!("a new certificate, until {until}"))
        }
        Fate::Known { .. } => lang.pick("取り込み済みです", "is in the file already").into(),
        Fate::NotItsOwn { .. } => lang
            .pick(
                "証明書に事業所番号がないか、別の事業所のものです。運用者が配る証明書のファイルを使ってください",
                "its certificate names no office, or another; use the file that the operator hands out",
            )
            .into(),
        Fate::Unfit { why, .. } => why.words(one.office, lang).0,
        Fate::None => lang.pick("証明書が登録されていません", "no certificate is enrolled").into(),
        Fate::NoSuchOffice => lang.pick("登録簿にありません", "is not on the roll").into(),
    };
    format!("{}: {words}", one.office)
}
