//! How one trusted authority writes its certificates. RFC 5280 leaves purpose and place of the name open, and an authority
//! that was there before us will not change for us.

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_KP_EMAIL_PROTECTION;

use crate::names::{Names, Naming};
use crate::trust::WithoutList;

/// The rules that differ from authority to authority.
#[derive(Clone)]
pub struct Practice {
    purposes: Purposes,
    names: Arc<dyn Names>,
    without_list: WithoutList,
}

/// What the extended key usage of a signer must say (RFC 5280 §4.2.1.12).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Purposes {
    /// `emailProtection` (RFC 8550 §4.4.4).
    #[default]
    Mail,
    /// One of these, of the authority's own making.
    OneOf(Vec<ObjectIdentifier>),
    /// Nothing, or else `emailProtection`: the authority issues for one purpose and does not say it.
    Unstated,
}

impl Practice {
    /// Certificates with this purpose, whose holder stands there.
    pub fn new(purposes: Purposes, names: impl Names + 'static) -> Self {
        Self { purposes, names: Arc::new(names), without_list: WithoutList::Accept }
    }

    /// The same for an authority whose certificates are believed only while it is known what it revoked, or not.
    #[must_use]
    pub fn without_list(self, without_list: WithoutList) -> Self {
        Self { without_list, ..self }
    }

    /// What it means that nothing tells what the authority revoked, or those below it.
    pub(crate) fn when_unlisted(&self) -> WithoutList {
        self.without_list
    }

    /// Where the holder's name stands.
    pub fn names(&self) -> &dyn Names {
        &*self.names
    }

    /// What the certificates are for.
    pub fn purposes(&self) -> &Purposes {
        &self.purposes
    }
}

impl Purposes {
    /// What serves, wherever a purpose is stated.
    pub(crate) fn serving(&self) -> &[ObjectIdentifier] {
        match self {
            Self::Mail | Self::Unstated => &[ID_KP_EMAIL_PROTECTION],
            Self::OneOf(purposes) => purposes,
        }
    }

    /// Whether a certificate may keep silent about its purpose.
    pub(crate) fn may_be_missing(&self) -> bool {
        *self == Self::Unstated
    }
}

impl Default for Practice {
    /// `emailProtection`, and exactly one mail address.
    fn default() -> Self {
        Self::new(Purposes::Mail, Naming::MailAddress)
    }
}

impl std::fmt::Debug for Practice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Practice({:?})", self.purposes)
    }
}
