//! Correct replicas among a villain, a stranger and the weather, as the script says.
#![no_main]

#[path = "../../tests/common/attack.rs"]
mod attack;

#[path = "../../tests/common/script.rs"]
mod script;

#[path = "../../tests/common/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    attack::run(bytes);
});
