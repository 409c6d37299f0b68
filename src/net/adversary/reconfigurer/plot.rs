//! Two messages for one slot, and what has become of them.

use std::collections::BTreeMap;

use crate::actor::{Actor, Keys, Sig, signing_bytes};
use crate::deterministic_secure_broadcast::packet::{Echo, Proof, Request};
use crate::deterministic_secure_broadcast::{Certificate, EchoStatement, Payload};
use crate::membership::quorum::quorum;
use crate::membership::{Generation, MemberIndex, Members, Signers};
use crate::net::adversary::AdversaryContext;
use crate::net::adversary::chain::MessageDraft;
use crate::net::sim_algorithm::SimAlgorithm;

/// Two messages for one slot, and who has echoed which, in which generation.
pub(super) struct Plot<A: SimAlgorithm, K: Keys> {
    pub(super) drafts: Vec<MessageDraft<A::Op>>,
    /// The members of every generation it has asked in.
    pub(super) members: BTreeMap<Generation, Members<K>>,
    pub(super) echoes: BTreeMap<(usize, Generation), BTreeMap<MemberIndex, Sig>>,
    pub(super) proven: [bool; 2],
    pub(super) ticks: u32,
}

impl<A: SimAlgorithm, K: Keys> std::fmt::Debug for Plot<A, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plot")
            .field("proven", &self.proven)
            .finish_non_exhaustive()
    }
}

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

    pub(super) fn ask(
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
    pub(super) fn echo(
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

    pub(super) fn proof(&self, which: usize, generation: Generation) -> Option<Payload> {
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
