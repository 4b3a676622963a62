//! Whoever starts `fumibako ui` again gets a fresh link from the run that serves already: a link opens once, and a browser that was
//! closed has forgotten its session (Profile §15.3).
//!
//! Both runs meet in a folder that nobody but this user reads or writes, so it works the same on every system, however long the
//! folder's name is, and no stranger's program can stand in for ours: the second run writes `asked-<word>`, the first answers with
//! `link-<word>`, whole or not at all. A lock tells which is the first, so that two that begin together do not both serve.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::browser::PAGE;
use crate::disk;
use crate::random;
use crate::settings::read_small;
use crate::trouble::Trouble;

/// Held by the run that serves.
const LOCK: &str = "lock";
/// How the name of a question begins, and that of its answer.
const ASKED: &str = "asked-";
const LINK: &str = "link-";
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// Looks for an answer. A run that does not answer in these 20 seconds is not well.
const LOOKS: u32 = 100;

/// Looks at the page that leads a browser to a link before it is taken away, a minute: by then the browser has read it.
const READ: u32 = 300;

/// Looks at a question that is gone before it is asked again: the answer comes a moment after the question went.
const GONE: u32 = 15;

/// Who serves the screens of a data folder.
#[derive(Debug)]
pub enum Found {
    /// Nobody so far: whoever holds this may.
    Nobody(Door),
    /// Another run, which gave this link; it opens once.
    Running(String),
}

/// Where the run that serves is asked for links. Others wait for it as long as it lives.
#[derive(Debug)]
pub struct Door {
    folder: PathBuf,
    _lock: File,
}

impl Door {
    /// Finds out who serves, and asks it. [`Trouble::Deaf`]: it does not answer.
    pub async fn find(data_folder: &Path) -> Result<Found, Trouble> {
        let folder = data_folder.join("ui");
        disk::private_folder(&folder).map_err(Trouble::writing(&folder))?;
        let place = folder.join(LOCK);
        let lock =
            File::options().read(true).create(true).append(true).open(&place).map_err(Trouble::writing(&place))?;
        let word = random::hex();
        let (asked, link) = (folder.join(format!("{ASKED}{word}")), folder.join(format!("{LINK}{word}")));
        let mut gone = GONE;
        for _ in 0..LOOKS {
            match lock.try_lock() {
                // The run that served may be just ending.
                Ok(()) => {
                    clear(&folder)?;
                    return Ok(Found::Nobody(Self { folder, _lock: lock }));
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(why)) => return Err(Trouble::writing(&place)(why)),
            }
            // Another run that asked may serve by now, and have cleared away what was asked of the one before.
            if gone == GONE {
                disk::replace(&asked, b"").map_err(Trouble::writing(&asked))?;
            }
            gone = if asked.exists() { 0 } else { gone + 1 };
            match read_small(&link) {
                Ok(told) => {
                    disk::remove(&link).map_err(Trouble::writing(&link))?;
                    return Ok(Found::Running(String::from_utf8_lossy(&told).into_owned()));
                }
                Err(Trouble::CannotRead(_, why)) if why.kind() == ErrorKind::NotFound => {}
                Err(why) => return Err(why),
            }
            tokio::time::sleep(PAUSE).await;
        }
        disk::remove(&asked).map_err(Trouble::writing(&asked))?;
        Err(Trouble::Deaf(data_folder.to_owned()))
    }

    /// Answers whoever asks, for ever, and leaves no link on the disk.
    pub(super) async fn answer(self, new_link: impl Fn() -> String) {
        let (page, mut seen) = (self.folder.join(PAGE), 0);
        loop {
            seen = put_away(&page, seen);
            for word in questions(&self.folder) {
                if let Err(why) = self.tell(&word, &new_link()) {
                    tracing::warn!(%why, "ui.link-not-handed-over");
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn tell(&self, word: &str, link: &str) -> std::io::Result<()> {
        // The question goes first: it is answered once, whatever happens.
        disk::remove(&self.folder.join(format!("{ASKED}{word}")))?;
        disk::replace(&self.folder.join(format!("{LINK}{word}")), link.as_bytes())
    }
}

/// Takes the page for the browser away once it was seen often enough; how often it was by now.
fn put_away(page: &Path, seen: u32) -> u32 {
    if !page.exists() {
        return 0;
    }
    if seen < READ {
        return seen + 1;
    }
    if let Err(why) = disk::remove(page) {
        tracing::warn!(%why, "ui.page-not-removed");
    }
    0
}

/// The words of all questions. What is not named by one of our words is none.
fn questions(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let words = names.filter_map(|name| name.strip_prefix(ASKED).map(str::to_owned));
    words.filter(|word| word.len() == 32 && word.bytes().all(|octet| octet.is_ascii_hexdigit())).collect()
}

/// Removes what earlier runs asked and were told.
fn clear(folder: &Path) -> Result<(), Trouble> {
    for entry in fs::read_dir(folder).map_err(Trouble::reading(folder))? {
        let path = entry.map_err(Trouble::reading(folder))?.path();
        if path.file_name().is_some_and(|name| name != LOCK) {
            disk::remove(&path).map_err(Trouble::writing(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn nobody(found: Found) -> Door {
        match found {
            Found::Nobody(door) => door,
            Found::Running(link) => panic!("{link}"),
        }
    }

    /// Profile §15.3.
    #[tokio::test]
    async fn each_run_after_the_first_is_told_a_link_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let door = nobody(Door::find(folder.path()).await.unwrap());
        let made = Arc::new(AtomicUsize::new(0));
        let link = move || format!("http://x.localhost:1/open?t={}", made.fetch_add(1, Ordering::Relaxed));
        let first = tokio::spawn(door.answer(link));
        let (one, two) = tokio::join!(Door::find(folder.path()), Door::find(folder.path()));
        let mut told: Vec<String> = [one, two]
            .into_iter()
            .map(|found| match found.unwrap() {
                Found::Running(link) => link,
                Found::Nobody(_) => panic!("two serve"),
            })
            .collect();
        told.sort();
        assert_eq!(told, ["http://x.localhost:1/open?t=0", "http://x.localhost:1/open?t=1"]);
        let left = fs::read_dir(folder.path().join("ui")).unwrap().count();
        assert_eq!(left, 1, "no link stays on the disk");
        first.abort();
        assert!(first.await.is_err());
        nobody(Door::find(folder.path()).await.unwrap());
    }

    /// What a crash left is nobody's question and nobody's answer.
    #[tokio::test]
    async fn a_new_run_forgets_what_was_asked_of_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("ui");
        fs::create_dir_all(&place).unwrap();
        for name in [format!("{ASKED}{}", random::hex()), format!("{LINK}{}", random::hex()), ".fumibako-x".into()] {
            fs::write(place.join(name), "x").unwrap();
        }
        nobody(Door::find(folder.path()).await.unwrap());
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    }

    /// Profile §15.3: of three runs the second took over from the first, and cleared away what the third had asked.
    #[tokio::test]
    async fn a_question_that_was_cleared_away_is_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let door = nobody(Door::find(folder.path()).await.unwrap());
        let (place, data) = (folder.path().join("ui"), folder.path().to_owned());
        let third = tokio::spawn(async move { Door::find(&data).await });
        while questions(&place).is_empty() {
            tokio::task::yield_now().await;
        }
        clear(&place).unwrap();
        let serving = tokio::spawn(door.answer(|| "link".into()));
        assert!(matches!(third.await.unwrap().unwrap(), Found::Running(link) if link == "link"));
        serving.abort();
    }

    /// Profile §15.3: what led a browser to a link is on the disk for a minute.
    #[test]
    fn the_page_for_the_browser_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join(PAGE);
        let after = |looks: u32| (0..looks).fold(0, |seen, _| put_away(&page, seen));
        fs::write(&page, "x").unwrap();
        assert!(after(READ) == READ && page.exists(), "a slow browser still finds it");
        assert!(after(READ + 1) == 0 && !page.exists());
        assert_eq!(after(3), 0, "the next page has a minute of its own");
    }

    /// Nobody but this user reads a link or asks for one.
    #[cfg(unix)]
    #[tokio::test]
    async fn the_folder_is_this_user_s_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let door = nobody(Door::find(&data).await.unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data.join("ui")), 0o700);
        let word = random::hex();
        door.tell(&word, "link").unwrap();
        assert_eq!(mode(&data.join("ui").join(format!("{LINK}{word}"))), 0o600);
    }
}
