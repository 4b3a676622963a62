//! Everything that can grow, and where it ends.

/// Octets of one header block (Profile §12: headers 64 KiB).
pub const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Octets in front of the first delimiter of `multipart/signed`: unsigned, so only the customary sentence fits.
pub const PREAMBLE_BYTES_MAX: usize = 512;
/// Spaces and tabs behind a delimiter, which some programs on the way add (RFC 2046 §5.1.1).
pub const DELIMITER_PADDING_MAX: usize = 64;
/// Octets of a decoded `smime.p7s`: a signature and a chain, nothing else.
pub const SIGNATURE_BYTES_MAX: usize = 64 * 1024;
/// Certificates inside one signature.
pub const CERTIFICATES_MAX: usize = 16;
/// Octets of one certificate.
pub const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;
/// Certificates in one PEM file, such as a list of trusted authorities.
pub const CERTIFICATES_PER_FILE_MAX: usize = 1000;
/// Nesting of BER and DER structures. A signature with attributes and a long chain needs 12.
pub const DEPTH_MAX: usize = 32;
/// Recipients of one encrypted entity: offices, their agents, and the sender (Profile §12: 100 recipients).
pub const RECIPIENTS_MAX: usize = 128;
/// Attributes of one envelope.
pub const ATTRIBUTES_MAX: usize = 64;
/// Octets of an encrypted entity, header included, in which its list of recipients ends: 128 with RSA keys of 4096 bits.
pub const ENVELOPE_BEGINNING_BYTES_MAX: usize = 192 * 1024;
/// Octets of an encrypted entity's body as it travels, 150 MiB of content at most (Profile §12).
pub const ENVELOPE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Authorities between a signer and an anchor.
pub const PATH_AUTHORITIES_MAX: usize = 6;
/// Paths tried for one signer before giving up: cross-certified authorities multiply.
pub const PATHS_MAX: usize = 16;
/// Signatures of authorities verified while searching paths for one signer.
pub const PATH_SIGNATURES_MAX: usize = 256;
/// Authorities looked at while searching paths for one signer.
pub const PATH_STEPS_MAX: usize = 1000;
/// Verdicts about certificates kept in memory, about a hundred octets each: every office of the country fits.
pub const VERDICTS_MAX: usize = 128 * 1024;
/// Hours a verdict is kept at most; an earlier end of a certificate or list in it comes first.
pub const VERDICT_HOURS_MAX: i64 = 24;
/// Octets of a revocation list: a hundred thousand entries take 4 MB.
pub const REVOCATION_LIST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Octets of a responder's answer about one or a few certificates.
pub const STATUS_BYTES_MAX: usize = 64 * 1024;
/// Minutes that an answer without an end counts.
pub const STATUS_MINUTES_WITHOUT_END_MAX: i64 = 60;
/// Minutes that the clock of a responder, or of a list's authority, may be ahead of ours.
pub const STATUS_MINUTES_AHEAD_MAX: i64 = 5;
/// Most answers of responders about one certificate that are kept; the newest.
pub const STATUS_ANSWERS_MAX: usize = 32;
/// Octets of a PEM or PKCS#12 file that holds a key.
pub const IDENTITY_BYTES_MAX: usize = 256 * 1024;
/// Private keys in one file: a new one each year, and then some.
pub const KEYS_MAX: usize = 32;
/// Rounds of a password derivation we are ready to compute; a file that asks for more is refused, not waited for.
pub const PASSWORD_ROUNDS_MAX: u32 = 2_000_000;
/// Rounds of all password derivations of one file: MAC, safes and keys together. Our own with all its keys takes 20.4
/// million; a few seconds.
pub const PASSWORD_ROUNDS_PER_FILE_MAX: u64 = 12 * PASSWORD_ROUNDS_MAX as u64;
/// Safes in one PKCS#12 file; programs write two.
pub const SAFES_MAX: usize = 32;
/// Octets of the name by which a receipt speaks about a message; our own has 39.
pub const CONTENT_IDENTIFIER_BYTES_MAX: usize = 256;
/// Entities a receipt is to be sent to (RFC 2634 §2.7: ub-receiptsTo).
pub const RECEIPTS_TO_MAX: usize = 16;
/// Entities asked for a receipt by name: as many as may receive.
pub const RECEIPTS_FROM_MAX: usize = RECIPIENTS_MAX;
/// Octets that compressed content may expand to: as much as an envelope may carry.
pub const EXPANDED_BYTES_MAX: usize = ENVELOPE_BYTES_MAX;
/// How many times its size compressed content may grow. Tables of a year reach 40; a bomb of zlib reaches 1,032.
pub const EXPANSION_RATIO_MAX: usize = 200;
/// Octets up to which the ratio does not matter: a small file may well be all blanks.
pub const EXPANDED_FREE_BYTES: usize = 1024 * 1024;
/// Octets of a time stamp, or of an answer with one: a signature and a chain, nothing else.
pub const TIME_STAMP_BYTES_MAX: usize = SIGNATURE_BYTES_MAX;
/// Octets of a request for a time stamp: a digest, a nonce, a policy.
pub const TIME_STAMP_REQUEST_BYTES_MAX: usize = 4 * 1024;
/// Octets of a time stamp's serial number (RFC 3161 §2.4.2: up to 160 bits), and one for the sign.
pub const TIME_STAMP_SERIAL_BYTES_MAX: usize = 21;
