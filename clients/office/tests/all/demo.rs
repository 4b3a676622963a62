//! The demo as a script runs it.

use std::path::Path;

use crate::house::type_in;

#[test]
fn the_demo_ends_with_done_and_every_step_held() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let ran = type_in(Path::new("unused"), ["demo", "--once", "--dir", dir.to_str().unwrap()]).ended(0);
    let steps = ran.objects();
    let ids: Vec<&str> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    let expected = "gateway offices files sealed outbox posted unread list fetched compared receipt list agent";
    assert_eq!(ids.join(" "), expected);
    assert_eq!(steps[steps.len() - 2]["state"], "済");
    for step in &steps {
        assert_eq!(step["v"], 1);
        assert!(step["checked"].as_array().is_some_and(|checked| !checked.is_empty()) && step.get("failed").is_none());
    }
    assert!(ran.out.starts_with("{\"v\":1,\"step\":\"gateway\","), "the step comes first");
    let again = type_in(Path::new("unused"), ["demo", "--once", "--dir", dir.to_str().unwrap()]);
    again.ended(69).says("--dir で別の空のフォルダーを");
}
