//! Our signatures, judged by openssl.

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Identity, Signed, Trust, sign};
use jiff::{SignedDuration, Timestamp};

use crate::openssl::Openssl;

const ENTITY: &[u8] = b"Content-Type: text/plain\r\n\r\nhello\r\n";

fn now() -> Timestamp {
    Timestamp::from_second(i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()).unwrap()
}

#[test]
fn openssl_verifies_what_we_sign() {
    let at = now();
    let ca = Authority::create("Test CA", at - SignedDuration::from_hours(1)).unwrap();
    for key in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let identity: Identity = ca
            .issue(&Request {
                common_name: "居宅介護支援 やまと",
                rfc822_name: "9912345678@example.jp",
                key,
                purpose: Purpose::Mail,
                not_before: at - SignedDuration::from_hours(1),
                not_after: at + SignedDuration::from_hours(1),
            })
            .unwrap();
        let signed = sign(ENTITY, &identity, at).unwrap();
        let mut message = b"MIME-Version: 1.0\r\n".to_vec();
        message.extend_from_slice(&signed);
        let openssl = Openssl::new();
        openssl.put("m", &message);
        openssl.put("ca.pem", ca.certificate().to_pem());
        openssl.run("cms -verify -in m -CAfile ca.pem -purpose smimesign -out o");
        assert_eq!(openssl.get("o"), ENTITY);
        let signed = Signed::read(&message).unwrap();
        assert_eq!(signed.part(), ENTITY);
        let signature = signed.verify().unwrap();
        Trust::new([ca.certificate().clone()]).unwrap().check(&signature, at).unwrap();
        println!("{:?} {}", signature, signature.algorithm());
    }
}
