//! Lists the transcripts and the messages beside them, so that the kit carries all of them wherever it is run.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "this is how a build script speaks")]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=transcripts");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where"));
    let mut list = String::from("&[\n");
    for folder in ["imap", "pop3", "smtp"] {
        for file in files(&here.join("transcripts").join(folder)) {
            let name = file.file_name().expect("a file has a name").to_string_lossy().into_owned();
            let path = file.to_str().expect("the repository's path is UTF-8");
            writeln!(list, "(\"{folder}/{name}\", include_str!({path:?})),").expect("a String takes everything");
        }
    }
    list.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    fs::write(out.join("transcripts.rs"), list).expect("the folder is cargo's");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the transcripts are there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it is readable").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "txt" || ending == "eml"));
    files.sort();
    files
}
