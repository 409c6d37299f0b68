//! Campaigns: each seed draws its own members, adversaries, faults and operations.

use bft_crdts::membership::quorum::faults;
use bft_crdts::net::{Law, Span, Wish};
use serde::Deserialize;

use super::{
    Adversary, AdversaryKind, Bank, Chance, Change, Crash, Generator, Kind, Latency, Network,
    Partition, Scenario, Script, Signatures, Time, When, number, swarm,
};
use crate::draw::Draw as Stream;
use crate::names;

/// The stream of draws that scenarios are made from.
const PURPOSE: u64 = 2;
/// What every account holds; little, so that payers need what they are paid.
const BALANCE: u64 = 100;

/// The stream that says whether signatures are real.
const SIGNATURES: u64 = 3;

/// What each seed of a campaign draws for itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// How many members there may be.
    pub members: Vec<usize>,
    /// What adversaries may be: as many members as are tolerated are adversaries, and perhaps there is an outsider, too.
    #[serde(rename = "adversaries")]
    pub adversaries: Vec<Kind>,
    /// The most operations.
    pub operations: u64,
    /// The most changes of members.
    #[serde(default)]
    pub changes: u64,
    /// When all faults end.
    pub faults_until: Time,
    /// Whether each seed also draws which kinds of adversaries and faults there can be in it, and how many and how much.
    #[serde(default)]
    pub swarm: bool,
    /// The largest chance of loss.
    #[serde(default = "Chance::ppm::<400_000>")]
    pub loss: Chance,
    /// The largest chance of a copy.
    #[serde(default = "Chance::ppm::<300_000>")]
    pub duplicate: Chance,
    /// The largest chance of a detour.
    #[serde(default = "Chance::ppm::<300_000>")]
    pub reorder: Chance,
    /// By how much latencies may differ.
    #[serde(default = "Time::millis::<100>")]
    pub latency: Time,
    /// The most partitions.
    #[serde(default = "number::<2>")]
    pub partitions: u64,
    /// The most crashes of one member.
    #[serde(default = "number::<2>")]
    pub crashes: u64,
    /// One run in so many has real signatures; none if zero.
    #[serde(default = "number::<20>")]
    pub real_signatures_every: u64,
}

/// The scenario of a seed.
pub(super) fn draw(campaign: &Scenario, draw: &Draw, seed: u64) -> Scenario {
    let draw = &swarm::of_seed(draw, seed);
    let mut stream = Stream::new(seed, PURPOSE);
    let count = stream.pick(&draw.members).copied().unwrap_or(1);
    let members: Vec<String> = (0..count).map(names::default_member).collect();
    let comings = comings(draw, &mut stream);
    let goings = comings.goings.min(members.len().saturating_sub(1));
    let adversaries = adversaries(draw, &members, goings, &mut stream);
    let is_adversary = |name: &&String| adversaries.iter().any(|adversary| adversary.who == **name);
    let correct: Vec<String> = members
        .iter()
        .filter(|name| !is_adversary(name))
        .cloned()
        .collect();
    let end = draw.faults_until.0.as_nanos();
    let mut crashing = correct.clone();
    crashing.extend(comings.joiners.iter().cloned());
    let mut scenario = Scenario {
        network: network(campaign, draw, &mut stream),
        partitions: partitions(draw, &members, end, &mut stream),
        crashes: crashes(draw, &crashing, end, &mut stream),
        generator: Some(Generator {
            operations: stream.between(1, draw.operations),
            every: Time(Span::from_millis(stream.below(40))),
            max_amount: BALANCE,
            items: 5,
        }),
        draw: None,
        adversaries,
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
            .map(|adversary| adversary.who.clone())
            .collect();
        scenario.changes = changes(&comings.joiners, goings, correct, faulty, end, &mut stream);
        scenario.joiners = comings.joiners;
        scenario.expel_convicted = stream.chance(500);
    }
    if let Some(bank) = &mut scenario.bank {
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

/// Everybody who comes joins, so many correct members go, and perhaps an adversary has to: each at some time.
fn changes(
    joiners: &[String],
    goings: usize,
    mut correct: Vec<String>,
    adversaries: Vec<String>,
    end: u64,
    stream: &mut Stream,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut change = |what, who, stream: &mut Stream| {
        changes.push(Change {
            at: Time(Span::from_nanos(stream.below(end))),
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
    for adversary in adversaries {
        if stream.chance(300) {
            change(Wish::Expel, adversary, stream);
        }
    }
    changes
}

/// As many members as are tolerated once so many have gone, and in one run of three an outsider.
fn adversaries(
    draw: &Draw,
    members: &[String],
    goings: usize,
    stream: &mut Stream,
) -> Vec<Adversary> {
    let (outside, inside): (Vec<AdversaryKind>, Vec<AdversaryKind>) = draw
        .adversaries
        .iter()
        .map(|Kind(kind)| kind)
        .partition(|kind| **kind == AdversaryKind::Outsider);
    let mut left = members.to_vec();
    let mut adversaries = Vec::new();
    let adversary = |who, kind| Adversary {
        who,
        kind,
        at: Time::default(),
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
        adversaries.push(adversary(left.swap_remove(place), kind));
    }
    if !outside.is_empty() && stream.chance(333) {
        adversaries.push(adversary("oscar".to_owned(), AdversaryKind::Outsider));
    }
    adversaries
}

/// Each kind of fault is on in every other run, and as strong as the draw says. A law of latencies that is not uniform
/// is the campaign's.
fn network(campaign: &Scenario, draw: &Draw, stream: &mut Stream) -> Network {
    let mut chance = |most: Chance| match stream.chance(500) {
        true => Chance(u32::try_from(stream.below(u64::from(most.0))).unwrap_or(0)),
        false => Chance(0),
    };
    let (loss, duplicate, reorder) = (
        chance(draw.loss),
        chance(draw.duplicate),
        chance(draw.reorder),
    );
    let min = Span::from_micros(stream.between(100, 10_000));
    let uniform = Latency(Law::Uniform {
        min,
        max: min + Span::from_micros(stream.below(draw.latency.0.as_nanos() / 1_000)),
    });
    let own = &campaign.network;
    Network {
        latency: match own.latency.0 {
            Law::Uniform { .. } => uniform,
            _ => own.latency.clone(),
        },
        loss,
        duplicate,
        reorder,
        tick: Time(Span::from_millis(stream.between(50, 150))),
        heal: Some(draw.faults_until),
        corrupt: own.corrupt,
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
            let down = Span::from_nanos(restart.0.as_nanos() - at.0.as_nanos());
            crashes.push(Crash {
                member: member.clone(),
                when,
                down: Time(down),
                lose_unsynced: stream.chance(700),
            });
        }
    }
    crashes
}

/// Some time before `end`, in nanoseconds.
fn interval(end: u64, stream: &mut Stream) -> (Time, Time) {
    let at = stream.below(end.max(2) - 1);
    (
        Time(Span::from_nanos(at)),
        Time(Span::from_nanos(stream.between(at + 1, end.max(2)))),
    )
}
