//! What a node is made of: where it stands, its lines, its processor.

use super::location::Location;
use crate::net::law::{Law, Sampler};
use crate::net::network::{Bandwidth, Rate};
use crate::net::random::Stream;
use crate::net::time::Span;

/// The hardware of a node. The default takes no time for anything, and stands at the first place of the map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardware {
    /// Where it stands.
    pub location: Location,
    /// Its lines.
    pub bandwidth: Bandwidth,
    /// Its processor.
    pub cpu: Cpu,
}

/// How long a node works on what it is given. It does one thing after the other: while it works, whatever arrives waits,
/// and what a message makes it say leaves when the work on that message is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    message: Span,
    timer: Span,
    kinds: Vec<(String, Span)>,
}

/// The law of a line's rate, for hardware that is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLaw {
    /// It takes no time.
    #[default]
    Unlimited,
    /// Always the same.
    Constant(Rate),
    /// Anything from the least to the most.
    Uniform {
        /// The least, included.
        min: Rate,
        /// The most, included.
        max: Rate,
    },
    /// The bell curve, truncated at zero.
    Normal {
        /// Its middle.
        mean: Rate,
        /// Its standard deviation.
        deviation: Rate,
    },
}

impl Cpu {
    /// A processor that takes no time.
    #[must_use]
    pub fn free() -> Self {
        Self::default()
    }

    /// How long a message takes whose kind is not named.
    #[must_use]
    pub const fn message(mut self, cost: Span) -> Self {
        self.message = cost;
        self
    }

    /// How long a message of this kind takes: see [`Machine::kind`](crate::net::Machine::kind).
    #[must_use]
    pub fn kind(mut self, kind: &str, cost: Span) -> Self {
        self.kinds.retain(|(known, _)| known != kind);
        self.kinds.push((kind.to_owned(), cost));
        self
    }

    /// How long a timer takes.
    #[must_use]
    pub const fn timer(mut self, cost: Span) -> Self {
        self.timer = cost;
        self
    }

    /// Whether nothing takes time.
    #[must_use]
    pub fn is_free(&self) -> bool {
        *self == Self::default()
    }

    /// What a message of this kind takes.
    #[must_use]
    pub fn cost_of(&self, kind: &str) -> Span {
        let named = self.kinds.iter().find(|(known, _)| known == kind);
        named.map_or(self.message, |(_, cost)| *cost)
    }

    /// What a timer takes.
    #[must_use]
    pub const fn cost_of_timer(&self) -> Span {
        self.timer
    }
}

impl RateLaw {
    /// Draws a rate; `None` takes no time. A draw below one bit per second is one bit per second.
    #[must_use]
    pub fn draw(self, stream: &mut Stream) -> Option<Rate> {
        // A law of spans draws integers; here they are bits per second.
        let bits = |rate: Rate| Span::from_nanos(rate.get());
        let law = match self {
            Self::Unlimited => return None,
            Self::Constant(rate) => return Some(rate),
            Self::Uniform { min, max } => Law::Uniform {
                min: bits(min),
                max: bits(max),
            },
            Self::Normal { mean, deviation } => Law::Normal {
                mean: bits(mean),
                deviation: bits(deviation),
            },
        };
        let drawn = Sampler::draw(&law.sampler(), stream).as_nanos();
        Rate::bits_per_second(drawn.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::{Cpu, Rate, RateLaw, Span};
    use crate::net::random::Streams;

    #[test]
    fn a_kind_costs_what_was_said_last_and_others_cost_the_same() {
        let micros = Span::from_micros;
        let cpu = Cpu::free()
            .message(micros(1))
            .kind("request", micros(30))
            .kind("request", micros(40));
        assert_eq!(cpu.cost_of("request"), micros(40));
        assert_eq!(cpu.cost_of("echo"), micros(1));
        assert_eq!(cpu.cost_of_timer(), Span::ZERO);
        assert!(Cpu::free().is_free() && !cpu.is_free());
    }

    #[test]
    fn drawn_rates_have_their_mean_and_are_never_zero() {
        let megabit = |rate: u64| Rate::bits_per_second(rate * 1_000_000).unwrap();
        let mut stream = Streams::new(1).of("test");
        let law = RateLaw::Normal {
            mean: megabit(50),
            deviation: megabit(10),
        };
        let rates: Vec<u64> = (0..2_000)
            .map(|_| law.draw(&mut stream).unwrap().get())
            .collect();
        let mean = rates.iter().sum::<u64>() / 2_000;
        assert!((49_000_000..51_000_000).contains(&mean), "{mean}");
        let tiny = RateLaw::Uniform {
            min: Rate::bits_per_second(1).unwrap(),
            max: Rate::bits_per_second(1).unwrap(),
        };
        assert_eq!(tiny.draw(&mut stream), Rate::bits_per_second(1));
        assert_eq!(RateLaw::Unlimited.draw(&mut stream), None);
    }
}
