//! R6, tried: two messages for one slot, begun in one generation and finished in the next.

use std::collections::BTreeMap;

use super::Reconfigurer;
use super::plot::Plot;
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::packet::Echo;
use crate::membership::Generation;
use crate::net::adversary::AdversaryContext;
use crate::net::adversary::chain::SourceChain;
use crate::net::sim_algorithm::SimAlgorithm;

/// How often it asks.
const TICKS: u32 = 60;

impl<A: SimAlgorithm, K: Keys> Reconfigurer<A, K> {
    /// Signs two messages as soon as somebody wants a change, one for each half; once the change is made it asks
    /// everybody for both, in the new generation and in the one that is over.
    pub(super) fn plot(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let (members, _) = self.place(context)?;
        let generation = members.generation();
        let halves = Self::halves(&members, context);
        if self.plot.is_none() {
            let wanted = self.approvals.keys().any(|(of, _)| *of == generation);
            if !wanted || generation > Generation::GENESIS {
                return None;
            }
            let chain = SourceChain::new(context);
            let (me, everybody) = (context.me(), context.members().actors());
            let versions = chain.copy.rivals(&me, everybody, context.stream())?;
            let mut drafts = Vec::new();
            for op in versions {
                drafts.push(chain.draft(vec![op], context)?);
            }
            context.count("reconfigurer: signed two messages before a reconfiguration");
            self.plot = Some(Plot {
                drafts,
                members: BTreeMap::new(),
                echoes: BTreeMap::new(),
                proven: [false; 2],
                ticks: 0,
            });
        }
        let plot = self.plot.as_mut()?;
        plot.ticks += 1;
        if plot.ticks > TICKS {
            return None;
        }
        plot.members.insert(generation, members.clone());
        let began = *plot.members.keys().next()?;
        if generation == began {
            for (which, half) in halves.iter().enumerate() {
                plot.ask(which, generation, half, context);
            }
            return Some(());
        }
        // Each half is asked for the other message first.
        let order = usize::from(plot.ticks.is_multiple_of(2));
        for which in [order, 1 - order] {
            context.count("reconfigurer: asked for two messages after a reconfiguration");
            plot.ask(which, generation, &halves.concat(), context);
            plot.ask(which, began, &halves.concat(), context);
        }
        Some(())
    }

    /// Counts an echo for one of the two messages, and proves to one half what has become certified.
    pub(super) fn plot_echo(
        &mut self,
        from: Actor,
        echo: &Echo,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let place = self.place(context);
        let (Some(plot), Some((members, _))) = (&mut self.plot, place) else {
            return;
        };
        let Some(which) = plot.echo(from, echo, context) else {
            return;
        };
        let Some(proof) = plot.proof(which, echo.generation) else {
            return;
        };
        if plot.proven == [true; 2] {
            context.count(
                "reconfigurer: got two messages certified, one on each side of a reconfiguration",
            );
        }
        let halves = Self::halves(&members, context);
        let half = halves.get(which).cloned().unwrap_or_default();
        half.iter().for_each(|member| context.send(*member, &proof));
    }
}
