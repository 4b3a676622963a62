//! How a mail program sets itself up: Thunderbird's configuration and Outlook's Autodiscover, as text.

use crate::gateway::Addresses;

/// Where the doors are, as programs from elsewhere find them.
pub(super) struct Doors {
    pub(super) host: String,
    pub(super) addresses: Addresses,
}

impl Doors {
    /// Thunderbird's `clientConfig` 1.1. TLS from the first octet comes first (RFC 8314 §3.3). The user ID is what stands before
    /// the @: the office number, unless the operator gave another.
    pub(super) fn configuration(&self) -> String {
        let Addresses { submission_tls, submission_starttls, imap_tls, imap_starttls, pop3_tls, .. } = self.addresses;
        let host = &self.host;
        let server = |tag: &str, kind: &str, port: u16, cover: &str, more: &str| {
            format!(
                "    <{tag} type=\"{kind}\">\n      <hostname>{host}</hostname>\n      <port>{port}</port>\n      \
                 <socketType>{cover}</socketType>\n      <authentication>password-cleartext</authentication>\n      \
                 <username>%EMAILLOCALPART%</username>\n{more}    </{tag}>\n"
            )
        };
        // What is fetched stays, so that every program of the office can fetch it.
        let stays = "      <pop3>\n        <leaveMessagesOnServer>true</leaveMessagesOnServer>\n      </pop3>\n";
        let servers = [
            server("incomingServer", "imap", imap_tls.port(), "SSL", ""),
            server("incomingServer", "imap", imap_starttls.port(), "STARTTLS", ""),
            server("incomingServer", "pop3", pop3_tls.port(), "SSL", stays),
            server("outgoingServer", "smtp", submission_tls.port(), "SSL", ""),
            server("outgoingServer", "smtp", submission_starttls.port(), "STARTTLS", ""),
        ];
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  <emailProvider id=\"{host}\">\n    \
             <domain>{host}</domain>\n    <displayName>文箱 Fumibako</displayName>\n    \
             <displayShortName>文箱</displayShortName>\n{}  </emailProvider>\n</clientConfig>\n",
            servers.concat()
        )
    }

    /// Outlook's answer to a request for an address. Whether anybody has that address is not told.
    pub(super) fn discovery(&self, asked: &str) -> String {
        let Some(login) = self.login(asked) else { return refused() };
        let Addresses { submission_tls, imap_tls, pop3_tls, .. } = self.addresses;
        let host = &self.host;
        let protocol = |kind: &str, port: u16| {
            format!(
                "      <Protocol>\n        <Type>{kind}</Type>\n        <Server>{host}</Server>\n        <Port>{port}</Port>\n        \
                 <LoginName>{login}</LoginName>\n        <SPA>off</SPA>\n        <SSL>on</SSL>\n        \
                 <AuthRequired>on</AuthRequired>\n      </Protocol>\n"
            )
        };
        let protocols = [
            protocol("IMAP", imap_tls.port()),
            protocol("POP3", pop3_tls.port()),
            protocol("SMTP", submission_tls.port()),
        ];
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n  \
             <Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\n    \
             <Account>\n      <AccountType>email</AccountType>\n      <Action>settings</Action>\n{}    </Account>\n  \
             </Response>\n</Autodiscover>\n",
            protocols.concat()
        )
    }

    /// The user ID in a request: what stands before the @ of an address of this gateway. It is shown again, so it has nothing but
    /// letters, digits and a few marks.
    fn login<'a>(&self, asked: &'a str) -> Option<&'a str> {
        let (_, rest) = asked.split_once("<EMailAddress>")?;
        let (address, _) = rest.split_once("</EMailAddress>")?;
        let (login, domain) = address.trim().rsplit_once('@')?;
        let plain = !login.is_empty() && login.len() <= 64;
        let plain = plain && login.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b));
        (plain && domain.eq_ignore_ascii_case(&self.host)).then_some(login)
    }
}

fn refused() -> String {
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
     <Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n  <Response>\n    \
     <Error Time=\"00:00:00\" Id=\"0\">\n      <ErrorCode>600</ErrorCode>\n      <Message>Invalid Request</Message>\n      \
     <DebugData />\n    </Error>\n  </Response>\n</Autodiscover>\n"
        .to_owned()
}
