//! QUOTA (RFC 9208, Profile §7.14): one quota root, without a name, for all folders of the office.

use fumibako_model::{FolderName, Refusal};

use super::Ask;
use super::cursor::{Cursor, Mailbox, Parsed};
use super::news::Done;
use super::session::{Session, Work};

/// Octets of the unit in which STORAGE is counted (RFC 9208 §5.1).
const UNIT: u64 = 1024;

/// A command about quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// GETQUOTA of a root.
    Root(Vec<u8>),
    /// GETQUOTAROOT of a mailbox, which need not be there.
    Of(Mailbox),
    /// SETQUOTA.
    Set,
}

/// The quota is asked for.
#[derive(Debug)]
pub(super) struct Quota {
    tag: String,
    of: Option<FolderName>,
}

impl Quota {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Order {
    /// ```text
    /// getquota = "GETQUOTA" SP quota-root-name
    /// ```
    pub(super) fn root(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        Ok(Self::Root(cursor.astring()?))
    }

    /// ```text
    /// getquotaroot = "GETQUOTAROOT" SP mailbox
    /// ```
    pub(super) fn of(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        Ok(Self::Of(cursor.mailbox()?))
    }

    /// ```text
    /// setquota = "SETQUOTA" SP quota-root-name SP "(" [resource-name SP number *(SP resource-name SP number)] ")"
    /// ```
    pub(super) fn set(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        cursor.astring()?;
        cursor.space()?;
        cursor.list(|cursor| {
            cursor.atom()?;
            cursor.space()?;
            cursor.number().map(drop)
        })?;
        Ok(Self::Set)
    }
}

impl Session {
    pub(super) fn quota(&mut self, tag: String, order: Order) {
        let of = match order {
            // Profile §12.4: how much it is, the operator says.
            Order::Set => return self.no(&tag, "[NOPERM] Only the operator of the gateway sets quotas."),
            Order::Root(root) if !root.is_empty() => {
                return self.no(&tag, "[NONEXISTENT] There is one quota root, and it has no name.");
            }
            Order::Root(_) => None,
            Order::Of(Some(name)) => Some(name),
            Order::Of(None) => return self.refuse_here(&tag, Refusal::NoSuchFolder),
        };
        self.ask(Ask::Quota, Work::Quota(Quota { tag, of }));
    }

    pub(super) fn quota_told(&mut self, Quota { tag, of }: Quota, used: u64, limit: u64) {
        if let Some(name) = &of {
            self.untagged(&format!("QUOTAROOT {} \"\"", self.spell(name)));
        }
        // A limit is not exceeded by what is rounded.
        self.untagged(&format!("QUOTA \"\" (STORAGE {} {})", used.div_ceil(UNIT), limit / UNIT));
        let done = if of.is_some() { "GETQUOTAROOT done." } else { "GETQUOTA done." };
        self.finish(Done::ok(tag, done), false);
    }
}
