//! Correct replicas among an adversary, a stranger and the weather, as the script says.
#![no_main]

#[path = "../../tests/broadcast/fuzzed/attack.rs"]
mod attack;

#[path = "../../tests/broadcast/fuzzed/script.rs"]
mod script;

#[path = "../../tests/common/film.rs"]
mod film;
#[path = "../../tests/broadcast/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    attack::run(bytes);
});
