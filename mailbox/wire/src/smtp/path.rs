//! Reads what stands between `<` and `>` in MAIL and RCPT (RFC 5321 §4.1.2).

use fumibako_model::{Address, Domain, NotAnAddress};

/// A reverse-path or forward-path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// `<>`
    Null,
    /// `<name@domain>`; only postmaster may stand without a domain (RFC 5321 §4.1.1.3).
    Mailbox {
        /// Without quotes.
        local: String,
        /// After the last `@`.
        domain: Option<String>,
    },
}

impl Path {
    /// Is it written in ASCII?
    pub(super) fn is_ascii(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Mailbox { local, domain } => {
                local.is_ascii() && domain.as_ref().is_none_or(|domain| domain.is_ascii())
            }
        }
    }

    /// Our address, if it can be one; `home` is the domain of a postmaster without.
    pub(super) fn address(&self, home: &Domain) -> Result<Address, NotAnAddress> {
        match self {
            Self::Mailbox { local, domain: Some(domain) } => {
                Ok(Address { local: local.parse()?, domain: domain.parse()? })
            }
            Self::Mailbox { local, domain: None } if local.eq_ignore_ascii_case("postmaster") => {
                Ok(Address { local: local.parse()?, domain: home.clone() })
            }
            Self::Null | Self::Mailbox { domain: None, .. } => Err(NotAnAddress::NoDomain),
        }
    }
}

/// The path a text begins with, and what follows it.
///
/// ```text
/// path    = "<" [ route ":" ] mailbox ">" / "<>"
/// route   = "@" domain *( "," "@" domain )       ; accepted and ignored, as RFC 5321 §4.1.2 asks
/// mailbox = local [ "@" domain ]
/// local   = atext *( atext / "." ) / DQUOTE *( qtext / "\" %d32-126 ) DQUOTE
/// ```
pub(super) fn path(text: &str) -> Option<(Path, &str)> {
    let inside = text.strip_prefix('<')?;
    if let Some(rest) = inside.strip_prefix('>') {
        return Some((Path::Null, rest));
    }
    let inside = match inside.strip_prefix('@') {
        Some(route) => route.split_once(':')?.1,
        None => inside,
    };
    let (local, rest) =
        if let Some(quoted) = inside.strip_prefix('"') { quoted_local(quoted)? } else { dotted_local(inside)? };
    let (domain, rest) = match rest.strip_prefix('@') {
        Some(rest) => rest.split_once('>').map(|(domain, rest)| (Some(domain.to_owned()), rest))?,
        None => (None, rest.strip_prefix('>')?),
    };
    let plain = domain.as_ref().is_none_or(|domain| !domain.is_empty() && !domain.contains([' ', '<', '"', '@']));
    plain.then_some((Path::Mailbox { local, domain }, rest))
}

fn dotted_local(text: &str) -> Option<(String, &str)> {
    let end = text.find(['@', '>'])?;
    let (local, rest) = text.split_at(end);
    let good = !local.is_empty() && !local.contains([' ', '"', '<', '(', ')', ',', ':', ';', '[', ']', '\\']);
    good.then(|| (local.to_owned(), rest))
}

fn quoted_local(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((local, &text[at + 1..])),
            '\\' => local.push(characters.next()?.1),
            _ => local.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let home: Domain = "plans.example".parse().unwrap();
        expected.assert_eq(&match path(text) {
            None => "no path".to_owned(),
            Some((Path::Null, rest)) => format!("null, then {rest:?}"),
            Some((path, rest)) => match path.address(&home) {
                Ok(address) => format!("{address}, then {rest:?}"),
                Err(why) => format!("{why}, then {rest:?}"),
            },
        });
    }

    #[test]
    fn an_address_stands_between_angle_brackets() {
        check("<9970000011@plans.example> SIZE=9", expect![[r#"9970000011@plans.example, then " SIZE=9""#]]);
        check("<>", expect![[r#"null, then """#]]);
        check("9970000011@plans.example", expect!["no path"]);
        check("<9970000011@plans.example", expect!["no path"]);
        check("<9970000011@>", expect!["no path"]);
        check("<@plans.example>", expect!["no path"]);
        check("<a b@plans.example>", expect!["no path"]);
        check("<a@b@plans.example>", expect!["no path"]);
    }

    #[test]
    fn a_quoted_name_means_the_name() {
        // RFC 5321 §4.1.2
        check(r#"<"9970000011"@plans.example>"#, expect![[r#"9970000011@plans.example, then """#]]);
        check(r#"<"99700\00011"@plans.example>"#, expect![[r#"9970000011@plans.example, then """#]]);
        check(
            r#"<"a>b"@plans.example>"#,
            expect![[r#"the name before @ is neither an office number nor an agent id, then """#]],
        );
        check(r#"<"9970000011@plans.example>"#, expect!["no path"]);
    }

    #[test]
    fn a_source_route_is_ignored() {
        // RFC 5321 §4.1.2
        check("<@a.example,@b.example:9970000011@plans.example>", expect![[r#"9970000011@plans.example, then """#]]);
    }

    #[test]
    fn postmaster_alone_is_ours() {
        // RFC 5321 §4.1.1.3
        check("<Postmaster>", expect![[r#"postmaster@plans.example, then """#]]);
        check("<9970000011>", expect![[r#"an address is written name@domain, then """#]]);
    }
}
