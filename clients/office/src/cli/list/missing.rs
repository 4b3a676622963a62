//! What went from this computer and of which the gateway has no record any more, in the list of what was sent (Profile §15.9).

use fumibako_careplan::Lang;

use super::Line;
use crate::lost::Missing;

/// Its line in the list.
pub(super) fn line(one: Missing, lang: Lang) -> Line {
    let Missing { office, entry } = one;
    let evidence = entry.evidence().map(|id| lang.pick(format!("（証跡 {id}）"), format!(" (evidence {id})")));
    let note = lang.pick(
        "ゲートウェイに記録がありません（控えから復元されたときなど）。相手先に届いたか電話などで確かめ、届いていなければもう一度送ってください。",
        "The gateway has no record of it, as after it was restored from a backup. Ask the other side whether it came; if it did not, send it again.",
    );
    Line {
        office,
        uid: None,
        at: entry.composed,
        party: entry.to().and_then(|to| to.office_number()).map_or_else(|| entry.to.clone(), |to| to.to_string()),
        facts: entry.facts(),
        by: entry.agent,
        message_id: entry.message_id,
        state: "missing",
        word: lang.pick("記録なし", "no record"),
        note: note.to_owned() + &evidence.unwrap_or_default(),
        until: None,
        fault: None,
    }
}
