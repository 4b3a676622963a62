//! 新規作成 (NW), 送信確認 (CF), 下書き一覧 (DR).

use std::path::PathBuf;

use fumibako::demo::sample;

use crate::world::{A, B, Done, World};

pub(crate) async fn play(world: &World) -> Done {
    let mut files = world.sample("v41-use-one-person");
    let pdf = world.write("第3表_週間サービス計画表.pdf", b"%PDF-1.7 fictitious");
    fields(world, &files, &pdf).await?;
    refusals(world, &files).await?;
    drafts(world).await?;
    files.push(pdf);
    confirmation(world, &files).await
}

async fn fields(world: &World, files: &[PathBuf], pdf: &PathBuf) -> Done {
    world.go(&world.a, "/compose").await?;
    let words = [
        "ここにファイルをドロップ",
        "または",
        "ファイルを選択",
        "送信先事業所番号",
        "添付ファイル（CSV）",
        "添付ファイル（PDF等）",
        "メッセージ",
        "戻る",
        "一時保存",
        "送信",
    ];
    world.see("NW-01", "fields, place for files and buttons", world.in_order("main", &words).await);
    world.drop_on("fumi-drop", files).await?;
    let to = world.until(&format!("document.querySelector('#to')?.innerText.includes('{B}')")).await;
    world.see("NW-03", "the destination is filled from the names of the CSV", to);
    world.see("NW-18", "送信できます stands beside the number", world.in_order("#to", &[B, "送信できます"]).await);
    world.choose(std::slice::from_ref(pdf)).await?;
    let other =
        world.until("document.querySelector('#other')?.innerText.includes('第3表_週間サービス計画表.pdf')").await;
    world.see("NW-02 NW-15", "dropped CSV and chosen PDF", to && other);
    world.see(
        "NW-05",
        "each file has its own 削除",
        world.holds("document.querySelectorAll('#csv button, #other button').length === 4").await,
    );
    world.see(
        "NW-02",
        "names are told in words",
        world.in_order("#csv", &["第6表 予定 2025年10月分"]).await || world.in_order("#csv", &["第6表 予定"]).await,
    );
    world.shot("compose-filled").await?;
    for left in [2, 1, 0] {
        world.click("#csv button").await?;
        world.until(&format!("document.querySelectorAll('#csv button').length === {left}")).await;
    }
    let cleared = world.holds("document.querySelector('#to').innerText.includes('自動で入ります')").await;
    world.see("NW-06", "without a CSV there is no destination", cleared);
    world.press("送信").await?;
    let asked = world.until("document.querySelector('#trouble')?.innerText.includes('送信先が決まっていません')").await;
    world.see("NW-09", "nothing is sent without a destination, and it is said so", asked);
    Ok(())
}

async fn refusals(world: &World, files: &[PathBuf]) -> Done {
    world.go(&world.a, "/compose").await?;
    world.choose(files).await?;
    world.until("document.querySelectorAll('#csv button').length === 3").await;
    world.fill("#message", "残るはず").await?;
    let other = "DLT1KYO_9970000011_43_9980000001_11_20251002120000.CSV";
    let bad = [
        world.write(other, b"202407,999903,9900000011,20250920\r\n"),
        world.write("DLT1KYO_9970000045_43_9970000029_11_20251002120000.CSV", b"202407,999903,9900000011,20250920\r\n"),
        world.write("DLT1KYO_9970000011_43_9970000011_43_20251002120000.CSV", b"x"),
        world.write("memo.csv", b"x"),
        world.write("empty.pdf", b""),
        files[0].clone(),
    ];
    world.drop_on("fumi-drop", &bad).await?;
    world.until("document.querySelector('#left')?.innerText.includes('memo.csv')").await;
    let left = world.text("#left").await;
    world.shot("compose-refused").await?;
    let says = |name: &str, words: &str| left.lines().any(|line| line.contains(name) && line.contains(words));
    world.see(
        "NW-04 NW-07",
        "another destination is refused with its number, with a way to 一括送信",
        says(other, "宛先が違います（9980000001") && left.contains("一括送信へ移す"),
    );
    world.see("NW-08", "another sender is refused with its number", says("9970000045", "この事業所ではありません"));
    let each = says("9970000011_43_9970000011", "同じです")
        && says("memo.csv", "標準仕様のファイル名ではありません")
        && says("empty.pdf", "0バイト");
    world.see(
        "NW-09",
        "each reason has its own sentence, the other files stay",
        each && says(files[0].file_name().unwrap().to_str().unwrap(), "もうあります"),
    );
    world.see("NW-09", "what was typed stays", world.holds("document.querySelector('#message').value === '残るはず' && document.querySelectorAll('#csv button').length === 3").await);
    world.press("一括送信へ移す").await?;
    let moved = world.until("document.querySelector('#toast').innerText.includes('一括送信へ移しました')").await;
    world.go(&world.a, "/batch").await?;
    world.see(
        "NW-07",
        "moved to 一括送信",
        moved && world.until("document.querySelector('#rows').innerText.includes('9980000001')").await,
    );
    for path in world.sample("v3-plan") {
        world.go(&world.a, "/compose").await?;
        world.choose(&[path]).await?;
        world.see(
            "NW-16",
            "names of edition 3 pass",
            world.until(&format!("document.querySelector('#to')?.innerText.includes('{B}')")).await,
        );
    }
    Ok(())
}

async fn drafts(world: &World) -> Done {
    world.go(&world.a, "/compose").await?;
    let file =
        world.write("DLT1KYO_9970000011_43_9970000029_11_20251003120000.CSV", b"202407,999903,9900000011,20250920\r\n");
    world.choose(std::slice::from_ref(&file)).await?;
    world.until("document.querySelectorAll('#csv button').length === 1").await;
    world.fill("#message", "自動で残る").await?;
    // The word alone may be about what stood there before: all that was typed is kept once nothing is unsaved.
    let saved = world
        .until("!document.querySelector('#letter').dataset.unsaved && document.querySelector('#saved').innerText.includes('下書きに保存しました')")
        .await;
    world.driver.refresh().await?;
    let kept = world.until("document.querySelector('#message').value === '自動で残る'").await;
    world.see("NW-12", "kept by itself after a pause, and there again after a reload", saved && kept);
    world.fill("#message", "間を置かずに読み直す").await?;
    world.driver.refresh().await?;
    let kept = world.until("document.querySelector('#message').value === '間を置かずに読み直す'").await;
    world.see("NW-12", "what was typed a moment before a reload is there again", kept);
    world.fill("#message", "一時保存した").await?;
    world.press("一時保存").await?;
    let listed = world
        .until("location.pathname === '/drafts' && document.querySelector('#rows').innerText.includes('一時保存した')")
        .await;
    world.see("NW-11 DR-01", "一時保存 puts it into 下書き一覧", listed);
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/drafts").await?;
    world.see(
        "LG-12",
        "whoever sits down next at the office's computer finds what the last one wrote",
        world.text("#rows").await.contains("一時保存した"),
    );
    let rows = world.js("return document.querySelectorAll('#rows tbody tr').length").await?;
    world.go(&world.a, "/").await?;
    let counted = format!("document.querySelector('#doors a[href=\"/drafts\"] .many b').innerText === '{rows}'");
    world.see("HM-07", "home counts the drafts", world.until(&counted).await);
    world.go(&world.a, "/drafts").await?;
    let heads = ["保存日時", "送信先", "メッセージ", "ファイル", "操作"];
    world.see(
        "DR-02",
        "columns, 編集 and 削除",
        world.in_order("#rows", &heads).await && world.in_order("#rows", &["編集", "削除"]).await,
    );
    world.shot("drafts-filled").await?;
    std::fs::remove_file(&file)?;
    let edit = "return [...document.querySelectorAll('#rows tr')].find(r => r.innerText.includes('一時保存した')).querySelector('a').href";
    let place = world.js(edit).await?;
    world.driver.goto(place.as_str().unwrap_or_default()).await?;
    let there = world.until("document.querySelectorAll('#csv button').length === 1").await;
    world.see("DR-03", "it opens though the source file is gone", there);
    world.press("戻る").await?;
    world.see("NW-14", "戻る leaves and sends nothing", world.until("location.pathname === '/'").await);
    Ok(())
}

async fn gone_back(world: &World) -> Done {
    world.driver.back().await?;
    let told = world
        .until("location.pathname === '/sent' && document.querySelector('#toast')?.innerText.includes('下書きは、もうありません')")
        .await;
    world.see("CF-02", "back to 送信確認 after sending leads to what was sent, not to an empty letter", told);
    Ok(())
}

/// The guard against a wrong address.
async fn named(world: &World) {
    let large = format!(
        "(() => {{ const big = document.querySelector('dialog:modal .big'); const size = (e) => parseFloat(getComputedStyle(e).fontSize); \
         return big.innerText.includes('{}') && size(big) > 1.2 * size(document.querySelector('dialog:modal dt')); }})()",
        sample::RECIPIENT.1
    );
    world.see("CF-03", "the destination's name is large", world.until(&large).await);
}

/// Another window is still open on the letter that went.
async fn went(world: &World, place: &str) -> Done {
    world.go(&world.a, place).await?;
    let said = world.in_order("#trouble", &["すでに送信したか、送信待ち", "別の下書き"]).await;
    world.fill("#message", "送ったあとの続き").await?;
    let refused =
        world.until("document.querySelector('#answered')?.innerText.includes('すでに送信したか、送信待ち')").await;
    let kept = world.holds("document.querySelector('#message').value === '送ったあとの続き'").await;
    world.see(
        "NW-12 DR-04",
        "what is typed on a letter that went stays in its window and brings nothing back",
        said && refused && kept,
    );
    world.press("一時保存").await?;
    let moved = world
        .until("document.querySelector('#trouble')?.innerText.includes('新しい下書き') && document.querySelector('#message').value === '送ったあとの続き'")
        .await;
    world.see(
        "NW-11",
        "kept, it is a draft of its own",
        moved && !world.holds(&format!("location.pathname === '{place}'")).await,
    );
    world.go(&world.a, "/sent").await
}

async fn confirmation(world: &World, files: &[PathBuf]) -> Done {
    world.go(&world.a, "/compose").await?;
    world.choose(files).await?;
    world.until("document.querySelectorAll('#csv button, #other button').length === 4").await;
    world.fill("#message", "12月分の予定をお送りします。\nご確認をお願いいたします。").await?;
    world.press("送信").await?;
    let open = world
        .until("document.querySelector('dialog:modal')?.innerText.includes('以上の内容で送信してよろしいですか？')")
        .await;
    let names: Vec<&str> = files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    let text = world.text("dialog").await;
    let all = names.iter().all(|name| text.contains(name));
    let words = [
        "送信確認",
        "相手先事業所番号",
        B,
        "添付ファイル（CSV）",
        "添付ファイル（PDF等）",
        "メッセージ",
        "12月分の予定",
        "キャンセル",
        "OK",
    ];
    world.see(
        "NW-13 CF-01 NW-10",
        "送信 opens 送信確認 with everything in it",
        open && all && world.in_order("dialog", &words).await,
    );
    world.see(
        "CF-03",
        "the focus is on OK",
        world
            .holds("document.activeElement.innerText === 'OK' || document.activeElement.innerText === 'このまま送る'")
            .await,
    );
    named(world).await;
    world.shot("compose-confirm").await?;
    world.driver.action_chain().send_keys(thirtyfour::Key::Escape.value().to_string()).perform().await?;
    let back = world
        .until(
            "!document.querySelector('dialog:modal') && document.querySelector('#message').value.startsWith('12月分')",
        )
        .await;
    world.see(
        "CF-02 CF-03",
        "Esc is キャンセル, and everything is kept",
        back && world.holds("document.querySelectorAll('#csv button').length === 3").await,
    );
    let place = world.js("return location.pathname").await?;
    world.press("送信").await?;
    world.until("document.querySelector('dialog:modal')").await;
    // Twice, as impatient hands do.
    world.js("const ok = document.querySelector('dialog:modal button.primary'); ok.click(); ok.click();").await?;
    let sent = world
        .until("location.pathname === '/sent' && document.querySelector('#rows').innerText.includes('12月分の予定')")
        .await;
    world.see("CF-02 CF-04", "OK sends, without a dialog about certificates", sent);
    let once = world.holds("document.querySelectorAll('#rows tbody tr').length === 1").await;
    world.see("CF-05", "a double click sends once", once);
    gone_back(world).await?;
    went(world, place.as_str().unwrap_or_default()).await?;
    let heads = ["送信日時", "送信先事業所", "メッセージ", "ファイル", "届き具合", "受領証"];
    world.see(
        "TX-01 TX-03",
        "送信一覧 with its columns",
        world.in_order("#rows", &heads).await && world.in_order("#rows", &[B, "受付", "お届け", "取得"]).await,
    );
    world.go(&world.a, "/drafts").await?;
    world.see("DR-04", "what was sent is no draft", !world.text("#rows").await.contains("12月分の予定"));
    Ok(())
}
