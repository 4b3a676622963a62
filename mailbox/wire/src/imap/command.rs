//! Commands (RFC 3501 §9), read whole.

use fumibako_model::{FlagChange, Flags, ModSeq, NamedFlags};

use super::cursor::{Bad, Cursor, Mailbox, Parsed};
use super::enable::Enabled;
use super::fetch::{Items, Modifiers};
use super::folders::Order;
use super::list::Request;
use super::resync::Parameters;
use super::search::Request as SearchRequest;
use super::set::{Set, set_or_saved};
use super::status::Counter;
use super::{acl, metadata, notify, quota};

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Capability,
    Noop,
    Logout,
    Id,
    StartTls,
    Login { login: Vec<u8>, password: Vec<u8> },
    Authenticate { mechanism: String, initial: Option<String> },
    Select { mailbox: Mailbox, read_only: bool, with: Box<Parameters> },
    Unauthenticate,
    Compress,
    Enable(Vec<&'static str>),
    Notify(Box<notify::Order>),
    Tree(Order),
    Quota(quota::Order),
    Acl(acl::Order),
    Metadata(metadata::Order),
    List(Box<Request>),
    Namespace,
    Status { mailbox: Mailbox, items: Vec<Counter> },
    Idle,
    Check,
    Close,
    Unselect,
    Expunge(Option<Set>),
    Search { by: By, request: Box<SearchRequest> },
    Fetch { by: By, set: Set, items: Items, modifiers: Modifiers },
    Store { by: By, set: Set, change: FlagChange, silent: bool, flags: NamedFlags, unchanged_since: Option<ModSeq> },
    Copy { by: By, set: Set, to: Mailbox, moves: bool },
}

/// How messages are named: FETCH or UID FETCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Sequence,
    Uid,
}

/// A command that cannot be read; the tag, if even that could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) tag: Option<String>,
    pub(super) why: Why,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It does not follow the grammar.
    Grammar(Bad),
    /// There is no such command.
    Unknown,
}

impl From<Bad> for Why {
    fn from(bad: Bad) -> Self {
        Self::Grammar(bad)
    }
}

/// ```text
/// command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
/// ```
pub(super) fn read(bytes: &[u8], in_utf8: bool) -> Result<(String, Command), Unreadable> {
    let mut cursor = Cursor::new(bytes).spelt(in_utf8);
    let tag = match cursor.tag() {
        Ok(tag) => tag.to_owned(),
        Err(bad) => return Err(Unreadable { tag: None, why: bad.into() }),
    };
    match command(&mut cursor) {
        Ok(command) => Ok((tag, command)),
        Err(why) => Err(Unreadable { tag: Some(tag), why }),
    }
}

fn command(cursor: &mut Cursor<'_>) -> Result<Command, Why> {
    cursor.space()?;
    let name = cursor.word()?;
    let command = if name == "UID" { uid(cursor)? } else { named(&name, cursor)? };
    cursor.end()?;
    Ok(command)
}

/// The rows of the grammar, in the order of RFC 3501 §6.
#[rustfmt::skip]
fn named(name: &str, cursor: &mut Cursor<'_>) -> Result<Command, Why> {
    use By::Sequence;
    Ok(match name {
        "CAPABILITY"   => Command::Capability,
        "NOOP"         => Command::Noop,
        "LOGOUT"       => Command::Logout,
        "ID"           => { id(cursor)?; Command::Id }
        "STARTTLS"     => Command::StartTls,
        "LOGIN"        => Command::Login { login: argument(cursor)?, password: argument(cursor)? },
        "AUTHENTICATE" => authenticate(cursor)?,
        "UNAUTHENTICATE" => Command::Unauthenticate,
        "COMPRESS"     => compress(cursor)?,
        "SELECT"       => select(cursor, false)?,
        "EXAMINE"      => select(cursor, true)?,
        "CREATE"       => Command::Tree(Order::create(cursor)?),
        "DELETE"       => Command::Tree(Order::delete(cursor)?),
        "RENAME"       => Command::Tree(Order::rename(cursor)?),
        "SUBSCRIBE"    => Command::Tree(Order::subscribe(cursor, true)?),
        "UNSUBSCRIBE"  => Command::Tree(Order::subscribe(cursor, false)?),
        "LIST"         => Command::List(Box::new(Request::list(cursor)?)),
        "LSUB"         => Command::List(Box::new(Request::lsub(cursor)?)),
        "NAMESPACE"    => Command::Namespace,
        "ENABLE"       => Command::Enable(Enabled::read(cursor)?),
        "NOTIFY"       => Command::Notify(Box::new(notify::Order::read(cursor)?)),
        "GETQUOTA"     => Command::Quota(quota::Order::root(cursor)?),
        "GETQUOTAROOT" => Command::Quota(quota::Order::of(cursor)?),
        "SETQUOTA"     => Command::Quota(quota::Order::set(cursor)?),
        "MYRIGHTS"     => Command::Acl(acl::Order::my(cursor)?),
        "GETACL"       => Command::Acl(acl::Order::get(cursor)?),
        "LISTRIGHTS"   => Command::Acl(acl::Order::list(cursor)?),
        "SETACL"       => Command::Acl(acl::Order::set(cursor)?),
        "DELETEACL"    => Command::Acl(acl::Order::delete(cursor)?),
        "GETMETADATA"  => Command::Metadata(metadata::Order::get(cursor)?),
        "SETMETADATA"  => Command::Metadata(metadata::Order::set(cursor)?),
        "STATUS"       => status(cursor)?,
        "IDLE"         => Command::Idle,
        "CHECK"        => Command::Check,
        "CLOSE"        => Command::Close,
        "UNSELECT"     => Command::Unselect,
        "EXPUNGE"      => Command::Expunge(None),
        "SEARCH"       => search(cursor, Sequence, SearchRequest::search)?,
        "SORT"         => search(cursor, Sequence, SearchRequest::sort)?,
        "THREAD"       => search(cursor, Sequence, SearchRequest::thread)?,
        "FETCH"        => fetch(cursor, Sequence)?,
        "STORE"        => store(cursor, Sequence)?,
        "COPY"         => copy(cursor, Sequence, false)?,
        "MOVE"         => copy(cursor, Sequence, true)?,
        _              => return Err(Why::Unknown),
    })
}

/// ```text
/// uid = "UID" SP (copy / fetch / search / store) ; RFC 4315 §2.1 adds EXPUNGE, RFC 6851 §3.2 MOVE
/// ```
fn uid(cursor: &mut Cursor<'_>) -> Result<Command, Why> {
    cursor.space()?;
    match &*cursor.word()? {
        "COPY" => Ok(copy(cursor, By::Uid, false)?),
        "MOVE" => Ok(copy(cursor, By::Uid, true)?),
        "FETCH" => Ok(fetch(cursor, By::Uid)?),
        "SEARCH" => Ok(search(cursor, By::Uid, SearchRequest::search)?),
        "SORT" => Ok(search(cursor, By::Uid, SearchRequest::sort)?),
        "THREAD" => Ok(search(cursor, By::Uid, SearchRequest::thread)?),
        "STORE" => Ok(store(cursor, By::Uid)?),
        "EXPUNGE" => Ok(Command::Expunge(Some(named_set(cursor)?))),
        _ => Err(Why::Unknown),
    }
}

fn select(cursor: &mut Cursor<'_>, read_only: bool) -> Parsed<Command> {
    let mailbox = mailbox(cursor)?;
    Ok(Command::Select { mailbox, read_only, with: Box::new(Parameters::read(cursor)?) })
}

fn argument(cursor: &mut Cursor<'_>) -> Parsed<Vec<u8>> {
    cursor.space()?;
    cursor.astring()
}

fn mailbox(cursor: &mut Cursor<'_>) -> Parsed<Mailbox> {
    cursor.space()?;
    cursor.mailbox()
}

fn named_set(cursor: &mut Cursor<'_>) -> Parsed<Set> {
    cursor.space()?;
    set_or_saved(cursor)
}

/// ```text
/// id = "ID" SP ("(" #(string SP nstring) ")" / nil) ; RFC 2971 §4: at most 30 pairs
/// ```
fn id(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.space()?;
    if cursor.take_word("NIL") {
        return Ok(());
    }
    let pair = |cursor: &mut Cursor<'_>| {
        cursor.string()?;
        cursor.space()?;
        cursor.nstring()
    };
    if cursor.list(pair)?.len() <= 30 { Ok(()) } else { cursor.bad("at most 30 pairs") }
}

/// ```text
/// authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")] *(CRLF base64) ; RFC 4959 §7
/// ```
fn authenticate(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    let mechanism = cursor.atom()?.to_ascii_uppercase();
    let initial = if cursor.take(b' ') { Some(cursor.atom()?.to_owned()) } else { None };
    Ok(Command::Authenticate { mechanism, initial })
}

/// ```text
/// compress = "COMPRESS" SP "DEFLATE" ; RFC 4978 §4
/// ```
fn compress(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    if cursor.word()? == "DEFLATE" { Ok(Command::Compress) } else { cursor.bad("DEFLATE before") }
}

/// ```text
/// status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
/// ```
fn status(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mailbox = mailbox(cursor)?;
    cursor.space()?;
    Ok(Command::Status { mailbox, items: Counter::list(cursor)? })
}

fn search(
    cursor: &mut Cursor<'_>,
    by: By,
    read: impl FnOnce(&mut Cursor<'_>) -> Parsed<SearchRequest>,
) -> Parsed<Command> {
    cursor.space()?;
    Ok(Command::Search { by, request: Box::new(read(cursor)?) })
}

fn fetch(cursor: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    let set = named_set(cursor)?;
    cursor.space()?;
    let items = Items::read(cursor, by)?;
    Ok(Command::Fetch { by, set, items, modifiers: Modifiers::read(cursor, by)? })
}

fn copy(cursor: &mut Cursor<'_>, by: By, moves: bool) -> Parsed<Command> {
    Ok(Command::Copy { by, set: named_set(cursor)?, to: mailbox(cursor)?, moves })
}

/// ```text
/// store           = "STORE" SP sequence-set [SP store-modifiers] SP store-att-flags
/// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
/// ```
fn store(cursor: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    let set = named_set(cursor)?;
    cursor.space()?;
    let unchanged_since = if cursor.peek() == Some(b'(') { Some(unchanged_since(cursor)?) } else { None };
    let change = match cursor.peek() {
        Some(b'+') => FlagChange::Add,
        Some(b'-') => FlagChange::Remove,
        _ => FlagChange::Replace,
    };
    if change != FlagChange::Replace {
        cursor.take(cursor.peek().unwrap_or_default());
    }
    let silent = match &*cursor.word()? {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return cursor.bad("FLAGS or FLAGS.SILENT before"),
    };
    cursor.space()?;
    let flags = if cursor.peek() == Some(b'(') { flag_list(cursor)? } else { flag_row(cursor)? };
    Ok(Command::Store { by, set, change, silent, flags, unchanged_since })
}

/// ```text
/// store-modifiers = "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")" ; RFC 7162 §7
/// ```
fn unchanged_since(cursor: &mut Cursor<'_>) -> Parsed<ModSeq> {
    cursor.need(b'(', "(")?;
    if !cursor.take_word("UNCHANGEDSINCE") {
        return cursor.bad("UNCHANGEDSINCE");
    }
    cursor.space()?;
    let since = ModSeq(cursor.number()?);
    cursor.need(b')', ")")?;
    cursor.space()?;
    Ok(since)
}

/// ```text
/// flag-list = "(" [flag *(SP flag)] ")"
/// ```
pub(super) fn flag_list(cursor: &mut Cursor<'_>) -> Parsed<NamedFlags> {
    let mut flags = NamedFlags::default();
    cursor.list(|cursor| flag(cursor, &mut flags))?;
    Ok(flags)
}

fn flag_row(cursor: &mut Cursor<'_>) -> Parsed<NamedFlags> {
    let mut flags = NamedFlags::default();
    flag(cursor, &mut flags)?;
    while cursor.take(b' ') {
        flag(cursor, &mut flags)?;
    }
    Ok(flags)
}

/// ```text
/// flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
/// ```
fn flag(cursor: &mut Cursor<'_>, flags: &mut NamedFlags) -> Parsed<()> {
    if !cursor.take(b'\\') {
        let keyword = cursor.atom()?;
        if !flags.keywords.iter().any(|known| known.eq_ignore_ascii_case(keyword)) {
            flags.keywords.push(keyword.to_owned());
        }
        return Ok(());
    }
    let name = cursor.atom()?;
    // RFC 3501 §7.1 PERMANENTFLAGS: a change of a flag that is not listed there is ignored.
    let known = Flags::NAMED.iter().find(|(_, known)| known[1..].eq_ignore_ascii_case(name));
    flags.system |= known.map_or(0, |(flag, _)| flag.system);
    Ok(())
}
