//! Who acts in the scenarios.

use crate::actor::Actor;

/// What reports call them.
pub(super) const NAMES: [&str; 4] = ["ann", "bob", "cat", "dan"];

/// Everybody who acts in scenarios, in the order in which charts show them. Not all of them are in each scenario; in
/// reports they are ann, bob, cat and dan.
pub const fn roster() -> [Actor; 4] {
    [
        Actor::from_bytes([0xa1; 32]),
        Actor::from_bytes([0xb2; 32]),
        Actor::from_bytes([0xc3; 32]),
        Actor::from_bytes([0xd4; 32]),
    ]
}

/// `text` with people's names where the digits of their keys stand.
pub(super) fn named(text: &str) -> String {
    let mut text = text.to_owned();
    for (actor, name) in roster().iter().zip(NAMES) {
        text = text.replace(&actor.to_hex(), name);
        text = text.replace(&actor.to_string(), name);
    }
    text
}
