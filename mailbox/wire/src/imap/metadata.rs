//! METADATA (RFC 5464, Profile §7.16): notes on a folder, or on all of the office's mail.

use fumibako_model::{ANNOTATION_BYTES, Annotation, FolderName, Private, Refusal, Refused};

use super::cursor::{Cursor, Mailbox, Parsed};
use super::news::Done;
use super::session::{Session, Work};
use super::{Ask, reply};

/// Longest name of an entry, in bytes.
const ENTRY_BYTES: usize = 255;
/// Entries of one command.
const ENTRIES: usize = 100;

/// How many days content is kept (RFC 5464 §6.2: a vendor's entry). The server's to set.
const RETENTION: &str = "/shared/vendor/fumibako/retention-days";

/// Where entries stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// They are of no folder.
    Server,
    Folder(Mailbox),
}

/// A command about entries. Names are in lower case (RFC 5464 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Get { place: Place, entries: Vec<String>, options: Options },
    Set { place: Place, entries: Vec<Annotation> },
}

/// Options of GETMETADATA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    max_size: Option<u64>,
    depth: Depth,
}

/// How far below an entry its own entries are told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Depth {
    #[default]
    Zero,
    One,
    Infinity,
}

/// Entries are being read or set.
#[derive(Debug)]
pub(super) struct Metadata {
    tag: String,
    folder: Option<FolderName>,
    /// What is read; `None`: they are set.
    read: Option<(Vec<String>, Options)>,
}

impl Metadata {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Order {
    /// ```text
    /// getmetadata = "GETMETADATA" [SP options] SP mailbox SP entries ; its own examples write the options behind
    /// entries     = entry / "(" entry *(SP entry) ")"               ; the mailbox, and entries without parentheses
    /// ```
    pub(super) fn get(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let mut given = Options::default();
        if cursor.peek() == Some(b'(') {
            given = options(cursor)?;
            cursor.space()?;
        }
        let place = place(cursor)?;
        cursor.space()?;
        if cursor.rest().first() == Some(&b'(') && cursor.rest().get(1).is_some_and(u8::is_ascii_alphabetic) {
            given = options(cursor)?;
            cursor.space()?;
        }
        let depth = given.depth;
        let mut entries = Vec::new();
        if cursor.peek() == Some(b'(') {
            entries = cursor.list(|cursor| entry(cursor, depth))?;
        } else {
            entries.push(entry(cursor, depth)?);
            while cursor.take(b' ') {
                entries.push(entry(cursor, depth)?);
            }
        }
        match entries.len() {
            0 => cursor.bad("one entry at least before"),
            1..=ENTRIES => Ok(Self::Get { place, entries, options: given }),
            _ => cursor.bad("at most 100 entries before"),
        }
    }

    /// ```text
    /// setmetadata = "SETMETADATA" SP mailbox SP "(" entry SP value *(SP entry SP value) ")" ; value = nstring / literal8
    /// ```
    pub(super) fn set(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let place = place(cursor)?;
        cursor.space()?;
        let entries = cursor.list(|cursor| {
            let name = entry(cursor, Depth::Zero)?;
            cursor.space()?;
            cursor.take(b'~');
            Ok(Annotation { name, value: cursor.nstring()?.map(Private) })
        })?;
        match entries.len() {
            0 => cursor.bad("one entry at least before"),
            1..=ENTRIES => Ok(Self::Set { place, entries }),
            _ => cursor.bad("at most 100 entries before"),
        }
    }
}

fn place(cursor: &mut Cursor<'_>) -> Parsed<Place> {
    if cursor.take_word("\"\"") { Ok(Place::Server) } else { Ok(Place::Folder(cursor.mailbox()?)) }
}

/// ```text
/// maxsize-opt = "MAXSIZE" SP number
/// scope-opt   = "DEPTH" SP ("0" / "1" / "infinity")
/// ```
fn options(cursor: &mut Cursor<'_>) -> Parsed<Options> {
    let mut options = Options::default();
    cursor.list(|cursor| {
        match &*cursor.word()? {
            "MAXSIZE" => {
                cursor.space()?;
                options.max_size = Some(cursor.number()?);
            }
            "DEPTH" => {
                cursor.space()?;
                options.depth = match &*cursor.word()? {
                    "0" => Depth::Zero,
                    "1" => Depth::One,
                    "INFINITY" => Depth::Infinity,
                    _ => return cursor.bad("0, 1 or infinity before"),
                };
            }
            _ => return cursor.bad("MAXSIZE or DEPTH before"),
        }
        Ok(())
    })?;
    Ok(options)
}

/// RFC 5464 §3.2: `/private` or `/shared` and what is below; no wildcards, nothing but printable ASCII, no empty level.
/// Where entries below are asked for, the first level alone will do.
fn entry(cursor: &mut Cursor<'_>, depth: Depth) -> Parsed<String> {
    let name = cursor.astring()?;
    let printable = name.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'*' | b'%'));
    let name = String::from_utf8_lossy(&name).to_ascii_lowercase();
    let levels: Vec<&str> = name.split('/').collect();
    let scoped = matches!(levels[..], ["", "private" | "shared", ..]);
    let enough = levels.len() > if depth == Depth::Zero { 2 } else { 1 };
    let whole = levels[1..].iter().all(|level| !level.is_empty());
    if printable && scoped && enough && whole && name.len() <= ENTRY_BYTES {
        Ok(name)
    } else {
        cursor.bad("an entry below /private or /shared before")
    }
}

impl Session {
    pub(super) fn metadata(&mut self, tag: String, order: Order) {
        let (place, read, set) = match order {
            Order::Get { place, entries, options } => (place, Some((entries, options)), Vec::new()),
            Order::Set { place, entries } => (place, None, entries),
        };
        let folder = match place {
            Place::Server => None,
            Place::Folder(Some(name)) => Some(name),
            Place::Folder(None) => return self.refuse_here(&tag, Refusal::NoSuchFolder),
        };
        if read.is_some() {
            return self.ask(Ask::Annotations(folder.clone()), Work::Metadata(Metadata { tag, folder, read }));
        }
        // RFC 5464 §3.2.1.1, RFC 6154 §4: some entries are the server's to set.
        if set.iter().any(|entry| matches!(&*entry.name, "/shared/admin" | "/private/specialuse" | RETENTION)) {
            return self.no(&tag, "[CANNOT] This entry cannot be changed.");
        }
        let size = |entry: &Annotation| entry.value.as_ref().map_or(0, |Private(value)| value.len());
        if set.iter().any(|entry| size(entry) > ANNOTATION_BYTES) {
            return self.no(&tag, &format!("[METADATA MAXSIZE {ANNOTATION_BYTES}] The value is too large."));
        }
        if let Some(name) = &folder {
            self.own_change(name);
        }
        self.ask(Ask::Annotate(folder.clone(), set), Work::Metadata(Metadata { tag, folder, read }));
    }

    pub(super) fn annotated(&mut self, Metadata { tag, .. }: Metadata) {
        self.finish(Done::ok(tag, "SETMETADATA done."), false);
    }

    pub(super) fn not_annotated(&mut self, Metadata { tag, read, .. }: &Metadata, refused: &Refused, reference: &str) {
        // RFC 5464 §4.3
        let too_many = refused.why == Refusal::TooManyFolders && read.is_none();
        let code = if too_many { "METADATA TOOMANY" } else { refused.why.row().imap };
        self.no(tag, &reply::refusal(refused, code, reference));
    }

    /// RFC 5464 §4.4.1.
    pub(super) fn annotations_told(&mut self, Metadata { tag, folder, read }: Metadata, mut kept: Vec<Annotation>) {
        let Some((wanted, options)) = read else { return self.bye(Refusal::Internal) };
        if let Some(special) = folder.as_ref().and_then(FolderName::special_use) {
            let value = Some(Private(special.attribute().as_bytes().to_vec()));
            kept.push(Annotation { name: "/private/specialuse".to_owned(), value });
        }
        // Profile §8.25: wherever messages stand, and for all of them.
        kept.retain(|annotation| annotation.name != RETENTION);
        let days = Some(Private(self.settings.retention_days.to_string().into_bytes()));
        kept.push(Annotation { name: RETENTION.to_owned(), value: days });
        let (found, longest) = pick(&wanted, options, &kept);
        if !found.is_empty() {
            let mut line = b"* METADATA ".to_vec();
            match &folder {
                Some(name) => line.extend_from_slice(self.spell(name).as_bytes()),
                None => line.extend_from_slice(b"\"\""),
            }
            for (at, (name, value)) in found.into_iter().enumerate() {
                line.extend_from_slice(if at == 0 { b" (" } else { b" " });
                reply::astring(&mut line, name.as_bytes());
                line.push(b' ');
                reply::nstring(&mut line, value);
            }
            line.extend_from_slice(b")\r\n");
            self.say(&line);
        }
        let done = match longest {
            Some(size) => format!("[METADATA LONGENTRIES {size}] GETMETADATA done."),
            None => "GETMETADATA done.".to_owned(),
        };
        self.finish(Done::ok(tag, &done), false);
    }
}

/// An entry's name and value.
type Told<'k> = (&'k str, Option<&'k [u8]>);

/// The entries that are told, and the size of the largest that is larger than the client wants (RFC 5464 §4.2.1). One that
/// is asked for by its name and is not there has no value.
fn pick<'k>(wanted: &'k [String], options: Options, kept: &'k [Annotation]) -> (Vec<Told<'k>>, Option<usize>) {
    let is_meant = |name: &str| {
        wanted.iter().any(|entry| match name.strip_prefix(entry.as_str()) {
            Some("") => true,
            Some(rest) => match (rest.strip_prefix('/'), options.depth) {
                (Some(below), Depth::One) => !below.contains('/'),
                (Some(_), Depth::Infinity) => true,
                _ => false,
            },
            None => false,
        })
    };
    let mut found: Vec<Told<'_>> = Vec::new();
    let mut longest = None;
    for Annotation { name, value } in kept {
        let Some(Private(value)) = value.as_ref().filter(|_| is_meant(name)) else { continue };
        if options.max_size.is_some_and(|most| value.len() as u64 > most) {
            longest = longest.max(Some(value.len()));
        } else {
            found.push((name, Some(value)));
        }
    }
    if options.depth == Depth::Zero {
        let absent = wanted.iter().filter(|entry| kept.iter().all(|annotation| annotation.name != **entry));
        found.extend(absent.map(|entry| (entry.as_str(), None)));
    }
    (found, longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(command: &str) -> bool {
        let command = format!("{command}\r\n");
        let mut cursor = Cursor::new(command.as_bytes());
        let read = if cursor.take_word("SETMETADATA") {
            Order::set(&mut cursor)
        } else {
            cursor.take_word("GETMETADATA");
            Order::get(&mut cursor)
        };
        read.is_ok() && cursor.end().is_ok()
    }

    #[test]
    fn a_command_names_100_entries_of_255_bytes() {
        let entries = |count: usize, value: &str| {
            (0..count).map(|number| format!("/private/{number}{value}")).collect::<Vec<_>>().join(" ")
        };
        for (count, expected) in [(100, true), (101, false)] {
            assert_eq!(reads(&format!("GETMETADATA INBOX {}", entries(count, ""))), expected);
            assert_eq!(reads(&format!("SETMETADATA INBOX ({})", entries(count, " NIL"))), expected);
        }
        let named = |bytes: usize| format!("GETMETADATA INBOX /private/{}", "x".repeat(bytes - "/private/".len()));
        assert!(reads(&named(255)) && !reads(&named(256)));
    }

    #[test]
    fn entries_have_levels_and_a_scope() {
        for (entry, expected) in [
            ("/private/comment", true),
            ("/SHARED/vendor/x/y", true),
            ("/private", false),
            ("/private/", false),
            ("/private//x", false),
            ("private/x", false),
            ("/other/x", false),
            ("\"/private/a%b\"", false),
            ("\"/private/計\"", false),
        ] {
            assert_eq!(reads(&format!("GETMETADATA INBOX {entry}")), expected, "{entry}");
        }
        assert!(reads("GETMETADATA (DEPTH 1) INBOX /private") && !reads("GETMETADATA (DEPTH 2) INBOX /private"));
    }
}
