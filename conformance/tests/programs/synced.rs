//! A receipt says that the files are on the disk: then a power cut must leave them there.

use std::path::Path;

use fumibako_conformance::{Act, Acts};

use crate::office::{Desk, enrol, files, sample};
use crate::world::World;

// Profile §8.5
#[test]
fn no_receipt_is_written_before_every_file_and_every_folder_is_synced() {
    let world = World::new();
    enrol(&world, &world.recipient);
    let [sender, recipient] =
        [&world.sender, &world.recipient].map(|office| Desk::new(&world, office, &office.password));
    sender.run(&["send", &sample().to_string_lossy()]).well();
    let watched = Acts::new();
    recipient.tool(&["fetch"]).watched(&watched).run().well();

    let acts = watched.done();
    let (inbox, outbox) = (recipient.folder.join("受信"), recipient.folder.join("data/outbox"));
    let at = |wanted: &dyn Fn(&Act) -> bool, what: &str| {
        acts.iter().position(wanted).unwrap_or_else(|| panic!("{what} in {acts:#?}"))
    };
    let last =
        |wanted: Act| acts.iter().rposition(|act| *act == wanted).unwrap_or_else(|| panic!("{wanted:?} in {acts:#?}"));
    let is_in = |path: &Path, folder: &Path| path.parent() == Some(folder);
    let moved = at(&|act| matches!(act, Act::Rename(_, to) if to.starts_with(&inbox)), "the folder gets its name");
    let Act::Rename(aside, target) = &acts[moved] else { panic!("a folder is renamed") };
    let names: Vec<_> = files(target).into_keys().collect();
    assert!(names.len() > 1, "{names:?}");
    for name in names {
        let [written, synced] = [Act::Write(aside.join(&name)), Act::Sync(aside.join(&name))].map(last);
        assert!(written < synced && synced < moved, "{name}: {written}, {synced}, {moved}");
    }
    assert!(last(Act::Sync(aside.clone())) < moved, "the names of the files, before the folder's");
    let month = target.parent().expect("it stands in a month");
    let kept = last(Act::Sync(month.to_owned()));
    assert!(moved < kept, "the name of the folder");
    let above = last(Act::Sync(inbox.clone()));
    let receipt = at(&|act| matches!(act, Act::Write(path) if is_in(path, &outbox)), "the receipt is written");
    assert!(kept < receipt, "{kept}, {receipt}");
    // The month itself may be new, too: this run or an earlier one made it.
    assert!(moved < above && above < receipt, "{moved}, {above}, {receipt}");
    let Act::Write(receipt) = &acts[receipt] else { panic!("it is written") };
    assert!(last(Act::Write(receipt.clone())) < last(Act::Sync(receipt.clone())), "{receipt:?}");
}
