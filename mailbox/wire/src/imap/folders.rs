//! CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 §6.3.3-7, Profile §7.7).

use fumibako_model::{FolderId, FolderName, Refusal};

use super::Ask;
use super::cursor::{Cursor, Mailbox, Parsed};
use super::news::Done;
use super::select::Then;
use super::session::{Session, Work};

/// What is to happen to the tree of folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// `special`: a use is asked for (RFC 6154 §3).
    Create {
        mailbox: Mailbox,
        special: bool,
    },
    Delete(Mailbox),
    Rename {
        from: Mailbox,
        to: Mailbox,
    },
    Subscribe {
        mailbox: Mailbox,
        wanted: bool,
    },
}

/// The tree is being changed.
#[derive(Debug)]
pub(super) struct Tree {
    tag: String,
    done: What,
}

#[derive(Debug)]
enum What {
    Create,
    Delete(FolderName),
    Rename(FolderName, FolderName),
    Subscribe,
    Unsubscribe,
}

impl Tree {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Order {
    /// ```text
    /// create = "CREATE" SP mailbox [SP "(" [create-param *(SP create-param)] ")"] ; RFC 4466 §2.2, RFC 6154 §6
    /// ```
    pub(super) fn create(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mailbox = new_mailbox(cursor)?;
        let mut special = false;
        if cursor.take(b' ') {
            cursor.list(|cursor| {
                if !cursor.take_word("USE ") {
                    return cursor.bad("USE");
                }
                let uses = cursor.list(|cursor| {
                    cursor.need(b'\\', "\\")?;
                    cursor.atom().map(drop)
                })?;
                special |= !uses.is_empty();
                Ok(())
            })?;
        }
        Ok(Self::Create { mailbox, special })
    }

    pub(super) fn delete(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self::Delete(old_mailbox(cursor)?))
    }

    pub(super) fn rename(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self::Rename { from: old_mailbox(cursor)?, to: new_mailbox(cursor)? })
    }

    pub(super) fn subscribe(cursor: &mut Cursor<'_>, wanted: bool) -> Parsed<Self> {
        Ok(Self::Subscribe { mailbox: old_mailbox(cursor)?, wanted })
    }
}

fn old_mailbox(cursor: &mut Cursor<'_>) -> Parsed<Mailbox> {
    cursor.space()?;
    cursor.mailbox()
}

/// RFC 3501 §6.3.3: a trailing hierarchy separator only declares that names below will follow.
fn new_mailbox(cursor: &mut Cursor<'_>) -> Parsed<Mailbox> {
    cursor.space()?;
    let wire = cursor.astring()?;
    let name = (cursor.decode())(wire.strip_suffix(b"/").unwrap_or(&wire));
    Ok(name.and_then(|name| name.parse().ok()))
}

impl Session {
    pub(super) fn change_tree(&mut self, tag: String, order: Order) {
        let (ask, done) = match order {
            // RFC 6154 §3: the uses belong to the folders that have them, and no other folder gets one.
            Order::Create { special: true, .. } => {
                return self.no(&tag, "[USEATTR] Special uses belong to the folders every office has.");
            }
            Order::Create { mailbox: Some(name), .. } => (Ask::Create(name), What::Create),
            Order::Delete(Some(name)) => (Ask::Delete(name.clone()), What::Delete(name)),
            Order::Rename { from: Some(from), to: Some(to) } => {
                (Ask::Rename { from: from.clone(), to: to.clone() }, What::Rename(from, to))
            }
            Order::Subscribe { mailbox: Some(folder), wanted } => {
                (Ask::Subscribe { folder, wanted }, if wanted { What::Subscribe } else { What::Unsubscribe })
            }
            Order::Delete(None) | Order::Rename { from: None, .. } => {
                return self.refuse_here(&tag, Refusal::NoSuchFolder);
            }
            Order::Create { .. } | Order::Rename { .. } | Order::Subscribe { .. } => {
                return self.no(&tag, "[CANNOT] No folder can have this name.");
            }
        };
        match &ask {
            Ask::Create(name) | Ask::Delete(name) | Ask::Subscribe { folder: name, .. } => self.own_change(name),
            Ask::Rename { from, to } => {
                self.own_change(from);
                self.own_change(to);
            }
            _ => {}
        }
        self.ask(ask, Work::Tree(Tree { tag, done }));
    }

    pub(super) fn created(&mut self, Tree { tag, .. }: Tree, id: FolderId) {
        // RFC 8474 §4.2
        self.finish(Done::ok(tag, &format!("[MAILBOXID (F{})] CREATE done.", id.0)), false);
    }

    pub(super) fn tree_changed(&mut self, Tree { tag, done }: Tree) {
        match done {
            What::Create => self.finish(Done::ok(tag, "CREATE done."), false),
            // A folder that is open here is left: nothing can be asked of it any more.
            What::Delete(name) if self.view().is_some_and(|view| view.name == name) => {
                self.leave(Then::Say(tag, "DELETE done."));
            }
            What::Delete(_) => self.finish(Done::ok(tag, "DELETE done."), false),
            What::Rename(from, to) => {
                if let Some(view) = self.view() {
                    view.renamed(&from, &to);
                }
                // RFC 3501 §6.3.5: of INBOX the messages went.
                let emptied = from == FolderName::inbox();
                self.finish(Done::ok(tag, "RENAME done."), emptied);
            }
            What::Subscribe => self.finish(Done::ok(tag, "SUBSCRIBE done."), false),
            What::Unsubscribe => self.finish(Done::ok(tag, "UNSUBSCRIBE done."), false),
        }
    }
}
