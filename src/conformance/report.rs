//! What a failure says: the clause, a chart, what differs, and how to see it again.

use std::fmt::{self, Display};

use super::clause::Clause;
use super::event::Line;
use super::roster::{NAMES, named};

/// How wide all columns of a chart are together at most, in characters.
const COLUMNS: usize = 100;

/// Lines of plain words are broken here.
const LINE: usize = 110;

/// Where a test of the kit stands, so that a failure can say how to run it again, and so that it can be run in another
/// process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    package: String,
    test: String,
}

impl Place {
    /// The test with this path, crate included, in this package: `env!("CARGO_PKG_NAME")`, and
    /// `concat!(module_path!(), "::", "its name")`.
    pub fn new(package: &str, path: &str) -> Self {
        let test = path.split_once("::").map_or(path, |(_, test)| test);
        Place {
            package: package.to_owned(),
            test: test.to_owned(),
        }
    }

    /// The name of the test as its test binary knows it.
    pub fn test(&self) -> &str {
        &self.test
    }
}

/// A type breaks a clause, with the smallest scenario that was found.
///
/// `Display` is the whole report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The clause.
    pub clause: Clause,
    /// The seed of the scenario: with it the same scenario is made up again.
    pub seed: u64,
    /// How many steps the scenario had when it was found.
    pub found: usize,
    /// How many are left of them.
    pub left: usize,
    /// What is wrong, in words.
    pub complaint: String,
    /// The scenario, a column for each replica.
    pub chart: String,
    /// Whether the type panicked. That is a reason for any clause to fail, and reported as what it is.
    pub panicked: bool,
    /// A clause that this one builds on and that is broken with nobody hostile, too: the mistake is there, and reported as
    /// that. Looked for only where failing scenarios are made smaller.
    pub underlying: Option<Clause>,
    pub(super) algorithm: String,
    pub(super) place: Option<Place>,
}

impl std::error::Error for Failure {}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure {
            clause,
            seed,
            found,
            left,
            complaint,
            chart,
            panicked,
            underlying,
            algorithm,
            place,
        } = self;
        let asked = clause;
        // Sums that overflow panic, and of them the clause on limits has more to say.
        let clause = match clause {
            clause if *panicked && *clause != Clause::Limits => &Clause::Totality,
            clause => underlying.as_ref().unwrap_or(clause),
        };
        writeln!(f, "{algorithm} breaks the contract: {}", clause.broken())?;
        if let Some(underlying) = underlying {
            let also = format!(
                "The test \"{asked}\" has found this, but the type does not pass the test \"{underlying}\" either: that is the \
                 mistake to mend first."
            );
            writeln!(f, "\n{}", prose(&also))?;
        }
        if !chart.is_empty() {
            writeln!(
                f,
                "\nThe smallest scenario found ({left} of {found} steps):\n\n{chart}"
            )?;
        }
        writeln!(
            f,
            "\n{}\n\nWhat is asked:\n{}",
            prose(complaint),
            wrapped("  ", clause.words())
        )?;
        for line in clause.lines() {
            writeln!(f, "    {line}")?;
        }
        let Some(Place { package, test }) = place else {
            return write!(f, "\nThe seed is {seed}.");
        };
        write!(
            f,
            "\nTo see it again:\n  REPLAY_SEED={seed} cargo test -p {package} -- --exact {test}"
        )
    }
}

/// The chart of a scenario among the first `actors` of the cast; nothing where nothing happens.
pub(super) fn chart(actors: u8, story: &[Line]) -> String {
    if story.is_empty() {
        return String::new();
    }
    let people = usize::from(actors).min(NAMES.len());
    let most = COLUMNS / people.max(1);
    let texts: Vec<String> = story.iter().map(|line| named(&line.text)).collect();
    let width = |who: usize| {
        let theirs = story.iter().zip(&texts).filter(|(line, _)| line.at == who);
        let widest = theirs
            .map(|(_, text)| text.chars().count())
            .max()
            .unwrap_or(0);
        widest.clamp(NAMES[who].len(), most)
    };
    let widths: Vec<usize> = (0..people).map(width).collect();
    let number = story.len().to_string().len();
    let row = |number_text: &str, who: usize, text: &str| {
        let mut row = format!("  {number_text:>number$}");
        for (place, width) in widths.iter().enumerate() {
            let cell = if place == who { text } else { "" };
            row += &format!("  {cell:<width$}");
        }
        row.trim_end().to_owned()
    };
    let mut heads = " ".repeat(2 + number);
    for (name, width) in NAMES.iter().zip(&widths) {
        heads += &format!("  {name:<width$}");
    }
    let mut chart = vec![heads.trim_end().to_owned()];
    let mut clipped = Vec::new();
    for (place, (line, text)) in story.iter().zip(&texts).enumerate() {
        let count = text.chars().count();
        let shown: String = if count > most {
            clipped.push(format!("  {:>number$}  {text}", place + 1));
            text.chars().take(most - 2).chain("..".chars()).collect()
        } else {
            text.clone()
        };
        chart.push(row(&(place + 1).to_string(), line.at, &shown));
    }
    if !clipped.is_empty() {
        chart.push(String::new());
        chart.push("In full:".to_owned());
        chart.extend(clipped);
    }
    let marks = [
        ("+ ", "+ delivered"),
        ("! ", "! hostile"),
        ("? ", "? judged, not issued"),
    ];
    let used = marks
        .iter()
        .filter(|(mark, _)| texts.iter().any(|text| text.starts_with(mark)));
    let used: Vec<&str> = used.map(|(_, words)| *words).collect();
    if !used.is_empty() {
        chart.push(String::new());
        chart.push(format!("  ({})", used.join(", ")));
    }
    chart.join("\n")
}

/// The name of a type without the modules it stands in.
pub(super) fn short_name(name: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_alphanumeric() || letter == '_' || letter == ':' {
            word.push(letter);
        } else {
            short += word.rsplit("::").next().unwrap_or_default();
            word.clear();
            short.push(letter);
        }
    }
    short + word.rsplit("::").next().unwrap_or_default()
}

/// The same with its long lines broken, but for those that quote something.
fn prose(text: &str) -> String {
    let lines = text.lines().map(|line| match line.starts_with(' ') {
        true => line.to_owned(),
        false => wrapped("", line),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// These words in lines that begin with this.
fn wrapped(begin: &str, words: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{begin}{word}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::roster;

    #[test]
    fn a_chart_has_a_column_for_everybody_and_names_for_keys() {
        let line = |at, text: &str| Line {
            at,
            text: text.to_owned(),
        };
        let ann = roster()[0];
        let story = [
            line(0, &format!("{ann}#1 Set(3)")),
            line(1, &format!("+ {ann}#1")),
        ];
        let expected = "     ann           bob\n  1  ann#1 Set(3)\n  2                + ann#1\n\n  (+ delivered)";
        assert_eq!(chart(2, &story), expected);
    }

    #[test]
    fn long_operations_are_clipped_and_told_in_full() {
        let text = format!("long{}", "x".repeat(COLUMNS));
        let drawn = chart(
            1,
            &[Line {
                at: 0,
                text: text.clone(),
            }],
        );
        assert!(drawn.contains(".."));
        assert!(drawn.lines().any(|line| line.ends_with(&text)));
        assert!(drawn.contains("In full:"));
    }

    #[test]
    fn a_type_is_called_by_its_last_name() {
        assert_eq!(
            short_name("a::b::Set<alloc::string::String>"),
            "Set<String>"
        );
        assert_eq!(short_name("Set"), "Set");
    }
}
