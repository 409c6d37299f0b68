//! Charts of traces with arbitrary text in them.
#![no_main]

#[path = "../../tests/common/charting.rs"]
mod charting;

#[path = "../../tests/common/script.rs"]
mod script;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    charting::run(bytes);
});
