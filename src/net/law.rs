//! Laws of random spans of time: how long a packet travels, a task takes, a peer stays away.

mod sampler;

use core::fmt;
use std::sync::Arc;

pub use sampler::Sampler;

use super::time::Span;

/// The law of a random span of time, as it is written down. Build its [`Sampler`] once to draw from it often.
///
/// Draws are rounded down to nanoseconds, and those that do not fit into 64 bits of them (584 years) are cut there.
///
/// *The same on every machine.* [`Law::Constant`], [`Law::Uniform`], [`Law::Choice`] and [`Law::Samples`] are computed
/// with integers alone. The others use double precision floats: additions, multiplications, divisions and square roots,
/// which IEEE 754 defines to the last bit, and logarithms, exponentials and powers of the `libm` crate, which is Rust
/// and nothing else, so that no C library of a platform has a say. On all targets on which Rust's `f64` is that of
/// IEEE 754 (all but 32-bit x86 without SSE2) a seed gives the same bits. A later version of `libm` may round an
/// exponential differently; `tests/simulator/world` pins draws of every law and would notice.
///
/// ```
/// use bft_crdts::net::{Law, Shape, Span, Streams};
///
/// let millis = Span::from_millis;
/// let law = Law::Normal { mean: millis(73), deviation: millis(1) }.after(millis(2));
/// let sampler = law.sampler();
/// let span = sampler.draw(&mut Streams::new(7).of("example"));
/// assert!(span > millis(60) && span < millis(90));
/// # assert!(Shape::new(0.0).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Law {
    /// Always the same.
    Constant(Span),
    /// Anything from the least to the most, equally likely.
    Uniform {
        /// The least, included.
        min: Span,
        /// The most, included.
        max: Span,
    },
    /// The bell curve, truncated at zero: what would be negative is drawn again.
    Normal {
        /// Its middle, and its mean as far as little of it is cut off.
        mean: Span,
        /// The standard deviation before truncation.
        deviation: Span,
    },
    /// A span whose logarithm is normal.
    LogNormal {
        /// Half of the draws are longer.
        median: Span,
        /// Standard deviation of the natural logarithm.
        shape: Shape,
    },
    /// The time to the next of many independent events.
    Exponential {
        /// The mean.
        mean: Span,
    },
    /// The gamma distribution; its mean is `shape` times `scale`.
    Gamma {
        /// Its shape, often k or α.
        shape: Shape,
        /// Its scale, often θ.
        scale: Span,
    },
    /// One over a gamma variate; the mean is `scale` / (`shape` − 1), if `shape` is more than one.
    InverseGamma {
        /// Its shape, often α.
        shape: Shape,
        /// Its scale, often β.
        scale: Span,
    },
    /// Many short ones, and a few that are very long: (`least` / x)^`shape` of the draws are longer than x.
    Pareto {
        /// Nothing is shorter.
        least: Span,
        /// How quickly the long ones become rare; there is no mean up to 1.
        shape: Shape,
    },
    /// A draw of another law, and so much more. See [`Law::after`].
    Shifted {
        /// So much.
        by: Span,
        /// The other law.
        law: Arc<Law>,
    },
    /// A draw of one of these laws, which is chosen with a chance in proportion to its weight. No time at all if all
    /// weights are zero, or there are none.
    Choice(Arc<[(u32, Law)]>),
    /// One of these, each equally likely: what somebody has measured. No time at all if there are none.
    Samples(Arc<[Span]>),
}

/// A positive, finite number that says which curve of a family a [`Law`] is.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Shape(f64);

// Neither NaN nor zero of either sign is a shape, so equality is one of bits.
impl Eq for Shape {}

impl Shape {
    /// This number; `None` if it is not positive and finite.
    #[must_use]
    pub const fn new(value: f64) -> Option<Self> {
        if value > 0.0 && value.is_finite() {
            Some(Self(value))
        } else {
            None
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Law {
    /// This law, and so much more.
    #[must_use]
    pub fn after(self, by: Span) -> Self {
        let law = Arc::new(self);
        Self::Shifted { by, law }
    }

    /// One of these laws, chosen by weight.
    #[must_use]
    pub fn choice(laws: impl IntoIterator<Item = (u32, Self)>) -> Self {
        Self::Choice(laws.into_iter().collect())
    }

    /// One of these spans.
    #[must_use]
    pub fn samples(spans: impl IntoIterator<Item = Span>) -> Self {
        Self::Samples(spans.into_iter().collect())
    }

    /// The longest span it draws; `None` if there is no longest.
    #[must_use]
    pub fn most(&self) -> Option<Span> {
        match self {
            Self::Constant(span) => Some(*span),
            Self::Uniform { min, max } => Some(*min.max(max)),
            Self::Shifted { by, law } => Some(law.most()? + *by),
            Self::Choice(laws) => laws
                .iter()
                .filter(|(weight, _)| *weight > 0)
                .try_fold(Span::ZERO, |most, (_, law)| Some(most.max(law.most()?))),
            Self::Samples(spans) => Some(spans.iter().copied().max().unwrap_or_default()),
            Self::Normal { .. }
            | Self::LogNormal { .. }
            | Self::Exponential { .. }
            | Self::Gamma { .. }
            | Self::InverseGamma { .. }
            | Self::Pareto { .. } => None,
        }
    }
}
