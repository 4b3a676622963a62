//! QUOTA (RFC 9208, Profile §7.14): one quota root, without a name, for all folders of the office. To an agent the root of each of its
//! offices has a name (Profile §9.18).

use fumibako_model::{FolderName, Refusal};

use super::ask::{QuotaOf, QuotaRoot};
use super::cursor::{Cursor, Mailbox, Parsed};
use super::news::Done;
use super::session::{Session, Work};
use super::{Ask, reply};

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
        let (of, which) = match order {
            // Profile §12.4: how much it is, the operator says.
            Order::Set => return self.no(&tag, "[NOPERM] Only the operator of the gateway sets quotas."),
            Order::Root(root) if !root.is_empty() && !self.is_agents() => {
                return self.no(&tag, "[NONEXISTENT] There is one quota root, and it has no name.");
            }
            Order::Root(root) => (None, QuotaOf::Root(String::from_utf8_lossy(&root).into_owned())),
            Order::Of(Some(name)) => (Some(name.clone()), QuotaOf::Folder(name)),
            Order::Of(None) => return self.refuse_here(&tag, Refusal::NoSuchFolder),
        };
        self.ask(Ask::Quota(which), Work::Quota(Quota { tag, of }));
    }

    pub(super) fn quota_told(&mut self, Quota { tag, of }: Quota, root: Option<&QuotaRoot>) {
        let mut name = Vec::new();
        if let Some(root) = root {
            reply::astring(&mut name, root.name.as_bytes());
        }
        let name = String::from_utf8_lossy(&name);
        if let Some(folder) = &of {
            // RFC 9208 §4.3.2: there may be none.
            self.untagged(format!("QUOTAROOT {} {name}", self.spell(folder)).trim_end());
        }
        if let Some(QuotaRoot { used, limit, .. }) = root {
            // A limit is not exceeded by what is rounded.
            self.untagged(&format!("QUOTA {name} (STORAGE {} {})", used.div_ceil(UNIT), limit / UNIT));
        }
        let done = if of.is_some() { "GETQUOTAROOT done." } else { "GETQUOTA done." };
        self.finish(Done::ok(tag, done), false);
    }
}
