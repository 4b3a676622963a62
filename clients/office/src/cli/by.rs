//! 代行: who acted for an office, as people read it (Profile §9.10).

use fumibako_careplan::Lang;

/// 「9970000011（代行: kawara）」
pub(super) fn on_behalf(office: &str, agent: &str, lang: Lang) -> String {
    lang.pick(format!("{office}（代行: {agent}）"), format!("{office} (by {agent})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::open::agent_of;
    use mail_parser::MessageParser;

    // Profile §9.10
    #[test]
    fn the_agent_stands_beside_the_office() {
        let agent = |field: &str| {
            let text = format!("From: 9970000011@plans.example\r\n{field}\r\nbody");
            agent_of(&MessageParser::default().parse_headers(text.as_bytes()).unwrap())
        };
        let kawara = agent("Sender: kawara@plans.example\r\n").unwrap();
        assert_eq!(on_behalf("9970000011", &kawara, Lang::Ja), "9970000011（代行: kawara）");
        assert_eq!(agent("Sender: 9970000011@plans.example\r\n"), None);
        assert_eq!(agent(""), None);
    }
}
