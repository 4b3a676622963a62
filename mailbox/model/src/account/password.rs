//! What a password that people choose has to be, in plain words (Profile §19.4).

use std::fmt;

/// Longest password read, in bytes.
pub const PASSWORD_BYTES: usize = 1024;
/// Different characters a password has at least.
const DIFFERENT: usize = 5;

/// What the operator decides about passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// Characters of a password that people choose, at least.
    pub shortest: u16,
    /// Days after which one has to be changed; 0: never.
    pub expire_days: u16,
    /// Days before that in which it is said.
    pub warn_days: u16,
    /// Days in which a temporary one can be changed.
    pub temporary_days: u16,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { shortest: 12, expire_days: 0, warn_days: 14, temporary_days: 7 }
    }
}

/// Why a password cannot be taken. Its text begins with one stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Fewer characters than these.
    Short(u16),
    /// More than [`PASSWORD_BYTES`].
    Long,
    /// A tab or another control character in it.
    Control,
    /// It is the one that is to be changed.
    Same,
    /// The user ID or the number of the office is in it, or the other way round.
    Name,
    /// Everybody tries it first.
    Simple,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(least) => write!(f, "short: at least {least} characters"),
            Self::Long => write!(f, "long: at most {PASSWORD_BYTES} bytes"),
            Self::Control => f.write_str("control: letters, digits, signs and spaces only"),
            Self::Same => f.write_str("same: it is the old one"),
            Self::Name => f.write_str("name: the user ID or the office's number is in it"),
            Self::Simple => f.write_str("simple: it is among the first that are tried"),
        }
    }
}

/// What begins or fills passwords that are tried first; digits and signs around it change nothing.
const COMMON: [&str; 24] = [
    "abc",
    "abcdefgh",
    "admin",
    "administrator",
    "asdfgh",
    "careplan",
    "changeme",
    "fumibako",
    "iloveyou",
    "kaigo",
    "kaigohoken",
    "kanri",
    "keamane",
    "letmein",
    "login",
    "pass",
    "passw0rd",
    "password",
    "pasuwado",
    "qwerty",
    "qwertyuiop",
    "sakura",
    "welcome",
    "zxcvbnm",
];

impl PasswordRules {
    /// Can this be the password of this login of this party, in place of the old one?
    pub fn judge(&self, new: &str, old: &str, (login, party): (&str, &str)) -> Result<(), Unfit> {
        let characters = new.chars().count();
        if new.len() > PASSWORD_BYTES {
            return Err(Unfit::Long);
        }
        if new.chars().any(char::is_control) {
            return Err(Unfit::Control);
        }
        if characters < usize::from(self.shortest) {
            return Err(Unfit::Short(self.shortest));
        }
        if new == old {
            return Err(Unfit::Same);
        }
        let lower = new.to_lowercase();
        let names = [login, party].map(str::to_lowercase);
        if names.iter().any(|name| !name.is_empty() && lower.contains(name.as_str())) {
            return Err(Unfit::Name);
        }
        if is_simple(&lower) { Err(Unfit::Simple) } else { Ok(()) }
    }
}

fn is_simple(lower: &str) -> bool {
    let all: Vec<char> = lower.chars().collect();
    let different: std::collections::BTreeSet<&char> = all.iter().collect();
    // `aaaa…`, `1212…`; `12345678…` and `hgfedcba…`, whichever way they run.
    let runs = |step: i64| {
        all.windows(2).filter(|two| i64::from(u32::from(two[1])) - i64::from(u32::from(two[0])) == step).count()
    };
    let steps = all.len().saturating_sub(1);
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let repeated = |word: &&str| !core.is_empty() && core.replace(*word, "").is_empty();
    different.len() < DIFFERENT || 4 * runs(1).max(runs(-1)) >= 3 * steps || COMMON.iter().any(repeated)
}
