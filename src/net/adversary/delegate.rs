//! The honest face of an adversary that keeps to the protocol where it suits it.

use super::AdversaryContext;
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::packet::Echo;
use crate::deterministic_secure_broadcast::{
    Config, Effect, Effects, Packet, Payload, SecureBroadcast, Sound, To,
};
use crate::net::sim_algorithm::SimAlgorithm;

/// A correct replica in an adversary's hands: what it wants to send, the adversary may send, change or keep.
#[derive(Debug)]
pub(super) struct HonestDelegate<A: SimAlgorithm, K: Keys> {
    broadcast: Option<Box<SecureBroadcast<A, K, Sound>>>,
}

impl<A: SimAlgorithm, K: Keys> Default for HonestDelegate<A, K> {
    fn default() -> Self {
        Self { broadcast: None }
    }
}

impl<A: SimAlgorithm, K: Keys> HonestDelegate<A, K> {
    fn wear(
        &mut self,
        context: &AdversaryContext<'_, A, K>,
    ) -> Option<&mut SecureBroadcast<A, K, Sound>> {
        if self.broadcast.is_none() {
            let (identity, genesis) = (context.identity().clone(), context.genesis().clone());
            let broadcast = SecureBroadcast::open(identity, genesis, [], Config::default()).ok()?;
            self.broadcast = Some(Box::new(broadcast));
        }
        self.broadcast.as_deref_mut()
    }

    /// The replica behind it.
    pub(super) fn replica(
        &mut self,
        context: &AdversaryContext<'_, A, K>,
    ) -> Option<&SecureBroadcast<A, K, Sound>> {
        self.wear(context).map(|broadcast| &*broadcast)
    }

    /// What a correct replica would send in answer to this packet. Requests of fellow adversaries it echoes unread.
    pub(super) fn packet(
        &mut self,
        from: Actor,
        payload: &Payload,
        context: &mut AdversaryContext<'_, A, K>,
    ) -> Vec<(To, Payload)> {
        if let Payload::Request(request) = payload
            && let Some(source) = context.members().in_seat(request.header.source).copied()
            && source != context.me()
            && context.is_friend(&source)
        {
            let header = request.header.digest(&context.network());
            let (generation, first) = (request.generation, request.header.first);
            let sig = context.echo(generation, header);
            let echo = Echo {
                generation,
                first,
                header,
                sig,
            };
            return vec![(To::One(source), Payload::Echo(echo))];
        }
        let packet = Packet {
            from,
            payload: payload.clone(),
        };
        let effects = self.wear(context).map(|broadcast| broadcast.handle(packet));
        effects.and_then(Result::ok).map_or_else(Vec::new, sends)
    }

    /// What a correct replica would send on a tick.
    pub(super) fn tick(&mut self, context: &AdversaryContext<'_, A, K>) -> Vec<(To, Payload)> {
        self.wear(context)
            .map_or_else(Vec::new, |broadcast| sends(broadcast.tick()))
    }

    /// Broadcasts something of its own, if nothing is under way.
    pub(super) fn play(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Vec<(To, Payload)> {
        let me = context.me();
        let everybody = context.members().actors();
        let Some(broadcast) = self
            .wear(context)
            .filter(|broadcast| broadcast.pending() == 0)
        else {
            return Vec::new();
        };
        let Some(op) = broadcast.algorithm().draw(&me, everybody, context.stream()) else {
            return Vec::new();
        };
        broadcast
            .broadcast([op])
            .map_or_else(|_| Vec::new(), |(_, effects)| sends(effects))
    }
}

fn sends<A: SimAlgorithm>(effects: Effects<A>) -> Vec<(To, Payload)> {
    let send = |effect| match effect {
        Effect::Send { to, payload } => Some((to, payload)),
        _ => None,
    };
    effects.into_iter().filter_map(send).collect()
}

/// Sends what the mask wants to send, unchanged.
pub(super) fn send_all<A: SimAlgorithm, K: Keys>(
    sends: Vec<(To, Payload)>,
    context: &mut AdversaryContext<'_, A, K>,
) {
    for (to, payload) in sends {
        match to {
            To::Members => context.send_members(&payload),
            To::One(actor) => context.send(actor, &payload),
        }
    }
}
