//! The whole round by the keyboard alone: a letter with files from A to B, its 受領証, and 一括送信. Only what the system's own
//! chooser does is done for it.

use thirtyfour::Key;

use crate::world::{A, B, Done, World};

/// Is what has the focus seen: a ring around it, within the window, and nothing over it?
const SEEN: &str = r"
const e = document.activeElement;
if (!e || e === document.body || e.id === 'main') return '';
const ringed = e.matches('.vh') ? e.labels[0] : e, style = getComputedStyle(ringed), box = ringed.getBoundingClientRect();
const name = e.outerHTML.slice(0, 120);
if (style.outlineStyle !== 'solid' || parseFloat(style.outlineWidth) < 3) return 'no ring: ' + name;
const x = Math.min(Math.max(box.x + box.width / 2, 1), innerWidth - 2), y = Math.min(Math.max(box.y + Math.min(box.height, innerHeight) / 2, 1), innerHeight - 2);
if (box.bottom < 1 || box.top > innerHeight - 1) return 'outside of the window: ' + name;
const there = document.elementFromPoint(x, y);
return there && (ringed.contains(there) || there.contains(ringed)) ? '' : 'covered: ' + name;
";

pub(crate) async fn play(world: &World) -> Done {
    login(world).await?;
    letter(world).await?;
    received(world).await?;
    many(world).await?;
    world.enter(&world.a, A).await
}

async fn press(world: &World, key: Key) -> Done {
    Ok(world.driver.action_chain().send_keys(key.value().to_string()).perform().await?)
}

async fn types(world: &World, text: &str) -> Done {
    Ok(world.driver.action_chain().send_keys(text).perform().await?)
}

async fn back(world: &World) -> Done {
    let chain = world.driver.action_chain().key_down(Key::Shift).send_keys(Key::Tab.value().to_string());
    Ok(chain.key_up(Key::Shift).perform().await?)
}

/// Goes on by Tab until what has the focus is such.
async fn reach(world: &World, css: &str, forward: bool) -> Done {
    for _ in 0..60 {
        if forward {
            press(world, Key::Tab).await?;
        } else {
            back(world).await?;
        }
        let hidden = world.js(SEEN).await?;
        let hidden = hidden.as_str().unwrap_or_default();
        if !hidden.is_empty() {
            world.see("KEYS", &format!("the focus is always seen ({hidden})"), false);
        }
        if world.holds(&format!("document.activeElement.matches({css:?})")).await {
            return Ok(());
        }
    }
    Err(format!("Tab does not come to {css}").into())
}

async fn is_on(world: &World, css: &str) -> bool {
    world.soon(&format!("document.activeElement.matches({css:?})")).await
}

async fn login(world: &World) -> Done {
    world.driver.goto(world.a.link()).await?;
    let first = is_on(world, "#user").await;
    types(world, A).await?;
    reach(world, "#password", true).await?;
    types(world, &world.password(A)).await?;
    reach(world, "#door button.primary", true).await?;
    press(world, Key::Enter).await?;
    let home = world.until("document.title.includes('ホーム')").await;
    world.see("KEYS", "the login begins in its first field and ends with Enter", first && home);
    Ok(())
}

async fn letter(world: &World) -> Done {
    reach(world, "#tabs a[href='/compose']", true).await?;
    press(world, Key::Enter).await?;
    world.until("document.querySelector('#letter')").await;
    reach(world, "#file", true).await?;
    world.choose(&world.sample("v41-use-one-person")).await?;
    world.until("document.querySelectorAll('#csv button').length === 3").await;
    world.see("KEYS", "after files were added the focus is where they were chosen", is_on(world, "#file").await);
    reach(world, "#csv button", true).await?;
    press(world, Key::Space).await?;
    world.until("document.querySelectorAll('#csv button').length === 2").await;
    world.see("KEYS", "after one was removed the focus is on the next", is_on(world, "#csv button").await);
    reach(world, "#file", false).await?;
    world.choose(&world.sample("v41-use-one-person")).await?;
    world.until("document.querySelectorAll('#csv button').length === 3").await;
    reach(world, "#message", true).await?;
    types(world, "キーボードだけで書きました").await?;
    reach(world, "#letter .sticky button.primary", true).await?;
    press(world, Key::Enter).await?;
    world.until("document.querySelector('dialog:modal')").await;
    let ok = is_on(world, "dialog button.primary").await;
    press(world, Key::Escape).await?;
    let closed = world.until("!document.querySelector('dialog:modal')").await;
    let returned = is_on(world, "#letter .sticky button.primary").await;
    let kept = world.holds("document.querySelector('#message').value.includes('キーボード')").await;
    world.see(
        "KEYS CF-03",
        "送信確認 begins on OK; Escape closes it, and 送信 has the focus again",
        ok && closed && returned && kept,
    );
    press(world, Key::Enter).await?;
    world.until("document.querySelector('dialog:modal')").await;
    back(world).await?;
    let cancel = is_on(world, "dialog a[data-cancel]").await;
    press(world, Key::Enter).await?;
    let closed = world.until("!document.querySelector('dialog:modal')").await;
    let returned = is_on(world, "#letter .sticky button.primary").await;
    world.see("KEYS CF-02", "キャンセル does the same", cancel && closed && returned);
    press(world, Key::Enter).await?;
    world.until("document.querySelector('dialog:modal')").await;
    press(world, Key::Enter).await?;
    let sent = world.until("location.pathname === '/sent'").await;
    world.see("KEYS", "Enter on OK sends, and the list begins at its heading", sent && is_on(world, "#main").await);
    reach(world, "#rows .acts > a", true).await?;
    press(world, Key::Enter).await?;
    world.until("location.pathname.startsWith('/sent/')").await;
    reach(world, "button[data-print]", true).await?;
    Ok(())
}

async fn received(world: &World) -> Done {
    world.enter(&world.b, B).await?;
    reach(world, "#tabs a[href='/inbox']", true).await?;
    press(world, Key::Enter).await?;
    world.until("document.querySelector('#rows tr.new input')").await;
    reach(world, "#filter input[name=show]", true).await?;
    press(world, Key::Space).await?;
    reach(world, "#filter button", true).await?;
    press(world, Key::Enter).await?;
    let only = world.until("location.search.includes('show=new') && parseInt(document.querySelector('#filter [role=status]').innerText) === document.querySelectorAll('#rows tr.new').length").await;
    world.see(
        "KEYS RX-10",
        "the filter stands before the list, says how many are left, and keeps the focus",
        only && is_on(world, "#filter button").await,
    );
    reach(world, "#rows input[name=row]", true).await?;
    press(world, Key::Space).await?;
    reach(world, "#list > .row > button.primary", false).await?;
    press(world, Key::Enter).await?;
    world.until("document.querySelector('dialog:modal')").await;
    let on = is_on(world, "dialog button.primary").await;
    press(world, Key::Escape).await?;
    let closed = world.until("!document.querySelector('dialog:modal')").await;
    let returned = is_on(world, "#list > .row > button.primary").await;
    let kept = world.holds("document.querySelector('#rows input[name=row]').checked").await;
    world.see(
        "KEYS RX-06",
        "データ取得 begins on 保存する; Escape leaves what was ticked",
        on && closed && returned && kept,
    );
    press(world, Key::Enter).await?;
    world.until("document.querySelector('dialog:modal')").await;
    press(world, Key::Enter).await?;
    let saved = world.until("document.querySelector('#saved-files')").await;
    world.see("KEYS RX-05", "and Enter saves", saved && is_on(world, "#list > .row > button.primary").await);
    reach(world, "#rows td a.number", true).await?;
    press(world, Key::Enter).await?;
    world.until("location.pathname.startsWith('/inbox/')").await;
    reach(world, "#facts a[href$='/receipt']", true).await?;
    press(world, Key::Enter).await?;
    world.until("location.pathname.endsWith('/receipt')").await;
    reach(world, "button[data-print]", true).await
}

async fn many(world: &World) -> Done {
    world.enter(&world.a, A).await?;
    reach(world, "#tabs a[href='/batch']", true).await?;
    press(world, Key::Enter).await?;
    world.until("document.querySelector('#batch')").await;
    reach(world, "#file", true).await?;
    let row: &[u8] = b"202407,999903,9900000011,20250920\r\n";
    world.choose(&[world.write(&format!("DLT1KYO_{A}_43_{B}_11_20251014120000.CSV"), row)]).await?;
    world.until(&format!("document.querySelector('#rows').innerText.includes('{B}')")).await;
    world.js("document.querySelectorAll('#rows input[name=row]').forEach(box => { box.checked = false; })").await?;
    reach(world, "#rows tr input[aria-label*='2025/10/14']", true).await?;
    press(world, Key::Space).await?;
    reach(world, "#batch .sticky button.primary", true).await?;
    press(world, Key::Enter).await?;
    world.until("document.querySelector('dialog#progress:modal')").await;
    let inside = world.soon("document.activeElement.closest('dialog')").await;
    world.until("!document.querySelector('#ok').disabled").await;
    reach(world, "#ok", true).await?;
    press(world, Key::Enter).await?;
    let closed = world.until("!document.querySelector('dialog:modal')").await;
    let returned = is_on(world, "#batch .sticky button.primary").await;
    world.see(
        "KEYS BP-06",
        "the progress holds the focus while it runs, and gives it back",
        inside && closed && returned,
    );
    Ok(())
}
