//! The texts of a page, each kept once.

use std::collections::BTreeMap;

use crate::net::chart::text;

/// The most characters of one text.
const MOST: usize = 600;

/// Texts by number.
#[derive(Debug, Default)]
pub(super) struct Strings {
    numbers: BTreeMap<String, u32>,
    list: Vec<String>,
}

impl Strings {
    /// The number of a text, as it may be shown: on one line, without characters that reorder or hide others.
    pub(super) fn of(&mut self, raw: &str) -> u32 {
        // Indentation stays.
        let body = raw.trim_start_matches(' ');
        let indent = (raw.len() - body.len()).min(64);
        let shown = " ".repeat(indent) + &text::clip(body, MOST);
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(shown).or_insert_with_key(|shown| {
            self.list.push(shown.clone());
            next
        })
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.list
    }
}
