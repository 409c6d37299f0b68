//! Packets, records, journals, operations and states out of arbitrary bytes.
#![no_main]

#[path = "../../tests/broadcast/fuzzed/decoding.rs"]
mod decoding;

#[path = "../../tests/common/film.rs"]
mod film;
#[path = "../../tests/broadcast/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    decoding::run(bytes);
});
