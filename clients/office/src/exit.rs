//! Exit codes: a contract with scripts (Profile §3).

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exit(pub u8);

impl Exit {
    /// All done.
    pub const OK: Self = Self(0);
    /// A mistake in the program.
    pub const BUG: Self = Self(1);
    /// The command line is wrong.
    pub const USAGE: Self = Self(2);
    /// Partly done, or refused.
    pub const PARTLY: Self = Self(3);
    /// A file is not as it must be.
    pub const BAD_FILE: Self = Self(65);
    /// There is no such file or message.
    pub const NO_FILE: Self = Self(66);
    /// There is no such office.
    pub const UNKNOWN_OFFICE: Self = Self(67);
    /// The gateway cannot be reached.
    pub const UNAVAILABLE: Self = Self(69);
    /// A file cannot be written.
    pub const CANNOT_WRITE: Self = Self(73);
    /// Try again later.
    pub const TRY_AGAIN: Self = Self(75);
    /// A signature or proof does not hold.
    pub const NO_PROOF: Self = Self(76);
    /// Not allowed.
    pub const NOT_ALLOWED: Self = Self(77);
    /// Settings, keys or passwords are missing.
    pub const NOT_SET_UP: Self = Self(78);

    /// What a run with these ends comes to: the one they all share, else "partly".
    pub fn of(ends: impl IntoIterator<Item = Self>) -> Self {
        let mut ends = ends.into_iter();
        let first = ends.next().unwrap_or(Self::OK);
        if ends.all(|end| end == first) { first } else { Self::PARTLY }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn a_run_that_failed_for_one_reason_ends_with_that_reason() {
        assert_eq!(Exit::of([]), Exit::OK);
        assert_eq!(Exit::of([Exit::OK, Exit::OK]), Exit::OK);
        assert_eq!(Exit::of([Exit::UNAVAILABLE, Exit::UNAVAILABLE]), Exit::UNAVAILABLE);
        assert_eq!(Exit::of([Exit::OK, Exit::UNAVAILABLE]), Exit::PARTLY);
        assert_eq!(Exit::of([Exit::BAD_FILE, Exit::UNAVAILABLE]), Exit::PARTLY);
    }
}
