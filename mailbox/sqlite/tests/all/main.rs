//! The store in SQLite against the suite of all stores, against bad folders, and against `kill -9`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod crash;
mod damaged;
mod edited;
mod forgotten;
mod handover;
mod holds;
mod lies;
mod named;
mod numbers;
mod open;
mod plans;
mod refused;
mod shape;
mod taken;
mod tampered;
mod upgraded;
mod waiting;

use std::path::Path;
use std::sync::Arc;

use fumibako_sqlite::SqliteStore;
use fumibako_store::{Store, suite};

/// A store in a folder that lives as long as the first value.
async fn fresh() -> (tempfile::TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), suite::domain()).await.unwrap();
    (folder, Arc::new(store))
}

/// A store in this folder, with a bundle and its receipt.
async fn acknowledged(folder: &Path) -> SqliteStore {
    let (sender, recipient) = (suite::himawari(), suite::sakura());
    let store = SqliteStore::open(folder, suite::domain()).await.unwrap();
    let world = suite::World::with(&store).await;
    let bundle = world.bundle(&store, (sender, recipient), "a@x.example", "plan");
    let digest = *bundle.facts().content_digest();
    store.deliver(bundle, suite::now()).await.unwrap();
    let receipt = world.receipt(&store, (recipient, sender), "receipt@x.example", ("a@x.example", &digest));
    store.deliver(receipt, suite::now()).await.unwrap();
    store
}

mod every_store {
    use super::fresh;
    // Among them Profile §12.4: `a_full_mailbox_takes_nothing_more`; Profile §11.5: `a_clock_that_leapt_destroys_nothing`;
    // Profile §11.5, §8.14: `a_clock_that_was_behind_keeps_keys_and_stops_no_reminder`;
    // Profile §11.5: `a_shorter_retention_waits_for_a_person`;
    // Profile §11.6: `what_is_held_stays_over_expiry_until_it_is_let_go`;
    // Profile §7.9: `the_uidvalidity_of_a_name_only_rises`; Profile §7.11: `moved_messages_leave_as_they_arrive`.
    // Profile §8.9, §8.10: `a_handover_is_written_down_once_and_a_receipt_still_counts`; Profile §8.11:
    // `a_receipt_after_expiry_is_evidence_and_no_more`; Profile §8.13: `the_log_grows_and_proves_every_piece`,
    // `a_clock_set_back_leaves_the_longest_log_the_newest`, `a_clock_that_flaps_over_midnight_leaves_a_head_on_each_side`;
    // Profile §8.14: `what_is_due_is_told_once`; Profile §8.29: `heads_of_wrong_days_let_no_evidence_go_early`.
    // Profile §8.11: `a_receipt_after_expiry_counts_for_what_was_handed_over`,
    // `a_late_receipt_finds_its_own_bundle_among_those_of_one_message_id`.
    // Profile §8.10: `what_went_out_whole_is_taken_by_nobody_but_who_got_it`, `what_an_agent_got_counts_while_that_mandate_is_in_force`,
    // `many_are_taken_at_once_and_nothing_by_a_look`, `what_leaves_its_folder_with_all_others_is_taken`.
    // Profile §8.18: `bundles_of_one_message_id_are_told_apart`.
    // Profile §8.14: `what_was_collected_while_the_letter_was_written_is_not_told`; Profile §8.14, §11.5:
    // `by_a_doubted_date_nobody_is_reminded`; Profile §8.14:
    // `what_is_held_is_told_of_by_the_day_it_came`, `by_other_settings_what_waits_is_looked_at_once`;
    // Profile §8.17: `a_handover_is_not_told_after_the_receipt`.
    // Profile §8.22: `what_could_not_be_opened_is_marked_and_a_receipt_still_counts`, `what_could_not_be_opened_waits_whatever_the_gateway_saw`; Profile §8.24:
    // `refused_receipts_of_a_login_have_so_many_rows_a_day_and_then_a_count`.
    // Profile §8.28: `what_was_erased_is_proved_of_each_message`; Profile §8.29: `evidence_goes_after_its_years_and_the_log_holds`,
    // `papers_go_with_the_last_evidence_that_leads_to_them`.
    // Profile §7.23: `what_vanished_long_ago_is_all_that_is_not_there`.
    // Profile §5.11, §9.6: `what_was_committed_before_a_revocation_stands_and_nothing_after_it`.
    // Profile §5.11, §19.12: `what_a_certificate_signed_is_not_committed_once_it_went`.
    // Profile §9.16: `what_an_agent_subscribes_to_is_its_own_list`.
    // Profile §10.4, §10.5: `a_licence_is_decided_in_the_commit_and_a_deed_obeyed_once`; Profile §10.7:
    // `what_is_due_happens_once_with_its_letter`; Profile §5.6: `a_suspended_licence_neither_sends_nor_is_sent_to`.
    // Profile §10.4, §10.5: `what_an_office_signs_is_its_own_and_not_without_end`.
    // Profile §9.15: `an_office_has_a_hundred_mandates_that_are_not_over`.
    // Profile §16.1, §16.3: `what_an_agent_changed_is_told_and_not_what_it_tried`.
    // Profile §16.3: `what_an_agent_looks_at_is_told_once_an_hour`; Profile §19.4, §19.7: `passwords_change_so_often_a_day_and_no_oftener`.
    // Profile §18.1: `so_many_notices_stand_or_are_to_stand_and_no_more`; Profile §18.2:
    // `notices_come_and_go_by_the_clock_and_no_uid_comes_twice`; Profile §18.4: `each_party_marks_its_own_notices`.
    // Profile §19.12: `what_was_removed_comes_back_by_the_operator_alone`.
    // Profile §17.2: `of_two_lists_at_once_one_comes_after_the_other`.
    fumibako_store::store_suite!(fresh);
}
