//! Other authorities write certificates in other ways; a certificate in each way shows that it is understood.

use const_oid::ObjectIdentifier;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, SanType};

/// How a certificate differs from what this authority usually writes.
#[derive(Clone, Debug, Default)]
pub struct Manner<'m> {
    /// The mail address is left out.
    pub without_address: bool,
    /// Names of these types, each a UTF-8 string.
    pub other_names: &'m [(ObjectIdentifier, &'m str)],
    /// The subject's `serialNumber` attribute.
    pub subject_serial_number: Option<&'m str>,
    /// The extended key usage, in place of `emailProtection`; an empty one is left out.
    pub purposes: Option<&'m [ObjectIdentifier]>,
}

impl Manner<'_> {
    pub(super) fn apply(&self, params: &mut CertificateParams) {
        if self.without_address {
            params.subject_alt_names.clear();
        }
        for (kind, text) in self.other_names {
            params.subject_alt_names.push(SanType::OtherName((arcs(*kind), (*text).into())));
        }
        if let Some(number) = self.subject_serial_number {
            params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), number);
        }
        if let Some(purposes) = self.purposes {
            params.extended_key_usages =
                purposes.iter().map(|purpose| ExtendedKeyUsagePurpose::Other(arcs(*purpose))).collect();
        }
    }
}

fn arcs(oid: ObjectIdentifier) -> Vec<u64> {
    oid.arcs().map(u64::from).collect()
}
