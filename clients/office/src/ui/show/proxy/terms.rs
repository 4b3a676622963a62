//! A mandate as it is typed into the fields of the page.

use fumibako_careplan::{Lang, ServiceMonth, UnitKind};
use fumibako_model::{AgentId, JAPAN, Mandate, OfficeNumber, Party, Scope, Terms};
use fumibako_web::page::{Choice, Grant};
use fumibako_web::text::say;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::{Fields, Unsound};

/// What the fields say, and nothing else that came with them.
const NAMES: [&str; 8] = ["agent", "scope", "kind", "with", "first-month", "last-month", "from", "until"];

fn one<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
}

fn all<'f>(fields: &'f Fields, name: &'f str) -> impl Iterator<Item = &'f str> {
    fields.iter().filter(move |(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// The same fields once more, for the dialog that asks.
pub(super) fn again(fields: &Fields) -> Fields {
    fields.iter().filter(|(name, _)| NAMES.contains(&name.as_str())).cloned().collect()
}

/// The mandate that they make.
pub(super) fn mandate(fields: &Fields, party: &Party, now: Timestamp) -> Result<Mandate, Unsound> {
    let Party::Office(office) = party else { return Err(Unsound::Alone) };
    let day = |name| one(fields, name).parse::<Date>().map_err(|_| Unsound::Field("grant-no-day"));
    let kinds = all(fields, "kind").map(|kind| kind.parse().map_err(|_| Unsound::Field("grant-no-kind")));
    let with = one(fields, "with").split(|c: char| c.is_whitespace() || matches!(c, ',' | '、' | '，'));
    let with = with.filter(|text| !text.is_empty());
    let with = with.map(|text| text.parse::<OfficeNumber>().map_err(|_| Unsound::Field("grant-no-office")));
    let scopes = all(fields, "scope").map(|scope| scope.parse::<Scope>().map_err(|_| Unsound::Field("grant-no-scope")));
    let scopes = scopes.collect::<Result<Vec<_>, _>>()?;
    if scopes.is_empty() {
        return Err(Unsound::Field("grant-no-scope"));
    }
    let terms = Terms {
        office: *office,
        agent: one(fields, "agent").parse::<AgentId>().map_err(|_| Unsound::Field("grant-no-agent"))?,
        scopes,
        kinds: kinds.collect::<Result<Vec<UnitKind>, _>>()?,
        counterparties: with.collect::<Result<_, _>>()?,
        months: months(one(fields, "first-month"), one(fields, "last-month"))?,
        from: day("from")?,
        until: day("until")?,
    };
    let mandate = terms.written(now);
    mandate.sound().map_err(Unsound::Deed)?;
    Ok(mandate)
}

/// `2026-04` and `2027-03`, or neither: one alone might mean that month only, or all from it on.
fn months(first: &str, last: &str) -> Result<Option<(ServiceMonth, ServiceMonth)>, Unsound> {
    let (first, last) = match (first, last) {
        ("", "") => return Ok(None),
        (_, "") | ("", _) => return Err(Unsound::Field("grant-half-months")),
        both => both,
    };
    let month = |text: &str| text.replace('-', "").parse().map_err(|_| Unsound::Field("grant-no-month"));
    Ok(Some((month(first)?, month(last)?)))
}

/// What was typed, or what a mandate usually says: all that an agent may do, from today to the end of the business year.
pub(super) fn typed(fields: &Fields, typed: bool, now: Timestamp, lang: Lang) -> Grant {
    let ticked = |name: &str, value: &str| all(fields, name).any(|known| known == value);
    let scope = |scope: Scope| Choice {
        value: scope.as_str().into(),
        label: lang.pick(scope.word(), scope.as_str()).into(),
        more: say(lang, more(scope)).into_owned(),
        ticked: if typed { ticked("scope", scope.as_str()) } else { true },
    };
    let kind = |kind: UnitKind| Choice {
        value: kind.to_string(),
        label: kind.name(lang).into(),
        more: String::new(),
        ticked: ticked("kind", &kind.to_string()),
    };
    let given = |name: &str, usual: Date| if typed { one(fields, name).to_owned() } else { usual.to_string() };
    let today = JAPAN.to_datetime(now).date();
    Grant {
        open: typed,
        agent: one(fields, "agent").into(),
        scopes: Scope::ALL.into_iter().map(scope).collect(),
        kinds: UnitKind::ALL.into_iter().map(kind).collect(),
        with: one(fields, "with").into(),
        months: ["first-month", "last-month"].map(|name| one(fields, name).into()),
        days: [given("from", today), given("until", year_end(today))],
    }
}

/// 31 March, at least a month away.
fn year_end(today: Date) -> Date {
    let soon = today.saturating_add(1.month());
    let year = if soon.month() > 3 { soon.year().saturating_add(1) } else { soon.year() };
    Date::new(year, 3, 31).unwrap_or(today)
}

fn more(scope: Scope) -> &'static str {
    match scope {
        Scope::Send => "scope-send",
        Scope::Receive => "scope-receive",
        Scope::Acknowledge => "scope-acknowledge",
        Scope::Status => "scope-status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        text.split('&').filter_map(|field| field.split_once('=')).map(|(a, b)| (a.into(), b.into())).collect()
    }

    fn made(text: &str) -> Result<Mandate, Unsound> {
        let office = Party::Office("9970000011".parse().unwrap());
        mandate(&fields(text), &office, "2026-11-20T00:15:00Z".parse().unwrap())
    }

    const GOOD: &str = "agent=kawara&scope=send&scope=receive&from=2026-11-20&until=2027-03-31";

    /// PX-08.
    #[test]
    fn what_is_typed_is_what_is_signed() {
        let mandate = made(&format!(
            "{GOOD}&kind=use-table&with=9970000029、 9970000037\n&first-month=2026-11&last-month=2027-03"
        ))
        .unwrap();
        assert_eq!(mandate.scopes, [Scope::Send, Scope::Receive].into());
        assert_eq!(mandate.counterparties.map(|all| all.len()), Some(2));
        assert_eq!(
            mandate.months.map(|(from, until)| (from.to_string(), until.to_string())),
            Some(("202611".into(), "202703".into()))
        );
        assert_eq!((mandate.kinds.map(|all| all.len()), mandate.until.to_string()), (Some(1), "2027-03-31".into()));
        assert!(made(GOOD).unwrap().counterparties.is_none());
    }

    /// Profile §9.12: nothing else can be delegated, and an agent delegates nothing.
    #[test]
    fn what_makes_no_mandate_is_told() {
        for (text, why) in [
            ("agent=kawara&from=2026-11-20&until=2027-03-31", "grant-no-scope"),
            ("agent=kawara&scope=licence&from=2026-11-20&until=2027-03-31", "grant-no-scope"),
            ("agent=<b>&scope=send&from=2026-11-20&until=2027-03-31", "grant-no-agent"),
            ("agent=kawara&scope=send&from=2026-11-20&until=", "grant-no-day"),
            ("agent=kawara&scope=send&from=2026-11-20&until=2027-03-31&with=12", "grant-no-office"),
            ("agent=kawara&scope=send&from=2026-11-20&until=2027-03-31&kind=all", "grant-no-kind"),
            (
                "agent=kawara&scope=send&from=2026-11-20&until=2027-03-31&first-month=2026-12&last-month=2026-13",
                "grant-no-month",
            ),
            ("agent=kawara&scope=send&from=2026-11-20&until=2027-03-31&first-month=2026-12", "grant-half-months"),
            ("agent=kawara&scope=send&from=2026-11-20&until=2027-03-31&last-month=2026-12", "grant-half-months"),
        ] {
            assert!(matches!(made(text), Err(Unsound::Field(id)) if id == why), "{text}");
        }
        assert!(matches!(made("agent=kawara&scope=send&from=2027-03-31&until=2026-11-20"), Err(Unsound::Deed(_))));
        let agent = Party::Agent("kawara".parse().unwrap());
        assert!(matches!(mandate(&fields(GOOD), &agent, Timestamp::UNIX_EPOCH), Err(Unsound::Alone)));
    }

    #[test]
    fn a_mandate_usually_lasts_to_the_end_of_the_business_year() {
        let end = |day: &str| year_end(day.parse().unwrap()).to_string();
        assert_eq!(
            [end("2026-11-20"), end("2026-03-20"), end("2026-02-10")],
            ["2027-03-31", "2027-03-31", "2026-03-31"]
        );
    }
}
