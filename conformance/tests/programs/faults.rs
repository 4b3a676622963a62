//! Faults that were seen in a leading mail server, none of which may be in ours. Each test fails against
//! a build that has the fault.

use std::io;

use fumibako_conformance::{Gateway, Letter, Limit, Line, Mailbox, Office, Submission};

use crate::world::World;

/// The answer to a login by SMTP, IMAP or POP3, each on a connection of its own.
fn login(gateway: &Gateway, protocol: usize, office: &Office, password: &str) -> io::Result<String> {
    let (smtp, imap, pop3) = (gateway.submission(), gateway.mailboxes(), gateway.maildrops());
    if protocol == 0 {
        return Ok(Submission::open(&smtp)?.login(&office.login, password)?.to_string());
    }
    let mut line = Line::open(if protocol == 1 { &imap } else { &pop3 })?;
    line.line()?;
    if protocol == 1 {
        line.send(format!("a LOGIN {} \"{password}\"\r\n", office.login).as_bytes())?;
        return line.line();
    }
    line.send(format!("USER {}\r\n", office.login).as_bytes())?;
    line.line()?;
    line.send(format!("PASS {password}\r\n").as_bytes())?;
    line.line()
}

/// Of guesses that come on fresh connections, in turn by every protocol and side by side, no more are judged than the limit
/// says, and the right password is not told from them.
#[test]
fn a_rate_limit_limits_whatever_the_connection_and_the_protocol() {
    const LIMIT: usize = 5;
    let gateway = Gateway::start_with(&[Limit("login_failures", LIMIT as u64)]);
    let office = gateway.office("9970000011");
    assert!(login(&gateway, 1, &office, &office.password).expect("an answer").starts_with("a OK"));
    let said: Vec<String> = std::thread::scope(|scope| {
        let guess = |at: usize| login(&gateway, at % 3, &office, "a guess").expect("an answer");
        let guesses: Vec<_> = (0..30).map(|at| scope.spawn(move || guess(at))).collect();
        guesses.into_iter().map(|guess| guess.join().expect("it does not panic")).collect()
    });
    let judged = said.iter().filter(|said| said.contains("E-AUT-001")).count();
    let locked = said.iter().filter(|said| said.contains("E-AUT-004")).count();
    // Those that are judged side by side when the limit is reached are let end; there is one a core.
    let beside = std::thread::available_parallelism().map_or(1, usize::from);
    assert!((LIMIT..LIMIT + beside).contains(&judged) && judged + locked == 30, "{said:#?}");
    for protocol in 0..3 {
        let said = login(&gateway, protocol, &office, &office.password).expect("an answer");
        assert!(said.contains("E-AUT-004"), "{said}");
    }
}

/// Everything that was answered 250 stands in a mailbox, whoever else used its Message-ID before, and what is not kept is not
/// answered 250.
#[test]
fn nothing_answered_250_is_dropped_for_its_message_id() {
    let world = World::new();
    let third = world.gateway.office("9970000037");
    let first = Letter::plan(&world.sender, &world.recipient);
    let send = |letter: &Letter, from: &Office, to: &Office| {
        let mut session = Submission::of(&world.gateway.submission(), from).expect("the office logs in");
        session.send(&from.address(), &[&to.address()], &letter.signed(&from.identity)).expect("an answer")
    };
    let mailbox = |office: &Office| Mailbox::of(&world.gateway.mailboxes(), office).expect("the mailbox opens");
    assert_eq!(send(&first, &world.sender, &world.recipient).code, 250);
    // Another office, the same Message-ID.
    let mut same = Letter::plan(&third, &world.recipient);
    same.put("Message-ID", first.message_id());
    assert_eq!(send(&same, &third, &world.recipient).code, 250);
    assert_eq!(mailbox(&world.recipient).count("INBOX").expect("it counts"), 2);
    // The same office, to another, with other content under the same Message-ID.
    let mut again = Letter::plan(&world.sender, &third);
    again.put("Message-ID", first.message_id());
    let reply = send(&again, &world.sender, &third);
    assert_eq!(reply.code, 550, "{reply}");
    assert!(reply.to_string().contains("E-DUP-"), "{reply}");
    assert_eq!(mailbox(&third).count("INBOX").expect("it counts"), 0);
    // Drafts of one Message-ID are two drafts.
    let mut own = mailbox(&third);
    for text in ["one", "two"] {
        let draft = format!("Message-ID: {}\r\n\r\n{text}\r\n", first.message_id());
        own.file("Drafts", "()", draft.as_bytes()).expect("a draft is filed");
    }
    assert_eq!(own.count("Drafts").expect("it counts"), 2);
}

/// A signed plan in which one line ends with LF alone, or with CR alone, or that "ends" so and goes on, is refused as a whole;
/// the connection goes on in step.
#[test]
fn a_bare_lf_or_cr_in_data_is_refused_and_ends_nothing() {
    let world = World::new();
    let (from, to) = (world.sender.address(), world.recipient.address());
    let mut session = Submission::of(&world.gateway.submission(), &world.sender).expect("the sender logs in");
    let smuggled = format!("MAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\n");
    let plan = world.plan();
    let unit = plan.windows(2).position(|end| end == b"\r\n").expect("it has lines");
    for end in ["\n", "\r", "\n.\n", "\r\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r", "\r.\r\n"] {
        let more = if end.contains('.') { smuggled.as_str() } else { "" };
        let octets = [&plan[..unit], end.as_bytes(), more.as_bytes(), &plan[unit + 2..]].concat();
        let reply = session.send_pieces(&from, &[&to], &[&octets]).expect("one answer");
        assert!(reply.code == 550 && reply.to_string().contains("a CR or LF stands alone"), "{end:?}: {reply}");
        assert_eq!(session.command("NOOP").expect("an answer").code, 250, "{end:?}: in step");
    }
    assert_eq!(world.gateway.holdings().messages, 0);
    assert_eq!(session.send(&from, &[&to], &plan).expect("an answer").code, 250);
}
