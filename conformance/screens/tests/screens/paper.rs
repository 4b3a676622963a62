//! What a browser prints, as the octets of its PDF.

use std::io::Read as _;

use serde_json::json;

use crate::world::{Problem, World};

/// A page as it is printed.
pub(crate) struct Paper(Vec<u8>);

impl World {
    /// Prints the page that is shown, with its backgrounds, on A4 (210 × 297 mm, here in inches).
    pub(crate) async fn print(&self) -> Result<Paper, Problem> {
        let how = json!({
            "printBackground": true, "preferCSSPageSize": true, "paperWidth": 210.0 / 25.4, "paperHeight": 297.0 / 25.4,
        });
        let printed = self.driver.cdp().send_raw("Page.printToPDF", how).await?;
        let text = printed["data"].as_str().unwrap_or_default();
        Ok(Paper(base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text)?))
    }
}

impl Paper {
    /// Does this character, one of the first plane, stand on it? A PDF brings along which characters the letters that it draws are (ISO 32000-1 §9.10.3,
    /// `ToUnicode`), and no others.
    pub(crate) fn shows(&self, character: char) -> bool {
        let code = format!("<{:04X}>", u32::from(character));
        self.maps().iter().any(|map| map.to_uppercase().contains(&code))
    }

    /// How many sheets there are, if all are of A4.
    pub(crate) fn sheets(&self) -> Option<usize> {
        let text = String::from_utf8_lossy(&self.0);
        let is_a4 = |stated: &str| {
            let sides = stated.split(']').next().unwrap_or_default().split_whitespace().skip(2);
            let points: Vec<f64> = sides.filter_map(|side| side.parse().ok()).collect();
            matches!(points[..], [width, height] if (width - A4.0).abs() < 2.0 && (height - A4.1).abs() < 2.0)
        };
        let pages = text.match_indices("/Type /Page").filter(|(at, found)| !text[at + found.len()..].starts_with('s'));
        let (count, boxes) = (pages.count(), text.split("/MediaBox [").skip(1));
        (count > 0 && boxes.map(is_a4).filter(|fits| *fits).count() == count).then_some(count)
    }

    /// Its streams that map letters to characters.
    fn maps(&self) -> Vec<String> {
        let starts = self.0.windows(STREAM.len()).enumerate().filter(|(_, window)| *window == STREAM);
        let streams = starts.filter_map(|(at, _)| self.0.get(at + STREAM.len()..)).map(|stream| {
            let (mut text, start) =
                (Vec::new(), stream.iter().position(|octet| *octet == b'\n').map_or(0, |at| at + 1));
            // What follows the stream's end is not part of it, and a stream of another kind is none.
            let _ = flate2::read::ZlibDecoder::new(&stream[start..]).read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        streams.filter(|text| text.contains("begincmap")).collect()
    }
}

const STREAM: &[u8] = b"stream";
/// The sides of a sheet, in points (ISO 32000-1 §8.3.2.3).
const A4: (f64, f64) = (595.0, 842.0);
