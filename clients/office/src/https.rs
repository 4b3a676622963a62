//! The gateway over HTTPS: one question, one answer in JSON, or a problem (RFC 9457) that names a row of the catalogue. The
//! password goes to whoever proved by TLS to be the gateway, and to nobody else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{Private, Refusal};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::settings::Settings;
use crate::tls;
use crate::trouble::Trouble;

/// Largest answer read, in bytes: the readers of a hundred offices, with their deeds.
const ANSWER_BYTES: usize = 64 << 20;

/// What is said.
pub(crate) struct Question<'q> {
    method: &'static str,
    path: &'q str,
    kind: &'static str,
    body: Vec<u8>,
    /// Does it need a login?
    login: bool,
    /// The password, where it is not that of the settings.
    password: Option<Private<String>>,
}

/// RFC 9457, as the gateway writes it.
#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    about: String,
    reference: Option<String>,
}

impl<'q> Question<'q> {
    /// Something that whoever logs in may read.
    pub(crate) fn get(path: &'q str) -> Self {
        Self { method: "GET", path, kind: "", body: Vec::new(), login: true, password: None }
    }

    /// Something new of whoever logs in.
    pub(crate) fn post(path: &'q str, body: Vec<u8>) -> Self {
        Self { method: "POST", kind: "application/json", body, ..Self::get(path) }
    }

    /// Something of whoever logs in, in place of what is there.
    pub(crate) fn put(path: &'q str, body: Vec<u8>) -> Self {
        Self { method: "PUT", ..Self::post(path, body) }
    }

    /// Something of whoever logs in goes.
    pub(crate) fn delete(path: &'q str) -> Self {
        Self { method: "DELETE", ..Self::get(path) }
    }

    /// Logged in by this password.
    pub(crate) fn knowing(self, password: Private<String>) -> Self {
        Self { password: Some(password), ..self }
    }

    /// Something that anybody may ask.
    fn open(path: &'q str) -> Self {
        Self { login: false, ..Self::get(path) }
    }

    /// Something signed, which needs no login.
    pub(crate) fn signed(path: &'q str, body: Vec<u8>) -> Self {
        Self { kind: "multipart/signed", login: false, ..Self::post(path, body) }
    }

    fn request(self, host: &str, settings: &Settings) -> Result<Request<Full<Bytes>>, Trouble> {
        let mut request = Request::builder().method(self.method).uri(self.path).header(HOST, host);
        if !self.kind.is_empty() {
            request = request.header(CONTENT_TYPE, self.kind);
        }
        if self.login {
            let Private(password) = self.password.map_or_else(|| settings.password(), Ok)?;
            let basic = STANDARD.encode(format!("{}:{password}", settings.login()?));
            let mut value = HeaderValue::from_str(&format!("Basic {basic}")).map_err(|_| garbled())?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(Full::new(Bytes::from(self.body))).map_err(|_| garbled())
    }
}

/// Asks, and reads the answer.
pub(crate) async fn ask<T: DeserializeOwned>(settings: &Settings, question: Question<'_>) -> Result<T, Trouble> {
    answer(settings, question).await?.read()
}

/// What the gateway's clock says (RFC 9110 §6.6.1): any answer tells.
pub(crate) async fn date(settings: &Settings) -> Result<Timestamp, Trouble> {
    answer(settings, Question::open("/v1/mandates")).await?.date.ok_or_else(garbled)
}

struct Answer {
    host: String,
    status: StatusCode,
    /// Does it call itself JSON?
    json: bool,
    date: Option<Timestamp>,
    octets: Bytes,
}

impl Answer {
    /// Profile §15.7: only the gateway itself says no. What stands between it and us answers in pages of HTML, and tells nothing of it.
    fn read<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        let another_s = || tls::unreachable(&self.host, &format!("{}, and not by the gateway", self.status));
        if self.status.is_success() {
            // Nothing to say is the answer to what was only to be done (RFC 9110 §15.3.5).
            let octets: &[u8] = if self.octets.is_empty() { b"null" } else { &self.octets };
            return serde_json::from_slice(octets).map_err(|_| if self.json { garbled() } else { another_s() });
        }
        let problem: Problem = serde_json::from_slice(&self.octets).map_err(|_| another_s())?;
        let why: Refusal = problem.code.parse().map_err(|_| garbled())?;
        Err(Trouble::Refused { refused: why.about(problem.about), reference: problem.reference })
    }
}

async fn answer(settings: &Settings, question: Question<'_>) -> Result<Answer, Trouble> {
    let (host, stream) = tls::connect(settings, settings.https_port).await?;
    let request = question.request(&host, settings)?;
    let wait = tls::patience(settings);
    let answered = tokio::time::timeout(wait, async {
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|why| said(&host, &why))?;
        tokio::select! {
            biased;
            answered = exchange(sender, request, &host) => answered,
            // It ends only when something went wrong: the sender still lives.
            ended = connection => Err(ended.err().map_or_else(|| tls::unreachable(&host, "closed"), |why| said(&host, &why))),
        }
    });
    answered.await.map_err(|_| tls::unreachable(&host, "timeout"))?
}

async fn exchange(
    mut sender: SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    host: &str,
) -> Result<Answer, Trouble> {
    let response = sender.send_request(request).await.map_err(|why| said(host, &why))?;
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let json = kind.to_ascii_lowercase().contains("json");
    let date = response.headers().get(DATE).and_then(|value| value.to_str().ok());
    let date = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).map(|date| date.timestamp());
    let body: Limited<Incoming> = Limited::new(response.into_body(), ANSWER_BYTES);
    let body = body.collect().await.map_err(|_| tls::unreachable(host, "broken off"))?;
    Ok(Answer { host: host.to_owned(), status, json, date, octets: body.to_bytes() })
}

fn said(host: &str, why: &hyper::Error) -> Trouble {
    tls::unreachable(host, &why.to_string())
}

fn garbled() -> Trouble {
    Trouble::Garbled("HTTPS".into())
}

/// The same, for who does not wait on anything else.
pub(crate) fn asked<T: DeserializeOwned>(settings: &Settings, question: Question<'_>) -> Result<T, Trouble> {
    crate::wait(ask(settings, question))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, kind: &str, body: &str) -> Result<serde_json::Value, Trouble> {
        let status = StatusCode::from_u16(status).unwrap();
        let octets = Bytes::copy_from_slice(body.as_bytes());
        Answer { host: "gateway.example:443".into(), status, json: kind.contains("json"), date: None, octets }.read()
    }

    /// Profile §15.7: a proxy on the way is no gateway, and its pages refuse nothing.
    #[test]
    fn what_another_answers_in_its_place_is_not_the_gateway_s_word() {
        const PAGE: &str = "<html><body>Bad Gateway</body></html>";
        for status in [200, 302, 401, 403, 404, 407, 500, 502, 503, 504] {
            let trouble = read(status, "text/html", PAGE).unwrap_err();
            assert!(matches!(&trouble, Trouble::Unreachable { .. }) && trouble.passes(), "{status}: {trouble}");
        }
        assert!(read(503, "text/plain", "").unwrap_err().passes());
        let problem = r#"{"code":"E-LIC-001","about":"9970000011","reference":"R1"}"#;
        let refused = read(403, "application/problem+json", problem).unwrap_err();
        assert!(matches!(&refused, Trouble::Refused { .. }) && !refused.passes(), "{refused}");
        assert!(matches!(read(200, "application/json", "{"), Err(Trouble::Garbled(_))));
        assert_eq!(read(204, "", "").unwrap(), serde_json::Value::Null);
        assert_eq!(read(200, "application/json", "[1]").unwrap(), serde_json::json!([1]));
    }
}
