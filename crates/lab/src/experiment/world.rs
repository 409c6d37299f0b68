//! A world of gossip: peers at their places, a client that makes transactions, and who holds what in the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use bft_crdts::net::world::{Cpu, Hardware, Location, RateLaw, World};
use bft_crdts::net::{
    Absence, Bandwidth, Downtime, Engine, Event, Faults, Limits, Moment, NodeId, Observer, Outage,
    Rate, Span, Step, Streams, VirtualTime,
};

use super::file::{File, FileError, span};
use crate::fault::Peer;
use crate::gossip::{Message, Node, Producer, Tamper};
use crate::keys::Ring;
use crate::outcome::Verdict;
use crate::tx::Tx;

/// The kind of a node that makes transactions.
pub(super) const CLIENT: &str = "client";

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Gossiped {
    /// Peers that keep to the protocol, in order.
    pub(super) peers: Vec<NodeId>,
    /// By node, what it holds of each number.
    pub(super) stores: Vec<BTreeMap<u64, Tx>>,
    /// Numbers that the client has made.
    pub(super) made: Vec<u64>,
    /// By number, what the client kept.
    pub(super) kept: BTreeMap<u64, Tx>,
    /// Packets sent.
    pub(super) packets: u64,
    /// Their bytes.
    pub(super) bytes: u64,
    /// Packets refused for their signature.
    pub(super) refused: u64,
    /// By node and number, how long after it was made it was there first.
    pub(super) delays: BTreeMap<(NodeId, u64), Span>,
}

impl Gossiped {
    /// The share of (peer, number) that is there.
    pub(super) fn coverage(&self) -> f64 {
        let there: usize = self
            .peers
            .iter()
            .map(|peer| self.stores[peer.index()].len())
            .sum();
        there as f64 / (self.peers.len() * self.made.len()).max(1) as f64
    }

    /// Whether what a peer holds is what the client kept; `None` if it holds nothing.
    pub(super) fn is_right(&self, peer: NodeId, number: u64) -> Option<bool> {
        let held = self.stores.get(peer.index())?.get(&number)?;
        Some(self.kept.get(&number) == Some(held))
    }

    /// How many (peer, number) are there, and how many of them are wrong.
    pub(super) fn cells(&self) -> (usize, usize) {
        let cells = self.peers.iter().flat_map(|peer| {
            let numbers = self.made.iter();
            numbers.filter_map(|number| self.is_right(*peer, *number))
        });
        cells.fold((0, 0), |(all, wrong), right| {
            (all + 1, wrong + usize::from(!right))
        })
    }

    /// Numbers of which correct peers hold different versions.
    pub(super) fn split(&self) -> usize {
        let differ = |number: &&u64| {
            let mut held = self
                .peers
                .iter()
                .filter_map(|peer| self.stores[peer.index()].get(*number));
            let first = held.next();
            held.any(|tx| Some(tx) != first)
        };
        self.made.iter().filter(differ).count()
    }
}

struct Watch {
    come: Gossiped,
    client: NodeId,
    begun: BTreeMap<u64, VirtualTime>,
}

impl Observer<Peer<Message>> for Watch {
    fn event(&mut self, moment: Moment, event: Event<'_, Peer<Message>>) {
        match event {
            Event::Sent { bytes, .. } => {
                self.come.packets += 1;
                self.come.bytes += u64::from(bytes);
            }
            Event::Arrived {
                verdict: Verdict::Refused(_),
                ..
            } => self.come.refused += 1,
            Event::Delivered { node, delivery } => {
                let (tx, number) = (delivery.tx, delivery.tx.id.number);
                if node == self.client {
                    self.come.made.push(number);
                    self.come.kept.insert(number, tx);
                    self.begun.insert(number, moment.at);
                }
                let begun = self.begun.get(&number).copied().unwrap_or(moment.at);
                let place = self.come.delays.entry((node, number));
                place.or_insert(moment.at.since(begun));
                self.come.stores[node.index()].insert(number, tx);
            }
            _ => {}
        }
    }
}

const fn rate(megabit: u64) -> Rate {
    match Rate::bits_per_second(megabit * 1_000_000) {
        Some(rate) => rate,
        None => unreachable!(),
    }
}

/// Runs the world of a file.
pub(super) fn gossip(file: &File) -> Result<Gossiped, FileError> {
    let topology = file.topology()?;
    let services = file.services()?;
    let map = file.map()?;
    let style = services.style()?;
    let streams = Streams::new(file.seed);
    let places = map.iter().count() as u64;
    let is_client = |node: NodeId| topology.kind(node) == Some(CLIENT);
    let client = topology.nodes().find(|node| is_client(*node));
    let client = client.ok_or(FileError::Missing("topology: a client"))?;
    let nodes = u16::try_from(topology.len()).map_err(|_| FileError::Missing("topology"))?;
    let (ring, keys) = Ring::make(nodes);
    let line = RateLaw::Normal {
        mean: rate(50),
        deviation: rate(10),
    };
    let mut stream = streams.of("hardware");
    let work = span("services.validation_ms", services.validation_ms)?;
    let hardware: Vec<Hardware> = topology
        .nodes()
        .map(|_| Hardware {
            location: Location::new(stream.below(places) as u16),
            bandwidth: Bandwidth {
                upload: line.draw(&mut stream),
                download: line.draw(&mut stream),
            },
            cpu: Cpu::free().kind("gossip", work),
        })
        .collect();
    let world = World::new(hardware).on(map);
    let every = 1_000_000_u64.checked_div(u64::from(services.rate));
    let every = Span::from_micros(every.ok_or(FileError::Missing("services.rate"))?);
    let peers = topology.nodes().map(|me| {
        // Peers tell clients nothing.
        let neighbours = topology.neighbours(me).iter().copied();
        let neighbours: Arc<[NodeId]> = neighbours.filter(|node| !is_client(*node)).collect();
        let mut node = Node::new(
            style,
            ring.clone(),
            neighbours.clone(),
            streams.of_node("gossip", me),
        );
        if !services.signatures {
            node = node.unchecked();
        }
        if me == client {
            node = node.producing(Producer {
                client: me.get(),
                key: keys[me.index()].clone(),
                first: Span::from_secs(1),
                every,
                balance: services.balance,
                conflicting: services.conflicting,
                made: 0,
            });
        }
        match services.is_malicious(me) {
            true => {
                let stream = streams.of_node("tamper", me);
                Peer::faulty(node, Tamper::new(neighbours, stream))
            }
            false => Peer::correct(node),
        }
    });
    let faults = Faults {
        downtimes: downtimes(file, client)?,
        ..Faults::default()
    };
    let end = Limits {
        steps: 50_000_000,
        time: VirtualTime::from_nanos(file.millis.saturating_mul(1_000_000).saturating_sub(1)),
    };
    let mut engine = Engine::in_world(peers.collect(), &world, faults, end, &streams)?;
    let honest = topology
        .nodes()
        .filter(|node| *node != client && !services.is_malicious(*node));
    let mut watch = Watch {
        come: Gossiped {
            peers: honest.collect(),
            stores: vec![BTreeMap::new(); topology.len()],
            ..Gossiped::default()
        },
        client,
        begun: BTreeMap::new(),
    };
    engine.start(&mut watch);
    while !matches!(engine.step(&mut watch), Step::Ended(_)) {}
    Ok(watch.come)
}

/// All peers are away now and then, the client never.
fn downtimes(file: &File, client: NodeId) -> Result<Vec<Downtime>, FileError> {
    let Some(times) = file.services()?.downtime else {
        return Ok(Vec::new());
    };
    let (up, down) = (
        times.up.law("services.downtime.up")?,
        times.down.law("services.downtime.down")?,
    );
    let nodes = file.topology()?.nodes().filter(|node| *node != client);
    let away = |node| Downtime {
        node,
        when: Absence::Random {
            up: up.clone(),
            down: down.clone(),
        },
        how: Outage::Suspend,
    };
    Ok(nodes.map(away).collect())
}
