//! Arbitrary bytes where a scenario or a file of operations should be.
//!
//! `scenario` and `operations` are what the fuzz targets of these names call and what `corpus_replay.rs` replays. They
//! panic if something is accepted that the command could not carry out, or refused without saying where.

use bft_crdts_cli::operations::{self, Format, MAX_ROWS, What};
use bft_crdts_cli::{names, scenario};

/// A scenario file.
pub(crate) fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let parsed = scenario::parse(text);
    assert_eq!(parsed, scenario::parse(text), "equal text, equal scenario");
    match parsed {
        Ok(scenario) => {
            assert_eq!(names::check(&scenario.name), Ok(()), "it names a directory");
            // One that is drawn from its seed names nobody itself.
            let scenario = match scenario.draw {
                Some(_) => scenario.of_seed(7),
                None => scenario,
            };
            assert!((1..=scenario::MAX_MEMBERS).contains(&scenario.members.len()));
            for (place, name) in scenario.members.iter().enumerate() {
                assert_eq!(names::check(name), Ok(()));
                assert!(!scenario.members[..place].contains(name), "named twice");
            }
            for adversary in scenario.faulty() {
                assert!(!scenario.is_correct(&adversary.who));
            }
            assert_eq!(scenario.of_seed(7), scenario.of_seed(7));
        }
        Err(error) => {
            let lines = text.lines().count() + 1;
            assert!(
                (1..=lines).contains(&error.line),
                "{error} in {lines} lines"
            );
            assert!(!error.field.is_empty() && !error.problem.is_empty());
            assert!(
                !error.to_string().contains('\u{1b}'),
                "no colours, no cursors"
            );
        }
    }
}

/// A file of operations; the first byte says how it is written.
pub(crate) fn operations(bytes: &[u8]) {
    let Some((format, bytes)) = bytes.split_first() else {
        return;
    };
    let format = match format % 2 {
        0 => Format::Csv,
        _ => Format::JsonLines,
    };
    let parsed = operations::parse(bytes, format);
    assert_eq!(
        parsed,
        operations::parse(bytes, format),
        "equal bytes, equal rows"
    );
    let newlines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r'));
    let lines = newlines.count() + 1;
    match parsed {
        Ok(rows) => {
            assert!(rows.len() <= MAX_ROWS);
            for (number, row) in (1..).zip(&rows) {
                assert_eq!(row.number, number, "rows count from 1");
                assert!((1..=lines).contains(&row.line));
                // Whether it is a member is checked against the scenario.
                assert_eq!(names::check_text(&row.who), Ok(()));
                let (What::Transfer { to: text, .. }
                | What::Issue { to: text, .. }
                | What::Add { item: text }
                | What::Remove { item: text }) = &row.what;
                assert_eq!(names::check_text(text), Ok(()));
            }
        }
        Err(error) => {
            assert!(
                (1..=lines).contains(&error.line),
                "{error} in {lines} lines"
            );
            assert!(!error.field.is_empty() && !error.problem.is_empty());
            assert!(
                !error.to_string().contains('\u{1b}'),
                "no colours, no cursors"
            );
        }
    }
}
