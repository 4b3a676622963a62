//! What stands in a store's database and is not of its making, or is of its making and does not stand there as it was made.

use std::fmt;

/// A table, index, view or trigger that is not as the store makes it (Profile §8.30).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Foreign {
    /// `table`, `index`, `view` or `trigger`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The table or view that it is on; its own name, where it is on none.
    pub on: String,
    /// What is wrong with it.
    pub what: Odd,
}

/// What is wrong with an object of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Odd {
    /// The store makes none of this name.
    More,
    /// The store makes it, and it is not there.
    Missing,
    /// It is there, and is another than the store makes.
    Other,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, on, .. } = self;
        write!(f, "{kind} {name}")?;
        if on == name { Ok(()) } else { write!(f, " ON {on}") }
    }
}
