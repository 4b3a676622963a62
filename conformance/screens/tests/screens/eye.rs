//! What an eye, a keyboard and a screen reader need: contrast, names, sizes, no sideways scroll. Own checks beside those of
//! axe-core, which leaves some contrasts to people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fumibako::ui::Ui;
use serde_json::{Value, json};

use crate::world::{Done, World};

/// Every screen that stands by itself.
pub(crate) const PAGES: [&str; 11] = [
    "/",
    "/inbox",
    "/sent",
    "/compose",
    "/drafts",
    "/batch",
    "/directory",
    "/proxy",
    "/licence",
    "/password",
    "/doctor",
];

/// Finds what is wrong with names, roles, order, contrast and targets on a page.
const CHECK: &str = r"
const wrong = [];
const seen = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !e.closest('.vh');
const label = (e) => (e.getAttribute('aria-label') ?? [...(e.labels ?? [])].map((l) => l.innerText).join(' ') ?? '').trim() || e.innerText.trim() || e.title;
for (const e of document.querySelectorAll('button, a[href], input:not([type=hidden]), textarea, select')) {
  if (seen(e) && !label(e)) wrong.push('no name: ' + e.outerHTML.slice(0, 120));
  const box = e.getBoundingClientRect();
  if (seen(e) && e.type !== 'checkbox' && e.tagName !== 'A' && box.width && (box.width < 24 || box.height < 24)) wrong.push('small: ' + e.outerHTML.slice(0, 120));
}
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push('id twice: ' + id);
for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby]')) {
  for (const id of (e.getAttribute('aria-labelledby') ?? e.getAttribute('aria-describedby')).split(' ')) if (!document.getElementById(id)) wrong.push('no such id: ' + id);
}
if (document.querySelectorAll('h1').length !== 1) wrong.push('not one h1');
if (document.querySelectorAll('main').length !== 1) wrong.push('not one main');
if (!document.documentElement.lang || !document.title) wrong.push('no language or title');
for (const t of document.querySelectorAll('table')) if (!t.querySelector('th[scope]')) wrong.push('table without heads');
const rgb = (c) => { const m = c.match(/[\d.]+/g).map(Number); return { r: m[0], g: m[1], b: m[2], a: m[3] ?? 1 }; };
const lum = ({ r, g, b }) => { const f = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
const behind = (e) => { for (let n = e; n; n = n.parentElement) { const c = rgb(getComputedStyle(n).backgroundColor); if (c.a > 0.9) return c; } return { r: 255, g: 255, b: 255 }; };
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.nodeValue.trim());
  if (!own || !seen(e) || e.closest('button:disabled')) continue;
  const style = getComputedStyle(e), [a, b] = [lum(rgb(style.color)), lum(behind(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) wrong.push('contrast ' + ratio.toFixed(2) + ': ' + e.innerText.slice(0, 30));
}
return wrong;
";

pub(crate) async fn play(world: &World) -> Done {
    names(world).await?;
    widths(world).await?;
    forced(world).await?;
    keyboard(world).await
}

async fn names(world: &World) -> Done {
    names_on(world, &world.a, &PAGES).await?;
    let log = world.driver.execute("return window.performance.getEntriesByType('resource').every(r => new URL(r.name).origin === location.origin)", Vec::new()).await?;
    world.see("EYE", "nothing is fetched from elsewhere", *log.json() == true);
    Ok(())
}

/// The same of whatever pages.
pub(crate) async fn names_on(world: &World, ui: &Ui, pages: &[&str]) -> Done {
    let (mut wrong, mut titles) = (String::new(), BTreeSet::new());
    for page in pages {
        world.go(ui, page).await?;
        world.until("document.querySelector('#main')").await;
        if !titles.insert(world.js("return document.title").await?.to_string()) {
            let _ = writeln!(wrong, "{page}: another page has its title");
        }
        if let Value::Array(found) = world.js(CHECK).await? {
            for one in found {
                let _ = writeln!(wrong, "{page}: {one}");
            }
        }
    }
    eprint!("{wrong}");
    world.see("EYE", "names, roles, contrast and targets on every screen", wrong.is_empty());
    Ok(())
}

/// Where axe-core looks at a page: at the narrowest and the common width. Between 40 and 60 rem the style sheet asks what it asks at
/// 320 px, but for the menu, the filter and the last row of buttons; from 120 rem on it adds room, and columns on ホーム. There those
/// pages stand for all.
fn is_audited(page: &str, width: u32) -> bool {
    match width {
        683 => ["/inbox", "/compose"].contains(&page),
        3840 => page == "/",
        _ => true,
    }
}

/// From a telephone's 320 px to 4K, at every size of letters.
async fn widths(world: &World) -> Done {
    let mut wide = String::new();
    for page in PAGES {
        world.go(&world.a, page).await?;
        for (width, height) in [(320, 700), (683, 800), (1366, 768), (3840, 2160)] {
            let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
            world.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", size).await?;
            for size in ["largest", "large", "standard"] {
                world.js(&format!("document.documentElement.dataset.size = '{size}'")).await?;
                let over = world
                    .js("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    .await?;
                if over.as_i64().unwrap_or(99) > 0 {
                    let _ = writeln!(wide, "{page} at {width} px, {size}: {over} px too wide");
                }
                world.shot(&format!("{}-{width}-{size}", if page == "/" { "home" } else { &page[1..] })).await?;
            }
            if is_audited(page, width) {
                world.audit().await;
            }
        }
        world.driver.cdp().send_raw("Emulation.clearDeviceMetricsOverride", json!({})).await?;
    }
    eprint!("{wide}");
    world.see("EYE", "no page scrolls sideways, from 320 px to 4K", wide.is_empty());
    Ok(())
}

/// Does every table of the page that is shown fit into it, at the common widths and every size of letters?
pub(crate) async fn fits(world: &World, what: &str) -> Done {
    let mut wide = String::new();
    for (width, height) in [(320, 700), (683, 800), (1366, 768)] {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        world.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", size).await?;
        for size in ["largest", "large", "standard"] {
            world.js(&format!("document.documentElement.dataset.size = '{size}'")).await?;
            let over = world
                .js("return Math.max(0, ...[...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth))")
                .await?;
            // A pixel is rounding.
            if over.as_i64().unwrap_or(99) > 1 {
                let _ = writeln!(wide, "{what} at {width} px, {size}: {over} px hidden");
            }
            world.shot(&format!("fits-{what}-{width}-{size}")).await?;
        }
    }
    world.driver.cdp().send_raw("Emulation.clearDeviceMetricsOverride", json!({})).await?;
    eprint!("{wide}");
    world.see("EYE", &format!("no column of {what} is hidden"), wide.is_empty());
    Ok(())
}

/// Colours that the system forces take all of ours away: what they alone said must still be seen.
async fn forced(world: &World) -> Done {
    let cdp = world.driver.cdp();
    let media = |features: Value| cdp.send_raw("Emulation.setEmulatedMedia", features);
    media(json!({ "features": [{ "name": "forced-colors", "value": "active" }] })).await?;
    let edge = |css: &str| {
        format!(
            "(() => {{ const s = getComputedStyle(document.querySelector('{css}')); return s.borderTopStyle + s.borderTopWidth; }})()"
        )
    };
    world.go(&world.a, "/compose").await?;
    let is_forced = world.holds("matchMedia('(forced-colors: active)').matches").await;
    let differ = |a: &str, b: &str| format!("{} !== {}", edge(a), edge(b));
    let pressed = world.holds(&differ("#bar button[aria-pressed=true]", "#bar button[aria-pressed=false]")).await;
    let here = world.holds(&differ("#tabs a[aria-current]", "#tabs a:not([aria-current])")).await;
    let primary = world.holds(&differ("main button.primary", "main .sticky button:not(.primary)")).await;
    world.see(
        "EYE",
        "forced colours: the size that is set, the page that is shown and the button that acts stand out",
        is_forced && pressed && here && primary,
    );
    let text =
        "getComputedStyle(document.querySelector('.drop svg.icon')).color === getComputedStyle(document.body).color";
    world.see("EYE", "forced colours: pictures have the colour of text", world.holds(text).await);
    world.js("document.querySelector('#message').focus()").await?;
    let ring = "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle === 'solid' && parseFloat(s.outlineWidth) >= 3; })()";
    world.see("EYE", "forced colours: the focus is seen", world.holds(ring).await);
    world.shot("forced-compose").await?;
    world.go(&world.b, "/inbox").await?;
    world.shot("forced-inbox").await?;
    let chips =
        "[...document.querySelectorAll('.chip, .count')].every(e => getComputedStyle(e).borderTopStyle === 'solid')";
    let some = world.holds("document.querySelector('.chip') && document.querySelector('main')").await;
    world.see("EYE", "forced colours: states and counts keep their edge", some && world.holds(chips).await);
    media(json!({ "features": [] })).await?;
    Ok(())
}

pub(crate) async fn tab(world: &World) -> Done {
    Ok(world.driver.action_chain().send_keys(thirtyfour::Key::Tab.value().to_string()).perform().await?)
}

/// Tab alone reaches everything, the way past the menu first.
async fn keyboard(world: &World) -> Done {
    world.go(&world.a, "/compose").await?;
    tab(world).await?;
    world.see(
        "EYE",
        "the way to the content comes first",
        world.holds("document.activeElement.classList.contains('skip')").await,
    );
    world.js("window.mark = true").await?;
    world.driver.action_chain().send_keys(thirtyfour::Key::Enter.value().to_string()).perform().await?;
    let past = world.until("location.hash === '#main' && document.activeElement.id === 'main'").await;
    // Which is told a moment later.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    world.see("EYE", "it leads there, and the page stays the same", past && world.holds("window.mark").await);
    world.go(&world.a, "/compose").await?;
    let mut seen = Vec::new();
    for _ in 0..40 {
        tab(world).await?;
        let here = world
            .js("const e = document.activeElement; return (e.id || e.innerText || e.name || e.tagName).trim()")
            .await?;
        let here = here.as_str().unwrap_or_default().to_owned();
        seen.push(here);
    }
    let all = ["受信一覧", "file", "message", "一時保存", "送信"]
        .iter()
        .all(|wanted| seen.iter().any(|name| name.contains(wanted)));
    if !all {
        eprintln!("  reached by Tab: {seen:?}");
    }
    world.see("EYE", "the keyboard alone reaches every field and button", all);
    Ok(())
}
