//! Commands (RFC 3501 §9), read whole.

use fumibako_model::{FlagChange, Flags, NamedFlags};

use super::cursor::{Bad, Cursor, Mailbox, Parsed};
use super::fetch::Items;
use super::search::Program;
use super::set::{Set, set};

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
    Select { mailbox: Mailbox, read_only: bool },
    Create(Mailbox),
    Delete(Mailbox),
    Rename,
    Subscribe(Mailbox),
    Unsubscribe(Mailbox),
    List { reference: Vec<u8>, pattern: Vec<u8>, subscribed: bool },
    Namespace,
    Status { mailbox: Mailbox, items: Vec<Counter> },
    Idle,
    Check,
    Close,
    Unselect,
    Expunge(Option<Set>),
    Search { by: By, program: Program },
    Fetch { by: By, set: Set, items: Items },
    Store { by: By, set: Set, change: FlagChange, silent: bool, flags: NamedFlags },
    Copy { by: By, set: Set, to: Mailbox },
}

/// How messages are named: FETCH or UID FETCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Sequence,
    Uid,
}

/// A counter of STATUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    AppendLimit,
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
    /// SEARCH names a charset that is not known here (RFC 3501 §6.4.4).
    Charset,
}

impl From<Bad> for Why {
    fn from(bad: Bad) -> Self {
        Self::Grammar(bad)
    }
}

/// ```text
/// command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
/// ```
pub(super) fn read(bytes: &[u8]) -> Result<(String, Command), Unreadable> {
    let mut cursor = Cursor::new(bytes);
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
        "SELECT"       => Command::Select { mailbox: mailbox(cursor)?, read_only: false },
        "EXAMINE"      => Command::Select { mailbox: mailbox(cursor)?, read_only: true },
        "CREATE"       => Command::Create(new_mailbox(cursor)?),
        "DELETE"       => Command::Delete(mailbox(cursor)?),
        "RENAME"       => { mailbox(cursor)?; new_mailbox(cursor)?; Command::Rename }
        "SUBSCRIBE"    => Command::Subscribe(mailbox(cursor)?),
        "UNSUBSCRIBE"  => Command::Unsubscribe(mailbox(cursor)?),
        "LIST"         => list(cursor, false)?,
        "LSUB"         => list(cursor, true)?,
        "NAMESPACE"    => Command::Namespace,
        "STATUS"       => status(cursor)?,
        "IDLE"         => Command::Idle,
        "CHECK"        => Command::Check,
        "CLOSE"        => Command::Close,
        "UNSELECT"     => Command::Unselect,
        "EXPUNGE"      => Command::Expunge(None),
        "SEARCH"       => search(cursor, Sequence)?,
        "FETCH"        => fetch(cursor, Sequence)?,
        "STORE"        => store(cursor, Sequence)?,
        "COPY"         => copy(cursor, Sequence)?,
        _              => return Err(Why::Unknown),
    })
}

/// ```text
/// uid = "UID" SP (copy / fetch / search / store) ; RFC 4315 §2.1 adds EXPUNGE
/// ```
fn uid(cursor: &mut Cursor<'_>) -> Result<Command, Why> {
    cursor.space()?;
    match &*cursor.word()? {
        "COPY" => Ok(copy(cursor, By::Uid)?),
        "FETCH" => Ok(fetch(cursor, By::Uid)?),
        "SEARCH" => search(cursor, By::Uid),
        "STORE" => Ok(store(cursor, By::Uid)?),
        "EXPUNGE" => Ok(Command::Expunge(Some(named_set(cursor)?))),
        _ => Err(Why::Unknown),
    }
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
    set(cursor)
}

/// RFC 3501 §6.3.3: a trailing hierarchy separator only declares that names below will follow.
fn new_mailbox(cursor: &mut Cursor<'_>) -> Parsed<Mailbox> {
    let wire = argument(cursor)?;
    let name = super::utf7::decode(wire.strip_suffix(b"/").unwrap_or(&wire));
    Ok(name.and_then(|name| name.parse().ok()))
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

fn list(cursor: &mut Cursor<'_>, subscribed: bool) -> Parsed<Command> {
    let reference = argument(cursor)?;
    cursor.space()?;
    Ok(Command::List { reference, pattern: cursor.list_mailbox()?, subscribed })
}

/// ```text
/// status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
/// ```
fn status(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mailbox = mailbox(cursor)?;
    cursor.space()?;
    let items = cursor.list(|cursor| {
        Ok(match &*cursor.word()? {
            "MESSAGES" => Counter::Messages,
            "RECENT" => Counter::Recent,
            "UIDNEXT" => Counter::UidNext,
            "UIDVALIDITY" => Counter::UidValidity,
            "UNSEEN" => Counter::Unseen,
            // RFC 7889 §3.1
            "APPENDLIMIT" => Counter::AppendLimit,
            _ => return cursor.bad("MESSAGES, RECENT, UIDNEXT, UIDVALIDITY or UNSEEN before"),
        })
    })?;
    if items.is_empty() { cursor.bad("one counter at least") } else { Ok(Command::Status { mailbox, items }) }
}

fn search(cursor: &mut Cursor<'_>, by: By) -> Result<Command, Why> {
    cursor.space()?;
    Ok(Command::Search { by, program: Program::read(cursor)? })
}

fn fetch(cursor: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    let set = named_set(cursor)?;
    cursor.space()?;
    Ok(Command::Fetch { by, set, items: Items::read(cursor, by)? })
}

fn copy(cursor: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    Ok(Command::Copy { by, set: named_set(cursor)?, to: mailbox(cursor)? })
}

/// ```text
/// store           = "STORE" SP sequence-set SP store-att-flags
/// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
/// ```
fn store(cursor: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    let set = named_set(cursor)?;
    cursor.space()?;
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
    Ok(Command::Store { by, set, change, silent, flags })
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
