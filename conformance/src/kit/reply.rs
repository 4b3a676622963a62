//! What another SMTP or POP3 server may say in other words: the sentences, and what it offers besides.

use std::io;

use crate::line::Line;
use crate::transcript::fits;

use super::player::{Heard, Judge, Pattern};

/// Hears the codes of SMTP (RFC 5321 §4.2); sentences and enhanced codes are the server's.
pub(crate) struct Smtp;

impl Judge for Smtp {
    fn hear(&mut self, line: &mut Line, patterns: &[Pattern<'_>]) -> io::Result<Vec<Heard>> {
        let ends = |text: &str| text.as_bytes().get(3) != Some(&b'-');
        let mut heard = Vec::new();
        // A reply of several lines counts by its last.
        for pattern in patterns.iter().filter(|pattern| ends(pattern.text)) {
            let said = loop {
                match line.line()? {
                    said if ends(&said) => break said,
                    _ => {}
                }
            };
            // A pattern may name the class alone: `5…`.
            let code: String = pattern.text.chars().take(3).collect();
            if !said.get(..3).is_some_and(|said| fits(code.trim_end(), said)) {
                // A challenge or the wish for data that does not come, or comes unasked, changes what is said next.
                let lost = [pattern.text, &said].iter().any(|text| text.starts_with('3'));
                heard.push(Heard { lost, ..Heard::at(pattern.after, pattern.text, &said) });
                if lost {
                    break;
                }
            }
        }
        Ok(heard)
    }
}

/// Hears `+OK` and `-ERR` (RFC 1939 §3), and what stands in lists and messages.
pub(crate) struct Pop3;

impl Judge for Pop3 {
    fn hear(&mut self, line: &mut Line, patterns: &[Pattern<'_>]) -> io::Result<Vec<Heard>> {
        let (mut heard, mut patterns) = (Vec::new(), patterns.iter().peekable());
        while let Some(pattern) = patterns.next() {
            let mut wanted = Vec::new();
            while let Some(content) = patterns.next_if(|next| is_content(next.text)) {
                wanted.push(content.text);
                if content.text == "." {
                    break;
                }
            }
            let said = line.line()?;
            let word = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
            if word(&said) != word(pattern.text) {
                // Where a list was not expected, or is not told, the lines that follow are other ones.
                let lost = wanted.is_empty() && said.starts_with("+OK") || !said.starts_with(['+', '-']);
                heard.push(Heard { lost, ..Heard::at(pattern.after, pattern.text, &said) });
                if lost {
                    break;
                }
                continue;
            }
            if !wanted.is_empty() {
                heard.extend(content(line, pattern, &wanted)?);
            }
        }
        Ok(heard)
    }
}

fn is_content(text: &str) -> bool {
    !text.starts_with("+OK") && !text.starts_with("-ERR") && !text.starts_with("+ ")
}

/// The lines of a list or a message, up to the dot (RFC 1939 §3).
fn content(line: &mut Line, pattern: &Pattern<'_>, wanted: &[&str]) -> io::Result<Option<Heard>> {
    const LINES: usize = 100_000;
    let mut said = Vec::new();
    while said.last().is_none_or(|last| last != ".") && said.len() < LINES {
        said.push(line.line()?);
    }
    let command = pattern.after.to_ascii_uppercase();
    let first = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let holds = if command.starts_with("CAPA") {
        // What a server offers is its own affair.
        true
    } else if command.starts_with("UIDL") {
        // RFC 1939 §7 UIDL: the ids are the server's.
        said.iter().map(|said| first(said)).eq(wanted.iter().map(|wanted| first(wanted)))
    } else {
        said.len() == wanted.len() && wanted.iter().zip(&said).all(|(wanted, said)| fits(wanted, said))
    };
    Ok((!holds).then(|| Heard::at(pattern.after, &wanted.join(" ; "), &said.join(" ; "))))
}
