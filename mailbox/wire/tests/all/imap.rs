//! IMAP: the transcripts, and what holds for any bytes at any cut.

use crate::imap_office::Office;
use crate::player::play_folder;

#[test]
fn transcripts_hold_however_the_bytes_are_cut() {
    play_folder("imap", Office::default);
}
