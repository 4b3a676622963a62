//! 取消: the delete that withdraws what a file brought (標準仕様 2.5; the layouts of the DLT files say what names it).

use std::collections::BTreeSet;

use crate::{FileName, Kind, Serial, Sheet};

/// Where a delete's value stands in what is withdrawn.
enum From {
    /// In this column.
    Column(&'static str),
    /// It is the kind, the first two characters, of the service code in this column.
    KindOf(&'static str),
}

/// A delete's columns beside insurer and insured person.
type Rest = &'static [(&'static str, From)];

/// Which delete withdraws a kind, and the rest of its columns. Annexes go with what they are annexed to.
fn delete_of(kind: Kind) -> Option<(Kind, Rest)> {
    const PLAN: Rest = &[("plan_date", From::Column("plan_date"))];
    const MONTH: Rest = &[("delete_month", From::Column("target_month"))];
    const RESULTS: Rest = &[
        ("delete_month", From::Column("target_month")),
        ("provider_no", From::Column("provider_no")),
        ("service_kind", From::KindOf("service_code")),
    ];
    const BASIC: Rest = &[("consulted_on", From::Column("consulted_on"))];
    match kind {
        Kind::Table1 => Some((Kind::DeletePlan, PLAN)),
        Kind::UseTable => Some((Kind::DeleteUseTable, MONTH)),
        Kind::Results => Some((Kind::DeleteResults, RESULTS)),
        Kind::PreventionBasic => Some((Kind::DeletePreventionBasic, BASIC)),
        Kind::PreventionPlan => Some((Kind::DeletePreventionPlan, PLAN)),
        _ => None,
    }
}

/// The delete that withdraws what this file brought, under a serial of its own. None: nothing withdraws a file of this kind, or it
/// is not as the standard has it.
///
/// ```
/// use fumibako_careplan::withdrawal;
///
/// let delete = "DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV".parse()?;
/// assert!(withdrawal(&delete, b"202407,999903,9900000011,202510\r\n", "20251003120100".parse()?).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn withdrawal(name: &FileName, bytes: &[u8], serial: Serial) -> Option<(FileName, Vec<u8>)> {
    let (kind, rest) = delete_of(name.kind())?;
    let brought = Sheet::read(name, bytes).ok()?;
    let mut delete = Sheet::new(kind, brought.edition())?;
    let column = |row, id| brought.value(row, id).map(str::to_owned);
    let persons = ["insurer_no", "insured_no"];
    let mut rows = BTreeSet::new();
    for row in 0..brought.len() {
        let mut values: Vec<String> = persons.iter().map(|id| column(row, id)).collect::<Option<_>>()?;
        for (_, from) in rest {
            values.push(match from {
                From::Column(id) => column(row, id)?,
                From::KindOf(id) => column(row, id)?.chars().take(2).collect(),
            });
        }
        rows.insert(values);
    }
    let ids: Vec<&str> = persons.into_iter().chain(rest.iter().map(|(id, _)| *id)).collect();
    for values in &rows {
        delete.push(ids.iter().copied().zip(values.iter().map(String::as_str))).ok()?;
    }
    let month = if kind.has_month() { name.named_month() } else { crate::NamedMonth::Absent };
    Some((FileName::new(kind, month, name.sender(), name.recipient(), serial).ok()?, delete.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check_file, recognise};

    /// What withdraws the files of a sample, and whether the checks find anything in it.
    fn withdrawn(sample: &str) -> Vec<String> {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/samples/valid").join(sample);
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let written = path.file_name().unwrap().to_str().unwrap();
            let Some(name) = recognise(written).standard() else { continue };
            let bytes = std::fs::read(&path).unwrap();
            let Some((name, bytes)) = withdrawal(&name, &bytes, "20261120091500".parse().unwrap()) else { continue };
            let found = check_file(&name.to_string(), &bytes);
            assert!(found.is_empty(), "{name}: {found:?}");
            all.push(format!("{name} {}", String::from_utf8(bytes).unwrap().replace("\r\n", " ").trim()));
        }
        all.sort();
        all
    }

    #[test]
    fn every_file_that_brings_something_is_withdrawn_by_its_delete() {
        for (sample, kind) in [
            ("v41-plan-two-persons", "DLT1KYO_9970000011_"),
            ("v41-use-one-person", "DLTPLAN_2025"),
            ("v41-results-202510", "DLTJSK_202510_"),
            ("v41-prevention-basic", "DLTKIHON_"),
            ("v41-prevention-plan", "DLTYOBO_"),
            ("v3-plan", "DLT1KYO_"),
        ] {
            let all = withdrawn(sample);
            assert!(
                all.len() == 1 && all[0].starts_with(kind) && all[0].contains("20261120091500"),
                "{sample}: {all:?}"
            );
        }
        let persons = withdrawn("v41-plan-two-persons")[0].split(' ').count() - 1;
        assert_eq!(persons, 2, "a row for each person");
        assert_eq!(withdrawn("v41-delete-plan"), Vec::<String>::new());
    }
}
