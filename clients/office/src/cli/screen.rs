//! What a command shows: data as text, JSON or NDJSON; messages and progress beside it.

use std::io::{self, Write};

use fumibako_careplan::Lang;
use fumibako_model::{JAPAN, steers};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Serialize;

use crate::trouble::{Trouble, Words};

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One array, or one object.
    Json,
    /// One object a line.
    Ndjson,
}

/// The two streams of a command.
pub struct Screen<'w> {
    out: &'w mut dyn Write,
    err: &'w mut dyn Write,
    format: Format,
    lang: Lang,
    quiet: bool,
    bars: bool,
    bar: ProgressBar,
    json: Json,
}

/// What JSON is written at the end.
enum Json {
    /// One array of all the data.
    Array(Vec<serde_json::Value>),
    /// One object, once it is known.
    Object(Option<String>),
}

/// Every object says which version of its shape it has.
#[derive(Serialize)]
struct Versioned<'o, T> {
    v: u8,
    #[serde(flatten)]
    object: &'o T,
}

impl<'w> Screen<'w> {
    /// A screen over two writers.
    pub fn new(
        out: &'w mut dyn Write,
        err: &'w mut dyn Write,
        format: Format,
        lang: Lang,
        quiet: bool,
        bars: bool,
    ) -> Self {
        Self { out, err, format, lang, quiet, bars, bar: ProgressBar::hidden(), json: Json::Array(Vec::new()) }
    }

    /// The language of everything said.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Is data written for people?
    pub fn is_text(&self) -> bool {
        self.format == Format::Text
    }

    /// One of two texts.
    pub fn pick<'t>(&self, ja: &'t str, en: &'t str) -> &'t str {
        self.lang.pick(ja, en)
    }

    /// One piece of data: an object for programs, or the text that says the same.
    pub fn data<T: Serialize>(&mut self, object: &T, text: impl FnOnce(Lang) -> String) -> io::Result<()> {
        match self.format {
            Format::Text => self.text(&text(self.lang)),
            Format::Json => {
                let value = serde_json::to_value(Versioned { v: 1, object })?;
                if let Json::Array(array) = &mut self.json {
                    array.push(value);
                }
                Ok(())
            }
            Format::Ndjson => {
                let line = serde_json::to_string(&Versioned { v: 1, object })?;
                self.text(&line)
            }
        }
    }

    /// This command's JSON is one object, not an array.
    pub fn one_object(&mut self) {
        self.json = Json::Object(None);
    }

    /// The one object, which says its own version. Returns whether JSON is the format, so that all is said.
    pub fn whole<T: Serialize>(&mut self, object: &T) -> io::Result<bool> {
        if self.format == Format::Json {
            self.json = Json::Object(Some(serde_json::to_string_pretty(object)?));
        }
        Ok(self.format == Format::Json)
    }

    /// Text on the data stream, whatever the format.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        let out = &mut *self.out;
        self.bar.suspend(|| writeln!(out, "{text}").and_then(|()| out.flush()))
    }

    /// A message beside the data. One that cannot be written stops nothing.
    pub fn say(&mut self, message: &str) {
        if !self.quiet {
            let err = &mut *self.err;
            let _ = self.bar.suspend(|| writeln!(err, "{message}"));
        }
    }

    /// What went wrong, even when quiet.
    pub fn trouble(&mut self, trouble: &Trouble) {
        self.words(&trouble.words(self.lang));
    }

    /// What went wrong, even when quiet.
    pub fn words(&mut self, words: &Words) {
        let line = words.line(self.lang);
        let err = &mut *self.err;
        let _ = self.bar.suspend(|| writeln!(err, "{line}"));
    }

    /// Begins a progress bar of so many steps.
    pub fn begin(&mut self, steps: usize) {
        if self.bars && steps > 1 {
            self.bar = ProgressBar::new(steps as u64);
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
    }

    /// One step of the bar is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// The bar for work that borrows the screen no longer.
    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Ends the bar and writes the JSON, if that is the format.
    pub fn finish(&mut self) -> io::Result<()> {
        self.bar.finish_and_clear();
        match &self.json {
            _ if self.format != Format::Json => {}
            Json::Array(array) => writeln!(self.out, "{}", serde_json::to_string_pretty(array)?)?,
            Json::Object(Some(object)) => writeln!(self.out, "{object}")?,
            Json::Object(None) => {}
        }
        self.out.flush()
    }
}

/// A moment as people in Japan read it.
pub(crate) fn moment(at: Timestamp) -> String {
    JAPAN.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A number of bytes with commas.
pub(crate) fn bytes(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text from a stranger on one line of a terminal: no control characters, nothing that turns the text around.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!([0, 999, 1000, 1_234_567].map(bytes), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_stranger_s_text_does_not_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2J\u{202E}b"), "a\u{FFFD}[2J\u{FFFD}b");
    }

    #[test]
    fn json_is_one_array_and_ndjson_one_object_a_line() {
        let write = |format| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut screen = Screen::new(&mut out, &mut err, format, Lang::Ja, false, false);
            for n in 1..3 {
                screen.data(&serde_json::json!({ "n": n }), |_| format!("{n} 件")).unwrap();
            }
            screen.finish().unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(write(Format::Ndjson), "{\"v\":1,\"n\":1}\n{\"v\":1,\"n\":2}\n");
        assert_eq!(write(Format::Text), "1 件\n2 件\n");
        let array: Vec<serde_json::Value> = serde_json::from_str(&write(Format::Json)).unwrap();
        assert_eq!(array.len(), 2);
    }
}
