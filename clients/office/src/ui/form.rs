//! What a form sent: fields, and files with the names they had. It counts only with the token of its own session.

use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::{Form, RequestExt as _};
use fumibako_model::Private;

use crate::bundle::MESSAGE_BYTES;

/// Most octets of one request: 16 files are posted at once.
pub(super) const BODY_BYTES: usize = 4 * MESSAGE_BYTES;
/// Most fields and files of one request.
const FIELDS: usize = 5_000;

/// A file as it was dropped.
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) bytes: Private<Vec<u8>>,
}

/// A form's fields and files.
#[derive(Default)]
pub(super) struct Sent {
    fields: Vec<(String, String)>,
    /// The fields in which the files were chosen.
    places: Vec<String>,
    pub(super) files: Vec<Upload>,
}

impl Sent {
    /// A field, if it was sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every field of a name, in order.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }

    /// The files, each with the field in which it was chosen.
    pub(super) fn named_files(self) -> impl Iterator<Item = (String, Upload)> {
        self.places.into_iter().zip(self.files)
    }

    /// All fields, as they came.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        self.fields.clone()
    }

    /// A message as people wrote it: browsers send CR LF.
    pub(super) fn message(&self) -> Option<String> {
        self.get("message").map(|text| text.replace("\r\n", "\n"))
    }
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = StatusCode;

    async fn from_request(request: Request, _: &S) -> Result<Self, StatusCode> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") { multipart(request).await } else { plain(request).await }
    }
}

async fn plain(request: Request) -> Result<Sent, StatusCode> {
    let form: Result<Form<Vec<(String, String)>>, FormRejection> = request.extract().await;
    let Form(fields) = form.map_err(|why| why.status())?;
    if fields.len() > FIELDS { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(Sent { fields, ..Sent::default() }) }
}

async fn multipart(request: Request) -> Result<Sent, StatusCode> {
    let mut parts: Multipart = request.extract().await.map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut sent = Sent::default();
    while let Some(part) = parts.next_field().await.map_err(|why| why.status())? {
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|why| why.status())?;
        match file {
            // A file field in which nothing was chosen.
            Some(file) if file.is_empty() => {}
            Some(file) => {
                sent.files.push(Upload { name: file, bytes: Private(bytes.to_vec()) });
                sent.places.push(name);
            }
            None => {
                let text = String::from_utf8(bytes.to_vec()).map_err(|_| StatusCode::BAD_REQUEST)?;
                sent.fields.push((name, text));
            }
        }
        if sent.fields.len() + sent.files.len() > FIELDS {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
    }
    Ok(sent)
}
