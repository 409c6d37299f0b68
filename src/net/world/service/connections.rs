//! Keeping neighbours, and letting go of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::net::node::NodeId;
use crate::net::time::{Span, VirtualTime};
use crate::net::world::peer::{Cargo, Desk, Letter, Parting, Service};

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
    fn has_room<C: Cargo>(&self, desk: &Desk<'_, C>) -> bool {
        let emergent = self.emergent.as_ref();
        emergent.is_none_or(|emergent| desk.degree() <= emergent.max)
    }

    /// Asks whom others know, if there are too few neighbours: a bootstrap peer, or a neighbour.
    fn look_for_more<C: Cargo>(&mut self, desk: &mut Desk<'_, C>) {
        let Some(emergent) = &self.emergent else {
            return;
        };
        if desk.degree() >= emergent.min {
            return;
        }
        let mut whom: Vec<NodeId> = emergent.bootstrap.to_vec();
        whom.extend(desk.neighbours());
        let me = desk.me();
        whom.retain(|peer| *peer != me);
        if let Some(peer) = desk.stream().pick(&whom).copied() {
            desk.send(peer, Letter::Hello);
        }
    }

    /// Parts from the slowest while there are too many.
    fn part_from_slowest<C: Cargo>(&self, desk: &mut Desk<'_, C>) {
        let Some(emergent) = &self.emergent else {
            return;
        };
        while desk.degree() > emergent.max {
            let trip = |peer: &NodeId| desk.link_to(*peer).and_then(|link| link.round_trip);
            let Some(slowest) = desk.neighbours().max_by_key(trip) else {
                return;
            };
            desk.send(slowest, Letter::Bye);
            desk.part(slowest, Parting::Slowest);
        }
    }
}

impl<C: Cargo> Service<C> for Connections {
    fn start(&mut self, desk: &mut Desk<'_, C>) {
        if self.emergent.is_none() {
            self.given = desk.neighbours().collect();
        }
        self.look_for_more(desk);
        desk.set_timer(self.ping, 0);
    }

    fn timer(&mut self, _: u32, desk: &mut Desk<'_, C>) {
        let now = desk.now();
        self.asked.clear();
        let is_silent = |peer: &NodeId| {
            let link = desk.link_to(*peer);
            link.is_some_and(|link| link.silent_for(now) > self.silence)
        };
        let silent: Vec<NodeId> = desk.neighbours().filter(is_silent).collect();
        for peer in silent {
            desk.part(peer, Parting::Silent);
        }
        self.part_from_slowest(desk);
        let mut whom: BTreeSet<NodeId> = desk.neighbours().collect();
        whom.extend(&self.given);
        self.pinged = whom.iter().map(|peer| (*peer, now)).collect();
        desk.send_all(whom.into_iter().collect(), Letter::Ping);
        self.look_for_more(desk);
        desk.set_timer(self.ping, 0);
    }

    fn linked(&mut self, peer: NodeId, desk: &mut Desk<'_, C>) {
        self.pinged.insert(peer, desk.now());
        desk.send(peer, Letter::Ping);
    }

    fn letter(&mut self, from: NodeId, letter: &Letter<C>, desk: &mut Desk<'_, C>) {
        let linked = desk.link_to(from).is_some();
        if !linked && self.given.contains(&from) {
            desk.link(from);
        }
        match letter {
            Letter::Ping => {
                desk.send(from, Letter::Pong);
                // It thinks that we are neighbours, and has not heard that we parted; unless its yes is on its way.
                let stranger = !linked && !self.asked.contains(&from) && !self.is_bootstrap(from);
                if stranger && self.emergent.is_some() {
                    desk.send(from, Letter::Bye);
                }
            }
            Letter::Pong => {
                if let Some(at) = self.pinged.remove(&from) {
                    let span = desk.now() - at;
                    desk.round_trip(from, span);
                }
            }
            Letter::Hello if self.emergent.is_some() => {
                let others = desk.sample(MOST_NAMES, &[from]);
                desk.send(from, Letter::Peers(others.into()));
            }
            Letter::Peers(peers) => {
                let Some(emergent) = &self.emergent else {
                    return;
                };
                for peer in peers.iter().copied().take(MOST_NAMES) {
                    let known = desk.link_to(peer).is_some() || peer == desk.me();
                    if desk.degree() + self.asked.len() < emergent.min
                        && !known
                        && self.asked.insert(peer)
                    {
                        desk.send(peer, Letter::Connect);
                    }
                }
            }
            Letter::Connect if linked || self.has_room(desk) => {
                desk.link(from);
                desk.send(from, Letter::Accept);
            }
            Letter::Connect => desk.send(from, Letter::Refuse),
            // Whoever was not asked, or was asked too long ago, hears that there is no room.
            Letter::Accept if self.asked.remove(&from) && self.has_room(desk) => desk.link(from),
            Letter::Accept if !linked => desk.send(from, Letter::Bye),
            Letter::Refuse => {
                self.asked.remove(&from);
            }
            Letter::Bye => desk.part(from, Parting::Left),
            _ => {}
        }
    }
}
