//! The gateway's marks: the keywords that say how far a bundle has come (Profile §7).

use fumibako_model::{FlagChange, Flags, Keywords, MDN_SENT};

/// The keywords every folder knows from its first day. Only the gateway sets and clears them; `$MDNSent` a mail tool
/// may set too, and nobody clears it (RFC 3503 §3.1).
pub const MARKS: [&str; 6] = ["$Accepted", "$Delivered", "$Retrieved", "$Expired", "$Refused", MDN_SENT];

/// A keyword that a folder learns when it first needs it; as little the office's to set as the others.
const LEARNT: [&str; 1] = ["$HandedOver"];

/// What a message's flags are after STORE (RFC 3501 §6.4.6): the office's flags change, the gateway's marks stay.
/// A mail tool that replaces all flags would otherwise turn 済 back into 未.
pub fn stored(old: Flags, change: FlagChange, asked: Flags, folder: &Keywords) -> Flags {
    let asked = draft_flags(asked, folder);
    let kept = old.without(old.without(flags_of(&MARKS, folder) | flags_of(&LEARNT, folder)));
    match change {
        FlagChange::Add => old | asked,
        FlagChange::Remove => old.without(asked) | kept,
        FlagChange::Replace => asked | kept,
    }
}

/// The flags a message may come with when its office puts it into a folder: marks are not the office's to set.
pub fn draft_flags(asked: Flags, folder: &Keywords) -> Flags {
    asked.without(flags_of(&MARKS[..MARKS.len() - 1], folder) | flags_of(&LEARNT, folder))
}

fn flags_of(names: &[&str], folder: &Keywords) -> Flags {
    names.iter().filter_map(|name| folder.flag(name)).fold(Flags::default(), |all, flag| all | flag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fumibako_model::State;

    const RETRIEVED: Flags = Flags { system: 0, keywords: 1 << 2 };
    const MDN: Flags = Flags { system: 0, keywords: 1 << 5 };
    const OWN: Flags = Flags { system: 0, keywords: 1 << 6 };

    fn folder() -> Keywords {
        Keywords(MARKS.into_iter().chain(["Urgent"]).map(Into::into).collect())
    }

    #[test]
    fn every_state_has_a_mark() {
        for state in State::ALL {
            assert!(MARKS.contains(&state.keyword()) || LEARNT.contains(&state.keyword()));
        }
    }

    #[test]
    fn replacing_all_flags_leaves_a_bundle_retrieved() {
        let after = stored(RETRIEVED | Flags::FLAGGED | OWN, FlagChange::Replace, Flags::SEEN, &folder());
        assert_eq!(after, RETRIEVED | Flags::SEEN);
    }

    #[test]
    fn an_office_neither_sets_nor_clears_a_mark() {
        assert_eq!(stored(Flags::SEEN, FlagChange::Add, RETRIEVED | OWN, &folder()), Flags::SEEN | OWN);
        assert_eq!(stored(RETRIEVED | OWN, FlagChange::Remove, RETRIEVED | OWN, &folder()), RETRIEVED);
        assert_eq!(draft_flags(RETRIEVED | Flags::SEEN, &folder()), Flags::SEEN);
        let mut learnt = folder();
        learnt.0.push("$HandedOver".into());
        let handed = learnt.flag("$HandedOver").unwrap();
        assert_eq!(draft_flags(handed, &learnt), Flags::default());
        assert_eq!(stored(handed, FlagChange::Replace, Flags::SEEN, &learnt), handed | Flags::SEEN);
    }

    #[test]
    fn a_mail_tool_sets_mdn_sent_for_good() {
        assert_eq!(stored(Flags::default(), FlagChange::Add, MDN, &folder()), MDN);
        assert_eq!(stored(MDN | OWN, FlagChange::Remove, MDN | OWN, &folder()), MDN);
        assert_eq!(stored(MDN, FlagChange::Replace, Flags::SEEN, &folder()), MDN | Flags::SEEN);
    }
}
