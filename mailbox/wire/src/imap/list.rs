//! LIST, LSUB (RFC 3501 §6.3.8-9) with everything RFC 5258, 3348, 5819, 6154 and 8440 add (Profile §7.10).

use std::collections::BTreeSet;

use fumibako_model::{FolderName, Listing, SpecialUse};

use super::news::Done;
use super::session::{Session, Work};
use super::status::Counter;
use super::{Ask, acl};

mod pattern;
mod request;
pub(super) use request::Request;

/// A LIST or LSUB that waits for the folders.
#[derive(Debug)]
pub(super) struct List {
    tag: String,
    request: Box<Request>,
}

impl List {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Session {
    pub(super) fn list(&mut self, tag: String, request: Box<Request>) {
        if request.root {
            // RFC 3501 §6.3.8: the delimiter is asked for, and the root of the reference.
            self.untagged(r#"LIST (\Noselect) "/" """#);
            return self.finish(Done::ok(tag, "LIST done."), false);
        }
        if request.give.status.contains(&Counter::HighestModSeq) {
            // RFC 7162 §3.1
            self.condstore();
        }
        self.ask(Ask::Folders { subscribed: request.asks_for_subscriptions() }, Work::List(List { tag, request }));
    }

    pub(super) fn listed(&mut self, List { tag, request }: List, listing: &Listing) {
        let names = Names::of(listing);
        if request.lsub {
            for (name, subscribed) in names.subscribed(&request) {
                let noselect = if subscribed { "" } else { r"\Noselect" };
                self.untagged(&format!("LSUB ({noselect}) \"/\" {}", self.spell(&name)));
            }
            return self.finish(Done::ok(tag, "LSUB done."), false);
        }
        for Row { name, because_of_children } in names.listed(&request) {
            let attributes = names.attributes(&name, &request).join(" ");
            let information =
                if because_of_children { format!(" (CHILDINFO ({}))", request.select.names()) } else { String::new() };
            self.untagged(&format!("LIST ({attributes}) \"/\" {}{information}", self.spell(&name)));
            // RFC 5819 §2, RFC 8440 §3: of what cannot be opened nothing more is told.
            let Some(status) = listing.find(&name) else { continue };
            if request.give.my_rights {
                self.untagged(&format!(
                    "MYRIGHTS {} {}",
                    self.spell(&name),
                    names.listing.access.mine(&name, acl::rights(&name))
                ));
            }
            if !request.give.status.is_empty() {
                self.tell_status(&request.give.status, status);
            }
        }
        self.finish(Done::ok(tag, "LIST done."), false);
    }
}

/// All names there are: of folders, of levels above them, of subscriptions.
pub(super) struct Names<'l> {
    listing: &'l Listing,
    folders: BTreeSet<&'l FolderName>,
    /// Levels above folders that are no folders.
    levels: BTreeSet<FolderName>,
}

/// A name to be listed.
struct Row {
    name: FolderName,
    /// Something below it is selected (RFC 5258 §3.5 CHILDINFO).
    because_of_children: bool,
}

impl<'l> Names<'l> {
    pub(super) fn of(listing: &'l Listing) -> Self {
        let folders: BTreeSet<_> = listing.folders.iter().map(|folder| &folder.name).collect();
        let levels = folders.iter().flat_map(|name| name.above()).filter(|level| !folders.contains(level)).collect();
        Self { listing, folders, levels }
    }

    /// RFC 3501 §7.2.2, RFC 3348 §3, RFC 5258 §3, RFC 6154 §2 (Profile §7.1).
    fn attributes(&self, name: &FolderName, request: &Request) -> Vec<&'static str> {
        let exists = self.folders.contains(name);
        // RFC 5258 §3: \NonExistent implies \Noselect; who does not know it is told the latter.
        let absent = (!exists).then_some(if request.extended { r"\NonExistent" } else { r"\Noselect" });
        let has_children = follow(&self.folders, name).any(|other| other.is_below(name));
        let children = if has_children { r"\HasChildren" } else { r"\HasNoChildren" };
        let special = name.special_use().filter(|_| exists).map(SpecialUse::attribute);
        let subscribed = (request.give.subscribed && self.listing.subscribed.contains(name)).then_some(r"\Subscribed");
        subscribed.into_iter().chain(absent).chain([children]).chain(special).collect()
    }

    /// Profile §9.17: is there nothing for an agent behind this name of an office's folder?
    pub(super) fn is_withheld(&self, name: &FolderName) -> bool {
        self.listing.access.is_anothers(name) && self.listing.access.mine(name, "").is_empty()
    }

    /// All that is true of a name.
    pub(super) fn all_attributes(&self, name: &FolderName) -> Vec<&'static str> {
        self.attributes(name, &Request::of_everything())
    }

    /// Does a name satisfy the selection options?
    fn is_selected(&self, name: &FolderName, request: &Request) -> bool {
        let select = request.select;
        let subscribed = !select.subscribed || self.listing.subscribed.contains(name);
        let special = !select.special_use || (self.folders.contains(name) && name.special_use().is_some());
        subscribed && special
    }

    /// The names LIST returns, folders in the order they are kept, then the others.
    fn listed(&self, request: &Request) -> Vec<Row> {
        let folders = self.listing.folders.iter().map(|folder| &folder.name);
        if !request.select.is_some() {
            // RFC 5258 §3: the extended LIST does not tell of what is not there but where `%` asks for levels.
            let of_levels = if request.extended { request.patterns.of_levels() } else { request.patterns.clone() };
            let folders = folders.filter(|name| request.patterns.fit(name));
            let levels = self.levels.iter().filter(|level| of_levels.fit(level));
            let row = |name: &FolderName| Row { name: name.clone(), because_of_children: false };
            return folders.chain(levels).map(row).collect();
        }
        let others: BTreeSet<FolderName> = {
            let names = self.listing.subscribed.iter();
            let above = names.clone().flat_map(FolderName::above);
            names.cloned().chain(above).chain(self.levels.iter().cloned()).collect()
        };
        let others = others.iter().filter(|name| !self.folders.contains(name));
        let selected: BTreeSet<&FolderName> = self
            .folders
            .iter()
            .copied()
            .chain(&self.listing.subscribed)
            .filter(|n| self.is_selected(n, request))
            .collect();
        let row = |name: &FolderName| {
            let itself = selected.contains(name);
            let mut below = follow(&selected, name).filter(|other| other.is_below(name));
            // RFC 5258 §3.5: a name that is not selected is told of only for what is not told of otherwise.
            let children = request.select.recursive
                && if itself { below.next().is_some() } else { below.any(|other| !request.patterns.fit(other)) };
            (itself || children).then(|| Row { name: name.clone(), because_of_children: children })
        };
        folders.chain(others).filter(|name| request.patterns.fit(name)).filter_map(row).collect()
    }

    /// The names LSUB returns, and whether each is subscribed. RFC 3501 §6.3.9: when `%` ends the pattern, a level above
    /// a subscribed name is told of as well.
    fn subscribed(&self, request: &Request) -> Vec<(FolderName, bool)> {
        let names = &self.listing.subscribed;
        let of_levels = request.patterns.of_levels();
        let levels: BTreeSet<FolderName> = names.iter().flat_map(FolderName::above).collect();
        let levels = levels.into_iter().filter(|level| !names.contains(level) && of_levels.fit(level));
        let kept = self.listing.folders.iter().map(|folder| &folder.name).filter(|name| names.contains(name));
        let absent = names.iter().filter(|name| !self.folders.contains(name));
        let found = kept.chain(absent).filter(|name| request.patterns.fit(name));
        found.map(|name| (name.clone(), true)).chain(levels.map(|level| (level, false))).collect()
    }
}

/// The names that begin with another: in order they stand together.
fn follow<'n>(names: &BTreeSet<&'n FolderName>, start: &FolderName) -> impl Iterator<Item = &'n FolderName> {
    let begins = move |name: &&FolderName| name.as_str().starts_with(start.as_str());
    names.range::<FolderName, _>(start..).copied().take_while(begins)
}

#[cfg(test)]
mod tests;
