//! The library's own types as `Arbitrary`, for operations that hold them.

use std::collections::BTreeSet;
use std::iter::empty;

use quickcheck::{Arbitrary, Gen};

use super::roster::roster;
use crate::actor::{Actor, Counter, Dot};
use crate::{bank, orswot};

/// Mostly somebody of the [`roster`]; rarely an actor that nobody knows.
impl Arbitrary for Actor {
    fn arbitrary(g: &mut Gen) -> Self {
        let stranger = u8::arbitrary(g);
        match stranger {
            0..=200 => g.choose(&roster()).copied().unwrap_or(roster()[0]),
            _ => Actor::from_bytes([stranger; 32]),
        }
    }
}

/// Mostly one of the first operations, now and then none, the last there can be, or any.
impl Arbitrary for Counter {
    fn arbitrary(g: &mut Gen) -> Self {
        Counter::new(match u8::arbitrary(g) {
            choice @ 0..=200 => u64::from(choice % 8),
            201..=220 => u64::MAX - u64::from(u8::arbitrary(g) % 4),
            _ => u64::arbitrary(g),
        })
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.get().shrink().map(Counter::new))
    }
}

impl Arbitrary for Dot {
    fn arbitrary(g: &mut Gen) -> Self {
        Dot::new(Actor::arbitrary(g), Counter::arbitrary(g))
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let actor = self.actor;
        Box::new(
            self.counter
                .shrink()
                .map(move |counter| Dot::new(actor, counter)),
        )
    }
}

impl Arbitrary for bank::Op {
    fn arbitrary(g: &mut Gen) -> Self {
        let (to, amount) = (Actor::arbitrary(g), amount(g));
        match u8::arbitrary(g) {
            0..=50 => bank::Op::Issue { to, amount },
            _ => bank::Op::Transfer {
                to,
                amount,
                causes: few(g),
            },
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        match self.clone() {
            bank::Op::Issue { to, amount } => Box::new(
                amount
                    .shrink()
                    .map(move |amount| bank::Op::Issue { to, amount }),
            ),
            bank::Op::Transfer { to, amount, causes } => {
                let smaller = (amount, causes).shrink();
                Box::new(smaller.map(move |(amount, causes)| bank::Op::Transfer {
                    to,
                    amount,
                    causes,
                }))
            }
        }
    }
}

impl<M: orswot::Member + Arbitrary> Arbitrary for orswot::Op<M> {
    fn arbitrary(g: &mut Gen) -> Self {
        let members = few(g);
        match bool::arbitrary(g) {
            true => orswot::Op::Add { members },
            false => orswot::Op::Remove {
                members,
                witnessed: few(g),
            },
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        match self.clone() {
            orswot::Op::Add { members } if members.len() > 1 => {
                Box::new(members.shrink().map(|members| orswot::Op::Add { members }))
            }
            orswot::Op::Remove { members, witnessed } => {
                let smaller = (members, witnessed).shrink();
                Box::new(
                    smaller.map(|(members, witnessed)| orswot::Op::Remove { members, witnessed }),
                )
            }
            orswot::Op::Add { .. } => Box::new(empty()),
        }
    }
}

/// Mostly small, now and then as large as it gets.
fn amount(g: &mut Gen) -> u64 {
    match u8::arbitrary(g) {
        small @ 0..=200 => u64::from(small),
        201..=220 => u64::MAX - u64::from(u8::arbitrary(g)),
        _ => u64::arbitrary(g),
    }
}

/// From none to four.
fn few<T: Arbitrary + Ord>(g: &mut Gen) -> BTreeSet<T> {
    let many = u8::arbitrary(g) % 5;
    (0..many).map(|_| T::arbitrary(g)).collect()
}
