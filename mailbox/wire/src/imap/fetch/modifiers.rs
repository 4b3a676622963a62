//! Which of the messages a FETCH names are answered (RFC 4466 §2.1).

use fumibako_model::ModSeq;

use crate::imap::command::By;
use crate::imap::cursor::{Cursor, Parsed};
use crate::imap::window::Window;

/// What stands behind the items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::imap) struct Modifiers {
    /// Some of them, by place among all (RFC 9394 §3.3).
    pub(super) partial: Option<Window>,
    /// Those that changed after this (RFC 7162 §3.1.4.1).
    pub(super) changed_since: Option<ModSeq>,
    /// And what went after it (RFC 7162 §3.2.6).
    pub(super) vanished: bool,
}

impl Modifiers {
    /// ```text
    /// fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")"
    /// fetch-modifier  = "PARTIAL" SP partial-range / "CHANGEDSINCE" SP mod-sequence-value / "VANISHED"
    /// ```
    pub(in crate::imap) fn read(cursor: &mut Cursor<'_>, by: By) -> Parsed<Self> {
        let mut modifiers = Self::default();
        if !cursor.take(b' ') {
            return Ok(modifiers);
        }
        let read = cursor.list(|cursor| modifiers.modifier(cursor, by))?;
        if read.is_empty() { cursor.bad("a modifier before") } else { Ok(modifiers) }
    }

    fn modifier(&mut self, cursor: &mut Cursor<'_>, by: By) -> Parsed<()> {
        match &*cursor.word()? {
            "PARTIAL" if by == By::Uid && self.partial.is_none() => {
                cursor.space()?;
                self.partial = Some(Window::read(cursor)?);
            }
            "CHANGEDSINCE" if self.changed_since.is_none() => {
                cursor.space()?;
                self.changed_since = Some(ModSeq(cursor.number()?));
            }
            "VANISHED" => self.vanished = true,
            _ => return cursor.bad("a modifier of FETCH before"),
        }
        Ok(())
    }
}
