//! Asking neighbours for what is missing, by ranges of numbers.

use std::sync::Arc;

use super::pull::{MOST, answer, ask, first_round};
use crate::net::law::{Law, Sampler};
use crate::net::node::NodeId;
use crate::net::time::Span;
use crate::net::world::peer::{Cargo, Desk, Letter, Service};

/// Like [`Pull`](super::Pull), but a round tells one number for each maker, up to which it knows of items, instead of the
/// names of all. What is missing below these numbers is asked for by name.
#[derive(Clone, Debug)]
pub struct RangedPull {
    fan_out: usize,
    round: Span,
    first: Sampler,
}

impl Default for RangedPull {
    /// Three neighbours every 500 ms, from about 200 ms after the start.
    fn default() -> Self {
        Self::new(3, Span::from_millis(500))
    }
}

impl RangedPull {
    /// With so many neighbours in a round of this length.
    #[must_use]
    pub fn new(fan_out: usize, round: Span) -> Self {
        Self {
            fan_out,
            round,
            first: first_round(),
        }
    }

    /// When the first round begins. The default is normal, 200 ± 100 ms.
    #[must_use]
    pub fn first(mut self, law: &Law) -> Self {
        self.first = law.sampler();
        self
    }

    /// Believes what somebody says there is, within reason, and asks for what is missing.
    fn believe<C: Cargo>(from: NodeId, theirs: &[(NodeId, u32)], desk: &mut Desk<'_, C>) {
        for (source, number) in theirs {
            // A liar may say that there are billions: one answer's worth is believed at a time.
            let most = desk.store().height(*source).saturating_add(MOST as u32);
            desk.rumour(*source, (*number).min(most));
        }
        let holes = desk.store().holes(MOST);
        ask(from, holes, desk);
    }
}

impl<C: Cargo> Service<C> for RangedPull {
    fn start(&mut self, desk: &mut Desk<'_, C>) {
        let first = self.first.draw(desk.stream());
        desk.set_timer(first, 0);
    }

    fn timer(&mut self, _: u32, desk: &mut Desk<'_, C>) {
        let heights: Arc<[(NodeId, u32)]> = desk.store().heights().collect();
        let to = desk.sample(self.fan_out, &[]);
        desk.send_all(to, Letter::Heights(heights));
        desk.set_timer(self.round, 0);
    }

    fn letter(&mut self, from: NodeId, letter: &Letter<C>, desk: &mut Desk<'_, C>) {
        match letter {
            Letter::Heights(theirs) => {
                let told = |source: NodeId| {
                    let told = theirs.iter().find(|(known, _)| *known == source);
                    told.map_or(0, |(_, number)| *number)
                };
                let mine = desk.store().heights();
                let ahead = mine.filter(|(source, number)| told(*source) < *number);
                let ahead: Vec<(NodeId, u32)> = ahead.collect();
                if !ahead.is_empty() {
                    desk.send(from, Letter::Ahead(ahead.into()));
                }
                Self::believe(from, theirs, desk);
            }
            Letter::Ahead(theirs) => Self::believe(from, theirs, desk),
            Letter::Want(ids) => answer(from, ids, desk),
            _ => {}
        }
    }
}
