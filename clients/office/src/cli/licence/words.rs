//! A licence and its terms, as people read them on a terminal.

use fumibako_careplan::Lang;
use fumibako_model::{LicenceTerms, LicenceView, Payment, Period};
use jiff::civil::Date;

use crate::cli::screen::{bytes, harmless};
use crate::licence::{At, advice};

/// The whole view; the text of the terms is asked for where it is needed.
pub(super) fn whole(view: &LicenceView, lang: Lang) -> String {
    let day = |day: Option<Date>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let mut lines = vec![
        (lang.pick("事業所番号", "office"), view.office.to_string()),
        (lang.pick("状態", "state"), lang.pick(view.state.word(), view.state.word_en()).to_owned()),
    ];
    if view.until.is_some() {
        let left = view
            .days_left
            .filter(|left| *left >= 0)
            .map_or_else(String::new, |left| lang.pick(format!("（あと {left} 日）"), format!(" ({left} days left)")));
        let days = lang.pick(
            format!("{} から {} まで{left}", day(view.from), day(view.until)),
            format!("{} to {}{left}", day(view.from), day(view.until)),
        );
        lines.push((lang.pick("有効期限", "days"), days));
    }
    lines.push((lang.pick("支払い", "payment"), payment(view.payment, view.pay_by, lang)));
    let automatic = if view.automatic { ("自動", "by itself") } else { ("手続きが必要", "by hand") };
    lines.push((lang.pick("更新", "renewal"), lang.pick(automatic.0, automatic.1).to_owned()));
    let fee = u64::from(view.fee_yen);
    lines.push((
        lang.pick("利用料", "fee"),
        lang.pick(format!("1 年 {} 円（税込）", bytes(fee)), format!("{} yen a year with tax", bytes(fee))),
    ));
    let version = view.terms.as_ref().map_or("-", |terms| terms.version.as_str());
    lines.push((lang.pick("利用規約", "terms"), harmless(version)));
    let years = view.periods.iter().map(|period| year(period, lang));
    let facts = lines.into_iter().map(|(term, value)| format!("{term}: {value}"));
    let advice = advice(view).into_iter().map(|one| harmless(&one.line(At::Terminal, lang)));
    facts.chain(years).chain(advice).collect::<Vec<_>>().join("\n")
}

fn payment(payment: Option<Payment>, pay_by: Option<fumibako_model::PayBy>, lang: Lang) -> String {
    let paid = payment.map_or("-", |payment| lang.pick(payment.word(), payment.word_en()));
    let by = pay_by.map(|by| lang.pick(by.word(), by.word_en()));
    by.map_or_else(|| paid.to_owned(), |by| lang.pick(format!("{paid}（{by}）"), format!("{paid} ({by})")))
}

fn year(period: &Period, lang: Lang) -> String {
    let consent = period.consent.as_ref().map_or_else(String::new, |consent| {
        let (version, by) = (harmless(&consent.version), harmless(&consent.by));
        lang.pick(format!("  規約 {version} に {by} が同意"), format!("  terms {version}, agreed by {by}"))
    });
    format!("  {} – {}  {}{consent}", period.from, period.until, payment(Some(period.payment), period.pay_by, lang))
}

/// The terms, to be read before anybody agrees to them.
pub(super) fn terms(terms: &LicenceTerms, lang: Lang) -> String {
    let lines: Vec<_> = terms.text.lines().map(|line| harmless(&line.replace('\t', "    "))).collect();
    let head = lang.pick(format!("利用規約 版 {}", terms.version), format!("Terms, version {}", terms.version));
    format!("{head}\nSHA-256 {}\n\n{}\n", terms.digest, lines.join("\n"))
}
