//! Years later: evidence goes, and what proves the rest stays (Profile §8.29).

use std::fs;
use std::path::Path;

use fumibako_conformance::Deadline;
use fumibako_model::Refusal;
use fumibako_signer::authority::Authority;
use jiff::{SignedDuration, Timestamp};

use super::{Life, SOON};

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

impl Life {
    /// The evidence about a bundle whose life is over goes after seven years and one; the file of it that somebody has is good for
    /// ever.
    pub(super) fn forgets_after_its_years(&mut self, (id, accepted): (&str, Timestamp), file: &Path) {
        let last = self.entries().last().expect("there is evidence").id();
        let said = |life: &Self, arguments: &[&str]| {
            let ran = life.world.gateway.admin(arguments);
            ran.output() + &ran.messages()
        };
        self.cut(accepted + days(8 * 365));
        // A clock that leapt lets nothing go by itself; who asks is told that it is too early.
        assert!(said(self, &["evidence", "prune", "--dry-run"]).contains("Nothing goes"));
        self.cut(accepted + days(8 * 365 + 200));
        assert!(said(self, &["evidence", "prune", "--dry-run"]).contains("would go"));
        assert_eq!(self.happened(id).len(), 3);
        self.world.gateway.admin(["expire"]);
        // The date is known now, and the next start acts on it; the power fails meanwhile.
        for _ in 0..2 {
            self.cut(self.clock.now() + days(1));
        }
        let pruned = || (self.world.gateway.status()["evidence_pruned"] != 0).then_some(());
        assert!(Deadline::after(SOON).until(pruned).is_some(), "it does not go");
        // It is written down first; then the rows go.
        let gone = || self.entries().iter().all(|one| one.id() > last).then_some(());
        assert!(Deadline::after(SOON).until(gone).is_some(), "{:?}", self.entries());
        let prunings: Vec<_> = self.entries().into_iter().filter(|one| one.kind() == "EvidencePruning").collect();
        assert_eq!(prunings.len(), 1, "{prunings:?}");
        assert!(said(self, &["evidence", "verify"]).contains("went after their 7 years"));
        assert!(said(self, &["audit", "list"]).contains("evidence-pruned"));

        self.verified(file);
        // The door's certificate ended long ago.
        let (folder, now) = (self.world.gateway.folder(), self.clock.now());
        let tls = Authority::create("a later TLS CA", now).expect("it is made");
        let server = tls.issue_server(&["localhost", "127.0.0.1"], now, now + days(30)).expect("it is issued");
        for (name, pem) in [
            ("dev-ca/tls.pem", tls.certificate().to_pem()),
            ("tls/certificate.pem", server.chain_pem),
            ("tls/key.pem", server.key_pem.to_string()),
        ] {
            fs::write(folder.join(name), pem).expect("the folder is writable");
        }
        self.cut(now + SignedDuration::from_mins(1));
        let first = fs::read_to_string(file).expect("it was written");
        let first: fumibako_model::ProofFile = serde_json::from_str(&first).expect("it is a proof");
        let first: fumibako_model::LogEntry = first.entries[0].entry.parse().expect("it is evidence");
        let ran = self.sender.run(&["receipt", &first.id().to_string(), "-o", "gone.json"]);
        let text = ran.output() + &ran.messages();
        assert_eq!((ran.exit(), text.contains(Refusal::EvidencePruned.row().code)), (Some(66), true), "{text}");
    }
}
