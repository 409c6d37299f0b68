//! Values of a scenario's fields that are more than TOML's own: each says itself what it is not.

use std::fmt;

use bft_crdts::net::adversary::AdversaryKind;
use bft_crdts::net::{Rate, Span};
use serde::{Deserialize, Serialize};

use crate::time::{self, BadTime};

/// A time such as `"250ms"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(pub Span);

impl Time {
    /// The shortest that a repeated thing may take.
    pub(super) const SHORTEST: Self = Self(Span::from_millis(1));

    pub(super) const fn millis<const MS: u64>() -> Self {
        Self(Span::from_millis(MS))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0 == Span::ZERO
    }
}

impl TryFrom<String> for Time {
    type Error = BadTime;

    fn try_from(text: String) -> Result<Self, BadTime> {
        time::parse(&text).map(Self)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        format!("{}ns", time.0.as_nanos())
    }
}

/// A chance, in parts per million; a number from 0 to 1 in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Chance(pub u32);

impl Chance {
    /// Always.
    pub const ALWAYS: Self = Self(1_000_000);

    pub(super) const fn ppm<const PPM: u32>() -> Self {
        Self(PPM)
    }
}

impl TryFrom<f64> for Chance {
    type Error = String;

    fn try_from(chance: f64) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&chance) {
            return Err(format!("{chance} is no chance; it lies between 0 and 1"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a million"
        )]
        Ok(Self((chance * 1e6).round() as u32))
    }
}

impl From<Chance> for f64 {
    fn from(chance: Chance) -> Self {
        Self::from(chance.0) / 1e6
    }
}

/// How much too fast a clock is, in parts per million; a fraction from −0.9 to 10 in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Drift(pub i32);

impl TryFrom<f64> for Drift {
    type Error = String;

    fn try_from(drift: f64) -> Result<Self, String> {
        if !(-0.9..=10.0).contains(&drift) {
            return Err(format!("{drift} is not between -0.9 and 10"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most ten million")]
        Ok(Self((drift * 1e6).round() as i32))
    }
}

/// A rate such as `"50Mbit"`, per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Bandwidth(pub Rate);

impl TryFrom<String> for Bandwidth {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let units = [
            ("kbit", 1_000),
            ("Mbit", 1_000_000),
            ("Gbit", 1_000_000_000),
        ];
        let bits = units.into_iter().find_map(|(unit, worth)| {
            let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
            number.checked_mul(worth)
        });
        let rate = bits.and_then(Rate::bits_per_second).map(Self);
        rate.ok_or_else(|| {
            format!(
                "`{}` is no rate; write a whole number and kbit, Mbit or Gbit (per second)",
                text.escape_debug()
            )
        })
    }
}

/// What an adversary is, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Kind(pub AdversaryKind);

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        AdversaryKind::named(&name).map(Self).ok_or_else(|| {
            let kinds: Vec<_> = AdversaryKind::all().map(AdversaryKind::name).collect();
            format!("`{}` is none of {}", name.escape_debug(), kinds.join(", "))
        })
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.0.name().to_owned()
    }
}

/// A field of a table that does not go together with the others of it.
///
/// Serde carries errors as texts; [`Wrong::of`] finds the field in one again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The way to it from the table, such as `max` or `of[2].latency.min`; empty if it is the table itself.
    pub(crate) field: String,
    pub(crate) problem: String,
}

/// What stands before and behind the field in the text; no field and no problem holds it.
const MARK: char = '\u{1f}';

impl Wrong {
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }

    /// From the text of an error: one of ours, or one of serde's about the whole value.
    pub(super) fn of(text: &str) -> Self {
        let ours = text
            .strip_prefix(MARK)
            .and_then(|rest| rest.split_once(MARK));
        match ours {
            Some((field, problem)) => Self::new(field, problem),
            None => Self::new("", text.replace('\n', " ")),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}{MARK}{}", self.field, self.problem)
    }
}
