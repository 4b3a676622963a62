//! Other days and other weather: certificates and data near their end, messages nobody vouches for, a gateway that is gone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::world::{A, B, C, Done, World, ahead};

const DAY: i64 = 86_400;
const ROW: &[u8] = b"202407,999903,9900000011,20250920\r\n";

pub(crate) async fn play(world: &World) -> Done {
    encrypted(world);
    facts(world).await?;
    checked(world).await?;
    distrusted(world).await?;
    again(world).await?;
    near_the_end(world).await?;
    offline(world).await?;
    crate::expired::play(world).await
}

/// What a listener of the network would read.
fn encrypted(world: &World) {
    let answer = TcpStream::connect(world.addresses.imap_tls).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"a1 CAPABILITY\r\n\r\n")?;
        let mut octets = [0; 64];
        let read = stream.read(&mut octets)?;
        Ok(octets[..read].to_vec())
    });
    // An alert of TLS, or the connection closed: no greeting in the clear.
    let clear = answer.is_ok_and(|octets| octets.starts_with(b"*") || octets.starts_with(b"a1"));
    world.see("EN-04", "the gateway says nothing that is not encrypted", !clear);
}

async fn facts(world: &World) -> Done {
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/licence").await?;
    let says = |words: &'static [&'static str]| world.in_order("main", words);
    world.see(
        "LC-02 LC-03 LC-05",
        "one year, 21,000 yen a number, n years year by year",
        says(&["1年間で21,000円（税込）", "n × 21,000円"]).await,
    );
    world.see("LC-04", "one licence a number", says(&["番号ごとにライセンスが必要"]).await);
    world.see(
        "LC-06",
        "how it is paid, and who is told of a change",
        says(&["介護給付費からの差引", "口座振込", "国保連合会"]).await,
    );
    world.see("LC-07", "both ends must be registered", says(&["送る側と受け取る側の両方"]).await);
    world.see(
        "LC-08",
        "an existing certificate is used, else a free one",
        says(&["そのまま使えます", "無料の証明書"]).await,
    );
    world.go(&world.a, "/doctor").await?;
    let words = ["設定", "ユーザIDとパスワード", "電子証明書", "保存先フォルダ", "接続先"];
    world.see(
        "EN-02",
        "このパソコンの点検 says what is set up",
        world.in_order("#findings", &words).await && !world.text("#findings").await.contains("要確認"),
    );
    world.see(
        "LG-12",
        "one program and a browser, nothing else is installed",
        world.holds("!document.querySelector('object, embed, applet')").await,
    );
    Ok(())
}

/// NW-17: sets that are not whole, and content the other side would refuse.
async fn checked(world: &World) -> Done {
    let table6 = world.sample("v41-use-one-person").into_iter().find(|path| path.to_string_lossy().contains("UPPLAN"));
    world.go(&world.a, "/compose").await?;
    world.choose(&[table6.ok_or("no table 6")?]).await?;
    world.until("document.querySelectorAll('#csv button').length === 1").await;
    world.press("送信").await?;
    world.see(
        "NW-17",
        "a set that is not whole is said so before sending",
        world.until("document.querySelector('#trouble')?.innerText.includes('UPPLAN')").await,
    );
    world.go(&world.a, "/compose").await?;
    let broken =
        world.write("DLT1KYO_9970000011_43_9970000029_11_20251009120000.CSV", b"202407,999903,9900000011,20251399\r\n");
    world.choose(&[broken]).await?;
    world.until("document.querySelectorAll('#csv button').length === 1").await;
    world.press("送信").await?;
    let warned =
        world.until("document.querySelector('dialog:modal #check')?.innerText.includes('標準仕様と違うところ')").await;
    world.see(
        "NW-17",
        "what the other side would refuse is a warning, with このまま送る",
        warned && world.in_order("dialog", &["このまま送る"]).await,
    );
    world.shot("compose-warning").await?;
    world.press("キャンセル").await?;
    world.until("!document.querySelector('dialog:modal')").await;
    Ok(())
}

/// RX-12: B with another authority believes nobody.
async fn distrusted(world: &World) -> Done {
    let (other, authority) = (world.folder.path().join("elsewhere"), world.tls_authority.clone());
    let doubting = world
        .serve(B, move |settings| {
            settings.trust_file = authority;
            settings.data_folder = other;
        })
        .await?;
    world.enter(&doubting, B).await?;
    world.go(&doubting, "/inbox").await?;
    let red = world.until("document.querySelector('#rows tr.failed')?.innerText.includes('確認できません')").await;
    world.see("RX-12", "what nobody vouches for is red, with the reason", red);
    world.shot("inbox-distrusted").await?;
    world.press("全選択").await?;
    world.press("データ取得").await?;
    let shut = world.until("document.querySelector('#rows tr.failed')").await
        && !world.holds("document.querySelector('dialog:modal')").await;
    world.see("RX-12", "and cannot be fetched", shut && world.text("#rows").await.contains("確認できません"));
    doubting.stop();
    Ok(())
}

/// BT-11, NW-12: another run of the program finds what the last one kept.
async fn again(world: &World) -> Done {
    let before = world.serve(C.0, |_| ()).await?;
    world.enter(&before, C.0).await?;
    world.go(&before, "/compose").await?;
    world.fill("#message", "前の回に書いた").await?;
    world.press("一時保存").await?;
    world.until("location.pathname === '/drafts'").await;
    let file = world.write(&format!("DLT1KYO_{}_15_9980000007_11_20251010120000.CSV", C.0), ROW);
    world.go(&before, "/batch").await?;
    world.choose(&[file]).await?;
    world.until("document.querySelector('#rows').innerText.includes('9980000007')").await;
    // Its last connection ends with the page.
    world.driver.goto("about:blank").await?;
    before.stop();
    let next = world.serve(C.0, |_| ()).await?;
    world.enter(&next, C.0).await?;
    world.go(&next, "/drafts").await?;
    world.see("NW-12", "a draft survives the end of the program", world.text("#rows").await.contains("前の回に書いた"));
    world.go(&next, "/batch").await?;
    world.see(
        "BT-11",
        "the list of 一括送信 survives the end of the program",
        world.text("#rows").await.contains("9980000007"),
    );
    next.stop();
    world.enter(&world.a, A).await
}

/// HM-08, HM-09, RX-08, TX-07: 87 days later, and 340.
async fn near_the_end(world: &World) -> Done {
    world.enter(&world.b, B).await?;
    let results = world.sample("v41-results-202511");
    world.go(&world.b, "/compose").await?;
    world.choose(&results).await?;
    world.until(&format!("document.querySelector('#to')?.innerText.includes('{A}')")).await;
    world.press("送信").await?;
    world.until("document.querySelector('dialog:modal button.primary')").await;
    world.click("dialog:modal button.primary").await?;
    world.until("location.pathname === '/sent'").await;
    world.go(&world.a, "/inbox").await?;
    world.until("document.querySelector('#rows tr.new')").await;
    ahead(87 * DAY);
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/").await?;
    world.see(
        "HM-08",
        "まもなく消えるデータ with the way to fetch it",
        world
            .in_order("#soon", &["まもなく消えるデータがあります", "サーバから削除されます", "受信一覧で取得する"])
            .await,
    );
    world.shot("home-soon").await?;
    world.go(&world.a, "/inbox").await?;
    world.see(
        "RX-08",
        "five days or fewer are red",
        world.holds("/あと[1-5]日/.test(document.querySelector('#rows .chip.bad')?.innerText ?? '')").await,
    );
    world.go(&world.a, "/sent").await?;
    world.see("TX-07", "what waits long is marked", world.in_order("#rows", &["電話などで知らせてください"]).await);
    ahead(340 * DAY);
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/").await?;
    world.see(
        "HM-09",
        "the end of the certificate is told 60 days before",
        world.in_order("main", &["電子証明書が、あと"]).await,
    );
    ahead(0);
    world.enter(&world.a, A).await
}

/// HM-04, LG-11, BP-11: the gateway is gone.
async fn offline(world: &World) -> Done {
    world.stop_gateway().await;
    world.go(&world.a, "/").await?;
    let told = world.until("document.querySelector('#state').innerText.includes('利用できません。')").await;
    world.see(
        "HM-04",
        "利用できません, with the reason and what to do",
        told && world.in_order("#state", &["つながりません", "ネットワークを確かめ"]).await,
    );
    world.see(
        "EN-03",
        "接続なし stands in the bar",
        world.until("document.querySelector('#link').innerText.includes('接続なし')").await,
    );
    world.shot("home-offline").await?;
    world.click("#tabs li.last button").await?;
    world.until("location.pathname === '/login'").await;
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/compose").await?;
    let file = world.write("DLT1KYO_9970000011_43_9970000029_11_20251011120000.CSV", ROW);
    world.choose(&[file]).await?;
    let written = world.until("document.querySelectorAll('#csv button').length === 1").await;
    world.see("LG-11", "the login works without a network, and letters are written", written);
    world.press("送信").await?;
    world.until("document.querySelector('dialog:modal button.primary')").await;
    world.click("dialog:modal button.primary").await?;
    let waits = world
        .until("location.pathname === '/sent' && document.querySelector('#rows').innerText.includes('送信待ち')")
        .await;
    world.see("LG-11 BP-11", "what is sent waits here, and says so", waits);
    world.shot("sent-offline").await?;
    world.go(&world.a, "/batch").await?;
    let file = world.write("DLT1KYO_9970000011_43_9980000008_11_20251010120000.CSV", ROW);
    world.choose(&[file]).await?;
    world.until("document.querySelector('#rows').innerText.includes('9980000008')").await;
    world.press("全選択").await?;
    world.press("一括送信").await?;
    let ended = world.until("document.querySelector('#progress-said')?.innerText.includes('送信が終わりました')").await;
    let text = world.text("#progress-rows").await;
    world.see(
        "BP-11",
        "without a network rows are 送信待ち, not 失敗",
        ended && text.contains("接続が戻ると送ります") && !text.contains("失敗"),
    );
    world.shot("batch-offline").await
}
