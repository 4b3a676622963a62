//! 一括送信 (BT), its 編集 (BE) and its progress (BP).

use std::path::PathBuf;
use std::time::Instant;

use fumibako::demo::Stage;
use serde_json::json;

use crate::world::{Done, World, quiet_office};

/// How many offices receive the large batch, and files for each.
const OFFICES: usize = 60;
const FILES_EACH: usize = 5;
const ROW: &[u8] = b"202407,999903,9900000011,20250920\r\n";

/// Offices that receive and never look.
pub(crate) fn offices(stage: &Stage) -> Done {
    for at in 1..=OFFICES {
        quiet_office(stage, &number(at))?;
    }
    Ok(stage.hand_out_certificates()?)
}

fn number(at: usize) -> String {
    format!("99800000{at:02}")
}

fn file(world: &World, at: usize, serial: usize) -> PathBuf {
    world.write(&format!("DLT1KYO_9970000011_43_{}_11_202510021200{serial:02}.CSV", number(at)), ROW)
}

pub(crate) async fn play(world: &World) -> Done {
    clear(world).await?;
    sorted(world).await?;
    edited(world).await?;
    sent(world).await?;
    stopped(world).await
}

/// Takes away what other scenarios left.
async fn clear(world: &World) -> Done {
    world.go(&world.a, "/batch").await?;
    if world.holds("document.querySelector('#rows tbody')").await {
        world.press("全選択").await?;
        world.press("削除").await?;
        world.until("!document.querySelector('#rows tbody')").await;
    }
    Ok(())
}

async fn sorted(world: &World) -> Done {
    let unknown = world.write("DLT1KYO_9970000011_43_9990000009_11_20251002120000.CSV", ROW);
    let pdf = world.write("週間計画.pdf", b"%PDF-1.7");
    let add = world.sample("v41-plan-one-person");
    let mut files = vec![file(world, 1, 0), file(world, 1, 1), file(world, 2, 0), unknown, pdf];
    files.extend(add);
    world.drop_on("fumi-drop", &files).await?;
    let rows = world.until("document.querySelectorAll('#rows tbody tr:not(.reason)').length === 4").await;
    world.see("BT-01 BT-03", "files dropped at once, one row a destination", rows);
    world.see(
        "BT-02",
        "anything but CSV is refused and said so",
        world.in_order("#left", &["週間計画.pdf", "CSV以外のファイル"]).await,
    );
    let heads = [
        "送信先事業所名称",
        "ファイル出力日時",
        "メッセージ",
        "ファイル名",
        "ファイル種別",
        "送信結果",
        "登録",
        "削除",
        "PDF等",
    ];
    marked(world).await;
    let row = ["見本事業所01", "9980000001", "2025/10/02 12:00:01", "居宅サービス計画1表の削除", "●", "未送信", "編集"];
    world.see(
        "BT-04 BT-05",
        "columns; 未送信 to begin with",
        world.in_order("#rows thead", &heads).await && world.in_order("#rows tbody", &row).await,
    );
    world.see(
        "BT-13",
        "an office that cannot receive is marked before",
        world.in_order("#rows tbody", &["9990000009", "利用登録がありません"]).await,
    );
    world.see(
        "BT-06",
        "buttons",
        world.in_order("main", &["全選択", "全選択解除", "削除"]).await && world.in_order("main", &["一括送信"]).await,
    );
    world.press("一括送信").await?;
    world.see(
        "BT-09",
        "nothing ticked: it says so",
        world.until("document.querySelector('#trouble')?.innerText.includes('選ばれていません')").await,
    );
    world.press("全選択").await?;
    world.see(
        "BT-10",
        "how many are chosen",
        world.holds("document.querySelector('[data-tally]').innerText === '4'").await,
    );
    crate::eye::fits(world, "batch").await?;
    world.press("全選択解除").await?;
    world.see("BT-06", "全選択解除", world.holds("document.querySelector('[data-tally]').innerText === '0'").await);
    world.shot("batch-filled").await
}

/// ● stands where the row has a file of that kind, and nowhere else; names come a moment after numbers.
async fn marked(world: &World) {
    world.until("document.querySelector('#rows').innerText.includes('見本事業所02')").await;
    let marks = |number: &str, marks: &str| {
        format!(
            "[...[...document.querySelectorAll('#rows tbody tr')].find(r => r.innerText.includes('{number}')).querySelectorAll('td.mark')]\
             .map(cell => cell.dataset.label + (cell.innerText.includes('●') ? '●' : '')).join(' ') === '{marks}'"
        )
    };
    world.see(
        "BT-04",
        "● under 登録 or 削除, as the names say",
        world.holds(&marks("9980000001", "登録 削除● PDF等")).await
            && world.holds(&marks(crate::world::B, "登録● 削除 PDF等")).await,
    );
}

async fn edited(world: &World) -> Done {
    let edit = |number: &str| {
        format!(
            "return [...document.querySelectorAll('#rows tr')].find(r => r.innerText.includes('{number}')).querySelector('a').href"
        )
    };
    let place = world.js(&edit("9980000001")).await?;
    let place = place.as_str().unwrap_or_default().to_owned();
    world.driver.goto(&place).await?;
    let words = [
        "送信先事業所番号",
        "9980000001",
        "添付ファイル（CSV）",
        "削除",
        "添付ファイル（PDF等）",
        "メッセージ",
        "戻る",
        "更新",
    ];
    world.see("BE-01", "the letter of one row", world.in_order("main", &words).await);
    world.choose(&[world.folder.path().join("written/週間計画.pdf")]).await?;
    let pdf = world.until("document.querySelector('#other').innerText.includes('週間計画.pdf')").await;
    world.see("BE-02", "PDFs are added here", pdf);
    world.fill("#message", "消えるはず").await?;
    world.press("戻る").await?;
    world.until("location.pathname === '/batch'").await;
    let text = world.text("#rows").await;
    world.see("BE-04", "戻る discards", !text.contains("消えるはず") && !text.contains("週間計画.pdf"));
    world.driver.goto(&place).await?;
    world.choose(&[world.folder.path().join("written/週間計画.pdf")]).await?;
    world.until("document.querySelector('#other').innerText.includes('週間計画.pdf')").await;
    world.fill("#message", "第3表も一緒にお送りします。").await?;
    world.shot("batch-edit").await?;
    world.press("更新").await?;
    let shown = world
        .until("location.pathname === '/batch' && document.querySelector('#rows').innerText.includes('第3表も一緒に')")
        .await;
    world.see(
        "BE-03 BE-04",
        "更新 shows the changes, with the message of that destination",
        shown && world.in_order("#rows", &["週間計画.pdf"]).await,
    );
    world.press("全選択").await?;
    world.click("#batch summary").await?;
    world.fill("#all-message", "いつもありがとうございます。").await?;
    world.press("メッセージを付ける").await?;
    let all = world
        .until("document.querySelector('#rows').innerText.split('いつもありがとうございます。').length === 5")
        .await;
    world.see("BE-05", "one message for all ticked rows", all);
    let tick = "const box = [...document.querySelectorAll('#rows tr')].find(r => r.innerText.includes('9980000002')).querySelector('input'); box.checked = true;\
        for (const b of document.querySelectorAll('#rows input')) b.checked = b === box;";
    world.js(tick).await?;
    world.press("削除").await?;
    let gone = world.until("document.querySelectorAll('#rows tbody tr:not(.reason)').length === 3").await;
    world.see("BT-07", "削除 removes the ticked rows", gone && !world.text("#rows").await.contains("9980000002"));
    Ok(())
}

async fn sent(world: &World) -> Done {
    world.press("全選択").await?;
    world.press("一括送信").await?;
    let dialog = world.until("document.querySelector('dialog:modal #progress-rows')").await;
    let words = ["送信確認", "送信先事業所名称", "ファイル出力日時", "送信状況", "中断", "OK"];
    world.see("BT-08 BP-01 BP-03", "送信確認 shows the ticked rows", dialog && world.in_order("dialog", &words).await);
    let ended =
        world.until("document.querySelector('#progress-said').innerText.includes('送信が終わりました。')").await;
    world.shot("batch-done").await?;
    world.see(
        "BP-09",
        "one sentence says how far it is",
        ended && world.in_order("#progress-said", &["3件中 3件完了（成功 2・失敗 1）"]).await,
    );
    world.see(
        "BP-06",
        "OK wakes at the end, 中断 sleeps",
        world.holds("!document.querySelector('#ok').disabled && document.querySelector('#stop').disabled").await,
    );
    world.see(
        "BP-08",
        "失敗 with its reason and what to do",
        world.in_order("#progress-rows", &["失敗"]).await && world.text("#progress-rows").await.contains("9990000009"),
    );
    small_window(world).await?;
    world.click("#ok").await?;
    let left = world
        .until("!document.querySelector('dialog:modal') && document.querySelectorAll('#rows tbody tr:not(.reason)').length === 1")
        .await;
    world.see("BP-05", "成功 left the list, 失敗 stayed", left && world.in_order("#rows", &["失敗"]).await);
    world.see(
        "BP-08",
        "the reason stretches below the row, in words that staff can follow",
        world.holds("document.querySelector('#rows tr.failed + tr.reason td').clientWidth > document.querySelector('#rows').clientWidth * 0.9").await
            && world.in_order("#rows tr.reason", &["9990000009", "事業所番号を確かめてください"]).await
            && !world.holds("/`|--|_file/.test(document.querySelector('#rows').innerText)").await,
    );
    crate::eye::fits(world, "batch-failed").await?;
    world.shot("batch-after").await?;
    clear(world).await
}

/// A screen of 1366 px that is magnified twice: what ends the dialog is in sight, and nothing stands beside it.
async fn small_window(world: &World) -> Done {
    let size = json!({ "width": 683, "height": 384, "deviceScaleFactor": 1, "mobile": false });
    world.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", size).await?;
    let inside = "(() => { const d = document.querySelector('dialog:modal'), b = document.querySelector('#ok').getBoundingClientRect();\
        return d.scrollTop === 0 && d.scrollWidth <= d.clientWidth && b.top > 0 && b.bottom <= innerHeight && b.right <= innerWidth; })()";
    world.see("EYE", "a dialog that is too high keeps its buttons in sight", world.holds(inside).await);
    world.shot("batch-done-683").await?;
    world.driver.cdp().send_raw("Emulation.clearDeviceMetricsOverride", json!({})).await?;
    Ok(())
}

/// BP-02, BP-04, BP-07, BP-10, BT-12: 300 files for 60 offices.
async fn stopped(world: &World) -> Done {
    let files: Vec<PathBuf> = (1..=OFFICES)
        .flat_map(|at| (0..FILES_EACH).map(move |serial| (at, serial)))
        .map(|(at, serial)| file(world, at, serial))
        .collect();
    world.js("window.began = performance.now()").await?;
    #[expect(clippy::disallowed_methods, reason = "a figure is measured")]
    let began = Instant::now();
    world.drop_on("fumi-drop", &files).await?;
    let rows =
        world.soon(&format!("document.querySelectorAll('#rows tbody tr:not(.reason)').length === {OFFICES}")).await;
    let took = began.elapsed();
    println!("{} files dropped and sorted into {OFFICES} rows in {took:?} (debug build)", files.len());
    world.see("BT-12", "300 files become 60 rows", rows && world.holds("[...document.querySelectorAll('#rows tbody tr:not(.reason)')].every(r => r.querySelectorAll('.files li').length === 5)").await);
    world.press("全選択").await?;
    world.press("一括送信").await?;
    // No time is lost by looking: the rows go on meanwhile.
    world.soon("document.querySelector('dialog:modal #progress-rows')").await;
    // All at one moment: a row is 送信中... for an instant.
    let live = "/60件中 ([2-9]|[1-5][0-9])件完了/.test(document.querySelector('#progress-said').innerText) \
        && /成功[\\s\\S]*送信中\\.\\.\\.[\\s\\S]*送信待ち/.test(document.querySelector('#progress-rows').innerText)";
    let live = world.soon(live).await;
    world.see("BP-02 BP-09", "送信待ち, 送信中... and 成功, live", live);
    world.see(
        "BP-06",
        "OK sleeps while it runs",
        world.holds("document.querySelector('#ok').disabled && !document.querySelector('#stop').disabled").await,
    );
    world.shot("batch-sending").await?;
    world.driver.goto(World::url(&world.a, "/")).await?;
    world.driver.goto(World::url(&world.a, "/batch")).await?;
    world.see(
        "BP-10",
        "leaving the page stops nothing; it shows the same progress again",
        world.soon("document.querySelector('dialog:modal #progress-rows')").await,
    );
    world.click("#stop").await?;
    let ended =
        world.until("document.querySelector('#progress-said').innerText.includes('送信が終わりました。')").await;
    let text = world.text("#progress-rows").await;
    world.see(
        "BP-04 BP-07",
        "中断 stops the rest; no row is half sent",
        ended && text.contains("中断") && !text.contains("送信中") && !text.contains("送信待ち"),
    );
    world.shot("batch-stopped").await?;
    let good = world
        .js("return document.querySelector('#progress-rows').innerText.split('成功').length - 1")
        .await?
        .as_u64()
        .unwrap_or(0);
    world.click("#ok").await?;
    let stays = world
        .until(&format!(
            "document.querySelectorAll('#rows tbody tr:not(.reason)').length === {}",
            OFFICES as u64 - good
        ))
        .await;
    world.see("BP-05", "what was stopped stays in the list as 中断", stays && world.in_order("#rows", &["中断"]).await);
    world.press("全選択").await?;
    world.press("一括送信").await?;
    let all = world.until("document.querySelector('#progress-said')?.innerText.includes('送信が終わりました。')").await;
    world.see("BP-08", "ticked again, the rest goes", all && !world.text("#progress-rows").await.contains("失敗"));
    world.click("#ok").await?;
    world.see(
        "BT-08",
        "60 bundles are sent, the list is empty",
        world.until("document.querySelector('#rows').innerText.includes('まだファイルがありません')").await,
    );
    Ok(())
}
