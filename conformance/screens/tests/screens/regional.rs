//! Regional services (RG): their door is an office like any other, marked 地域連携, and its states say what happens behind it.

use std::process::Stdio;

use fumibako::demo::Stage;
use fumibako_gateway::Request;
use fumibako_model::Description;
use fumibako_signer::authority::KeyKind;
use tokio::process::Command;

use crate::world::{A, Done, World, now};

/// The door.
const DOOR: (&str, &str) = ("9970000109", "架空町医療介護連携ネット");
const ROW: &[u8] = b"202407,999903,9900000011,20250920\r\n";

/// Puts it on the roll.
pub(crate) fn door(stage: &Stage) -> Done {
    let number = DOOR.0.parse()?;
    stage.add_office(number, DOOR.1, KeyKind::EcP256, now())?;
    let office = Description { regional: Some(true), ..Description::of(number) };
    stage.ask(Request::OfficeDescribe(Box::new(office)))?;
    Ok(())
}

// Profile §17.10
pub(crate) async fn play(world: &World) -> Done {
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/directory").await?;
    world.fill("#query", DOOR.1).await?;
    world.press("検索").await?;
    world.until(&format!("document.querySelector('#found')?.innerText.includes('{}')", DOOR.0)).await;
    world.see(
        "RG-01 RG-02",
        "the door of a regional service is found as any office, and marked",
        world.in_order("#found", &[DOOR.1, DOOR.0, "地域連携", "送信できます"]).await,
    );
    let name = format!("DLT1KYO_{A}_43_{}_11_20251012120000.CSV", DOOR.0);
    let file = world.write(&name, ROW);
    world.go(&world.a, "/compose").await?;
    world.choose(&[file]).await?;
    let marked = world.until("document.querySelector('#to')?.innerText.includes('地域連携')").await;
    world.press("送信").await?;
    world.until("document.querySelector('dialog:modal button.primary')").await;
    world.see(
        "RG-02",
        "it is marked where a letter is written and before it is sent",
        marked && world.in_order("dialog", &[DOOR.1, DOOR.0, "地域連携"]).await,
    );
    world.shot("regional-confirm").await?;
    world.click("dialog:modal button.primary").await?;
    let row =
        format!("[...document.querySelectorAll('#rows tr')].find(r => r.innerText.includes('{}'))?.innerText", DOOR.0);
    let says = |word: &str| {
        format!("location.pathname === '/sent' && {row}?.includes('地域連携') && {row}.includes('{word}')")
    };
    world.see("RG-01", "it is sent to as any office", world.until(&says("連携先で取得")).await);
    collected(world).await?;
    world.see(
        "RG-02",
        "what its program collected is 連携先へ引渡し, and no 取得",
        world.until(&says("連携先へ引渡し")).await,
    );
    world.shot("sent-regional").await?;
    let screens = world.serve(DOOR.0, |_| ()).await?;
    world.enter(&screens, DOOR.0).await?;
    world.go(&screens, "/inbox").await?;
    world.until("document.querySelector('#rows tr.new')").await;
    world.press("未取得をすべて取得").await?;
    world.until("document.querySelector('dialog:modal #folder')").await;
    let place = world.folder.path().join("受信連携");
    std::fs::create_dir_all(&place)?;
    world.fill("#folder", &place.display().to_string()).await?;
    world.press("保存する").await?;
    world.until("!document.querySelector('dialog:modal') && document.querySelector('#saved-files')").await;
    let saved = walkdir::WalkDir::new(&place).into_iter().filter_map(Result::ok);
    let same =
        saved.filter(|one| one.file_name() == name.as_str()).any(|one| std::fs::read(one.path()).unwrap() == ROW);
    world.driver.goto("about:blank").await?;
    screens.stop();
    world.go(&world.a, "/sent").await?;
    let taken = format!("{row}?.includes('取得済') && {row}.includes('連携先で取得')");
    world.see(
        "RG-01 RG-02",
        "its receipt acknowledges what arrived there, byte for byte",
        same && world.until(&taken).await,
    );
    Ok(())
}

/// As a program without receipts collects mail.
async fn collected(world: &World) -> Done {
    let place = format!("imaps://localhost:{}/INBOX/;UID=1", world.addresses.imap_tls.port());
    let user = format!("{}:{}", DOOR.0, world.password(DOOR.0));
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--max-time", "20", "--user", &user, "--cacert"]);
    let read = curl.arg(&world.tls_authority).arg(place).stdin(Stdio::null()).output().await?;
    let why = String::from_utf8_lossy(&read.stderr).into_owned();
    if read.status.success() && !read.stdout.is_empty() { Ok(()) } else { Err(format!("curl: {why}").into()) }
}
