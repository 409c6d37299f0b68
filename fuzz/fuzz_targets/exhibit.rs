//! Exhibits and genesis files out of arbitrary bytes.
#![no_main]

#[path = "../../tests/broadcast/fuzzed/exhibiting.rs"]
mod exhibiting;

#[path = "../../tests/broadcast/specimens/mod.rs"]
mod specimens;

#[path = "../../tests/broadcast/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exhibiting::run(bytes);
});
