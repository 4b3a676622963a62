//! TX-05: the page that `fumibako receipt` writes beside the file of evidence, as a browser prints it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use fumibako::cli;
use fumibako::demo::Stage;
use fumibako_model::OFFICE_NAME_CHARACTERS;
use fumibako_signer::authority::KeyKind;

use crate::world::{A, B, Done, Problem, World, now};

/// As many as one message may have (Profile §12.1).
const FILES: usize = 100;

/// A name as long as one may be.
fn long(beginning: &str) -> String {
    beginning.chars().chain("指定居宅介護支援".chars().cycle()).take(OFFICE_NAME_CHARACTERS).collect()
}

pub(crate) async fn play(world: &World) -> Done {
    let folder = tempfile::tempdir()?;
    let samples = [world.sample("v41-plan-two-persons"), world.sample("v41-use-one-person")];
    let whole = folder.path().to_owned();
    // The stage, and each command, waits for itself.
    let pages = tokio::task::spawn_blocking(move || written(&whole, &samples)).await??;
    for (page, names) in pages {
        world.driver.goto(format!("file://{}", page.display())).await?;
        let words = [
            "受領証",
            "発行日",
            "送信した事業所",
            A,
            "受け取る事業所",
            B,
            "Message-ID",
            "SHA-256",
            "参考（証跡の対象外）",
            &names[0],
            &names[1],
            "データの種類",
            "サービス利用票",
            "対象年月",
            "ファイル",
            "経過",
            "証跡番号",
            "受付",
            "お届け",
            "受け取った事業所が受領に署名しました",
            "受け取った事業所の署名",
            "署名した日時",
            "証明書の指紋（SHA-256）",
            "ゲートウェイの記録",
            "運営指導",
            "fumibako verify",
        ];
        let there = world.in_order("body", &words).await;
        let paper = world.print().await?;
        let is_japanese = "受領証発事業所署名".chars().all(|character| paper.shows(character));
        world.shot("receipt-file").await?;
        world.see("TX-05", "the page beside the file of evidence has its fields, in Japanese", there && is_japanese);
        world.see("TX-05", "on one sheet of A4, however many files and long names", paper.sheets() == Some(1));
    }
    Ok(())
}

/// The pages about a small bundle of two offices, and about one as large as can be of two with long names.
fn written(folder: &Path, samples: &[Vec<PathBuf>]) -> Result<Vec<(PathBuf, [String; 2])>, Problem> {
    let short = ["見本居宅介護支援事業所", "見本訪問介護事業所"].map(str::to_owned);
    let long = ["社会福祉法人見本会", "特定非営利活動法人見本の里"].map(long);
    let some: Vec<PathBuf> = samples.concat();
    let all: Vec<PathBuf> =
        (some.len()..FILES).map(|n| folder.join(format!("{n:03}{}.pdf", "別紙の長い名前".repeat(10)))).collect();
    for path in &all {
        std::fs::write(path, "%PDF-1.7\n")?;
    }
    Ok(vec![one(&folder.join("short"), &samples[1], &[], short)?, one(&folder.join("long"), &some, &all, long)?])
}

/// One bundle on a stage of its own, all the way; the page about it.
fn one(
    folder: &Path,
    files: &[PathBuf],
    attached: &[PathBuf],
    names: [String; 2],
) -> Result<(PathBuf, [String; 2]), Problem> {
    std::fs::create_dir_all(folder)?;
    let mut stage = Stage::set_up(folder, now())?;
    let add = |number: &str, name: &str| {
        stage
            .add_office(number.parse().map_err(|_| "no office number")?, name, KeyKind::EcP256, now())
            .map_err(Problem::from)
    };
    let (a, b) = (add(A, &names[0])?, add(B, &names[1])?);
    let proof = folder.join("受領証.json").into_os_string();
    let attached = attached.iter().flat_map(|path| ["--attach".into(), path.into()]);
    let send = std::iter::once("send".into()).chain(files.iter().map(OsString::from)).chain(attached);
    typed(&a, send)?;
    typed(&b, ["fetch".into()])?;
    typed(&a, ["receipt".into(), "sent:1".into(), "-o".into(), proof.clone()])?;
    stage.stop();
    Ok((Path::new(&proof).with_extension("html"), names))
}

/// A command of the office program, which ends well.
fn typed(settings: &Path, words: impl IntoIterator<Item = OsString>) -> Done {
    let begin = ["fumibako".into(), "--config".into(), settings.into()];
    let args: Vec<OsString> = begin.into_iter().chain(words).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let world = cli::World { out: &mut out, err: &mut err, out_is_terminal: false, err_is_terminal: false, clock: now };
    match cli::run(&args, world).0 {
        0 => Ok(()),
        exit => {
            let said = [out, err].map(|octets| String::from_utf8_lossy(&octets).into_owned()).concat();
            Err(format!("{:?} ended with {exit}: {said}", args.get(3)).into())
        }
    }
}
