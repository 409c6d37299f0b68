//! How a file of rows is laid out, when it is not written for this command but somebody's own export.

use std::collections::BTreeMap;
use std::fmt;

use super::Fields;

/// The most decimals of an amount: with more, no amount fits into 64 bits.
pub const MAX_SCALE: u32 = 18;
/// The most lines that may stand before the header.
pub const MAX_SKIP: usize = 1_000;

/// How a file of rows is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What stands between two cells.
    pub delimiter: u8,
    /// Lines before the header, which are not read.
    pub skip: usize,
    /// How amounts are written.
    pub amounts: Amounts,
    /// For each field, the column it is read from; empty if columns are called by the fields, and there are no others.
    pub columns: BTreeMap<String, String>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            delimiter: b',',
            skip: 0,
            amounts: Amounts::default(),
            columns: BTreeMap::new(),
        }
    }
}

impl Layout {
    /// The field that is read from this column of the header.
    pub(super) fn field(&self, column: &str) -> Option<&'static str> {
        let named = |field: &&str| match self.columns.is_empty() {
            true => *field == column,
            false => self.columns.get(*field).is_some_and(|name| name == column),
        };
        Fields::NAMES.into_iter().find(named)
    }

    /// A field as errors name it: with the column it is read from, if that is called otherwise.
    pub(super) fn named(&self, field: &str) -> String {
        match self.column(field) {
            Some(column) if column != field => format!("{field} (`{}`)", column.escape_debug()),
            _ => field.to_owned(),
        }
    }

    /// The column that a field is read from, if it has one.
    pub(super) fn column<'a>(&'a self, field: &'a str) -> Option<&'a str> {
        match self.columns.is_empty() {
            true => Some(field),
            false => self.columns.get(field).map(String::as_str),
        }
    }
}

/// How amounts are written: whole numbers of the smallest unit, or with so many decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// How many decimals the smallest unit is away.
    pub scale: u32,
    /// What stands before them.
    pub point: char,
}

impl Default for Amounts {
    fn default() -> Self {
        Self {
            scale: 0,
            point: '.',
        }
    }
}

impl Amounts {
    /// With so many decimals behind a point, as the command writes them.
    #[must_use]
    pub const fn of_scale(scale: u32) -> Self {
        Self { scale, point: '.' }
    }

    fn unit(self) -> u64 {
        10_u64.saturating_pow(self.scale)
    }

    /// How many of the smallest unit a text says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(self, text: &str) -> Result<u64, String> {
        let wrong = || {
            let shown = text.escape_debug();
            match self.scale {
                0 => format!("`{shown}` is no whole number from 0 to {}", u64::MAX),
                scale => format!(
                    "`{shown}` is no amount from 0 to {} with at most {scale} digits behind `{}`",
                    self.show(u128::from(u64::MAX)),
                    self.point
                ),
            }
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, decimals) = match text.split_once(self.point) {
            Some((whole, decimals)) if self.scale > 0 && !decimals.is_empty() => (whole, decimals),
            Some(_) => return Err(wrong()),
            None => (text, ""),
        };
        let fits = !whole.is_empty() && decimals.len() <= self.scale as usize;
        if !fits || !digits(whole) || !digits(decimals) {
            return Err(wrong());
        }
        let width = self.scale as usize;
        let padded = format!("{whole}{decimals:0<width$}");
        padded.parse().map_err(|_| wrong())
    }

    /// So many of the smallest unit, as text.
    #[must_use]
    pub fn show(self, amount: u128) -> String {
        if self.scale == 0 {
            return amount.to_string();
        }
        let unit = u128::from(self.unit());
        let (whole, decimals) = (amount / unit, amount % unit);
        let width = self.scale as usize;
        format!("{whole}{}{decimals:0width$}", self.point)
    }

    /// A whole number of the larger unit, in the smallest.
    pub(super) fn whole(self, number: u64) -> Option<u64> {
        number.checked_mul(self.unit())
    }
}

impl fmt::Display for Amounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} decimals behind `{}`", self.scale, self.point)
    }
}

#[cfg(test)]
mod tests {
    use super::Amounts;

    #[test]
    fn an_amount_is_read_to_the_last_decimal_or_refused() {
        let cents = Amounts::of_scale(2);
        for (text, units) in [
            ("6.99", 699),
            ("7", 700),
            ("7.5", 750),
            ("0.01", 1),
            ("007.10", 710),
            ("184467440737095516.15", u64::MAX),
        ] {
            assert_eq!(cents.parse(text), Ok(units), "{text}");
        }
        let bad = [
            "6.999",
            "6,99",
            "1,234.56",
            "-1",
            "6.",
            ".99",
            "",
            "1e2",
            "6 99",
            "+1",
            "6.9.9",
            "184467440737095516.16",
            "\u{664}",
        ];
        for text in bad {
            let problem = cents.parse(text).expect_err(text);
            assert!(problem.contains("at most 2 digits behind `.`"), "{problem}");
        }
        let comma = Amounts {
            scale: 2,
            point: ',',
        };
        assert_eq!(comma.parse("6,99"), Ok(699));
        assert!(comma.parse("6.99").is_err());
        assert!(Amounts::default().parse("6.0").is_err());
        for amount in [0, 1, 99, 100, 699, u64::MAX] {
            let shown = cents.show(amount.into());
            assert_eq!(cents.parse(&shown), Ok(amount), "{shown}");
        }
    }
}
