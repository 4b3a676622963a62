//! A page that nobody looks at for a while, and a program that ends and begins anew below it (LG-10, NW-12); files that no browser
//! can read (NW-09, BT-12).

use std::path::PathBuf;

use fumibako::ui::Ui;

use crate::world::{A, C, Done, World};

/// Short for a person, long enough for a slow machine between the login and the first word.
const IDLE_SECONDS: u32 = 30;
const MESSAGE: &str = "#message";

pub(crate) async fn play(world: &World) -> Done {
    let office = world.serve(C.0, |settings| settings.idle_seconds = IDLE_SECONDS).await?;
    covered(world, &office).await?;
    office.stop();
    let office = world.serve(C.0, |_| ()).await?;
    unreadable(world, &office).await?;
    let office = restarted(world, office).await?;
    office.stop();
    world.enter(&world.a, A).await
}

/// Every point of the window belongs to the lock, and what lies below cannot be seen.
const COVERED: &str = "(() => { const lock = document.querySelector('dialog#lock:modal'); if (!lock) return false; \
    const back = getComputedStyle(lock, '::backdrop').backgroundColor; \
    for (let x = 5; x < document.documentElement.clientWidth; x += 90) for (let y = 5; y < innerHeight; y += 90) \
        if (!lock.contains(document.elementFromPoint(x, y))) return false; \
    return back === 'rgb(242, 242, 242)'; })()";

/// LG-10: nobody clicks, nobody asks anything, and the page is covered all the same.
async fn covered(world: &World, office: &Ui) -> Done {
    world.enter(office, C.0).await?;
    world.driver.goto(World::url(office, "/compose")).await?;
    world.fill(MESSAGE, "席を立つ前に書いた").await?;
    let paper = world.print().await?;
    let before = paper.shows('席') && paper.shows('業');
    tokio::time::sleep(std::time::Duration::from_secs(u64::from(IDLE_SECONDS))).await;
    let covered = world.soon(COVERED).await;
    world.see(
        "LG-10",
        "after the time of the settings the page is covered by itself, and nothing below is seen",
        covered,
    );
    world.shot("locked-idle").await?;
    let paper = world.print().await?;
    // The login's own words are there, so the others would be found.
    world.see(
        "LG-10",
        "printed, too, a covered page shows nothing of what lies below, nor whose it is",
        before && paper.shows('ロ') && !paper.shows('席') && !paper.shows('業'),
    );
    for _ in 0..2 {
        world.driver.action_chain().send_keys(thirtyfour::Key::Escape.value().to_string()).perform().await?;
    }
    // A browser that closes it shows it again a moment later.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    world.see("LG-10", "Escape, pressed again and again, does not take the cover off", world.holds(COVERED).await);
    // What happens meanwhile is heard, and shows nothing.
    world.js("new BroadcastChannel('fumibako').postMessage('all')").await?;
    world.fill("dialog#lock input[name=password]", &world.password(C.0)).await?;
    world.click("dialog#lock button.primary").await?;
    let back = world.soon("!document.querySelector('dialog#lock') && location.pathname.startsWith('/compose/')").await;
    let kept = world
        .holds("document.querySelector('#message').value === '席を立つ前に書いた' && document.activeElement.id === 'message'")
        .await;
    world.see(
        "LG-10",
        "the login leads back to the same screen, the words and the focus where they were",
        back && kept,
    );
    Ok(())
}

/// A file that changed since it was chosen cannot be read, as one that other software has locked; a folder whose folders go too deep.
const LOCKED: &str = "return (async () => { const root = await navigator.storage.getDirectory(); \
    const place = await root.getFileHandle('使用中.pdf', { create: true }); \
    const write = async (text) => { const out = await place.createWritable(); await out.write(text); await out.close(); }; \
    await write('a'); const locked = await place.getFile(); await write('longer than before'); \
    const chosen = new DataTransfer(); chosen.items.add(locked); chosen.items.add(new File(['%PDF-1.7'], '読める.pdf')); \
    const field = document.querySelector('input[type=file]'); field.files = chosen.files; \
    field.dispatchEvent(new Event('change', { bubbles: true })); return locked.arrayBuffer().then(() => 'read', () => 'locked'); })()";

async fn unreadable(world: &World, office: &Ui) -> Done {
    world.enter(office, C.0).await?;
    world.go(office, "/compose").await?;
    let locked = world.js(LOCKED).await? == "locked";
    let told = world.until("document.querySelector('#left')?.innerText.includes('使用中.pdf')").await
        && world.in_order("#left", &["使用中.pdf", "読めませんでした", "閉じてから"]).await;
    let rest = world.holds("document.querySelector('#other').innerText.includes('読める.pdf')").await
        && !world.holds("document.querySelector('#stopped').checkVisibility()").await;
    world.see(
        "NW-09",
        "a file that cannot be read is named, with what to do; the others are added",
        locked && told && rest,
    );
    world.shot("compose-unread").await?;
    let folder = folder(world)?;
    world.go(office, "/batch").await?;
    world.js(DENIED).await?;
    world.drop_on("fumi-drop", &[folder]).await?;
    let rows = world.until("document.querySelector('#rows')?.innerText.includes('9980000001')").await;
    let row = world.in_order("#rows tbody", &["9980000001", "9980000002"]).await;
    world.see("BT-12", "a folder that is dropped is walked, with its folders", rows && row);
    let left = world.text("#left").await;
    let says = |name: &str, words: &str| left.lines().any(|line| line.contains(name) && line.contains(words));
    world.see(
        "BT-12",
        "what lies too deep is named, what cannot be read hinders nothing",
        says("1/2/3/4/5/6/7/8/9", "深すぎる") && says("gone.csv", "読めませんでした"),
    );
    world.press("全選択").await?;
    world.press("削除").await?;
    world.until("!document.querySelector('#rows tbody')").await;
    Ok(())
}

/// What a browser says of a file in a folder that this user may not read. The user who runs the tests may read every file.
const DENIED: &str = "const get = DataTransferItem.prototype.webkitGetAsEntry; \
    const denied = (done, failed) => failed(new DOMException('denied', 'NotReadableError')); \
    DataTransferItem.prototype.webkitGetAsEntry = function () { const entry = get.call(this), open = entry.createReader; \
        entry.createReader = () => { const reader = open.call(entry), read = reader.readEntries; \
            reader.readEntries = (done, failed) => read.call(reader, (some) => { \
                for (const one of some) if (one.name === 'gone.csv') one.file = denied; done(some); }, failed); \
            return reader; }; return entry; };";

/// Two rows' files, one of them in a folder of the folder; one that cannot be read; and folders in folders.
fn folder(world: &World) -> Result<PathBuf, crate::world::Problem> {
    let folder = world.folder.path().join("care");
    let deep = folder.join("1/2/3/4/5/6/7/8/9/10");
    std::fs::create_dir_all(&deep)?;
    let name = |office: &str| format!("DLT1KYO_{}_15_{office}_11_20251012120000.CSV", C.0);
    for (place, office) in [(&folder, "9980000001"), (&folder.join("1"), "9980000002"), (&deep, "9980000003")] {
        std::fs::write(place.join(name(office)), b"202407,999903,9900000011,20250920\r\n")?;
    }
    std::fs::write(folder.join("gone.csv"), b"x")?;
    Ok(folder)
}

/// The program ends and begins anew: the page says so, the address stays, and whoever logs in again goes on where he was.
async fn restarted(world: &World, office: Ui) -> Result<Ui, crate::world::Problem> {
    world.go(&office, "/compose").await?;
    world.fill(MESSAGE, "止まる前に書いた").await?;
    world.until("document.querySelector('#saved').innerText.includes('下書きに保存しました')").await;
    let host = office.host().to_owned();
    let shown = |id: &str| format!("document.querySelector('{id}').checkVisibility()");
    let before = world.holds(&shown("#stopped")).await;
    office.stop();
    let told = world.until(&shown("#stopped")).await
        && world.in_order("#stopped", &["止まっています", "もう一度起動", "ログイン"]).await;
    world.see("NW-12", "the page says by itself that the program has stopped, and what is kept", told && !before);
    world.shot("stopped").await?;
    let office = world.serve(C.0, |_| ()).await?;
    world.see("LG-02", "after a restart the address is the same", office.host() == host);
    let asked = world.until(&format!("!{} && {}", shown("#stopped"), shown("#answered"))).await
        && world.in_order("#answered", &["ログインは終わっています", "新しいリンク"]).await;
    world.see("LG-02", "and the page asks for the login, not for a program that runs", asked);
    let page = world.tab().await?;
    world.enter(&office, C.0).await?;
    world.home(page).await?;
    let goes_on = world.until(&format!("!{}", shown("#answered"))).await
        && world.holds("document.querySelector('#message').value === '止まる前に書いた'").await;
    world.press("一時保存").await?;
    let kept = world
        .until(
            "location.pathname === '/drafts' && document.querySelector('#rows').innerText.includes('止まる前に書いた')",
        )
        .await;
    world.see("NW-12 LG-10", "after a login in another tab the page goes on, with what was typed", goes_on && kept);
    // Its last connection ends with the page.
    world.driver.goto("about:blank").await?;
    Ok(office)
}
