//! 代行 (PX): an office gives a mandate, its agent confirms it, sends and fetches under it, and is shut out when it is revoked.

use std::path::PathBuf;

use fumibako::demo::{Stage, sample};
use fumibako::ui::Ui;
use fumibako_gateway::Request;
use fumibako_model::{JAPAN, OfficeNumber, Scope, Terms};
use fumibako_signer::authority::KeyKind;
use jiff::ToSpan as _;

use crate::world::{A, B, C, Done, World, now};

const AGENT: (&str, &str) = sample::AGENT;
/// Its mandate has not begun.
const LATER: &str = "9970000079";
/// One whose name is an attack.
const EVIL: (&str, &str) = ("9970000087", "<img src=x onerror=window.hit=1>");
/// One that gave nobody a mandate.
const FOREIGN: &str = "9970000095";
const ROW: &[u8] = b"202407,999903,9900000011,20250920\r\n";

/// The agent, and the mandates that offices gave it on paper.
pub(crate) fn agents(stage: &Stage) -> Done {
    for (number, name) in [(LATER, "見本訪問看護"), EVIL, (FOREIGN, "見本短期入所")] {
        stage.add_office(number.parse()?, name, KeyKind::EcP256, now())?;
    }
    stage.add_agent(AGENT.0, AGENT.1, now())?;
    let today = JAPAN.to_datetime(now()).date();
    for (number, from, until) in [(C.0, -60, 12), (LATER, 5, 40), (EVIL.0, -60, 200)] {
        let office: OfficeNumber = number.parse()?;
        let terms = Terms {
            office,
            agent: AGENT.0.parse()?,
            scopes: vec![Scope::Send, Scope::Receive],
            kinds: Vec::new(),
            counterparties: Vec::new(),
            months: None,
            from: today.saturating_add(from.days()),
            until: today.saturating_add(until.days()),
        };
        stage.ask(Request::MandateAdd { mandate: Box::new(terms.written(now())) })?;
    }
    Ok(())
}

pub(crate) async fn play(world: &World) -> Done {
    let agent = world.serve(AGENT.0, |_| ()).await?;
    granted(world).await?;
    confirmed(world, &agent).await?;
    sorted(world, &agent).await?;
    sent(world, &agent).await?;
    fetched(world, &agent).await?;
    shut(world, &agent).await?;
    agent.stop();
    Ok(())
}

/// A gives the agent a mandate on its own screen.
async fn granted(world: &World) -> Done {
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/proxy").await?;
    world.click("#grant > summary").await?;
    world.fill("#agent", "<b>").await?;
    world.press("内容を確かめる").await?;
    let told = world.until("document.querySelector('#trouble')?.innerText.includes('代行業者IDの形が違います')").await;
    world.see(
        "PX-07",
        "what makes no mandate is told, and what was typed stays",
        told && world.holds("document.querySelector('#agent').value === '<b>'").await,
    );
    let described = "document.getElementById(document.activeElement.getAttribute('aria-describedby'))";
    let at = format!("document.activeElement.id === 'agent' && {described}.innerText.includes('形が違います')");
    world.see("PX-07", "the sentence stands at its field, where the next key goes", world.holds(&at).await);
    world.shot("proxy-grant-wrong").await?;
    world.fill("#agent", AGENT.0).await?;
    world.js("document.querySelector('#with').value = '12'").await?;
    world.press("内容を確かめる").await?;
    let unfolded = world
        .until("document.activeElement.id === 'with' && document.querySelector('#wrong-with')?.checkVisibility()")
        .await;
    world.see("PX-07", "what is folded away is shown when something in it is the matter", unfolded);
    world.fill("#with", "").await?;
    world.shot("proxy-grant").await?;
    world.press("内容を確かめる").await?;
    world.until("document.querySelector('dialog:modal #ask-title')").await;
    let words = [
        "この内容で委任します",
        "事業所",
        A,
        "代行業者",
        AGENT.0,
        "範囲",
        "送信、受信、受領、状況",
        "期間",
        "から",
        "まで",
        "キャンセル",
        "署名して決定",
    ];
    world.see("PX-08", "scopes, first and last day, before anything is signed", world.in_order("dialog", &words).await);
    world.shot("proxy-grant-ask").await?;
    world.press("署名して決定").await?;
    let waits = world.until("document.querySelector('#rows')?.innerText.includes('確認待ち')").await;
    world.see(
        "PX-07",
        "the office grants, on its own screen",
        waits && world.in_order("#rows", &[AGENT.1, AGENT.0]).await,
    );
    Ok(())
}

/// The agent reads it and takes it on.
async fn confirmed(world: &World, agent: &Ui) -> Done {
    world.enter(agent, AGENT.0).await?;
    world.go(agent, "/proxy").await?;
    let waits =
        world.until("document.querySelector('#mandates-wait')?.innerText.includes('確認待ちの委任が1件')").await;
    world.see("PX-01", "an agent sees what offices ask of it", waits && world.in_order("#rows", &[A]).await);
    world.see("PX-07", "an agent grants nothing", !world.holds("document.querySelector('#grant')").await);
    world.shot("proxy-waits").await?;
    world.press("引き受ける").await?;
    world.until("document.querySelector('dialog:modal #ask-title')").await;
    world.press("署名して決定").await?;
    let done =
        world.until("!document.querySelector('#mandates-wait') && !document.querySelector('dialog:modal')").await;
    world.see(
        "PX-01 PX-08",
        "confirmed, with its period",
        done && world.in_order("#rows", &["送信、受信、受領、状況"]).await,
    );
    world.shot("proxy-mandates").await?;
    let column = world.text("#rows").await;
    world.see("PX-01", "names of offices are text", column.contains("<img src=x") && !world.holds("window.hit").await);
    Ok(())
}

fn file(world: &World, from: &str, to: &str, serial: usize) -> PathBuf {
    world.write(&format!("DLT1KYO_{from}_43_{to}_11_202510021300{serial:02}.CSV"), ROW)
}

/// One drop for all offices.
async fn sorted(world: &World, agent: &Ui) -> Done {
    world.go(agent, "/batch").await?;
    let column = ["委任元", "すべて", "4事業所", A, "まで", C.0, "あと12日", LATER, "開始前"];
    world.see("PX-03", "every office with the end of its mandate", world.in_order("#principals", &column).await);
    let files = [
        file(world, A, B, 0),
        file(world, A, B, 1),
        file(world, A, "9980000003", 2),
        file(world, C.0, A, 3),
        file(world, LATER, "9980000003", 4),
        file(world, FOREIGN, "9980000003", 5),
    ];
    world.drop_on("fumi-drop", &files).await?;
    let rows = world.until("document.querySelectorAll('#rows tbody tr:not(.reason)').length === 5").await;
    let order = ["代行", A, B, A, "9980000003", C.0, A, LATER, "送れません", "E-DLG-", FOREIGN, "送れません", "E-DLG-"];
    world.see(
        "PX-02 PX-04",
        "one row for each sender and recipient, each with 代行 and its office",
        rows && world.in_order("#rows tbody", &order).await,
    );
    world.see(
        "PX-05",
        "a row without a mandate says so before sending, with its code",
        world.holds("document.querySelectorAll('#rows tr.failed').length === 2").await,
    );
    crate::eye::fits(world, "proxy-batch").await?;
    world.shot("proxy").await?;
    world.press("全選択").await?;
    world.press("代行送信").await?;
    let ended =
        world.until("document.querySelector('#progress-said')?.innerText.includes('送信が終わりました。')").await;
    world.see(
        "PX-02",
        "what is covered goes, the rest stays",
        ended && world.in_order("#progress-said", &["5件中 5件完了（成功 3・失敗 2）"]).await,
    );
    world.shot("proxy-sent").await?;
    world.click("#ok").await?;
    world
        .until("document.querySelectorAll('#rows tbody tr:not(.reason)').length === 2 && !document.querySelector('dialog:modal')")
        .await;
    world.press("全選択").await?;
    world.press("削除").await?;
    world.until("!document.querySelector('#rows tbody')").await;
    Ok(())
}

/// Everybody sees who acted.
async fn sent(world: &World, agent: &Ui) -> Done {
    world.go(agent, "/sent").await?;
    let all = world.until("document.querySelectorAll('#rows tbody tr').length >= 3").await;
    world.see(
        "PX-04",
        "an agent's list names the office of each",
        all && world.in_order("#rows tbody", &["代行", "（代行: 見本事務代行）"]).await,
    );
    world.shot("proxy-list").await?;
    world.go(agent, &format!("/sent?of={}", C.0)).await?;
    // What the office sent itself stands there, too.
    let rows = "[...document.querySelectorAll('#rows tbody tr')]";
    let of = format!("{rows}.length > 0 && {rows}.every(row => row.innerText.includes('{}'))", C.0);
    let one = world.until(&of).await;
    world.see("PX-03", "one office alone", one && world.in_order("#rows tbody", &[C.0, A]).await);
    world.go(agent, "/sent?of=all").await?;
    world.go(&world.a, "/sent").await?;
    world.until("document.querySelector('#rows')?.innerText.includes('代行')").await;
    world.see(
        "PX-06",
        "the office sees it in its own list",
        world.in_order("#rows tbody", &["送信元：", A, "（代行: 見本事務代行）"]).await,
    );
    world.go(&world.a, "/proxy").await?;
    world.see("PX-06", "and among what agents did", world.in_order("#acts", &["見本事務代行", "へ送信"]).await);
    world.shot("proxy-acts").await?;
    world.enter(&world.b, B).await?;
    world.go(&world.b, "/inbox").await?;
    world.until("document.querySelector('#rows')?.innerText.includes('代行')").await;
    world.see("PX-06", "the recipient sees A事業所（代行: …）", world.in_order("#rows tbody", &[A, "（代行:"]).await);
    Ok(())
}

/// What came for its offices.
async fn fetched(world: &World, agent: &Ui) -> Done {
    world.go(agent, "/inbox").await?;
    let row = format!("[...document.querySelectorAll('#rows tr.new')].find(r => r.innerText.includes('{}'))", C.0);
    let new = world.until(&row).await;
    let unread = world.holds("document.querySelector('#principals a .count')").await;
    world.see("PX-03", "unread beside its office", new && unread && world.in_order("#rows tbody", &["代行", A]).await);
    world.shot("proxy-inbox").await?;
    world.js(&format!("{row}.querySelector('input').click()")).await?;
    world.press("データ取得").await?;
    world.until("document.querySelector('dialog:modal #folder')").await;
    let place = world.folder.path().join("受信代行");
    std::fs::create_dir_all(&place)?;
    world.fill("#folder", &place.display().to_string()).await?;
    world.press("保存する").await?;
    let saved = world.until("!document.querySelector('dialog:modal') && document.querySelector('#saved-files')").await;
    let kept =
        walkdir::WalkDir::new(place.join(A)).into_iter().filter_map(Result::ok).any(|one| one.file_type().is_file());
    world.see("PX-01", "an agent fetches, each office's files apart, and returns the receipt it may", saved && kept);
    for path in [format!("/inbox/{FOREIGN}-1"), format!("/sent/{FOREIGN}-1"), format!("/inbox/{FOREIGN}-1/receipt")] {
        world.go(agent, &path).await?;
        world.see(
            "ATTACK",
            "a foreign office's number in the address shows nothing",
            world.holds("location.pathname === '/'").await,
        );
    }
    world.go(agent, &format!("/inbox?of={FOREIGN}")).await?;
    let all = world.holds("document.querySelector('#principals a').getAttribute('aria-current') === 'true'").await;
    world.see(
        "ATTACK",
        "a foreign office's number chooses nothing",
        all && !world.text("#rows").await.contains(FOREIGN),
    );
    crate::eye::names_on(world, agent, &["/", "/inbox", "/sent", "/batch", "/proxy", "/compose"]).await?;
    crate::eye::names_on(world, &world.a, &["/proxy"]).await
}

/// Profile §15.10: revoked a moment ago is revoked.
async fn shut(world: &World, agent: &Ui) -> Done {
    world.go(agent, "/inbox").await?;
    world.until(&format!("document.querySelector('#rows')?.innerText.includes('{A}')")).await;
    let message = world.js("return document.querySelector('#rows tbody a').getAttribute('href')").await?;
    let message = message.as_str().unwrap_or("/inbox").to_owned();
    world.go(&world.a, "/proxy").await?;
    world.press("取り消す").await?;
    world.until("document.querySelector('dialog:modal #ask-title')").await;
    world.press("署名して決定").await?;
    let told = world.until("document.querySelector('#rows')?.innerText.includes('取消し')").await;
    world.go(agent, &message).await?;
    let gone = world.holds("location.pathname === '/'").await;
    world.go(agent, "/inbox").await?;
    let empty = !world.text("#rows").await.contains(A);
    world.go(agent, "/sent").await?;
    let sent = world
        .js(&format!(
            "return [...document.querySelectorAll('#rows tbody tr')].some(r => r.children[1].innerText.includes('{A}'))"
        ))
        .await?
        == false;
    world.see(
        "PX-07",
        "revoked by the office, the agent sees nothing of it any more, at once",
        told && gone && empty && sent,
    );
    world.see("PX-03", "and its column says so", world.in_order("#principals", &[A, "取消し"]).await);
    let whole = "[...document.querySelectorAll('#rows .way li')].every(e => e.getBoundingClientRect().height < 2 * parseFloat(getComputedStyle(e).lineHeight))";
    let told = "document.querySelector('#rows .scroll').scrollWidth <= document.querySelector('#rows .scroll').clientWidth + 1 && \
        [...document.querySelectorAll('#rows th')].every(e => e.getBoundingClientRect().width > 60)";
    world.see(
        "TX-03 PX-03",
        "beside the offices no column is hidden, and none is a tower of letters",
        world.holds(told).await,
    );
    world.see("TX-03 PX-03", "beside the offices, too, each step of the way is on one line", world.holds(whole).await);
    world.shot("proxy-revoked").await
}
