//! Campaigns: thousands of short runs, each with everything about it drawn from its seed.
//!
//! A run of a campaign is a pure function of the campaign and the seed, so any number of threads may share the seeds
//! out among themselves and come to the same results.

use std::collections::BTreeMap;

use super::adversary::{Adversary, AdversaryKind};
use super::checker::Violation;
use super::disk::Tail;
use super::engine::Limits;
use super::fault::{Crash, CrashPoint, Faults, Law, Partition};
use super::keys::{FakeKeys, SeededKeys};
use super::node::NodeId;
use super::random::{Chance, Stream, Streams};
use super::report::{Ended, Report};
use super::roster::Roster;
use super::sim_algorithm::SimAlgorithm;
use super::simulation::{Net, NetError};
use super::time::{Span, VirtualTime};
use super::trace::Trace;
use super::workload::Task;
use crate::actor::Ed25519;
use crate::bank::{self, Bank, Ledger};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::Rules;
use crate::membership::quorum::faults as most_faulty;
use crate::orswot::{self, Entries, Orswot};

/// What the runs of a campaign are drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// How many members a run may have.
    pub members: Vec<usize>,
    /// What is replicated.
    pub algorithms: Vec<Algorithm>,
    /// What the adversaries among the members may be; each run has as many as its members tolerate.
    pub adversaries: Vec<AdversaryKind>,
    /// One run in so many has an outsider besides; none if zero.
    pub outsider_every: u64,
    /// The most operations of a run; it has at least one.
    pub operations: u64,
    /// The strongest faults; each run has some of them, up to this strength.
    pub strongest: Strongest,
    /// One run in so many uses real signatures; none if zero.
    pub real_keys_every: u64,
}

/// How strong the faults of a run may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strongest {
    /// Loss.
    pub loss: Chance,
    /// Duplication.
    pub duplication: Chance,
    /// Packets sent a long way round.
    pub reordering: Chance,
    /// Latency.
    pub latency: Span,
    /// Partitions, in number.
    pub partitions: u64,
    /// Crashes with restart of correct members, in number.
    pub crashes: u64,
    /// All faults are over by then.
    pub heal_at: VirtualTime,
}

/// What a run replicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// [`Bank`].
    Bank,
    /// [`Orswot`] of small numbers.
    Orswot,
}

/// What became of one seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// What was replicated.
    pub algorithm: Algorithm,
    /// Whether the signatures were real.
    pub real_keys: bool,
    /// Members.
    pub members: usize,
    /// The adversaries, outsiders included.
    pub adversaries: Vec<AdversaryKind>,
    /// Operations of correct members.
    pub submitted: u64,
    /// Those delivered by all correct members.
    pub delivered: u64,
    /// Those refused before they were signed.
    pub refused: u64,
    /// Broken promises.
    pub violations: Vec<Violation>,
    /// Whether all correct members ended alike.
    pub converged: bool,
    /// Packets put on the wire.
    pub packets: u64,
    /// What adversaries and faults did, and how often.
    pub sometimes: BTreeMap<&'static str, u64>,
    /// Steps of the engine.
    pub steps: u64,
    /// Why the run ended.
    pub ended: Ended,
    /// The digest of everything that happened.
    pub trace_digest: Digest,
    /// Everything that happened, if it was asked for.
    pub trace: Option<Trace>,
}

impl Default for Campaign {
    fn default() -> Self {
        Self {
            members: vec![4, 7, 10],
            algorithms: vec![Algorithm::Bank, Algorithm::Orswot],
            adversaries: AdversaryKind::MEMBERS.to_vec(),
            outsider_every: 4,
            operations: 20,
            strongest: Strongest {
                loss: Chance::percent(30),
                duplication: Chance::percent(30),
                reordering: Chance::percent(30),
                latency: Span::from_millis(100),
                partitions: 2,
                crashes: 3,
                heal_at: VirtualTime::from_secs(4),
            },
            real_keys_every: 20,
        }
    }
}

impl Campaign {
    /// Runs one seed under these rules.
    ///
    /// # Errors
    /// [`NetError`] if the campaign's members make no network.
    pub fn run<R: Rules>(&self, seed: u64) -> Result<SeedResult, NetError> {
        self.run_with::<R>(seed, false)
    }

    /// Like [`Campaign::run`], with a trace for charts. The run is the same.
    ///
    /// # Errors
    /// As [`Campaign::run`].
    pub fn run_traced<R: Rules>(&self, seed: u64) -> Result<SeedResult, NetError> {
        self.run_with::<R>(seed, true)
    }

    fn run_with<R: Rules>(&self, seed: u64, traced: bool) -> Result<SeedResult, NetError> {
        let mut stream = Streams::new(seed).of("campaign");
        let algorithm = stream
            .pick(&self.algorithms)
            .copied()
            .unwrap_or(Algorithm::Bank);
        let real = self.real_keys_every > 0 && stream.below(self.real_keys_every) == 0;
        let draw = Draw {
            campaign: self,
            seed,
            traced,
            algorithm,
            real,
        };
        match (algorithm, real) {
            (Algorithm::Bank, false) => draw.bank::<FakeKeys, R>(&mut stream),
            (Algorithm::Bank, true) => draw.bank::<Ed25519, R>(&mut stream),
            (Algorithm::Orswot, false) => draw.orswot::<FakeKeys, R>(&mut stream),
            (Algorithm::Orswot, true) => draw.orswot::<Ed25519, R>(&mut stream),
        }
    }
}

/// One run about to be drawn.
struct Draw<'a> {
    campaign: &'a Campaign,
    seed: u64,
    traced: bool,
    algorithm: Algorithm,
    real: bool,
}

impl Draw<'_> {
    fn bank<K: SeededKeys, R: Rules>(&self, stream: &mut Stream) -> Result<SeedResult, NetError> {
        let roster = self.roster::<K>(stream);
        let accounts: Vec<_> = roster
            .actors()
            .map(|actor| (actor, stream.range(0, 200)))
            .collect();
        // A hundred accounts of at most 200 each pass the one check there is.
        let ledger = Ledger::genesis(accounts, []).unwrap_or_default();
        self.play::<Bank, K, R>(Net::new(roster, bank::ALGORITHM, ledger), stream)
    }

    fn orswot<K: SeededKeys, R: Rules>(&self, stream: &mut Stream) -> Result<SeedResult, NetError> {
        let roster = self.roster::<K>(stream);
        let net = Net::<Orswot<u8>, K>::new(roster, orswot::ALGORITHM, Entries::default());
        self.play::<Orswot<u8>, K, R>(net, stream)
    }

    fn roster<K: SeededKeys>(&self, stream: &mut Stream) -> Roster<K> {
        Roster::letters(stream.pick(&self.campaign.members).copied().unwrap_or(4))
    }

    fn play<A: SimAlgorithm, K: SeededKeys, R: Rules>(
        &self,
        net: Net<A, K>,
        stream: &mut Stream,
    ) -> Result<SeedResult, NetError> {
        let n = net.roster().actors().len();
        let mut places: Vec<u16> = (0..).take(n).collect();
        stream.shuffle(&mut places);
        let bad = places.split_off(n - most_faulty(n).min(n));
        let letters = Roster::<FakeKeys>::letters(n);
        let name = |place: &u16| {
            letters
                .name_at(usize::from(*place))
                .unwrap_or_default()
                .to_owned()
        };

        let mut adversaries = Vec::new();
        let mut net = net
            .rules::<R>()
            .seed(self.seed)
            .faults(self.faults(n, &places, stream));
        for place in &bad {
            if let Some(kind) = stream.pick(&self.campaign.adversaries) {
                adversaries.push(*kind);
                net = net.adversary(&name(place), build(*kind));
            }
        }
        let every = self.campaign.outsider_every;
        if every > 0 && stream.below(every) == 0 {
            adversaries.push(AdversaryKind::Outsider);
            net = net.adversary("outsider", build(AdversaryKind::Outsider));
        }
        let items = stream.range(1, self.campaign.operations.max(1));
        let busy = self.campaign.strongest.heal_at.as_nanos() / 2;
        let mut times: Vec<u64> = (0..items).map(|_| stream.below(busy)).collect();
        times.sort_unstable();
        let items: Vec<Task<A>> = times
            .into_iter()
            .zip(1..)
            .filter_map(|(at, tag)| {
                let who = stream.pick(&places)?;
                Some(
                    Task::drawn(name(who))
                        .tagged(tag)
                        .at(VirtualTime::from_nanos(at)),
                )
            })
            .collect();
        let limits = Limits {
            steps: 5_000_000,
            time: VirtualTime::from_secs(600),
        };
        let mut net = net
            .workload(items)
            .limits(limits)
            .patience(Span::from_secs(20));
        if stream.below(3) == 0 {
            net = net.message_ops(1);
        }
        if self.traced {
            net = net.traced(&format!("seed_{}", self.seed), "campaign");
        }
        Ok(self.result(adversaries, net.run()?))
    }

    fn result<A: SimAlgorithm>(
        &self,
        adversaries: Vec<AdversaryKind>,
        report: Report<A>,
    ) -> SeedResult {
        SeedResult {
            seed: self.seed,
            algorithm: self.algorithm,
            real_keys: self.real,
            members: report.members,
            adversaries,
            submitted: report.submitted,
            delivered: report.delivered,
            refused: report.refused.len() as u64,
            violations: report.violations,
            converged: report.converged,
            packets: report.traffic.packets(),
            sometimes: report.sometimes,
            steps: report.steps,
            ended: report.ended,
            trace_digest: report.trace_digest,
            trace: report.trace,
        }
    }

    /// Each kind of fault is there in half of the runs, and anything up to its strongest.
    fn faults(&self, n: usize, correct: &[u16], stream: &mut Stream) -> Faults {
        let strongest = &self.campaign.strongest;
        let heal_at = strongest.heal_at.as_nanos();
        let heal_at = stream.range(heal_at / 2, heal_at);
        let time = |stream: &mut Stream| VirtualTime::from_nanos(stream.below(heal_at));
        let chance = |most: Chance, stream: &mut Stream| match stream.below(2) {
            0 => Chance::NEVER,
            _ => {
                Chance::from_ppm(u32::try_from(stream.range(0, u64::from(most.ppm()))).unwrap_or(0))
            }
        };
        let loss = chance(strongest.loss, stream);
        let duplication = chance(strongest.duplication, stream);
        let reordering = chance(strongest.reordering, stream);
        let latency = Law::Uniform {
            min: Span::ZERO,
            max: stream.span(Span::from_millis(1), strongest.latency),
        };

        let mut partitions = Vec::new();
        for _ in 0..stream.below(strongest.partitions + 1) {
            let mut nodes: Vec<NodeId> = (0..).map(NodeId::new).take(n).collect();
            stream.shuffle(&mut nodes);
            let rest = nodes.split_off(stream.range(1, n as u64 / 2 + 1) as usize);
            let (one, other) = (time(stream), time(stream));
            let (from, until) = (one.min(other), one.max(other));
            partitions.push(Partition {
                groups: vec![nodes, rest],
                from,
                until,
            });
        }
        let mut crashes = Vec::new();
        for _ in 0..stream.below(strongest.crashes + 1) {
            let Some(place) = stream.pick(correct) else {
                break;
            };
            let when = match stream.below(2) {
                0 => CrashPoint::At(time(stream)),
                _ => CrashPoint::AfterEffects(stream.below(300)),
            };
            let tail = stream
                .pick(&[Tail::Kept, Tail::Lost, Tail::Torn])
                .copied()
                .unwrap_or(Tail::Lost);
            let down = Some(stream.span(Span::ZERO, Span::from_secs(1)));
            crashes.push(Crash {
                node: NodeId::new(*place),
                when,
                tail,
                down,
            });
        }
        Faults {
            latency,
            loss,
            duplication,
            reordering,
            partitions,
            crashes,
            heal_at: Some(VirtualTime::from_nanos(heal_at)),
            ..Faults::default()
        }
    }
}

fn build<A: SimAlgorithm, K: SeededKeys>(kind: AdversaryKind) -> Box<dyn Adversary<A, K>> {
    kind.build()
}
