//! A pile of files sorted for sending: bundles per sender and recipient, in serial order, and what fits nowhere.

use std::collections::BTreeMap;

use crate::{
    Code, FileName, Lang, NameProblem, Party, Recognised, Serial, ServiceMonth, Slip, UnitFault, UnitKind, recognise,
};

/// A sorted pile. `T` is whatever the caller carries along: a path, the bytes, a handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered<T> {
    /// One per sender and recipient, ordered by both.
    pub bundles: Vec<Bundle<T>>,
    /// Files that are not of the standard. Their names route nothing, so the caller says where they belong.
    pub attachments: Vec<Attachment<T>>,
    /// Files of the standard, or meant to be, that cannot be sent as they are.
    pub left_out: Vec<LeftOut<T>>,
}

impl<T> Gathered<T> {
    /// The kinds of all send units, bundle after bundle in their order.
    pub fn kinds(&self) -> Vec<UnitKind> {
        self.bundles.iter().flat_map(|bundle| &bundle.units).map(|unit| unit.kind).collect()
    }

    /// The service month, if all files that have one agree.
    pub fn month(&self) -> Option<ServiceMonth> {
        one_month(self.bundles.iter().flat_map(|bundle| &bundle.units))
    }
}

impl<T> Bundle<T> {
    /// The service month, if all files that have one agree.
    pub fn month(&self) -> Option<ServiceMonth> {
        one_month(self.units.iter())
    }
}

fn one_month<'u, T: 'u>(units: impl Iterator<Item = &'u Unit<T>>) -> Option<ServiceMonth> {
    let mut months = units.flat_map(|unit| &unit.files).filter_map(|file| file.name.month());
    let first = months.next()?;
    months.all(|month| month == first).then_some(first)
}

/// 送信データ: everything that goes from one party to one other at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle<T> {
    /// Who sends.
    pub sender: Party,
    /// Who receives.
    pub recipient: Party,
    /// In serial order: a receiver works through them in that order whatever they are (標準仕様 2.5).
    pub units: Vec<Unit<T>>,
}

/// A complete send unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit<T> {
    /// What it is.
    pub kind: UnitKind,
    /// The serial its files share.
    pub serial: Serial,
    /// Its files, in the order of their kinds.
    pub files: Vec<Member<T>>,
}

/// A file of a send unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<T> {
    /// What the name says.
    pub name: FileName,
    /// The name as found on disk; it travels unchanged.
    pub written: String,
    /// Departures from the standard's spelling that receivers read all the same.
    pub slips: Vec<Slip>,
    /// What the caller carries along.
    pub payload: T,
}

/// A file that is not of the standard.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment<T> {
    /// Its name, which may be anything, a person's name included: never log it.
    pub written: String,
    /// What the caller carries along.
    pub payload: T,
}

/// A file that cannot be sent as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct LeftOut<T> {
    /// Its name, which may be anything: never log it.
    pub written: String,
    /// Why.
    pub why: WhyLeftOut,
    /// What the caller carries along.
    pub payload: T,
}

/// Why a file cannot be sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyLeftOut {
    /// The name cannot be read.
    Name(NameProblem),
    /// The files of this serial are not a send unit.
    Unit(UnitFault),
    /// Sender and recipient have the same office number.
    ToItself,
}

type Route = (Party, Party, Serial);

/// Sorts a pile of files by their names alone; nothing is read and nothing is lost.
pub fn gather<T>(pile: impl IntoIterator<Item = (String, T)>) -> Gathered<T> {
    let mut sorted = Gathered { bundles: Vec::new(), attachments: Vec::new(), left_out: Vec::new() };
    let mut sets: BTreeMap<Route, Vec<Member<T>>> = BTreeMap::new();
    for (written, payload) in pile {
        match recognise(&written) {
            Recognised::Attachment => sorted.attachments.push(Attachment { written, payload }),
            Recognised::NearMiss(problem) => {
                sorted.left_out.push(LeftOut { written, why: WhyLeftOut::Name(problem), payload });
            }
            Recognised::Standard { name, slips } => {
                let route = (name.sender(), name.recipient(), name.serial());
                sets.entry(route).or_default().push(Member { name, written, slips, payload });
            }
        }
    }
    // The map's order is sender, recipient, serial: each bundle's units come one after the other, oldest first.
    for ((sender, recipient, serial), files) in sets {
        match unit(sender, recipient, serial, files) {
            Ok(unit) => match sorted.bundles.last_mut() {
                Some(bundle) if (bundle.sender, bundle.recipient) == (sender, recipient) => bundle.units.push(unit),
                _ => sorted.bundles.push(Bundle { sender, recipient, units: vec![unit] }),
            },
            Err((why, files)) => {
                let left = |file: Member<T>| LeftOut { written: file.written, why: why.clone(), payload: file.payload };
                sorted.left_out.extend(files.into_iter().map(left));
            }
        }
    }
    sorted
}

fn unit<T>(
    sender: Party,
    recipient: Party,
    serial: Serial,
    mut files: Vec<Member<T>>,
) -> Result<Unit<T>, (WhyLeftOut, Vec<Member<T>>)> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    if sender.office == recipient.office {
        return Err((WhyLeftOut::ToItself, files));
    }
    match UnitKind::of(files.iter().map(|file| &file.name)) {
        Ok(kind) => Ok(Unit { kind, serial, files }),
        Err(fault) => Err((WhyLeftOut::Unit(fault), files)),
    }
}

impl WhyLeftOut {
    /// The finding code; none where the standard allows what the transport does not.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Name(problem) => Some(problem.code()),
            Self::Unit(_) => Some(Code::B001),
            Self::ToItself => None,
        }
    }

    /// What is wrong, in one sentence.
    pub fn sentence(&self, lang: Lang) -> String {
        match self {
            Self::Name(problem) => problem.sentence(lang),
            Self::Unit(fault) => fault.sentence(lang),
            Self::ToItself => lang
                .pick("送信元と送信先の事業所番号が同じです。", "Sender and recipient have the same office number.")
                .into(),
        }
    }

    /// What to do next.
    pub fn what_to_do(&self, lang: Lang) -> &'static str {
        match self {
            Self::Name(problem) => problem.what_to_do(lang),
            Self::Unit(fault) => fault.what_to_do(lang),
            Self::ToItself => lang.pick(
                "同じ事業所の中では、ファイルを直接渡してください。",
                "Within one office, hand the files over directly.",
            ),
        }
    }
}

/// Names outside the standard may hold a person's name, so they print as their length.
impl<T> std::fmt::Debug for Attachment<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment(‹{} private bytes›)", self.written.len())
    }
}

impl<T> std::fmt::Debug for LeftOut<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LeftOut(‹{} private bytes›, {:?})", self.written.len(), self.why)
    }
}

#[cfg(test)]
mod tests;
