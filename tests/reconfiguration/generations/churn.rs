//! Random churn: members join, leave, are expelled, crash and lie, on a wire that loses, repeats and reorders, while
//! operations go on all along. The checkers are those of the world; here are those of the end.

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::membership::Members;
use bft_crdts::membership::quorum::{faults, quorum};
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{
    Actor, Change, Config, Effect, Effects, Generation, MemberIndex, Packet, Payload, Record,
    Rules, SigningActor, Sound, To,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::thief;
use crate::film;
use crate::world::{Flying, Replica, Toy, World};

/// What a run was like, so that a campaign can see that it means something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) generations: u64,
    pub(crate) joins: usize,
    pub(crate) leaves: usize,
    pub(crate) expulsions: usize,
    pub(crate) crashes: usize,
    pub(crate) deliveries: usize,
    pub(crate) attempts: u32,
    pub(crate) carried: bool,
    pub(crate) lies: usize,
    pub(crate) checkpoints: usize,
    pub(crate) snapshots: usize,
    pub(crate) compactions: usize,
    /// Of what Byzantine nodes were convicted, by anybody correct.
    pub(crate) convictions: BTreeMap<&'static str, usize>,
    /// Keys that were good for one generation only.
    pub(crate) erased: usize,
    /// What a thief has signed for generations that are over, in the names of enough of their members.
    pub(crate) forged: usize,
}

/// One replica of a Byzantine node, and what it has written down.
type Twin<R> = (Replica<Orswot<u8>, R>, Vec<Record>);

/// A member that runs several replicas with one key, and makes some of them forget.
struct Adversary<R: Rules> {
    at: usize,
    twins: Vec<Twin<R>>,
}

struct Churn<R: Rules> {
    world: World<Orswot<u8>, R>,
    adversaries: Vec<Adversary<R>>,
    /// Changes that everybody correct agrees to.
    agreed: BTreeSet<Change>,
    outcome: Outcome,
}

/// How wild it is.
struct NetworkConditions {
    submit: f64,
    change: f64,
    tick: f64,
    crash: f64,
    lose: f64,
    repeat: f64,
    newest: f64,
    forget: f64,
    compact: f64,
    steal: f64,
}

impl NetworkConditions {
    fn draw(rng: &mut impl Rng) -> Self {
        let mut of = |choices: &[f64]| choices[rng.random_range(0..choices.len())];
        Self {
            submit: of(&[0.02, 0.1]),
            change: of(&[0.002, 0.01, 0.03]),
            tick: of(&[0.03, 0.1]),
            crash: of(&[0.0, 0.002, 0.01]),
            lose: of(&[0.0, 0.1, 0.4]),
            repeat: of(&[0.0, 0.1]),
            newest: of(&[0.0, 0.5, 0.9]),
            forget: of(&[0.0, 0.01]),
            compact: of(&[0.0, 0.01]),
            steal: of(&[0.0, 0.01]),
        }
    }
}

impl<R: Rules> Churn<R> {
    fn new(members: usize, adversaries: usize, joiners: usize) -> Self {
        let world = World::with_joiners(members, adversaries, joiners, |_| Entries::default());
        let adversaries = (members - adversaries..members).map(|at| Adversary {
            at,
            twins: (0..2)
                .map(|_| {
                    let identity = world.nodes[at].identity.clone();
                    let replica =
                        Replica::open(identity, world.genesis.clone(), [], Config::default())
                            .expect("sound");
                    (replica, Vec::new())
                })
                .collect(),
        });
        Self {
            adversaries: adversaries.collect(),
            world,
            agreed: BTreeSet::new(),
            outcome: Outcome::default(),
        }
    }

    fn up(&self) -> Vec<usize> {
        (0..self.world.nodes.len())
            .filter(|at| self.world.is_up(*at))
            .collect()
    }

    fn hand(&mut self, packet: Flying, rng: &mut impl Rng) {
        if let Some(place) = self
            .adversaries
            .iter()
            .position(|adversary| adversary.at == packet.to)
        {
            let twin = rng.random_range(0..3);
            for one in 0..2 {
                if twin == one || twin == 2 {
                    let from = self.world.actor(packet.from);
                    let payload = packet.payload.clone();
                    let handled = self.adversaries[place].twins[one]
                        .0
                        .handle(Packet { from, payload });
                    if let Ok(effects) = handled {
                        self.carry_out(place, one, effects);
                    }
                }
            }
        } else if self.world.is_up(packet.to) {
            let until = match rng.random_bool(0.01) {
                true => rng.random_range(0..4),
                false => usize::MAX,
            };
            let _ = self
                .world
                .hand_until(packet.from, packet.to, packet.payload, until);
        }
    }

    /// A twin keeps a journal of its own, and nobody waits for it.
    fn carry_out(&mut self, place: usize, twin: usize, effects: Effects<Orswot<u8>>) {
        let at = self.adversaries[place].at;
        for effect in effects {
            match effect {
                Effect::Persist(record) => self.adversaries[place].twins[twin].1.push(record),
                Effect::Send { to, payload } => {
                    self.outcome.lies += 1;
                    self.send(at, to, &payload);
                }
                Effect::Halted(_) => return self.forget(place, twin, 0),
                _ => {}
            }
        }
    }

    fn send(&mut self, at: usize, to: To, payload: &Payload) {
        let receivers: Vec<usize> = match to {
            To::Members => (0..self.world.nodes.len()).filter(|to| *to != at).collect(),
            To::One(actor) => self.world.seat_of(&actor).into_iter().collect(),
        };
        for to in receivers {
            let payload = payload.clone();
            self.world.wire.push(Flying {
                from: at,
                to,
                payload,
            });
        }
    }

    /// A twin comes back with the beginning of its journal: so many records.
    fn forget(&mut self, place: usize, twin: usize, kept: usize) {
        let identity = self.world.nodes[self.adversaries[place].at]
            .identity
            .clone();
        let genesis = self.world.genesis.clone();
        let (replica, journal) = &mut self.adversaries[place].twins[twin];
        journal.truncate(kept);
        let journal = journal.clone();
        *replica = Replica::open(identity, genesis, journal, Config::default()).expect("its own");
    }

    fn step(&mut self, conditions: &NetworkConditions, rng: &mut impl Rng) {
        let up = self.up();
        let draw = rng.random::<f64>();
        let mut limit = conditions.submit;
        if draw < limit {
            let at = up[rng.random_range(0..up.len())];
            self.submit(at, rng);
            return;
        }
        limit += conditions.change;
        if draw < limit {
            self.change(rng);
            return;
        }
        limit += conditions.tick;
        if draw < limit {
            let at = rng.random_range(0..self.world.nodes.len());
            self.tick(at, rng);
            return;
        }
        limit += conditions.crash;
        if draw < limit {
            let at = up[rng.random_range(0..up.len())];
            self.world.crash(at, rng.random_range(0..4));
            self.outcome.crashes += 1;
        }
        limit += conditions.crash;
        if draw < limit || up.len() <= 1 {
            for at in self.world.correct() {
                if !self.world.is_up(at) {
                    self.restart(at);
                }
            }
            return;
        }
        limit += conditions.forget;
        if draw < limit && !self.adversaries.is_empty() {
            let place = rng.random_range(0..self.adversaries.len());
            let twin = rng.random_range(0..2);
            let journal = self.adversaries[place].twins[twin].1.len();
            self.forget(place, twin, rng.random_range(0..=journal));
            return;
        }
        limit += conditions.compact;
        if draw < limit {
            let at = up[rng.random_range(0..up.len())];
            self.world.compact(at);
            self.outcome.compactions += 1;
            return;
        }
        limit += conditions.steal;
        if draw < limit {
            self.steal(rng);
            return;
        }
        if self.world.wire.is_empty() {
            let at = up[rng.random_range(0..up.len())];
            return self.tick(at, rng);
        }
        let len = self.world.wire.len();
        let place = match rng.random_bool(conditions.newest) {
            true => len - 1 - rng.random_range(0..len.min(8)),
            false => rng.random_range(0..len),
        };
        let packet = self.world.take(place);
        if rng.random_bool(conditions.repeat) {
            self.world.wire.push(packet.clone());
        }
        if !rng.random_bool(conditions.lose) {
            self.hand(packet, rng);
        }
        // What is never delivered must not pile up.
        while self.world.wire.len() > 3_000 {
            let place = rng.random_range(0..self.world.wire.len());
            self.world.take(place);
        }
    }

    /// A thief has the secrets that members have now (A3), and signs for a generation that they have sealed. It shows
    /// that to somebody who is still there.
    fn steal(&mut self, rng: &mut impl Rng) {
        let up = self.up();
        let to = up[rng.random_range(0..up.len())];
        let members = self.world.replica(to).members().clone();
        let mut keys = Vec::new();
        for (rank, member) in (0..).zip(members.actors()) {
            let index = MemberIndex::new(rank);
            let at = self.world.seat_of(member).expect("somebody");
            let then = members
                .seat_at(index)
                .and_then(|seat| members.key_bytes(seat));
            if let Some(key) = self.stolen(at, &members, then.expect("a member's")) {
                keys.push((index, key));
            }
        }
        if keys.len() < R::quorum(members.len()) {
            return;
        }
        self.outcome.forged += 1;
        let payload = match rng.random_bool(0.5) {
            true => thief::another_message(self.world.replica(to), &keys, rng),
            false => thief::another_decision(self.world.replica(to), &keys, rng),
        };
        let from = rng.random_range(0..self.world.nodes.len());
        if from != to {
            let _ = self.world.hand(from, to, payload);
        }
    }

    /// What a thief can sign with as this member of a generation, whose key was `then`.
    fn stolen(&self, at: usize, members: &Members<Toy>, then: Actor) -> Option<SigningActor<Toy>> {
        let node = &self.world.nodes[at];
        let mut key = match node.adversary {
            true => node.identity.clone(),
            false => {
                let replica = node.replica.as_ref()?;
                let generation = replica.generation();
                // Who lags behind may still sign; who could not announce another key in time still has this one.
                let same = members.seat_of(&node.identity.actor()).is_some_and(|seat| {
                    replica.is_member() && replica.members().key_bytes(seat) == Some(then)
                });
                if generation <= members.generation() || (R::erases_keys() && same) {
                    return None;
                }
                replica.identity().clone()
            }
        };
        for _ in 0..8 {
            if key.key() == then {
                break;
            }
            key = key.next();
        }
        Some(key)
    }

    fn restart(&mut self, at: usize) {
        self.world.restart(at);
        if self.world.replica(at).generation() == Generation::GENESIS {
            // Whoever wanted to join still does, if the journal does not know.
            let _ = self.world.join(at);
        }
        self.reconsider(at);
    }

    /// What a Byzantine node says in one slot, one twin does not know of the other.
    fn lie(&mut self, rng: &mut impl Rng) {
        if self.adversaries.is_empty() {
            return;
        }
        let place = rng.random_range(0..self.adversaries.len());
        for twin in 0..2 {
            let op = Op::Add {
                members: BTreeSet::from([rng.random_range(0..8)]),
            };
            if let Ok((_, effects)) = self.adversaries[place].twins[twin].0.broadcast([op]) {
                self.carry_out(place, twin, effects);
            }
        }
    }

    fn submit(&mut self, at: usize, rng: &mut impl Rng) {
        if rng.random_bool(0.2) {
            self.lie(rng);
        }
        let set = self.world.replica(at).algorithm();
        let some = BTreeSet::from([rng.random_range(0..8)]);
        let remove = set
            .remove_all(some.clone())
            .filter(|_| rng.random_bool(0.3));
        let op = remove.unwrap_or(Op::Add { members: some });
        self.world.submit(at, [op]);
    }

    /// Everybody correct begins to want something, or a Byzantine node alone does.
    fn change(&mut self, rng: &mut impl Rng) {
        let nodes = self.world.nodes.len();
        let subject = rng.random_range(0..nodes);
        let actor = self.world.actor(subject);
        if !self.adversaries.is_empty() && rng.random_bool(0.3) {
            let place = rng.random_range(0..self.adversaries.len());
            let twin = rng.random_range(0..2);
            let change = match rng.random_bool(0.5) {
                true => Change::Expel(actor),
                false => Change::Leave(actor),
            };
            if let Ok(effects) = self.adversaries[place].twins[twin].0.propose(change) {
                self.carry_out(place, twin, effects);
            }
            return;
        }
        let Some(known) = self.best_informed() else {
            return;
        };
        let members = self.world.replica(known).members().clone();
        let member = members.index_of(&actor).is_some();
        let change = if !member {
            if !self.world.is_up(subject) {
                return;
            }
            let _ = self.world.join(subject);
            Change::Join(actor)
        } else if self.world.nodes[subject].adversary || rng.random_bool(0.3) {
            Change::Expel(actor)
        } else {
            Change::Leave(actor)
        };
        // Never fewer than the Byzantine nodes among them allow.
        let after = members.len() + usize::from(!member) - usize::from(member);
        let adversaries = members.actors().iter().filter(|actor| {
            let at = self.world.seat_of(actor).expect("somebody");
            self.world.nodes[at].adversary && **actor != change.subject()
        });
        if after == 0 || adversaries.count() > faults(after) || self.is_risky(&change) {
            return;
        }
        self.agreed.insert(change);
        for at in self.up() {
            self.reconsider(at);
        }
    }

    /// Whether changes already agreed to could, together with this one, leave too few behind.
    fn is_risky(&self, change: &Change) -> bool {
        let goes = |change: &&Change| !matches!(change, Change::Join(_));
        goes(&change)
            && self
                .agreed
                .iter()
                .filter(goes)
                .any(|other| self.applies(other))
    }

    fn applies(&self, change: &Change) -> bool {
        self.best_informed()
            .is_none_or(|at| self.world.replica(at).members().after(change).is_ok())
    }

    /// Somebody correct that is up, in the last generation that anybody up is in.
    fn best_informed(&self) -> Option<usize> {
        self.up()
            .into_iter()
            .max_by_key(|at| self.world.replica(*at).generation())
    }

    /// Approves what it should approve and can.
    fn reconsider(&mut self, at: usize) {
        for change in self.agreed.clone() {
            if self.world.is_up(at) {
                let _ = self.world.propose(at, change);
            }
        }
    }

    fn tick(&mut self, at: usize, rng: &mut impl Rng) {
        if let Some(place) = self
            .adversaries
            .iter()
            .position(|adversary| adversary.at == at)
        {
            let twin = rng.random_range(0..2);
            let effects = self.adversaries[place].twins[twin].0.tick();
            self.carry_out(place, twin, effects);
        } else if self.world.is_up(at) {
            self.reconsider(at);
            if self.world.is_up(at) {
                self.world.tick(at);
            }
        }
    }

    /// All is well: everybody is up, and everything arrives.
    fn heal(&mut self, rng: &mut impl Rng) {
        for at in self.world.correct() {
            if !self.world.is_up(at) {
                self.restart(at);
            }
        }
        for round in 0..600 {
            for at in 0..self.world.nodes.len() {
                self.tick(at, rng);
            }
            while !self.world.wire.is_empty() {
                let packet = self.world.wire.remove(0);
                if let Some(place) = self
                    .adversaries
                    .iter()
                    .position(|adversary| adversary.at == packet.to)
                {
                    // One of the two, so that they do not answer each other for ever.
                    let from = self.world.actor(packet.from);
                    if round < 5 {
                        let payload = packet.payload;
                        let handled = self.adversaries[place].twins[0]
                            .0
                            .handle(Packet { from, payload });
                        if let Ok(effects) = handled {
                            self.carry_out(place, 0, effects);
                        }
                    }
                } else {
                    let _ = self.world.hand(packet.from, packet.to, packet.payload);
                }
            }
            if round > 5 && self.missing().is_none() {
                return;
            }
        }
        panic!("{}", self.missing().expect("something is missing"));
    }

    /// What is still owed.
    fn missing(&self) -> Option<String> {
        let last = Generation::new(self.world.chain.len() as u64);
        let correct: Vec<usize> = self.world.correct().collect();
        let best = self.best_informed()?;
        let members = self.world.replica(best).members().clone();
        let staying: Vec<usize> = correct
            .into_iter()
            .filter(|at| members.index_of(&self.world.actor(*at)).is_some())
            .collect();
        for at in &staying {
            let replica = self.world.replica(*at);
            if replica.generation() != last {
                return Some(format!(
                    "{at} is in {}, the last is {last}",
                    replica.generation()
                ));
            }
            if replica.pending() > 0 {
                return Some(format!("G5: {} operations of {at} wait", replica.pending()));
            }
            if replica.clock() != self.world.replica(staying[0]).clock() {
                return Some("G6: some have delivered what others have not".into());
            }
        }
        let wanted = |change: &Change| {
            let approve = staying.iter().filter(|at| {
                self.world
                    .replica(**at)
                    .wanted()
                    .any(|wanted| wanted == change)
            });
            approve.count() >= quorum(members.len())
        };
        let open = self.agreed.iter().find(|change| {
            // Who is to leave has to be among those who want it.
            let asked = match change {
                Change::Leave(actor) => staying.iter().any(|at| {
                    self.world.actor(*at) == *actor
                        && self
                            .world
                            .replica(*at)
                            .wanted()
                            .any(|wanted| wanted == *change)
                }),
                _ => true,
            };
            asked && wanted(change) && members.after(change).is_ok()
        });
        open.map(|change| format!("G10: {change} is approved and not decided"))
    }

    fn finish(mut self) -> Outcome {
        for at in self.world.correct() {
            self.world.judge_journal(at);
        }
        let best = self.best_informed().expect("somebody");
        let replica = self.world.replica(best);
        let staying: Vec<usize> = self
            .world
            .correct()
            .filter(|at| replica.members().index_of(&self.world.actor(*at)).is_some())
            .collect();
        let states: BTreeSet<_> = staying
            .iter()
            .map(|at| self.world.replica(*at).state_digest())
            .collect();
        assert!(states.len() <= 1, "G8: the states differ");
        for link in replica.chain() {
            self.outcome.erased += link.keys.keys.len();
            let change = link.decision.change;
            let culprit = self.world.seat_of(&change.subject());
            let culprit = culprit.is_some_and(|at| self.world.nodes[at].adversary);
            let agreed =
                self.agreed.contains(&change) || (culprit && matches!(change, Change::Expel(_)));
            assert!(agreed, "{change} came about, and nobody correct wanted it");
            match link.decision.change {
                Change::Join(_) => self.outcome.joins += 1,
                Change::Leave(_) => self.outcome.leaves += 1,
                Change::Expel(_) => self.outcome.expulsions += 1,
            }
            self.outcome.attempts = self.outcome.attempts.max(link.attempt);
        }
        self.outcome.checkpoints = self.world.nodes.iter().map(|node| node.checkpoints).sum();
        self.outcome.snapshots = self.world.nodes.iter().map(|node| node.snapshots).sum();
        let correct = self.world.correct().filter(|at| self.world.is_up(*at));
        let held = correct.flat_map(|at| self.world.replica(at).evidence());
        let held: BTreeSet<_> = held
            .map(|held| (held.culprit, held.contradiction.kind()))
            .collect();
        for (_, kind) in held {
            *self.outcome.convictions.entry(kind).or_default() += 1;
        }
        self.outcome.generations = replica.generation().get();
        self.outcome.deliveries = self.world.deliveries;
        self.outcome.carried = replica
            .log()
            .any(|(certificate, _)| certificate.generation != Generation::GENESIS);
        self.outcome
    }
}

pub(crate) fn run<R: Rules>(rng: &mut impl Rng) -> Outcome {
    let members = rng.random_range(1..=7);
    let adversaries = rng.random_range(0..=faults(members));
    let joiners = rng.random_range(0..=3);
    let mut churn = Churn::<R>::new(members, adversaries, joiners);
    // Two in five runs are too short for a checkpoint.
    if let Some(messages) = [None, None, Some(2), Some(6), Some(20)][rng.random_range(0..5)] {
        churn.world.checkpoint_every(messages);
    }
    for _ in 0..rng.random_range(1..4) {
        let conditions = NetworkConditions::draw(rng);
        for _ in 0..[200, 1_000, 3_000][rng.random_range(0..3)] {
            if !film::step() {
                break;
            }
            churn.step(&conditions, rng);
        }
    }
    churn.heal(rng);
    churn.finish()
}

/// `cargo test --release --test reconfiguration churn -- --ignored --nocapture`
#[test]
#[ignore = "a campaign"]
fn many_seeds() {
    let seeds = std::env::var("SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok());
    let mut sum = Outcome::default();
    let mut carried = 0;
    for seed in 0..seeds.unwrap_or(1_000) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let outcome = std::panic::catch_unwind(move || run::<Sound>(&mut rng));
        let Ok(outcome) = outcome else {
            panic!("seed {seed}");
        };
        sum.generations += outcome.generations;
        sum.joins += outcome.joins;
        sum.leaves += outcome.leaves;
        sum.expulsions += outcome.expulsions;
        sum.crashes += outcome.crashes;
        sum.deliveries += outcome.deliveries;
        sum.lies += outcome.lies;
        sum.checkpoints += outcome.checkpoints;
        sum.snapshots += outcome.snapshots;
        sum.compactions += outcome.compactions;
        for (kind, many) in outcome.convictions {
            *sum.convictions.entry(kind).or_default() += many;
        }
        sum.erased += outcome.erased;
        sum.forged += outcome.forged;
        sum.attempts = sum.attempts.max(outcome.attempts);
        carried += usize::from(outcome.carried);
    }
    println!("{sum:?}, {carried} with deliveries in later generations");
    // A campaign in which nothing of this happens shows nothing.
    let happened = [
        ("joins", sum.joins),
        ("leaves", sum.leaves),
        ("expulsions", sum.expulsions),
        ("crashes", sum.crashes),
        ("lies", sum.lies),
        ("checkpoints", sum.checkpoints),
        ("snapshots", sum.snapshots),
        ("compactions", sum.compactions),
        ("erased keys", sum.erased),
        ("forgeries", sum.forged),
        ("convictions", sum.convictions.values().sum()),
        ("deliveries in later generations", carried),
    ];
    let never: Vec<&str> = happened
        .iter()
        .filter(|(_, times)| *times == 0)
        .map(|(what, _)| *what)
        .collect();
    assert_eq!(never, Vec::<&str>::new(), "never happened");
}
