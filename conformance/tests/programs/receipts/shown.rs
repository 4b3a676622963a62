//! Of all that names a bundle in `Receipts` the recipient's receipt is the one that `show` holds against it.

use serde_json::Value;

use crate::office::{Desk, enrol, sample};
use crate::world::World;

// Profile §8.8, §8.17
#[test]
fn a_report_of_the_gateway_that_came_before_is_not_shown_for_the_receipt() {
    let world = World::new();
    enrol(&world, &world.recipient);
    let [sender, recipient] =
        [&world.sender, &world.recipient].map(|office| Desk::new(&world, office, &office.password));
    sender.run(&["send", &sample().to_string_lossy()]).well();
    world.looks_at_it();
    assert_eq!(world.waits_for_letters(&world.sender, 1), 1, "that it was handed over");
    recipient.run(&["fetch"]).well();
    assert_eq!(world.waits_for_letters(&world.sender, 2), 2, "the receipt");
    let ran = sender.run(&["show", "sent:1", "--format", "ndjson"]);
    let shown: Value = serde_json::from_str(&ran.well().output()).expect("it is one row");
    let receipt = &shown["receipt"];
    assert_eq!((&receipt["holds"], &receipt["signed_receipt"]), (&true.into(), &"holds".into()), "{shown}");
    assert_eq!((&shown["state"], &receipt["code"]), (&"済".into(), &Value::Null), "{shown}");
}
