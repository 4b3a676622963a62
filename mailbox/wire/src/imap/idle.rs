//! IDLE (RFC 2177).

use super::input::Read;
use super::news::Done;
use super::notify::Rest;
use super::session::{Session, Work};

impl Session {
    /// What happened before IDLE is told at once, what happens during it as it happens.
    pub(super) fn idle(&mut self, tag: String) {
        self.say(b"+ Idling; say DONE.\r\n");
        self.news = true;
        self.idle_news(tag);
    }

    /// RFC 2177 §3: the client ends it with a line DONE.
    pub(super) fn idle_more(&mut self, tag: String) -> bool {
        match self.input.read() {
            Read::More => return self.idle_news(tag),
            Read::Command(line) if line.eq_ignore_ascii_case(b"DONE\r\n") => {
                self.finish(Done::ok(tag, "IDLE done."), false);
            }
            Read::Literal(literal) => {
                self.input.refuse(literal);
                self.bad(&tag, "Expected DONE.");
            }
            Read::TooLong => self.bye_saying("[TOOBIG] The line is too long."),
            Read::Command(_) | Read::BareLineFeed(_) | Read::Passed => self.bad(&tag, "Expected DONE."),
        }
        true
    }

    fn idle_news(&mut self, tag: String) -> bool {
        let told = std::mem::take(&mut self.news);
        match self.view() {
            Some(view) if told => {
                let since = view.asks();
                self.ask(since, Work::Idle(tag));
                true
            }
            _ => match self.rest(Rest::Idle(tag)) {
                Ok(()) => true,
                Err(at) => {
                    self.resume(at);
                    false
                }
            },
        }
    }
}
