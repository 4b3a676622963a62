//! How a mail program finds out where to connect.

use crate::lines::Client;
use crate::support::Fixture;

/// The status line and the body of an answer.
async fn asked(gateway: &Fixture, request: &str) -> (String, String) {
    let mut client = Client::tls(gateway.running.addresses().https, &gateway.authority()).await;
    client.say(request).await;
    let text = client.rest().await;
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a header");
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn post(body: &str) -> String {
    format!(
        "POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: plans.example\r\nContent-Type: text/xml\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: plans.example\r\nConnection: close\r\n\r\n")
}

// Profile §13.13
#[tokio::test(flavor = "multi_thread")]
async fn thunderbird_and_outlook_are_told_the_doors() {
    let gateway = Fixture::start().await;
    let addresses = gateway.running.addresses();
    let path = "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=9970000011%40plans.example";
    let (status, xml) = asked(&gateway, &get(path)).await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    for port in [addresses.submission_tls.port(), addresses.imap_tls.port(), addresses.pop3_tls.port()] {
        assert!(xml.contains(&format!("<port>{port}</port>\n      <socketType>SSL</socketType>")), "{xml}");
    }
    let known = "<Request><EMailAddress>9970000011@plans.example</EMailAddress></Request>";
    let (status, xml) = asked(&gateway, &post(known)).await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(xml.contains("<LoginName>9970000011</LoginName>"), "{xml}");
    assert!(xml.contains(&format!("<Port>{}</Port>", addresses.imap_tls.port())), "{xml}");
    for other in ["9970000011@elsewhere.example", "a<b>@plans.example", "@plans.example", ""] {
        let (_, xml) = asked(&gateway, &post(&format!("<EMailAddress>{other}</EMailAddress>"))).await;
        assert!(xml.contains("<ErrorCode>600</ErrorCode>"), "{other}: {xml}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_is_not_found_and_nothing_large_is_read() {
    let gateway = Fixture::start().await;
    assert_eq!(asked(&gateway, &get("/")).await.0, "HTTP/1.1 404 Not Found");
    for spelt in ["autodiscover/autodiscover", "Autodiscover/Autodiscover", "AutoDiscover/AutoDiscover"] {
        assert_eq!(asked(&gateway, &get(&format!("/{spelt}.xml"))).await.0, "HTTP/1.1 405 Method Not Allowed");
    }
    let most = "x".repeat(16 << 10);
    assert_eq!(asked(&gateway, &post(&most)).await.0, "HTTP/1.1 200 OK");
    assert_eq!(asked(&gateway, &post(&format!("{most}x"))).await.0, "HTTP/1.1 413 Payload Too Large");
    let long = get(&format!("/{}", "a".repeat(20 << 10)));
    let status = asked(&gateway, &long).await.0;
    assert!(status.starts_with("HTTP/1.1 4"), "{status}");
}
