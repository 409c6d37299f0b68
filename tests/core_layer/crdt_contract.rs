//! Every clause of the contract of `SecureBroadcastAlgorithm`, for every hosted type, honest and hostile authors mixed.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};

use crate::hosted;
use crate::hosted::{Subject, World, actor, bytes, dots_in, pasts, restored};
use crate::seed::Seed;
use bft_crdts::codec::{decode, encode};
use bft_crdts::crdt::{
    GCounter, GList, GSet, LWWReg, List, MVReg, Map, MerkleReg, Op, Orswot, PNCounter, Replicated,
    State,
};
use bft_crdts::text::Text;
use bft_crdts::traits::{nth, validate_one_by_one};
use bft_crdts::{Counter, Dot, SecureBroadcastAlgorithm};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

/// Everything arrives everywhere, every operation is valid wherever it arrives, and then all have the same bytes.
fn converges<T: Subject>(seed: Seed) {
    let mut world = World::<T>::new(seed.rng());
    world.steps(45);
    world.settle();
    let first = bytes(&world.replicas[0].copy);
    for replica in &world.replicas {
        assert_eq!(bytes(&replica.copy), first);
        assert_eq!(
            encode(&replica.draft.state()),
            first,
            "nothing is under way"
        );
    }
}

/// Any order that causes allow comes to the same.
fn order_does_not_matter<T: Subject>(seed: Seed) {
    let mut world = World::<T>::new(seed.rng());
    world.steps(35);
    world.settle();
    let log = &world.replicas[0].log;
    let pasts = pasts(log);
    let mut left = log.clone();
    let (mut done, mut copy) = (BTreeSet::new(), Replicated::<T>::new(actor(0)));
    while !left.is_empty() {
        left.shuffle(&mut world.rng);
        let ready = left.iter().position(|(dot, _)| pasts[dot].is_subset(&done));
        let (dot, op) = left.remove(ready.expect("causes are no circle"));
        assert_eq!(copy.validate(&dot, &op), Ok(()), "stable");
        copy.apply(dot, op);
        done.insert(dot);
    }
    assert_eq!(bytes(&copy), bytes(&world.replicas[0].copy));
}

/// A snapshot goes on as the original does, and has its bytes.
fn snapshot_and_tail<T: Subject>(seed: Seed) {
    let mut world = World::<T>::new(seed.rng());
    world.steps(35);
    for replica in &mut world.replicas {
        let restored = restored(&replica.copy);
        assert_eq!(bytes(&restored), bytes(&replica.copy));
        assert_eq!(restored, replica.copy);
    }
    let mut other = world.clone();
    for replica in &mut other.replicas {
        replica.copy = restored(&replica.copy);
    }
    world.steps(20);
    other.steps(20);
    world.settle();
    other.settle();
    for (one, other) in world.replicas.iter().zip(&other.replicas) {
        assert_eq!(bytes(&one.copy), bytes(&other.copy));
    }
}

/// A batch is judged as its operations are in turn, under any dots the broadcast could still give, and some it cannot.
fn batches_are_judged_one_by_one<T: Subject>(seed: Seed) {
    let mut world = World::<T>::new(seed.rng());
    world.steps(30);
    let dots = world.some_dots();
    let replica = world.replicas[0].clone();
    let me = replica.copy.actor();
    let last = replica.delivered.get(&me).copied().unwrap_or(0);
    for first in [last + 1, last + 7, 0, u64::MAX - 2] {
        let first = Dot::new(me, Counter::new(first));
        let mut draft = bft_crdts::crdt::Draft::of(&replica.copy, Counter::new(last));
        let ops: Vec<Op<T>> = (0..6)
            .filter_map(|_| match world.rng.random_bool(0.4) {
                true => Some(T::lie(&mut world.rng, &dots)),
                false => draft.try_make(|value| value.draw(&mut world.rng)),
            })
            .collect();
        assert_eq!(
            replica.copy.validate_batch(&first, &ops),
            validate_one_by_one(&replica.copy, &first, &ops),
            "{first} {ops:?}"
        );
    }
}

/// Whatever comes under whatever name: no panic, and what is not valid changes nothing.
fn total<T: Subject>(seed: Seed) {
    let mut world = World::<T>::new(seed.rng());
    world.steps(30);
    let mut copy = world.replicas[0].copy.clone();
    for _ in 0..25 {
        let mut dots = world.some_dots();
        let counter = *[0, 1, 2, 7, u64::MAX - 1, u64::MAX]
            .choose(&mut world.rng)
            .expect("some");
        let tag = world.rng.random_range(0..7);
        dots.push(hosted::dot(tag, counter));
        let dot = *dots.choose(&mut world.rng).expect("some");
        let op = T::lie(&mut world.rng, &dots);
        let before = bytes(&copy);
        let verdict = copy.validate(&dot, &op);
        copy.apply(dot, op.clone());
        if let Err(why) = verdict {
            assert_eq!(bytes(&copy), before, "{dot} {op:?}: {why}");
        }
        let _ = format!("{copy:?}");
    }
}

/// A damaged operation or snapshot is refused, or is another one; it never panics, also when it is used.
fn damage_is_survived<T: Subject>(seed: Seed) {
    let mut world = World::<T>::new(seed.rng());
    world.steps(30);
    let copy = world.replicas[0].copy.clone();
    let original = bytes(&copy);
    for _ in 0..12 {
        let mut state = original.clone();
        damage(&mut state, &mut world.rng);
        if let Ok(state) = decode::<State<T>>(&state) {
            let mut copy = Replicated::new(copy.actor());
            copy.sync_from(state.clone());
            assert_eq!(restored(&copy), copy);
            for sent in &world.sent {
                copy.apply(sent.dot, sent.op.clone());
            }
        }
        if let Some(sent) = world.sent.choose(&mut world.rng) {
            let mut op = encode(&sent.op);
            damage(&mut op, &mut world.rng);
            if let Ok(op) = decode::<Op<T>>(&op) {
                let mut copy = copy.clone();
                copy.apply(nth(&sent.dot, 1), op);
            }
        }
    }
}

fn damage(bytes: &mut Vec<u8>, rng: &mut impl RngExt) {
    for _ in 0..rng.random_range(1..4) {
        match rng.random_range(0..3) {
            0 if !bytes.is_empty() => {
                let at = rng.random_range(0..bytes.len());
                bytes[at] = rng.random();
            }
            1 => bytes.truncate(rng.random_range(0..=bytes.len())),
            _ => bytes.insert(rng.random_range(0..=bytes.len()), rng.random()),
        }
    }
}

/// Contexts, removal clocks, neighbours: whatever dot stands in the bytes of an operation, honest or not, is one of its
/// causes, so it is delivered before the operation is judged, and nothing else can be named.
fn operations_name_only_their_causes<T: Subject>(seed: Seed) {
    let mut world = World::<T>::new(seed.rng());
    world.steps(30);
    let dots = world.some_dots();
    let mut ops: Vec<Op<T>> = world.sent.iter().map(|sent| sent.op.clone()).collect();
    ops.extend((0..20).map(|_| T::lie(&mut world.rng, &dots)));
    for op in &ops {
        let causes = world.replicas[0].copy.causes(op);
        for named in dots_in(&encode(op)) {
            let cause = |cause: &Dot| cause.actor == named.actor && cause.counter >= named.counter;
            assert!(
                causes.dots().any(cause),
                "{named} is no cause of {op:?}: {causes:?}"
            );
        }
    }
}

/// Operations are equal, and hash alike, exactly if their bytes are equal; and they come back from their bytes.
fn operations_are_their_bytes<T: Subject>(seed: Seed) {
    let mut world = World::<T>::new(seed.rng());
    world.steps(20);
    let dots = world.some_dots();
    let mut ops: Vec<Op<T>> = world.sent.iter().map(|sent| sent.op.clone()).collect();
    ops.extend((0..10).map(|_| T::lie(&mut world.rng, &dots)));
    let hasher = RandomState::new();
    let hash = |op: &Op<T>| {
        let state = &mut hasher.build_hasher();
        op.hash(state);
        std::hash::Hasher::finish(state)
    };
    for one in &ops {
        assert_eq!(decode::<Op<T>>(&encode(one)).as_ref(), Ok(one));
        for other in &ops {
            assert_eq!(one == other, encode(one) == encode(other));
            assert!(one != other || hash(one) == hash(other));
        }
    }
    let different: HashSet<Vec<u8>> = ops.iter().map(encode).collect();
    assert_eq!(ops.iter().collect::<HashSet<_>>().len(), different.len());
}

macro_rules! contract {
    ($($name:ident: $subject:ty;)*) => {$(
        mod $name {
            use super::*;
            use quickcheck_macros::quickcheck;

            #[quickcheck]
            fn replicas_converge(seed: Seed) {
                converges::<$subject>(seed);
            }

            #[quickcheck]
            fn order_does_not_matter(seed: Seed) {
                super::order_does_not_matter::<$subject>(seed);
            }

            #[quickcheck]
            fn snapshot_and_tail(seed: Seed) {
                super::snapshot_and_tail::<$subject>(seed);
            }

            #[quickcheck]
            fn batches_are_judged_one_by_one(seed: Seed) {
                super::batches_are_judged_one_by_one::<$subject>(seed);
            }

            #[quickcheck]
            fn nothing_panics(seed: Seed) {
                total::<$subject>(seed);
            }

            #[quickcheck]
            fn damage_is_survived(seed: Seed) {
                super::damage_is_survived::<$subject>(seed);
            }

            #[quickcheck]
            fn operations_name_only_their_causes(seed: Seed) {
                super::operations_name_only_their_causes::<$subject>(seed);
            }

            #[quickcheck]
            fn operations_are_their_bytes(seed: Seed) {
                super::operations_are_their_bytes::<$subject>(seed);
            }
        }
    )*};
}

contract! {
    gcounter: GCounter;
    pncounter: PNCounter;
    gset: GSet<u8>;
    orswot: Orswot<u8>;
    mvreg: MVReg<u8>;
    lwwreg: LWWReg<u8>;
    map_of_orswot: Map<u8, Orswot<u8>>;
    map_of_mvreg: Map<u8, MVReg<u8>>;
    map_of_pncounter: Map<u8, PNCounter>;
    map_of_map_of_orswot: Map<u8, Map<u8, Orswot<u8>>>;
    map_of_map_of_mvreg: Map<u8, Map<u8, MVReg<u8>>>;
    map_of_map_of_map_of_gcounter: Map<u8, Map<u8, Map<u8, GCounter>>>;
    list: List<u8>;
    glist: GList<u8>;
    merkle_reg: MerkleReg<u8>;
    text: Text;
}

/// The claim above is about something: operations of these types do name dots, and those are found in their bytes.
#[test]
fn dots_are_found_in_the_bytes_of_operations() {
    fn found<T: Subject>() -> usize {
        let mut world = World::<T>::new(rand_chacha::ChaCha8Rng::seed_from_u64(1));
        let dots = world.some_dots();
        let lies = (0..50).map(|_| T::lie(&mut world.rng, &dots));
        lies.map(|op| dots_in(&encode(&op)).len()).sum()
    }
    assert_eq!(
        found::<GCounter>() + found::<PNCounter>() + found::<GSet<u8>>(),
        0
    );
    let naming = [
        found::<Orswot<u8>>(),
        found::<MVReg<u8>>(),
        found::<LWWReg<u8>>(),
        found::<Map<u8, Orswot<u8>>>(),
        found::<Map<u8, Map<u8, MVReg<u8>>>>(),
        found::<List<u8>>(),
        found::<GList<u8>>(),
        found::<MerkleReg<u8>>(),
        found::<Text>(),
    ];
    assert!(naming.iter().all(|dots| *dots >= 5), "{naming:?}");
}
