//! BP-11 for a partner that was never asked about: there is no file of partners' certificates, and no gateway to ask.

use std::path::PathBuf;

use fumibako::Settings;
use fumibako::ui::Ui;
use fumibako_gateway::Gateway;

use crate::world::{B, C, Done, Problem, World};

const ROW: &[u8] = b"202407,999903,9900000011,20250920\r\n";
const WAITS: &str = "接続が戻ると送ります";

/// On a stage of its own, for its gateway goes away and comes back.
pub(crate) async fn play(world: &World) -> Done {
    world.enter(&world.b, B).await?;
    let before = received(world).await?;
    world.stop_gateway().await;
    let office = world.serve(C.0, alone).await?;
    world.enter(&office, C.0).await?;
    batch(world, &office).await?;
    letter(world, &office).await?;
    // Its last connection ends with the page.
    world.driver.goto("about:blank").await?;
    office.stop();
    let office = world.serve(C.0, alone).await?;
    world.enter(&office, C.0).await?;
    world.go(&office, "/batch").await?;
    world.see("BP-11", "they still wait after the end of the program", world.until(&both(WAITS)).await);
    let running = Gateway::start(crate::expired::config(world)?).await?;
    let sent = world.until(&both("成功")).await;
    world.see("BP-11", "and are sent by themselves once the gateway is back", sent);
    world.enter(&world.b, B).await?;
    world.go(&world.b, "/inbox").await?;
    let come = world.until(&format!("{} >= {}", rows(C.0), before + 2)).await;
    world.go(&world.b, "/sent").await?;
    world.press("更新").await?;
    let once = received(world).await? == before + 2;
    world.see("BP-11", "each of them once", come && once);
    world.driver.goto("about:blank").await?;
    office.stop();
    running.stop().await;
    Ok(())
}

fn alone(settings: &mut Settings) {
    settings.partners_file = PathBuf::new();
}

/// How many rows of the list say this, as a browser counts.
fn rows(word: &str) -> String {
    format!("[...document.querySelectorAll('#rows tbody tr')].filter(r => r.innerText.includes('{word}')).length")
}

/// Both to B stand so.
fn both(word: &str) -> String {
    let row = rows(B).replace(".length", "");
    format!("{row}.filter(r => r.innerText.includes('{word}')).length === 2")
}

/// So many came from C to B.
async fn received(world: &World) -> Result<u64, Problem> {
    world.go(&world.b, "/inbox").await?;
    Ok(world.js(&format!("return {}", rows(C.0))).await?.as_u64().ok_or("no number")?)
}

fn file(world: &World, second: u8) -> PathBuf {
    world.write(&format!("DLT1KYO_{}_15_{B}_11_202510121200{second:02}.CSV", C.0), ROW)
}

async fn batch(world: &World, office: &Ui) -> Done {
    world.go(office, "/batch").await?;
    world.choose(&[file(world, 0)]).await?;
    world.until(&format!("{} === 1", rows(B))).await;
    let tick = "const box = [...document.querySelectorAll('#rows tbody tr')].find(r => r.innerText.includes(B)).querySelector('input'); \
                box.checked = true; box.dispatchEvent(new Event('change', { bubbles: true }))";
    world.js(&tick.replace("(B)", &format!("('{B}')"))).await?;
    world.press("一括送信").await?;
    let ended = world.until("document.querySelector('#progress-said')?.innerText.includes('送信が終わりました')").await;
    let text = world.text("#progress-rows").await;
    world.see(
        "BP-11",
        "a row to an office that was never asked about waits, too",
        ended && text.contains(WAITS) && !text.contains("失敗"),
    );
    world.shot("batch-unasked").await?;
    world.press("OK").await?;
    world.until("!document.querySelector('dialog:modal')").await;
    Ok(())
}

/// A single letter takes its place in the same list.
async fn letter(world: &World, office: &Ui) -> Done {
    world.go(office, "/compose").await?;
    world.choose(&[file(world, 1)]).await?;
    world.until("document.querySelectorAll('#csv button').length === 1").await;
    world.press("送信").await?;
    world.until("document.querySelector('dialog:modal button.primary')").await;
    world.click("dialog:modal button.primary").await?;
    let listed = world.until(&format!("location.pathname === '/batch' && {}", both(WAITS))).await;
    world.see("BP-11", "and so does a letter, in the list of 一括送信", listed);
    world.shot("letter-unasked").await
}
