//! From the ground of a scenario to a world and a plan of faults.

use anyhow::{Context, Result};
use bft_crdts::net::world::{Cpu, Hardware, World};
use bft_crdts::net::{
    Absence, Bandwidth, Chance, Clock, Clog, Downtime, Faults, FullDisk, Law, NodeId, OneWay,
    Outage, Slowdown, Span, Tail, VirtualTime,
};

use crate::scenario::{Away, During, Ground, Links, Scenario};

/// Where everybody stands, and what they are made of.
pub(crate) fn world(scenario: &Scenario, node: impl Fn(&str) -> Option<NodeId>) -> World {
    let ground = &scenario.ground;
    let outsiders = scenario.villains.iter().map(|villain| &villain.who);
    let everybody: Vec<String> = scenario.people().iter().chain(outsiders).cloned().collect();
    let places = everybody.iter().filter_map(|name| node(name));
    let count = places.map(|place| place.index() + 1).max().unwrap_or(0);
    let mut nodes = vec![Hardware::default(); count];
    for made in &ground.nodes {
        let who = if made.who.is_empty() {
            &everybody
        } else {
            &made.who
        };
        for place in who.iter().filter_map(|name| node(name)) {
            let Some(hardware) = nodes.get_mut(place.index()) else {
                continue;
            };
            let place = made.place.as_deref().zip(ground.map.as_ref());
            let found = place.and_then(|(place, map)| map.find(place).ok());
            *hardware = Hardware {
                location: found.unwrap_or(hardware.location),
                bandwidth: Bandwidth {
                    upload: made.upload,
                    download: made.download,
                },
                cpu: Cpu::free().message(made.packet).timer(made.tick),
            };
        }
    }
    let world = World::new(nodes);
    match &ground.map {
        Some(map) => world.on(map.clone()),
        None => world,
    }
}

/// A packet that takes a detour arrives so much later when there is no longest latency.
const DETOUR: (Span, Span) = (Span::from_millis(100), Span::from_secs(1));

/// Adds what the ground says to a plan.
pub(crate) fn faults(
    ground: &Ground,
    node: impl Fn(&String) -> Result<NodeId>,
    faults: &mut Faults,
) -> Result<()> {
    if let Some(law) = &ground.latency {
        faults.latency = law.clone();
    }
    if ground.latency.is_some() || ground.map.is_some() {
        let most = ground.latency.as_ref().and_then(Law::most);
        let (min, max) = match most.filter(|_| ground.map.is_none()) {
            Some(most) => (most, most.times(8) + Span::from_millis(1)),
            None => DETOUR,
        };
        faults.detour = Law::Uniform { min, max };
    }
    faults.corruption = Chance::from_ppm(ground.corrupt);
    let time = |span: Span| VirtualTime::ZERO + span;
    let named = |names: &Vec<String>| names.iter().map(&node).collect::<Result<Vec<NodeId>>>();
    for Links { at, heal, from, to } in &ground.one_way {
        faults.one_way.push(OneWay {
            senders: named(from)?,
            receivers: named(to)?,
            from: time(*at),
            until: time(*heal),
        });
    }
    for Links { at, heal, from, to } in &ground.clogs {
        faults.clogs.push(Clog {
            senders: named(from)?,
            receivers: named(to)?,
            from: time(*at),
            until: time(*heal),
        });
    }
    for (During { member, at, heal }, by) in &ground.slowdowns {
        faults.slowdowns.push(Slowdown {
            node: node(member)?,
            from: time(*at),
            until: time(*heal),
            by: *by,
        });
    }
    for During { member, at, heal } in &ground.full_disks {
        faults.full_disks.push(FullDisk {
            node: node(member)?,
            from: time(*at),
            until: time(*heal),
        });
    }
    for (who, ahead, drift) in &ground.clocks {
        faults.clocks.push(Clock {
            node: node(who)?,
            ahead: *ahead,
            drift: *drift,
        });
    }
    for away in &ground.downtimes {
        let node = node(&away.member).context("a downtime")?;
        let how = match away.suspend {
            true => Outage::Suspend,
            false => Outage::Crash(Tail::Lost),
        };
        faults.downtimes.push(match away.when {
            Away::Once { at, back } => Downtime {
                node,
                when: Absence::Once {
                    from: time(at),
                    until: Some(time(back)),
                },
                how,
            },
            Away::Share { share, cycle } => {
                Downtime::share(node, Chance::from_ppm(share), cycle, how)
            }
        });
    }
    Ok(())
}
