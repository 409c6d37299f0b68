//! Text that cannot break out of a chart, and how wide it will be.
//!
//! Labels may hold what a hostile peer wrote. Control characters, characters that reorder or hide text, and
//! what XML cannot carry never reach a chart; the rest is escaped for the format at hand.

use std::collections::BTreeMap;

/// Shows `text` on one line: white space becomes a space, what must not be drawn a question mark.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | '\r' | '\u{a0}' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() || is_treacherous(c) => '?',
            c => c,
        })
        .collect()
}

/// Characters that are invisible, reorder their neighbours, or may not stand in XML.
fn is_treacherous(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fdd0}'..='\u{fdef}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || matches!(c as u32 & 0xffff, 0xfffe | 0xffff)
}

/// `text` on one line, cut after `most` characters.
pub(crate) fn clip(text: &str, most: usize) -> String {
    let plain = plain(text);
    if plain.chars().count() <= most {
        return plain;
    }
    let mut cut: String = plain.chars().take(most.saturating_sub(2)).collect();
    cut.truncate(cut.trim_end().len());
    cut + ".."
}

/// The names of all nodes as a chart shows them: only `A-Z a-z 0-9 _ . -`, at most 24 characters, no two alike.
///
/// Names that differ in what is not shown are told apart by a number.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeMap::new();
    names
        .into_iter()
        .map(|name| {
            let safe: String = name
                .chars()
                .take(24)
                .map(|c| {
                    if c.is_ascii_alphanumeric() || "_.-".contains(c) {
                        c
                    } else {
                        '_'
                    }
                })
                .collect();
            let safe = if safe.is_empty() {
                "_".to_owned()
            } else {
                safe
            };
            let mut unique = safe.clone();
            let mut number = 2_usize;
            while taken.insert(unique.clone(), ()).is_some() {
                unique = format!("{safe}.{number}");
                number += 1;
            }
            unique
        })
        .collect()
}

/// `text` as the inside of a quoted mscgen string: ASCII, in at most `most` lines of `room` pixels.
///
/// mscgen 0.20 would break lines itself, but between bytes instead of characters, and it corrupts its memory on
/// some labels with spaces; so nothing but ASCII that fits is safe. What has no likeness in ASCII becomes a
/// question mark; our own SVG shows it.
pub(crate) fn msc(text: &str, room: usize, most: usize) -> String {
    // mscgen draws 11 points, which is 15 pixels.
    let room = i64::try_from(room)
        .unwrap_or(i64::MAX / 10)
        .saturating_mul(10);
    let (lines, _) = wrap(&ascii(text), 15, room, most);
    lines
        .iter()
        .map(|line| quoted(line))
        .collect::<Vec<_>>()
        .join("\\n")
}

/// `text` in ASCII.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '\u{2192}' => out.push_str("->"),
            '\u{2190}' => out.push_str("<-"),
            '\u{2265}' => out.push_str(">="),
            '\u{2264}' => out.push_str("<="),
            '\u{2026}' => out.push_str(".."),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\u{b7}' | '\u{2022}' => out.push('*'),
            '\u{d7}' => out.push('x'),
            c if c.is_ascii() => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}

/// One line of ASCII as mscgen writes it. It knows `\"` and `\n` and takes every other backslash as it stands:
/// one that would make either of them gets a space after it.
fn quoted(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if out.ends_with('\\') && matches!(c, '"' | 'n' | '\\') {
            out.push(' ');
        }
        if c == '"' {
            out.push('\\');
        }
        out.push(c);
    }
    if out.ends_with('\\') {
        out.push(' ');
    }
    out
}

/// `text` as XML character data or as an attribute's value.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A time without needless zeros: `12.5ms` for `12.500ms`.
pub(crate) fn time(time: impl core::fmt::Display) -> String {
    let shown = time.to_string();
    let (number, unit) = shown.split_at(
        shown
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(shown.len()),
    );
    let number = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    };
    format!("{number}{unit}")
}

/// A time in three or four digits, for where it is read at a glance: `13.5ms` for `13.515ms`.
pub(crate) fn brief_time(time: impl core::fmt::Display) -> String {
    let shown = time.to_string();
    let unit = shown
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(shown.len());
    let point = shown.find('.').unwrap_or(unit);
    let kept = if point >= 3 { point } else { unit.min(4) };
    let number = shown.get(..kept).unwrap_or_default();
    let number = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    };
    format!("{number}{}", shown.get(unit..).unwrap_or_default())
}

/// How wide the printable ASCII characters are in DejaVu Sans, the widest of the fonts the charts ask for, in
/// thousandths of the font size.
const WIDTHS: [u16; 95] = [
    317, 400, 459, 837, 636, 950, 779, 274, 390, 390, 500, 837, 317, 360, 317, 336, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 336, 336, 837, 837, 837, 530, 1000, 684, 686, 698, 770, 631,
    575, 774, 751, 294, 294, 655, 557, 862, 748, 787, 603, 787, 694, 634, 610, 731, 684, 988, 685,
    610, 685, 390, 336, 390, 837, 500, 500, 612, 634, 549, 634, 615, 352, 634, 633, 277, 277, 579,
    277, 974, 633, 611, 634, 634, 411, 520, 392, 633, 591, 817, 591, 591, 524, 636, 336, 636, 837,
];

/// How wide `text` is at most, in tenths of a pixel, at a font size of `size` pixels.
pub(crate) fn width(text: &str, size: i64) -> i64 {
    let thousandths: i64 = text
        .chars()
        .map(|c| {
            let ascii = (c as usize)
                .checked_sub(32)
                .and_then(|place| WIDTHS.get(place));
            ascii.map_or(1000, |width| i64::from(*width))
        })
        .sum();
    (thousandths * size + 99) / 100
}

/// `text` in lines of at most `room` tenths of a pixel, at most `most` of them, about equally long. The flag says
/// whether something had to be cut.
pub(crate) fn wrap(text: &str, size: i64, room: i64, most: usize) -> (Vec<String>, bool) {
    let mut best = fill(text, size, room, most);
    let count = best.0.len();
    if best.1 || count < 2 {
        return best;
    }
    let mut narrow = room;
    while narrow > 0 {
        narrow -= 40;
        let lines = fill(text, size, narrow, most);
        let torn = text
            .split_whitespace()
            .any(|word| width(word, size) > narrow);
        if lines.1 || torn || lines.0.len() > count {
            break;
        }
        best = lines;
    }
    best
}

/// `text` in lines as long as they may be, broken between [`words`] where there are any.
fn fill(text: &str, size: i64, room: i64, most: usize) -> (Vec<String>, bool) {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in words(&plain(text), size, room) {
        let joined = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if width(&joined, size) <= room {
            line = joined;
            continue;
        }
        if !line.is_empty() {
            lines.push(core::mem::take(&mut line));
        }
        for c in word.chars() {
            line.push(c);
            if width(&line, size) > room && line.chars().count() > 1 {
                line.pop();
                lines.push(core::mem::replace(&mut line, c.to_string()));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    let cut = lines.len() > most;
    if cut {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = dotted(last, size, room);
        }
    }
    (lines, cut)
}

/// What stays together on a line: what stands between commas if all of that fits, the words otherwise.
fn words(text: &str, size: i64, room: i64) -> Vec<String> {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let parts: Vec<String> = text
        .split_inclusive(", ")
        .map(|part| words(part).join(" "))
        .collect();
    let fit = parts
        .iter()
        .all(|part| !part.is_empty() && width(part, size) <= room);
    if parts.len() > 1 && fit {
        parts
    } else {
        words(text)
    }
}

/// `text`, cut so that it takes at most `room` tenths of a pixel.
pub(crate) fn fit(text: &str, size: i64, room: i64) -> String {
    if width(text, size) <= room {
        text.to_owned()
    } else {
        dotted(text, size, room)
    }
}

/// As much of `text` as fits, and two dots that say there is more.
fn dotted(text: &str, size: i64, room: i64) -> String {
    let mut kept = text.to_owned();
    loop {
        let cut = format!("{}..", kept.trim_end_matches(['.', ' ']));
        if width(&cut, size) <= room {
            return cut;
        }
        if kept.pop().is_none() {
            return String::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{brief_time, clip, fit, names, time, width, wrap, xml};
    use crate::net::time::Span;

    #[test]
    fn names_stay_apart_when_what_told_them_apart_is_not_shown() {
        let long = "x".repeat(30);
        let other = format!("{}y", "x".repeat(29));
        let shown = names(["a b", "a_b", "a\"b", "a_b.2", "", &long, &other]);
        assert_eq!(shown[..5], ["a_b", "a_b.2", "a_b.3", "a_b.2.2", "_"]);
        assert_eq!(shown[5], "x".repeat(24));
        assert_eq!(shown[6], format!("{}.2", "x".repeat(24)));
    }

    #[test]
    fn nothing_written_by_a_peer_ends_a_string() {
        let msc = |text| super::msc(text, 1_000, 1);
        assert_eq!(msc("a\"b\\\"c\\n\nd\u{202e}e"), "a\\\"b\\ \\\"c\\ n d?e");
        assert_eq!(msc("5 \u{2192} \u{e9}\\\\x\\"), "5 -> ?\\ \\x\\ ");
        assert_eq!(
            super::msc("one \"two\" three four", 60, 3),
            "one\\n\\\"two\\\"\\nthree.."
        );
        assert_eq!(
            xml("</text><script>'\"&\u{0}\u{ffff}"),
            "&lt;/text&gt;&lt;script&gt;&#39;&quot;&amp;??"
        );
    }

    #[test]
    fn times_are_shown_without_needless_zeros() {
        let shown = [0, 900, 1_000, 12_500_000, 340_000_000, 1_014_000_000]
            .map(|ns| time(Span::from_nanos(ns)));
        assert_eq!(shown, ["0ns", "900ns", "1us", "12.5ms", "340ms", "1.014s"]);
        let brief = [
            0,
            900,
            1_234,
            13_515_000,
            340_999_000,
            1_014_000_000,
            61_990_000_000,
            3_000_000_000_000,
        ]
        .map(|ns| brief_time(Span::from_nanos(ns)));
        assert_eq!(
            brief,
            [
                "0ns", "900ns", "1.23us", "13.5ms", "340ms", "1.01s", "61.9s", "3000s"
            ]
        );
    }

    #[test]
    fn text_is_cut_to_its_room() {
        assert_eq!(clip("request number one", 11), "request n..");
        assert_eq!(clip("short", 5), "short");
        for room in [0, 50, 200, 400] {
            assert!(width(&fit("iiiiiiiiWWWWWWWW", 10, room), 10) <= room);
        }
        let (lines, cut) = wrap("A 95 B 105 C 100 D 100 E 100", 10, 600, 2);
        assert_eq!(
            (lines.as_slice(), cut),
            (
                ["A 95 B 105".to_owned(), "C 100 D..".to_owned()].as_slice(),
                true
            )
        );
        assert_eq!(wrap("A 95", 10, 600, 2), (vec!["A 95".to_owned()], false));
        let (lines, _) = wrap("alice 70, bob 130, carol 100, dave 100", 10, 1_300, 3);
        assert_eq!(lines, ["alice 70, bob 130,", "carol 100, dave 100"]);
    }
}
