//! Why the types of the `crdts` crate are not replicated as they are: each test is one lie, or one accident, that makes
//! its replicas fall apart or panic, and what becomes of it here.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use crate::hosted::{actor, bytes, dot, restored};
use bft_crdts::crdt::{
    CountAct, GCounter, GList, Increment, Invalid, LWWReg, List, MVReg, Map, MapAct, MerkleReg,
    Nested, Op, Orswot, PNCounter, Ref, Replicated, Seen, SetAct, Write,
};
use bft_crdts::{Causes, SecureBroadcastAlgorithm};
use crdts::ctx::AddCtx;
use crdts::merkle_reg::Node;
use crdts::{CmRDT, VClock};

type Theirs = crdts::Dot<u8>;

fn clock(dots: &[(u8, u64)]) -> VClock<u8> {
    dots.iter().map(|(a, c)| Theirs::new(*a, *c)).collect()
}

/// A copy to which these operations were applied, which were all valid.
fn after<T: bft_crdts::crdt::Hosted>(ops: &[(bft_crdts::Dot, Op<T>)]) -> Replicated<T> {
    let mut copy = Replicated::new(actor(0));
    for (dot, op) in ops {
        assert_eq!(copy.validate(dot, op), Ok(()), "{dot} {op:?}");
        copy.apply(*dot, op.clone());
    }
    copy
}

/// S10. One operation takes a counter of theirs to the end, and the next step of anybody who goes on panics.
#[test]
fn a_counter_at_the_end_panics_there_and_refuses_here() {
    let mut theirs = crdts::GCounter::<u8>::new();
    theirs.apply(Theirs::new(1, u64::MAX));
    assert!(catch_unwind(|| theirs.inc(1)).is_err());

    let to_the_end = Op::new(Increment { by: u64::MAX });
    let ours = after::<GCounter>(&[(dot(1, 1), to_the_end.clone())]);
    assert_eq!(ours.value().counted_by(&actor(1)), u64::MAX);
    let more = ours.value().increment();
    assert_eq!(ours.validate(&dot(1, 2), &more), Err(Invalid::Overflow));
    assert_eq!(ours.validate(&dot(2, 1), &to_the_end), Ok(()), "another's");
    let twice = [to_the_end.clone(), to_the_end];
    let verdict = ours.validate_batch(&dot(2, 1), &twice);
    assert_eq!(verdict, Err((1, Invalid::Overflow)));
}

/// A broadcast's dot taken for a count: the second operation of a source, its first increment, reads 2.
#[test]
fn a_count_is_not_a_dot() {
    let mut theirs = crdts::GCounter::<u8>::new();
    theirs.apply(Theirs::new(1, 2));
    assert_eq!(theirs.read(), 2u8.into());

    let up = Op::new(CountAct::Increment { by: 1 });
    let down = Op::new(CountAct::Decrement { by: 1 });
    let ours = after::<PNCounter>(&[(dot(1, 2), up.clone()), (dot(1, 5), down), (dot(1, 9), up)]);
    assert_eq!(ours.value().value(), 1);
    assert_eq!(ours.value().counted_by(&actor(1)), (2, 1));
}

/// A counter in a map of theirs: the clock of a remove holds dots, the counter counts. A remove and a concurrent increment
/// come to two different values, as they arrive.
#[test]
fn removing_a_counter_splits_replicas_there_and_is_refused_here() {
    let up = |dot, count| crdts::map::Op::Up {
        dot: Theirs::new(1, dot),
        key: 'k',
        op: Theirs::new(1, count),
    };
    let remove = crdts::map::Op::Rm {
        clock: clock(&[(1, 5)]),
        keyset: BTreeSet::from(['k']),
    };
    let (first, concurrent) = (up(5, 1), up(8, 2));
    let run = |ops: [&crdts::map::Op<char, crdts::GCounter<u8>, u8>; 3]| {
        let mut map = crdts::Map::<char, crdts::GCounter<u8>, u8>::new();
        ops.into_iter().for_each(|op| map.apply(op.clone()));
        map.get(&'k').val.map(|counter| counter.read())
    };
    let one = run([&first, &concurrent, &remove]);
    let other = run([&first, &remove, &concurrent]);
    assert_ne!(one, other);

    type Ours = Map<u8, Map<u8, GCounter>>;
    let ours = Replicated::<Ours>::new(actor(0));
    let remove = ours.value().remove([1]);
    let verdict = ours.validate(&dot(1, 1), &remove);
    assert_eq!(verdict, Err(Invalid::NotRemovable));
    let inner = ours.value().update(1, |inner| inner.remove([1]));
    let verdict = ours.validate(&dot(1, 1), &inner);
    assert_eq!(verdict, Err(Invalid::NotRemovable));
}

/// A remove of theirs from the far future always passes, stays in memory, and takes away what is added later.
#[test]
fn a_remove_from_the_future_is_kept_there_and_waits_for_its_causes_here() {
    let mut theirs = crdts::Orswot::<char, u8>::new();
    let remove = crdts::orswot::Op::Rm {
        clock: clock(&[(1, 1_000)]),
        members: vec!['m'],
    };
    assert!(theirs.validate_op(&remove).is_ok());
    theirs.apply(remove);
    let ctx = theirs.read().derive_add_ctx(1);
    theirs.apply(theirs.add('m', ctx));
    assert!(!theirs.contains(&'m').val, "gone as soon as it is added");

    let seen = Seen::from_iter([dot(1, 1_000)]);
    let members = BTreeSet::from(['m']);
    let remove = Op::new(SetAct::Remove { members, seen });
    let mut ours = Replicated::<Orswot<char>>::new(actor(0));
    let causes = BTreeSet::from([dot(1, 1_000)]);
    assert_eq!(ours.causes(&remove), Causes::Dots(causes));
    // Were it applied all the same, nothing would remain of it.
    ours.apply(dot(2, 1), remove);
    ours.apply(dot(1, 1), ours.value().add(['m']));
    assert!(ours.value().contains(&'m'));
    assert_eq!(
        bytes(&ours),
        bytes(&after(&[(dot(1, 1), ours.value().add(['m']))]))
    );
}

/// Even honest operations leave a remove behind in a set of theirs that stands in a map, at one replica and not at the
/// other: the key was removed concurrently, and the clock of the set with it.
#[test]
fn a_set_in_a_map_keeps_a_remove_there_and_nothing_here() {
    type Map1 = crdts::Map<char, crdts::Orswot<char, u8>, u8>;
    let up = |actor, counter, op| crdts::map::Op::Up {
        dot: Theirs::new(actor, counter),
        key: 'k',
        op,
    };
    let add = up(
        1,
        1,
        crdts::orswot::Op::Add {
            dot: Theirs::new(1, 1),
            members: vec!['m'],
        },
    );
    let inner = up(
        3,
        1,
        crdts::orswot::Op::Rm {
            clock: clock(&[(1, 1)]),
            members: vec!['m'],
        },
    );
    let outer = crdts::map::Op::Rm {
        clock: clock(&[(1, 1)]),
        keyset: BTreeSet::from(['k']),
    };
    let run = |ops: [&crdts::map::Op<char, crdts::Orswot<char, u8>, u8>; 3]| {
        let mut map = Map1::new();
        ops.into_iter().for_each(|op| map.apply(op.clone()));
        map
    };
    assert_ne!(run([&add, &inner, &outer]), run([&add, &outer, &inner]));

    let mut seen = after::<Map<char, Orswot<char>>>(&[]);
    let add = (dot(1, 1), seen.value().update('k', |set| set.add(['m'])));
    seen.apply(add.0, add.1.clone());
    let inner = (dot(3, 1), seen.value().update('k', |set| set.remove(['m'])));
    let outer = (dot(2, 1), seen.value().remove(['k']));
    let one = after(&[add.clone(), inner.clone(), outer.clone()]);
    let other = after(&[add, outer, inner]);
    assert_eq!(bytes(&one), bytes(&other));
    assert_eq!(one, restored(&other));
}

/// A value of theirs in a map carries the clock of its author. A concurrent remove of the key cuts off a part of it at one
/// replica; the other has nothing to cut. The next write then overwrites the value at one and not at the other.
#[test]
fn a_register_in_a_map_splits_replicas_there_and_converges_here() {
    type Register = crdts::MVReg<char, u8>;
    let put = |actor, dots: &[(u8, u64)], val| crdts::map::Op::Up {
        dot: Theirs::new(actor, 1),
        key: 'k',
        op: crdts::mvreg::Op::Put {
            clock: clock(dots),
            val,
        },
    };
    let first = put(1, &[(1, 1)], 'a');
    let second = put(4, &[(1, 1), (4, 1)], 'b');
    let remove = crdts::map::Op::Rm {
        clock: clock(&[(1, 1)]),
        keyset: BTreeSet::from(['k']),
    };
    let third = put(5, &[(4, 1), (5, 1)], 'c');
    let run = |ops: [&crdts::map::Op<char, Register, u8>; 4]| {
        let mut map = crdts::Map::<char, Register, u8>::new();
        ops.into_iter().for_each(|op| map.apply(op.clone()));
        map.get(&'k').val.map(|register| register.read().val.len())
    };
    // The third was written where the remove came last, and what it has seen is all there was to see.
    assert_eq!(run([&first, &second, &remove, &third]), Some(1));
    assert_eq!(run([&first, &remove, &second, &third]), Some(2));

    type Ours = Map<char, MVReg<char>>;
    let write = |value: char, seen: &[bft_crdts::Dot]| {
        let seen = seen.iter().copied().collect();
        let key = 'k';
        let act = Write { value, seen };
        Op::new(MapAct::Update { key, act })
    };
    let first = (dot(1, 1), write('a', &[]));
    let second = (dot(4, 1), write('b', &[dot(1, 1)]));
    let remove = (
        dot(2, 1),
        after::<Ours>(std::slice::from_ref(&first))
            .value()
            .remove(['k']),
    );
    let third = (dot(5, 1), write('c', &[dot(4, 1)]));
    let one = after(&[first.clone(), second.clone(), remove.clone(), third.clone()]);
    let other = after(&[first, remove, second, third]);
    assert_eq!(bytes(&one), bytes(&other));
    let register = one.value().get(&'k').expect("written");
    assert_eq!(register.values().into_values().collect::<String>(), "c");
}

/// A register of theirs keeps whichever of two writes with one marker comes first; and the highest marker is the last word.
#[test]
fn markers_split_replicas_there_and_are_worked_out_here() {
    let write = |val, marker| crdts::LWWReg { val, marker };
    let run = |ops: [crdts::LWWReg<char, u64>; 2]| {
        let mut register = crdts::LWWReg::default();
        ops.into_iter().for_each(|op| register.apply(op));
        register.val
    };
    let (one, other) = (write('a', 7), write('b', 7));
    assert_ne!(
        run([one.clone(), other.clone()]),
        run([other, one]),
        "equal markers"
    );
    let last_word = write('a', u64::MAX);
    assert_eq!(run([last_word, write('b', u64::MAX)]), 'a', "for ever");

    // Here the most that anybody can claim to have seen is what is delivered, and whoever sees that can go over it.
    let mut copy = after::<LWWReg<char>>(&[]);
    for counter in 1..=100 {
        copy.apply(dot(1, counter), copy.value().write('x'));
    }
    let (seen, value) = (Seen::from_iter([dot(1, 100)]), 'y');
    copy.apply(dot(2, 1), Op::new(Write { value, seen }));
    assert_eq!(copy.value().value(), Some(&'y'));
    copy.apply(dot(3, 1), copy.value().write('z'));
    assert_eq!(copy.value().value(), Some(&'z'));
    let (seen, value) = (Seen::from_iter([dot(1, u64::MAX), dot(2, 1)]), '!');
    let too_much = Op::new(Write { value, seen });
    assert_eq!(copy.validate(&dot(4, 1), &too_much), Err(Invalid::Overflow));
}

/// Two equal elements at one place of a grow-only list of theirs are one.
#[test]
fn equal_elements_are_one_there_and_two_here() {
    let mut theirs = crdts::GList::<char>::new();
    let (one, other) = (
        theirs.insert_before(None, 'a'),
        theirs.insert_before(None, 'a'),
    );
    theirs.apply(one);
    theirs.apply(other);
    assert_eq!(theirs.len(), 1);

    let empty = after::<GList<char>>(&[]);
    let insert = empty.value().append('a');
    let ours = after(&[(dot(1, 1), insert.clone()), (dot(2, 1), insert)]);
    assert_eq!(ours.value().iter().collect::<String>(), "aa");
}

/// A node of theirs is hashed without anything between the hashes it goes over and its value: a value that begins with a
/// hash can be taken for another node, and whichever comes first stays.
#[test]
fn a_value_passes_for_another_there_and_not_here() {
    let mut theirs = crdts::merkle_reg::MerkleReg::<Vec<u8>>::new();
    let below = theirs.write(b"below".to_vec(), BTreeSet::new());
    let honest = theirs.write(b"value".to_vec(), BTreeSet::from([below.hash()]));
    let mut value = below.hash().to_vec();
    value.extend(b"value");
    let children = BTreeSet::new();
    let forged = Node { children, value };
    assert_eq!(honest.hash(), forged.hash());
    let mut other = theirs.clone();
    for op in [&below, &honest, &forged] {
        theirs.apply(op.clone());
    }
    for op in [&below, &forged, &honest] {
        other.apply(op.clone());
    }
    assert_ne!(theirs, other);

    let mut ours = after::<MerkleReg<Vec<u8>>>(&[]);
    ours.apply(dot(1, 1), ours.value().write(b"below".to_vec()));
    let honest = (dot(1, 2), ours.value().write(b"value".to_vec()));
    let forged = Op::new(bft_crdts::crdt::WriteOver {
        value: forged.value,
        over: BTreeSet::new(),
    });
    let (mut one, mut other) = (ours.clone(), ours);
    one.apply(honest.0, honest.1.clone());
    one.apply(dot(2, 1), forged.clone());
    other.apply(dot(2, 1), forged);
    other.apply(honest.0, honest.1);
    assert_eq!(one, other);
    assert_eq!(one.value().values().len(), 2);
}

/// The same context twice in a register of theirs: whichever write comes later stays.
#[test]
fn a_context_used_twice_splits_replicas_there_and_cannot_be_written_here() {
    let put = |val| crdts::mvreg::Op::Put {
        clock: clock(&[(1, 1)]),
        val,
    };
    let run = |ops: [crdts::mvreg::Op<char, u8>; 2]| {
        let mut register = crdts::MVReg::<char, u8>::new();
        ops.into_iter().for_each(|op| register.apply(op));
        register.read().val
    };
    assert_ne!(run([put('a'), put('b')]), run([put('b'), put('a')]));

    let write = |value| {
        let seen = Seen::nothing();
        Op::<MVReg<char>>::new(Write { value, seen })
    };
    let (one, other) = ((dot(1, 1), write('a')), (dot(2, 1), write('b')));
    let both = after(&[one.clone(), other.clone()]);
    assert_eq!(both, after(&[other, one]));
    assert_eq!(both.value().values().len(), 2);
}

/// Theirs keep members in hash maps: two sets that were told the same have different bytes, so replicas could not compare or
/// sign digests of them. Ours are encoded in order.
#[test]
fn bytes_come_in_hash_order_there_and_are_canonical_here() {
    let theirs = || {
        let mut set = crdts::Orswot::<u8, u8>::new();
        for member in 0..32 {
            let ctx = set.read().derive_add_ctx(1);
            set.apply(set.add(member, ctx));
        }
        set
    };
    let (one, other) = (theirs(), theirs());
    assert_eq!(one, other);
    let encoded = |set| bft_crdts::codec::encode(set);
    assert_ne!(encoded(&one), encoded(&other));

    let ours = |members: &mut dyn Iterator<Item = u8>| {
        let mut set = Replicated::<Orswot<u8>>::new(actor(0));
        for member in members {
            let by = dot(member + 1, 1);
            set.apply(by, set.value().add([member]));
        }
        bytes(&set)
    };
    assert_eq!(ours(&mut (0..32)), ours(&mut (0..32).rev()));
}

/// A replayed operation passes their check; here there is no dot to replay, and the broadcast gives each only once.
#[test]
fn replays_pass_there() {
    let mut theirs = crdts::Orswot::<char, u8>::new();
    let add = theirs.add(
        'm',
        AddCtx {
            clock: VClock::new(),
            dot: Theirs::new(1, 1),
        },
    );
    theirs.apply(add.clone());
    assert!(theirs.validate_op(&add).is_ok());
    let ours = Replicated::<Orswot<char>>::new(actor(0));
    assert_eq!(
        bft_crdts::codec::encode(&ours.value().add(['m'])),
        [0, 1, b'm'],
        "what is to be done, and no name"
    );
}

/// Typing on into one gap of a list of theirs makes every identifier one bit longer than the one before; here they stay
/// as they are.
#[test]
fn identifiers_grow_there_and_not_here() {
    let mut theirs = crdts::List::<char, u8>::new();
    theirs.apply(theirs.append('(', 1));
    theirs.apply(theirs.append(')', 1));
    let mut ours = Replicated::<List<char>>::new(actor(1));
    ours.apply(dot(1, 1), ours.value().append('('));
    ours.apply(dot(1, 2), ours.value().append(')'));
    let mut sizes = Vec::new();
    for index in 1..=1_000 {
        theirs.apply(theirs.insert_index(index, 'x', 1));
        let op = ours.value().insert_index(index, 'x');
        let next = dot(1, index as u64 + 2);
        assert_eq!(ours.validate(&next, &op), Ok(()));
        ours.apply(next, op);
        if index % 500 == 0 {
            let id = theirs.iter_entries().nth(index).expect("inserted").0;
            let theirs = bft_crdts::codec::encode(id).len();
            sizes.push((theirs, bytes(&ours).len() / index));
        }
    }
    let [(theirs_half, half), (theirs_all, all)] = sizes[..] else {
        panic!("two measurements");
    };
    assert!(
        2 * theirs_all > 3 * theirs_half,
        "{theirs_half} {theirs_all}"
    );
    assert!(all <= half + 3, "{half} {all}");
    assert_eq!(ours.value().iter().collect::<String>().len(), 1_002);
}

/// Squeezing elements between two that were put side by side, again and again, ends at the depth allowed.
#[test]
fn places_have_a_bottom() {
    let mut list = Replicated::<List<char>>::new(actor(1));
    list.apply(dot(1, 1), list.value().append('('));
    list.apply(dot(1, 2), list.value().append(')'));
    let (mut low, mut high) = (dot(1, 1), dot(1, 2));
    let mut refused = None;
    for counter in 3..300 {
        let next = dot(1, counter);
        let op = Op::new(bft_crdts::crdt::ListAct::Insert {
            after: Some(Ref::Of(low)),
            before: Some(Ref::Of(high)),
            value: 'x',
        });
        if let Err(why) = list.validate(&next, &op) {
            refused = Some(why);
            break;
        }
        list.apply(next, op);
        // In turns from both sides.
        if counter % 2 == 0 {
            low = next
        } else {
            high = next
        }
    }
    let limit = bft_crdts::crdt::MAX_PLACE_DEPTH;
    let depth = limit + 1;
    assert_eq!(refused, Some(Invalid::TooDeep { depth, limit }));
}

/// How long it takes when someone has put `size` things under a key and somebody else, again and again, puts something there
/// and removes the key as far as he has filled it: the best of many rounds, for what else the machine does only ever adds.
fn remove_again_and_again<V: Nested>(size: u64, put: impl Fn(u64) -> V::Act) -> Duration {
    let mut copy = Replicated::<Map<u8, V>>::new(actor(0));
    let update = |n: u64| {
        Op::new(MapAct::Update {
            key: 0,
            act: put(n),
        })
    };
    for n in 1..=size {
        copy.apply(dot(1, n), update(n));
    }
    let remove = Op::new(MapAct::Remove {
        keys: BTreeSet::from([0]),
        seen: Seen::nothing(),
    });
    assert!(bft_crdts::codec::encode(&remove).len() <= 4, "a few bytes");
    let mut next = 1;
    let mut round = |_| {
        let begin = Instant::now();
        for _ in 0..20 {
            copy.apply(dot(2, next), update(size + next));
            copy.apply(dot(2, next + 1), remove.clone());
            next += 2;
        }
        begin.elapsed()
    };
    (0..15).map(&mut round).min().unwrap_or(Duration::MAX)
}

/// Whoever removes a key again and again had everybody look at all that others have put under it, a few bytes at a time:
/// 20 ms for the four bytes of one operation and 20,000 members.
#[test]
fn a_removal_looks_only_at_what_it_takes_away() {
    let add = |n: u64| SetAct::Add {
        members: [n].into(),
    };
    let [few, many] = [10, 5_000].map(|size| remove_again_and_again::<Orswot<u64>>(size, add));
    assert!(
        many < 10 * few,
        "{few:?} with 10 members, {many:?} with 5,000"
    );

    let write = |n: u64| MapAct::Update {
        key: n,
        act: Write {
            value: n,
            seen: Seen::nothing(),
        },
    };
    let sizes = [10, 5_000];
    let [few, many] = sizes.map(|size| remove_again_and_again::<Map<u64, MVReg<u64>>>(size, write));
    assert!(many < 10 * few, "{few:?} with 10 keys, {many:?} with 5,000");
}

/// Nobody makes an operation 0, and a replica that is handed one does nothing with it.
#[test]
fn nothing_is_named_0() {
    let zero = dot(1, 0);
    let refused = Err(Invalid::Zero(actor(1)));
    let mut counts = Replicated::<Map<u8, PNCounter>>::new(actor(0));
    let act = CountAct::Decrement { by: u64::MAX };
    let op = Op::new(MapAct::Update { key: 0, act });
    assert_eq!(counts.validate(&zero, &op), refused);
    let batch = counts.validate_batch(&zero, &[op.clone(), op.clone()]);
    assert_eq!(batch, Err((0, Invalid::Zero(actor(1)))));
    let before = bytes(&counts);
    counts.apply(zero, op);
    assert_eq!(bytes(&counts), before);
    let set = Replicated::<Orswot<u8>>::new(actor(0));
    assert_eq!(set.validate(&zero, &set.value().add([1])), refused);
}

/// Two runs that are inserted at one place at the same time: a list mixes them, as its documentation says, and a text does
/// not.
#[test]
fn a_list_interleaves_and_a_text_does_not() {
    use bft_crdts::text::Text;
    let mut both = Replicated::<List<char>>::new(actor(3));
    let mut text = Replicated::<Text>::new(actor(3));
    for (tag, run) in [(1, "abc"), (2, "xyz")] {
        let mut list = Replicated::<List<char>>::new(actor(tag));
        let mut typed = Replicated::<Text>::new(actor(tag));
        for (at, letter) in run.chars().enumerate() {
            let next = dot(tag, at as u64 + 1);
            let op = list.value().insert_index(at, letter);
            list.apply(next, op.clone());
            both.apply(next, op);
            let op = typed
                .value()
                .insert(at, &letter.to_string())
                .expect("at the end");
            typed.apply(next, op.clone());
            text.apply(next, op);
        }
    }
    let list: String = both.value().iter().collect();
    assert_eq!(list, "axbycz");
    assert_eq!(text.value().to_string(), "abcxyz");
}
