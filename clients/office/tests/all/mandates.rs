//! Mandates as office and agent type them, at a real gateway.

use serde_json::Value;

use crate::house::{A, House, type_in};

pub(crate) const AGENT: &str = "kawara";

/// An office's mandate for the agent, granted and not yet confirmed; its id.
pub(crate) fn granted(office: &std::path::Path, words: &[&str]) -> Value {
    let usual = ["mandate", "grant", AGENT, "--from", "2020-04-01", "--until", "9000-03-31"];
    type_in(office, usual.into_iter().chain(words.iter().copied())).ended(0).only()
}

/// Profile §9.5, §9.12
#[test]
fn an_office_grants_its_agent_reads_and_confirms_and_the_office_revokes() {
    let house = House::new();
    let agent = house.agent();
    let row = granted(&house.a, &["--scope", "send,receive", "--months", "202510-202603"]);
    let id = row["id"].as_str().unwrap();
    assert_eq!((&row["state"], &row["mandate"]["office"]), (&"unconfirmed".into(), &A.into()));

    type_in(&agent, ["mandate", "confirm", id]).ended(3).says("--yes");
    assert_eq!(type_in(&agent, ["mandate", "list"]).ended(0).only()["state"], "unconfirmed");
    let text = type_in(&agent, ["mandate", "show", id, "--format", "text"]).ended(0);
    text.says("範囲: 送信、受信").says("対象年月: 202510–202603").says("相手: すべて").says("形式: 事業所の署名");
    assert_eq!(type_in(&agent, ["mandate", "confirm", id, "--yes"]).ended(0).only()["state"], "in-force");
    let list = type_in(&house.a, ["mandate", "list", "--format", "text"]).ended(0);
    list.says("委任番号").says("有効").says(AGENT);
    type_in(&house.b, ["mandate", "list", "--format", "text"]).ended(0).says("委任はありません");
    type_in(&house.b, ["mandate", "show", id]).ended(67).says("E-DLG-012");
    type_in(&house.b, ["mandate", "revoke", id]).ended(77).says("E-DLG-011");
    assert_eq!(type_in(&house.a, ["mandate", "revoke", id]).ended(0).only()["state"], "revoked");
    type_in(&agent, ["mandate", "confirm", id, "--yes"]).ended(77).says("E-DLG-002");
    told(&house, &agent);
}

/// Profile §16.4: the office reads what became of its mandates, nobody else does.
fn told(house: &House, agent: &std::path::Path) {
    let rows = type_in(&house.a, ["mandate", "acts"]).ended(0).objects();
    let whats: Vec<&str> = rows.iter().filter_map(|row| row["what"].as_str()).collect();
    assert_eq!(whats, ["mandate-revoked", "mandate-confirmed", "mandate-registered"]);
    assert_eq!((&rows[1]["by"], &rows[2]["note"], &rows[3]["more"]), (&AGENT.into(), &AGENT.into(), &false.into()));
    let before = rows[1]["n"].to_string();
    let older = type_in(&house.a, ["mandate", "acts", "--before", &before]).ended(0).objects();
    assert_eq!((older.len(), &older[0]), (2, &rows[2]));
    let text = type_in(&house.a, ["mandate", "acts", "--format", "text"]).ended(0);
    text.says("見本の代行 (kawara)").says("この事業所").says("(kawara) への委任を取消し");
    assert_eq!(type_in(&house.b, ["mandate", "acts"]).ended(0).only()["acts"], 0);
    type_in(agent, ["mandate", "acts"]).ended(77).says("E-AUT-011");
}

/// Profile §9.12: what stays the office's own, and who says what.
#[test]
fn nobody_delegates_what_cannot_be_and_each_says_only_his_own_word() {
    let house = House::new();
    let agent = house.agent();
    let grant = |scope| ["mandate", "grant", AGENT, "--scope", scope, "--from", "2026-04-01", "--until", "2026-03-31"];
    for word in ["mandate", "licence", "cert", "証明書", "send,password"] {
        type_in(&house.a, grant(word)).ended(2).says("は委任できません");
    }
    type_in(&house.a, grant("everything")).ended(2).says("everything という範囲はありません");
    type_in(&house.a, grant("send")).ended(2).says("始まる前に終わります");
    type_in(&agent, grant("send")).ended(77).says("委任を与えられるのは事業所本人だけ");
    let id = "MD00000000000000000000000000000000";
    type_in(&house.a, ["mandate", "confirm", id, "--yes"]).ended(77).says("引き受けるのは代行業者");
    type_in(&agent, ["mandate", "confirm", id, "--yes"]).ended(67).says("E-DLG-012");
    type_in(&house.a, ["mandate", "revoke", id, "--lang", "en"]).ended(67).says("There is no such mandate");
    let unknown = ["mandate", "grant", "tsuta", "--scope", "send", "--from", "2020-04-01", "--until", "9000-03-31"];
    type_in(&house.a, unknown).ended(67).says("E-DLG-014");
    let limited = ["--scope", "receive", "--kinds", "plan", "--from", "2020-04-01", "--until", "9000-03-31"];
    let ran = type_in(&house.a, ["mandate", "grant", AGENT].into_iter().chain(limited)).ended(0);
    let id = ran.only()["id"].as_str().unwrap().to_owned();
    ran.says("制限の外のデータも見えます");
    type_in(&house.a, ["mandate", "revoke", &id]).ended(0);
    let planned = granted(&house.a, &["--scope", "status", "--dry-run"]);
    assert_eq!(planned["state"], "dry-run");
    assert_eq!(type_in(&house.a, ["mandate", "list"]).ended(0).only()["state"], "revoked", "a dry run grants nothing");
}
