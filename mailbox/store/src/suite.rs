//! What every implementation of [`Store`] must do, as tests it can run: give [`store_suite!`](crate::store_suite) a
//! function that opens an empty store.
//!
//! Start at `deliver` (exactly once), `folders` (UIDs, changes, flags), `receipts` (未 becomes 済).
//!
//! Messages are admitted by [`admit`], signed under a development authority: there is no other way to an
//! [`Admitted`], for tests either.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, reason = "these are tests")]

pub mod accounts;
pub mod acts;
pub mod annotations;
pub mod deliver;
pub mod directory;
pub mod due;
pub mod evidence;
pub mod expire;
pub mod flags;
pub mod folders;
pub mod handover;
pub mod heads;
pub mod hold;
pub mod licences;
pub mod mandates;
pub mod notices;
pub mod papers;
pub mod receipts;
pub mod resync;
pub mod tree;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{
    Address, Agent, AgentId, Domain, Enrolled, Entry, FolderName, FolderView, Licence, LicenceOrder, Login, Office,
    OfficeNumber, Party, Refusal,
};
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Identity, Trust, sign};
use jiff::Timestamp;

use crate::{
    Admitted, Amend, Amendment, Arrival, Arriving, LicenceChange, MandateOrder, Rules, Store, StoreError, Via, admit,
    key_of,
};

/// Every test of the suite, each on a fresh store. `$fresh` is an async function that returns whatever must live as
/// long as the store, and the store in an `Arc`.
#[macro_export]
macro_rules! store_suite {
    ($fresh:path) => {
        $crate::store_suite! { $fresh:
            deliver::a_bundle_stands_in_the_inbox_and_in_sent,
            deliver::the_same_bundle_again_is_stored_once_and_answered_alike,
            deliver::the_same_signature_under_another_message_id_is_no_new_bundle,
            deliver::the_same_bundle_on_eight_connections_is_stored_once,
            deliver::a_message_id_with_other_content_is_refused,
            deliver::a_refusal_leaves_the_rest_of_its_batch_alone,
            deliver::sixty_four_deliveries_at_once_get_rising_uids,
            deliver::no_uid_becomes_visible_below_one_already_shown,
            deliver::one_counter_numbers_all_changes_of_an_office,
            deliver::work_goes_on_when_nobody_waits_for_it,
            deliver::a_delivery_wakes_its_two_folders_and_no_other,
            deliver::a_large_bundle_is_received_and_read_in_pieces,
            deliver::a_full_mailbox_takes_nothing_more,
            folders::every_office_has_the_standard_folders,
            folders::an_own_folder_is_made_once,
            folders::an_office_has_200_folders,
            folders::folders_of_others_do_not_exist,
            folders::uids_are_never_used_twice,
            folders::changes_are_told_since_any_point,
            folders::who_applies_the_changes_sees_the_folder,
            folders::a_copy_shares_the_body_and_keeps_the_flags,
            folders::only_the_gateway_fills_inbox_and_receipts,
            folders::a_copy_of_what_is_kept_in_sent_is_not_kept_twice,
            folders::a_body_nobody_shows_is_gone,
            directory::what_is_said_of_an_office_is_found_at_once,
            directory::offices_come_together_or_not_at_all,
            directory::of_two_lists_at_once_one_comes_after_the_other,
            flags::flags_are_added_removed_and_replaced,
            flags::what_is_as_asked_raises_no_counter,
            flags::a_folder_knows_64_keywords,
            flags::mail_tools_do_not_touch_the_marks,
            expire::a_day_expires_and_its_evidence_stays,
            expire::what_was_erased_is_proved_of_each_message,
            evidence::evidence_goes_after_its_years_and_the_log_holds,
            expire::a_day_is_kept_to_its_last_moment,
            expire::who_looks_again_after_expiry_is_told_what_vanished,
            expire::a_clock_that_leapt_destroys_nothing,
            expire::a_leap_with_nothing_due_is_not_forgotten,
            expire::a_shorter_retention_waits_for_a_person,
            expire::what_goes_only_after_a_look_at_the_clock_is_said,
            expire::a_clock_that_was_behind_keeps_keys_and_stops_no_reminder,
            hold::what_is_held_stays_over_expiry_until_it_is_let_go,
            hold::a_hold_that_ends_in_time_leaves_the_message_to_its_day,
            hold::offices_remove_what_is_held_and_it_is_kept,
            hold::a_hold_of_nothing_is_refused,
            hold::what_is_held_is_told_of_by_the_day_it_came,
            receipts::a_receipt_turns_a_bundle_to_done,
            receipts::what_a_recipient_said_is_kept_as_long_as_its_evidence,
            receipts::the_first_receipt_counts,
            receipts::a_copy_filed_elsewhere_is_marked_too,
            receipts::a_receipt_of_something_else_is_refused,
            receipts::a_receipt_after_expiry_is_evidence_and_no_more,
            receipts::a_receipt_after_expiry_counts_for_what_was_handed_over,
            receipts::a_late_receipt_finds_its_own_bundle_among_those_of_one_message_id,
            receipts::what_could_not_be_opened_is_marked_and_a_receipt_still_counts,
            receipts::what_could_not_be_opened_waits_whatever_the_gateway_saw,
            receipts::refused_receipts_of_a_login_have_so_many_rows_a_day_and_then_a_count,
            receipts::a_clock_that_leapt_takes_no_counts_of_refused_receipts,
            receipts::the_roll_is_what_was_last_put,
            evidence::a_handover_is_written_down_once_and_a_receipt_still_counts,
            handover::what_went_out_whole_is_taken_by_nobody_but_who_got_it,
            handover::what_an_agent_got_counts_while_that_mandate_is_in_force,
            handover::an_agent_is_told_of_a_message_once_however_often_it_fetches_it,
            handover::many_are_taken_at_once_and_nothing_by_a_look,
            handover::what_leaves_its_folder_with_all_others_is_taken,
            evidence::bundles_of_one_message_id_are_told_apart,
            papers::papers_go_with_the_last_evidence_that_leads_to_them,
            evidence::the_log_grows_and_proves_every_piece,
            evidence::a_clock_set_back_leaves_the_longest_log_the_newest,
            evidence::a_clock_that_flaps_over_midnight_leaves_a_head_on_each_side,
            evidence::heads_of_wrong_days_let_no_evidence_go_early,
            evidence::what_is_due_is_told_once,
            evidence::what_was_collected_while_the_letter_was_written_is_not_told,
            evidence::by_a_doubted_date_nobody_is_reminded,
            due::by_other_settings_what_waits_is_looked_at_once,
            due::settings_of_a_clock_that_is_behind_tell_nothing_again,
            due::a_handover_is_not_told_after_the_receipt,
            evidence::who_asked_for_a_report_is_put_on_the_list,
            accounts::orders_change_what_they_name_and_nothing_else,
            accounts::of_two_new_passwords_at_once_one_counts,
            accounts::passwords_change_so_often_a_day_and_no_oftener,
            accounts::application_passwords_go_with_their_user_id,
            accounts::application_passwords_go_with_the_password_where_that_is_said,
            accounts::the_old_password_makes_no_application_password_once_a_new_one_counts,
            accounts::a_certificate_goes_off_the_roll_and_stays_known,
            accounts::of_two_that_remove_each_other_one_stays,
            accounts::what_was_removed_comes_back_by_the_operator_alone,
            accounts::what_a_certificate_signed_is_not_committed_once_it_went,
            acts::what_changes_a_right_is_told_in_the_same_commit,
            acts::only_what_an_agent_sends_is_told,
            acts::what_an_agent_changed_is_told_and_not_what_it_tried,
            acts::what_an_agent_looks_at_is_told_once_an_hour,
            mandates::a_mandate_is_granted_confirmed_and_revoked_once,
            mandates::an_office_has_a_hundred_mandates_that_are_not_over,
            mandates::what_was_committed_before_a_revocation_stands_and_nothing_after_it,
            mandates::what_an_agent_subscribes_to_is_its_own_list,
            mandates::a_licence_that_went_meanwhile_is_gone,
            licences::a_licence_is_decided_in_the_commit_and_a_deed_obeyed_once,
            licences::of_two_renewals_at_once_one_is_taken,
            licences::what_is_due_happens_once_with_its_letter,
            licences::what_an_office_signs_is_its_own_and_not_without_end,
            licences::a_suspended_licence_neither_sends_nor_is_sent_to,
            notices::notices_come_and_go_by_the_clock_and_no_uid_comes_twice,
            notices::each_party_marks_its_own_notices,
            notices::so_many_notices_stand_or_are_to_stand_and_no_more,
            annotations::notes_are_set_replaced_and_removed,
            annotations::notes_go_with_their_folder,
            annotations::a_folder_has_50_notes,
            annotations::who_listens_hears_which_notes_changed,
            tree::levels_above_a_new_folder_are_made_with_it,
            tree::a_deleted_folder_takes_its_messages_along,
            tree::a_renamed_folder_keeps_its_messages_and_its_children,
            tree::a_level_without_a_folder_is_renamed_with_those_below,
            tree::the_uidvalidity_of_a_name_only_rises,
            tree::the_uidvalidity_of_a_name_rises_though_many_names_came_between,
            tree::renaming_inbox_moves_its_messages,
            tree::subscriptions_are_kept_whatever_folders_there_are,
            tree::moved_messages_leave_as_they_arrive,
            tree::messages_that_come_together_are_filed_together,
            tree::a_replaced_message_goes_as_the_new_one_comes,
            tree::deleted_messages_are_counted,
            tree::a_copy_has_its_own_save_date,
            tree::folders_come_and_go_while_others_work,
            resync::a_message_is_recent_to_whoever_asks_first,
            resync::what_changed_meanwhile_is_left_as_it_is,
            resync::what_vanished_long_ago_is_all_that_is_not_there,
            heads::headers_are_read_many_at_a_time,
            heads::messages_are_read_many_at_a_time,
            heads::a_header_is_read_to_its_end_however_long_it_is,
        }
    };
    ($fresh:path: $($subject:ident::$test:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let (_kept, store) = $fresh().await;
                $crate::suite::$subject::$test(store).await;
            }
        )*
    };
}

/// Three offices that hold a licence and a certificate.
pub struct World {
    domain: Domain,
    trust: Trust,
    signers: BTreeMap<OfficeNumber, Identity>,
    /// Of the agent [`kawara`].
    agent: Identity,
}

/// Fills a roll: what the operator does, as far as tests need it.
pub trait Fill: Store {
    fn put(&self, change: Amendment) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.amend(Amend { changes: vec![change], done: Vec::new() })
    }

    fn put_office(&self, office: Office) -> impl Future<Output = Result<(), StoreError>> + Send {
        let days = office.licence.map(LicenceOrder::Grant);
        let grant = days.map(|order| LicenceChange { office: office.number, order, at: now(), signed: None });
        let mut changes = vec![Amendment::Office(Box::new(office))];
        changes.extend(grant.map(|grant| Amendment::Licence(Box::new(grant))));
        self.amend(Amend { changes, done: Vec::new() })
    }

    fn put_agent(&self, agent: Agent) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.put(Amendment::Agent(agent))
    }

    fn mandate(&self, order: MandateOrder) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.put(Amendment::Mandate(order))
    }
}

impl<S: Store> Fill for S {}

/// The octets of a whole message.
pub const ALL: std::ops::Range<u64> = 0..u64::MAX;

/// The last day of the licences and certificates here: gateways go by the machine's clock, whatever day it shows.
const LAST_DAY: &str = "2099-12-31";

/// The moment of the tests.
pub const NOON: &str = "2026-11-25T12:00:00Z";

pub fn now() -> Timestamp {
    NOON.parse().unwrap()
}

pub fn himawari() -> OfficeNumber {
    "9970000011".parse().unwrap()
}

pub fn sakura() -> OfficeNumber {
    "9970000029".parse().unwrap()
}

pub fn kaede() -> OfficeNumber {
    "9970000037".parse().unwrap()
}

/// The proxy agent.
pub fn kawara() -> AgentId {
    "kawara".parse().unwrap()
}

pub fn domain() -> Domain {
    "plans.example".parse().unwrap()
}

pub fn folder(name: &str) -> FolderName {
    name.parse().unwrap()
}

impl World {
    /// Puts the offices on the roll of a store.
    pub async fn with<S: Store>(store: &S) -> Self {
        let world = Self::new();
        for number in world.signers.keys() {
            store.put_office(office(*number)).await.unwrap();
        }
        world
    }

    /// Keys and certificates under a new authority; no store.
    pub fn new() -> Self {
        Self::under(&Authority::create("Suite CA", "2026-04-01T00:00:00Z".parse().unwrap()).unwrap())
    }

    /// New keys and certificates under an authority.
    pub fn under(authority: &Authority) -> Self {
        let from = "2026-04-01T00:00:00Z".parse().unwrap();
        let until: Timestamp = format!("{LAST_DAY}T00:00:00Z").parse().unwrap();
        let certify = |name: &str| {
            let request = Request {
                common_name: name,
                rfc822_name: &format!("{name}@plans.example"),
                key: KeyKind::EcP256,
                purpose: Purpose::MailSigning,
                not_before: from,
                not_after: until,
            };
            authority.issue(&request).unwrap()
        };
        Self {
            domain: domain(),
            trust: Trust::new([authority.certificate().clone()]).unwrap(),
            signers: [himawari(), sakura(), kaede()].map(|number| (number, certify(number.as_str()))).into(),
            agent: certify(kawara().as_str()),
        }
    }

    /// An office's certificate, as it stands on the roll.
    pub fn enrolled(&self, office: OfficeNumber) -> Enrolled {
        let certificate = self.signers[&office].certificate();
        Enrolled {
            key: key_of(certificate),
            party: Party::Office(office),
            der: certificate.der().to_vec(),
            from: certificate.not_before(),
            until: certificate.not_after(),
            removed: None,
        }
    }

    /// A bundle, admitted. `text` makes its content.
    pub fn bundle(
        &self,
        store: &impl Store,
        ends: (OfficeNumber, OfficeNumber),
        message_id: &str,
        text: &str,
    ) -> Admitted {
        self.admit(store, ends, &self.letter(ends, message_id, text))
    }

    /// A bundle, as it would arrive.
    pub fn letter(&self, ends: (OfficeNumber, OfficeNumber), message_id: &str, text: &str) -> Vec<u8> {
        self.compose(ends, message_id, &Self::results(ends, text))
    }

    /// A bundle as our own clients send it: the signed part repeats the routing fields (Profile §4.2).
    pub fn routed(&self, ends: (OfficeNumber, OfficeNumber), message_id: &str, text: &str) -> Vec<u8> {
        let part = routing(ends, message_id) + &Self::results(ends, text);
        self.compose(ends, message_id, &part)
    }

    /// One file of results, as the part to sign.
    pub fn results((from, to): (OfficeNumber, OfficeNumber), text: &str) -> String {
        let file = format!("UPJSK_202510_{from}_11_{to}_43_20251101093000.CSV");
        format!(
            "Content-Type: multipart/mixed; boundary=units\r\n\r\n--units\r\n\
             Content-Type: text/csv; name=\"{file}\"\r\nContent-Disposition: attachment; filename=\"{file}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}--units--\r\n",
            lines(&STANDARD.encode(text))
        )
    }

    /// A bundle whose sender wants to hear what becomes of it (RFC 8098 §2.1), admitted.
    pub fn asking(&self, store: &impl Store, ends: (OfficeNumber, OfficeNumber), message_id: &str) -> Admitted {
        let asks = format!("Disposition-Notification-To: <{}@plans.example>\r\n", ends.0);
        self.admit(store, ends, &[asks.as_bytes(), &self.letter(ends, message_id, message_id)].concat())
    }

    /// A receipt by `from` for a bundle of `to`, admitted.
    pub fn receipt(
        &self,
        store: &impl Store,
        ends: (OfficeNumber, OfficeNumber),
        message_id: &str,
        original: (&str, &[u8; 32]),
    ) -> Admitted {
        self.admit(store, ends, &self.receipt_letter(ends, message_id, original))
    }

    /// A receipt by `from` for a bundle of `to`, as it would arrive.
    pub fn receipt_letter(
        &self,
        ends: (OfficeNumber, OfficeNumber),
        message_id: &str,
        original: (&str, &[u8; 32]),
    ) -> Vec<u8> {
        self.notification(ends, message_id, original, "manual-action/MDN-sent-manually; processed")
    }

    /// The word of `from` that it could not open a bundle of `to`, admitted.
    pub fn failure(
        &self,
        store: &impl Store,
        ends: (OfficeNumber, OfficeNumber),
        message_id: &str,
        original: (&str, &[u8; 32]),
    ) -> Admitted {
        let said = "automatic-action/MDN-sent-automatically; processed/error: decryption-failed";
        self.admit(store, ends, &self.notification(ends, message_id, original, said))
    }

    /// What `from` says became of a bundle of `to`.
    fn notification(
        &self,
        (from, to): (OfficeNumber, OfficeNumber),
        message_id: &str,
        (original, digest): (&str, &[u8; 32]),
        disposition: &str,
    ) -> Vec<u8> {
        let part = format!(
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=report\r\n\r\n\
             --report\r\nContent-Type: text/plain\r\n\r\nReceived.\r\n\
             --report\r\nContent-Type: message/disposition-notification\r\n\r\n\
             Final-Recipient: rfc822; {from}@plans.example\r\nOriginal-Message-ID: <{original}>\r\n\
             Disposition: {disposition}\r\n\
             Received-content-MIC: {}, sha-256\r\n\r\n--report--\r\n",
            STANDARD.encode(digest)
        );
        self.compose((from, to), message_id, &part)
    }

    /// A bundle of the agent for `from`, as it would arrive.
    pub fn letter_by_agent(&self, ends: (OfficeNumber, OfficeNumber), message_id: &str, text: &str) -> Vec<u8> {
        let octets = Self::composed(ends, message_id, &Self::results(ends, text), &self.agent);
        [b"Sender: kawara@plans.example\r\n", &*octets].concat()
    }

    /// These octets at the door, brought by the agent and admitted.
    pub fn admit_by_agent(&self, store: &impl Store, ends: (OfficeNumber, OfficeNumber), octets: &[u8]) -> Admitted {
        self.admitted(store, &Login::of(Party::Agent(kawara())), ends, octets)
    }

    /// A signed message around a part.
    pub fn compose(&self, ends: (OfficeNumber, OfficeNumber), message_id: &str, part: &str) -> Vec<u8> {
        Self::composed(ends, message_id, part, &self.signers[&ends.0])
    }

    fn composed(ends: (OfficeNumber, OfficeNumber), message_id: &str, part: &str, signer: &Identity) -> Vec<u8> {
        let entity = sign(part.as_bytes(), signer, now()).unwrap();
        let head = routing(ends, message_id) + "MIME-Version: 1.0\r\n";
        [head.as_bytes(), &entity].concat()
    }

    /// These octets at the door, admitted.
    pub fn admit(&self, store: &impl Store, ends: (OfficeNumber, OfficeNumber), octets: &[u8]) -> Admitted {
        self.admitted(store, &Login::of(Party::Office(ends.0)), ends, octets)
    }

    fn admitted(
        &self,
        store: &impl Store,
        login: &Login,
        (from, to): (OfficeNumber, OfficeNumber),
        octets: &[u8],
    ) -> Admitted {
        let rules = Rules::new(self.domain.clone());
        let mut arriving =
            Arriving::new(store.spool(now()), Via::of(std::net::Ipv4Addr::LOCALHOST), &rules, now()).unwrap();
        octets.chunks(32 << 10).for_each(|piece| arriving.receive(piece).unwrap());
        let (from, to) = (Address::office(from, &self.domain), [Address::office(to, &self.domain)]);
        let arrival = Arrival { login, from: Some(&from), to: &to };
        admit(arrival, arriving.finish(), &store.roll(), &self.trust, &rules, now()).unwrap()
    }
}

/// RFC 2045 §6.8: at most 76 letters stand in a line.
fn lines(letters: &str) -> String {
    let mut lines = String::with_capacity(letters.len() + letters.len() / 38);
    for (at, letter) in letters.char_indices() {
        lines.push_str(if at % 76 == 0 && at > 0 { "\r\n" } else { "" });
        lines.push(letter);
    }
    lines + "\r\n"
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// An office with a licence.
pub fn office(number: OfficeNumber) -> Office {
    let licence = Licence { from: "2026-04-01".parse().unwrap(), until: LAST_DAY.parse().unwrap() };
    Office { number, name: format!("事業所{}", &number.as_str()[8..]), licence: Some(licence), suspended: None }
}

/// A folder as it stands.
pub async fn view<S: Store>(store: &S, office: OfficeNumber, name: &str) -> FolderView {
    let view = store.open(office, &folder(name)).await.unwrap();
    let seen = view.entries.iter().filter(|entry| entry.flags.has(fumibako_model::Flags::SEEN)).count();
    assert_eq!(view.status, store.status(office, &folder(name)).await.unwrap(), "SELECT and STATUS agree");
    assert_eq!(view.status.messages as usize, view.entries.len(), "the counter of messages holds");
    assert_eq!(view.status.unseen as usize, view.entries.len() - seen, "the counter of unseen messages holds");
    let deleted = view.entries.iter().filter(|entry| entry.flags.has(fumibako_model::Flags::DELETED));
    let deleted = deleted.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.size));
    assert_eq!((view.status.deleted, view.status.deleted_bytes), deleted, "the counters of deleted messages hold");
    assert_eq!(view.status.bytes, view.entries.iter().map(|entry| entry.size).sum::<u64>(), "the bytes hold");
    assert!(view.entries.iter().all(|entry| entry.modseq <= view.status.highest_modseq), "no change is above it");
    assert!(view.entries.is_sorted_by(|one, next| one.uid < next.uid), "UIDs rise");
    view
}

/// The keywords of an entry, in their folder's order.
pub fn keywords(view: &FolderView, entry: &Entry) -> Vec<String> {
    view.keywords.names(entry.flags).map(ToOwned::to_owned).collect()
}

/// Expects a refusal.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(outcome: Result<T, StoreError>, why: Refusal) {
    match outcome {
        Err(StoreError::Refused(refused)) => assert_eq!(refused.why, why),
        other => panic!("{why:?} was expected, not {other:?}"),
    }
}

/// Many calls at once.
pub async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    calls: impl Iterator<Item = F>,
) -> Vec<T> {
    let running: Vec<_> = calls.map(tokio::spawn).collect();
    let mut done = Vec::with_capacity(running.len());
    for call in running {
        done.push(call.await.unwrap());
    }
    done
}

/// The store, for one more call at once.
pub fn also<S: Store>(store: &Arc<S>) -> Arc<S> {
    Arc::clone(store)
}

/// The fields that say where a message goes.
fn routing((from, to): (OfficeNumber, OfficeNumber), message_id: &str) -> String {
    format!(
        "From: {from}@plans.example\r\nTo: {to}@plans.example\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n\
         Message-ID: <{message_id}>\r\n"
    )
}
