//! The server behind the SMTP transcripts, in memory.

use std::sync::Arc;

use fumibako_model::{Address, EvidenceId, Local, RecipientWishes, Wishes};
use fumibako_wire::smtp::{Answer, Ask, Envelope, Session, Settings};
use jiff::Timestamp;

use crate::claims::{self, Judged};
use crate::player::{self, Desk, refusal};

/// Lets everybody in, takes everything, counts the evidence.
#[derive(Default)]
pub(crate) struct Gateway {
    accepted: i64,
}

impl Desk for Gateway {
    type Session = Session;

    fn open(&mut self, now: Timestamp, set: &player::Settings) -> Session {
        let mut settings = Settings::new("mail.plans.example".parse().unwrap(), "plans.example".parse().unwrap());
        if let Some(bytes) = set.get("message-bytes") {
            settings.message_bytes = bytes.parse().unwrap();
        }
        if let Some(recipients) = set.get("recipients") {
            settings.recipients = recipients.parse().unwrap();
        }
        match set.get("refuse").map(|script| refusal(script).unwrap()) {
            Some((refused, reference)) => Session::turned_away(now, Arc::new(settings), &refused, reference),
            None => Session::open(now, claims::cover(set), Arc::new(settings), "C0FFEE".to_owned()),
        }
    }

    fn write(&self, ask: &Ask, body: &[u8]) -> String {
        match ask {
            Ask::Login(claim) => claims::write(claim),
            Ask::Recipient { from, to, utf8, .. } => {
                let utf8 = if *utf8 { " in UTF-8" } else { "" };
                format!("recipient {to} from {}{utf8}", sender(from.as_ref()))
            }
            Ask::Submit(Envelope { from, to, wishes, .. }) => {
                let to: Vec<String> = to.iter().map(Address::to_string).collect();
                let wishes = if wishes.is_empty() { String::new() } else { format!(" with {}", written(wishes)) };
                let body = String::from_utf8_lossy(body);
                format!("submit from {} to {} {body:?}{wishes}", sender(from.as_ref()), to.join(" "))
            }
            Ask::Discard => "discard".to_owned(),
        }
    }

    fn answer(&mut self, ask: Ask, _body: Vec<u8>, script: Option<&str>) -> Result<Answer, String> {
        Ok(match (script, ask) {
            (None, Ask::Login(claim)) => match claims::judge(claim, None) {
                Ok(Judged::Party(party)) => Answer::Welcome(party),
                Ok(Judged::Secrets(secrets)) => Answer::Secrets(secrets),
                Err(refused) => Answer::No { refused, reference: "3FA2B1".into() },
            },
            (None | Some("yes"), Ask::Recipient { .. } | Ask::Discard) | (Some("yes"), _) => Answer::Yes,
            (None, Ask::Submit(Envelope { to, .. })) if to.iter().all(|to| to.local == Local::Postmaster) => {
                Answer::Kept
            }
            (None, Ask::Submit(_)) => {
                self.accepted += 1;
                Answer::Accepted(EvidenceId(self.accepted))
            }
            (Some(script), _) => match refusal(script) {
                Some((refused, reference)) => Answer::No { refused, reference },
                None => return Err(format!("no such answer: {script}")),
            },
        })
    }
}

fn sender(from: Option<&Address>) -> String {
    from.map_or("<>".to_owned(), Address::to_string)
}

/// What is asked for, in the words of the command.
fn written(wishes: &Wishes) -> String {
    let mut words = Vec::new();
    words.extend(wishes.whole.map(|whole| if whole { "RET=FULL" } else { "RET=HDRS" }.to_owned()));
    words.extend(wishes.envelope_id.as_ref().map(|id| format!("ENVID={id}")));
    words.extend(wishes.require_tls.then(|| "REQUIRETLS".to_owned()));
    for RecipientWishes { address, notify, original } in &wishes.recipients {
        words.push(format!("{address}:"));
        words.extend(notify.as_ref().map(|notify| format!("NOTIFY={notify}")));
        words.extend(original.as_ref().map(|original| format!("ORCPT={original}")));
    }
    words.join(" ")
}
