//! A crate leans only on crates of lower floors, and takes every other crate from the one table of the workspace.

use std::fs;

use fumibako_conformance::repository;
use toml::{Table, Value};

use crate::tree::{none, tracked};

/// The house from the ground up (design §1).
const FLOORS: [&[&str]; 6] = [
    &["fumibako-careplan", "fumibako-signer"],
    &["fumibako-model"],
    &["fumibako-wire", "fumibako-store", "fumibako-web"],
    &["fumibako-sqlite"],
    &["fumibako-gateway", "fumibako"],
    &["fumibako-conformance", "fumibako-screens"],
];
/// The one exception: `fumibako demo` runs a gateway of its own.
const DEMO: (&str, &str, &str) = ("fumibako", "fumibako-gateway", "demo");

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

/// The manifests of all members: path and content. A fuzzer is a workspace of its own, as its compiler is another.
fn manifests() -> Vec<(String, Table)> {
    let paths = tracked().iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let read = |text: &Option<String>| text.as_deref().unwrap_or_default().parse::<Table>().expect("a manifest");
    let members = paths.map(|file| (file.path.clone(), read(&file.text)));
    members.filter(|(_, manifest)| !manifest.contains_key("workspace")).collect()
}

fn name(manifest: &Table) -> &str {
    manifest["package"]["name"].as_str().expect("a package has a name")
}

/// The tables of dependencies: what they are for, and their entries.
fn needs(manifest: &Table) -> impl Iterator<Item = (&str, &String, &Value)> {
    ["dependencies", "dev-dependencies", "build-dependencies"].into_iter().flat_map(|kind| {
        let entries = manifest.get(kind).and_then(Value::as_table).into_iter().flatten();
        entries.map(move |(needed, how)| (kind, needed, how))
    })
}

fn leans_upward(manifest: &Table) -> Vec<String> {
    let this = name(manifest);
    let Some(own) = floor(this) else { return vec![format!("{this} stands on no floor")] };
    // A foreign crate is below all.
    let above = needs(manifest).filter(|(_, needed, _)| floor(needed).is_some_and(|floor| floor >= own));
    above
        .filter(|(kind, needed, _)| !is_itself(this, kind, needed) && !is_demo(this, kind, needed, manifest))
        .map(|(kind, needed, _)| format!("{this} leans on {needed} ({kind})"))
        .collect()
}

/// A crate's tests may turn on a feature of the crate itself.
fn is_itself(this: &str, kind: &str, needed: &str) -> bool {
    kind == "dev-dependencies" && this == needed
}

/// The demo's gateway is optional, and no other feature brings it in.
fn is_demo(this: &str, kind: &str, needed: &str, manifest: &Table) -> bool {
    let (office, gateway, demo) = DEMO;
    let bring = [format!("dep:{gateway}"), gateway.to_owned()];
    let brings = |list: &Value| {
        let mut items = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        items.any(|item| bring.iter().any(|way| item == way || item.starts_with(&format!("{way}/"))))
    };
    let features = manifest.get("features").and_then(Value::as_table);
    let bringing = features.into_iter().flatten().filter(|(_, list)| brings(list));
    let only_demo = bringing.map(|(feature, _)| feature.as_str()).eq([demo]);
    let optional = |entry: &Value| entry.get("optional").and_then(Value::as_bool) == Some(true);
    (this, needed) == (office, gateway) && kind == "dependencies" && optional(&manifest[kind][needed]) && only_demo
}

#[test]
fn a_crate_leans_only_on_lower_floors() {
    let manifests = manifests();
    none("design §1 draws the floors", manifests.iter().flat_map(|(_, manifest)| leans_upward(manifest)));
}

#[test]
fn every_crate_of_the_workspace_is_tracked_and_stands_on_a_floor() {
    let workspace: Table =
        fs::read_to_string(repository().join("Cargo.toml")).expect("it is there").parse().expect("TOML");
    let mut members: Vec<&str> =
        workspace["workspace"]["members"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let manifests = manifests();
    let mut tracked: Vec<&str> = manifests.iter().filter_map(|(path, _)| path.strip_suffix("/Cargo.toml")).collect();
    members.sort_unstable();
    tracked.sort_unstable();
    assert_eq!(members, tracked);
}

#[test]
fn a_crate_takes_its_dependencies_from_the_one_table() {
    let of = |(path, manifest): &(String, Table)| -> Vec<String> {
        let own = |needed: &str| name(manifest) == needed;
        let shared = |how: &Value| how.get("workspace").and_then(Value::as_bool) == Some(true);
        let strays = needs(manifest).filter(|(_, needed, how)| !shared(how) && !own(needed));
        strays.map(|(_, needed, _)| format!("{path}: {needed}")).collect()
    };
    none("write `workspace = true`", manifests().iter().flat_map(of));
}

#[test]
fn every_external_crate_or_group_of_them_has_its_reason_above() {
    let text = fs::read_to_string(repository().join("Cargo.toml")).expect("it is there");
    let table = text.split_once("\n[workspace.dependencies]\n").expect("the table is there").1;
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    // A group goes on until an empty line; what stands above its first line must be a comment.
    let mut explained = false;
    let mut bare = Vec::new();
    for line in lines {
        match line.trim() {
            "" => explained = false,
            comment if comment.starts_with('#') => explained = true,
            line if !explained => bare.push(line.to_owned()),
            _ => {}
        }
    }
    none("one line of reason for each crate", bare);
}

#[test]
fn a_lean_upward_is_found() {
    let leans = |text: &str| leans_upward(&text.parse().expect("TOML"));
    let up =
        "[package]\nname = \"fumibako-model\"\n[dependencies]\nfumibako-wire.workspace = true\nserde.workspace = true";
    assert_eq!(leans(up), ["fumibako-model leans on fumibako-wire (dependencies)"]);
    let beside = "[package]\nname = \"fumibako-gateway\"\n[dev-dependencies]\nfumibako.workspace = true";
    assert_eq!(leans(beside), ["fumibako-gateway leans on fumibako (dev-dependencies)"]);
    let demo = "[package]\nname = \"fumibako\"\n[features]\ndemo = [\"dep:fumibako-gateway\"]\n\
        [dependencies]\nfumibako-gateway = { workspace = true, optional = true }";
    assert_eq!(leans(demo), [""; 0]);
    let always = "[package]\nname = \"fumibako\"\n[dependencies]\nfumibako-gateway.workspace = true";
    assert_eq!(leans(always), ["fumibako leans on fumibako-gateway (dependencies)"]);
    let another = demo.replace("[features]", "[features]\nfast = [\"fumibako-gateway/fast\"]");
    assert_eq!(leans(&another), ["fumibako leans on fumibako-gateway (dependencies)"]);
    assert_eq!(leans("[package]\nname = \"stranger\""), ["stranger stands on no floor"]);
}
