//! The REFERENCES algorithm (RFC 5256 §3), step by step.

use std::collections::HashMap;

use super::forest::Forest;
use super::{Digest, Message, digest_of};
use crate::imap::settings::{ANCESTORS, REFERENCES, REFERRED};
use crate::mime::{Field, Header};

/// Who is whose parent, step (1).
#[derive(Debug, Default)]
pub(super) struct Links {
    nodes: Vec<Node>,
    ids: HashMap<Digest, usize>,
    /// The node of each message.
    of_message: Vec<usize>,
}

/// A message, or one that is only referred to.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    parent: Option<usize>,
    children: usize,
    message: Option<usize>,
}

impl Links {
    /// The next message, with its Message-ID and its references.
    pub(super) fn add(&mut self, message: usize, header: Header<'_>) {
        let field = |name: &str| header.get(name).map(Field::unfolded).unwrap_or_default();
        let node = self.node_of(message, first_id(&field("Message-ID")));
        let mut references = last_ids(&field("References"));
        if references.is_empty() {
            references.extend(first_id(&field("In-Reply-To")));
        }
        let chain: Vec<usize> = references.into_iter().filter_map(|id| self.reference(id)).collect();
        // (1.A) A link that is there already stays.
        for pair in chain.windows(2) {
            if self.nodes[pair[1]].parent.is_none() {
                self.link(pair[0], pair[1]);
            }
        }
        // (1.B) The last reference is the parent, whatever others said.
        self.unlink(node);
        if let Some(parent) = chain.last() {
            self.link(*parent, node);
        }
        self.of_message.push(node);
    }

    /// The node of a message; one that repeats an ID, or has none, gets a node that nothing refers to.
    fn node_of(&mut self, message: usize, id: Option<Digest>) -> usize {
        let known = id.map(|id| self.node(id)).filter(|node| self.nodes[*node].message.is_none());
        let node = known.unwrap_or_else(|| self.new_node());
        self.nodes[node].message = Some(message);
        node
    }

    /// So many messages are not there and referred to.
    #[cfg(test)]
    pub(super) fn referred(&self) -> usize {
        self.nodes.iter().filter(|node| node.message.is_none()).count()
    }

    /// The node that a message refers to.
    fn reference(&mut self, id: Digest) -> Option<usize> {
        let known = self.nodes.len() < REFERRED + self.of_message.len() + 1 || self.ids.contains_key(&id);
        known.then(|| self.node(id))
    }

    fn node(&mut self, id: Digest) -> usize {
        if let Some(node) = self.ids.get(&id) {
            return *node;
        }
        let node = self.new_node();
        self.ids.insert(id, node);
        node
    }

    fn new_node(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// Makes `parent` the parent of `child`, unless that would lead in a circle.
    fn link(&mut self, parent: usize, child: usize) {
        if parent == child || (self.nodes[child].children > 0 && self.may_descend(parent, child)) {
            return;
        }
        self.nodes[child].parent = Some(parent);
        self.nodes[parent].children += 1;
    }

    fn unlink(&mut self, child: usize) {
        if let Some(parent) = self.nodes[child].parent.take() {
            self.nodes[parent].children -= 1;
        }
    }

    /// Does `node` stand below `above`? Past [`ANCESTORS`] levels it may.
    fn may_descend(&self, node: usize, above: usize) -> bool {
        let mut ancestors = std::iter::successors(self.nodes[node].parent, |node| self.nodes[*node].parent);
        for _ in 0..ANCESTORS {
            match ancestors.next() {
                None => return false,
                Some(ancestor) if ancestor == above => return true,
                Some(_) => {}
            }
        }
        true
    }

    /// Steps (2) to (6).
    pub(super) fn forest(self, messages: &[Message]) -> Forest {
        let mut threads = Threads { forest: self.linked(), messages };
        threads.prune();
        let mut roots = std::mem::take(&mut threads.forest.roots);
        for root in &roots {
            if threads.forest.is_dummy(*root) {
                threads.sort_children(*root);
            }
        }
        threads.sort(&mut roots);
        threads.forest.roots = roots;
        threads.gather_subjects();
        for node in 0..threads.forest.children.len() {
            threads.sort_children(node);
        }
        let mut roots = std::mem::take(&mut threads.forest.roots);
        threads.sort(&mut roots);
        threads.forest.roots = roots;
        threads.forest
    }

    /// (2): the links as trees, in which messages come before those that are not there.
    fn linked(self) -> Forest {
        let mut forest = Forest::of(self.of_message.len());
        let place: Vec<usize> =
            self.nodes.iter().map(|node| node.message.unwrap_or_else(|| forest.add_dummy())).collect();
        for (at, node) in self.nodes.iter().enumerate() {
            match node.parent {
                Some(parent) => forest.children[place[parent]].push(place[at]),
                None => forest.roots.push(place[at]),
            }
        }
        forest
    }
}

struct Threads<'m> {
    forest: Forest,
    messages: &'m [Message],
}

impl Threads<'_> {
    /// (3): those that are not there go, and what stood below them moves up; but several do not move up to the root.
    fn prune(&mut self) {
        // Parents stand before their children here.
        let mut order = self.forest.roots.clone();
        let mut at = 0;
        while let Some(node) = order.get(at) {
            order.extend_from_slice(&self.forest.children[*node]);
            at += 1;
        }
        for node in order.into_iter().rev() {
            let children = std::mem::take(&mut self.forest.children[node]);
            let kept = self.without_dummies(children);
            self.forest.children[node] = kept;
        }
        let roots = std::mem::take(&mut self.forest.roots);
        for root in roots {
            match self.forest.children[root].as_slice() {
                [] if self.forest.is_dummy(root) => {}
                [only] if self.forest.is_dummy(root) => self.forest.roots.push(*only),
                _ => self.forest.roots.push(root),
            }
        }
    }

    /// Children whose own are pruned already.
    fn without_dummies(&mut self, children: Vec<usize>) -> Vec<usize> {
        if !children.iter().any(|child| self.forest.is_dummy(*child)) {
            return children;
        }
        let mut kept = Vec::with_capacity(children.len());
        for child in children {
            if self.forest.is_dummy(child) {
                let mut own = std::mem::take(&mut self.forest.children[child]);
                kept.append(&mut own);
            } else {
                kept.push(child);
            }
        }
        kept
    }

    /// The message that stands for a node: itself, or its first child.
    fn face(&self, node: usize) -> Option<&Message> {
        self.messages.get(node).or_else(|| self.messages.get(*self.forest.children[node].first()?))
    }

    fn sort(&self, siblings: &mut [usize]) {
        siblings.sort_by_cached_key(|node| self.face(*node).map(|face| (face.sent, face.place)));
    }

    fn sort_children(&mut self, node: usize) {
        let mut children = std::mem::take(&mut self.forest.children[node]);
        self.sort(&mut children);
        self.forest.children[node] = children;
    }

    /// (5): threads of one subject become one.
    fn gather_subjects(&mut self) {
        let roots = std::mem::take(&mut self.forest.roots);
        let mut table = self.subjects(&roots);
        // A root that became another's child.
        let mut below = vec![false; self.forest.children.len()];
        let mut made = Vec::new();
        for root in &roots {
            let Some(subject) = self.subject(*root).filter(|_| !below[*root]) else { continue };
            let Some(head) = table.get(&subject).copied().filter(|head| head != root) else { continue };
            below[*root] = true;
            match (self.forest.is_dummy(head), self.forest.is_dummy(*root)) {
                (true, true) => {
                    let mut children = std::mem::take(&mut self.forest.children[*root]);
                    self.forest.children[head].append(&mut children);
                }
                (true, false) => self.forest.children[head].push(*root),
                (false, _) if self.is_reply(*root) && !self.is_reply(head) => self.forest.children[head].push(*root),
                (false, _) => {
                    let dummy = self.forest.add_dummy();
                    below.push(false);
                    below[head] = true;
                    self.forest.children[dummy] = vec![head, *root];
                    made.push(dummy);
                    table.insert(subject, dummy);
                }
            }
        }
        self.forest.roots = roots.into_iter().chain(made).filter(|root| !below[*root]).collect();
    }

    /// (5.B): of each subject the root under which the others go.
    fn subjects(&self, roots: &[usize]) -> HashMap<Digest, usize> {
        let mut table: HashMap<Digest, usize> = HashMap::new();
        for root in roots {
            let Some(subject) = self.subject(*root) else { continue };
            match table.get_mut(&subject) {
                None => {
                    table.insert(subject, *root);
                }
                Some(head) if !self.forest.is_dummy(*head) => {
                    let dummy = self.forest.is_dummy(*root);
                    if dummy || (self.is_reply(*head) && !self.is_reply(*root)) {
                        *head = *root;
                    }
                }
                Some(_) => {}
            }
        }
        table
    }

    /// (5.B.i); an empty one is none.
    fn subject(&self, root: usize) -> Option<Digest> {
        self.face(root)?.subject
    }

    fn is_reply(&self, root: usize) -> bool {
        self.messages.get(root).is_some_and(|message| message.is_reply)
    }
}

/// The first Message-ID in a value.
fn first_id(value: &[u8]) -> Option<Digest> {
    let mut rest = value;
    std::iter::from_fn(|| bracketed(&mut rest)).find_map(id)
}

/// The last Message-IDs in a value, in their order.
fn last_ids(value: &[u8]) -> Vec<Digest> {
    let mut rest = value;
    let all: Vec<&[u8]> = std::iter::from_fn(|| bracketed(&mut rest)).filter(|text| is_id(text)).collect();
    all[all.len().saturating_sub(REFERENCES)..].iter().filter_map(|text| id(text)).collect()
}

/// What stands between the next `<` and `>`.
fn bracketed<'v>(rest: &mut &'v [u8]) -> Option<&'v [u8]> {
    loop {
        let inside = &rest[memchr::memchr(b'<', rest)? + 1..];
        let close = memchr::memchr2(b'<', b'>', inside)?;
        *rest = &inside[close..];
        if inside[close] == b'>' {
            return Some(&inside[..close]);
        }
    }
}

/// RFC 5256 §3: how a Message-ID is quoted does not matter.
fn plain(text: &[u8]) -> impl DoubleEndedIterator<Item = u8> + Clone + '_ {
    text.iter().copied().filter(|byte| !matches!(byte, b'"' | b'\\' | b' ' | b'\t'))
}

/// ```text
/// msg-id = id-left "@" id-right
/// ```
fn is_id(text: &[u8]) -> bool {
    let mut ends = plain(text);
    // Neither side of the last `@` is empty.
    ends.next_back().is_some_and(|last| last != b'@') && ends.skip(1).any(|byte| byte == b'@')
}

fn id(text: &[u8]) -> Option<Digest> {
    is_id(text).then(|| digest_of(&plain(text).collect::<Vec<u8>>()))
}
