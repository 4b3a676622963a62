//! Who is it? Links that open once, sessions that lock, logins that wait after too many failures.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use fumibako_careplan::Lang;
use fumibako_web::TextSize;
use jiff::{SignedDuration, Timestamp};

use super::state::held;
use crate::random;
use crate::settings::Settings;
use crate::trouble::Trouble;

/// How long a link that nobody opened stays good.
const LINK: SignedDuration = SignedDuration::from_mins(10);
/// Wrong passwords before logins wait.
const TRIES: u32 = 5;
/// How long they wait.
const WAIT: SignedDuration = SignedDuration::from_mins(15);
/// Sessions kept; the oldest goes.
const SESSIONS: usize = 32;

/// Somebody's browser.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// What every form of its pages repeats.
    pub(super) csrf: String,
    /// Did somebody log in?
    pub(super) open: bool,
    /// Did somebody log in, and go away?
    pub(super) locked: bool,
    /// The last click.
    pub(super) last: Timestamp,
    /// The language of its pages.
    pub(super) lang: Lang,
    /// The size of letters.
    pub(super) size: TextSize,
    /// A word for the next page.
    pub(super) toast: Option<String>,
    /// Where files were saved just now.
    pub(super) saved: Option<String>,
    /// 保存先フォルダ as it was typed, while the dialog asks once more.
    pub(super) folder: Option<String>,
    /// Notices that were shown before.
    pub(super) read: HashSet<u64>,
    /// Of these, what was new when the page was opened: it stays marked while the page refreshes itself.
    pub(super) fresh: HashSet<u64>,
    /// The office an agent looks at; none: all that it acts for (PX-03).
    pub(super) of: Option<fumibako_model::OfficeNumber>,
    /// Why the last step on the page was not done.
    pub(super) trouble: Option<fumibako_web::part::Words>,
    /// What was told of it, and on which page: it stays while the page refreshes itself.
    pub(super) told: Option<(String, fumibako_web::part::Words)>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Sessions {
    inner: Mutex<Inner>,
    idle: Mutex<SignedDuration>,
}

#[derive(Debug, Default)]
struct Inner {
    links: HashMap<String, Timestamp>,
    open: HashMap<String, Session>,
    failures: u32,
    wait_until: Option<Timestamp>,
}

/// Why a login did not open a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// ID or password: one answer for both (LG-07).
    Wrong,
    /// So many minutes yet.
    Wait(usize),
}

impl Sessions {
    pub(super) fn new(idle_seconds: u32) -> Self {
        Self { inner: Mutex::default(), idle: Mutex::new(SignedDuration::from_secs(idle_seconds.into())) }
    }

    /// LG-10: sessions lock when nobody clicks for so many seconds.
    pub(super) fn lock_after(&self, idle_seconds: u32) {
        *held(&self.idle) = SignedDuration::from_secs(idle_seconds.into());
    }

    /// A link's word, good once.
    pub(super) fn new_link(&self, now: Timestamp) -> String {
        let word = random::hex();
        let mut inner = held(&self.inner);
        inner.links.retain(|_, made| now.duration_since(*made) < LINK);
        inner.links.insert(word.clone(), now);
        word
    }

    /// Profile §15.3: begins a session for a link that nobody used before; the answer is its cookie's value.
    pub(super) fn begin(&self, word: &str, now: Timestamp) -> Option<String> {
        let mut inner = held(&self.inner);
        let made = inner.links.remove(word)?;
        if now.duration_since(made) >= LINK {
            return None;
        }
        if inner.open.len() >= SESSIONS {
            let oldest = inner.open.iter().min_by_key(|(_, session)| session.last).map(|(id, _)| id.clone());
            if let Some(id) = oldest {
                inner.open.remove(&id);
            }
        }
        let id = random::hex();
        inner.open.insert(id.clone(), Session::new(now));
        Some(id)
    }

    /// The session of a cookie, locked if nobody clicked for long. A page that refreshes itself is no click.
    pub(super) fn find(&self, id: &str, now: Timestamp, click: bool) -> Option<Session> {
        let (idle, mut inner) = (*held(&self.idle), held(&self.inner));
        let session = inner.open.get_mut(id)?;
        if session.open && now.duration_since(session.last) >= idle {
            (session.open, session.locked) = (false, true);
        }
        if click && session.open {
            session.last = now;
        }
        Some(session.clone())
    }

    /// Changes a session.
    pub(super) fn with(&self, id: &str, change: impl FnOnce(&mut Session)) {
        if let Some(session) = held(&self.inner).open.get_mut(id) {
            change(session);
        }
    }

    /// Opens a session to whoever knows ID and password (LG-02, LG-04), against what is kept here, so that it works
    /// without a network (LG-11).
    pub(super) fn login(
        &self,
        id: &str,
        (user, password): (&str, &str),
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Result<(), Closed>, Trouble> {
        let (known, secret) = (settings.login()?, settings.password()?);
        let mut inner = held(&self.inner);
        if let Some(until) = inner.wait_until.filter(|until| now < *until) {
            let minutes = until.duration_since(now).as_secs().div_euclid(60) + 1;
            return Ok(Err(Closed::Wait(usize::try_from(minutes).unwrap_or(1))));
        }
        // Both are compared, whatever the first says, and in the same time.
        let right = [same(user, known), !secret.0.is_empty() && same(password, &secret.0)];
        if right != [true, true] {
            inner.failures += 1;
            if inner.failures >= TRIES {
                (inner.failures, inner.wait_until) = (0, Some(now + WAIT));
                tracing::warn!("ui.login.waits");
                return Ok(Err(Closed::Wait(15)));
            }
            return Ok(Err(Closed::Wrong));
        }
        (inner.failures, inner.wait_until) = (0, None);
        if let Some(session) = inner.open.get_mut(id) {
            (session.open, session.locked, session.last) = (true, false, now);
        }
        Ok(Ok(()))
    }

    /// Ends a session's login (LG-05); the browser may log in again.
    pub(super) fn logout(&self, id: &str) {
        self.with(id, |session| (session.open, session.locked) = (false, false));
    }
}

fn same(given: &str, known: &str) -> bool {
    verify_slices_are_equal(given.as_bytes(), known.as_bytes()).is_ok()
}

impl Session {
    fn new(now: Timestamp) -> Self {
        Self {
            csrf: random::hex(),
            open: false,
            locked: false,
            last: now,
            lang: Lang::Ja,
            size: TextSize::Standard,
            toast: None,
            saved: None,
            folder: None,
            read: HashSet::new(),
            fresh: HashSet::new(),
            of: None,
            trouble: None,
            told: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    fn settings() -> (tempfile::TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        let password_file = folder.path().join("password");
        std::fs::write(&password_file, "secret\n").unwrap();
        let settings = Settings { login: "KJ0199700000".into(), password_file, ..Settings::default() };
        (folder, settings)
    }

    /// Profile §15.3.
    #[test]
    fn a_link_opens_once_and_not_for_ever() {
        let sessions = Sessions::new(900);
        let link = sessions.new_link(at(0));
        assert!(sessions.begin(&link, at(1)).is_some());
        assert!(sessions.begin(&link, at(1)).is_none());
        let late = sessions.new_link(at(0));
        assert!(sessions.begin(&late, at(600)).is_none());
        assert!(sessions.begin("guessed", at(0)).is_none());
    }

    /// LG-07.
    #[test]
    fn five_wrong_passwords_make_everybody_wait() {
        let ((_folder, settings), sessions) = (settings(), Sessions::new(900));
        let id = sessions.begin(&sessions.new_link(at(0)), at(0)).unwrap();
        let login = |user, password, now| sessions.login(&id, (user, password), &settings, now).unwrap();
        assert_eq!(login("someone", "secret", at(0)), Err(Closed::Wrong));
        for _ in 0..3 {
            assert_eq!(login("KJ0199700000", "wrong", at(0)), Err(Closed::Wrong));
        }
        assert_eq!(login("KJ0199700000", "", at(0)), Err(Closed::Wait(15)));
        assert_eq!(login("KJ0199700000", "secret", at(60)), Err(Closed::Wait(15)));
        assert_eq!(login("KJ0199700000", "secret", at(900)), Ok(()));
        assert!(sessions.find(&id, at(901), true).unwrap().open);
    }

    /// LG-10.
    #[test]
    fn a_session_locks_when_nobody_clicks_and_a_refresh_is_no_click() {
        let ((_folder, settings), sessions) = (settings(), Sessions::new(900));
        let id = sessions.begin(&sessions.new_link(at(0)), at(0)).unwrap();
        sessions.login(&id, ("KJ0199700000", "secret"), &settings, at(0)).unwrap().unwrap();
        assert!(sessions.find(&id, at(800), true).unwrap().open);
        assert!(sessions.find(&id, at(1600), false).unwrap().open);
        let locked = sessions.find(&id, at(1700), true).unwrap();
        assert!(!locked.open && locked.locked);
        sessions.login(&id, ("KJ0199700000", "secret"), &settings, at(1701)).unwrap().unwrap();
        sessions.logout(&id);
        assert!(!sessions.find(&id, at(1702), true).unwrap().open);
    }
}
