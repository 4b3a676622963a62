use super::*;

fn zlib(clear: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(clear).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn check(octets: &[u8], limits: Limits, expected: Result<&[u8], CompressError>) {
    assert_eq!(inflate(octets, limits).map(|clear| clear.to_vec()), expected.map(<[u8]>::to_vec));
}

const WIDE: Limits = Limits { bytes: 1 << 20, ratio: 2000, free: 0 };

#[test]
fn the_size_ends_at_its_limit() {
    let clear = vec![7; 3 * PIECE_BYTES + 5];
    let octets = zlib(&clear);
    check(&octets, Limits { bytes: clear.len(), ..WIDE }, Ok(&clear));
    let too_large = CompressError::TooLarge { what: "expanded content", limit: clear.len() - 1 };
    check(&octets, Limits { bytes: clear.len() - 1, ..WIDE }, Err(too_large));
}

#[test]
fn the_ratio_ends_at_its_limit() {
    let octets = zlib(&vec![7; 100_000]);
    let ratio = 100_000_usize.div_ceil(octets.len());
    check(&octets, Limits { ratio, ..WIDE }, Ok(&vec![7; 100_000]));
    check(&octets, Limits { ratio: ratio - 1, ..WIDE }, Err(CompressError::Bomb { limit: ratio - 1 }));
}

#[test]
fn what_is_small_may_grow_at_any_ratio() {
    let octets = zlib(&vec![7; 100_000]);
    let limits = Limits { ratio: 2, free: 100_000, ..WIDE };
    check(&octets, limits, Ok(&vec![7; 100_000]));
    check(&octets, Limits { free: 99_999, ..limits }, Err(CompressError::Bomb { limit: 2 }));
}

#[test]
fn a_stream_is_whole_and_alone() {
    let (clear, broken) = (b"plan ".repeat(100), CompressError::Malformed("the zlib stream is broken"));
    let octets = zlib(&clear);
    check(&octets, WIDE, Ok(&clear));
    for end in 0..octets.len() {
        check(&octets[..end], WIDE, Err(broken.clone()));
    }
    let follows = CompressError::Malformed("something follows the zlib stream");
    check(&[&octets[..], b"x"].concat(), WIDE, Err(follows));
    let last = octets.len() - 1;
    let mut checksum = octets.clone();
    checksum[last] ^= 1;
    check(&checksum, WIDE, Err(broken.clone()));
    // RFC 1950 §2.2: a dictionary both sides would have to know.
    check(&[0x78, 0xbb, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1], WIDE, Err(broken));
}

#[test]
fn nothing_compresses_to_something_that_expands() {
    check(&zlib(b""), WIDE, Ok(b""));
}
