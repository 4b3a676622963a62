//! RX-14, TX-03: what nobody fetched in time. Its day comes while the gateway is stopped: the store is told what day it is.

use fumibako_gateway::{CONFIG_FILE, Config, Gateway, seal_key};
use fumibako_sqlite::SqliteStore;
use fumibako_store::{Asked, Store as _};
use jiff::SignedDuration;

use crate::world::{A, B, Done, Problem, World, ahead, now};

const DAYS: i64 = 95;
const GONE: &str = "[...document.querySelectorAll('#rows tbody tr')].find(r => r.innerText.includes('期限切れ'))";

/// There is a letter of B's that A did not fetch, and the gateway has stopped.
pub(crate) async fn play(world: &World) -> Done {
    let config = config(world)?;
    let serving = (0, Some(seal_key(&config.evidence)?));
    let store = SqliteStore::open_to_serve(&config.store_folder, config.domain.clone(), serving).await?;
    let day = now() + SignedDuration::from_hours(24 * DAYS);
    let expired = store.expire(config.retention(), Asked::ByThePerson, day).await?;
    store.close().await?;
    if let Some(why) = expired.failed {
        return Err(why.into());
    }
    if expired.days.is_empty() {
        return Err("no day of mail went".into());
    }
    // Before the gateway is there: a look in between would take what is gone for moved by hand.
    ahead((DAYS + 1) * 24 * 3_600);
    let running = Gateway::start(config).await?;
    let seen = async {
        received(world).await?;
        sent(world).await
    };
    let seen = seen.await;
    ahead(0);
    world.driver.goto("about:blank").await?;
    running.stop().await;
    seen
}

/// The gateway that was stopped, where it was.
pub(crate) fn config(world: &World) -> Result<Config, Problem> {
    let mut config = Config::load(&world.folder.path().join("gateway").join(CONFIG_FILE))?;
    let (listen, known) = (&mut config.listen, world.addresses);
    (listen.submission_tls, listen.submission_starttls) = (known.submission_tls, known.submission_starttls);
    (listen.imap_tls, listen.imap_starttls, listen.https) = (known.imap_tls, known.imap_starttls, known.https);
    Ok(config)
}

async fn received(world: &World) -> Done {
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/inbox").await?;
    world.press("更新").await?;
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
    let given = "return fetch(document.querySelector('a[href$=\"/proof\"]').href).then(async got => \
                 got.ok && (await got.text()).includes('ContentHandoverFailure'))";
    let given = world.js(given).await? == serde_json::json!(true);
    world.see("RX-14", "and the proof as a file, which the gateway finds by Message-ID and sender", given);
    Ok(())
}

/// TX-03: the gateway keeps no copy of it any more, for its sender either; the row stays, and so does what became of it.
async fn sent(world: &World) -> Done {
    world.enter(&world.b, B).await?;
    world.go(&world.b, "/sent").await?;
    world.press("更新").await?;
    let stays = world.until(GONE).await;
    let words = ["取得されず期限切れ", "期限切れの証明"];
    let said = world.holds(&format!("{}.every(w => {GONE}.innerText.includes(w))", serde_json::json!(words))).await;
    let barred = world.holds(&format!("!{GONE}.querySelector('button')")).await;
    world.see("TX-03", "what nobody fetched in time stays as 期限切れ in its sender's list", stays && said && barred);
    let taken =
        world.holds("[...document.querySelectorAll('#rows tbody tr')].some(r => r.innerText.includes('取得済'))");
    world.see("TX-03", "and what was fetched stays, too, when its content is gone", taken.await);
    world.shot("sent-expired").await?;
    world.js(&format!("{GONE}.querySelector('a').click()")).await?;
    let record = world.until("document.querySelector('h1')?.innerText === '期限切れの証明'").await;
    let printed =
        world.holds("document.querySelector('[data-print]') && document.querySelector('a[href$=\"/proof\"]')").await;
    let facts = world.in_order("main", &[A, "期限切れ"]).await;
    world.see("TX-03", "with its record to print, and the proof as a file", record && printed && facts);
    Ok(())
}
