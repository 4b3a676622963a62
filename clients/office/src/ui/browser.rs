//! The link that begins a session, handed to this computer's browser.
//!
//! What a program is started with every user of the computer can read, so no link stands there: the browser is started with a page
//! that only this user reads, and that page leads to the link. The link works once, for ten minutes, and leads to the login.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::disk;
use crate::trouble::Trouble;

/// The page that leads to the link, beside the questions of other runs.
pub(super) const PAGE: &str = "open.html";

/// Opens the link in the browser of whoever sits here; false: there is no display, or nothing that opens a page.
pub fn open(data_folder: &Path, link: &str) -> Result<bool, Trouble> {
    let Some(mut command) = opener(&|name| std::env::var_os(name)) else { return Ok(false) };
    // A run that ends at once, with its terminal, takes no browser with it that is only just starting.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let page = page(&data_folder.join("ui"), link)?;
    let started = command.arg(&page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = started else {
        disk::remove(&page).map_err(Trouble::writing(&page))?;
        return Ok(false);
    };
    std::thread::spawn(move || child.wait());
    Ok(true)
}

/// What opens a page here, as its user would by a double click.
fn opener(named: &dyn Fn(&str) -> Option<OsString>) -> Option<Command> {
    let is_set = |name: &str| named(name).is_some_and(|value| !value.is_empty());
    if cfg!(any(windows, target_os = "macos")) {
        // Who came over the network sits before another screen.
        return (!is_set("SSH_CONNECTION")).then(|| Command::new(if cfg!(windows) { "explorer" } else { "open" }));
    }
    (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")).then(|| Command::new("xdg-open"))
}

/// Writes the page. The run that serves takes it away in a minute.
fn page(folder: &Path, link: &str) -> Result<PathBuf, Trouble> {
    let page = folder.join(PAGE);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"ja\"><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0;url={link}\"><title>文箱</title>\
         <p><a href=\"{link}\">文箱を開く / Open Fumibako</a></p></html>\n"
    );
    disk::replace(&page, html.as_bytes()).map_err(Trouble::writing(&page))?;
    std::path::absolute(&page).map_err(Trouble::reading(&page))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A computer without a screen opens nothing.
    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn a_browser_needs_a_display() {
        let with = |set: &'static [(&str, &str)]| {
            let found = opener(&|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()));
            found.map(|command| command.get_program().to_owned())
        };
        assert_eq!([with(&[]), with(&[("DISPLAY", "")]), with(&[("HOME", "/root")])], [None, None, None]);
        assert_eq!(with(&[("DISPLAY", ":0")]), Some("xdg-open".into()));
        assert_eq!(with(&[("WAYLAND_DISPLAY", "wayland-0")]), Some("xdg-open".into()));
    }
}
