//! What came of it: how often each command was given, and what cannot be.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::json;

use super::{Count, Shared};
use crate::kit::{Format, escaped};

/// Something that cannot be.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The client that found it; 0 looks at the folders while the others pause.
    pub client: usize,
    /// What it is.
    pub what: String,
    /// The last lines of its connection, `C: ` and `S: `.
    pub last: Vec<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the clients drew by.
    pub seed: u64,
    /// How many rounds there were.
    pub rounds: u64,
    /// How long they took.
    pub took: Duration,
    /// How often each command was given.
    pub counts: BTreeMap<&'static str, Count>,
    /// What cannot be.
    pub findings: Vec<Finding>,
}

impl Outcome {
    pub(super) fn of(shared: &Shared, rounds: u64, took: Duration) -> Self {
        let counts = shared.counts.lock().map(|counts| counts.clone()).unwrap_or_default();
        let findings = shared.findings.lock().map(|findings| findings.clone()).unwrap_or_default();
        Self { seed: shared.target.seed, rounds, took, counts, findings }
    }

    /// How many commands were given in all.
    pub fn commands(&self) -> u64 {
        self.counts.values().map(|count| count.asked).sum()
    }

    /// Writes it. `false`: something was found.
    pub fn report(&self, format: Format, out: &mut impl Write) -> io::Result<bool> {
        match format {
            Format::Table => self.table(out)?,
            Format::Json => writeln!(out, "{:#}", self.object())?,
            Format::Junit => self.junit(out)?,
        }
        Ok(self.findings.is_empty())
    }

    fn table(&self, out: &mut impl Write) -> io::Result<()> {
        for (name, Count { asked, refused }) in &self.counts {
            writeln!(
                out,
                "{name:<14} {asked:>8}{}",
                if *refused > 0 { format!("  refused {refused}") } else { String::new() }
            )?;
        }
        for Finding { client, what, last } in &self.findings {
            writeln!(out, "FOUND     client {client}: {what}")?;
            for line in last {
                writeln!(out, "              {line}")?;
            }
        }
        writeln!(
            out,
            "{} commands in {} rounds and {:.1} s, seed {}: {} findings",
            self.commands(),
            self.rounds,
            self.took.as_secs_f64(),
            self.seed,
            self.findings.len()
        )
    }

    fn object(&self) -> serde_json::Value {
        let count = |(name, count): (&&str, &Count)| {
            ((*name).to_owned(), json!({ "asked": count.asked, "refused": count.refused }))
        };
        let finding = |found: &Finding| json!({ "client": found.client, "what": found.what, "last": found.last });
        json!({ "v": 1, "seed": self.seed, "rounds": self.rounds, "seconds": self.took.as_secs_f64(),
                "commands": self.counts.iter().map(count).collect::<serde_json::Map<_, _>>(),
                "findings": self.findings.iter().map(finding).collect::<Vec<_>>() })
    }

    fn junit(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        let failures = self.findings.len();
        writeln!(out, "<testsuite name=\"fumibako-conformance\" tests=\"1\" failures=\"{failures}\" skipped=\"0\">")?;
        writeln!(out, "  <testcase name=\"stress/{}\">", self.seed)?;
        for Finding { what, last, .. } in &self.findings {
            let last = escaped(&last.join("\n"));
            writeln!(out, "    <failure message=\"{}\">{last}</failure>", escaped(what))?;
        }
        writeln!(out, "  </testcase>\n</testsuite>")
    }
}
