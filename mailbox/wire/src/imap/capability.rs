//! CAPABILITY, ID, NAMESPACE, LOGOUT: what the server says of itself.

use fumibako_model::{OFFICES, OfficeNumber};

use super::enable::Enabled;
use super::news::Done;
use super::session::{Phase, Session};
use crate::Cover;

impl Session {
    /// What is offered in this state (RFC 3501 §6.1.1).
    pub(super) fn capabilities(&self) -> String {
        // RFC 9051, 3501, 7888, 4959, 2971
        const ALWAYS: &str = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID";
        match (&self.phase, self.cover) {
            // RFC 3501 §6.2.1, §6.2.3: no password goes in clear.
            (Phase::Greeted, Cover::ClearOffersTls) => format!("{ALWAYS} STARTTLS LOGINDISABLED"),
            (Phase::Greeted, Cover::Tls(offer)) => format!("{ALWAYS} AUTH={}", offer.names().join(" AUTH=")),
            // RFC 5161, 7162, 6855;
            // RFC 2177, 2342, 3348, 3691, 4315, 6154, 7889, 5258, 5819, 8440, 8438, 6851, 8474, 3502, 8508, 9208, 4314,
            // 5464, 8514, 8437, 5465, 4731, 5182, 5032, 5255, 5256, 5957, 5267, 3516, 8970,
            // 9394, 9585, 4978
            _ => format!(
                "{ALWAYS} ENABLE CONDSTORE QRESYNC UTF8=ACCEPT \
                 IDLE NAMESPACE CHILDREN UNSELECT UIDPLUS SPECIAL-USE LIST-EXTENDED LIST-STATUS LIST-MYRIGHTS \
                 STATUS=SIZE MOVE OBJECTID MULTIAPPEND REPLACE QUOTA QUOTA=RES-STORAGE \
                 ACL RIGHTS=kxte METADATA NOTIFY SAVEDATE UNAUTHENTICATE ESEARCH SEARCHRES WITHIN I18NLEVEL=1 \
                 SORT SORT=DISPLAY ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES BINARY PREVIEW PARTIAL INPROGRESS \
                 {}APPENDLIMIT={}",
                // RFC 4978 §3: what is active is not offered.
                if self.enabled.has(Enabled::DEFLATE) { "" } else { "COMPRESS=DEFLATE " },
                self.settings.message_bytes
            ),
        }
    }

    pub(super) fn capability(&mut self, tag: String) {
        self.untagged(&format!("CAPABILITY {}", self.capabilities()));
        self.finish(Done::ok(tag, "CAPABILITY done."), false);
    }

    /// RFC 2971 §3.2.
    pub(super) fn id(&mut self, tag: String) {
        self.untagged(concat!("ID (\"name\" \"Fumibako\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")"));
        self.finish(Done::ok(tag, "ID done."), false);
    }

    /// Does an agent speak that logged in as itself?
    pub(super) fn is_agents(&self) -> bool {
        self.party.as_ref().is_some_and(|party| party.parse::<OfficeNumber>().is_err())
    }

    /// RFC 2342 §5: one personal namespace, or for an agent that of its offices (Profile §9.9).
    pub(super) fn namespace(&mut self, tag: String) {
        self.untagged(&if self.is_agents() {
            format!("NAMESPACE NIL ((\"{OFFICES}/\" \"/\")) NIL")
        } else {
            "NAMESPACE ((\"\" \"/\")) NIL NIL".into()
        });
        self.finish(Done::ok(tag, "NAMESPACE done."), false);
    }

    /// RFC 3501 §6.1.3.
    pub(super) fn logout(&mut self, tag: &str) {
        self.untagged("BYE Good-bye.");
        self.tagged(tag, "OK LOGOUT done.");
        self.end();
    }
}
