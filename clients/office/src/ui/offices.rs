//! PX-03: the offices that an agent acts for, beside its lists; and which of them it looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Method;
use axum::http::request::Parts;
use fumibako_careplan::Lang;
use fumibako_model::{JAPAN, MandateRow, MandateState, OfficeNumber};
use fumibako_web::part::{Principal, Principals, Standing};
use fumibako_web::text::{days, say, say_with};
use jiff::Timestamp;
use jiff::civil::Date;

use super::paint::party;
use super::session::Session;
use super::state::{App, held};
use super::work::rights::{ask_for_page, principals as all};

/// From so many days before its end on, a mandate says how many are left.
const SOON_DAYS: i32 = 14;

/// An agent is shown what its mandates allow now, and of the office that it chose.
pub(super) async fn before_a_page(app: &Arc<App>, parts: &Parts, (id, session): (&str, &mut Session), live: bool) {
    if app.settings.agent.is_none() {
        return;
    }
    if live || parts.method != Method::GET {
        held(&app.mail).forget((app.clock)());
    } else {
        ask_for_page(app).await;
    }
    let chosen = parts.uri.query().unwrap_or_default().split('&').find_map(|field| field.strip_prefix("of="));
    if let Some(text) = chosen {
        // Whatever else stands there: all of them.
        session.of = text.parse().ok().filter(|office| all(app).contains(office));
        app.sessions.with(id, |kept| kept.of = session.of);
    }
}

/// The left column; nothing for an office.
pub(super) fn principals(app: &App, session: &Session) -> Option<Principals> {
    app.settings.agent.as_ref()?;
    let (now, lang) = ((app.clock)(), session.lang);
    let mut unread = BTreeMap::<OfficeNumber, usize>::new();
    let best = {
        let mail = held(&app.mail);
        for office in mail.inbox.iter().filter(|(_, one)| one.is_new()).filter_map(|(spot, _)| spot.of) {
            *unread.entry(office).or_default() += 1;
        }
        best(mail.mandates.all.as_ref().map(|all| all.rows()).unwrap_or_default(), now)
    };
    let row = |(office, row): (&OfficeNumber, &MandateRow)| {
        let (standing, word) = standing(row, now, lang);
        Principal {
            office: party(app, *office),
            standing,
            word,
            unread: unread.get(office).copied().unwrap_or_default(),
        }
    };
    let chosen = session.of.map(|office| office.to_string());
    Some(Principals { rows: best.iter().map(row).collect(), chosen })
}

/// Of each office the mandate that allows most: one in force before all others, and of those the one that lasts longest.
fn best(rows: &[MandateRow], now: Timestamp) -> BTreeMap<OfficeNumber, MandateRow> {
    let rank = |row: &MandateRow| {
        let state = row.registered.state(now);
        let order = [
            MandateState::Revoked,
            MandateState::Expired,
            MandateState::NotYet,
            MandateState::Unconfirmed,
            MandateState::InForce,
        ];
        (order.iter().position(|one| *one == state), row.registered.mandate.until)
    };
    let mut best = BTreeMap::<OfficeNumber, MandateRow>::new();
    for row in rows {
        let office = row.registered.mandate.office;
        if best.get(&office).is_none_or(|known| rank(known) < rank(row)) {
            best.insert(office, row.clone());
        }
    }
    best
}

/// PX-03: how a mandate stands, in a word with its end.
pub(super) fn standing(row: &MandateRow, now: Timestamp, lang: Lang) -> (Standing, String) {
    let (mandate, state) = (&row.registered.mandate, row.registered.state(now));
    let word = || lang.pick(state.word(), state.word_en()).to_owned();
    match state {
        MandateState::InForce => {
            let left = JAPAN.to_datetime(now).date().until(mandate.until).map_or(0, |span| span.get_days());
            if left <= SOON_DAYS {
                (Standing::Soon, days(lang, i64::from(left)).into_owned())
            } else {
                (Standing::Good, say_with(lang, "until-day", &[("day", day(mandate.until).into())]).into_owned())
            }
        }
        MandateState::Unconfirmed | MandateState::NotYet => (Standing::Soon, word()),
        MandateState::Expired => (Standing::Shut, say(lang, "mandate-over").into_owned()),
        MandateState::Revoked => (Standing::Shut, word()),
    }
}

/// `2027/03/31`
pub(super) fn day(date: Date) -> String {
    date.strftime("%Y/%m/%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fumibako_model::{Scope, Terms};

    fn row(until: &str, confirmed: bool, revoked: bool) -> MandateRow {
        let terms = Terms {
            office: "9970000011".parse().unwrap(),
            agent: "kawara".parse().unwrap(),
            scopes: [Scope::Send].into(),
            kinds: Vec::new(),
            counterparties: Vec::new(),
            months: None,
            from: "2026-11-01".parse().unwrap(),
            until: until.parse().unwrap(),
        };
        let at = now();
        let mut registered = terms.written(at).registered([7; 32]);
        (registered.confirmed, registered.revoked) = (confirmed.then_some(at), revoked.then_some(at));
        MandateRow::of(&registered, at)
    }

    fn now() -> Timestamp {
        "2026-11-20T00:15:00Z".parse().unwrap()
    }

    /// PX-03.
    #[test]
    fn the_column_tells_how_the_best_mandate_stands() {
        let word = |row: &MandateRow| standing(row, now(), Lang::Ja);
        assert_eq!(word(&row("2027-03-31", true, false)), (Standing::Good, "2027/03/31まで".into()));
        assert_eq!(word(&row("2026-12-02", true, false)), (Standing::Soon, "あと12日".into()));
        assert_eq!(word(&row("2026-11-20", true, false)), (Standing::Soon, "まもなく".into()));
        assert_eq!(word(&row("2026-11-19", true, false)), (Standing::Shut, "委任切れ".into()));
        assert_eq!(word(&row("2027-03-31", false, false)), (Standing::Soon, "確認待ち".into()));
        assert_eq!(word(&row("2027-03-31", true, true)), (Standing::Shut, "取消し".into()));
        let rows = [row("2027-03-31", true, true), row("2026-12-31", true, false), row("2027-01-31", true, false)];
        let best = best(&rows, now());
        assert_eq!(best.values().next().map(|row| row.registered.mandate.until), "2027-01-31".parse().ok());
    }

    fn arrived() -> crate::ui::work::look::Arrived {
        crate::ui::work::look::Arrived {
            at: now(),
            until: None,
            from: None,
            by: None,
            cover: fumibako_model::Private::default(),
            files: Vec::new(),
            done: false,
            gone: false,
            owed: None,
            withheld: false,
            wrong: None,
            seal: None,
            message_id: "a@x".into(),
            folder: None,
        }
    }

    /// Profile §15.10: what was read under a mandate is not shown when it is revoked, or over; what is one's own stays.
    #[test]
    fn what_no_mandate_opens_any_more_is_forgotten() {
        let left = |row: MandateRow| {
            let mut mail = crate::ui::work::look::Mail::default();
            mail.mandates.all = Some(Arc::new(crate::mandates::Mandates::told(vec![row])));
            for spot in ["1", "9970000011-1", "9970000029-1"] {
                mail.inbox.insert(spot.parse().unwrap(), arrived());
            }
            mail.forget(now());
            mail.inbox.keys().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let receives = |mut row: MandateRow| {
            row.registered.mandate.scopes.insert(Scope::Receive);
            row
        };
        assert_eq!(left(receives(row("2027-03-31", true, false))), "1 9970000011-1");
        assert_eq!(left(row("2027-03-31", true, false)), "1", "it may send only");
        for shut in [row("2027-03-31", true, true), row("2026-11-19", true, false), row("2027-03-31", false, false)] {
            assert_eq!(left(receives(shut)), "1");
        }
    }
}
