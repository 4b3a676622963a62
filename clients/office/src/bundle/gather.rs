//! Files on disk become bundles, one for each sender and recipient (Profile §2.2). Nothing is lost: what fits nowhere is named.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use fumibako_careplan::{self as careplan, Bundle, Lang, WhyLeftOut};
use fumibako_model::{OfficeNumber, Party, Private};

use super::MESSAGE_BYTES;
use crate::trouble::{Limit, Trouble};

/// Files of one run, sorted.
#[derive(Debug)]
pub struct Pile {
    /// One per (sender, recipient), all from whom they were sorted for.
    pub bundles: Vec<Bundle<Source>>,
    /// What fits nowhere.
    pub left: Vec<Left>,
}

/// A file as read from disk.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it was found.
    pub path: PathBuf,
    /// Its bytes, which travel unchanged.
    pub bytes: Private<Vec<u8>>,
}

/// A file that is not sent.
pub struct Left {
    /// Where it was found.
    pub path: PathBuf,
    /// Why.
    pub why: WhyLeft,
}

/// Why a file is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyLeft {
    /// The standard says so.
    Standard(WhyLeftOut),
    /// Its name is not of the standard, so it names no recipient.
    NamesNobody,
    /// Its name says that another office sends it.
    OtherSender(OfficeNumber),
    /// It alone is larger than a message may be: found, allowed.
    TooLarge(usize, usize),
}

/// For whom files are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Senders {
    /// Only what this office sends.
    Only(OfficeNumber),
    /// Whatever offices send: an agent's.
    All,
}

impl From<OfficeNumber> for Senders {
    fn from(office: OfficeNumber) -> Self {
        Self::Only(office)
    }
}

impl From<&Party> for Senders {
    fn from(party: &Party) -> Self {
        if let Party::Office(office) = party { Self::Only(*office) } else { Self::All }
    }
}

/// Reads files, and the files of folders (not of folders within them), and sorts them for sending.
pub fn gather(paths: &[PathBuf], senders: impl Into<Senders>) -> Result<Pile, Trouble> {
    gather_within(MESSAGE_BYTES, paths, senders)
}

/// The same for a gateway that takes messages of so many octets.
pub fn gather_within(most: usize, paths: &[PathBuf], senders: impl Into<Senders>) -> Result<Pile, Trouble> {
    let mut pile = sort(read_all(most, paths)?);
    let Senders::Only(office) = senders.into() else { return Ok(pile) };
    let (ours, others): (Vec<_>, Vec<_>) = pile.bundles.into_iter().partition(|bundle| bundle.sender.office == office);
    for bundle in others {
        let why = WhyLeft::OtherSender(bundle.sender.office);
        let files = bundle.units.into_iter().flat_map(|unit| unit.files);
        pile.left.extend(files.map(|file| Left { path: file.payload.path, why: why.clone() }));
    }
    pile.bundles = ours;
    Ok(pile)
}

/// Sorts files whoever sends them.
fn sort((found, too_large): (Vec<Source>, Vec<Left>)) -> Pile {
    let sorted = careplan::gather(found.into_iter().map(|source| (file_name(&source.path), source)));
    let mut left = too_large;
    let attachments = sorted.attachments.into_iter().map(|file| (file.payload, WhyLeft::NamesNobody));
    let left_out = sorted.left_out.into_iter().map(|file| (file.payload, WhyLeft::Standard(file.why)));
    left.extend(attachments.chain(left_out).map(|(source, why)| Left { path: source.path, why }));
    Pile { bundles: sorted.bundles, left }
}

/// Every file named, and every file in the folders named, in order of path. Too large ones are not read.
fn read_all(most: usize, paths: &[PathBuf]) -> Result<(Vec<Source>, Vec<Left>), Trouble> {
    let files = list_all(paths)?;
    let (mut found, mut too_large) = (Vec::new(), Vec::new());
    for path in files {
        let size = fs::metadata(&path).map_err(Trouble::reading(&path))?.len();
        match usize::try_from(size) {
            Ok(size) if size <= most => found.push(read(path)?),
            size => too_large.push(Left { path, why: WhyLeft::TooLarge(size.unwrap_or(usize::MAX), most) }),
        }
    }
    Ok((found, too_large))
}

fn list_all(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Trouble> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { list(path, &mut files)? } else { files.push(path.clone()) }
    }
    Ok(files)
}

/// Octets of all these files and folders, as far as they can be looked at; nothing is read.
pub(crate) fn octets_of(paths: &[PathBuf]) -> u64 {
    let size = |path: &PathBuf| fs::metadata(path).map_or(0, |facts| facts.len());
    list_all(paths).unwrap_or_default().iter().map(size).sum()
}

/// Reads one file.
pub fn read(path: PathBuf) -> Result<Source, Trouble> {
    let bytes = Private(fs::read(&path).map_err(Trouble::reading(&path))?);
    Ok(Source { path, bytes })
}

/// The name as it travels.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Trouble> {
    let first = files.len();
    for entry in fs::read_dir(folder).map_err(Trouble::reading(folder))? {
        let path = entry.map_err(Trouble::reading(folder))?.path();
        if path.is_file() && !path.file_name().is_some_and(is_the_systems) {
            files.push(path);
        }
    }
    files[first..].sort();
    Ok(())
}

/// Files that operating systems put into folders unasked.
pub(crate) fn is_the_systems(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || ["thumbs.db", "desktop.ini"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

impl WhyLeft {
    /// The finding code of the standard, if it has one.
    pub fn code(&self) -> Option<careplan::Code> {
        match self {
            Self::Standard(why) => why.code(),
            _ => None,
        }
    }

    /// What is wrong, in one sentence.
    pub fn sentence(&self, lang: Lang) -> String {
        match self {
            Self::Standard(why) => why.sentence(lang),
            Self::NamesNobody => lang
                .pick(
                    "標準仕様のファイル名ではないため、宛先がわかりません。",
                    "The name is not one of the standard, so it names no recipient.",
                )
                .into(),
            Self::OtherSender(office) => match lang {
                Lang::Ja => format!("ファイル名の送信元が別の事業所（{office}）です。"),
                Lang::En => format!("The file name says that another office ({office}) sends it."),
            },
            Self::TooLarge(found, most) => Trouble::Limit(Limit::Message(*found, *most)).words(lang).what,
        }
    }

    /// What to do next.
    pub fn what_to_do(&self, lang: Lang) -> String {
        match self {
            Self::Standard(why) => why.what_to_do(lang).into(),
            Self::NamesNobody => {
                lang.pick("PDF などは --attach で添付してください。", "Attach PDFs and the like with --attach.").into()
            }
            Self::OtherSender(_) => lang
                .pick(
                    "その事業所から送るか、介護ソフトで自分の事業所から書き出してください。",
                    "Send it from that office, or export it again as your own office.",
                )
                .into(),
            Self::TooLarge(found, most) => Trouble::Limit(Limit::Message(*found, *most)).words(lang).next,
        }
    }
}

/// A path may hold a person's name, so it does not print.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?})", self.bytes)
    }
}

impl fmt::Debug for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Left({:?})", self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "9970000011";

    fn pile(names: &[&str]) -> Pile {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), name).unwrap();
        }
        gather(&[folder.path().to_owned()], OURS.parse::<OfficeNumber>().unwrap()).unwrap()
    }

    #[test]
    fn files_become_bundles_for_each_recipient() {
        let pile = pile(&[
            "DLTPLAN_202510_9970000011_43_9970000029_11_20250920101500.CSV",
            "DLTPLAN_202510_9970000011_43_9970000037_15_20250920101500.CSV",
        ]);
        let to: Vec<String> = pile.bundles.iter().map(|bundle| bundle.recipient.to_string()).collect();
        assert_eq!(to, ["9970000029-11", "9970000037-15"]);
        assert!(pile.left.is_empty());
    }

    // Profile §9.12
    #[test]
    fn an_agent_s_files_become_bundles_for_each_office_and_recipient() {
        let folder = tempfile::tempdir().unwrap();
        for (from, to) in [("9970000011", "9970000029"), ("9970000045", "9970000029"), ("9970000045", "9970000011")] {
            fs::write(folder.path().join(format!("DLTPLAN_202510_{from}_43_{to}_11_20250920101500.CSV")), "").unwrap();
        }
        let pile = gather(&[folder.path().to_owned()], &"kawara".parse::<Party>().unwrap()).unwrap();
        let ends = pile.bundles.iter().map(|bundle| format!("{}>{}", bundle.sender.office, bundle.recipient.office));
        assert_eq!(
            ends.collect::<Vec<_>>(),
            ["9970000011>9970000029", "9970000045>9970000011", "9970000045>9970000029"]
        );
    }

    #[test]
    fn what_fits_nowhere_is_named_with_its_reason() {
        let pile = pile(&[
            "UP1KYO_9970000011_43_9970000029_11_20250920101500.CSV",
            "DLTPLAN_202510_9970000045_43_9970000029_11_20250920101500.CSV",
            "UPPLAN202510.pdf",
            "Thumbs.db",
            ".hidden",
        ]);
        assert!(pile.bundles.is_empty());
        let why: Vec<String> = pile.left.iter().map(|left| left.why.sentence(Lang::En)).collect();
        assert_eq!(why.len(), 3, "{why:?}");
        assert!(why.iter().any(|why| why.contains("9970000045")));
        assert!(pile.left.iter().all(|left| !left.why.what_to_do(Lang::Ja).is_empty()));
    }

    #[test]
    fn a_missing_path_is_no_such_file() {
        let trouble = gather(&["/nowhere/plan.csv".into()], Senders::All).unwrap_err();
        assert_eq!(trouble.exit(), crate::exit::Exit::NO_FILE);
    }
}
