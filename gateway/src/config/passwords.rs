//! What the operator decides about passwords (Profile §19.3 to §19.5).

use fumibako_model::PasswordRules;
use serde::Deserialize;

use super::ConfigError;
use crate::password::Cost;

/// Passwords that people choose. Those of application passwords and of the operator follow no rule but their length.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// Characters at least. Default 12, 8 to 64. A shorter one is refused (E-AUT-010).
    pub shortest: u16,
    /// Days after which one has to be changed. Default 0: never, as nobody chooses a better one for it. Past them it opens nothing
    /// (E-AUT-006), and can still be changed.
    pub expire_days: u16,
    /// Days before that in which the office program says so. Default 14.
    pub warn_days: u16,
    /// Days in which a temporary one can be changed. Default 7, 1 to 90. Past them the operator makes a new one (E-AUT-007).
    pub temporary_days: u16,
    /// What new ones cost to make and to guess at. Not in the file.
    #[serde(skip)]
    pub cost: Cost,
}

impl Default for Passwords {
    fn default() -> Self {
        let PasswordRules { shortest, expire_days, warn_days, temporary_days } = PasswordRules::default();
        Self { shortest, expire_days, warn_days, temporary_days, cost: Cost::default() }
    }
}

impl Passwords {
    /// The rules that these settings make.
    pub(crate) fn rules(&self) -> PasswordRules {
        let Self { shortest, expire_days, warn_days, temporary_days, cost: _ } = *self;
        PasswordRules { shortest, expire_days, warn_days, temporary_days }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !(8..=64).contains(&self.shortest) {
            return Err(ConfigError::OutOfRange("passwords.shortest", "8 to 64 characters"));
        }
        if !(1..=90).contains(&self.temporary_days) {
            return Err(ConfigError::OutOfRange("passwords.temporary_days", "1 to 90 days"));
        }
        if self.expire_days > 0 && self.warn_days >= self.expire_days {
            return Err(ConfigError::OutOfRange("passwords.warn_days", "fewer than passwords.expire_days"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_holds_on_both_sides() {
        let good = |change: fn(&mut Passwords)| {
            let mut passwords = Passwords::default();
            change(&mut passwords);
            passwords.check().is_ok()
        };
        assert!(good(|p| p.shortest = 8) && !good(|p| p.shortest = 7));
        assert!(good(|p| p.shortest = 64) && !good(|p| p.shortest = 65));
        assert!(good(|p| p.temporary_days = 1) && !good(|p| p.temporary_days = 0));
        assert!(good(|p| p.temporary_days = 90) && !good(|p| p.temporary_days = 91));
        assert!(good(|p| p.expire_days = 15) && !good(|p| p.expire_days = 14));
    }

    #[test]
    fn no_setting_makes_passwords_cheap() {
        let none: Passwords = toml::from_str("").unwrap();
        assert_eq!(none.cost, Cost::default());
        let why = toml::from_str::<Passwords>("cost = 1").unwrap_err().to_string();
        assert!(why.contains("unknown field `cost`"), "{why}");
    }
}
