//! The sample bundle: a care plan for two persons who do not exist, from a care manager to a home-visit office.

use std::fs;
use std::path::Path;

use fumibako_model::OfficeNumber;

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
