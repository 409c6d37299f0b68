//! Keeping neighbours, and letting go of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::net::node::NodeId;
use crate::net::time::{Span, VirtualTime};
use crate::net::world::peer::{Cargo, Parting, PeerContext, PeerMessage, Service};

/// The connection manager: it pings every neighbour, answers pings, and parts from whoever is silent too long.
///
/// In a *given* topology it takes back a neighbour that it has from the start as soon as that one is heard again. In an
/// *emergent* one ([`Connections::emergent`]) it begins with none, asks for others where it knows somebody, and keeps
/// between `min` and `max` of them: it asks for more when there are fewer; when there are more, it refuses newcomers, and
/// parts from the slowest in the next round of pings.
#[derive(Clone, Debug)]
pub struct Connections {
    ping: Span,
    silence: Span,
    emergent: Option<Emergent>,
    /// Neighbours from the start.
    given: BTreeSet<NodeId>,
    /// When whoever has not answered yet was pinged.
    pinged: BTreeMap<NodeId, VirtualTime>,
    /// Who was asked to be a neighbour in this round.
    asked: BTreeSet<NodeId>,
}

#[derive(Clone, Debug)]
struct Emergent {
    bootstrap: Arc<[NodeId]>,
    min: usize,
    max: usize,
}

/// The most names it gives or takes in one letter.
const MOST_NAMES: usize = 8;

impl Default for Connections {
    /// Pings every second, and parts after five seconds of silence.
    fn default() -> Self {
        Self {
            ping: Span::from_secs(1),
            silence: Span::from_secs(5),
            emergent: None,
            given: BTreeSet::new(),
            pinged: BTreeMap::new(),
            asked: BTreeSet::new(),
        }
    }
}

impl Connections {
    /// Finds neighbours by itself, beginning with those who are asked first; keeps `min` to `max` of them.
    #[must_use]
    pub fn emergent(bootstrap: &[NodeId], min: usize, max: usize) -> Self {
        Self {
            emergent: Some(Emergent {
                bootstrap: bootstrap.into(),
                min,
                max: max.max(min),
            }),
            ..Self::default()
        }
    }

    /// Pings so often, and parts after so much silence.
    #[must_use]
    pub fn pinging(mut self, every: Span, silence: Span) -> Self {
        self.ping = every;
        self.silence = silence;
        self
    }

    fn is_bootstrap(&self, peer: NodeId) -> bool {
        let emergent = self.emergent.as_ref();
        emergent.is_some_and(|emergent| emergent.bootstrap.contains(&peer))
    }

    /// Whether there is room for one more. A full house takes one too many, so that somebody faster can take the place
    /// of the slowest in the next round.
    fn has_room<C: Cargo>(&self, context: &PeerContext<'_, C>) -> bool {
        let emergent = self.emergent.as_ref();
        emergent.is_none_or(|emergent| context.degree() <= emergent.max)
    }

    /// Asks whom others know, if there are too few neighbours: a bootstrap peer, or a neighbour.
    fn look_for_more<C: Cargo>(&mut self, context: &mut PeerContext<'_, C>) {
        let Some(emergent) = &self.emergent else {
            return;
        };
        if context.degree() >= emergent.min {
            return;
        }
        let mut whom: Vec<NodeId> = emergent.bootstrap.to_vec();
        whom.extend(context.neighbours());
        let me = context.me();
        whom.retain(|peer| *peer != me);
        if let Some(peer) = context.stream().pick(&whom).copied() {
            context.send(peer, PeerMessage::Hello);
        }
    }

    /// Parts from the slowest while there are too many.
    fn part_from_slowest<C: Cargo>(&self, context: &mut PeerContext<'_, C>) {
        let Some(emergent) = &self.emergent else {
            return;
        };
        while context.degree() > emergent.max {
            let trip = |peer: &NodeId| context.link_to(*peer).and_then(|link| link.round_trip);
            let Some(slowest) = context.neighbours().max_by_key(trip) else {
                return;
            };
            context.send(slowest, PeerMessage::Bye);
            context.part(slowest, Parting::Slowest);
        }
    }
}

impl<C: Cargo> Service<C> for Connections {
    fn start(&mut self, context: &mut PeerContext<'_, C>) {
        if self.emergent.is_none() {
            self.given = context.neighbours().collect();
        }
        self.look_for_more(context);
        context.set_timer(self.ping, 0);
    }

    fn timer(&mut self, _: u32, context: &mut PeerContext<'_, C>) {
        let now = context.now();
        self.asked.clear();
        let is_silent = |peer: &NodeId| {
            let link = context.link_to(*peer);
            link.is_some_and(|link| link.silent_for(now) > self.silence)
        };
        let silent: Vec<NodeId> = context.neighbours().filter(is_silent).collect();
        for peer in silent {
            context.part(peer, Parting::Silent);
        }
        self.part_from_slowest(context);
        let mut whom: BTreeSet<NodeId> = context.neighbours().collect();
        whom.extend(&self.given);
        self.pinged = whom.iter().map(|peer| (*peer, now)).collect();
        context.send_all(whom.into_iter().collect(), PeerMessage::Ping);
        self.look_for_more(context);
        context.set_timer(self.ping, 0);
    }

    fn linked(&mut self, peer: NodeId, context: &mut PeerContext<'_, C>) {
        self.pinged.insert(peer, context.now());
        context.send(peer, PeerMessage::Ping);
    }

    fn message(
        &mut self,
        from: NodeId,
        message: &PeerMessage<C>,
        context: &mut PeerContext<'_, C>,
    ) {
        let linked = context.link_to(from).is_some();
        if !linked && self.given.contains(&from) {
            context.link(from);
        }
        match message {
            PeerMessage::Ping => {
                context.send(from, PeerMessage::Pong);
                // It thinks that we are neighbours, and has not heard that we parted; unless its yes is on its way.
                let stranger = !linked && !self.asked.contains(&from) && !self.is_bootstrap(from);
                if stranger && self.emergent.is_some() {
                    context.send(from, PeerMessage::Bye);
                }
            }
            PeerMessage::Pong => {
                if let Some(at) = self.pinged.remove(&from) {
                    let span = context.now() - at;
                    context.round_trip(from, span);
                }
            }
            PeerMessage::Hello if self.emergent.is_some() => {
                let others = context.sample(MOST_NAMES, &[from]);
                context.send(from, PeerMessage::Peers(others.into()));
            }
            PeerMessage::Peers(peers) => {
                let Some(emergent) = &self.emergent else {
                    return;
                };
                for peer in peers.iter().copied().take(MOST_NAMES) {
                    let known = context.link_to(peer).is_some() || peer == context.me();
                    if context.degree() + self.asked.len() < emergent.min
                        && !known
                        && self.asked.insert(peer)
                    {
                        context.send(peer, PeerMessage::Connect);
                    }
                }
            }
            PeerMessage::Connect if linked || self.has_room(context) => {
                context.link(from);
                context.send(from, PeerMessage::Accept);
            }
            PeerMessage::Connect => context.send(from, PeerMessage::Refuse),
            // Whoever was not asked, or was asked too long ago, hears that there is no room.
            PeerMessage::Accept if self.asked.remove(&from) && self.has_room(context) => {
                context.link(from)
            }
            PeerMessage::Accept if !linked => context.send(from, PeerMessage::Bye),
            PeerMessage::Refuse => {
                self.asked.remove(&from);
            }
            PeerMessage::Bye => context.part(from, Parting::Left),
            _ => {}
        }
    }
}
