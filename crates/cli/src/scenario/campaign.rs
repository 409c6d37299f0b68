//! Campaigns: each seed draws its own members, villains, faults and operations.

use bft_crdts::membership::quorum::faults;
use bft_crdts::net::{Span, Wish};

use super::{
    Algorithm, Bank, Change, Crash, Draw, Generator, Network, Partition, Scenario, Script,
    Signatures, Villain, VillainKind, When, Workload, swarm,
};
use crate::draw::Draw as Stream;
use crate::names;

/// The stream of draws that scenarios are made from.
const PURPOSE: u64 = 2;
/// What every account holds; little, so that payers need what they are paid.
const BALANCE: u64 = 100;

/// The stream that says whether signatures are real.
const SIGNATURES: u64 = 3;

/// The scenario of a seed.
pub(super) fn draw(campaign: &Scenario, draw: &Draw, seed: u64) -> Scenario {
    let draw = &swarm::of_seed(draw, seed);
    let mut stream = Stream::new(seed, PURPOSE);
    let count = stream.pick(&draw.members).copied().unwrap_or(1);
    let members: Vec<String> = (0..count).map(names::default_member).collect();
    let comings = comings(draw, &mut stream);
    let goings = comings.goings.min(members.len().saturating_sub(1));
    let villains = villains(draw, &members, goings, &mut stream);
    let is_villain = |name: &&String| villains.iter().any(|villain| villain.who == **name);
    let correct: Vec<String> = members
        .iter()
        .filter(|name| !is_villain(name))
        .cloned()
        .collect();
    let end = draw.faults_until.as_nanos();
    let mut crashing = correct.clone();
    crashing.extend(comings.joiners.iter().cloned());
    let mut scenario = Scenario {
        network: network(draw, &mut stream),
        partitions: partitions(draw, &members, end, &mut stream),
        crashes: crashes(draw, &crashing, end, &mut stream),
        workload: Workload::Generator(Generator {
            operations: stream.between(1, draw.operations),
            every: Span::from_millis(stream.below(40)),
            max_amount: BALANCE,
            items: 5,
        }),
        draw: None,
        villains,
        members,
        ..campaign.clone()
    };
    let every = draw.real_signatures_every;
    if every > 0 && Stream::new(seed, SIGNATURES).below(every) == 0 {
        scenario.signatures = Signatures::Ed25519;
    }
    if draw.changes > 0 {
        let faulty: Vec<String> = scenario
            .faulty()
            .map(|villain| villain.who.clone())
            .collect();
        scenario.changes = changes(&comings.joiners, goings, correct, faulty, end, &mut stream);
        scenario.joiners = comings.joiners;
        scenario.expel_convicted = stream.chance(500);
    }
    if let Algorithm::Bank(bank) = &mut scenario.algorithm {
        *bank = Bank {
            accounts: scenario
                .members
                .iter()
                .map(|name| (name.clone(), BALANCE))
                .collect(),
            ..Bank::default()
        };
    }
    scenario
}

/// Who comes, and how many correct members go.
struct Comings {
    joiners: Vec<String>,
    goings: usize,
}

fn comings(draw: &Draw, stream: &mut Stream) -> Comings {
    if draw.changes == 0 {
        return Comings {
            joiners: Vec::new(),
            goings: 0,
        };
    }
    let all = stream.between(1, draw.changes);
    let joins = stream.below(all + 1);
    Comings {
        joiners: (1..=joins).map(|number| format!("new{number}")).collect(),
        goings: usize::try_from(all - joins).unwrap_or(0),
    }
}

/// Everybody who comes joins, so many correct members go, and perhaps a villain has to: each at some time.
fn changes(
    joiners: &[String],
    goings: usize,
    mut correct: Vec<String>,
    villains: Vec<String>,
    end: u64,
    stream: &mut Stream,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut change = |what, who, stream: &mut Stream| {
        changes.push(Change {
            at: Span::from_nanos(stream.below(end)),
            what,
            who,
            approved_by: None,
        });
    };
    for joiner in joiners {
        change(Wish::Join, joiner.clone(), stream);
    }
    for _ in 0..goings.min(correct.len().saturating_sub(1)) {
        let place = usize::try_from(stream.below(correct.len() as u64)).unwrap_or(0);
        let what = match stream.chance(700) {
            true => Wish::Leave,
            false => Wish::Expel,
        };
        change(what, correct.swap_remove(place), stream);
    }
    for villain in villains {
        if stream.chance(300) {
            change(Wish::Expel, villain, stream);
        }
    }
    changes
}

/// As many members as are tolerated once so many have gone, and in one run of three an outsider.
fn villains(draw: &Draw, members: &[String], goings: usize, stream: &mut Stream) -> Vec<Villain> {
    let (outside, inside): (Vec<VillainKind>, Vec<VillainKind>) = draw
        .villains
        .iter()
        .partition(|kind| **kind == VillainKind::Outsider);
    let mut left = members.to_vec();
    let mut villains = Vec::new();
    let villain = |who, kind| Villain {
        who,
        kind,
        at: Span::ZERO,
        script: Script::Drawn,
    };
    let most = faults(members.len() - goings);
    let count = match draw.swarm {
        true => usize::try_from(stream.below(most as u64 + 1)).unwrap_or(0),
        false => most,
    };
    for _ in 0..count {
        let Some(kind) = stream.pick(&inside).copied() else {
            break;
        };
        let place = usize::try_from(stream.below(left.len() as u64)).unwrap_or(0);
        villains.push(villain(left.swap_remove(place), kind));
    }
    if !outside.is_empty() && stream.chance(333) {
        villains.push(villain("oscar".to_owned(), VillainKind::Outsider));
    }
    villains
}

/// Each kind of fault is on in every other run, and as strong as the draw says.
fn network(draw: &Draw, stream: &mut Stream) -> Network {
    let mut chance = |most: u32| match stream.chance(500) {
        true => u32::try_from(stream.below(u64::from(most))).unwrap_or(0),
        false => 0,
    };
    let (loss, duplicate, reorder) = (
        chance(draw.loss),
        chance(draw.duplicate),
        chance(draw.reorder),
    );
    let min = Span::from_micros(stream.between(100, 10_000));
    Network {
        latency: (
            min,
            min + Span::from_micros(stream.below(draw.latency.as_nanos() / 1_000)),
        ),
        loss,
        duplicate,
        reorder,
        tick: Span::from_millis(stream.between(50, 150)),
        heal: Some(draw.faults_until),
    }
}

fn partitions(draw: &Draw, members: &[String], end: u64, stream: &mut Stream) -> Vec<Partition> {
    if stream.chance(600) || draw.partitions == 0 {
        return Vec::new();
    }
    let cut = |stream: &mut Stream| {
        let group = members
            .iter()
            .filter(|_| stream.chance(500))
            .cloned()
            .collect();
        let (at, heal) = interval(end, stream);
        Partition {
            at,
            heal,
            groups: vec![group],
        }
    };
    (0..stream.between(1, draw.partitions))
        .map(|_| cut(stream))
        .collect()
}

/// A few crashes of each of some correct members, half of them at any moment, half between two effects.
fn crashes(draw: &Draw, correct: &[String], end: u64, stream: &mut Stream) -> Vec<Crash> {
    let mut crashes = Vec::new();
    if stream.chance(400) {
        return crashes;
    }
    for member in correct {
        for round in 0..stream.below(draw.crashes + 1) {
            let (at, restart) = interval(end, stream);
            let when = match stream.chance(500) {
                // Never while it is down already: the second crash of a member counts effects.
                true if round == 0 => When::At(at),
                _ => When::AfterEffects(stream.between(1, 300)),
            };
            let down = Span::from_nanos(restart.as_nanos() - at.as_nanos());
            crashes.push(Crash {
                member: member.clone(),
                when,
                down,
                lose_unsynced: stream.chance(700),
            });
        }
    }
    crashes
}

/// Some time before `end`, in nanoseconds.
fn interval(end: u64, stream: &mut Stream) -> (Span, Span) {
    let at = stream.below(end.max(2) - 1);
    (
        Span::from_nanos(at),
        Span::from_nanos(stream.between(at + 1, end.max(2))),
    )
}
