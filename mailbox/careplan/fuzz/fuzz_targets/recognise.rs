//! Any text is a name of the standard, an attachment, or a near miss; what is recognised is recognised again as written.
#![no_main]

use fumibako_careplan::{Recognised, gather, recognise};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|names: Vec<String>| {
    for name in &names {
        if let Recognised::Standard { name, .. } = recognise(name) {
            assert_eq!(recognise(&name.to_string()).standard(), Some(name));
        }
    }
    let sorted = gather(names.iter().map(|name| (name.clone(), ())));
    let sent: usize = sorted.bundles.iter().flat_map(|bundle| &bundle.units).map(|unit| unit.files.len()).sum();
    assert_eq!(sent + sorted.attachments.len() + sorted.left_out.len(), names.len());
});
