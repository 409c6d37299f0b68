//! How fast a line is.

use core::num::NonZeroU64;

use crate::net::time::Span;

/// A bandwidth, in bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(NonZeroU64);

/// How fast a node's own line is. Packets queue on it one behind the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bandwidth {
    /// From the node; `None` takes no time.
    pub upload: Option<Rate>,
    /// To the node; `None` takes no time.
    pub download: Option<Rate>,
}

impl Rate {
    /// So many bits per second; none at all is not a rate.
    #[must_use]
    pub const fn bits_per_second(bits: u64) -> Option<Self> {
        match NonZeroU64::new(bits) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }

    /// Bits per second.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// How long so many bytes take.
    #[inline]
    #[must_use]
    pub const fn time_for(self, bytes: u32) -> Span {
        Span::from_nanos((bytes as u64).saturating_mul(8_000_000_000) / self.0.get())
    }
}

#[cfg(test)]
mod tests {
    use super::{Rate, Span};

    #[test]
    fn a_megabyte_takes_160_ms_on_a_line_of_50_megabit() {
        let rate = Rate::bits_per_second(50_000_000).unwrap();
        assert_eq!(rate.time_for(1_000_000), Span::from_millis(160));
        assert_eq!(Rate::bits_per_second(0), None);
    }
}
