//! A gateway with two offices, and some plans between them.

use std::fs;
use std::path::PathBuf;

use fumibako_conformance::{Gateway, Letter, Office, Submission};

/// The two offices of the sample.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) sender: Office,
    pub(crate) recipient: Office,
}

impl World {
    pub(crate) fn new() -> Self {
        let gateway = Gateway::start();
        let [sender, recipient] = ["9970000011", "9970000029"].map(|number| gateway.office(number));
        Self { gateway, sender, recipient }
    }

    /// A plan, signed.
    pub(crate) fn plan(&self) -> Vec<u8> {
        Letter::plan(&self.sender, &self.recipient).signed(&self.sender.identity)
    }

    /// Plans as files, not sent yet.
    pub(crate) fn files(&self, count: usize) -> Vec<PathBuf> {
        let write = |at: usize| {
            let path = self.gateway.folder().join(format!("plan-{at}.eml"));
            fs::write(&path, self.plan()).expect("the folder is writable");
            path
        };
        (0..count).map(write).collect()
    }

    /// Sends a plan, which must be accepted.
    pub(crate) fn deliver(&self, octets: &[u8]) {
        let mut session = Submission::of(&self.gateway.submission(), &self.sender).expect("the sender logs in");
        let reply = session.send(&self.sender.address(), &[&self.recipient.address()], octets);
        let reply = reply.expect("the gateway answers");
        assert_eq!(reply.code, 250, "{reply}");
    }
}
