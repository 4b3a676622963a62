//! 代行の記録 (PX-06): what agents did for the office, as the gateway tells it now; where it does not answer, what it told last, and
//! else what the office's own list of what was sent shows of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fumibako_careplan::Lang;
use fumibako_model::{OfficeNumber, ToldActs};
use fumibako_web::page::{Acts, Known};
use fumibako_web::text::say_with;

use crate::mandates::acts::{acts as asked, together, what, who};
use crate::ui::paint::{by_name, moment, party_line};
use crate::ui::state::{App, held};
use crate::ui::work::aside;
use crate::wait;

/// Most of what the list of what was sent shows.
const SENT: usize = 200;
/// A page waits so long for the gateway.
const PAGE_WAITS: Duration = Duration::from_secs(3);

/// The newest, or those before a row. Older ones than these are not kept here.
pub(super) async fn shown(app: &Arc<App>, before: Option<u64>, lang: Lang) -> Acts {
    let settings = app.settings.clone();
    let offline = matches!(&held(&app.mail).link, Some(Err(why)) if why.network);
    let asking = aside(move || wait(asked(&settings, before)));
    let told = if offline { None } else { tokio::time::timeout(PAGE_WAITS, asking).await.ok().and_then(Result::ok) };
    let page = |told: &ToldActs, known| Acts { rows: of(app, told, lang), older: older(told), known };
    if let Some(told) = told.map(Arc::new) {
        if before.is_none() {
            held(&app.mail).acts = Some(((app.clock)(), told.clone()));
        }
        return page(&told, Known::Now);
    }
    if before.is_some() {
        return Acts { known: Known::NotThese, ..Acts::default() };
    }
    let last = held(&app.mail).acts.clone();
    match last {
        Some((at, told)) => page(&told, Known::Since(moment(at))),
        None => Acts { rows: sent(app, lang), older: None, known: Known::SentAlone },
    }
}

fn older(told: &ToldActs) -> Option<String> {
    let last = told.acts.last().filter(|_| told.more)?;
    Some(format!("/proxy?before={}#acts", last.n))
}

fn of(app: &App, told: &ToldActs, lang: Lang) -> Vec<[String; 3]> {
    let ends: BTreeMap<String, OfficeNumber> = {
        let mail = held(&app.mail);
        mail.sent.values().filter_map(|one| Some((one.message_id.clone(), one.to?))).collect()
    };
    let row = |(act, count): (&fumibako_model::ToldAct, usize)| {
        let to = ends.get(&act.about).map(|to| party_line(app, *to));
        let times = if count > 1 { format!(" ×{count}") } else { String::new() };
        [moment(act.at), who(act, lang), what(act, to.as_deref(), lang) + &times]
    };
    together(&told.acts).into_iter().map(row).collect()
}

fn sent(app: &App, lang: Lang) -> Vec<[String; 3]> {
    let sent = held(&app.mail).sent.clone();
    let mut by: Vec<_> = sent.values().filter(|one| one.by.is_some()).collect();
    by.sort_by_key(|one| std::cmp::Reverse(one.at));
    let told = by.into_iter().take(SENT).map(|one| {
        let to = one.to.map_or_else(|| "?".to_owned(), |to| party_line(app, to));
        let who = by_name(app, one.by.as_ref()).unwrap_or_default();
        [moment(one.at), who, say_with(lang, "act-sent", &[("to", to.into())]).into_owned()]
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use fumibako_model::{ToldAct, What};

    use super::*;

    // Profile §16.4
    #[test]
    fn older_ones_are_asked_for_before_the_last_that_is_shown() {
        let act = |n| ToldAct {
            n,
            at: jiff::Timestamp::UNIX_EPOCH,
            by: "kawara".into(),
            agent_name: String::new(),
            what: What::AgentActs,
            about: String::new(),
            note: String::new(),
        };
        let told = |more| ToldActs { acts: vec![act(41), act(17)], more };
        assert_eq!(older(&told(true)).as_deref(), Some("/proxy?before=17#acts"));
        assert_eq!(older(&told(false)), None);
        assert_eq!(older(&ToldActs { acts: Vec::new(), more: true }), None);
    }
}
