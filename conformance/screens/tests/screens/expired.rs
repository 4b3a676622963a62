//! RX-14: what nobody fetched in time. Its day comes while the gateway is stopped: the store is told what day it is.

use fumibako_gateway::{CONFIG_FILE, Config, Gateway};
use fumibako_sqlite::SqliteStore;
use fumibako_store::{Asked, Store as _};
use jiff::SignedDuration;

use crate::world::{A, B, Done, World, ahead, now};

const DAYS: i64 = 95;
const GONE: &str = "[...document.querySelectorAll('#rows tbody tr')].find(r => r.innerText.includes('期限切れ'))";

/// There is a letter of B's that A did not fetch, and the gateway has stopped.
pub(crate) async fn play(world: &World) -> Done {
    let mut config = Config::load(&world.folder.path().join("gateway").join(CONFIG_FILE))?;
    let (listen, known) = (&mut config.listen, world.addresses);
    (listen.submission_tls, listen.submission_starttls) = (known.submission_tls, known.submission_starttls);
    (listen.imap_tls, listen.imap_starttls, listen.https) = (known.imap_tls, known.imap_starttls, known.https);
    let store = SqliteStore::open(&config.store_folder, config.domain.clone()).await?;
    let day = now() + SignedDuration::from_hours(24 * DAYS);
    store.expire(config.retention(), Asked::ByThePerson, day).await?;
    store.close().await?;
    let running = Gateway::start(config).await?;
    ahead((DAYS + 1) * 24 * 3_600);
    let seen = received(world).await;
    ahead(0);
    world.driver.goto("about:blank").await?;
    running.stop().await;
    seen
}

async fn received(world: &World) -> Done {
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/inbox").await?;
    let stays = world.until(GONE).await;
    let barred = world.holds(&format!("!{GONE}.querySelector('input') && !{GONE}.innerText.includes('あと')")).await;
    world.see(
        "RX-14",
        "what went before anybody fetched it stays as 期限切れ, and is not to be chosen",
        stays && barred,
    );
    world.shot("inbox-expired").await?;
    world.js(&format!("{GONE}.querySelector('a').click()")).await?;
    world.until("document.querySelector('#facts')").await;
    world.press("期限切れの証明").await?;
    let record = world.until("document.querySelector('h1')?.innerText === '期限切れの証明'").await;
    let words = ["送信元事業所", B, "受信日時", "取得されないまま保存期限が過ぎ"];
    world.shot("expired").await?;
    world.see("RX-14", "with its record to print", record && world.in_order("main", &words).await);
    Ok(())
}
