//! Messages to file: small ones of many shapes, each with a Message-ID of its own.

use crate::random::Random;

/// A message with this name.
pub(super) fn letter(random: &mut Random, name: &str) -> Vec<u8> {
    const SUBJECTS: [&str; 6] = [
        "Plan",
        "Re: Plan",
        "Fwd: =?UTF-8?B?44Kx44Ki44OX44Op44Oz?=",
        "=?utf-8?q?Caf=C3=A9?= (fwd)",
        "Re[2]: a \"b\" \\ c",
        "",
    ];
    let subject = SUBJECTS[pick(random, SUBJECTS.len())];
    let day = 1 + random.below(28);
    let mut head = format!(
        "From: \"Stress \\\"Test\\\"\" <stress@stress.example>\r\nTo: a@stress.example, group: b@stress.example;\r\n\
         Date: {day:02} Nov 2026 10:{:02}:00 +0900\r\nMessage-ID: <{name}@stress.example>\r\nSubject: {subject}\r\n",
        random.below(60)
    );
    if random.below(3) == 0 {
        let first = random.below(5).to_string();
        head.extend(["References: <", &first, "@stress.example>\r\n  <0@stress.example>\r\n"]);
    }
    let text = format!("The letter {name}.\r\n{}", "All work and no play. \r\n".repeat(pick(random, 20)));
    let rest = match random.below(8) {
        0 => "\r\n".to_owned(),
        1 => format!(
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nケアプラン {text}"
        ),
        2 => format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"=_b\"\r\n\r\nPreamble\r\n--=_b\r\n\
             Content-Type: text/plain\r\n\r\n{text}\r\n--=_b\r\nContent-Type: text/html; charset=\"us-ascii\"\r\n\r\n<p>x</p>\r\n--=_b--\r\n"
        ),
        3 => format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{text}\r\n--b\r\n\
             Content-Type: application/octet-stream; name=\"a.bin\"\r\nContent-Disposition: attachment; filename=\"a.bin\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\nAAECAwQFBgcICQ==\r\n--b--\r\nEpilogue\r\n"
        ),
        4 => format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
             Subject: within\r\nFrom: c@stress.example\r\n\r\n{text}\r\n--b--\r\n"
        ),
        _ => format!("\r\n{text}"),
    };
    (head + &rest).into_bytes()
}

/// A place in a list of so many.
pub(super) fn pick(random: &mut Random, count: usize) -> usize {
    usize::try_from(random.below(count.max(1) as u64)).unwrap_or_default()
}
