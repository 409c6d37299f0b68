//! What people write for the command: scenario files.
#![no_main]

#[allow(dead_code, reason = "there is a target for each of its functions")]
#[path = "../../crates/cli/tests/common/parsing.rs"]
mod parsing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    parsing::scenario(bytes);
});
