//! Asking neighbours for what is missing, by ranges of numbers.

use std::sync::Arc;

use super::pull::{MOST, answer, ask, first_round};
use crate::net::law::{Law, Sampler};
use crate::net::node::NodeId;
use crate::net::time::Span;
use crate::net::world::peer::{Cargo, PeerContext, PeerMessage, Service};

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
    fn believe<C: Cargo>(from: NodeId, theirs: &[(NodeId, u32)], context: &mut PeerContext<'_, C>) {
        for (source, number) in theirs {
            // A Byzantine node may say that there are billions: one answer's worth is believed at a time.
            let most = context.store().height(*source).saturating_add(MOST as u32);
            context.rumour(*source, (*number).min(most));
        }
        let holes = context.store().holes(MOST);
        ask(from, holes, context);
    }
}

impl<C: Cargo> Service<C> for RangedPull {
    fn start(&mut self, context: &mut PeerContext<'_, C>) {
        let first = self.first.draw(context.stream());
        context.set_timer(first, 0);
    }

    fn timer(&mut self, _: u32, context: &mut PeerContext<'_, C>) {
        let heights: Arc<[(NodeId, u32)]> = context.store().heights().collect();
        let to = context.sample(self.fan_out, &[]);
        context.send_all(to, PeerMessage::Heights(heights));
        context.set_timer(self.round, 0);
    }

    fn message(
        &mut self,
        from: NodeId,
        message: &PeerMessage<C>,
        context: &mut PeerContext<'_, C>,
    ) {
        match message {
            PeerMessage::Heights(theirs) => {
                let told = |source: NodeId| {
                    let told = theirs.iter().find(|(known, _)| *known == source);
                    told.map_or(0, |(_, number)| *number)
                };
                let mine = context.store().heights();
                let ahead = mine.filter(|(source, number)| told(*source) < *number);
                let ahead: Vec<(NodeId, u32)> = ahead.collect();
                if !ahead.is_empty() {
                    context.send(from, PeerMessage::Ahead(ahead.into()));
                }
                Self::believe(from, theirs, context);
            }
            PeerMessage::Ahead(theirs) => Self::believe(from, theirs, context),
            PeerMessage::Want(ids) => answer(from, ids, context),
            _ => {}
        }
    }
}
