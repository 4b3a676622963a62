//! The gateway's marks: the keywords that say how far a bundle has come (Profile §7).

use fumibako_model::{ACKNOWLEDGED, FlagChange, Flags, Keywords, MDN_SENT, REFUSED, State, marks};

/// The keywords every folder knows from its first day, so that there is room for them: those that lists and programs go by. Other marks a
/// folder learns when it first needs them.
pub const MARKS: [&str; 7] = [
    State::Accepted.keyword(),
    State::Delivered.keyword(),
    State::Retrieved.keyword(),
    State::Expired.keyword(),
    REFUSED,
    MDN_SENT,
    ACKNOWLEDGED,
];

/// What a message's flags are after STORE (RFC 3501 §6.4.6): the office's flags change, the gateway's marks stay.
/// A mail tool that replaces all flags would otherwise turn 済 back into 未.
pub fn stored(old: Flags, change: FlagChange, asked: Flags, folder: &Keywords) -> Flags {
    let asked = draft_flags(asked, folder);
    // A mail tool may set `$MDNSent` too, and nobody clears it (RFC 3503 §3.1).
    let kept = old.without(old.without(flags_of(marks().chain([MDN_SENT]), folder)));
    match change {
        FlagChange::Add => old | asked,
        FlagChange::Remove => old.without(asked) | kept,
        FlagChange::Replace => asked | kept,
    }
}

/// The flags a message may come with when its office puts it into a folder: marks are not the office's to set.
pub fn draft_flags(asked: Flags, folder: &Keywords) -> Flags {
    asked.without(flags_of(marks(), folder))
}

fn flags_of(names: impl Iterator<Item = &'static str>, folder: &Keywords) -> Flags {
    names.filter_map(|name| folder.flag(name)).fold(Flags::default(), |all, flag| all | flag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fumibako_model::Fault;

    const RETRIEVED: Flags = Flags { system: 0, keywords: 1 << 2 };
    const MDN: Flags = Flags { system: 0, keywords: 1 << 5 };
    const OWN: Flags = Flags { system: 0, keywords: 1 << 7 };

    fn folder() -> Keywords {
        Keywords(MARKS.into_iter().chain(["Urgent"]).map(Into::into).collect())
    }

    // Profile §8.1, §8.22
    #[test]
    fn what_the_gateway_says_of_a_bundle_is_nobody_elses_to_set_or_clear() {
        let said = State::ALL.map(State::keyword).into_iter().chain(Fault::ALL.map(Fault::keyword));
        for mark in said.chain([REFUSED, ACKNOWLEDGED]) {
            let mut folder = folder();
            if folder.flag(mark).is_none() {
                folder.0.push(mark.into());
            }
            let flag = folder.flag(mark).unwrap();
            assert_eq!(draft_flags(flag | Flags::SEEN, &folder), Flags::SEEN, "{mark}");
            assert_eq!(stored(Flags::default(), FlagChange::Add, flag | OWN, &folder), OWN, "{mark}");
            assert_eq!(stored(flag | OWN, FlagChange::Remove, flag | OWN, &folder), flag, "{mark}");
            assert_eq!(stored(flag | OWN, FlagChange::Replace, Flags::SEEN, &folder), flag | Flags::SEEN, "{mark}");
        }
    }

    #[test]
    fn replacing_all_flags_leaves_a_bundle_retrieved() {
        let after = stored(RETRIEVED | Flags::FLAGGED | OWN, FlagChange::Replace, Flags::SEEN, &folder());
        assert_eq!(after, RETRIEVED | Flags::SEEN);
    }

    #[test]
    fn a_mail_tool_sets_mdn_sent_for_good() {
        assert_eq!(stored(Flags::default(), FlagChange::Add, MDN, &folder()), MDN);
        assert_eq!(stored(MDN | OWN, FlagChange::Remove, MDN | OWN, &folder()), MDN);
        assert_eq!(stored(MDN, FlagChange::Replace, Flags::SEEN, &folder()), MDN | Flags::SEEN);
    }
}
