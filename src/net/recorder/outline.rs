//! A value as an outline for people: its `Debug` text, without the brackets, and with names for numbers.
//!
//! It works on whatever is `Debug`, so a packet that comes to the protocol later is shown without a line more here.

use std::fmt::{self, Debug, Write};

use super::super::roster::Names;

/// The most bytes of `Debug` text that are read, and the most lines that are made of it.
const MOST_BYTES: usize = 64 * 1024;
const MOST_LINES: usize = 300;
/// The deepest level.
const MOST_LEVELS: usize = 32;

/// `value` line by line, two spaces a level. `seat` says who sits in a seat.
pub(crate) fn outline(
    value: &impl Debug,
    names: &Names,
    seat: &dyn Fn(usize) -> Option<String>,
) -> Vec<String> {
    let mut text = Capped(String::new());
    let complete = write!(text, "{value:#?}").is_ok();
    let text = names.put_into(&text.0);
    let mut lines = Vec::new();
    for branch in parse(&text) {
        branch.simple(seat, 0).write(0, &mut lines);
    }
    if !complete || lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push("…".to_owned());
    }
    lines
}

/// Takes so many bytes and no more.
struct Capped(String);

impl Write for Capped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MOST_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// A line of pretty `Debug` text, with what stands inside its brackets.
#[derive(Clone, Debug, Default, PartialEq)]
struct Branch {
    /// Field name; empty for an element or the whole.
    field: String,
    /// The value, or the name of its type.
    value: String,
    /// The bracket it opens, if it does.
    bracket: Option<char>,
    inside: Vec<Branch>,
}

/// Pretty `Debug` text has one thing on a line, and a bracket at the end of a line that has others inside.
fn parse(text: &str) -> Vec<Branch> {
    let mut open = vec![Branch::default()];
    for line in text.lines() {
        let line = line.trim_start().trim_end_matches(',');
        if matches!(line, ")" | "}" | "]") {
            if open.len() > 1 {
                close(&mut open);
            }
            continue;
        }
        let bracket = line
            .chars()
            .next_back()
            .filter(|last| "({[".contains(*last));
        let line = match bracket {
            Some(bracket) => line.trim_end_matches(bracket).trim_end(),
            None => line,
        };
        let (field, value) = match line.split_once(": ") {
            Some((field, value)) if is_name(field) => (field, value),
            _ => match line.strip_suffix(':') {
                Some(field) if is_name(field) => (field, ""),
                _ => ("", line),
            },
        };
        open.push(Branch {
            field: field.to_owned(),
            value: value.to_owned(),
            bracket,
            inside: Vec::new(),
        });
        if bracket.is_none() || open.len() > MOST_LEVELS {
            close(&mut open);
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().map(|all| all.inside).unwrap_or_default()
}

fn close(open: &mut Vec<Branch>) {
    if let Some(done) = open.pop()
        && let Some(around) = open.last_mut()
    {
        around.inside.push(done);
    }
}

/// Whether this can be the name of a field, or the key of a map.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || "_-#\"".contains(c))
}

impl Branch {
    /// Without wrappers that mean nothing to a reader.
    fn simple(mut self, seat: &dyn Fn(usize) -> Option<String>, level: usize) -> Self {
        if level < MOST_LEVELS {
            let inside = std::mem::take(&mut self.inside).into_iter();
            self.inside = inside
                .map(|branch| branch.simple(seat, level + 1))
                .collect();
        }
        let kind = self.value.clone();
        match (self.bracket, kind.as_str(), self.inside.as_mut_slice()) {
            (Some('('), "Seat", [only]) => {
                let name = only.value.parse().ok().and_then(seat);
                self.value = name.unwrap_or_else(|| format!("seat {}", only.value));
                self.leaf()
            }
            (Some('('), "Clock", [list]) => {
                for (place, counter) in list.inside.iter_mut().enumerate() {
                    counter.field = seat(place).unwrap_or_else(|| format!("seat {place}"));
                }
                let list = std::mem::take(list);
                self.value.clear();
                self.inside = list.inside;
                self
            }
            // One bit a member.
            (Some('('), "Signers", [bytes]) => {
                let bytes = bytes.inside.iter().map(|byte| byte.value.parse::<u8>());
                let bits = bytes.zip(0..).flat_map(|(byte, place)| {
                    let byte = byte.unwrap_or(0);
                    (0..8)
                        .filter(move |bit| byte >> bit & 1 == 1)
                        .map(move |bit| place * 8 + bit)
                });
                let members: Vec<String> = bits.map(|bit| format!("member {bit}")).collect();
                self.value = members.join(", ");
                self.leaf()
            }
            // `Some(…)`, `Counter(…)`, a variant of an enum: what is inside says it all.
            (Some('('), _, [only]) => {
                let mut only = std::mem::take(only);
                if !self.field.is_empty() {
                    only.field = self.field;
                }
                only
            }
            // A pair, such as a seat and a counter.
            (Some('('), "", inside) if inside.iter().all(|one| one.inside.is_empty()) => {
                let parts: Vec<&str> = inside.iter().map(|one| one.value.as_str()).collect();
                self.value = parts.join(" ");
                self.leaf()
            }
            _ => self,
        }
    }

    fn leaf(mut self) -> Self {
        (self.bracket, self.inside) = (None, Vec::new());
        self
    }

    fn write(&self, level: usize, lines: &mut Vec<String>) {
        if lines.len() > MOST_LINES {
            return;
        }
        let value = match self.value.as_str() {
            "None" | "[]" | "{}" => "none",
            // The name of a type only where there is no name of a field.
            kind if self.bracket.is_some() && !self.field.is_empty() && !kind.is_empty() => "",
            value => value,
        };
        let line = match (self.field.as_str(), value) {
            ("", "") => "·".to_owned(),
            ("", value) => value.to_owned(),
            (field, "") => format!("{field}:"),
            (field, value) => format!("{field}: {value}"),
        };
        lines.push("  ".repeat(level) + &line);
        for branch in &self.inside {
            branch.write(level + 1, lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_LINES, Names, outline};
    use crate::actor::Counter;
    use crate::membership::{MemberIndex, Seat, Signers};

    #[derive(Debug)]
    #[expect(dead_code, reason = "read by Debug")]
    struct Packet {
        source: Seat,
        first: Counter,
        causes: Vec<(Seat, Counter)>,
        signers: Signers,
        digest: Option<u8>,
        text: String,
        none: Vec<u8>,
    }

    fn seat(number: usize) -> Option<String> {
        ["ann", "bob"].get(number).map(|name| (*name).to_owned())
    }

    #[test]
    fn an_outline_has_names_for_seats_and_no_brackets() {
        let mut signers = Signers::none(9);
        signers.insert(MemberIndex::new(1));
        signers.insert(MemberIndex::new(8));
        let packet = Packet {
            source: Seat::new(0),
            first: Counter::FIRST,
            causes: vec![
                (Seat::new(1), Counter::FIRST),
                (Seat::new(7), Counter::ZERO),
            ],
            signers,
            digest: Some(7),
            text: "a: {\nb".to_owned(),
            none: Vec::new(),
        };
        let lines = outline(&Some(packet), &Names::default(), &seat);
        assert_eq!(
            lines.join("\n"),
            "Packet\n  source: ann\n  first: 1\n  causes:\n    bob 1\n    seat 7 0\n  signers: member 1, member 8\n  \
             digest: 7\n  text: \"a: {\\nb\"\n  none: none"
        );
    }

    #[test]
    fn an_outline_has_an_end() {
        let lines = outline(&vec![vec![1_u8; 3]; 100_000], &Names::default(), &seat);
        assert_eq!(lines.len(), MOST_LINES + 1);
        assert_eq!(lines.last().map(String::as_str), Some("…"));
    }
}
