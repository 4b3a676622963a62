//! A full mailbox takes nothing more, and says so.

use fumibako_conformance::Submission;
use serde_json::Value;

use crate::world::World;

/// What `office show` says of the recipient.
fn shown(world: &World) -> Value {
    let said = world.gateway.admin(["office", "show", &world.recipient.number, "--format", "ndjson"]).output();
    serde_json::from_str(&said).expect("it is JSON")
}

fn quota(world: &World, bytes: u64) {
    world.gateway.admin(["office", "quota", &world.recipient.number, &bytes.to_string()]);
}

#[test]
fn a_bundle_over_quota_is_refused_and_leaves_nothing() {
    // Profile §12.4
    let world = World::new();
    world.deliver(&world.plan());
    let used = shown(&world)["used_bytes"].as_u64().expect("a number");
    assert_eq!(shown(&world)["quota_bytes"], 2_u64 << 30);
    assert_eq!(world.gateway.status()["nearly_full"], 0);
    quota(&world, used + 1_000);
    assert_eq!(world.gateway.status()["nearly_full"], 1);
    let before = world.gateway.holdings();

    let plan = world.plan();
    let mut session = Submission::of(&world.gateway.submission(), &world.sender).expect("the sender logs in");
    let mut send = || session.send(&world.sender.address(), &[&world.recipient.address()], &plan).expect("an answer");
    let refused = send();
    assert!(refused.code == 552 && refused.to_string().contains("5.2.2"), "{refused}");
    assert_eq!(world.gateway.holdings(), before, "nothing is stored");
    assert_eq!(shown(&world)["used_bytes"], used);

    quota(&world, 2 << 30);
    assert_eq!(send().code, 250, "the same bundle, once there is room");
    assert_eq!(world.gateway.holdings().messages, before.messages + 1);
}
