//! Values that must not print.

use std::fmt;

/// Care data or a secret in memory. It prints as its length, so no log, panic or trace can show it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Private<T>(pub T);

impl<T: AsRef<[u8]>> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "‹{} private bytes›", self.0.as_ref().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn care_data_prints_as_its_length() {
        assert_eq!(format!("{:?}", Private("介護 花子")), "‹13 private bytes›");
    }
}
