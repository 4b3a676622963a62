//! Any certificate is answered; one that decodes says something about itself and is judged.
#![no_main]

use fumibako_signer::{Certificate, Trust};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Certificate::many_from_pem(bytes);
    if let Ok(certificate) = Certificate::from_der(bytes) {
        assert_eq!(certificate.der(), bytes);
        let _ = (certificate.subject(), certificate.issuer(), certificate.common_name(), certificate.rfc822_names());
        let at: Timestamp = certificate.not_after();
        if let Ok(trust) = Trust::new([certificate.clone()]) {
            assert!(trust.check_certificate(&certificate, &[], at).is_err(), "an anchor signs no mail");
        }
    }
});
