//! A report folder by folder, as people read it.

use std::collections::HashMap;

use super::{Checked, Report, Unchecked};
use crate::finding::Finding;
use crate::private::Private;

/// One folder of a report.
#[derive(Default)]
pub(super) struct Folder<'r> {
    /// Where it is; empty if the report was not told.
    pub(super) at: &'r str,
    /// Its files, each with what was found in it. Two files of one name share their findings.
    pub(super) files: Vec<(&'r Checked, Vec<&'r Finding>)>,
    /// What could not be read.
    pub(super) unchecked: Vec<&'r Unchecked>,
}

/// The folders in the order in which the report first names them.
pub(super) fn folders(report: &Report) -> Vec<Folder<'_>> {
    let mut found: HashMap<(&Private, &Private), Vec<&Finding>> = HashMap::new();
    for finding in &report.findings {
        found.entry((&finding.folder, &finding.file)).or_default().push(finding);
    }
    let mut sorted = Sorted::default();
    for file in &report.files {
        let findings = found.get(&(&file.folder, &file.file)).cloned().unwrap_or_default();
        sorted.folder(&file.folder).files.push((file, findings));
    }
    for file in &report.unchecked {
        sorted.folder(&file.folder).unchecked.push(file);
    }
    sorted.folders
}

#[derive(Default)]
struct Sorted<'r> {
    folders: Vec<Folder<'r>>,
    known: HashMap<&'r str, usize>,
}

impl<'r> Sorted<'r> {
    fn folder(&mut self, at: &'r Private) -> &mut Folder<'r> {
        let at = at.show();
        let place = *self.known.entry(at).or_insert(self.folders.len());
        if place == self.folders.len() {
            self.folders.push(Folder { at, ..Folder::default() });
        }
        &mut self.folders[place]
    }
}
