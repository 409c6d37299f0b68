//! The observed-remove set: against the standard library's, against another implementation, and against hostile operations.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::seed::Seed;
use bft_crdts::codec::{decode, encode};
use bft_crdts::orswot::{Entries, Invalid, MAX_MEMBERS, MAX_WITNESSED, Op, Orswot};
use bft_crdts::traits::validate_one_by_one;
use bft_crdts::{Actor, Causes, Counter, Dot, SecureBroadcastAlgorithm};
use crdts::{CmRDT, VClock};
use quickcheck_macros::quickcheck;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

type Set = Orswot<u8>;

fn actor(tag: u8) -> Actor {
    Actor::from_bytes([tag; 32])
}

fn dot(tag: u8, counter: u64) -> Dot {
    Dot::new(actor(tag), Counter::new(counter))
}

fn add(members: &[u8]) -> Op<u8> {
    let members = members.iter().copied().collect();
    Op::Add { members }
}

fn remove(members: &[u8], witnessed: &[Dot]) -> Op<u8> {
    let members = members.iter().copied().collect();
    let witnessed = witnessed.iter().copied().collect();
    Op::Remove { members, witnessed }
}

fn members(set: &Set) -> Vec<u8> {
    set.members().copied().collect()
}

fn after(ops: &[(Dot, Op<u8>)]) -> Set {
    let mut set = Set::new(actor(0));
    for (dot, op) in ops {
        set.apply(*dot, op.clone());
    }
    set
}

/// One replica in a network: our set, theirs, and what it has delivered.
#[derive(Clone)]
struct Replica {
    set: Set,
    theirs: crdts::Orswot<u8, Actor>,
    delivered: BTreeMap<Actor, u64>,
    log: Vec<(Dot, Op<u8>)>,
}

impl Replica {
    fn new(name: Actor) -> Self {
        Replica {
            set: Set::new(name),
            theirs: crdts::Orswot::new(),
            delivered: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    fn count(&self, source: &Actor) -> u64 {
        self.delivered.get(source).copied().unwrap_or(0)
    }

    fn awaits(&self, dot: &Dot, op: &Op<u8>) -> bool {
        let causes = self.set.causes(op);
        self.count(&dot.actor) + 1 == dot.counter.get()
            && causes
                .dots()
                .all(|c| c.counter.get() <= self.count(&c.actor))
    }

    fn deliver(&mut self, dot: Dot, op: &Op<u8>) {
        assert_eq!(self.set.validate(&dot, op), Ok(()), "valid at its source");
        self.set.apply(dot, op.clone());
        self.theirs.apply(match op.clone() {
            Op::Add { members } => crdts::orswot::Op::Add {
                dot: crdts::Dot::new(dot.actor, dot.counter.get()),
                members: members.into_iter().collect(),
            },
            Op::Remove { members, witnessed } => {
                let seen = witnessed.iter();
                let seen = seen.map(|d| crdts::Dot::new(d.actor, d.counter.get()));
                crdts::orswot::Op::Rm {
                    clock: VClock::from_iter(seen),
                    members: members.into_iter().collect(),
                }
            }
        });
        self.delivered.insert(dot.actor, dot.counter.get());
        self.log.push((dot, op.clone()));
    }

    /// The definition: of each source the newest add of a member counts, unless a remove of the member has witnessed it.
    fn by_definition(&self) -> Vec<u8> {
        let mut newest = BTreeMap::new();
        for (dot, op) in &self.log {
            if let Op::Add { members } = op {
                newest.extend(members.iter().map(|member| ((*member, dot.actor), *dot)));
            }
        }
        let removed = |member: &u8, dot: &Dot| {
            self.log.iter().any(|(_, op)| match op {
                Op::Remove { members, witnessed } => {
                    members.contains(member) && witnessed.contains(dot)
                }
                Op::Add { .. } => false,
            })
        };
        let left = newest
            .iter()
            .filter(|((member, _), dot)| !removed(member, dot));
        let left: BTreeSet<u8> = left.map(|((member, _), _)| *member).collect();
        left.into_iter().collect()
    }
}

struct World {
    rng: ChaCha8Rng,
    replicas: Vec<Replica>,
    /// The replica that changed last.
    last: usize,
    sent: Vec<(Dot, Op<u8>)>,
}

impl World {
    fn new(mut rng: ChaCha8Rng) -> Self {
        let n = rng.random_range(2..=5);
        World {
            replicas: (1..=n).map(|tag| Replica::new(actor(tag))).collect(),
            last: 0,
            sent: Vec::new(),
            rng,
        }
    }

    fn some_members(&mut self) -> Vec<u8> {
        let many = self.rng.random_range(1..=3);
        (0..many).map(|_| self.rng.random_range(0..5)).collect()
    }

    /// Some replica adds or removes something, as it sees the set.
    fn act(&mut self) {
        let place = self.rng.random_range(0..self.replicas.len());
        let members = self.some_members();
        let removes = self.rng.random_bool(0.5);
        let replica = &mut self.replicas[place];
        let op = match replica.set.remove_all(members.clone()) {
            Some(op) if removes => op,
            _ => replica.set.add(members),
        };
        let me = replica.set.actor();
        let dot = Dot::new(me, Counter::new(replica.count(&me) + 1));
        replica.deliver(dot, &op);
        self.last = place;
        self.sent.push((dot, op));
    }

    fn deliver_any(&mut self) -> bool {
        let mut ready = Vec::new();
        for (place, replica) in self.replicas.iter().enumerate() {
            let awaited = self.sent.iter().enumerate();
            let awaited = awaited.filter(|(_, (dot, op))| replica.awaits(dot, op));
            ready.extend(awaited.map(|(which, _)| (place, which)));
        }
        let Some((place, which)) = ready.choose(&mut self.rng).copied() else {
            return false;
        };
        let (dot, op) = self.sent[which].clone();
        self.replicas[place].deliver(dot, &op);
        self.last = place;
        true
    }

    fn run(&mut self, steps: usize, mut check: impl FnMut(&Self)) {
        for _ in 0..steps {
            if self.rng.random_bool(0.4) {
                self.act();
            } else {
                self.deliver_any();
            }
            check(self);
        }
        while self.deliver_any() {
            check(self);
        }
    }
}

/// One after the other it is a set like any other, whoever acts.
#[quickcheck]
fn in_sequence_it_is_a_plain_set(seed: Seed) {
    let mut rng = seed.rng();
    let mut set = Set::new(actor(0));
    let mut model = HashSet::new();
    for counter in 1..=100 {
        let dot = dot(rng.random_range(0..4), counter);
        let member = rng.random_range(0..8);
        if rng.random() {
            set.apply(dot, set.add([member]));
            model.insert(member);
        } else {
            let op = set.remove(&member);
            assert_eq!(op.is_some(), model.remove(&member));
            if let Some(op) = op {
                assert_eq!(set.validate(&dot, &op), Ok(()));
                set.apply(dot, op);
            }
        }
        assert_eq!(set.len(), model.len());
        assert!((0..8).all(|member| set.contains(&member) == model.contains(&member)));
    }
}

/// At every replica, at every moment, in every order causality allows.
#[quickcheck]
fn the_set_is_what_its_definition_says(seed: Seed) {
    World::new(seed.rng()).run(60, |world| {
        let replica = &world.replicas[world.last];
        assert_eq!(members(&replica.set), replica.by_definition());
    });
}

/// When everything is delivered everywhere, all replicas have the same bytes, and the members that the `crdts` crate finds
/// from the same operations.
#[quickcheck]
fn replicas_converge_to_what_another_implementation_says(seed: Seed) {
    let mut world = World::new(seed.rng());
    world.run(60, |_| {});
    let bytes = encode(&world.replicas[0].set.state());
    for replica in &world.replicas {
        assert_eq!(encode(&replica.set.state()), bytes);
        let theirs: BTreeSet<u8> = replica.theirs.read().val.into_iter().collect();
        assert_eq!(
            members(&replica.set),
            theirs.into_iter().collect::<Vec<_>>()
        );
    }
}

/// The same set may hold different adds: it is the replicas of one history that are equal, and a snapshot goes on as the
/// original does.
#[quickcheck]
fn a_snapshot_continues_like_the_original(seed: Seed) {
    let mut world = World::new(seed.rng());
    for _ in 0..20 {
        world.act();
        world.deliver_any();
    }
    let mut copies = world.replicas.clone();
    for copy in &mut copies {
        let state: Entries<u8> = decode(&encode(&copy.set.state())).unwrap();
        let mut restored = Set::new(copy.set.actor());
        restored.sync_from(state);
        assert_eq!(restored, copy.set);
        copy.set = restored;
    }
    world.run(20, |_| {});
    for (mut copy, original) in copies.into_iter().zip(&world.replicas) {
        while let Some((dot, op)) = world.sent.iter().find(|(dot, op)| copy.awaits(dot, op)) {
            copy.deliver(*dot, op);
        }
        assert_eq!(copy.set, original.set);
    }
}

#[test]
fn of_an_add_and_a_concurrent_remove_the_add_wins() {
    let first = (dot(1, 1), add(&[7]));
    let again = (dot(1, 2), add(&[7]));
    let other = (dot(3, 1), add(&[7]));
    let gone = (dot(2, 1), remove(&[7], &[dot(1, 1)]));
    for concurrent in [again, other] {
        let one = after(&[first.clone(), concurrent.clone(), gone.clone()]);
        let two = after(&[first.clone(), gone.clone(), concurrent]);
        assert_eq!(members(&one), [7]);
        assert_eq!(one, two);
    }
    assert!(after(&[first, gone]).is_empty());
}

/// threats.md, row 39: an add carries no dot of its own, so it cannot carry another actor's.
#[test]
fn an_add_is_named_by_the_broadcast() {
    let (ann, bob) = (Set::new(actor(1)), Set::new(actor(2)));
    assert_eq!(
        encode(&ann.add([7])),
        encode(&bob.add([7])),
        "the same operation, whoever says it"
    );
    assert_eq!(
        encode(&ann.add([7])).len(),
        3,
        "tag, one member, the member"
    );
    let set = after(&[(dot(3, 9), ann.add([7]))]);
    assert_eq!(set.remove(&7), Some(remove(&[7], &[dot(3, 9)])));
}

/// threats.md, row 40: far ahead, used again, the very last: the counter is the broadcast's, and none of them does harm.
#[test]
fn no_dot_poisons_the_set() {
    let max = u64::MAX;
    let mut set = after(&[(dot(1, max), add(&[7])), (dot(1, max), add(&[8]))]);
    set.apply(dot(1, 3), add(&[7])); // older than what is known
    assert_eq!(set.remove(&7), Some(remove(&[7], &[dot(1, max)])));
    let (dot, op) = (dot(2, 1), set.remove(&7).unwrap());
    assert_eq!(set.validate(&dot, &op), Ok(()));
    set.apply(dot, op);
    assert_eq!(members(&set), [8]);
}

/// threats.md, row 41: in the `crdts` crate a remove with a clock from the future waits in memory and hides later adds.
#[test]
fn a_remove_takes_away_only_what_it_names_and_has_seen() {
    let future = remove(&[7], &[dot(1, 5)]);
    let set = Set::new(actor(0));
    assert_eq!(
        set.causes(&future),
        Causes::Dots([dot(1, 5)].into()),
        "so it waits outside"
    );
    // Should it get in nevertheless, it leaves nothing behind and hides nothing.
    let mut set = after(&[(dot(2, 1), future.clone())]);
    assert_eq!(set, Set::new(actor(0)));
    set.apply(dot(1, 5), add(&[7]));
    set.apply(dot(1, 6), add(&[7]));
    set.apply(dot(2, 2), future);
    assert_eq!(members(&set), [7]);

    // A later dot of the same source is not this add.
    let later = (dot(2, 1), remove(&[7], &[dot(1, 2)]));
    assert_eq!(members(&after(&[(dot(1, 1), add(&[7])), later])), [7]);

    // One add of two members, and a remove of one of them.
    let both = (dot(1, 1), add(&[7, 8]));
    let set = after(&[both, (dot(2, 1), remove(&[7], &[dot(1, 1)]))]);
    assert_eq!(members(&set), [8]);
}

#[test]
fn a_witnessed_dot_already_gone_is_valid_and_without_effect() {
    let gone = remove(&[7], &[dot(1, 1)]);
    let mut set = after(&[(dot(1, 1), add(&[7])), (dot(2, 1), gone.clone())]);
    let before = set.clone();
    assert_eq!(set.validate(&dot(3, 1), &gone), Ok(()));
    set.apply(dot(3, 1), gone);
    assert_eq!(set, before);
    assert_eq!(set.remove(&7), None);
}

#[test]
fn sizes_are_bounded_and_empty_operations_refused() {
    let wide = |many: usize| (0..many as u32).collect::<BTreeSet<_>>();
    let deep = |many: u64| {
        (1..=many)
            .map(|counter| dot(1, counter))
            .collect::<BTreeSet<_>>()
    };
    let set = Orswot::<u32>::new(actor(0));
    let verdict = |op: Op<u32>| {
        let mut copy = set.clone();
        let verdict = copy.validate(&dot(2, 1), &op);
        copy.apply(dot(2, 1), op);
        assert!(
            verdict.is_ok() || copy == set,
            "what is refused has no effect"
        );
        verdict
    };
    let add = |members| verdict(Op::Add { members });
    let remove = |members, witnessed| verdict(Op::Remove { members, witnessed });
    assert_eq!(add(wide(MAX_MEMBERS)), Ok(()));
    let have = MAX_MEMBERS + 1;
    assert_eq!(add(wide(have)), Err(Invalid::TooManyMembers { have }));
    assert_eq!(add(wide(0)), Err(Invalid::NoMembers));
    assert_eq!(remove(wide(1), deep(MAX_WITNESSED as u64)), Ok(()));
    let have = MAX_WITNESSED + 1;
    let refused = remove(wide(1), deep(have as u64));
    assert_eq!(refused, Err(Invalid::TooManyWitnessed { have }));
    assert_eq!(remove(wide(1), deep(0)), Err(Invalid::NothingWitnessed));
    assert_eq!(remove(wide(0), deep(1)), Err(Invalid::NoMembers));
}

#[test]
fn a_source_cannot_witness_what_it_has_yet_to_do() {
    let set = Set::new(actor(0));
    let own = |counter| set.validate(&dot(1, 3), &remove(&[7], &[dot(1, counter)]));
    assert_eq!(own(2), Ok(()));
    assert_eq!(own(3), Err(Invalid::NotYetMade(dot(1, 3))));
    assert_eq!(own(4), Err(Invalid::NotYetMade(dot(1, 4))));
}

/// However often a member is added, the state stays as large as one add by each source.
#[test]
fn the_state_does_not_grow_with_the_history() {
    let mut set = Set::new(actor(0));
    for counter in 1..=1_000 {
        set.apply(dot((counter % 3) as u8, counter), add(&[7]));
    }
    assert_eq!(encode(&set.state()).len(), 1 + 1 + 1 + 3 * (33 + 3));
}

#[test]
fn a_state_nobody_could_have_is_refused() {
    let forged: BTreeMap<u8, BTreeMap<Actor, Counter>> = BTreeMap::from([(7, BTreeMap::new())]);
    assert!(decode::<Entries<u8>>(&encode(&forged)).is_err());
}

/// Any operation under any name: no panic, batches decide as single operations do, and the state stays one that can be read
/// back.
#[quickcheck]
fn garbage_does_no_harm(seed: Seed) {
    let mut rng = seed.rng();
    let mut set = Set::new(actor(0));
    let some_dot = |rng: &mut ChaCha8Rng| {
        let near = rng.random_range(0..6);
        let counter = *[near, near, near, u64::MAX - near, rng.random()]
            .choose(rng)
            .unwrap();
        dot(rng.random_range(0..4), counter)
    };
    let op = |rng: &mut ChaCha8Rng| {
        let many = rng.random_range(0..3);
        let members: Vec<u8> = (0..many).map(|_| rng.random_range(0..4)).collect();
        if rng.random() {
            return add(&members);
        }
        let many = rng.random_range(0..4);
        let witnessed: Vec<Dot> = (0..many).map(|_| some_dot(rng)).collect();
        remove(&members, &witnessed)
    };
    for _ in 0..40 {
        let first = some_dot(&mut rng);
        let batch: Vec<_> = (0..4).map(|_| op(&mut rng)).collect();
        let verdict = set.validate_batch(&first, &batch);
        assert_eq!(verdict, validate_one_by_one(&set, &first, &batch));
        for op in batch {
            set.apply(some_dot(&mut rng), op);
        }
        assert_eq!(decode(&encode(&set.state())), Ok(set.state()));
    }
}
