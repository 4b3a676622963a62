//! The sample bundle: a care plan for two persons who do not exist, from a care manager to a home-visit office.

use std::fs;
use std::path::Path;

use fumibako_model::{Description, Edition, OfficeNumber};

use crate::trouble::Trouble;

macro_rules! file {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../conformance/samples/valid/v41-plan-two-persons/",
                $name
            ))
            .as_slice(),
        )
    };
}

/// File names and bytes, MS932 as care software writes them.
pub const FILES: [(&str, &[u8]); 4] = [
    file!("UP1KYO_9970000011_43_9970000029_11_20250920101600.CSV"),
    file!("UP2KYO_9970000011_43_9970000029_11_20250920101600.CSV"),
    file!("UP3KYO_9970000011_43_9970000029_11_20250920101600.CSV"),
    file!("UPHOSOKU_000000_9970000011_43_9970000029_11_20250920101600.CSV"),
];

/// The office that sends, and its name.
pub const SENDER: (&str, &str) = ("9970000011", "見本居宅介護支援事業所");
/// The office that receives, and its name.
pub const RECIPIENT: (&str, &str) = ("9970000029", "見本訪問介護事業所");

/// What the directory tells of an office of the demo.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its number and name.
    pub office: (&'static str, &'static str),
    /// フリガナ.
    pub kana: &'static str,
    /// サービス種類.
    pub kind: &'static str,
}

/// The office that sends and the one that receives.
pub const OFFICES: [Known; 2] = [
    Known { office: SENDER, kana: "ミホンキョタクカイゴシエンジギョウショ", kind: "43" },
    Known { office: RECIPIENT, kana: "ミホンホウモンカイゴジギョウショ", kind: "11" },
];

/// Version and words of the terms that the offices agree to.
pub const TERMS: (&str, &str) = (
    "2026-04",
    "利用規約（見本）\n\n\
     第1条　この規約は、文箱の使い方を試すための見本です。実際の契約にはなりません。\n\
     第2条　ライセンスは1事業所番号につき1年間で、利用料は21,000円（税込）です。\n\
     第3条　送信と受信には、送る側と受け取る側の両方にライセンスが必要です。届いたデータの取得と証跡の確認は、期限の後もできます。\n\
     第4条　事業所は、証明書とパスワードを事業所の外の人に渡さないでください。\n",
);

impl Known {
    /// As the operator writes it down.
    pub fn description(&self) -> Result<Description, Trouble> {
        let no = || Trouble::NoGateway("an office of the demo is none".into());
        Ok(Description {
            name: Some(self.office.1.into()),
            kana: Some(self.kana.into()),
            municipality: Some("見本市".into()),
            kinds: Some([self.kind.parse().map_err(|_| no())?].into()),
            editions: Some([Edition::FourthRevised].into()),
            ..Description::of(office(self.office.0)?)
        })
    }
}

/// The agent that acts for the first, and its name.
pub const AGENT: (&str, &str) = ("kawara", "見本事務代行");

/// The number of one of the two offices above.
pub fn office(number: &str) -> Result<OfficeNumber, Trouble> {
    number.parse().map_err(|_| Trouble::SettingMissing("office"))
}

/// Writes the files as care software would.
pub fn write(folder: &Path) -> Result<(), Trouble> {
    fs::create_dir_all(folder).map_err(Trouble::writing(folder))?;
    for (name, bytes) in FILES {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(Trouble::writing(&path))?;
    }
    Ok(())
}
