//! Administration: what the operator may ask of the running gateway, over its local socket or in one process.

mod account;
mod audit;
mod delegation;
mod directory;
mod evidence;
mod keeping;
mod licence;
mod notices;
mod socket;
mod words;

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{Done, Enrolled, Office, OfficeNumber, Party, Refusal, Refused, What};
use fumibako_signer::{Certificate, Trust};
use fumibako_store::bodies::Day;
use fumibako_store::{Amendment, Census, Store, StoreError, WhichActs, hex};
use jiff::Timestamp;

use crate::house::{House, revoked_since};
use crate::trust::{self, TrustError};

pub(crate) use audit::{of_party, operator};
pub(crate) use delegation::sum_of;
pub use directory::OFFICES_AT_ONCE;
pub use socket::{CallError, call};
pub(crate) use socket::{bind as bind_socket, serve};
pub use words::{
    AcceptedBundle, AcceptedNow, AcceptedRow, AccountRequest, AccountRow, ActsReport, Audited, AuthorityRow,
    BackupReport, CertificateRow, DayRow, DeedRow, ExpiryView, FaultRow, HoldRow, LicenceAsk, NotContinued, NoticeAsk,
    NoticeRow, NoticeState, OfficeRow, PlaceRow, PruneView, PutReport, RefusedMore, RefusedRow, Remedy, Reply, Request,
    RestoreReport, Secret, Status, StoreReport, Tampered, TermsRow, VerifyReport,
};

/// Longest agent's name and suspension reason, in characters.
const NAME_CHARACTERS: usize = 200;

/// Answers the operator. The socket and the demo ask the same one.
pub struct Admin<S>(Arc<House<S>>, String);

impl<S> Clone for Admin<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1.clone())
    }
}

impl<S: Store> Admin<S> {
    pub(crate) fn new(house: Arc<House<S>>) -> Self {
        Self(house, audit::OPERATOR.into())
    }

    /// The gateway's answer to a request.
    pub async fn answer(&self, request: Request) -> Reply {
        match self.carry_out(request).await {
            Ok(reply) => reply,
            // The operator reads here what others would only find in the log.
            Err(StoreError::Failed(why) | StoreError::Full(why)) => {
                tracing::error!(why, "admin.failed");
                Reply::Failed { why }
            }
            Err(error) => {
                let refused = self.0.refusal_of(error);
                Reply::No { code: refused.why, about: refused.about }
            }
        }
    }

    async fn carry_out(&self, request: Request) -> Result<Reply, StoreError> {
        match request {
            Request::OfficeAdd { number, name } => self.add_office(number, name).await,
            Request::OfficeDescribe(office) => self.describe(*office).await,
            Request::OfficePut { offices, dry_run } => self.put_offices(offices, dry_run).await,
            Request::OfficeList => self.offices().await,
            Request::OfficeShow { number } => self.show_office(number).await,
            Request::OfficeSuspend { number, reason } => {
                let reason = short(reason, NAME_CHARACTERS)?;
                let told = self.did(What::OfficeSuspended).of(number).noting(&reason);
                self.put(Office { suspended: Some(reason), ..self.office(number)? }, told).await
            }
            Request::OfficeResume { number } => {
                let told = self.did(What::OfficeResumed).of(number);
                self.put(Office { suspended: None, ..self.office(number)? }, told).await
            }
            Request::OfficeQuota { number, bytes } => self.quota(number, bytes).await,
            Request::LicenceGrant { number, from, until } => self.grant(number, from, until).await,
            Request::Licence(ask) => self.licence(ask).await,
            Request::AccountList => Ok(self.accounts()),
            Request::Account(request) => self.account(request).await,
            Request::CertRemove { party, fingerprint, reason, last } => {
                self.remove_certificate(&party, &fingerprint, (reason, last)).await
            }
            Request::CertAdd { party, pem } => self.add_certificate(party, &pem).await,
            Request::CertList { party } => Ok(self.certificates(party.as_ref())),
            Request::AgentAdd { id, name } => self.add_agent(id, name).await,
            Request::AgentList { id } => self.agents(id),
            Request::AgentSuspend { id, reason } => self.suspend_agent(id, reason).await,
            Request::MandateAdd { mandate } => self.paper_mandate(*mandate).await,
            Request::MandateList { office, agent } => Ok(self.mandates(office, agent.as_ref())),
            Request::MandateShow { id } => self.show_mandate(id),
            Request::MandateRevoke { id } => self.revoke_mandate(id).await,
            Request::TrustAddCrl { der } => self.add_list(&der).await,
            Request::TrustAddCa { pem } => self.add_authority(&pem).await,
            Request::TrustList => {
                let authorities = self.0.trust().anchors().iter().map(authority_row).collect();
                Ok(Reply::Authorities { authorities })
            }
            Request::Expire { dry_run } => self.expire(dry_run).await,
            Request::HoldAdd { number, message_id, reason, by } => self.hold((number, message_id), reason, by).await,
            Request::HoldRemove { number, message_id, by } => self.release((number, message_id), by).await,
            Request::HoldList => self.all_holds().await,
            Request::HoldClear { reason, by } => self.clear_holds(&reason, by).await,
            request @ (Request::EvidenceList { .. }
            | Request::EvidenceExport { .. }
            | Request::EvidenceVerify
            | Request::EvidenceAccept { .. }
            | Request::EvidencePrune { .. }
            | Request::EvidenceRefused { .. }
            | Request::EvidenceAuthority
            | Request::EvidenceContinues { .. }) => self.evidence(request).await,
            Request::AuditList { office, after } => self.list_acts(WhichActs { office, after }).await,
            Request::AuditVerify => self.verify_acts().await,
            Request::Inspect => Ok(Reply::Inspected(Box::new(self.0.store.inspect().await?.into()))),
            Request::Backup { to, keys } => self.back_up(to, keys).await,
            Request::Notice(ask) => self.notices(ask).await,
            Request::Status => self.status().await,
            Request::Metrics => Ok(Reply::Metrics { text: self.0.metrics().await? }),
        }
    }

    fn certificates(&self, party: Option<&Party>) -> Reply {
        let of = |enrolled: &&Enrolled| party.is_none_or(|party| enrolled.party == *party);
        let (roll, trust, now) = (self.0.store.roll(), self.0.trust(), self.0.clock.now());
        let row = |enrolled| certificate_row(enrolled, &trust, now);
        let mut certificates: Vec<_> = roll.certificates().filter(of).filter_map(row).collect();
        certificates.sort_by(|a, b| (&a.party, a.from).cmp(&(&b.party, b.from)));
        Reply::Certificates { certificates }
    }

    fn office(&self, number: OfficeNumber) -> Result<Office, Refused> {
        self.0.store.roll().office(number).cloned().ok_or_else(|| Refusal::OfficeUnknown.about(number))
    }

    async fn put(&self, office: Office, told: Done) -> Result<Reply, StoreError> {
        self.change(Amendment::Office(Box::new(office)), told).await
    }

    async fn add_authority(&self, pem: &str) -> Result<Reply, StoreError> {
        let certificate = Certificate::from_pem(pem.as_bytes()).map_err(|why| Refusal::ValueUnfit.about(why))?;
        let told = self.did(What::AuthorityTrusted).about(certificate.fingerprint_hex());
        self.change_trust(told, move |folder| trust::add(folder, &certificate)).await
    }

    /// Verifying a long list takes a while, and so does the disk: no connection waits for it.
    async fn change_trust(
        &self,
        told: Done,
        change: impl FnOnce(&Path) -> Result<Trust, TrustError> + Send + 'static,
    ) -> Result<Reply, StoreError> {
        let house = self.0.clone();
        let changed = tokio::task::spawn_blocking(move || house.change_trust(change)).await;
        let changed = changed.map_err(|_| StoreError::Refused(Refusal::Internal.into()))?;
        changed.map_err(|why| Refusal::ValueUnfit.about(why))?;
        self.tell(told).await
    }

    async fn add_list(&self, der: &str) -> Result<Reply, StoreError> {
        let der = STANDARD.decode(der).map_err(|why| Refusal::ValueUnfit.about(why))?;
        let told = self.did(What::RevocationsTaken).about(hex(digest(&SHA256, &der).as_ref()));
        self.change_trust(told, move |folder| trust::add_list(folder, &der)).await
    }

    async fn status(&self) -> Result<Reply, StoreError> {
        let census = self.0.store.census().await?;
        let expiry = ExpiryView::of(&census, self.0.config.retention(), Day::of(self.0.clock.now()));
        let Census { offices, accounts, messages, bytes, evidence, nearly_full, .. } = census;
        let (heads_unwritten, audit_apart, evidence_stopped) = {
            let witnessing = self.0.witnessing.lock().await;
            let unwritten = witnessing.not_put().is_some() || witnessing.not_kept() || witnessing.acts.not_put();
            (unwritten, witnessing.acts.apart(), witnessing.stopped.clone())
        };
        let evidence_missing = self.0.missing(&census).await;
        let counts = &self.0.counts;
        Ok(Reply::Status(Box::new(Status {
            domain: self.0.config.domain.to_string(),
            version: env!("CARGO_PKG_VERSION").into(),
            offices,
            accounts,
            messages,
            bytes,
            evidence,
            evidence_pruned: census.pruned,
            evidence_logged: census.logged,
            evidence_missing,
            audit_apart,
            evidence_stopped,
            reports_due: census.due,
            receipts_refused: census.refused_receipts,
            receipts_repeated: census.repeated_receipts,
            handed_over: counts.handed_over.get(),
            reported: counts.reported.all(),
            heads_signed: counts.heads_signed.get(),
            heads_stamped: counts.heads_stamped.get(),
            nearly_full,
            evidence_key_until: self.0.witness.certificate().not_after(),
            accepted: counts.all_accepted(),
            refused: counts.refused.all(),
            connections: counts.connections.all(),
            expiry,
            foreign_objects: census.foreign,
            heads_unwritten,
        })))
    }
}

fn certificate_row(enrolled: &Enrolled, trust: &Trust, now: Timestamp) -> Option<CertificateRow> {
    let certificate = Certificate::from_der(&enrolled.der).ok()?;
    let revoked = revoked_since(&certificate, trust, now);
    let uses = [(certificate.signs(), "sign"), (certificate.receives(), "encrypt")];
    Some(CertificateRow {
        uses: uses.into_iter().filter(|(is, _)| *is).map(|(_, word)| word.to_owned()).collect(),
        removed: enrolled.removed,
        party: enrolled.party.to_string(),
        subject: certificate.subject(),
        from: enrolled.from,
        until: enrolled.until,
        revoked,
        fingerprint: certificate.fingerprint_hex(),
        pem: certificate.to_pem(),
    })
}

fn authority_row(certificate: &Certificate) -> AuthorityRow {
    AuthorityRow {
        subject: certificate.subject(),
        until: certificate.not_after(),
        fingerprint: certificate.fingerprint_hex(),
    }
}

fn short(text: String, most: usize) -> Result<String, Refused> {
    let fits = !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(Refusal::ValueUnfit.about(format_args!("a text of 1 to {most} characters"))) }
}
