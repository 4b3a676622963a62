//! The directory of a gateway that tells everything it can tell in its log.

use fumibako_conformance::Gateway;

use crate::curl::curl;
use crate::world::World;

// Profile §17.6
#[test]
fn no_line_of_the_log_says_what_was_searched_for() {
    let world = World::with(Gateway::start_telling(Some("trace"), None, |settings| settings));
    let sought = ["9970000788", "fieldofmine", "townofmine", "7880000"];
    for (path, code) in [
        (format!("directory?q={}&municipality={}", sought[0], sought[2]), "\"offices\":[]"),
        (format!("directory/{}", sought[0]), "E-DIR-011"),
        (format!("directory/{}", sought[3]), "E-DIR-014"),
        (format!("directory?q=99&{}={}", sought[1], sought[2]), "E-DIR-014"),
        (format!("directory?q=99&kind={}", sought[2]), "E-DIR-014"),
        (format!("readers/{},{}", sought[0], sought[2]), "E-DIR-014"),
    ] {
        let url = format!("https://localhost:{}/v1/{path}", world.gateway.ports().https);
        let ran = curl(&world, (&world.sender.login, &world.sender.password)).args(["--url", &url]).run();
        assert!(ran.well().output().contains(code), "{path}: {}", ran.output());
    }
    let log = world.gateway.log();
    let lines = |word: &str| log.lines().filter(|line| line.contains(word)).count();
    assert!(lines("directory.searched") == 1 && lines("E-DIR-011") >= 1 && lines("E-DIR-014") >= 4, "{log}");
    assert!(lines("DEBUG") > 0, "{log}");
    for word in sought {
        assert_eq!(lines(word), 0, "{word}");
    }
}
