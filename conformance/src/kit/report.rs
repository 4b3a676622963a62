//! What was found: as a table, as JSON, and as XML in the manner of `JUnit` for machines that run tests.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::listed::{Listed, name};
use super::{Heard, Played, Verdict};

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line for each transcript, and the differences below it.
    Table,
    /// One object.
    Json,
    /// For machines that run tests.
    Junit,
}

/// Writes it all. `false`: there is a difference that is not listed, or one listed that did not show.
pub fn report(all: &[Played], listed: &Listed, format: Format, out: &mut impl Write) -> io::Result<bool> {
    let healed = listed.healed(all);
    match format {
        Format::Table => table(all, listed, &healed, out)?,
        Format::Json => writeln!(out, "{:#}", object(all, listed, &healed))?,
        Format::Junit => junit(all, listed, &healed, out)?,
    }
    Ok(healed.is_empty() && all.iter().all(|played| unlisted(played, listed).is_empty()))
}

fn unlisted<'a>(played: &'a Played, listed: &Listed) -> Vec<&'a Heard> {
    heard(played).iter().filter(|heard| listed.reason(played, heard).is_none()).collect()
}

fn heard(played: &Played) -> &[Heard] {
    match &played.verdict {
        Verdict::Differs(heard) => heard,
        _ => &[],
    }
}

fn word(played: &Played, listed: &Listed) -> &'static str {
    match &played.verdict {
        Verdict::Holds => "holds",
        Verdict::NotHere(_) => "not here",
        Verdict::Differs(_) if unlisted(played, listed).is_empty() => "listed",
        Verdict::Differs(_) => "DIFFERS",
    }
}

fn table(all: &[Played], listed: &Listed, healed: &[&str], out: &mut impl Write) -> io::Result<()> {
    for played in all {
        let word = word(played, listed);
        match &played.verdict {
            Verdict::NotHere(why) => writeln!(out, "{word:<9} {:<32} {why}", played.script.name)?,
            _ => writeln!(out, "{word:<9} {:<32} {}", played.script.name, played.script.subject())?,
        }
        for heard in heard(played) {
            let why = listed.reason(played, heard).unwrap_or("not listed");
            writeln!(out, "          {}: {why}", heard.at)?;
            writeln!(out, "              expected {}\n              actual   {}", heard.expected, heard.actual)?;
        }
    }
    for name in healed {
        writeln!(out, "HEALED    {name}: the listed difference did not show; take it out of the list")?;
    }
    let count = |wanted: &str| all.iter().filter(|played| word(played, listed) == wanted).count();
    let [holds, known, differs, not_here] = ["holds", "listed", "DIFFERS", "not here"].map(count);
    writeln!(
        out,
        "{holds} hold, {known} differ as listed, {differs} differ otherwise, {not_here} are not for this server"
    )
}

fn object(all: &[Played], listed: &Listed, healed: &[&str]) -> Value {
    let one = |played: &Played| {
        let difference = |heard: &Heard| {
            json!({ "at": heard.at, "expected": heard.expected, "actual": heard.actual,
                    "reason": listed.reason(played, heard) })
        };
        let why = if let Verdict::NotHere(why) = &played.verdict { Some(why) } else { None };
        json!({ "transcript": played.script.name, "shows": played.script.subject(), "verdict": word(played, listed).to_lowercase(),
                "why": why, "differences": heard(played).iter().map(difference).collect::<Vec<_>>() })
    };
    json!({ "v": 1, "transcripts": all.iter().map(one).collect::<Vec<_>>(), "healed": healed })
}

fn junit(all: &[Played], listed: &Listed, healed: &[&str], out: &mut impl Write) -> io::Result<()> {
    let failed = all.iter().filter(|played| !unlisted(played, listed).is_empty()).count() + healed.len();
    let skipped = all.iter().filter(|played| matches!(played.verdict, Verdict::NotHere(_))).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let tests = all.len() + healed.len();
    writeln!(
        out,
        "<testsuite name=\"fumibako-conformance\" tests=\"{tests}\" failures=\"{failed}\" skipped=\"{skipped}\">"
    )?;
    for played in all {
        writeln!(out, "  <testcase name=\"{}\">", escaped(played.script.name))?;
        if let Verdict::NotHere(why) = &played.verdict {
            writeln!(out, "    <skipped message=\"{}\"/>", escaped(why))?;
        }
        for heard in unlisted(played, listed) {
            let (at, expected, actual) = (name(played, heard), escaped(&heard.expected), escaped(&heard.actual));
            writeln!(out, "    <failure message=\"{}\">expected {expected}\nactual {actual}</failure>", escaped(&at))?;
        }
        writeln!(out, "  </testcase>")?;
    }
    for name in healed {
        let name = escaped(name);
        writeln!(
            out,
            "  <testcase name=\"{name}\"><failure message=\"the listed difference did not show\"/></testcase>"
        )?;
    }
    writeln!(out, "</testsuite>")
}

/// XML has no control characters, and marks of its own.
pub(crate) fn escaped(text: &str) -> String {
    let plain = text.chars().map(|next| if next.is_control() { ' ' } else { next });
    plain.collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Format, report};
    use crate::kit::{Heard, Listed, Played, Script, Verdict};

    fn written(format: Format) -> (bool, String) {
        let mut scripts = Script::of("imap");
        let mut played = |verdict| Played { script: scripts.next().expect("there are some"), verdict };
        let differs = Verdict::Differs(vec![Heard::at("a1", "a1 OK", "a1 NO <no> & \"no\"\u{7}")]);
        let all = [played(Verdict::Holds), played(differs), played(Verdict::NotHere("it is about another".into()))];
        let mut out = Vec::new();
        let good = report(&all, &Listed::default(), format, &mut out).expect("a Vec takes everything");
        (good, String::from_utf8(out).expect("it is UTF-8"))
    }

    #[test]
    fn each_format_tells_what_held_what_differed_and_what_was_not_played() {
        let (good, table) = written(Format::Table);
        assert!(
            !good && table.ends_with("1 hold, 0 differ as listed, 1 differ otherwise, 1 are not for this server\n"),
            "{table}"
        );
        let object: serde_json::Value = serde_json::from_str(&written(Format::Json).1).expect("JSON");
        assert_eq!(object["transcripts"][1]["differences"][0]["at"], "a1");
        assert_eq!(object["transcripts"][2]["why"], "it is about another");
        let xml = written(Format::Junit).1;
        assert!(
            xml.contains("failures=\"1\" skipped=\"1\"") && xml.contains("&lt;no&gt; &amp; &quot;no&quot; "),
            "{xml}"
        );
    }
}
