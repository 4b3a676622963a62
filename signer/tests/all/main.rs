//! The signer against the `openssl` program, which is the oracle, and against itself. Keys are made at run time.

mod openssl;
mod signing;
