//! SORT (RFC 5256 §3, RFC 5957, Profile §7.42).

use std::cmp::Ordering;

use fumibako_model::Entry;

use super::casemap::{fold_lossy, fold_within};
use super::cursor::{Cursor, Parsed};
use super::date::sent_at;
use super::settings::{CRITERIA, SORTED_BYTES};
use crate::mime::{Address, Field, Header, addresses, unstructured};

mod subject;
pub(super) use subject::base_subject;

/// One of the things by which messages are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Criterion {
    key: Key,
    reverse: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Arrival,
    Cc,
    Date,
    From,
    Size,
    Subject,
    To,
    DisplayFrom,
    DisplayTo,
}

impl Criterion {
    /// ```text
    /// sort-criteria  = "(" sort-criterion *(SP sort-criterion) ")"
    /// sort-criterion = ["REVERSE" SP] sort-key
    /// ```
    pub(super) fn list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Self>> {
        let criteria = cursor.list(|cursor| {
            let reverse = cursor.take_word("REVERSE ");
            Ok(Self { key: Key::read(cursor)?, reverse })
        })?;
        if !(1..=CRITERIA).contains(&criteria.len()) {
            return cursor.bad("1 to 20 criteria before");
        }
        // What is alike by a criterion is alike by it a second time.
        let mut distinct: Vec<Self> = Vec::with_capacity(criteria.len());
        for criterion in criteria {
            if distinct.iter().all(|known| known.key != criterion.key) {
                distinct.push(criterion);
            }
        }
        Ok(distinct)
    }
}

impl Key {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(match &*cursor.word()? {
            "ARRIVAL" => Self::Arrival,
            "CC" => Self::Cc,
            "DATE" => Self::Date,
            "FROM" => Self::From,
            "SIZE" => Self::Size,
            "SUBJECT" => Self::Subject,
            "TO" => Self::To,
            "DISPLAYFROM" => Self::DisplayFrom,
            "DISPLAYTO" => Self::DisplayTo,
            _ => return cursor.bad("a criterion of SORT before"),
        })
    }

    fn value(self, entry: &Entry, header: Header<'_>) -> Value {
        let first = |name: &str| header.get(name).and_then(|field| addresses(&field.unfolded(), 1).into_iter().next());
        match self {
            Self::Arrival => Value::Number(entry.received_at.as_millisecond()),
            Self::Size => Value::Number(i64::try_from(entry.size).unwrap_or(i64::MAX)),
            Self::Date => Value::Number(sent(entry, header)),
            Self::Subject => {
                let subject = header.get("Subject").map(Field::text).unwrap_or_default();
                Value::Text(fold_within(&base_subject(&subject).0, SORTED_BYTES))
            }
            Self::Cc => mailbox(first("Cc")),
            Self::From => mailbox(first("From")),
            Self::To => mailbox(first("To")),
            Self::DisplayFrom => display(first("From")),
            Self::DisplayTo => display(first("To")),
        }
    }
}

/// RFC 5256 §2.2: the sent date, or INTERNALDATE where there is none; to the second.
pub(super) fn sent(entry: &Entry, header: Header<'_>) -> i64 {
    let sent = header.get("Date").and_then(|field| sent_at(&field.unfolded()));
    sent.unwrap_or(entry.received_at).as_second()
}

/// addr-mailbox as ENVELOPE shows it: of a group, its name.
fn mailbox(address: Option<Address>) -> Value {
    Value::Text(match address {
        Some(Address::Mailbox { local, .. }) => fold_lossy(&local, SORTED_BYTES),
        Some(Address::Group(name)) => fold_lossy(&name, SORTED_BYTES),
        Some(Address::GroupEnd) | None => Box::default(),
    })
}

/// RFC 5957 §3: the name, decoded; else the address.
fn display(address: Option<Address>) -> Value {
    let Some(Address::Mailbox { name, local, host, .. }) = address else { return mailbox(address) };
    let name = name.map(|name| unstructured(&name)).filter(|name| !name.is_empty());
    Value::Text(match name {
        Some(name) => fold_within(&name, SORTED_BYTES),
        None if host.is_empty() => fold_lossy(&local, SORTED_BYTES),
        None => fold_lossy(&[&local[..], b"@", &host].concat(), SORTED_BYTES),
    })
}

/// What of a message is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    /// Folded. RFC 5256 §3: what is absent is empty, and comes first.
    Text(Box<str>),
}

/// A SORT under way: the messages found so far, by place.
#[derive(Debug)]
pub(super) struct Sorting {
    criteria: Vec<Criterion>,
    messages: Vec<(usize, Box<[Value]>)>,
}

impl Sorting {
    pub(super) fn new(criteria: Vec<Criterion>) -> Self {
        Self { criteria, messages: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Must headers be read?
    pub(super) fn needs_heads(&self) -> bool {
        self.criteria.iter().any(|criterion| !matches!(criterion.key, Key::Arrival | Key::Size))
    }

    pub(super) fn add(&mut self, place: usize, entry: &Entry, header: Header<'_>) {
        let values = self.criteria.iter().map(|criterion| criterion.key.value(entry, header)).collect();
        self.messages.push((place, values));
    }

    /// The places in their order.
    pub(super) fn sorted(mut self) -> Vec<usize> {
        let criteria = std::mem::take(&mut self.criteria);
        self.messages.sort_unstable_by(|(place, one), (other_place, other)| {
            let compared = one.iter().zip(other).zip(&criteria).map(|((one, other), criterion)| {
                let order = one.cmp(other);
                if criterion.reverse { order.reverse() } else { order }
            });
            // RFC 5256 §3: what is alike stands as in the folder; REVERSE does not change that.
            compared.fold(Ordering::Equal, Ordering::then).then(place.cmp(other_place))
        });
        self.messages.into_iter().map(|(place, _)| place).collect()
    }
}
