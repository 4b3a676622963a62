//! What is asked of a request before anything else: does it mean us, and did one of our own pages send it?
//!
//! Other pages in the same browser, other ports of this computer, and names that a stranger lets point here (DNS rebinding)
//! all reach this port; none of them may read or change anything.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use fumibako_careplan::Lang;
use fumibako_web::page;
use fumibako_web::part::Words;
use fumibako_web::text::say;
use jiff::Timestamp;

use super::paint::pick;
use super::session::Sessions;
use super::show::session_in;

/// Profile §15.4: everything comes from here, and nothing runs that is not in our own files; HTML is made in one place of the script only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; \
    trusted-types fumibako";

/// What stands on every answer.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), usb=(), clipboard-read=()",
    ),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// What is known before a request is let in.
#[derive(Clone)]
pub(super) struct Gate {
    /// The one host and port that is answered.
    pub(super) host: Arc<str>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) clock: fn() -> Timestamp,
}

/// An answer of one sentence in both languages: whoever gives it need not know who reads it.
#[derive(Clone)]
struct Told(Arc<(Words, Words)>);

/// A page that says why there is no other one, in the language of whoever reads it.
pub(super) fn told(status: StatusCode, words: (Words, Words)) -> Response {
    let mut answer = status.into_response();
    answer.extensions_mut().insert(Told(Arc::new(words)));
    answer
}

/// Lets a request pass or answers it, and dresses the answer.
pub(super) async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let passes = judge(request.method(), request.headers(), &gate.host);
    let lang = reader(&gate, request.headers());
    // The script says in the page's own words why it was not done; whoever has only the answer reads a page.
    let as_page = request.headers().get("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
    let mut answer = match passes {
        Ok(()) => next.run(request).await,
        Err(status) => status.into_response(),
    };
    if let Some(Told(words)) = answer.extensions_mut().remove() {
        let (page, body) = Html(page::refused(lang, &pick(&words, lang)).into_string()).into_response().into_parts();
        // What else the answer says, such as a cookie, it still says.
        answer.headers_mut().extend(page.headers);
        *answer.body_mut() = body;
    }
    if answer.status().is_client_error() && !is_page(&answer) {
        answer = if as_page { refused(answer.status(), lang) } else { answer.status().into_response() };
    }
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

fn is_page(answer: &Response) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// No bare number and no English of a library: why it was not done, and what to do.
fn refused(status: StatusCode, lang: Lang) -> Response {
    let id = match status {
        StatusCode::FORBIDDEN => "answer-403",
        StatusCode::PAYLOAD_TOO_LARGE => "answer-413",
        _ => "answer-other",
    };
    let what = format!("{} ({})", say(lang, "answer-title"), status.as_u16());
    let words = Words { what, next: say(lang, id).into_owned(), code: None };
    (status, Html(page::refused(lang, &words).into_string())).into_response()
}

/// The language of the session; of who has none, the one that the browser names first (RFC 9110 §12.5.4).
fn reader(gate: &Gate, headers: &HeaderMap) -> Lang {
    if let Some((_, session)) = session_in(&gate.sessions, headers, (gate.clock)(), false) {
        return session.lang;
    }
    let named = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if named.trim_start().to_ascii_lowercase().starts_with("en") { Lang::En } else { Lang::Ja }
}

/// May this request go on?
fn judge(method: &Method, headers: &HeaderMap, host: &str) -> Result<(), StatusCode> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // Profile §15.1: whole, not by its beginning: `127.evil.example` begins like an address of this computer.
    if headers.get_all(header::HOST).iter().count() != 1 || text("host") != Some(host) {
        return Err(StatusCode::MISDIRECTED_REQUEST);
    }
    let site = text("sec-fetch-site");
    if *method == Method::GET || *method == Method::HEAD {
        // A link from elsewhere may lead here, as a page of its own; nothing else from elsewhere may.
        let elsewhere = matches!(site, Some("cross-site" | "same-site"));
        let page = text("sec-fetch-mode") == Some("navigate") && text("sec-fetch-dest") == Some("document");
        return if elsewhere && !page { Err(StatusCode::FORBIDDEN) } else { Ok(()) };
    }
    // Profile §15.2
    let ours = match (site, text("origin")) {
        // Without a referrer browsers call the origin of a form `null`; what they say of the site is the same-origin check.
        (Some(site), origin) => {
            site == "same-origin" && origin.is_none_or(|origin| origin == "null" || is_ours(origin, host))
        }
        (None, Some(origin)) => is_ours(origin, host),
        (None, None) => false,
    };
    if ours { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
}

fn is_ours(origin: &str, host: &str) -> bool {
    origin.strip_prefix("http://") == Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "k3f9.localhost:4000";

    fn asked(method: Method, fields: &[(&'static str, &str)]) -> u16 {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        judge(&method, &headers, HOST).err().map_or(200, |status| status.as_u16())
    }

    /// Profile §15.1: another name is another server, whatever address it has.
    #[test]
    fn only_our_own_name_is_answered() {
        assert_eq!(asked(Method::GET, &[("host", HOST)]), 200);
        for host in [
            "evil.example",
            "127.0.0.1:4000",
            "127.evil.example",
            "localhost:4000",
            "k3f9.localhost",
            "k3f9.localhost:4001",
        ] {
            assert_eq!(asked(Method::GET, &[("host", host)]), 421, "{host}");
        }
        assert_eq!(asked(Method::GET, &[]), 421);
        assert_eq!(asked(Method::GET, &[("host", HOST), ("host", "evil.example")]), 421);
    }

    /// Profile §15.2: what changes something comes from our own pages.
    #[test]
    fn nobody_else_s_page_may_change_anything() {
        let post = |fields: &[(&'static str, &str)]| asked(Method::POST, &[&[("host", HOST)], fields].concat());
        assert_eq!(post(&[("sec-fetch-site", "same-origin"), ("origin", "http://k3f9.localhost:4000")]), 200);
        assert_eq!(post(&[("origin", "http://k3f9.localhost:4000")]), 200);
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(post(&[("sec-fetch-site", site)]), 403, "{site}");
        }
        for origin in ["http://evil.example", "https://k3f9.localhost:4000", "http://k3f9.localhost:4001", "null"] {
            assert_eq!(post(&[("origin", origin)]), 403, "{origin}");
            let ours = if origin == "null" { 200 } else { 403 };
            assert_eq!(post(&[("sec-fetch-site", "same-origin"), ("origin", origin)]), ours, "{origin}");
        }
        assert_eq!(post(&[]), 403);
    }

    /// Profile §15.2: a link may lead here; an image, a frame or a script may not.
    #[test]
    fn from_elsewhere_only_a_page_of_its_own_is_shown() {
        let get = |mode, dest| {
            asked(
                Method::GET,
                &[("host", HOST), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)],
            )
        };
        assert_eq!(get("navigate", "document"), 200);
        assert_eq!([get("navigate", "iframe"), get("no-cors", "image"), get("cors", "empty")], [403; 3]);
    }
}
