//! The records that shim.c writes, as events.

/// What a program asked of its disk, or said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event<'t> {
    /// A process begins; what the last one had open is closed.
    Life,
    Open {
        fd: i32,
        create: bool,
        truncate: bool,
        path: &'t str,
    },
    Write {
        fd: i32,
        at: u64,
        octets: &'t [u8],
    },
    Resize {
        fd: i32,
        size: u64,
    },
    /// A sync was asked for.
    Syncing {
        fd: i32,
        number: u64,
    },
    /// That sync returned.
    Synced {
        number: u64,
    },
    Close {
        fd: i32,
    },
    Double {
        fd: i32,
        also: i32,
    },
    Rename {
        from: &'t str,
        to: &'t str,
    },
    Unlink(&'t str),
    MakeFolder(&'t str),
    RemoveFolder(&'t str),
    /// Words on standard output.
    Said(&'t str),
}

impl Event<'_> {
    /// A change that a power cut may take back.
    pub(crate) fn is_change(&self) -> bool {
        matches!(
            self,
            Event::Write { .. }
                | Event::Resize { .. }
                | Event::Rename { .. }
                | Event::Unlink(_)
                | Event::MakeFolder(_)
                | Event::Open { create: true, .. }
        )
    }
}

/// Octets of a record before its text.
const HEAD: usize = 1 + 4 + 4 + 8 + 4;

/// All events of a trace. A call that the shim does not understand is no trace to judge by.
pub(crate) fn events(mut trace: &[u8]) -> Vec<Event<'_>> {
    let mut events = Vec::new();
    while !trace.is_empty() {
        let (event, rest) = event(trace);
        events.push(event);
        trace = rest;
    }
    events
}

fn event(trace: &[u8]) -> (Event<'_>, &[u8]) {
    let (head, rest) = trace.split_at(HEAD);
    let int = |at: usize| i32::from_le_bytes(head[at..at + 4].try_into().unwrap());
    let (fd, also, at) = (int(1), int(5), u64::from_le_bytes(head[9..17].try_into().unwrap()));
    let (octets, rest) = rest.split_at(usize::try_from(int(17)).unwrap());
    let text = || std::str::from_utf8(octets).unwrap();
    let event = match head[0] {
        b'L' => Event::Life,
        b'O' => Event::Open { fd, create: also & 1 != 0, truncate: also & 2 != 0, path: text() },
        b'W' => Event::Write { fd, at, octets },
        b'T' => Event::Resize { fd, size: at },
        b'S' => Event::Syncing { fd, number: at },
        b'E' => Event::Synced { number: at },
        b'C' => Event::Close { fd },
        b'D' => Event::Double { fd, also },
        b'R' => {
            let (from, to) = text().split_once('\0').unwrap();
            Event::Rename { from, to }
        }
        b'U' => Event::Unlink(text()),
        b'M' => Event::MakeFolder(text()),
        b'X' => Event::RemoveFolder(text()),
        b'A' => Event::Said(text()),
        kind => panic!("the store does what the shim cannot follow: {} {}", char::from(kind), text()),
    };
    (event, rest)
}
