//! The same screens in English: they say nothing in Japanese but what people wrote, and fit.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::eye::PAGES;
use crate::world::{A, B, Done, World};

/// Japanese that is no name, no message and no file: its place and its words.
const JAPANESE: &str = r"
const own = '[lang=ja], .message, .files, textarea, [data-typed]', found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const { parentElement: place, nodeValue: text } = walker.currentNode;
  // Names within a sentence, and folders, are what people wrote.
  const ours = text.replace(/見本[^\s.,]*|架空町[^\s.,]*|\/\S*/g, '');
  if (/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(ours) && place.checkVisibility() && !place.closest(own)) found.push(place.localName + ': ' + text.trim().slice(0, 60));
}
return found;
";

pub(crate) async fn play(world: &World) -> Done {
    world.enter(&world.a, A).await?;
    spoken(world, "en").await?;
    let mut wrong = String::new();
    for page in PAGES {
        world.go(&world.a, page).await?;
        fits(world, page, &mut wrong).await?;
    }
    letter(world, &mut wrong).await?;
    many(world, &mut wrong).await?;
    granted(world, &mut wrong).await?;
    world.go(&world.a, "/directory?query=99").await?;
    fits(world, "/directory-found", &mut wrong).await?;
    world.driver.goto(World::url(&world.a, "/sent")).await?;
    world.click("#rows td.acts > a").await?;
    world.until("location.pathname.startsWith('/sent/')").await;
    fits(world, "/receipt", &mut wrong).await?;
    spoken(world, "ja").await?;
    world.enter(&world.b, B).await?;
    spoken(world, "en").await?;
    received(world, &mut wrong).await?;
    spoken(world, "ja").await?;
    eprint!("{wrong}");
    world.see("LANGUAGE", "every screen in English says nothing in Japanese of its own, and fits", wrong.is_empty());
    world.enter(&world.a, A).await
}

async fn spoken(world: &World, lang: &str) -> Done {
    world.js("document.querySelector('dialog:modal a[data-cancel]')?.click()").await?;
    world.click(&format!("button[name=lang][value={lang}]")).await?;
    world
        .until(&format!(
            "document.documentElement.lang === '{lang}' && !document.querySelector('#bar button[lang={lang}]')"
        ))
        .await;
    Ok(())
}

/// Looks at the page as it stands: at the narrowest and the common width, with the smallest and the largest letters.
async fn fits(world: &World, page: &str, wrong: &mut String) -> Done {
    let name = if page == "/" { "home".to_owned() } else { page[1..].replace('/', "-") };
    if let Value::Array(found) = world.js(JAPANESE).await? {
        for one in found {
            let _ = writeln!(wrong, "{page} in English: {one}");
        }
    }
    for (width, height) in [(320, 700), (1366, 768)] {
        let window = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        world.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", window).await?;
        for size in ["largest", "standard"] {
            world.js(&format!("document.documentElement.dataset.size = '{size}'")).await?;
            let over = "return Math.max(document.documentElement.scrollWidth - innerWidth, \
                ...[...document.querySelectorAll('.scroll, dialog')].map(e => e.scrollWidth - e.clientWidth - 1))";
            let over = world.js(over).await?.as_i64().unwrap_or(99);
            if over > 0 {
                let _ = writeln!(wrong, "{page} in English at {width} px, {size}: {over} px too wide");
            }
            world.shot(&format!("en/{name}-{width}-{size}")).await?;
        }
    }
    world.driver.cdp().send_raw("Emulation.clearDeviceMetricsOverride", json!({})).await?;
    world.audit().await;
    Ok(())
}

async fn letter(world: &World, wrong: &mut String) -> Done {
    world.go(&world.a, "/compose").await?;
    world.choose(&world.sample("v41-use-one-person")).await?;
    world.until(&format!("document.querySelector('#to')?.innerText.includes('{B}')")).await;
    fits(world, "/compose-filled", wrong).await?;
    world.press("Send").await?;
    world.until("document.querySelector('dialog:modal')").await;
    fits(world, "/compose-confirm", wrong).await?;
    world.press("Cancel").await?;
    world.until("!document.querySelector('dialog:modal')").await;
    Ok(())
}

async fn many(world: &World, wrong: &mut String) -> Done {
    let row: &[u8] = b"202407,999903,9900000011,20250920\r\n";
    let files = ["9980000001", B].map(|to| world.write(&format!("DLT1KYO_{A}_43_{to}_11_20251013120000.CSV"), row));
    world.go(&world.a, "/batch").await?;
    world.choose(&files).await?;
    world.until("document.querySelectorAll('#rows tbody tr').length >= 2").await;
    fits(world, "/batch-filled", wrong).await?;
    world.press("Choose all").await?;
    world.press("Remove").await?;
    world.until("document.querySelector('#rows.empty')").await;
    Ok(())
}

async fn granted(world: &World, wrong: &mut String) -> Done {
    world.go(&world.a, "/proxy").await?;
    world.click("#grant summary").await?;
    fits(world, "/proxy-grant", wrong).await?;
    world.fill("#agent", "kawara").await?;
    world.click("#grant button[name=ask]").await?;
    world.until("document.querySelector('dialog:modal')").await;
    fits(world, "/proxy-ask", wrong).await
}

async fn received(world: &World, wrong: &mut String) -> Done {
    world.go(&world.b, "/inbox").await?;
    world.until("document.querySelector('#rows tbody tr')").await;
    fits(world, "/inbox-filled", wrong).await?;
    world.click("#rows td a.number").await?;
    world.until("location.pathname.startsWith('/inbox/')").await;
    fits(world, "/received", wrong).await?;
    world.press("Fetch").await?;
    world.until("document.querySelector('dialog:modal')").await;
    fits(world, "/inbox-save", wrong).await?;
    world.press("Cancel").await?;
    world.until("!document.querySelector('dialog:modal')").await;
    Ok(())
}
