//! From what a scenario says of the world to a world and a plan of faults.

use anyhow::{Context, Result};
use bft_crdts::net::world::{Cpu, Hardware, World};
use bft_crdts::net::{
    Absence, Bandwidth, Chance, Clog, Crash, CrashPoint, Downtime, Faults, FullDisk, Law, NodeId,
    OneWay, Outage, PacketId, Partition, Schedule, SkewedClock, Slowdown, Span, Tail, VirtualTime,
};

use crate::scenario::{Away, Links, Scenario, Time, When};

/// Where everybody stands, and what they are made of.
pub(crate) fn world(scenario: &Scenario, node: impl Fn(&str) -> Option<NodeId>) -> World {
    let map = scenario.world.locations();
    let outsiders = scenario.adversaries.iter().map(|adversary| &adversary.who);
    let everybody: Vec<String> = scenario.people().iter().chain(outsiders).cloned().collect();
    let places = everybody.iter().filter_map(|name| node(name));
    let count = places.map(|place| place.index() + 1).max().unwrap_or(0);
    let mut nodes = vec![Hardware::default(); count];
    for made in &scenario.nodes {
        let who = if made.who.is_empty() {
            &everybody
        } else {
            &made.who
        };
        for place in who.iter().filter_map(|name| node(name)) {
            let Some(hardware) = nodes.get_mut(place.index()) else {
                continue;
            };
            let place = made.place.as_deref().zip(map.as_ref());
            let found = place.and_then(|(place, map)| map.find(place).ok());
            *hardware = Hardware {
                location: found.unwrap_or(hardware.location),
                bandwidth: Bandwidth {
                    upload: made.upload.map(|line| line.0),
                    download: made.download.map(|line| line.0),
                },
                cpu: Cpu::free().message(made.packet.0).timer(made.tick.0),
            };
        }
    }
    let world = World::new(nodes);
    match map {
        Some(map) => world.on(map),
        None => world,
    }
}

/// A packet that takes a detour arrives so much later when there is no longest latency.
const DETOUR: (Span, Span) = (Span::from_millis(100), Span::from_secs(1));

/// How the network treats packets, and what goes wrong when.
pub(crate) fn faults(scenario: &Scenario, node: impl Fn(&str) -> Option<NodeId>) -> Result<Faults> {
    let network = &scenario.network;
    let node = |name: &String| node(name).with_context(|| format!("`{name}` does not take part"));
    let time = |time: Time| VirtualTime::ZERO + time.0;
    let law = network.latency.0.clone();
    let on_map = scenario.world.locations().is_some();
    let (min, max) = match law.most().filter(|_| !on_map) {
        Some(most) => (most, most.times(8) + Span::from_millis(1)),
        None => DETOUR,
    };
    let mut faults = Faults {
        latency: law,
        loss: Chance::from_ppm(network.loss.0),
        duplication: Chance::from_ppm(network.duplicate.0),
        reordering: Chance::from_ppm(network.reorder.0),
        corruption: Chance::from_ppm(network.corrupt.0),
        detour: Law::Uniform { min, max },
        heal_at: network.heal.map(time),
        ..Faults::default()
    };
    if let Some(schedule) = &scenario.schedule {
        let copies = schedule.copies.iter().map(|copy| {
            let way = PacketId {
                from: node(&copy.from)?,
                to: node(&copy.to)?,
                number: copy.number,
            };
            Ok((way, copy.fate))
        });
        faults.schedule = Some(Schedule {
            latency: schedule.latency.0,
            fates: copies.collect::<Result<_>>()?,
        });
    }
    for cut in &scenario.partitions {
        let groups = cut
            .groups
            .iter()
            .map(|group| group.iter().map(node).collect::<Result<Vec<NodeId>>>());
        faults.partitions.push(Partition {
            groups: groups.collect::<Result<_>>()?,
            from: time(cut.at),
            until: time(cut.heal),
        });
    }
    for crash in &scenario.crashes {
        faults.crashes.push(Crash {
            node: node(&crash.member)?,
            when: match crash.when {
                When::At(at) => CrashPoint::At(time(at)),
                When::AfterEffects(count) => CrashPoint::AfterEffects(count),
            },
            tail: if crash.lose_unsynced {
                Tail::Lost
            } else {
                Tail::Kept
            },
            down: Some(crash.down.0),
        });
    }
    links_and_nodes(scenario, node, &mut faults)?;
    Ok(faults)
}

/// Adds what the scenario says of links, clocks and disks to a plan.
fn links_and_nodes(
    scenario: &Scenario,
    node: impl Fn(&String) -> Result<NodeId>,
    faults: &mut Faults,
) -> Result<()> {
    let time = |time: Time| VirtualTime::ZERO + time.0;
    let named = |names: &Vec<String>| names.iter().map(&node).collect::<Result<Vec<NodeId>>>();
    for Links { at, heal, from, to } in &scenario.one_way {
        faults.one_way.push(OneWay {
            senders: named(from)?,
            receivers: named(to)?,
            from: time(*at),
            until: time(*heal),
        });
    }
    for Links { at, heal, from, to } in &scenario.clogs {
        faults.clogs.push(Clog {
            senders: named(from)?,
            receivers: named(to)?,
            from: time(*at),
            until: time(*heal),
        });
    }
    for slow in &scenario.slowdowns {
        faults.slowdowns.push(Slowdown {
            node: node(&slow.member)?,
            from: time(slow.at),
            until: time(slow.heal),
            by: slow.by.unwrap_or_default().0,
        });
    }
    for full in &scenario.full_disks {
        faults.full_disks.push(FullDisk {
            node: node(&full.member)?,
            from: time(full.at),
            until: time(full.heal),
        });
    }
    for clock in &scenario.clocks {
        faults.clocks.push(SkewedClock {
            node: node(&clock.who)?,
            ahead: clock.ahead.0,
            drift: clock.drift.0,
        });
    }
    for away in &scenario.downtimes {
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
                Downtime::share(node, Chance::from_ppm(share.0), cycle.0, how)
            }
        });
    }
    Ok(())
}
