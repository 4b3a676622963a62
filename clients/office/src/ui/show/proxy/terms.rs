//! A mandate as it is typed into the fields of the page.

use fumibako_careplan::{Lang, ServiceMonth, UnitKind};
use fumibako_model::{AgentId, COUNTERPARTIES, JAPAN, Mandate, OfficeNumber, Party, Scope, Terms};
use fumibako_web::page::{Choice, Grant};
use fumibako_web::text::say;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::{Fields, Unsound, Wrong};

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

/// Fields as they are read: those that are not as they must be are noted, and the others are read on.
struct Reader<'f> {
    fields: &'f Fields,
    wrong: Vec<Wrong>,
}

impl Reader<'_> {
    fn note<T>(&mut self, field: &'static str, text: &'static str) -> Option<T> {
        self.wrong.push(Wrong { field, text });
        None
    }

    fn day(&mut self, field: &'static str) -> Option<Date> {
        one(self.fields, field).parse().ok().or_else(|| self.note(field, "grant-no-day"))
    }

    fn scopes(&mut self) -> Option<Vec<Scope>> {
        let scopes: Option<Vec<Scope>> = all(self.fields, "scope").map(|scope| scope.parse().ok()).collect();
        scopes.filter(|scopes| !scopes.is_empty()).or_else(|| self.note("scope", "grant-no-scope"))
    }

    fn kinds(&mut self) -> Option<Vec<UnitKind>> {
        let kinds: Option<_> = all(self.fields, "kind").map(|kind| kind.parse().ok()).collect();
        kinds.or_else(|| self.note("kind", "grant-no-kind"))
    }

    fn with(&mut self) -> Option<Vec<OfficeNumber>> {
        let with = one(self.fields, "with").split(|c: char| c.is_whitespace() || matches!(c, ',' | '、' | '，'));
        let with: Option<Vec<OfficeNumber>> =
            with.filter(|text| !text.is_empty()).map(|text| text.parse().ok()).collect();
        match with {
            None => self.note("with", "grant-no-office"),
            Some(all) if all.len() > COUNTERPARTIES => self.note("with", "grant-many-offices"),
            with => with,
        }
    }

    /// `2026-04` and `2027-03`, or neither: one alone might mean that month only, or all from it on.
    fn months(&mut self) -> Option<(ServiceMonth, ServiceMonth)> {
        let [first, last] = ["first-month", "last-month"].map(|name| one(self.fields, name));
        match (first, last) {
            ("", "") => return None,
            (_, "") => return self.note("last-month", "grant-half-months"),
            ("", _) => return self.note("first-month", "grant-half-months"),
            _ => {}
        }
        let month = |text: &str| text.replace('-', "").parse::<ServiceMonth>().ok();
        match (month(first), month(last)) {
            (None, _) => self.note("first-month", "grant-no-month"),
            (_, None) => self.note("last-month", "grant-no-month"),
            (Some(first), Some(last)) if last < first => self.note("last-month", "grant-month-order"),
            (Some(first), Some(last)) => Some((first, last)),
        }
    }
}

/// The mandate that they make.
pub(super) fn mandate(fields: &Fields, party: &Party, now: Timestamp) -> Result<Mandate, Unsound> {
    let Party::Office(office) = party else { return Err(Unsound::Alone) };
    let mut reader = Reader { fields, wrong: Vec::new() };
    let agent = one(fields, "agent").parse::<AgentId>().ok().or_else(|| reader.note("agent", "grant-no-agent"));
    let (scopes, from, until) = (reader.scopes(), reader.day("from"), reader.day("until"));
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        reader.note::<()>("until", "grant-day-order");
    }
    let (kinds, counterparties, months) = (reader.kinds(), reader.with(), reader.months());
    let (true, Some(agent), Some(scopes), Some(kinds), Some(counterparties), Some((from, until))) =
        (reader.wrong.is_empty(), agent, scopes, kinds, counterparties, from.zip(until))
    else {
        return Err(Unsound::Fields(reader.wrong));
    };
    let terms = Terms { office: *office, agent, scopes, kinds, counterparties, months, from, until };
    let mandate = terms.written(now);
    mandate.sound().map_err(Unsound::Deed)?;
    Ok(mandate)
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
        wrong: Vec::new(),
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

    /// The fields that are not as they must be, and why.
    fn wrong(text: &str) -> Vec<(&'static str, &'static str)> {
        let Err(Unsound::Fields(wrong)) = made(text) else { panic!("{text}") };
        wrong.iter().map(|one| (one.field, one.text)).collect()
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
        for (text, field, why) in [
            ("agent=kawara&from=2026-11-20&until=2027-03-31", "scope", "grant-no-scope"),
            ("agent=kawara&scope=licence&from=2026-11-20&until=2027-03-31", "scope", "grant-no-scope"),
            ("agent=<b>&scope=send&from=2026-11-20&until=2027-03-31", "agent", "grant-no-agent"),
            ("agent=kawara&scope=send&from=2026-11-20&until=", "until", "grant-no-day"),
            ("agent=kawara&scope=send&from=2027-03-31&until=2026-11-20", "until", "grant-day-order"),
            ("agent=kawara&scope=send&from=2026-11-20&until=2027-03-31&with=12", "with", "grant-no-office"),
            ("agent=kawara&scope=send&from=2026-11-20&until=2027-03-31&kind=all", "kind", "grant-no-kind"),
        ] {
            assert_eq!(wrong(text), [(field, why)], "{text}");
        }
        for (months, field, why) in [
            ("first-month=2026-12&last-month=2026-13", "last-month", "grant-no-month"),
            ("first-month=2026-13&last-month=2026-12", "first-month", "grant-no-month"),
            ("first-month=2026-12&last-month=2026-11", "last-month", "grant-month-order"),
            ("first-month=2026-12", "last-month", "grant-half-months"),
            ("last-month=2026-12", "first-month", "grant-half-months"),
        ] {
            assert_eq!(wrong(&format!("{GOOD}&{months}")), [(field, why)], "{months}");
        }
        let offices = |many: usize| (0..many).map(|at| format!("99{at:08}")).collect::<Vec<_>>().join(" ");
        assert!(made(&format!("{GOOD}&with={}", offices(COUNTERPARTIES))).is_ok());
        assert_eq!(wrong(&format!("{GOOD}&with={}", offices(COUNTERPARTIES + 1))), [("with", "grant-many-offices")]);
        let many = wrong("agent=&scope=&from=&until=&with=1");
        assert_eq!(
            many.iter().map(|(field, _)| *field).collect::<Vec<_>>(),
            ["agent", "scope", "from", "until", "with"]
        );
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
