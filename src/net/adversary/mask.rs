//! The honest face of a villain that keeps to the protocol where it suits it.

use super::Hands;
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::packet::Echo;
use crate::deterministic_secure_broadcast::{
    Config, Effect, Effects, Packet, Payload, SecureBroadcast, Sound, To,
};
use crate::net::stage::Staged;

/// A correct replica in a villain's hands: what it wants to send, the villain may send, change or keep.
#[derive(Debug)]
pub(super) struct Mask<A: Staged, K: Keys> {
    broadcast: Option<Box<SecureBroadcast<A, K, Sound>>>,
}

impl<A: Staged, K: Keys> Mask<A, K> {
    pub(super) fn new() -> Self {
        Self { broadcast: None }
    }

    fn wear(&mut self, hands: &Hands<'_, A, K>) -> Option<&mut SecureBroadcast<A, K, Sound>> {
        if self.broadcast.is_none() {
            let (identity, genesis) = (hands.identity().clone(), hands.genesis().clone());
            let broadcast = SecureBroadcast::open(identity, genesis, [], Config::default()).ok()?;
            self.broadcast = Some(Box::new(broadcast));
        }
        self.broadcast.as_deref_mut()
    }

    /// The replica behind it.
    pub(super) fn replica(
        &mut self,
        hands: &Hands<'_, A, K>,
    ) -> Option<&SecureBroadcast<A, K, Sound>> {
        self.wear(hands).map(|broadcast| &*broadcast)
    }

    /// What a correct replica would send in answer to this packet. Requests of fellow villains it echoes unread.
    pub(super) fn packet(
        &mut self,
        from: Actor,
        payload: &Payload,
        hands: &mut Hands<'_, A, K>,
    ) -> Vec<(To, Payload)> {
        if let Payload::Request(request) = payload
            && let Some(source) = hands.members().in_seat(request.header.source).copied()
            && source != hands.me()
            && hands.is_friend(&source)
        {
            let header = request.header.digest(&hands.network());
            let (generation, first) = (request.generation, request.header.first);
            let sig = hands.echo(generation, header);
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
        let effects = self.wear(hands).map(|broadcast| broadcast.handle(packet));
        effects.and_then(Result::ok).map_or_else(Vec::new, sends)
    }

    /// What a correct replica would send on a tick.
    pub(super) fn tick(&mut self, hands: &Hands<'_, A, K>) -> Vec<(To, Payload)> {
        self.wear(hands)
            .map_or_else(Vec::new, |broadcast| sends(broadcast.tick()))
    }

    /// Broadcasts something of its own, if nothing is under way.
    pub(super) fn play(&mut self, hands: &mut Hands<'_, A, K>) -> Vec<(To, Payload)> {
        let me = hands.me();
        let everybody = hands.members().actors();
        let Some(broadcast) = self
            .wear(hands)
            .filter(|broadcast| broadcast.pending() == 0)
        else {
            return Vec::new();
        };
        let Some(op) = broadcast.algorithm().draw(&me, everybody, hands.stream()) else {
            return Vec::new();
        };
        broadcast
            .broadcast([op])
            .map_or_else(|_| Vec::new(), |(_, effects)| sends(effects))
    }
}

fn sends<A: Staged>(effects: Effects<A>) -> Vec<(To, Payload)> {
    let send = |effect| match effect {
        Effect::Send { to, payload } => Some((to, payload)),
        _ => None,
    };
    effects.into_iter().filter_map(send).collect()
}

/// Sends what the mask wants to send, unchanged.
pub(super) fn send_all<A: Staged, K: Keys>(sends: Vec<(To, Payload)>, hands: &mut Hands<'_, A, K>) {
    for (to, payload) in sends {
        match to {
            To::Members => hands.send_members(&payload),
            To::One(actor) => hands.send(actor, &payload),
        }
    }
}
