//! The whole round (EN-06): A sends 予定, B fetches it; B sends 実績, A fetches it. And with it 受信一覧 (RX), 受信詳細 (RD)
//! and what the sender's list says meanwhile (TX).

use std::path::{Path, PathBuf};

use fumibako::demo::sample;
use fumibako::ui::Ui;
use serde_json::json;
use thirtyfour::prelude::*;

use crate::world::{A, B, C, Done, World};

pub(crate) async fn play(world: &World) -> Done {
    world.enter(&world.b, B).await?;
    let planned = world.sample("v41-use-one-person");
    received(world).await?;
    quiet(world).await?;
    fetched(world, &planned).await?;
    withdrawn(world).await?;
    let first = several(world).await?;
    back(world, first).await?;
    again(world).await
}

/// B looks; nothing is marked by it.
async fn received(world: &World) -> Done {
    world.go(&world.b, "/inbox").await?;
    world.until("document.querySelector('#rows tr.new')").await;
    world.press("更新").await?;
    world.see(
        "RX-03",
        "更新 asks the gateway and says what came",
        world.until("document.querySelector('#toast').innerText.includes('新しいデータ')").await,
    );
    let heads = ["データ取得状況", "受信日時", "送信元事業所", "メッセージ", "ファイル種別・ファイル名", "サーバ保存"];
    world.see("RX-01", "columns", world.in_order("#rows", &heads).await);
    world.see(
        "RX-02",
        "the sender stands with name and number",
        world
            .in_order(
                "#rows tbody",
                &["未", "新着", sample::SENDER.1, A, "12月分の予定をお送りします。", "登録", "PDF等", "あと"],
            )
            .await,
    );
    let green = "getComputedStyle(document.querySelector('#rows tr.new td')).backgroundColor === 'rgb(230, 245, 236)'";
    world.see("RX-04 RX-09", "new is light green, and 新着 and 未 say it too", world.holds(green).await);
    world.see("RX-08", "days until the server deletes it", world.text("#rows tbody").await.contains("あと90日"));
    world.see("HM-10", "the tab's title counts new mail", world.until("document.title.startsWith('(1)')").await);
    world.shot("inbox-new").await?;
    world.click("#rows tbody a").await?;
    let detail = world.until("document.querySelector('h1')?.innerText === '受信詳細'").await;
    let words = [
        "受信日時",
        "送信元事業所ID",
        A,
        "署名を確認しました",
        "データ取得状況",
        "未",
        "メッセージ",
        "添付ファイル（CSV）",
        "添付ファイル（PDF等）",
        "戻る",
        "データ取得",
    ];
    world.see(
        "RX-07 RD-01",
        "the date opens the detail, with its fields",
        detail && world.in_order("main", &words).await,
    );
    world.see(
        "RD-08",
        "signer, issuer and time of the signature",
        world.in_order("#facts", &["署名", "発行者：", "署名日時："]).await,
    );
    world.see(
        "RD-03",
        "nothing prints or changes a plan here",
        world.in_order("main", &["印刷したり直したりできません"]).await
            && !world.holds("document.querySelector('[data-print]')").await,
    );
    world.shot("received").await?;
    // Profile §15.5: looking marks nothing.
    world.go(&world.a, "/sent").await?;
    world.see(
        "TX-02 TX-07",
        "before the other side fetches, it says so, and how long it still can",
        world.in_order("#rows", &["相手先の取得待ち", "消去まであと90日"]).await,
    );
    world.shot("sent-waiting").await
}

async fn fetched(world: &World, planned: &[PathBuf]) -> Done {
    world.go(&world.b, "/inbox").await?;
    world.press("データ取得").await?;
    world.see(
        "BT-09",
        "nothing chosen: it says so",
        world.until("document.querySelector('#inbox-trouble')?.innerText.includes('選ばれていません')").await,
    );
    world.press("全選択").await?;
    world.press("データ取得").await?;
    let dialog = world.until("document.querySelector('dialog:modal #folder')").await;
    world.see(
        "RD-02 RX-11",
        "データ取得 asks for the place in a dialog",
        dialog && world.in_order("dialog", &["1件（4ファイル）", "保存先フォルダ", "キャンセル", "保存する"]).await,
    );
    world.shot("inbox-save").await?;
    let denied = world.folder.path().join("written").join("memo.csv");
    world.fill("#folder", &denied.display().to_string()).await?;
    world.press("保存する").await?;
    let said =
        world.until("document.querySelector('dialog:modal #save-trouble')?.innerText.includes('書き込めません')").await;
    let typed =
        world.holds(&format!("document.querySelector('#folder').value === {:?}", denied.display().to_string())).await;
    world.see(
        "RD-02",
        "a place that cannot be written: the sentence in the dialog, what was typed stays",
        said && typed,
    );
    world.see(
        "RD-05",
        "it stays 未 while nothing is on disk",
        world.holds("document.querySelector('#rows tr.new')").await,
    );
    saved(world, planned).await
}

/// What is on B's disk afterwards, and what both lists say.
async fn saved(world: &World, planned: &[PathBuf]) -> Done {
    let place = world.folder.path().join("受信B");
    world.fill("#folder", &place.display().to_string()).await?;
    world.press("保存する").await?;
    let asked = world.until("document.querySelector('dialog:modal #create')?.innerText.includes('作りますか')").await;
    world.see("RD-02", "a folder that is not there is made only by who says so", asked && !place.exists());
    world.press("保存する").await?;
    let done = world
        .until(
            "!document.querySelector('#rows tr.new') && document.querySelector('#rows tbody').innerText.includes('済')",
        )
        .await;
    world.see("RX-05", "未 becomes 済 after saving", done);
    world.see(
        "EN-05",
        "after saving it says to import into the care software",
        world.in_order("#saved-files", &["保存しました", "介護ソフト", "取り込んで"]).await,
    );
    world.shot("inbox-saved").await?;
    world.see(
        "RX-04",
        "fetched is white",
        world
            .holds("getComputedStyle(document.querySelector('#rows tbody td')).backgroundColor === 'rgba(0, 0, 0, 0)'")
            .await,
    );
    let saved = saved_below(&place);
    world.see("EN-06 RD-05", "A's 予定 is on B's disk, byte for byte", is_there(planned, &saved));
    let folders: Vec<String> =
        saved.iter().filter_map(|path| path.parent()).map(|path| path.display().to_string()).collect();
    let shape = folders
        .iter()
        .all(|folder| folder.rsplit('/').next().is_some_and(|name| name.len() >= 24 && name.ends_with(A)));
    world.see("RD-07", "a folder a month, and in it one a message, in the order of arrival", shape);
    receipt(world).await?;
    world.go(&world.a, "/sent").await?;
    world.see(
        "TX-02 TX-04",
        "the sender's list changes to 取得済 by itself",
        world.until("document.querySelector('#rows').innerText.includes('取得済')").await,
    );
    world.shot("sent-taken").await?;
    world.click("#rows tbody a").await?;
    world.see("TX-05", "受領証 as a page to print", world.until("document.querySelector('h1').innerText === '受領証' && document.querySelector('[data-print]').checkVisibility()").await);
    world.shot("receipt").await?;
    on_paper(world).await
}

/// TX-06: a row becomes a letter once more, or the deletes that withdraw it; neither is sent by the click.
async fn withdrawn(world: &World) -> Done {
    let mut open = String::new();
    for (word, kind) in [("再送", "UPPLAN_"), ("取消", "DLTPLAN_")] {
        world.go(&world.a, "/sent").await?;
        world.until("document.querySelector('#rows').innerText.includes('取消')").await;
        world.press(word).await?;
        let letter = format!(
            "location.pathname.startsWith('/compose/') && document.querySelector('#csv')?.innerText.includes('{kind}')"
        );
        let there = world.until(&letter).await && world.in_order("#to", &[B]).await;
        world.see("TX-06", &format!("{word} opens a letter to the same office, and sends nothing"), there);
        world.js("return location.pathname").await?.as_str().unwrap_or_default().clone_into(&mut open);
        world.shot(if word == "再送" { "sent-again" } else { "sent-withdrawn" }).await?;
    }
    world.see(
        "TX-06",
        "取消 says what it withdraws",
        world.holds("document.querySelector('#message').value.includes('取消です')").await,
    );
    world.go(&world.a, "/drafts").await?;
    world.see("TX-06", "who goes away from it leaves no draft", !world.text("main").await.contains("取消です"));
    world.go(&world.a, &open).await?;
    world.press("送信").await?;
    let fit = world.until("document.querySelector('dialog:modal button.primary')").await;
    world.see(
        "TX-06",
        "the standard has nothing against the deletes",
        fit && !world.holds("document.querySelector('#check')").await,
    );
    world.press("キャンセル").await?;
    world.until("!document.querySelector('dialog:modal')").await;
    Ok(())
}

/// RD-08: from what was fetched one click leads to its 受領証.
async fn receipt(world: &World) -> Done {
    world.go(&world.b, "/inbox").await?;
    world.click("#rows tbody a").await?;
    world.until("document.querySelector('h1')?.innerText === '受信詳細'").await;
    world.press("受領証").await?;
    let there = world.until("document.querySelector('h1')?.innerText === '受領証'").await;
    world.see("RD-08", "one click to 受領証", there && world.in_order("main", &[A]).await);
    Ok(())
}

/// What a tab in the background tells the desktop, noted where a test can read it.
const NOTICED: &str = "Object.defineProperty(document, 'hidden', { get: () => true }); window.told = []; \
    window.Notification = class { static permission = 'granted'; constructor(text) { window.told.push(text); } };";

/// HM-10: the button on home takes back what it gave.
async fn quiet(world: &World) -> Done {
    world.go(&world.b, "/").await?;
    let counted = world.until("document.querySelector('#doors a[href=\"/inbox\"] .many b').innerText === '1'").await;
    world.see("HM-07", "home counts what was not fetched", counted);
    world
        .js(&format!("{NOTICED} document.title = 'nothing new'; new BroadcastChannel('fumibako').postMessage('all')"))
        .await?;
    let told = world.soon("window.told.length === 1").await;
    // The page goes by what it may do now.
    world.js("document.querySelector('[data-notify]').click()").await?;
    let taken_back = world.soon("localStorage.getItem('fumibako-quiet') && document.querySelector('[data-notify]').innerText === '新着をこのパソコンで知らせる'").await;
    world.js("document.title = 'nothing new'; new BroadcastChannel('fumibako').postMessage('all')").await?;
    let refreshed = world.soon("document.title.startsWith('(1)')").await;
    let silent = world.holds("window.told.length === 1").await;
    world.see(
        "HM-10",
        "who asked to be told of new mail takes it back with the same button",
        told && taken_back && refreshed && silent,
    );
    world.js("localStorage.removeItem('fumibako-quiet')").await?;
    Ok(())
}

/// RX-13, HM-10: C sends while A's list is open and somebody types beside it.
async fn several(world: &World) -> Result<PathBuf, crate::world::Problem> {
    let file =
        world.write(&format!("DLT1KYO_{}_15_{A}_43_20251013120000.CSV", C.0), b"202407,999903,9900000011,20250920\r\n");
    world.go(&world.a, "/inbox").await?;
    world.until("document.querySelector('#filter')").await;
    let before = world.js("return document.querySelectorAll('#rows tbody tr').length").await?.as_u64().unwrap_or(0);
    world.js(NOTICED).await?;
    world.fill("#office", "書きかけ").await?;
    let page = world.tab().await?;
    let office = world.serve(C.0, |_| ()).await?;
    world.enter(&office, C.0).await?;
    sent(world, &office, std::slice::from_ref(&file)).await?;
    world.driver.goto("about:blank").await?;
    world.home(page).await?;
    office.stop();
    let row = world.until(&format!("document.querySelectorAll('#rows tbody tr').length === {}", before + 1)).await;
    let still =
        world.holds("document.activeElement.id === 'office' && document.activeElement.value === '書きかけ'").await;
    world.see("RX-13", "a new row appears by itself, and whoever types beside it goes on typing", row && still);
    let heard = world.text("#heard").await;
    let quiet = world.holds("document.querySelector('#stopped').hidden").await;
    world.see(
        "RX-13",
        "those who listen are told once, and nothing has stopped",
        heard.starts_with("新しいデータが届きました") && quiet,
    );
    let told = world.js("return window.told.join('|')").await?;
    world.see(
        "HM-10",
        "a tab in the background tells the desktop a count, and nothing about anybody",
        told.as_str().is_some_and(|told| told.starts_with('(') && !told.contains(C.0) && !told.contains(C.1)),
    );
    Ok(file)
}

/// Sends files with the keyboard alone, once they are chosen (CF-03).
async fn sent(world: &World, ui: &Ui, files: &[PathBuf]) -> Done {
    world.go(ui, "/compose").await?;
    world.choose(files).await?;
    world.until(&format!("document.querySelectorAll('#csv button').length === {}", files.len())).await;
    world.press("送信").await?;
    world.until("document.querySelector('dialog:modal button.primary')").await;
    world.driver.action_chain().send_keys(Key::Enter.value().to_string()).perform().await?;
    let went = world.until("location.pathname === '/sent' && document.querySelector('#rows tbody tr')").await;
    world.see("CF-03", "Enter is OK", went);
    Ok(())
}

/// B answers with 実績; A fetches that and what C sent at once.
async fn back(world: &World, first: PathBuf) -> Done {
    let mut results = world.sample("v41-results-202510");
    sent(world, &world.b, &results).await?;
    world.go(&world.a, "/inbox").await?;
    world.until("document.querySelectorAll('#rows tr.new').length === 2").await;
    filtered(world).await?;
    let place = world.folder.path().join("受信A");
    save_all(world, &world.a, &place).await?;
    world.go(&world.a, "/inbox").await?;
    let all = world
        .until("document.querySelectorAll('#rows tbody tr').length === 2 && !document.querySelector('#rows tr.new')")
        .await;
    results.push(first);
    let there = is_there(&results, &saved_below(&place));
    world.see("RX-06", "データ取得 downloads the messages of several offices at once", all && there);
    world.see("EN-01 EN-06", "B's 実績 is on A's disk, byte for byte", there);
    Ok(())
}

/// RX-10: what was not fetched, of one of two offices, of a month.
async fn filtered(world: &World) -> Done {
    let month = fumibako_model::japanese_day(crate::world::now()).strftime("%Y-%m").to_string();
    for (query, shown, hidden) in [
        (format!("office={B}"), &[B][..], &[C.0][..]),
        (format!("office={}", C.0), &[C.0], &[B]),
        (format!("month={month}"), &[B, C.0], &[]),
        ("month=2020-01".to_owned(), &[], &[B, C.0]),
        ("show=new".to_owned(), &[B, C.0], &[]),
    ] {
        world.go(&world.a, &format!("/inbox?{query}")).await?;
        let text = world.text("#rows").await;
        let right =
            shown.iter().all(|number| text.contains(number)) && !hidden.iter().any(|number| text.contains(number));
        world.see("RX-10", "by office and month, and 未のみ", right);
    }
    Ok(())
}

/// A sheet of A4: whose it is stands above it, and nothing that can be pressed.
async fn on_paper(world: &World) -> Done {
    let cdp = world.driver.cdp();
    let sheet = json!({ "width": 794, "height": 1123, "deviceScaleFactor": 1, "mobile": false });
    cdp.send_raw("Emulation.setDeviceMetricsOverride", sheet).await?;
    cdp.send_raw("Emulation.setEmulatedMedia", json!({ "media": "print" })).await?;
    let whose = world.holds(&format!("document.querySelector('.who').checkVisibility() && document.querySelector('.who').innerText.includes('{A}')")).await;
    let quiet = world
        .holds("[...document.querySelectorAll('button, .tabs, footer, .title .hint')].every(e => !e.checkVisibility())")
        .await;
    let beside = "(() => { const [dt, dd] = document.querySelector('.facts > div').children; return dd.getBoundingClientRect().left > dt.getBoundingClientRect().right - 1; })()";
    world.see(
        "TX-05",
        "on paper it says whose it is, term beside value, and shows nothing to press",
        whose && quiet && world.holds(beside).await,
    );
    world.shot("receipt-print").await?;
    cdp.send_raw("Emulation.setEmulatedMedia", json!({ "media": "" })).await?;
    cdp.send_raw("Emulation.clearDeviceMetricsOverride", json!({})).await?;
    let sheets = world.print().await?.sheets();
    world.see("TX-05", "and it is one sheet of A4", sheets == Some(1));
    Ok(())
}

async fn save_all(world: &World, ui: &Ui, place: &Path) -> Done {
    world.go(ui, "/inbox").await?;
    world.press("未取得をすべて取得").await?;
    world.until("document.querySelector('dialog:modal #folder')").await;
    std::fs::create_dir_all(place)?;
    world.fill("#folder", &place.display().to_string()).await?;
    world.press("保存する").await?;
    world.until("!document.querySelector('dialog:modal') && document.querySelector('#saved-files')").await;
    Ok(())
}

/// RD-04, RD-06: once more, beside what is there; and what RX-10 leaves out.
async fn again(world: &World) -> Done {
    let place = world.folder.path().join("受信A");
    let before = saved_below(&place).len();
    world.go(&world.a, "/inbox").await?;
    world.press("全選択").await?;
    world.press("データ取得").await?;
    world.until("document.querySelector('dialog:modal #folder')").await;
    world.press("保存する").await?;
    world.until("!document.querySelector('dialog:modal') && document.querySelector('#saved-files')").await;
    let after = saved_below(&place).len();
    world.see(
        "RD-04 RD-06",
        "fetched again: the same files in a new folder, nothing overwritten",
        after == 2 * before && before > 0,
    );
    world.go(&world.a, "/inbox?show=new").await?;
    let empty = world.in_order("#rows", &["条件に合うデータはありません"]).await;
    world.see("RX-10", "未のみ leaves out what was fetched", empty);
    Ok(())
}

fn saved_below(folder: &Path) -> Vec<PathBuf> {
    let found = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    found.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

fn is_there(originals: &[PathBuf], saved: &[PathBuf]) -> bool {
    originals.iter().all(|original| {
        let same = |path: &&PathBuf| path.file_name() == original.file_name();
        saved.iter().find(same).is_some_and(|path| std::fs::read(path).unwrap() == std::fs::read(original).unwrap())
    })
}
