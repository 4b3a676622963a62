//! A store that cannot be trusted any more: the gateway stops and says so, rather than answer 250 for nothing.

use std::time::Duration;

use fumibako_conformance::{Deadline, Programs, Submission, Tool};

use crate::world::World;

#[test]
fn a_broken_store_stops_the_gateway() {
    Programs::need(&["python3"]);
    let mut world = World::new();
    world.deliver(&world.plan());
    let rows = world.gateway.folder().join("store/store.sqlite3");
    let damage = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=20).execute('DROP TABLE due')";
    Tool::named("python3").args(["-c", damage]).arg(&rows).run().well();

    let mut session = Submission::of(&world.gateway.submission(), &world.sender).expect("the sender logs in");
    let reply = session.send(&world.sender.address(), &[&world.recipient.address()], &world.plan());
    // 451 before the farewell, or the farewell alone; never a 250 for what is not kept.
    if let Ok(reply) = reply {
        assert_eq!(reply.code, 451, "{reply}");
    }
    let ended = Deadline::after(Duration::from_secs(30)).until(|| world.gateway.ended());
    assert_eq!(ended, Some(Some(69)), "{}", world.gateway.log());
    assert!(world.gateway.log().contains("the store can no longer be trusted"), "{}", world.gateway.log());
}
