//! Proof files and genesis files out of arbitrary bytes.
#![no_main]

#[path = "../../tests/broadcast/fuzzed/proof_files.rs"]
mod proof_files;

#[path = "../../tests/broadcast/fixtures/mod.rs"]
mod fixtures;

#[path = "../../tests/common/film.rs"]
mod film;
#[path = "../../tests/broadcast/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    proof_files::run(bytes);
});
