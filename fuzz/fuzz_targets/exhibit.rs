//! Exhibits and genesis files out of arbitrary bytes.
#![no_main]

#[path = "../../tests/common/exhibiting.rs"]
mod exhibiting;

#[path = "../../tests/common/specimens.rs"]
mod specimens;

#[path = "../../tests/common/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exhibiting::run(bytes);
});
