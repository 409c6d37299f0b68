//! Charts of traces with arbitrary text in them.
#![no_main]

#[path = "../../tests/broadcast/fuzzed/charting.rs"]
mod charting;

#[path = "../../tests/broadcast/fuzzed/script.rs"]
mod script;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    charting::run(bytes);
});
