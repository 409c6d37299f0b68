//! Places in a list: where an element stands, worked out from its neighbours.
//!
//! The `crdts` crate orders a list by identifiers: paths of rational numbers, each with the dot of an element. It takes
//! the middle between two neighbours, so that a number gets one bit longer with every element typed into the same gap,
//! and compares two numbers by a recursion as deep as they are long. Here the paths are of the same kind, and the `crdts`
//! crate compares them, but the numbers are whole: where there is none between two neighbours, the path goes one
//! step deeper, and on from there forwards and backwards without growing.

use std::cmp::Ordering;

use crdts::{Identifier, OrdDot};
use serde::{Deserialize, Serialize};

use super::{Invalid, Pen};
use crate::actor::{Actor, Counter, Dot};
use crate::codec;

/// The deepest place in a [`List`](super::List) or [`GList`](super::GList).
///
/// A place gets one deeper than its neighbours only when it is squeezed between two that were put side by side. Typing on,
/// forwards or backwards, does not do that; a hundred thousand elements at random places are about 25 deep.
pub const MAX_PLACE_DEPTH: usize = 64;

/// An element that an operation refers to, by the operation that inserted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ref {
    /// Inserted by this operation, which is a cause.
    Of(Dot),
    /// Inserted by an operation of the author that is under way when the reference is made. Should one come back
    /// ([`Effect::Returned`](crate::Effect::Returned)), those behind it get other numbers than their author expected, and
    /// what refers to one like this comes back, too.
    Mine {
        /// The number that the author expects it to have.
        counter: Counter,
        /// How many operations before this one it is, at least 1.
        back: u64,
    },
    /// Inserted by this operation itself.
    This,
}

impl Ref {
    /// The operation meant by an operation named `dot`.
    ///
    /// # Errors
    ///
    /// [`Invalid::Moved`] if `dot` is not the one that its author has expected, [`Invalid::NotYetMade`] if what it refers to
    /// comes later.
    pub fn resolve(&self, dot: &Dot) -> Result<Dot, Invalid> {
        match *self {
            Ref::Of(of) if of.actor == dot.actor && of.counter > dot.counter => {
                Err(Invalid::NotYetMade(of))
            }
            Ref::Of(of) => Ok(of),
            Ref::Mine { counter, back } => {
                let expected = counter.checked_add(back);
                let holds = counter > Counter::ZERO && back > 0 && expected == Some(dot.counter);
                match holds {
                    true => Ok(Dot::new(dot.actor, counter)),
                    false => Err(Invalid::Moved { expected }),
                }
            }
            Ref::This => Ok(*dot),
        }
    }

    /// The cause it is.
    pub(crate) fn cause(&self) -> Option<Dot> {
        match self {
            Ref::Of(dot) => Some(*dot),
            Ref::Mine { .. } | Ref::This => None,
        }
    }

    pub(crate) fn localise(&mut self, pen: &Pen) {
        if let Ref::Of(dot) = self
            && let Some(back) = pen.back(dot)
        {
            let counter = dot.counter;
            *self = Ref::Mine { counter, back };
        }
    }
}

/// A path: the last step is the element's own, with its dot; the others go past the elements it stands before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(Vec<(i64, Dot)>);

impl Place {
    /// The place of the element inserted by `dot` between two neighbours, in whichever order they are given.
    pub(super) fn between(
        one: Option<&Place>,
        other: Option<&Place>,
        dot: Dot,
    ) -> Result<Place, Invalid> {
        let (low, high) = match (one, other) {
            (Some(one), Some(other)) if one > other => (other, one),
            (Some(one), Some(other)) => (one, other),
            (Some(low), None) => return Place::step(&[], low.number(0), 1, dot),
            (None, Some(high)) => return Place::step(&[], high.number(0), -1, dot),
            (None, None) => return Place::step(&[], 0, 0, dot),
        };
        let steps = low.0.iter().zip(&high.0);
        let fork = steps.take_while(|(low, high)| low == high).count();
        let before = high.0.get(..fork).unwrap_or_default();
        match (low.0.get(fork), high.0.get(fork)) {
            (None, None) => Err(Invalid::NoPlace),
            // The low one stands before the high one on its path: on after it.
            (Some(low), _) if high.0.len() == fork => Place::step(before, low.0, 1, dot),
            // There is a number between.
            (Some(low), Some(high)) if low.0.checked_add(1).is_some_and(|next| next < high.0) => {
                Place::step(before, low.0, 1, dot)
            }
            // Before the high one, on its path: before whatever is there.
            _ => {
                let through = fork.saturating_add(1);
                let before = high.0.get(..through).unwrap_or_default();
                match high.0.get(through) {
                    Some((number, _)) => Place::step(before, *number, -1, dot),
                    None => Place::step(before, 0, 0, dot),
                }
            }
        }
    }

    fn step(before: &[(i64, Dot)], from: i64, by: i64, dot: Dot) -> Result<Place, Invalid> {
        let (depth, limit) = (before.len().saturating_add(1), MAX_PLACE_DEPTH);
        if depth > limit {
            return Err(Invalid::TooDeep { depth, limit });
        }
        let number = from.checked_add(by).ok_or(Invalid::Overflow)?;
        let mut path = Vec::with_capacity(depth);
        path.extend_from_slice(before);
        path.push((number, dot));
        Ok(Place(path))
    }

    fn number(&self, step: usize) -> i64 {
        self.0.get(step).map_or(0, |(number, _)| *number)
    }

    /// Whether a path can be that of the element inserted by `dot`.
    pub(super) fn is_of(&self, dot: &Dot) -> bool {
        let own = self.0.last().is_some_and(|(_, last)| last == dot);
        own && self.0.len() <= MAX_PLACE_DEPTH
    }

    /// The identifier of the `crdts` crate with this path, which it lets nobody write down: it goes through its
    /// encoding, which is a list of pairs of a rational number and a dot.
    pub(super) fn identifier(&self) -> Option<Identifier<OrdDot<Actor>>> {
        let steps = self.0.iter();
        let path: Vec<Step> = steps
            .map(|(number, dot)| {
                let OrdDot { actor, counter } = OrdDot::from(super::named(dot));
                (whole(*number), (actor, counter))
            })
            .collect();
        codec::decode(&codec::encode(&path)).ok()
    }
}

/// A whole number as the `crdts` crate encodes numbers: numerator and denominator, each a sign and digits of 32 bits.
type Number = ((i8, Vec<u32>), (i8, Vec<u32>));

/// A number and a dot.
type Step = (Number, (Actor, u64));

fn whole(number: i64) -> Number {
    let magnitude = number.unsigned_abs();
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let mut digits = vec![magnitude as u32, (magnitude >> 32) as u32];
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let sign = match number.cmp(&0) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    };
    ((sign, digits), (1, vec![1]))
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The order of [`Identifier`]: step by step, and what a path goes past comes after what is on it.
impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let mut steps = self.0.iter().zip(&other.0);
        let fork = steps.find(|(one, other)| one != other);
        match fork {
            Some((one, other)) => one.cmp(other),
            None => other.0.len().cmp(&self.0.len()),
        }
    }
}
