//! The fields that say where a message goes: signed once more in part 1, and compared by the gateway and by whoever reads it
//! (Profile §4.2).

use crate::{Refusal, Refused};

/// What part 1 of a signed message repeats, with every field of ours. In lower case, as all names here.
pub const ROUTING_FIELDS: [&str; 5] = ["from", "to", "sender", "date", "message-id"];
const OURS: &str = "fumibako-";

/// Whether a field of this name is one of them.
pub fn is_routing(name: &str) -> bool {
    ROUTING_FIELDS.contains(&name) || name.starts_with(OURS)
}

/// A signed part that repeats one routing field repeats all of them, equal to the outer ones. A plain mail tool repeats none;
/// its readable file names, or the certificate alone, then say where the bundle goes. Both lists are in one order.
pub fn routing_agrees(outer: &[(String, String)], signed: &[(String, String)]) -> Result<(), Refused> {
    if signed.is_empty() || signed == outer {
        return Ok(());
    }
    let differs = outer.iter().chain(signed).find(|field| !(outer.contains(field) && signed.contains(field)));
    Err(Refusal::SignedFieldsDiffer.about(differs.map_or("routing fields", |(name, _)| name.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §4.2
    #[test]
    fn all_or_none_of_the_routing_fields_are_repeated() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let outer = [field("from", "a"), field("fumibako-bundle", "v=1"), field("to", "b")];
        assert!(outer.iter().all(|(name, _)| is_routing(name)) && !is_routing("subject"));
        let agree = |signed: &[(String, String)]| routing_agrees(&outer, signed).map_err(|refused| refused.why);
        assert_eq!((agree(&[]), agree(&outer)), (Ok(()), Ok(())));
        for differing in [&outer[1..], &[&outer[..2], &[field("to", "c")]].concat()] {
            assert_eq!(agree(differing), Err(Refusal::SignedFieldsDiffer));
        }
    }
}
