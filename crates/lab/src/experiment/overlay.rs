//! Ten peers who keep connections, on a given graph or on one that they make themselves, as in the first notebook.

use bft_crdts::net::world::{Hardware, RateLaw, Topology, World};
use bft_crdts::net::{
    Bandwidth, Chance, Engine, Event, Faults, Limits, Moment, NodeId, Observer, Rate, Step,
    Streams, VirtualTime,
};

use super::file::{File, Services};
use super::latency::two_places;
use super::{ExperimentError, Page};
use crate::figure;
use crate::overlay::{Act, Limits as Connections, Message, Peer, Role};
use crate::row;

const PEERS: u16 = 10;
/// The kind of the peer that the others ask, in a topology.
const BOOTSTRAP: &str = "bootstrap";

fn services() -> Services {
    Services {
        gossip: None,
        validation_ms: 0.0,
        signatures: false,
        rate: 0,
        balance: 0,
        conflicting: false,
        malicious: Vec::new(),
        downtime: None,
        min_peers: 4,
        max_peers: 8,
    }
}

/// Every pair is linked with the chance one half.
pub(super) fn random(seed: u64) -> File {
    let mut stream = Streams::new(seed).of("topology");
    let graph = Topology::erdos_renyi(PEERS, Chance::percent(50), &mut stream);
    File {
        millis: 5_000,
        locations: Some(two_places()),
        services: Some(services()),
        topology: Some(graph),
        ..File::bare(seed)
    }
}

/// Nobody is linked, and one more is there to be asked.
pub(super) fn emergent(seed: u64) -> File {
    let mut graph = Topology::unlinked(PEERS);
    graph.add(BOOTSTRAP);
    File {
        topology: Some(graph),
        ..random(seed)
    }
}

/// What every peer did, a line each.
struct Logs {
    lines: Vec<String>,
    packets: u64,
}

impl Logs {
    fn write(&mut self, moment: Moment, node: NodeId, what: &str) {
        if let Some(log) = self.lines.get_mut(node.index()) {
            let millis = moment.at.as_nanos() as f64 / 1e6;
            log.push_str(&format!("{millis:>10.3}: {what}\n"));
        }
    }
}

impl Observer<Peer> for Logs {
    fn event(&mut self, moment: Moment, event: Event<'_, Peer>) {
        match event {
            Event::Sent {
                from, to, message, ..
            } => {
                self.packets += 1;
                let what = format!("Sending message <{}> to {}", said(message), name(to));
                self.write(moment, from, &what);
            }
            Event::Arrived {
                from, to, message, ..
            } => {
                let what = format!("Received message <{}> from {}", said(message), name(from));
                self.write(moment, to, &what);
            }
            Event::Noted { node, note } => {
                let what = match note {
                    Act::Connected(other) => format!("Connecting to {}", name(other)),
                    Act::Silent(other) => {
                        format!("Breaking connection with {}, not responding", name(other))
                    }
                    Act::Slowest(other) => {
                        format!("Breaking connection with {}, too slow", name(other))
                    }
                    Act::Left(other) => format!("Connection broken by {}", name(other)),
                    Act::TooFew(have) => format!("Not enough peers, fetching more ({have})"),
                };
                self.write(moment, node, &what);
            }
            _ => {}
        }
    }
}

/// Peers are counted from 1, as in the notebooks.
fn name(node: NodeId) -> String {
    format!("Peer_{}", node.get() + 1)
}

fn said(message: &Message) -> String {
    match message {
        Message::PeerList(peers) => {
            let names: Vec<String> = peers.iter().copied().map(name).collect();
            format!("PeerList: {}", names.join(", "))
        }
        message => format!("{message:?}"),
    }
}

pub(super) fn run(file: &File) -> Result<Page, ExperimentError> {
    let topology = file.topology()?;
    let services = file.services()?;
    let map = file.map()?;
    let streams = Streams::new(file.seed);
    let places = map.iter().count() as u64;
    let line = RateLaw::Normal {
        mean: rate(50),
        deviation: rate(10),
    };
    let mut stream = streams.of("hardware");
    let hardware = topology.nodes().map(|_| Hardware {
        location: bft_crdts::net::world::Location::new(stream.below(places) as u16),
        bandwidth: Bandwidth {
            upload: line.draw(&mut stream),
            download: line.draw(&mut stream),
        },
        ..Hardware::default()
    });
    let world = World::new(hardware.collect::<Vec<_>>()).on(map);
    let asked = topology
        .nodes()
        .find(|node| topology.kind(*node) == Some(BOOTSTRAP));
    let limits = Connections {
        min: services.min_peers,
        max: services.max_peers,
    };
    let peers = topology.nodes().map(|me| {
        let role = match asked {
            None => Role::Given(topology.neighbours(me).to_vec()),
            Some(bootstrap) if bootstrap == me => Role::Bootstrap,
            Some(bootstrap) => Role::Finds(bootstrap),
        };
        Peer::new(me, role, limits, streams.of_node("overlay", me))
    });
    let end = Limits {
        steps: 10_000_000,
        time: VirtualTime::from_millis(file.millis),
    };
    let engine = Engine::in_world(peers.collect(), &world, Faults::default(), end, &streams);
    let mut engine = engine.map_err(super::FileError::from)?;
    let mut logs = Logs {
        lines: vec![String::new(); topology.len()],
        packets: 0,
    };
    engine.start(&mut logs);
    while !matches!(engine.step(&mut logs), Step::Ended(_)) {}
    let everybody = topology.nodes().filter(|node| Some(*node) != asked);
    let everybody: Vec<NodeId> = everybody.collect();
    let mut formed = Topology::unlinked(everybody.len() as u16);
    for &node in &everybody {
        for other in engine.machine(node).into_iter().flat_map(Peer::connections) {
            // A connection counts if both sides count it.
            let mutual = engine
                .machine(other)
                .is_some_and(|peer| peer.connections().any(|back| back == node));
            if mutual {
                formed.link(node, other);
            }
        }
    }
    Ok(page(file, &formed, asked.is_some(), logs))
}

const fn rate(megabit: u64) -> Rate {
    match Rate::bits_per_second(megabit * 1_000_000) {
        Some(rate) => rate,
        None => unreachable!(),
    }
}

fn page(file: &File, formed: &Topology, emergent: bool, logs: Logs) -> Page {
    let title = match emergent {
        true => "A topology that emerges",
        false => "A random topology",
    };
    let mut page = Page::new(title);
    page.line(format!(
        "{} peers, {} connections, diameter {}, {} packets in {} ms",
        formed.len(),
        formed.links().count(),
        formed
            .diameter()
            .map_or("-".to_owned(), |diameter| diameter.to_string()),
        logs.packets,
        file.millis
    ));
    page.line("");
    let mut rows = vec![row!["peer", "connections", "with"]];
    for node in formed.nodes() {
        let neighbours = formed.neighbours(node);
        let names: Vec<String> = neighbours
            .iter()
            .map(|node| (node.get() + 1).to_string())
            .collect();
        rows.push(row![node.get() + 1, neighbours.len(), names.join(" ")]);
    }
    page.table(&rows);
    page.line("");
    page.line("the log of Peer_1 begins");
    let first = logs.lines.first().map(String::as_str).unwrap_or_default();
    for line in first.lines().take(24) {
        page.line(line);
    }
    let drawn = figure::graph(title, formed, &[]);
    page.figures.push(("topology.svg".to_owned(), drawn));
    for (place, log) in (1..).zip(logs.lines) {
        page.logs.push((format!("Peer_{place}.log"), log));
    }
    page
}
