//! The folder of trust: authorities (`*.pem`), how each writes its certificates (`*.toml` of the same name, if it is not
//! the usual way), lower authorities that are believed because of those (`*.lower.pem`), revocation lists (`*.crl`), and answers
//! of their responders (`*.ocsp`).

use std::io::Write;
use std::path::{Path, PathBuf};

use fumibako_model::{TrustState, hash};
use fumibako_signer::{
    Certificate, CertificateError, ListError, Naming, Practice, Purposes, RevocationNews, StatusError, Trust,
    WithoutList,
};
use fumibako_store::{Paper, PaperKind};
use jiff::Timestamp;
use serde::Deserialize;

/// The folder cannot be read, or a file in it is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file system says no.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A file holds something else.
    #[error("{0}: {1}")]
    Certificate(PathBuf, CertificateError),
    /// The file beside an authority's cannot be read.
    #[error("{0}: {1}")]
    Practice(PathBuf, String),
    /// A revocation list, or an answer, is not one of a known authority.
    #[error("{0}: {1}")]
    List(PathBuf, ListError),
    /// A revocation list would take the place of a newer one, or an answer would.
    #[error("a newer one is here already, made at {0}")]
    OlderList(Timestamp),
    /// It could not be kept for those who judge later.
    #[error("{0}")]
    Store(#[from] fumibako_store::StoreError),
}

/// Reads the folder. An empty one trusts nobody, which is said in the log; so is a list of somebody unknown, which changes
/// nothing, and a list of changes without the complete one (Profile §5.3).
pub(crate) fn load(folder: &Path) -> Result<Trust, TrustError> {
    let trust = Authorities::read(folder)?.trust(folder)?;
    let news = news(folder, &trust)?;
    Ok(with_news(&trust, news))
}

/// What the folder says, as evidence names it and as it is kept for those who judge later (Profile §8.18).
pub(crate) fn papers(folder: &Path) -> Result<(String, Vec<Paper>), TrustError> {
    let Authorities { anchors, lower } = Authorities::read(folder)?;
    let certificates = anchors.into_iter().map(|(anchor, _)| anchor).chain(lower);
    let mut papers: Vec<_> = certificates.map(|one| Paper::new(PaperKind::Certificate, one.der().to_vec())).collect();
    let news = [files(folder, LIST)?, files(folder, ANSWER)?].concat();
    papers.extend(news.into_iter().map(|(_, der)| Paper::new(PaperKind::Revocation, der)));
    let state = TrustState::new(papers.iter().map(|paper| hash(&paper.octets)).collect());
    let name = state.name();
    let octets = serde_json::to_vec(&state).unwrap_or_default();
    papers.push(Paper { name: name.clone(), ..Paper::new(PaperKind::Trust, octets) });
    Ok((name, papers))
}

/// The authorities of the folder.
struct Authorities {
    anchors: Vec<(Certificate, Practice)>,
    lower: Vec<Certificate>,
}

impl Authorities {
    fn read(folder: &Path) -> Result<Self, TrustError> {
        let (mut anchors, mut lower) = (Vec::new(), Vec::new());
        for (path, text) in files(folder, "pem")? {
            let found = Certificate::many_from_pem(&text).map_err(|why| TrustError::Certificate(path.clone(), why))?;
            if is_lower(&path) {
                lower.extend(found);
                continue;
            }
            let practice = practice(&path.with_extension("toml"))?;
            anchors.extend(found.into_iter().map(|anchor| (anchor, practice.clone())));
        }
        Ok(Self { anchors, lower })
    }

    /// Did an authority here issue this one?
    fn stand_above(&self, certificate: &Certificate) -> bool {
        let mut all = self.anchors.iter().map(|(anchor, _)| anchor).chain(&self.lower);
        all.any(|other| other != certificate && certificate.is_signed_by(other))
    }

    /// Nothing is known yet of what they revoked.
    fn trust(self, folder: &Path) -> Result<Trust, TrustError> {
        if self.anchors.is_empty() {
            tracing::warn!(folder = %folder.display(), "trust.empty");
        }
        let trust = Trust::with_practices(self.anchors).map_err(|why| TrustError::Certificate(folder.into(), why))?;
        Ok(trust.with_helpers(self.lower))
    }
}

fn with_news(trust: &Trust, news: Vec<(PathBuf, RevocationNews)>) -> Trust {
    let lists =
        || news.iter().filter_map(|(_, one)| if let RevocationNews::List(list) = one { Some(list) } else { None });
    for change in lists().filter(|list| list.is_delta()) {
        if !lists().any(|list| !list.is_delta() && list.issuer() == change.issuer()) {
            tracing::warn!(issuer = change.issuer(), "trust.list.incomplete");
        }
    }
    trust.with_news(news.into_iter().map(|(_, one)| one), WithoutList::Accept)
}

const LIST: &str = "crl";
const ANSWER: &str = "ocsp";

/// The lists and answers of known authorities.
fn news(folder: &Path, trust: &Trust) -> Result<Vec<(PathBuf, RevocationNews)>, TrustError> {
    let mut news = Vec::new();
    for (path, der) in [files(folder, LIST)?, files(folder, ANSWER)?].concat() {
        match trust.read_news(&der) {
            Ok(one) => news.push((path, one)),
            Err(ListError::UnknownIssuer { issuer }) => {
                tracing::warn!(file = %path.display(), issuer, "trust.list.unknown");
            }
            Err(ListError::Answer(StatusError::OtherResponder | StatusError::OtherQuestion)) => {
                tracing::warn!(file = %path.display(), "trust.answer.unknown");
            }
            Err(why) => return Err(TrustError::List(path, why)),
        }
    }
    Ok(news)
}

const LOWER: &str = "lower";

fn is_lower(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| Path::new(stem).extension().is_some_and(|mark| mark == LOWER))
}

/// How an authority writes its certificates. Unknown keys are errors.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Written {
    /// Where the holder stands: `mail-address` (default), `subject-serial-number`, `other-name:<OID>`, or `roll` (nowhere:
    /// the roll knows).
    names: Option<String>,
    /// What the extended key usage says: `mail` (default) or `unstated`.
    purposes: Option<String>,
    /// What it means that there is no complete, fresh list of what the authority, or one below it, revoked: `accept` (default;
    /// its certificates are believed) or `refuse`.
    without_list: Option<String>,
}

/// The file beside an authority's; without it, the usual way (Profile §5.4).
fn practice(path: &Path) -> Result<Practice, TrustError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Practice::default()),
        Err(why) => return Err(TrustError::File(path.into(), why)),
    };
    let unfit = |why: String| TrustError::Practice(path.into(), why);
    let written: Written = toml::from_str(&text).map_err(|why| unfit(why.message().to_owned()))?;
    let names = match written.names.as_deref().unwrap_or("mail-address") {
        "mail-address" => Naming::MailAddress,
        "subject-serial-number" => Naming::SubjectSerialNumber,
        "roll" => Naming::Roll,
        other => match other.strip_prefix("other-name:").and_then(|oid| oid.parse().ok()) {
            Some(oid) => Naming::OtherName(oid),
            None => return Err(unfit(format!("names = \"{other}\" is not known"))),
        },
    };
    let purposes = match written.purposes.as_deref().unwrap_or("mail") {
        "mail" => Purposes::Mail,
        "unstated" => Purposes::Unstated,
        other => return Err(unfit(format!("purposes = \"{other}\" is not known"))),
    };
    let without_list = match written.without_list.as_deref().unwrap_or("accept") {
        "accept" => WithoutList::Accept,
        "refuse" => WithoutList::Refuse,
        other => return Err(unfit(format!("without-list = \"{other}\" is not known"))),
    };
    Ok(Practice::new(purposes, names).without_list(without_list))
}

/// The folder's files of one extension, with their octets.
fn files(folder: &Path, extension: &str) -> Result<Vec<(PathBuf, Vec<u8>)>, TrustError> {
    let file_error = |why| TrustError::File(folder.into(), why);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(file_error)? {
        let path = entry.map_err(file_error)?.path();
        if path.extension().is_some_and(|known| known == extension) {
            let octets = std::fs::read(&path).map_err(|why| TrustError::File(path.clone(), why))?;
            found.push((path, octets));
        }
    }
    Ok(found)
}

/// Puts an authority into the folder, named by its fingerprint, synced. One that an authority there issued is kept as a lower
/// one: it is believed as long as the path through it holds, and no longer. What the folder then says is judged first: it is
/// never left so that the gateway would not start.
pub(crate) fn add(folder: &Path, certificate: &Certificate) -> Result<Trust, TrustError> {
    let mut authorities = Authorities::read(folder)?;
    let name = certificate.fingerprint_hex();
    let unfit = |why| TrustError::Certificate(folder.into(), why);
    Trust::check_authority(certificate).map_err(unfit)?;
    let mark = if authorities.stand_above(certificate) {
        authorities.lower.push(certificate.clone());
        format!(".{LOWER}")
    } else {
        let practice = practice(&folder.join(&name).with_extension("toml"))?;
        authorities.anchors.push((certificate.clone(), practice));
        String::new()
    };
    let trust = authorities.trust(folder)?;
    let trust = with_news(&trust, news(folder, &trust)?);
    put(folder, &format!("{name}{mark}.pem"), certificate.to_pem().as_bytes())?;
    Ok(trust)
}

/// Puts a revocation list of a known authority into the folder, in place of the last one of its series: a list of changes, or
/// of another piece or key, does not take the place of a complete one. An answer of its responder takes the place of the last
/// one about the same certificates. Older ones are refused. Each is verified once.
pub(crate) fn add_list(folder: &Path, der: &[u8]) -> Result<Trust, TrustError> {
    let trust = Authorities::read(folder)?.trust(folder)?;
    let one = trust.read_news(der).map_err(|why| TrustError::List(folder.into(), why))?;
    let series = one.series();
    let mut all = news(folder, &trust)?;
    let mut former = all.iter().map(|(_, former)| former).filter(|former| former.series() == series);
    if let Some(newer) = former.find(|former| one.is_older_than(former)) {
        return Err(TrustError::OlderList(newer.made_at()));
    }
    // One file a series, whatever characters its authority's name has.
    let mut short = [0; 16];
    short.copy_from_slice(&series[..16]);
    let extension = if matches!(one, RevocationNews::List(_)) { LIST } else { ANSWER };
    let name = format!("{:032x}.{extension}", u128::from_be_bytes(short));
    put(folder, &name, der)?;
    let path = folder.join(name);
    all.retain(|(former, _)| *former != path);
    all.push((path, one));
    Ok(with_news(&trust, all))
}

/// Writes a file beside its place, synced, then moves it there: a crash leaves the old one or the new one.
fn put(folder: &Path, name: &str, octets: &[u8]) -> Result<(), TrustError> {
    let (path, beside) = (folder.join(name), folder.join(format!(".{name}.new")));
    let write = || {
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(octets)?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|why| TrustError::File(path.clone(), why))
}

#[cfg(test)]
mod tests;
