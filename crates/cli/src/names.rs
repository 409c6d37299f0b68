//! Names that end up in file names, charts and tables.

use thiserror::Error;

/// Longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 32;
/// Longest payee or item, in bytes.
pub const MAX_TEXT_BYTES: usize = 64;

/// A name that may not be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadName {
    /// Nothing, or too much.
    #[error("a name has 1 to {limit} bytes, this one {have}")]
    Length {
        /// Bytes it has.
        have: usize,
        /// Bytes it may have.
        limit: usize,
    },
    /// A character that is not a letter, a digit, `_`, `-` or `.`: separators and `..` could leave the directory
    /// that files are written to.
    #[error(
        "`{0}`: a name is made of letters, digits, `_`, `-` and `.`, and begins with a letter or a digit"
    )]
    Characters(String),
    /// A control character where a text is expected.
    #[error("`{0}` holds a control character")]
    Control(String),
}

/// Checks a name that may become part of a file name: letters, digits, `_`, `-`, `.`; a letter or digit first.
///
/// # Errors
/// [`BadName`] when it is empty, too long, or holds anything else (a separator, `..` at its beginning, a space).
pub fn check(name: &str) -> Result<(), BadName> {
    length(name, MAX_NAME_BYTES)?;
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if plain && begins && !name.contains("..") {
        Ok(())
    } else {
        Err(BadName::Characters(name.escape_debug().to_string()))
    }
}

/// Checks a text that is shown but never becomes a file name: a payee, an item of a set.
///
/// # Errors
/// [`BadName`] when it is empty, too long, or holds a control character.
pub fn check_text(text: &str) -> Result<(), BadName> {
    length(text, MAX_TEXT_BYTES)?;
    if text.chars().any(char::is_control) {
        return Err(BadName::Control(text.escape_debug().to_string()));
    }
    Ok(())
}

fn length(name: &str, limit: usize) -> Result<(), BadName> {
    match name.len() {
        have if have == 0 || have > limit => Err(BadName::Length { have, limit }),
        _ => Ok(()),
    }
}

/// First names for members that a scenario only counts, then `m27`, `m28`, …
const NAMES: [&str; 26] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "kate",
    "leo", "mia", "nick", "olga", "paul", "quinn", "rita", "sam", "tina", "uma", "victor", "wendy",
    "xena", "yann", "zoe",
];

/// The name of the member at `index` (from 0) of a scenario that only says how many there are.
#[must_use]
pub fn default_member(index: usize) -> String {
    NAMES
        .get(index)
        .map_or_else(|| format!("m{}", index + 1), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::{check, check_text, default_member};

    #[test]
    fn a_name_cannot_leave_its_directory() {
        for bad in [
            "",
            "..",
            ".",
            "../../x",
            "a/b",
            "a\\b",
            "a..b",
            "-a",
            "a b",
            "a\n",
            "a\"b",
            "é",
            &"a".repeat(33),
        ] {
            assert!(check(bad).is_err(), "{bad:?} was taken");
        }
        for good in ["a", "double_spend_7", "v1.2", "A-b"] {
            assert!(check(good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn a_text_may_hold_anything_that_prints() {
        assert!(check_text("Bob's \"Shop\"").is_ok());
        assert!(check_text("a\u{7}").is_err());
        assert!(check_text("").is_err());
    }

    #[test]
    fn members_without_a_name_get_different_ones() {
        let names: std::collections::BTreeSet<String> = (0..100).map(default_member).collect();
        assert_eq!(names.len(), 100);
        assert!(names.iter().all(|name| check(name).is_ok()));
    }
}
