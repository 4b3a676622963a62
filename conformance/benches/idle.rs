//! What a connection costs that waits: `cargo bench -p fumibako-conformance --bench idle`. `FUMIBAKO_CONNECTIONS` (1000) over
//! TLS in IDLE, first on an empty folder, then on one with `FUMIBAKO_COUNT` (2000) messages. Linux only: it asks `/proc`.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

use std::fs;
use std::time::Duration;

use fumibako_conformance::{Gateway, Limit, Line, Office, setting};

const MESSAGE: &str = "From: 9970000011@plans.example\r\nSubject: plan\r\n\r\nplan\r\n";

fn logged_in(gateway: &Gateway, office: &Office) -> Line {
    let mut line = Line::open(&gateway.mailboxes()).expect("it connects");
    line.patience(Duration::from_mins(2)).expect("a time can be set");
    line.line().expect("it greets");
    say(&mut line, &format!("LOGIN \"{}\" \"{}\"", office.login, office.password));
    line
}

fn say(line: &mut Line, command: &str) {
    line.send(format!("a {command}\r\n").as_bytes()).expect("it is sent");
    line.through("a ").expect("it is answered");
}

/// Kilobytes that the process holds.
fn held(gateway: &Gateway) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", gateway.pid().expect("it runs"))).expect("Linux tells");
    let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    held.and_then(|held| held.split_whitespace().next()?.parse().ok()).expect("a number of kB")
}

fn idling(gateway: &Gateway, office: &Office, folder: &str, connections: usize) -> Vec<Line> {
    let idle = |_| {
        let mut line = logged_in(gateway, office);
        say(&mut line, &format!("SELECT {folder}"));
        line.send(b"i IDLE\r\n").expect("it is sent");
        while !line.line().expect("it waits").starts_with('+') {}
        line
    };
    (0..connections).map(idle).collect()
}

fn main() {
    let (connections, count) = (setting("FUMIBAKO_CONNECTIONS", 1_000), setting("FUMIBAKO_COUNT", 2_000));
    let limits = ["connections_per_address", "connections_per_account"].map(|key| Limit(key, 10_000));
    let gateway = Gateway::start_with(&limits);
    let office = gateway.office("9970000029");
    let mut line = logged_in(&gateway, &office);
    for folder in ["empty", "full"] {
        say(&mut line, &format!("CREATE {folder}"));
    }
    for _ in 0..count {
        let append = format!("a APPEND full {{{}+}}\r\n{MESSAGE}\r\n", MESSAGE.len());
        line.send(append.as_bytes()).expect("it is sent");
        line.through("a ").expect("it is filed");
    }
    // What the first ones cost stays with the process.
    for folder in ["empty", "full", "empty", "full"] {
        let before = held(&gateway);
        let lines = idling(&gateway, &office, folder, connections);
        std::thread::sleep(Duration::from_secs(2));
        let each = held(&gateway).saturating_sub(before) * 1024 / connections as u64;
        println!("{folder:<8} {connections} connections, {each} octets more for each");
        drop(lines);
        std::thread::sleep(Duration::from_secs(2));
    }
}
