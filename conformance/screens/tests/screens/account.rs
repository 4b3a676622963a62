//! What a user ID may do (LG-06), and passwords that open nothing until they are changed (LG-08).

use std::sync::atomic::{AtomicI64, Ordering};

use fumibako_gateway::{AccountRequest, Request, Secret};
use fumibako_model::{AccountChange, Role};

use crate::world::{B, Done, World};

const NEW: &str = "kawa no nagare ni";

/// Seconds by which the clock of the screens runs ahead next.
static AHEAD: AtomicI64 = AtomicI64::new(6 * 60);

pub(crate) async fn play(world: &World) -> Done {
    world.enter(&world.b, B).await?;
    let done = async {
        temporary(world).await?;
        roles(world).await?;
        stopped(world).await
    };
    let done = done.await;
    crate::world::ahead(0);
    done
}

fn account(world: &World, request: AccountRequest) {
    world.ask(Request::Account(request));
}

async fn temporary(world: &World) -> Done {
    let password = Secret("from-the-desk".into());
    account(world, AccountRequest::Password { login: B.into(), password, temporary: true });
    let asked = sent_to_the_change(world, "ゲートウェイのパスワードが、このパソコンの設定と違います").await?;
    world.see("LG-08", "a password that the operator replaced is said as such", asked);
    world.shot("password").await?;
    let change = async |old: &str, new: &str, again: &str| -> Done {
        for (field, text) in [("#old", old), ("#new", new), ("#again", again)] {
            world.fill(field, text).await?;
        }
        world.click("#door button.primary").await
    };
    change("from-the-desk", NEW, "another").await?;
    let differ = world.until("document.querySelector('#trouble')?.innerText.includes('2回の入力が違います')").await;
    change("from-the-desk", "mijikai", "mijikai").await?;
    let short = world.until("document.querySelector('#trouble')?.innerText.includes('12 文字以上')").await;
    world.shot("password-short").await?;
    change("wrong", NEW, NEW).await?;
    let wrong = world.until("document.querySelector('#trouble')?.innerText.includes('パスワードが違います')").await;
    world.see("LG-08", "what is wrong with a new password is said in plain words", differ && short && wrong);
    change("from-the-desk", NEW, NEW).await?;
    let home = world
        .until("location.pathname === '/' && document.querySelector('#toast')?.innerText.includes('変えました')")
        .await;
    let online = world.until("document.querySelector('#state')?.innerText.includes('利用可能です。')").await;
    world.see(
        "LG-08",
        "changed, everything goes on, and this computer knows the new one",
        home && online && world.password(B) == NEW,
    );
    let password = Secret(NEW.into());
    account(world, AccountRequest::Password { login: B.into(), password, temporary: true });
    let asked = sent_to_the_change(world, "仮パスワードです").await?;
    world.see("LG-08", "a temporary password is said as such, with the way to renew it", asked);
    world.shot("password-temporary").await?;
    let password = Secret(NEW.into());
    account(world, AccountRequest::Password { login: B.into(), password, temporary: false });
    let gone = until_at(world, "/", "document.querySelector('#tabs') && !document.querySelector('#why')").await?;
    world.see("LG-08", "once it is in order the screens open again", gone);
    Ok(())
}

/// 更新, from whatever page: while the program is told of news it looks by itself only now and then.
const REFRESH: &str = "return (async () => { for (const list of ['/inbox', '/sent']) await fetch(list + '/refresh', { method: 'POST', \
    body: new URLSearchParams({ csrf: document.querySelector('input[name=csrf]')?.value ?? '' }) }); })()";

/// Goes to a page again and again until this holds there.
async fn until_at(world: &World, path: &str, expression: &str) -> Result<bool, crate::world::Problem> {
    world.go(&world.b, path).await?;
    world.js(REFRESH).await?;
    for _ in 0..80 {
        world.driver.goto(World::url(&world.b, path)).await?;
        if world.holds(expression).await {
            world.audit().await;
            return Ok(true);
        }
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    Ok(false)
}

async fn sent_to_the_change(world: &World, words: &str) -> Result<bool, crate::world::Problem> {
    let expression =
        format!("location.pathname === '/password' && document.querySelector('#why')?.innerText.includes('{words}')");
    until_at(world, "/inbox", &expression).await
}

async fn roles(world: &World) -> Done {
    let role = |role| account(world, AccountRequest::Change(AccountChange::Role { login: B.into(), role }));
    let menu = "[...document.querySelectorAll('#tabs a')].map(a => a.getAttribute('href')).join(' ')";
    for (one, entries, shut) in [
        (Role::Sender, "/ /sent /compose /drafts /batch", "/inbox"),
        (Role::Receiver, "/ /inbox", "/compose"),
        (Role::Manager, "/ /inbox /sent /compose /drafts /batch", ""),
    ] {
        role(one);
        let as_told = until_fresh(world, &format!("{menu} === '{entries}'")).await?;
        world.see("LG-06", &format!("the menu of {one}"), as_told);
        world.shot(&format!("home-{one}")).await?;
        if !shut.is_empty() {
            world.go(&world.b, shut).await?;
            let refused = world.holds("document.body.innerText.includes('このユーザIDの権限では')").await;
            world.see("LG-06", "nor is the screen shown to who types its address", refused);
        }
    }
    Ok(())
}

async fn stopped(world: &World) -> Done {
    let login = || B.to_owned();
    account(
        world,
        AccountRequest::Change(AccountChange::Suspend { login: login(), reason: Some("担当者の退職".into()) }),
    );
    let why = until_fresh(world, "document.querySelector('main').innerText.includes('理由：担当者の退職')").await?;
    world.see("LG-08", "a suspended user ID reads why", why);
    world.shot("home-suspended").await?;
    account(world, AccountRequest::Change(AccountChange::Suspend { login: login(), reason: None }));
    let over = until_fresh(world, "!document.querySelector('main').innerText.includes('利用停止中')").await?;
    world.see("LG-08", "and that it is over", over);
    Ok(())
}

/// The same, where the program asks the gateway anew only now and then: its clock runs ahead.
async fn until_fresh(world: &World, expression: &str) -> Result<bool, crate::world::Problem> {
    crate::world::ahead(AHEAD.fetch_add(6 * 60, Ordering::Relaxed));
    until_at(world, "/", expression).await
}
