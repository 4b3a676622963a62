//! The evidence of a life, judged without the gateway: by our program and by OpenSSL.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_conformance::{Programs, Tool};
use fumibako_model::{Erased, ErasureProof, ProofFile, Refusal};
use serde_json::Value;

use super::{Life, field};

impl Life {
    /// The evidence about a bundle, in the file that the sender's program writes. Our program and OpenSSL believe it.
    pub(super) fn proved(&self, message_id: &str) -> (PathBuf, ProofFile) {
        let pieces = self.evidence(|one| one.evidence.message_id == message_id);
        let path = self.desk(&format!("{}-{}.json", pieces[0].id, self.clock.now().as_microsecond()));
        self.sender.run(&["receipt", &pieces[0].id.to_string(), "-o", &path.to_string_lossy()]).well();
        let file = self.verified(&path);
        assert_eq!(file.entries.len(), pieces.len());
        self.openssl_believes_all_of(&file);
        (path, file)
    }

    /// What our program finds in such a file; it asks nobody.
    pub(super) fn verified(&self, path: &Path) -> ProofFile {
        let ran = self.sender.run(&["verify", &path.to_string_lossy(), "--format", "ndjson"]);
        let layers: Vec<Value> =
            ran.well().output().lines().map(|row| serde_json::from_str(row).expect("a row")).collect();
        let file: ProofFile = serde_json::from_slice(&fs::read(path).expect("it was written")).expect("it is a proof");
        let count = |layer: &str| layers.iter().filter(|row| row["layer"] == layer && row["state"] == "holds").count();
        assert_eq!(count("evidence"), file.entries.len(), "{layers:?}");
        assert_eq!(
            (count("log-head"), count("sequence"), count("receipt"), count("time-stamp")),
            (
                1,
                usize::from(file.entries.len() > 1),
                usize::from(file.receipt.is_some()),
                usize::from(file.stamp.is_some())
            ),
            "{layers:?}"
        );
        file
    }

    /// Profile §8.18: the recipient was told no number; Message-ID and sender find it the same pieces, though the content is gone, and the
    /// office of somebody else finds nothing.
    pub(super) fn recipient_proves(&self, message_id: &str, file: &ProofFile) {
        let path = self.desk("recipient.json");
        let ask = |from: &str| {
            let to = path.to_string_lossy();
            self.recipient.run(&["receipt", message_id, "--from", from, "-o", &to])
        };
        let ran = ask(&self.world.recipient.number);
        let text = ran.output() + &ran.messages();
        assert_eq!((ran.exit(), text.contains(Refusal::EvidenceUnknown.row().code)), (Some(66), true), "{text}");
        ask(&self.world.sender.number).well();
        let its: ProofFile = serde_json::from_slice(&fs::read(&path).expect("it was written")).expect("it is a proof");
        assert!(its.entries == file.entries && its.erased == file.erased, "{its:?}");
        self.verified(&path);
    }

    /// Profile §8.28: the file and its page say when the content was erased; a file that says it of another bundle, or of another day,
    /// is not believed.
    pub(super) fn says_when_it_was_erased(&self, path: &Path, erased: &Erased) {
        let page = fs::read_to_string(path.with_extension("html")).expect("it was written");
        assert!(page.contains("消去") && page.contains(&erased.id.to_string()), "{page}");
        let text = fs::read_to_string(path).expect("it was written");
        let file: ProofFile = serde_json::from_str(&text).expect("it is a proof");
        let of_it = |change: &dyn Fn(&mut ErasureProof)| {
            let mut file = file.clone();
            change(file.erased.as_mut().expect("it says so"));
            let other = self.desk("other.json");
            fs::write(&other, serde_json::to_string(&file).expect("JSON")).expect("the folder is writable");
            let ran = self.sender.run(&["verify", &other.to_string_lossy(), "--format", "ndjson"]);
            let rows = ran.output();
            let mut rows = rows.lines().filter_map(|row| serde_json::from_str::<Value>(row).ok());
            (ran.exit(), rows.any(|row| row["layer"] == "erasure" && row["state"] == "holds"))
        };
        assert_eq!(of_it(&|_| ()), (Some(0), true));
        // Profile §8.18: what the gateway exports of that piece alone is verified as well.
        let alone = self.desk("erasure.json");
        self.world.gateway.admin(["evidence", "export", &erased.id.to_string(), "--output", &alone.to_string_lossy()]);
        assert_eq!(self.verified(&alone).entries.len(), 1);
        let day = erased.day.to_string();
        assert_eq!(of_it(&|one| one.piece.entry = one.piece.entry.replace(&day, "2026-01-01")), (Some(76), false));
        assert_eq!(of_it(&|one| one.index = 1), (Some(76), false));
        assert_eq!(of_it(&|one| one.beside.push("00".repeat(32))), (Some(76), false));
    }

    /// Profile §8.19: the signed receipt inside (§8.8) is held against the bundle, if that is given, and else it is said that it was not.
    pub(super) fn judges_the_signed_receipt(&self, path: &Path, sent: &Path) {
        let state = |more: &[&str]| {
            let path = path.to_string_lossy();
            let ran = self.sender.run(&[&["verify", &path, "--format", "ndjson"], more].concat());
            let rows = ran.well().output();
            let mut rows = rows.lines().filter_map(|row| serde_json::from_str::<Value>(row).ok());
            rows.find(|row| row["layer"] == "signed-receipt").map(|row| row["state"].clone())
        };
        assert_eq!(state(&[]), Some("unseen".into()));
        assert_eq!(state(&["--original", &sent.to_string_lossy()]), Some("holds".into()));
    }

    /// Profile §8.19: where the recipient's signature is not in the file, no page says that it was.
    pub(super) fn knows_a_receipt_that_was_taken_out(&self, path: &Path) {
        let mut file: ProofFile =
            serde_json::from_slice(&fs::read(path).expect("it was written")).expect("it is a proof");
        file.receipt = None;
        let other = self.desk("without.json");
        fs::write(&other, serde_json::to_string(&file).expect("JSON")).expect("the folder is writable");
        let ran = self.sender.run(&["verify", &other.to_string_lossy(), "--format", "ndjson"]);
        let rows = ran.well().output();
        assert!(rows.lines().any(|row| row.contains("\"receipt\"") && row.contains("unseen")), "{rows}");
    }

    fn openssl_believes_all_of(&self, file: &ProofFile) {
        let put = |name: &str, octets: &str| {
            let octets = STANDARD.decode(octets).expect("it is base64");
            fs::write(self.desk(name), octets).expect("the folder is writable");
        };
        put("head", &file.head);
        let head = "cms -verify -binary -inform DER -in head -out said -CAfile";
        assert!(self.openssl(head, &self.gateway_authority()));
        let said: Value = serde_json::from_slice(&fs::read(self.desk("said")).expect("it was written")).expect("JSON");
        assert_eq!(said["log"], "plans.example");
        assert!(!self.openssl(head, &self.desk("office-ca.pem")), "an authority that has nothing to do with it");
        if let Some(receipt) = &file.receipt {
            put("receipt", receipt);
            let receipt = "cms -verify -purpose smimesign -in receipt -out said -CAfile";
            assert!(self.openssl(receipt, &self.desk("office-ca.pem")));
        }
        if let Some(stamp) = &file.stamp {
            put("stamp", stamp);
            let stamp = "ts -verify -token_in -in stamp -data head -CAfile";
            let authority = self.gateway_authority().with_file_name("tsa.pem");
            assert!(self.openssl(stamp, &authority));
            assert!(!self.openssl(stamp, &self.gateway_authority()), "the gateway's authority vouches for no moment");
            assert!(!self.openssl(&stamp.replace("-data head", "-data stamp"), &authority), "over something else");
        }
    }

    /// Does OpenSSL believe that the gateway wrote this report?
    pub(super) fn openssl_believes(&self, report: &str) -> bool {
        self.openssl_believes_letter(report, &["In-Reply-To", "References"])
    }

    /// The same of any letter, which has these fields beside those that all have.
    pub(super) fn openssl_believes_letter(&self, letter: &str, also: &[&str]) -> bool {
        fs::write(self.desk("letter.eml"), letter).expect("the folder is writable");
        let holds = self.openssl("cms -verify -in letter.eml -out said -CAfile", &self.gateway_authority());
        // RFC 9788: who, to whom, when and about what is under the signature as well.
        let said = fs::read_to_string(self.desk("said")).expect("it was written");
        let names = ["From", "To", "Date", "Message-ID", "Subject"];
        let same = |name: &&str| !field(letter, name).is_empty() && field(&said, name) == field(letter, name);
        holds && said.contains("hp=\"clear\"") && names.iter().chain(also).all(same)
    }

    fn openssl(&self, line: &str, authority: &Path) -> bool {
        Programs::need(&["openssl"]);
        let openssl = Tool::named("openssl").args(line.split(' ')).arg(authority).inside(&self.sender.folder);
        openssl.under(Some(&self.clock)).run().succeeded()
    }

    /// Whom offices believe of evidence.
    pub(super) fn gateway_authority(&self) -> PathBuf {
        self.world.gateway.folder().join("evidence/authority.pem")
    }

    fn desk(&self, name: &str) -> PathBuf {
        self.sender.folder.join(name)
    }
}
