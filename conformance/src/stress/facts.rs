//! What no server may change: of a message with this UID in this folder, everything but its flags. All clients know it together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::answer::Node;

/// A folder's name and UIDVALIDITY.
pub(super) type Folder = (String, u32);

/// What was told of every message, by anybody.
#[derive(Default)]
pub(super) struct Facts {
    messages: HashMap<Folder, BTreeMap<u32, BTreeMap<String, Node>>>,
    gone: HashMap<Folder, BTreeSet<u32>>,
}

/// The content, whole.
const WHOLE: &str = "BODY[]";

impl Facts {
    /// Somebody was told this of a message.
    pub(super) fn learn(&mut self, folder: &Folder, uid: u32, items: &[(String, Node)]) -> Result<(), String> {
        let known = self.messages.entry(folder.clone()).or_default().entry(uid).or_default();
        for (name, value) in items {
            note(known, name, value).map_err(|why| format!("UID {uid} of {}: {why}", folder.0))?;
        }
        Ok(())
    }

    /// RFC 3501 §6.4.7: a copy has the content, the date and (RFC 8474 §5.1) the EMAILID of what it is copied from.
    pub(super) fn copied(&mut self, (from, uid): (&Folder, u32), (to, copy): (&Folder, u32)) -> Result<(), String> {
        let of = |facts: &Self, folder: &Folder, uid| {
            let known = facts.messages.get(folder).and_then(|messages| messages.get(&uid));
            let items = known.into_iter().flatten().filter(|(name, _)| *name != "SAVEDATE");
            items.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
        };
        let (source, target) = (of(self, from, uid), of(self, to, copy));
        let told = |why| format!("UID {uid} of {} was copied to UID {copy} of {}: {why}", from.0, to.0);
        self.learn(to, copy, &source).map_err(told)?;
        self.learn(from, uid, &target).map_err(told)
    }

    /// Somebody was told that it is gone.
    pub(super) fn is_gone(&mut self, folder: &Folder, uid: u32) {
        self.gone.entry(folder.clone()).or_default().insert(uid);
    }

    /// RFC 3501 §2.3.1.1: a UID that went never comes again.
    pub(super) fn risen(&self, folder: &Folder, uids: impl Iterator<Item = u32>) -> Vec<u32> {
        let gone = self.gone.get(folder);
        uids.filter(|uid| gone.is_some_and(|gone| gone.contains(uid))).collect()
    }
}

/// Keeps an item, if it is one that never changes, and holds it against what is known.
fn note(known: &mut BTreeMap<String, Node>, name: &str, value: &Node) -> Result<(), String> {
    let name = match name {
        "FLAGS" | "UID" | "MODSEQ" => return Ok(()),
        "RFC822" => WHOLE,
        "RFC822.HEADER" => "BODY[HEADER]",
        "RFC822.TEXT" => "BODY[TEXT]",
        other => other,
    };
    let whole = known.get(WHOLE).cloned();
    if let Some((section, origin)) = name.strip_suffix('>').and_then(|name| name.rsplit_once('<')) {
        let full = known.get(section);
        return is_part(full, origin, value).map_err(|why| format!("{name}: {why}"));
    }
    if let Some(before) = known.get(name).filter(|before| *before != value) {
        return Err(format!("{name} was {}, and is {}", short(before), short(value)));
    }
    known.insert(name.to_owned(), value.clone());
    let whole = if name == WHOLE { Some(value) } else { whole.as_ref() };
    match whole {
        Some(Node::Text(whole)) => belongs(known, whole),
        _ => Ok(()),
    }
}

/// RFC 3501 §7.4.2: a part begins where it says and is as the whole is there.
fn is_part(full: Option<&Node>, origin: &str, value: &Node) -> Result<(), String> {
    let origin: usize = origin.parse().map_err(|_| "an origin that is no number")?;
    match (full, value) {
        (Some(Node::Text(full)), Node::Text(part)) if !full.get(origin..).unwrap_or_default().starts_with(part) => {
            Err("it is not what stands there in the whole".into())
        }
        _ => Ok(()),
    }
}

/// Sizes and sections follow from the content.
fn belongs(known: &BTreeMap<String, Node>, whole: &[u8]) -> Result<(), String> {
    let is = |name: &str, expected: &[u8]| match known.get(name) {
        Some(Node::Text(told)) if told != expected => Err(format!("{name} is not that of the content")),
        _ => Ok(()),
    };
    let size = known.get("RFC822.SIZE").and_then(Node::number);
    if let Some(size) = size.filter(|size| *size != whole.len() as u64) {
        return Err(format!("RFC822.SIZE {size} of {} octets", whole.len()));
    }
    let end = whole.windows(4).position(|four| four == b"\r\n\r\n").map_or(whole.len(), |at| at + 4);
    is("BODY[HEADER]", &whole[..end])?;
    is("BODY[TEXT]", &whole[end..])?;
    let id = known.get("ENVELOPE").and_then(|envelope| envelope.list().get(9));
    match id {
        Some(Node::Text(id)) if !whole.windows(id.len().max(1)).any(|part| part == id) => {
            Err(format!("ENVELOPE names {}, which is not in the content", String::from_utf8_lossy(id)))
        }
        _ => Ok(()),
    }
}

fn short(node: &Node) -> String {
    let text = match node {
        Node::Text(octets) => format!("{:?} ({} octets)", String::from_utf8_lossy(octets), octets.len()),
        other => format!("{other:?}"),
    };
    text.chars().take(200).collect()
}
