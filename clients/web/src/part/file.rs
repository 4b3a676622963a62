//! A file: what it is in words, and small below it what it is called.

use fumibako_careplan::{Lang, Recognised, recognise};
use maud::{Markup, html};

use super::chip;
use crate::frame::Frame;
use crate::text::{say, say_with};

/// ファイル種別.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// 登録
    Register,
    /// 削除
    Delete,
    /// PDF等
    Other,
}

/// A line of a list of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLine {
    /// What names it to the server.
    pub key: String,
    /// 登録, 削除 or PDF等.
    pub kind: FileKind,
    /// What it is, if its name says so.
    pub title: Option<String>,
    /// What it is called.
    pub name: String,
}

impl FileLine {
    /// The line of a file, by its name alone.
    pub fn of(key: impl Into<String>, name: &str, lang: Lang) -> Self {
        let (kind, title) = title_of(name, lang);
        Self { key: key.into(), kind, title, name: shown(name) }
    }
}

/// What a name of the standard says, in words: `第6表 実績 2026年10月分`.
pub fn title_of(name: &str, lang: Lang) -> (FileKind, Option<String>) {
    let Recognised::Standard { name, .. } = recognise(name) else { return (FileKind::Other, None) };
    let kind = if name.kind().is_delete() { FileKind::Delete } else { FileKind::Register };
    let what = name.kind().name(lang);
    let title = name.month().map_or_else(
        || what.to_owned(),
        |month| {
            let (year, month) = (month.year().to_string(), month.month().to_string());
            let month = say_with(lang, "of-month", &[("year", year.into()), ("month", month.into())]);
            format!("{what} {month}")
        },
    );
    (kind, Some(title))
}

/// Marks that turn text around are not shown, so that a name looks like what it is.
fn shown(name: &str) -> String {
    let hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    name.chars().map(|c| if hidden(c) { '\u{FFFD}' } else { c }).collect()
}

impl FileKind {
    /// Its chip.
    pub fn chip(self, lang: Lang) -> Markup {
        let (class, id) = match self {
            Self::Register => ("register", "kind-register"),
            Self::Delete => ("delete", "kind-delete"),
            Self::Other => ("other", "kind-other"),
        };
        chip(class, None, &say(lang, id))
    }

    /// Its chip beside a button 削除, which takes the file off the letter: that it holds deletes is said as the kind of file it is.
    fn chip_of_file(self, lang: Lang) -> Markup {
        match self {
            Self::Register => chip("register", None, &say(lang, "file-register")),
            Self::Delete => chip("delete", None, &say(lang, "file-delete")),
            Self::Other => self.chip(lang),
        }
    }
}

/// A list of files. With `remove`, each has its own 削除, which posts its key there.
pub fn files(frame: &Frame, lines: &[FileLine], remove: Option<&str>) -> Markup {
    html! {
        ul.files {
            @for line in lines {
                li {
                    @if remove.is_some() { (line.kind.chip_of_file(frame.lang)) } @else { (line.kind.chip(frame.lang)) }
                    span.what {
                        b { (line.title.as_ref().unwrap_or(&line.name)) }
                        @if line.title.is_some() { small title=(line.name) { (line.name) } }
                    }
                    @if let Some(address) = remove {
                        button.plain name="remove" value=(line.key) formaction=(address) {
                            (frame.say("remove")) span.vh { " " (line.name) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_standard_is_told_in_words() {
        let name = "UPJSK_202610_9970000029_11_9970000011_43_20261101100000.CSV";
        assert_eq!(title_of(name, Lang::Ja), (FileKind::Register, Some("第6表 実績 2026年10月分".into())));
        let name = "DLTPLAN_202510_9970000011_43_9970000029_11_20250920101500.CSV";
        assert_eq!(title_of(name, Lang::Ja).0, FileKind::Delete);
        assert_eq!(title_of("訪問記録.pdf", Lang::Ja), (FileKind::Other, None));
    }

    #[test]
    fn a_name_that_turns_text_around_is_seen_through() {
        assert_eq!(FileLine::of("k", "plan\u{202E}fdp.exe", Lang::Ja).name, "plan\u{FFFD}fdp.exe");
    }
}
