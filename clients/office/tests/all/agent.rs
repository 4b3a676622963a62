//! An agent's day as it is typed: sending and collecting for several offices under their mandates (Profile §9.12, §9.13).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fumibako::demo::sample;
use fumibako::mailbox::{Folder, Mailbox};
use fumibako::{Settings, Trouble};
use fumibako_signer::Signed;
use fumibako_signer::authority::KeyKind;
use serde_json::Value;

use crate::house::{A, B, House, now, set, type_in};
use crate::mandates::{AGENT, granted};

/// Another office that sends.
const C: &str = "9970000037";
/// One that gave nobody a mandate.
const D: &str = "9970000045";

/// The sample files of an office for another, in a folder of their own.
fn files(house: &House, from: &str, to: &str) -> PathBuf {
    let folder = house.folder.path().join(format!("{from}-{to}"));
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in sample::FILES {
        let name = name.replace(B, "recipient").replace(A, from).replace("recipient", to);
        fs::write(folder.join(name), bytes).unwrap();
    }
    folder
}

fn office(house: &House, number: &str) -> PathBuf {
    house.stage.add_office(number.parse().unwrap(), "見本", KeyKind::EcP256, now()).unwrap()
}

/// In force: granted and confirmed. Its id.
pub(crate) fn mandated(office: &Path, agent: &Path, scopes: &str) -> String {
    let id = granted(office, &["--scope", scopes])["id"].as_str().unwrap().to_owned();
    type_in(agent, ["mandate", "confirm", &id, "--yes"]).ended(0);
    id
}

fn send(agent: &Path, paths: &[&PathBuf]) -> crate::house::Ran {
    type_in(agent, ["send", "--send-anyway"].into_iter().chain(paths.iter().map(|path| path.to_str().unwrap())))
}

/// Of each bundle: from, state, code.
fn states(ran: &crate::house::Ran) -> Vec<(String, String, Value)> {
    let sent = ran.objects().into_iter().filter(|one| one["state"] != "checked");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    sent.map(|one| (text(&one["from"]), text(&one["state"]), one["code"].clone())).collect()
}

/// The message itself, from an office's INBOX.
fn received(settings: &Path) -> Vec<u8> {
    let settings = Settings::load(settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let message = runtime.block_on(async {
        let mut mailbox = Mailbox::open(&settings).await?;
        mailbox.select(Folder::Inbox).await?;
        Ok::<_, Trouble>(mailbox.message(1).await?.unwrap())
    });
    message.unwrap().octets.0
}

/// Does OpenSSL open it with this one's key?
fn openssl_opens(message: &[u8], settings: &Path) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let envelope = folder.path().join("envelope");
    fs::write(&envelope, Signed::read(message).unwrap().part()).unwrap();
    let key = settings.with_file_name("office.pem");
    let run = Command::new("openssl").args(["cms", "-decrypt", "-in"]).arg(&envelope).arg("-recip").arg(key).output();
    run.unwrap().status.success()
}

/// Profile §9.12, §9.13: grant, confirm, send for several offices, receipts, 済 for office and agent, revoke, refused.
#[test]
fn an_agent_sends_for_its_offices_and_everybody_sees_who_acted() {
    let house = House::new();
    let (c, d, agent) = (office(&house, C), office(&house, D), house.agent());
    let id = mandated(&house.a, &agent, "send,status");
    mandated(&c, &agent, "send,status");
    let [from_a, from_c, from_d] = [A, C, D].map(|from| files(&house, from, B));
    let ran = send(&agent, &[&from_a, &from_c, &from_d]).ended(3);
    let expected = [(D, "not-sent", "E-DLG-001".into()), (A, "accepted", Value::Null), (C, "accepted", Value::Null)];
    assert_eq!(states(&ran), expected.map(|(from, state, code)| (from.to_owned(), state.to_owned(), code)));
    ran.says("委任");

    // Sealed to its recipient, to the office it is from, and to the agent; to nobody else.
    let message = received(&house.b);
    let opens = [&house.b, &house.a, &agent, &c, &d].map(|settings| openssl_opens(&message, settings));
    assert_eq!(opens, [true, true, true, false, false]);
    let shown = type_in(&house.b, ["list", "inbox", "--format", "text"]).ended(0);
    shown.says("9970000011（代行: kawara）").says("9970000037（代行: kawara）");

    let saved = type_in(&house.b, ["fetch"]).ended(0).objects();
    let who: Vec<_> = saved.iter().map(|one| (&one["from"], &one["by"], &one["receipt_state"])).collect();
    let (by, accepted) = (Value::from(AGENT), Value::from("accepted"));
    assert_eq!(who, [(&A.into(), &by, &accepted), (&C.into(), &by, &accepted)]);

    // Office and agent see 済, and that the receipt holds.
    let sent = type_in(&house.a, ["list", "sent"]).ended(0).only();
    assert_eq!((&sent["state"], &sent["by"]), (&"済".into(), &by));
    let listed = type_in(&agent, ["list", "sent"]).ended(0).objects();
    let listed: Vec<_> = listed.iter().map(|one| (&one["office"], &one["state"])).collect();
    assert_eq!(listed, [(&A.into(), &"済".into()), (&C.into(), &"済".into())]);
    // Profile §16.4: the office sees each act.
    let acts = type_in(&house.a, ["mandate", "acts"]).ended(0).objects();
    assert!(acts.iter().any(|act| act["what"] == "agent-sent" && act["about"] == sent["message_id"]), "{acts:#?}");
    for (settings, which) in [(&house.a, "sent:1"), (&agent, "sent:9970000011:1")] {
        let shown = type_in(settings, ["show", which]).ended(0).only();
        assert_eq!(
            (&shown["by"], &shown["signature"], &shown["receipt"]["holds"]),
            (&by, &"holds".into(), &true.into())
        );
        assert_eq!(shown["names"].as_array().unwrap().len(), sample::FILES.len(), "both read it");
    }
    type_in(&agent, ["show", "sent:1"]).ended(66);
    let one = type_in(&agent, ["list", "sent", "--office", C]).ended(0).only();
    assert_eq!(one["office"], C);

    // What waits when the mandate is revoked is refused by the gateway; what comes later is not even composed.
    let port = fs::read_to_string(&agent).unwrap();
    let port = port.lines().find(|line| line.starts_with("submission_port")).unwrap().split(" = ").nth(1).unwrap();
    set(&agent, "submission_port", "1");
    let other = files(&house, A, C);
    send(&agent, &[&other]).ended(69);
    type_in(&house.a, ["mandate", "revoke", &id]).ended(0);
    set(&agent, "submission_port", port);
    let ran = type_in(&agent, ["send", "--resume"]).ended(77);
    assert_eq!(states(&ran), [(A.to_owned(), "refused".to_owned(), "E-DLG-002".into())]);
    let ran = send(&agent, &[&from_a, &files(&house, C, A)]).ended(3);
    let expected = [(A, "not-sent", "E-DLG-002".into()), (C, "accepted", Value::Null)];
    assert_eq!(states(&ran), expected.map(|(from, state, code)| (from.to_owned(), state.to_owned(), code)));
    assert_eq!(type_in(&agent, ["list", "sent"]).ended(0).objects().iter().filter(|one| one["office"] == A).count(), 1);
}

/// Profile §9.11, §9.13: an agent collects where it may receive, and acknowledges where it may acknowledge.
#[test]
fn an_agent_collects_for_its_offices_and_returns_the_receipts_it_may() {
    let house = House::new();
    let (c, agent) = (office(&house, C), house.agent());
    let of_b = mandated(&house.b, &agent, "receive,acknowledge");
    mandated(&c, &agent, "receive");
    let ran = send(&house.a, &[&house.sample(), &files(&house, A, C)]).ended(0);
    assert_eq!(states(&ran).len(), 2);
    let message = received(&house.b);
    assert_eq!([&house.b, &agent, &house.a, &c].map(|who| openssl_opens(&message, who)), [true, true, true, false]);

    let saved = type_in(&agent, ["fetch"]).ended(0).objects();
    let ends: Vec<_> = saved.iter().map(|one| (&one["to"], &one["receipt_state"])).collect();
    assert_eq!(ends, [(&B.into(), &"accepted".into()), (&C.into(), &"withheld".into())]);
    for (one, to) in saved.iter().zip([B, C]) {
        let place = Path::new(one["folder"].as_str().unwrap());
        assert!(place.starts_with(agent.with_file_name("受信").join(to)), "{}", place.display());
        for (name, bytes) in sample::FILES {
            assert_eq!(fs::read(place.join(name.replace(B, to))).unwrap(), bytes);
        }
    }
    type_in(&agent, ["fetch"]).ended(0).says("新しく届いたデータはありません");
    // The sender holds the agent's receipt against what it sent; the office returns the other one itself.
    let lines = type_in(&house.a, ["list", "sent"]).ended(0).objects();
    assert_eq!(lines.iter().map(|one| one["state"].as_str().unwrap()).collect::<Vec<_>>(), ["済", "済（受け渡し）"]);
    let receipt = &type_in(&house.a, ["show", "sent:1"]).ended(0).only()["receipt"];
    assert_eq!((&receipt["holds"], &receipt["signed_receipt"]), (&true.into(), &"holds".into()), "{receipt}");
    assert_eq!(type_in(&house.b, ["list", "inbox"]).ended(0).only()["state"], "済");
    type_in(&house.b, ["fetch"]).ended(0).says("新しく届いたデータはありません");
    assert_eq!(type_in(&c, ["fetch"]).ended(0).only()["receipt_state"], "accepted");

    crate::ui::an_agents_lists_are_there_without_a_network(&agent, 2);

    // A mandate that ended opens nothing, and what is sent later is not sealed to the agent.
    type_in(&house.b, ["mandate", "revoke", &of_b]).ended(0);
    send(&house.a, &[&house.sample()]).ended(0);
    type_in(&agent, ["fetch"]).ended(0).says("新しく届いたデータはありません");
    let shown = type_in(&house.b, ["show", "2"]).ended(0).only();
    assert_eq!(shown["signature"], "holds");
    let dry = type_in(&house.a, ["send", "--dry-run", house.sample().to_str().unwrap()]).ended(0).only();
    assert_eq!(dry["readers"], 2, "the office and ourselves");
    crate::ui::an_agent_hears_of_news_at_once(&agent, || drop(send(&house.a, &[&files(&house, A, C)]).ended(0)));
}
