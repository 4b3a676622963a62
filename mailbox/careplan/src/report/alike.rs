//! The same finding in many rows, told once: a fault of the software repeats in every row it writes.

use std::collections::HashMap;

use crate::Lang;
use crate::finding::Finding;

/// Rows named one by one; the rest are counted.
const MOST_ROWS: usize = 10;

/// A finding and the places where it is found again.
pub(super) struct Alike<'a> {
    pub(super) first: &'a Finding,
    rows: Vec<u64>,
    /// Places beside the first, those included that were counted but not listed.
    others: u64,
}

/// Groups findings that say the same of the same column, in the order of their first places.
pub(super) fn grouped<'a>(findings: &[&'a Finding]) -> Vec<Alike<'a>> {
    let mut groups: Vec<Alike<'a>> = Vec::new();
    let mut known = HashMap::new();
    for finding in findings {
        let said = (finding.code, finding.column, finding.sentence(Lang::En));
        let group = *known.entry(said).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => {
                group.others += 1 + finding.more;
                group.rows.extend(finding.row);
            }
            None => groups.push(Alike { first: finding, rows: Vec::new(), others: finding.more }),
        }
    }
    groups
}

impl Alike<'_> {
    /// Where else it is found; nothing if nowhere.
    pub(super) fn elsewhere(&self, lang: Lang) -> Option<String> {
        let named: Vec<String> = self.rows.iter().take(MOST_ROWS).map(u64::to_string).collect();
        let rest = if self.others > named.len() as u64 { "…" } else { "" };
        let (others, rows) = (self.others, named.join(", "));
        match lang {
            _ if others == 0 => None,
            Lang::Ja if rows.is_empty() => Some(format!("同じことが、ほかに{others}か所あります。")),
            Lang::Ja => Some(format!("同じことが、ほかに{others}か所あります（{rows}{rest}行目）。")),
            Lang::En if rows.is_empty() => Some(format!("The same in {others} other places.")),
            Lang::En => Some(format!("The same in {others} other places (rows {rows}{rest}).")),
        }
    }
}
