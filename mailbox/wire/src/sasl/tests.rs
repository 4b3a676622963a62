//! Whole exchanges, with the example of RFC 7677 and what a deceiver would try.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::Party;

const BOUND: Offer = Offer { external: true, binding: true };

fn said(turn: &Turn) -> String {
    let Turn::Say(base64) = turn else { panic!("{turn:?}") };
    String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap()
}

fn hear(exchange: &mut Exchange, message: &str) -> Turn {
    exchange.hear(STANDARD.encode(message).as_bytes())
}

fn begin(offer: Offer, mechanism: &str, first: &str) -> (Exchange, Turn) {
    Exchange::begin(offer.find(mechanism).unwrap(), offer, Some(STANDARD.encode(first).as_bytes()))
}

/// The user of RFC 7677 §3, whose password is "pencil".
fn secrets(binding: Option<&[u8]>) -> Secrets {
    let verifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                    wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    Secrets {
        verifier: verifier.parse().unwrap(),
        nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".into(),
        binding: binding.map(|key| Private(key.to_vec())),
    }
}

const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

fn kawara() -> Party {
    "kawara".parse().unwrap()
}

#[test]
fn the_example_of_rfc_7677_goes_through() {
    // RFC 7677 §3, Profile §13.1
    let (mut exchange, turn) = begin(Offer::default(), "scram-sha-256", FIRST);
    assert_eq!(turn, Turn::Ask(Claim::Secrets { login: "user".into() }));
    let turn = exchange.know(secrets(None)).unwrap();
    assert_eq!(said(&turn), format!("r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
    let last = format!("c=biws,r={NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    let proof = Claim::Proof { authorization: String::new(), login: "user".into(), right: true };
    assert_eq!(hear(&mut exchange, &last), Turn::Ask(proof));
    let turn = exchange.welcome(kawara());
    assert_eq!(said(&turn), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert_eq!(exchange.hear(b""), Turn::Welcome(kawara()));
}

/// Answers the challenge as a client that knows the password does, bound to `binding`.
fn answer(header: &str, binding: &[u8], wrong: bool) -> String {
    let nonce = NONCE;
    let bound = STANDARD.encode([header.as_bytes(), binding].concat());
    let unproved = format!("c={bound},r={nonce}");
    let server_first = format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    let both = format!("n=user,r=rOprNGfwEbeRWgbNEkqO,{server_first},{unproved}");
    let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let mut salted = [0; 32];
    let password = if wrong { "pencil2" } else { "pencil" };
    let rounds = 4096.try_into().unwrap();
    aws_lc_rs::pbkdf2::derive(aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password.as_bytes(), &mut salted);
    let mac = |key: &[u8], octets: &[u8]| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
        aws_lc_rs::hmac::sign(&key, octets).as_ref().to_vec()
    };
    let key = mac(&salted, b"Client Key");
    let stored = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key);
    let proof: Vec<u8> = key.iter().zip(mac(stored.as_ref(), both.as_bytes())).map(|(a, b)| a ^ b).collect();
    format!("{unproved},p={}", STANDARD.encode(proof))
}

fn prove(mechanism: &str, header: &str, own: Option<&[u8]>, claimed: &[u8], wrong: bool) -> Turn {
    let (mut exchange, turn) = begin(BOUND, mechanism, &format!("{header}n=user,r=rOprNGfwEbeRWgbNEkqO"));
    if !matches!(turn, Turn::Ask(_)) {
        return turn;
    }
    exchange.know(secrets(own)).unwrap();
    hear(&mut exchange, &answer(header, claimed, wrong))
}

fn is_right(turn: &Turn) -> bool {
    matches!(turn, Turn::Ask(Claim::Proof { right: true, .. }))
}

#[test]
fn a_bound_login_holds_on_its_own_connection_only() {
    // RFC 9266 §2, RFC 5802 §6
    let header = "p=tls-exporter,,";
    assert!(is_right(&prove("SCRAM-SHA-256-PLUS", header, Some(b"key"), b"key", false)));
    let broken = |turn: Turn| assert!(matches!(turn, Turn::Broken(Broken::Response(_))), "{turn:?}");
    broken(prove("SCRAM-SHA-256-PLUS", header, Some(b"key"), b"another's", false));
    broken(prove("SCRAM-SHA-256-PLUS", header, None, b"", false));
    broken(prove("SCRAM-SHA-256-PLUS", "n,,", Some(b"key"), b"", false));
    broken(prove("SCRAM-SHA-256-PLUS", "p=tls-unique,,", Some(b"key"), b"key", false));
    broken(prove("SCRAM-SHA-256", header, Some(b"key"), b"key", false));
    // Somebody between client and server took the PLUS away: the client says so, and is not let in.
    broken(prove("SCRAM-SHA-256", "y,,", Some(b"key"), b"", false));
    assert!(is_right(&prove("SCRAM-SHA-256", "n,,", Some(b"key"), b"", false)));
}

#[test]
fn a_wrong_password_is_a_wrong_guess_and_a_broken_message_is_not() {
    let turn = prove("SCRAM-SHA-256", "n,a=9970000011,", None, b"", true);
    let claim = Claim::Proof { authorization: "9970000011".into(), login: "user".into(), right: false };
    assert_eq!(turn, Turn::Ask(claim));
    for last in ["", "c=biws", "c=biws,r=x,p=AAAA", &format!("c=biws,r={NONCE},p=AAAA"), "r=x,c=biws,p=AAAA"] {
        let (mut exchange, _) = begin(Offer::default(), "SCRAM-SHA-256", FIRST);
        exchange.know(secrets(None)).unwrap();
        let turn = hear(&mut exchange, last);
        assert!(matches!(turn, Turn::Broken(Broken::Response(_))), "{last}: {turn:?}");
    }
}

#[test]
fn other_first_messages_are_none() {
    for first in [
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=,r=x",
        "n,,r=x,n=user",
        "n,,n=us=er,r=x",
        "n,,m=1,n=user,r=x",
        "n,b,n=u,r=x",
        "n,,n=u,r=",
        "n,,n=u,r=接",
    ] {
        let (_, turn) = begin(Offer::default(), "SCRAM-SHA-256", first);
        assert!(matches!(turn, Turn::Broken(Broken::Response(_))), "{first}: {turn:?}");
    }
}

#[test]
fn external_names_whom_to_act_as_or_nobody() {
    // RFC 4422 App. A
    let claim = |name: &str| Turn::Ask(Claim::Certificate { authorization: name.into() });
    assert_eq!(begin(BOUND, "EXTERNAL", "9970000011").1, claim("9970000011"));
    let external = BOUND.find("external").unwrap();
    assert_eq!(Exchange::begin(external, BOUND, Some(b"=")).1, claim(""));
    let (mut exchange, turn) = Exchange::begin(external, BOUND, None);
    assert_eq!((turn, exchange.hear(b"")), (Turn::Say(String::new()), claim("")));
    assert!(matches!(begin(BOUND, "EXTERNAL", "a\0b").1, Turn::Broken(_)));
    assert_eq!(exchange.welcome(kawara()), Turn::Welcome(kawara()));
}

#[test]
fn a_star_cancels_and_what_is_not_offered_is_not_found() {
    // RFC 4954 §4
    let plain = BOUND.find("PLAIN").unwrap();
    let (mut exchange, _) = Exchange::begin(plain, BOUND, None);
    assert_eq!(exchange.hear(b"*"), Turn::Broken(Broken::Cancelled));
    assert!(matches!(Exchange::begin(plain, BOUND, Some(b"*")).1, Turn::Broken(Broken::Response(_))));
    assert!(matches!(exchange.hear(b""), Turn::Broken(_)), "nothing more comes of it");
    let none = Offer::default();
    assert!(
        none.find("EXTERNAL").is_none() && none.find("SCRAM-SHA-256-PLUS").is_none() && none.find("LOGIN").is_none()
    );
    assert_eq!(BOUND.names(), ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "EXTERNAL", "PLAIN"]);
}
