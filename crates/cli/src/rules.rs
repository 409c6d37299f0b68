//! The rule sets a scenario can name: the sound ones, and the deliberately broken ones of `crates/controls`.

use bft_crdts_controls::all;

/// The rules that are not broken.
pub const SOUND: &str = "sound";

/// All names, the sound one first.
pub fn names() -> impl Iterator<Item = &'static str> {
    core::iter::once(SOUND).chain(all().map(|control| control.name))
}

/// Whether there are rules of this name.
#[must_use]
pub fn is_known(name: &str) -> bool {
    names().any(|known| known == name)
}
