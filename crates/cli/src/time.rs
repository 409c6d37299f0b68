//! Lengths of virtual time as people write them: `250ms`, `1.5s`, `20us`.

use bft_crdts::net::Span;
use thiserror::Error;

/// Longest time a scenario can name: a day.
pub const LONGEST: Span = Span::from_secs(86_400);

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadTime {
    /// Not a number and a unit.
    #[error("`{0}` is no time; write a number and a unit, such as `250ms` (units: ns, us, ms, s)")]
    Format(String),
    /// Longer than [`LONGEST`].
    #[error("`{0}` is longer than a day")]
    TooLong(String),
}

/// Reads a length of time: digits, perhaps a point and digits, then `ns`, `us`, `ms` or `s`. Exact: no rounding
/// other than dropping what is below a nanosecond.
///
/// # Errors
/// [`BadTime`] for anything else.
pub fn parse(text: &str) -> Result<Span, BadTime> {
    let bad = || BadTime::Format(text.escape_debug().to_string());
    let end = text
        .find(|c: char| c != '.' && !c.is_ascii_digit())
        .ok_or_else(bad)?;
    let (number, unit) = text.split_at(end);
    let unit: u64 = match unit.trim_start() {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return Err(bad()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(bad());
    }
    let too_long = || BadTime::TooLong(text.escape_debug().to_string());
    let whole: u64 = whole.parse().map_err(|_| too_long())?;
    let mut nanos = whole.checked_mul(unit).ok_or_else(too_long)?;
    let mut worth = unit;
    for digit in fraction.bytes() {
        worth /= 10;
        nanos = nanos
            .checked_add(worth * u64::from(digit - b'0'))
            .ok_or_else(too_long)?;
    }
    let span = Span::from_nanos(nanos);
    if span > LONGEST {
        Err(too_long())
    } else {
        Ok(span)
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, parse};

    #[test]
    fn times_are_read_exactly() {
        let read = [
            "0s",
            "7ns",
            "20us",
            "250ms",
            "1.5s",
            "0.000000001s",
            "2.5 ms",
            "1.9ns",
        ]
        .map(|text| parse(text).map(|span| span.as_nanos()));
        assert_eq!(
            read,
            [0, 7, 20_000, 250_000_000, 1_500_000_000, 1, 2_500_000, 1].map(Ok)
        );
        assert_eq!(parse("86400s"), Ok(LONGEST));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "5",
            "ms",
            "-1s",
            "1m",
            ".5s",
            "1.s",
            "1..2s",
            "1e3s",
            "86401s",
            "99999999999999999999s",
            "1 s s",
        ] {
            assert!(parse(bad).is_err(), "{bad:?} was taken");
        }
    }
}
