//! Care data does not print: every event of a whole journey is listened to (style §16).

use std::io::Write;
use std::sync::{Arc, Mutex};

use fumibako::demo::sample;
use tracing_subscriber::fmt::MakeWriter;

use crate::house::{House, type_in};

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<u8>>>);

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Ear {
    type Writer = Self;
    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Every run of Japanese or letters in the plan that is long enough to be a person's.
fn plan_words() -> Vec<String> {
    let texts = sample::FILES.iter().map(|(_, bytes)| encoding_rs::SHIFT_JIS.decode(bytes).0.into_owned());
    let fields: Vec<String> =
        texts.flat_map(|t| t.split([',', '"', '\r', '\n']).map(str::to_owned).collect::<Vec<_>>()).collect();
    fields.into_iter().filter(|field| field.chars().any(|c| c > '\u{3040}') && field.chars().count() >= 2).collect()
}

#[test]
fn no_log_line_of_a_whole_journey_holds_care_data() {
    let house = House::new();
    let folder = house.sample();
    let pdf = house.folder.path().join("山田花子計画書.pdf");
    std::fs::write(&pdf, "%PDF-1.7 本文の秘密").unwrap();
    let journey = || {
        let words = ["send", folder.to_str().unwrap(), "--attach", pdf.to_str().unwrap(), "--message", "添え状の秘密"];
        type_in(&house.a, words).ended(0);
        type_in(&house.b, ["fetch"]).ended(0);
        type_in(&house.b, ["show", "1"]).ended(0);
        type_in(&house.a, ["list", "sent"]).ended(0);
    };
    let ear = Ear::default();
    let listening = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(ear.clone())
        .finish();
    tracing::subscriber::with_default(listening, || {
        // Once for nothing: what is told for the first time while other tests run beside it, their threads may silence.
        journey();
        tracing::callsite::rebuild_interest_cache();
        journey();
    });
    let heard = String::from_utf8(ear.0.lock().unwrap().clone()).unwrap();
    for event in ["bundle.composed", "outbox.put", "message.posted", "bundle.saved", "receipt.composed"] {
        assert!(heard.contains(event), "{event} is not among {heard}");
    }
    let words = plan_words();
    assert!(words.len() > 20, "the sample has text to look for");
    let secrets = ["山田花子", "秘密", "password"].map(str::to_owned);
    let password = std::fs::read_to_string(house.a.with_file_name("password")).unwrap();
    for word in words.iter().chain(&secrets).chain([&password]) {
        assert!(!heard.contains(word.as_str()), "{word} stands in the log");
    }
}
