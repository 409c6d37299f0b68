//! Drawing from a law: everything that can be computed once is.

use std::sync::Arc;

use super::{Law, Shape};
use crate::net::random::Stream;
use crate::net::time::Span;

/// A [`Law`], made ready to draw from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampler(Kind);

/// Spans are nanoseconds, as floats where there are logarithms about.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Constant(Span),
    Uniform {
        min: Span,
        max: Span,
    },
    Normal {
        mean: f64,
        deviation: f64,
    },
    LogNormal {
        median: f64,
        shape: f64,
    },
    Exponential {
        mean: f64,
    },
    Gamma {
        gamma: Gamma,
        scale: f64,
    },
    InverseGamma {
        gamma: Gamma,
        scale: f64,
    },
    Pareto {
        least: f64,
        power: f64,
    },
    Shifted {
        by: Span,
        sampler: Box<Sampler>,
    },
    Choice {
        total: u64,
        samplers: Box<[(u64, Sampler)]>,
    },
    Samples(Arc<[Span]>),
}

/// Gamma variates of scale 1, by the method of Marsaglia and Tsang (2000), "A simple method for generating gamma
/// variables".
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gamma {
    d: f64,
    c: f64,
    /// One over the shape, if that is below one: the method is for larger ones, and a power of a uniform variate
    /// leads down from the next.
    boost: Option<f64>,
}

/// A negative draw of a normal law is drawn again; with a mean that is not negative half of them are not. After so many
/// there is something wrong with the randomness.
const MOST_REDRAWS: u32 = 256;

impl Law {
    /// What draws from it.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        Sampler::new(self)
    }

    /// Draws a single span. A constant draws nothing from the stream.
    #[must_use]
    pub fn draw(&self, stream: &mut Stream) -> Span {
        self.sampler().draw(stream)
    }
}

impl Sampler {
    pub(super) fn new(law: &Law) -> Self {
        let kind = match law {
            Law::Constant(span) => Kind::Constant(*span),
            Law::Uniform { min, max } => Kind::Uniform {
                min: *min,
                max: *max,
            },
            Law::Normal { mean, deviation } => Kind::Normal {
                mean: nanos(*mean),
                deviation: nanos(*deviation),
            },
            Law::LogNormal { median, shape } => Kind::LogNormal {
                median: nanos(*median),
                shape: shape.get(),
            },
            Law::Exponential { mean } => Kind::Exponential { mean: nanos(*mean) },
            Law::Gamma { shape, scale } => Kind::Gamma {
                gamma: Gamma::new(*shape),
                scale: nanos(*scale),
            },
            Law::InverseGamma { shape, scale } => Kind::InverseGamma {
                gamma: Gamma::new(*shape),
                scale: nanos(*scale),
            },
            Law::Pareto { least, shape } => Kind::Pareto {
                least: nanos(*least),
                power: -1.0 / shape.get(),
            },
            Law::Shifted { by, law } => Kind::Shifted {
                by: *by,
                sampler: Box::new(Self::new(law)),
            },
            Law::Choice(laws) => {
                let mut total = 0;
                let weighted = laws.iter().map(|(weight, law)| {
                    total += u64::from(*weight);
                    (total, Self::new(law))
                });
                let samplers = weighted.collect();
                Kind::Choice { total, samplers }
            }
            Law::Samples(spans) => Kind::Samples(spans.clone()),
        };
        Self(kind)
    }

    /// Draws a span. A constant draws nothing from the stream.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> Span {
        match &self.0 {
            Kind::Constant(span) => *span,
            Kind::Uniform { min, max } => stream.span(*min, *max),
            _ => self.draw_slowly(stream),
        }
    }

    fn draw_slowly(&self, stream: &mut Stream) -> Span {
        match &self.0 {
            Kind::Constant(span) => *span,
            Kind::Uniform { min, max } => stream.span(*min, *max),
            Kind::Normal { mean, deviation } => {
                let draws = (0..MOST_REDRAWS).map(|_| mean + deviation * normal(stream));
                span(draws.into_iter().find(|draw| *draw >= 0.0).unwrap_or(*mean))
            }
            Kind::LogNormal { median, shape } => span(median * libm::exp(shape * normal(stream))),
            Kind::Exponential { mean } => span(-mean * libm::log(unit(stream))),
            Kind::Gamma { gamma, scale } => span(scale * gamma.draw(stream)),
            Kind::InverseGamma { gamma, scale } => span(scale / gamma.draw(stream)),
            Kind::Pareto { least, power } => span(least * libm::pow(unit(stream), *power)),
            Kind::Shifted { by, sampler } => *by + sampler.draw(stream),
            Kind::Choice { total, samplers } => {
                let drawn = stream.below(*total);
                let chosen = samplers.iter().find(|(up_to, _)| drawn < *up_to);
                chosen.map_or(Span::ZERO, |(_, sampler)| sampler.draw(stream))
            }
            Kind::Samples(spans) => stream.pick(spans).copied().unwrap_or_default(),
        }
    }
}

impl Gamma {
    fn new(shape: Shape) -> Self {
        let shape = shape.get();
        let (shape, boost) = match shape < 1.0 {
            true => (shape + 1.0, Some(1.0 / shape)),
            false => (shape, None),
        };
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        Self { d, c, boost }
    }

    fn draw(self, stream: &mut Stream) -> f64 {
        let Self { d, c, boost } = self;
        let variate = loop {
            let x = normal(stream);
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            // At least 95 of 100 are taken.
            if libm::log(unit(stream)) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                break d * v;
            }
        };
        match boost {
            Some(power) => variate * libm::pow(unit(stream), power),
            None => variate,
        }
    }
}

/// A uniform variate above 0 and up to 1, with 53 bits.
fn unit(stream: &mut Stream) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let bits = ((stream.bits() >> 11) + 1) as f64;
    bits / (1_u64 << 53) as f64
}

/// A standard normal variate, by Marsaglia's polar method. The second one it could have for the same price is not kept,
/// so that a draw depends on nothing but the stream.
fn normal(stream: &mut Stream) -> f64 {
    loop {
        let (x, y) = (2.0 * unit(stream) - 1.0, 2.0 * unit(stream) - 1.0);
        let s = x * x + y * y;
        if s > 0.0 && s < 1.0 {
            return x * libm::sqrt(-2.0 * libm::log(s) / s);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "one part in 2^53 is nothing to a law"
)]
const fn nanos(span: Span) -> f64 {
    span.as_nanos() as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and that is documented"
)]
const fn span(nanos: f64) -> Span {
    Span::from_nanos(nanos as u64)
}
