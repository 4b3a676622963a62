//! What offices write to the operator.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Fixture, RECIPIENT, SENDER};

// Profile §1.2, RFC 5321 §4.4, §4.5.1
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_alone_reads_what_is_written_to_postmaster() {
    let gateway = Fixture::start().await;
    let mut client = gateway.submission(SENDER).await;
    let mail = format!("MAIL FROM:<{SENDER}@plans.example>");
    let office = format!("RCPT TO:<{RECIPIENT}@plans.example>");
    for line in [&mail, "RCPT TO:<postmaster>", "DATA"] {
        client.smtp(line).await;
    }
    assert_eq!(client.smtp("Subject: a question\r\n\r\nWhich?\r\n.").await, "250 2.0.0 Kept for the operator");
    let messages = gateway.config.postmaster_folder.join("new");
    let kept: Vec<_> = fs::read_dir(&messages).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&messages).unwrap().permissions().mode() & 0o777, 0o700);
    let text = fs::read_to_string(file).unwrap();
    assert!(text.starts_with("Received: from office ([127.0.0.1])\r\n by plans.example with ESMTPSA id "), "{text}");
    assert!(text.ends_with("\r\nSubject: a question\r\n\r\nWhich?\r\n"), "{text}");

    // With an office beside it, and past 1 MiB, nothing is kept of it.
    for line in [&mail, "RCPT TO:<postmaster>", &office, "DATA"] {
        client.smtp(line).await;
    }
    assert!(client.smtp("Subject: both\r\n\r\n.").await.starts_with("554 5.5.3 E-DIR-006 "));
    for line in [&mail, "RCPT TO:<postmaster@plans.example>", "DATA"] {
        client.smtp(line).await;
    }
    let long = "x".repeat(998) + "\r\n";
    assert!(client.smtp(&format!("\r\n{}.", long.repeat(1050))).await.starts_with("552 5.3.4 E-SIZ-001 "));
    assert_eq!(fs::read_dir(&messages).unwrap().count(), 1);
}
