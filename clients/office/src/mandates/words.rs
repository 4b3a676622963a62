//! A mandate in the words of people: what it allows, to whom, until when.

use fumibako_careplan::Lang;
use fumibako_model::{Mandate, MandateRow, Scope};

use crate::cli::screen::moment;

/// What no scope covers, whatever it is called (Profile §9.12): mandates, licences, certificates and passwords stay the office's own.
pub(crate) fn is_undelegable(word: &str) -> bool {
    ["mandate", "licence", "license", "cert", "certificate", "password", "account", "委任", "ライセンス", "証明書"]
        .contains(&word.to_lowercase().as_str())
}

/// Its words, without what became of it.
pub(crate) fn terms(mandate: &Mandate, lang: Lang) -> String {
    lines(&pairs(mandate, mandate.agent.to_string(), lang))
}

/// All of it.
pub(crate) fn whole(row: &MandateRow, lang: Lang) -> String {
    let one = &row.registered;
    let mut all = vec![
        (lang.pick("委任番号", "mandate"), one.id.to_string()),
        (lang.pick("状態", "state"), lang.pick(row.state.word(), row.state.word_en()).to_owned()),
    ];
    all.extend(pairs(&one.mandate, row.agent(lang), lang));
    let form = if one.paper {
        lang.pick("紙（運用者が登録）", "on paper, registered by the operator")
    } else {
        lang.pick("事業所の署名", "signed by the office")
    };
    all.push((lang.pick("形式", "form"), form.to_owned()));
    all.extend(one.confirmed.map(|at| (lang.pick("確認", "confirmed"), moment(at))));
    all.extend(one.revoked.map(|at| (lang.pick("取消し", "revoked"), moment(at))));
    lines(&all)
}

/// What its office does next.
pub(crate) fn granted(row: &MandateRow, lang: Lang) -> String {
    let (id, mandate) = (row.registered.id, &row.registered.mandate);
    let agent = &mandate.agent;
    let looks = [Scope::Receive, Scope::Status].iter().any(|scope| mandate.scopes.contains(scope));
    let limited = kinds(mandate, lang).or(counterparties(mandate, lang)).or(months(mandate)).is_some();
    // Profile §9.14
    let wide = match (looks && limited, lang) {
        (false, _) => "",
        (true, Lang::Ja) => "なお、受信と状況の一覧には、制限の外のデータも見えます（暗号化された中身は読めません）。",
        (true, Lang::En) => {
            " In the folders it may look into it sees what is past the limits, too, but cannot open what is sealed."
        }
    };
    let begins = match lang {
        Lang::Ja => format!(
            "{agent} に委任しました。{agent} が `fumibako mandate confirm {id}` で引き受けると始まります。\
             いつでも `fumibako mandate revoke {id}` で取り消せます。"
        ),
        Lang::En => format!(
            "Granted to {agent}. It begins once {agent} confirms it with `fumibako mandate confirm {id}`; \
             `fumibako mandate revoke {id}` ends it at any time."
        ),
    };
    begins + wide
}

pub(crate) fn headings(lang: Lang) -> [&'static str; 7] {
    match lang {
        Lang::Ja => ["委任番号", "状態", "事業所", "代行業者", "期間", "範囲", "制限"],
        Lang::En => ["mandate", "state", "office", "agent", "from, until", "scopes", "limits"],
    }
}

pub(crate) fn cells(row: &MandateRow, lang: Lang) -> Vec<String> {
    let mandate = &row.registered.mandate;
    vec![
        row.registered.id.to_string(),
        lang.pick(row.state.word(), row.state.word_en()).into(),
        mandate.office.to_string(),
        row.agent(lang),
        format!("{}–{}", mandate.from, mandate.until),
        scopes(mandate, lang),
        limits(mandate, lang),
    ]
}

/// What it is limited to; nothing, if to nothing.
pub(crate) fn limits(mandate: &Mandate, lang: Lang) -> String {
    let limits = [kinds(mandate, lang), counterparties(mandate, lang), months(mandate)];
    limits.into_iter().flatten().collect::<Vec<_>>().join(lang.pick("／", "; "))
}

/// Headings and what the mandate says.
pub(crate) fn pairs(mandate: &Mandate, agent: String, lang: Lang) -> Vec<(&'static str, String)> {
    let all = || lang.pick("すべて", "all").to_owned();
    let period = match lang {
        Lang::Ja => format!("{} から {} まで", mandate.from, mandate.until),
        Lang::En => format!("{} to {}", mandate.from, mandate.until),
    };
    vec![
        (lang.pick("事業所", "office"), mandate.office.to_string()),
        (lang.pick("代行業者", "agent"), agent),
        (lang.pick("範囲", "scopes"), scopes(mandate, lang)),
        (lang.pick("種類", "kinds"), kinds(mandate, lang).unwrap_or_else(all)),
        (lang.pick("相手", "with"), counterparties(mandate, lang).unwrap_or_else(all)),
        (lang.pick("対象年月", "months"), months(mandate).unwrap_or_else(all)),
        (lang.pick("期間", "period"), period),
    ]
}

/// What it allows.
pub(crate) fn scopes(mandate: &Mandate, lang: Lang) -> String {
    joined(mandate.scopes.iter().map(|scope| lang.pick(scope.word(), scope.as_str()).to_owned()), lang)
}

fn kinds(mandate: &Mandate, lang: Lang) -> Option<String> {
    mandate.kinds.as_ref().map(|kinds| joined(kinds.iter().map(|kind| kind.name(lang).to_owned()), lang))
}

fn counterparties(mandate: &Mandate, lang: Lang) -> Option<String> {
    mandate.counterparties.as_ref().map(|offices| joined(offices.iter().map(ToString::to_string), lang))
}

fn months(mandate: &Mandate) -> Option<String> {
    mandate.months.map(|(from, until)| if from == until { from.to_string() } else { format!("{from}–{until}") })
}

fn joined(words: impl Iterator<Item = String>, lang: Lang) -> String {
    words.collect::<Vec<_>>().join(lang.pick("、", ", "))
}

/// A heading and what it says, a line each.
pub(crate) fn lines(pairs: &[(&'static str, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
}
