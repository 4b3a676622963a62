//! The tree of folders of the office in memory, as the gateway's store keeps it.

use fumibako_model::{
    ANNOTATIONS, Annotation, FolderId, FolderName, Listing, ModSeq, Private, Refusal, Refused, STANDARD_FOLDERS,
};
use fumibako_wire::imap::{Answer, Ask, QuotaRoot};

use crate::imap_office::{Folder, Office};

impl Office {
    pub(crate) fn change_tree(&mut self, ask: Ask) -> Result<Answer, Refused> {
        Ok(match ask {
            Ask::Create(name) => {
                self.make(&name)?;
                Answer::Created(FolderId(i64::try_from(self.folders.len() - 1).unwrap()))
            }
            Ask::Delete(name) if name.is_standard() => return Err(Refusal::FolderIsStandard.about(name)),
            Ask::Delete(name) => {
                let at = self.at(&name)?;
                self.folders[at].deleted = true;
                Answer::Done
            }
            Ask::Rename { from, to } => {
                self.rename(&from, &to)?;
                Answer::Done
            }
            Ask::Subscribe { folder, wanted: true } => {
                self.subscribed.insert(folder);
                Answer::Done
            }
            Ask::Subscribe { folder, wanted: false } => {
                self.subscribed.remove(&folder);
                Answer::Done
            }
            Ask::Watch => Answer::Folders(self.listing()),
            Ask::Unwatch => Answer::Done,
            Ask::AnnotatedSince(since) => {
                let later = self.annotations.iter().filter(|(_, (_, modseq))| *modseq > since);
                Answer::Annotated(later.map(|(key, _)| key.clone()).collect())
            }
            Ask::Quota(_) => {
                let used = self.folders.iter().flat_map(|folder| &folder.entries).map(|entry| entry.size).sum();
                Answer::Quota(Some(QuotaRoot { name: String::new(), used, limit: 2 << 30 }))
            }
            Ask::Annotations(folder) => {
                folder.as_ref().map(|name| self.at(name)).transpose()?;
                let of = self.annotations.iter().filter(|((place, _), _)| *place == folder);
                let kept = of.filter_map(|((_, name), (value, _))| Some((name.clone(), value.clone()?)));
                let note = |(name, value)| Annotation { name, value: Some(Private(value)) };
                Answer::Annotations(kept.map(note).collect())
            }
            Ask::Annotate(folder, entries) => {
                folder.as_ref().map(|name| self.at(name)).transpose()?;
                let modseq = self.tick();
                for Annotation { name, value } in entries {
                    self.annotations.insert((folder.clone(), name), (value.map(|Private(value)| value), modseq));
                }
                let of = self.annotations.iter().filter(|((place, _), (value, _))| *place == folder && value.is_some());
                if of.count() > ANNOTATIONS {
                    return Err(Refusal::TooManyFolders.into());
                }
                Answer::Done
            }
            ask => panic!("{ask:?}"),
        })
    }

    /// Makes a folder and the levels above it.
    fn make(&mut self, name: &FolderName) -> Result<(), Refused> {
        if self.at(name).is_ok() || name.looks_standard() || name.above().any(|level| level.is_notices()) {
            return Err(Refusal::FolderExists.into());
        }
        for level in name.above().chain([name.clone()]) {
            if self.at(&level).is_err() {
                self.folders.push(Folder::new(level));
            }
        }
        Ok(())
    }

    fn rename(&mut self, from: &FolderName, to: &FolderName) -> Result<(), Refused> {
        if *from == FolderName::inbox() {
            self.make(to)?;
            let entries = std::mem::take(&mut self.folders[0].entries);
            let target = self.at(to)?;
            self.folders[target].entries = entries;
            return Ok(());
        }
        if from.is_standard() {
            return Err(Refusal::FolderIsStandard.about(from));
        }
        if self.at(to).is_ok() || to.looks_standard() || to.above().any(|level| level.is_notices()) {
            return Err(Refusal::FolderExists.into());
        }
        if to.is_below(from) {
            return Err(Refusal::ValueUnfit.into());
        }
        let is_meant = |folder: &&mut Folder| !folder.deleted && (folder.name == *from || folder.name.is_below(from));
        let meant: Vec<_> = self.folders.iter_mut().filter(is_meant).collect();
        if meant.is_empty() {
            return Err(Refusal::NoSuchFolder.into());
        }
        for folder in meant {
            folder.name = folder.name.as_str().replacen(from.as_str(), to.as_str(), 1).parse().unwrap();
        }
        for level in to.above() {
            if self.at(&level).is_err() {
                self.folders.push(Folder::new(level));
            }
        }
        Ok(())
    }

    /// In the order of the gateway: standard folders, the notices, then own ones by name.
    pub(crate) fn listing(&self) -> Listing {
        let mut there: Vec<usize> = (0..self.folders.len()).filter(|at| !self.folders[*at].deleted).collect();
        there[STANDARD_FOLDERS.len() + 1..].sort_by_key(|at| self.folders[*at].name.clone());
        Listing {
            folders: there.into_iter().map(|at| self.status(at)).collect(),
            subscribed: self.subscribed.clone(),
            modseq: ModSeq(self.modseq),
            access: fumibako_model::Access::default(),
        }
    }
}
