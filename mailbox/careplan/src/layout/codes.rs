//! Code tables: which values a code column may hold, and what they mean.

use std::sync::OnceLock;

/// One code table. Values have one or two characters, so a table is a short list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Codes(&'static Table);

#[derive(PartialEq, Eq)]
struct Table {
    name: &'static str,
    values: Vec<(&'static str, &'static str)>,
}

impl Codes {
    pub(crate) fn named(name: &str) -> Option<Self> {
        tables().iter().find(|table| table.name == name).map(Self)
    }

    pub(crate) fn holds(self, value: &[u8]) -> bool {
        self.0.values.iter().any(|(code, _)| code.as_bytes() == value)
    }

    /// `1 男性, 2 女性`: what would have been allowed.
    pub(crate) fn listed(self) -> String {
        let values = self.0.values.iter().map(|(code, meaning)| format!("{code} {meaning}"));
        values.collect::<Vec<_>>().join(", ")
    }

    #[cfg(test)]
    pub(crate) fn values(self) -> Vec<&'static str> {
        self.0.values.iter().map(|(code, _)| *code).collect()
    }
}

impl std::fmt::Debug for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name)
    }
}

fn tables() -> &'static [Table] {
    static TABLES: OnceLock<Vec<Table>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut tables: Vec<Table> = Vec::new();
        for line in include_str!("../../layouts/codes.txt").lines() {
            match (line.strip_prefix("  "), tables.last_mut()) {
                (Some(value), Some(table)) => table.values.extend(value.split_once(' ')),
                _ if line.is_empty() || line.starts_with('#') => {}
                _ => tables.push(Table { name: line, values: Vec::new() }),
            }
        }
        tables
    })
}
