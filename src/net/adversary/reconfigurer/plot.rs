//! R6, tried: two messages for one slot, begun in one generation and finished in the next.

use std::collections::BTreeMap;

use super::Reconfigurer;
use crate::actor::{Actor, Keys, Sig, signing_bytes};
use crate::deterministic_secure_broadcast::packet::{Echo, Proof, Request};
use crate::deterministic_secure_broadcast::{Certificate, EchoStatement, Payload};
use crate::membership::quorum::quorum;
use crate::membership::{Generation, MemberIndex, Members, Signers};
use crate::net::adversary::AdversaryContext;
use crate::net::adversary::chain::{MessageDraft, SourceChain};
use crate::net::sim_algorithm::SimAlgorithm;

/// Two messages for one slot, and who has echoed which, in which generation.
pub(super) struct Plot<A: SimAlgorithm, K: Keys> {
    drafts: Vec<MessageDraft<A::Op>>,
    /// The members of every generation it has asked in.
    members: BTreeMap<Generation, Members<K>>,
    echoes: BTreeMap<(usize, Generation), BTreeMap<MemberIndex, Sig>>,
    proven: [bool; 2],
    ticks: u32,
}

impl<A: SimAlgorithm, K: Keys> std::fmt::Debug for Plot<A, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plot")
            .field("proven", &self.proven)
            .finish_non_exhaustive()
    }
}

/// How often it asks.
const TICKS: u32 = 60;

impl<A: SimAlgorithm, K: Keys> Plot<A, K> {
    fn request(
        &self,
        which: usize,
        generation: Generation,
        context: &AdversaryContext<'_, A, K>,
    ) -> Option<Payload> {
        let draft = self.drafts.get(which)?;
        Some(Payload::Request(Request {
            generation,
            header: draft.header.clone(),
            echo: context.echo(generation, draft.digest),
            ops: draft.bytes.clone(),
        }))
    }

    fn ask(
        &self,
        which: usize,
        generation: Generation,
        whom: &[Actor],
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        if let Some(request) = self.request(which, generation, context) {
            whom.iter()
                .for_each(|member| context.send(*member, &request));
        }
    }

    /// Counts an echo; which message is certified by it, if one is.
    fn echo(
        &mut self,
        from: Actor,
        echo: &Echo,
        context: &AdversaryContext<'_, A, K>,
    ) -> Option<usize> {
        let which = self
            .drafts
            .iter()
            .position(|draft| draft.digest == echo.header)?;
        let members = self.members.get(&echo.generation)?;
        let statement = EchoStatement {
            generation: echo.generation,
            header: echo.header,
        };
        let bytes = signing_bytes(&context.network(), &statement);
        let index = members.index_of(&from)?;
        if !K::verify(members.key(index)?, &bytes, &echo.sig) {
            return None;
        }
        let own = members.index_of(&context.me())?;
        let echoes = self.echoes.entry((which, echo.generation)).or_default();
        echoes.insert(index, echo.sig);
        echoes.insert(own, context.echo(echo.generation, echo.header));
        // It knows the rules.
        let half = context.quorum() < quorum(context.members().len());
        let needed = match half {
            true => members.len().div_ceil(2),
            false => quorum(members.len()),
        };
        let proven = self.proven.get_mut(which)?;
        (echoes.len() >= needed && !std::mem::replace(proven, true)).then_some(which)
    }

    fn proof(&self, which: usize, generation: Generation) -> Option<Payload> {
        let draft = self.drafts.get(which)?;
        let echoes = self.echoes.get(&(which, generation))?;
        let mut signers = Signers::none(self.members.get(&generation)?.len());
        echoes.keys().for_each(|index| signers.insert(*index));
        Some(Payload::Proof(Proof {
            certificate: Certificate {
                generation,
                header: draft.header.clone(),
                signers,
                signatures: echoes.values().copied().collect(),
            },
            ops: Some(draft.bytes.clone()),
        }))
    }
}

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
