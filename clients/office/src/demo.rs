//! The whole way on one computer: a throw-away gateway, two offices, the sample bundle, the receipt.
//!
//! Start at [`play()`]; the gateway and the offices are in [`stage`], the files in [`sample`], what the gateway must not be
//! able to read in [`unread`].
//!
//! Never here: another way of sending or fetching. The demo calls what the commands call.

mod agent;
pub mod play;
pub mod sample;
pub mod stage;
pub mod unread;

pub use play::play;
pub use stage::Stage;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What, in Japanese.
    pub ja: String,
    /// What, in English.
    pub en: String,
    /// Did it hold?
    pub held: bool,
}

/// One step of the demo, told when it is done.
#[derive(Clone, Debug)]
pub struct Step {
    /// A stable word.
    pub id: &'static str,
    /// What happened, in Japanese and English.
    pub title: [&'static str; 2],
    /// What was checked.
    pub checked: Vec<Checked>,
    /// More for programs.
    pub more: serde_json::Map<String, serde_json::Value>,
}

impl Step {
    /// A step with nothing checked yet.
    pub fn new(id: &'static str, ja: &'static str, en: &'static str) -> Self {
        Self { id, title: [ja, en], checked: Vec::new(), more: serde_json::Map::new() }
    }

    /// With one more thing checked.
    #[must_use]
    pub fn check(mut self, held: bool, ja: impl Into<String>, en: impl Into<String>) -> Self {
        self.checked.push(Checked { ja: ja.into(), en: en.into(), held });
        self
    }

    /// With one more member for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.more.insert(name.into(), value.into());
        self
    }

    /// Did everything hold?
    pub fn held(&self) -> bool {
        self.checked.iter().all(|checked| checked.held)
    }
}
