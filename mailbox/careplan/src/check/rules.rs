//! What holds between the values of a row, between rows, and between a row and the file name.

use std::collections::HashMap;

use super::book::Book;
use super::content::Cells;
use crate::ServiceMonth;
use crate::finding::Fault;
use crate::layout::{Form, Layout, Rule};
use crate::name::{NamedMonth, Parts};

/// 保険者番号 and 被保険者番号: who a row is about.
pub(super) type Person = [u8; 16];

/// A person and the date that joins files of a unit: 作成日 or 相談日.
pub(super) type Join = [u8; 24];

/// Service kinds of care management. Its offices receive use tables without providing a service in them.
const CARE_MANAGEMENT: [&str; 3] = ["43", "46", "AF"];

/// Who is in a file, and what was seen of them.
#[derive(Default)]
pub(super) struct People {
    seen: Vec<Seen>,
    index: HashMap<Person, usize>,
    /// The person of the row before: files are written person by person.
    last: usize,
    /// First row of each person and date, for the files that join on it.
    pub(super) joins: HashMap<Join, u64>,
    last_join: Option<Join>,
    /// Names of pictures, with their row and column.
    pub(super) pictures: Vec<(Vec<u8>, u64, usize)>,
}

pub(super) struct Seen {
    pub(super) person: Person,
    pub(super) first_row: u64,
    total: bool,
    served: bool,
}

impl People {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter()
    }

    pub(super) fn hold(&self, person: &Person) -> bool {
        self.index.contains_key(person)
    }

    fn meet(&mut self, person: Person, row: u64) -> &mut Seen {
        if self.seen.get(self.last).is_none_or(|seen| seen.person != person) {
            self.last = *self.index.entry(person).or_insert(self.seen.len());
            if self.last == self.seen.len() {
                self.seen.push(Seen { person, first_row: row, total: false, served: false });
            }
        }
        &mut self.seen[self.last]
    }

    fn join(&mut self, person: Person, date: &[u8], row: u64) {
        let mut join: Join = [0; 24];
        join[..16].copy_from_slice(&person);
        join[16..].iter_mut().zip(date).for_each(|(to, from)| *to = *from);
        if self.last_join != Some(join) {
            self.last_join = Some(join);
            self.joins.entry(join).or_insert(row);
        }
    }
}

/// The rules of a layout, with what they remember from row to row.
#[derive(Default)]
pub(super) struct Rules {
    layout: Option<&'static Layout>,
    insurer: usize,
    insured: usize,
    keys: HashMap<Key, u64>,
}

/// The values of a unique key, each padded to its column's length. The longest key has 34 characters.
type Key = [u8; 40];

impl Rules {
    pub(super) fn of(layout: &'static Layout) -> Self {
        let at = |id| layout.position(id).unwrap_or(0);
        Self { layout: Some(layout), insurer: at("insurer_no"), insured: at("insured_no"), keys: HashMap::new() }
    }

    /// Checks one row. False if it cannot be said whom the row is about.
    pub(super) fn row(
        &mut self,
        parts: &Parts,
        cells: &Cells<'_>,
        row: u64,
        people: &mut People,
        book: &mut Book<'_>,
    ) -> bool {
        let Some(layout) = self.layout else { return false };
        let person = self.person(cells);
        if let Some(person) = person {
            people.meet(person, row);
        }
        for rule in &layout.rules {
            if let Some((column, fault)) = against_name(rule, parts, cells).or_else(|| within_row(rule, layout, cells))
            {
                book.value(fault, row, column, cells.raw(column));
            }
            if let Rule::Unique(columns) = rule {
                self.unique(layout, columns, cells, row, book);
            }
            if let Some(person) = person {
                remember(rule, layout, parts, cells, (person, row), people);
            }
        }
        person.is_some()
    }

    fn person(&self, cells: &Cells<'_>) -> Option<Person> {
        let mut person = [0; 16];
        person[..6].copy_from_slice(cells.sound(self.insurer)?.get(..6)?);
        person[6..].copy_from_slice(cells.sound(self.insured)?.get(..10)?);
        Some(person)
    }

    /// X004: no two rows of one key. Numbers compare as numbers; a row without any number is not numbered at all.
    fn unique(&mut self, layout: &Layout, columns: &[usize], cells: &Cells<'_>, row: u64, book: &mut Book<'_>) {
        let mut key: Key = [0; 40];
        let (mut at, mut numbers, mut empty) = (0, 0, 0);
        for column in columns {
            let Some(facts) = layout.columns.get(*column) else { return };
            let longest = facts.longest.unwrap_or(0);
            let value = match (cells.sound(*column), facts.form) {
                (Some(value), Form::Int { .. }) => {
                    numbers += 1;
                    without_leading_zeros(value)
                }
                (Some(value), _) => value,
                (None, Form::Int { .. }) if cells.raw(*column).is_empty() => {
                    numbers += 1;
                    empty += 1;
                    b""
                }
                (None, _) => return,
            };
            let room = key.get_mut(at..at + longest).unwrap_or_default();
            room.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
            at += longest;
        }
        if numbers > 0 && empty == numbers {
            return;
        }
        let first = *self.keys.entry(key).or_insert(row);
        if first != row {
            book.row(Fault::Duplicate { first }, row);
        }
    }

    /// What can be said only at the end of the file: every person has a grand total, every person is served.
    pub(super) fn close(&self, parts: &Parts, people: &People, book: &mut Book<'_>) {
        for rule in self.layout.iter().flat_map(|layout| &layout.rules) {
            match rule {
                Rule::Total { service, .. } => {
                    let without = people.iter().filter(|seen| !seen.total);
                    without.for_each(|seen| book.value(Fault::NoTotal, seen.first_row, *service, b""));
                }
                Rule::Served(office) if !is_care_management(parts) => {
                    let without = people.iter().filter(|seen| !seen.served);
                    let fault = Fault::NotServed(parts.recipient.office);
                    without.for_each(|seen| book.value(fault.clone(), seen.first_row, *office, b""));
                }
                _ => {}
            }
        }
    }
}

fn is_care_management(parts: &Parts) -> bool {
    parts.recipient.kind().is_some_and(|kind| CARE_MANAGEMENT.contains(&kind.as_str()))
}

/// Leading zeros do not make another number.
fn without_leading_zeros(value: &[u8]) -> &[u8] {
    let zeros = value.iter().take_while(|b| **b == b'0').count();
    value.get(zeros..).unwrap_or_default()
}

fn against_name(rule: &Rule, parts: &Parts, cells: &Cells<'_>) -> Option<(usize, Fault)> {
    match rule {
        Rule::Month(column) => {
            let NamedMonth::Service(named) = parts.month else { return None };
            let found = ServiceMonth::read(cells.sound(*column)?)?;
            (found != named).then_some((*column, Fault::MonthDiffers(named)))
        }
        Rule::Sender { office, stated } => {
            let (found, sender) = (cells.sound(*office)?, parts.sender.office);
            let fault = Fault::SenderDiffers { sender, stated: *stated };
            (found != sender.as_str().as_bytes()).then_some((*office, fault))
        }
        Rule::Planner(office) => {
            let (found, recipient) = (cells.sound(*office)?, parts.recipient.office);
            (found != recipient.as_str().as_bytes()).then_some((*office, Fault::PlannerDiffers(recipient)))
        }
        Rule::Link { date, month } => {
            let (date, month_text) = (cells.sound(*date)?, cells.sound(*month)?);
            // 標準仕様: with tables 1-3 the month is 000000, with tables 6 and 7 the plan date is 00000000.
            let (dated, monthly) = (date != b"00000000", month_text != b"000000");
            match parts.month {
                _ if dated == monthly => Some((*month, Fault::Link)),
                NamedMonth::Zero if monthly => Some((*month, Fault::Link)),
                NamedMonth::Service(_) if dated => Some((*month, Fault::Link)),
                NamedMonth::Service(named) => {
                    let found = ServiceMonth::read(month_text);
                    (found != Some(named)).then_some((*month, Fault::MonthDiffers(named)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn within_row(rule: &Rule, layout: &Layout, cells: &Cells<'_>) -> Option<(usize, Fault)> {
    match rule {
        Rule::Within { date, month } => {
            let (day, month) = (cells.sound(*date)?, cells.sound(*month)?);
            (!day.starts_with(month)).then_some((*date, Fault::DateOutside))
        }
        Rule::Equipment { service, tais, notice } => {
            let code = cells.sound(*service)?;
            // 17 and 67 rent equipment. Their add-ons (item 8…) and the subtotals of table 7 name no equipment.
            let rents = code.starts_with(b"17") || code.starts_with(b"67");
            let is_item = code.get(2).is_some_and(|item| item.is_ascii_digit() && *item != b'8');
            let none = cells.raw(*tais).is_empty() && cells.raw(*notice).is_empty();
            (rents && is_item && none).then_some((*tais, Fault::Equipment))
        }
        Rule::When { column, value, then } => {
            let other = layout.columns.get(*column)?.name;
            let missing = cells.sound(*column)? == *value && cells.raw(*then).is_empty();
            missing.then_some((*then, Fault::RequiredWhen { other }))
        }
        _ => None,
    }
}

fn remember(
    rule: &Rule,
    layout: &Layout,
    parts: &Parts,
    cells: &Cells<'_>,
    (person, row): (Person, u64),
    people: &mut People,
) {
    match rule {
        Rule::Total { service, code, office, total }
            if cells.raw(*service) == *code && cells.raw(*office) == *total =>
        {
            people.meet(person, row).total = true;
        }
        Rule::Served(office) if cells.raw(*office) == parts.recipient.office.as_str().as_bytes() => {
            people.meet(person, row).served = true;
        }
        Rule::Parent(date) | Rule::Child { date, .. } => {
            let or = layout.columns.get(*date).and_then(|column| column.or);
            if let Some(day) = cells.sound(*date).filter(|day| Some(*day) != or) {
                people.join(person, day, row);
            }
        }
        Rule::Image(column) => {
            if let Some(name) = cells.sound(*column) {
                people.pictures.push((name.to_vec(), row, *column));
            }
        }
        _ => {}
    }
}
