//! 送信データ: the `Fumibako-Bundle` field, which says what a message carries without opening it.

use std::fmt;
use std::str::FromStr;

use fumibako_careplan::{Lang, UnitKind};

/// The field's name.
pub const BUNDLE_FIELD: &str = "Fumibako-Bundle";
/// Longest field value read, in bytes.
pub const BUNDLE_FIELD_BYTES: usize = 998;

/// What a bundle reveals of itself (Profile §4): kinds, month, serial, counts; never names.
///
/// ```text
/// Fumibako-Bundle: v=1; units=use-table; month=202611; serial=20261105101010; files=3; size=48211
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFacts {
    /// The ids of its send units, in serial order.
    pub units: Vec<String>,
    /// The service month `YYYYMM`, if all units that have one agree.
    pub month: Option<String>,
    /// The first serial.
    pub serial: Option<String>,
    /// How many files, attachments included.
    pub files: u32,
    /// Bytes of all files.
    pub size: u64,
}

/// The field cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBundleFacts {
    /// `v` is missing or newer than 1.
    #[error("the Fumibako-Bundle field is of a version this program does not know")]
    Version,
    /// A parameter is missing, repeated or malformed.
    #[error("the Fumibako-Bundle field is not well formed")]
    Malformed,
}

impl BundleFacts {
    /// The kinds of its send units by the names people know, in their order, one that follows itself once. A kind that this version does
    /// not know keeps its id if that is a word of ASCII, since whoever sent it wrote it; nothing where there is no unit.
    pub fn kinds(&self, lang: Lang) -> String {
        let name = |id: &String| match id.parse::<UnitKind>() {
            Ok(unit) => unit.name(lang).to_owned(),
            Err(_) if id.bytes().all(|b| b.is_ascii_graphic()) => id.clone(),
            Err(_) => "?".to_owned(),
        };
        let mut names: Vec<String> = self.units.iter().map(name).collect();
        names.dedup();
        names.join(lang.pick("、", ", "))
    }

    /// The service month as people read it, `2026-11`.
    pub fn year_month(&self) -> Option<String> {
        let (year, month) = self.month.as_deref()?.split_at_checked(4)?;
        Some(format!("{year}-{month}"))
    }
}

impl fmt::Display for BundleFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=1; units={}", self.units.join(","))?;
        for (name, value) in [("month", &self.month), ("serial", &self.serial)] {
            if let Some(value) = value {
                write!(f, "; {name}={value}")?;
            }
        }
        write!(f, "; files={}; size={}", self.files, self.size)
    }
}

impl FromStr for BundleFacts {
    type Err = NotBundleFacts;

    /// Unknown parameters are ignored; `v` rises only on incompatible change (Profile §4).
    fn from_str(text: &str) -> Result<Self, NotBundleFacts> {
        use NotBundleFacts::{Malformed, Version};
        if text.len() > BUNDLE_FIELD_BYTES {
            return Err(Malformed);
        }
        let mut parameters = Vec::new();
        for parameter in text.split(';').map(str::trim) {
            let (name, value) = parameter.split_once('=').ok_or(Malformed)?;
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(Malformed);
            }
            parameters.push((name, value));
        }
        let find = |wanted: &str| parameters.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let digits = |wanted: &str, length: usize| match find(wanted) {
            Some(v) if v.len() == length && v.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(v.to_owned())),
            Some(_) => Err(Malformed),
            None => Ok(None),
        };
        if find("v") != Some("1") {
            return Err(Version);
        }
        Ok(Self {
            units: find("units").ok_or(Malformed)?.split(',').map(str::to_owned).collect(),
            month: digits("month", 6)?,
            serial: digits("serial", 14)?,
            files: find("files").and_then(|n| n.parse().ok()).ok_or(Malformed)?,
            size: find("size").and_then(|n| n.parse().ok()).ok_or(Malformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: &str = "v=1; units=plan,use-table; month=202611; serial=20261105101010; files=3; size=48211";

    #[test]
    fn what_is_written_can_be_read() {
        let facts: BundleFacts = FIELD.parse().unwrap();
        assert_eq!(facts.units, ["plan", "use-table"]);
        assert_eq!(facts.to_string(), FIELD);
    }

    #[test]
    fn kinds_have_names_and_what_a_stranger_wrote_steers_nothing() {
        let mut facts: BundleFacts = FIELD.parse().unwrap();
        assert_eq!(facts.year_month().as_deref(), Some("2026-11"));
        let (plan, table) = ("plan".parse::<UnitKind>().unwrap(), "use-table".parse::<UnitKind>().unwrap());
        assert_eq!(facts.kinds(Lang::Ja), format!("{}、{}", plan.name(Lang::Ja), table.name(Lang::Ja)));
        for (id, shown) in [("newer-kind", "newer-kind"), ("a\u{1b}[2J", "?"), ("\u{202e}plan", "?"), ("", "")] {
            facts.units = vec![id.into(), id.into(), "plan".into()];
            assert_eq!(facts.kinds(Lang::En), format!("{shown}, {}", plan.name(Lang::En)), "{id:?}");
        }
    }

    #[test]
    fn unknown_parameters_are_ignored() {
        let more = format!("{FIELD}; colour=green");
        assert_eq!(more.parse::<BundleFacts>(), FIELD.parse());
    }

    #[test]
    fn a_newer_version_is_not_guessed_at() {
        assert_eq!(FIELD.replace("v=1", "v=2").parse::<BundleFacts>(), Err(NotBundleFacts::Version));
    }

    #[test]
    fn repeated_missing_and_crooked_parameters_are_refused() {
        for bad in [
            &format!("{FIELD}; files=3"),
            &FIELD.replace("files=3", "files=three"),
            &FIELD.replace("; size=48211", ""),
            &FIELD.replace("202611", "2026-11"),
            &format!("{FIELD}; {}", "x".repeat(BUNDLE_FIELD_BYTES)),
        ] {
            assert_eq!(bad.parse::<BundleFacts>(), Err(NotBundleFacts::Malformed), "{bad}");
        }
    }
}
