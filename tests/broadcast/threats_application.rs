//! What a hostile operation, or a bad algorithm, can do once it is broadcast.
//!
//! The bank and the set on their own are tested in `tests/core_layer/bank/` and `tests/core_layer/orswot.rs`; here
//! their operations come over the wire, in messages of an adversary that follows every rule but theirs.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::wire;
use crate::wire::{RecvError, Wire};
use bft_crdts::bank::{self, Bank};
use bft_crdts::codec::encode;
use bft_crdts::deterministic_secure_broadcast::{Effect, Header, MAX_MESSAGE_OPS};
use bft_crdts::{
    Actor, Bytes, Causes, Counter, Dot, Orswot, PacketKind, Payload, Seat,
    SecureBroadcastAlgorithm, orswot,
};

type Set = Orswot<u8>;
type SetWire = Wire<Set>;

fn set() -> SetWire {
    let keys = wire::identities(4);
    let mut wire = Wire::new("set", orswot::ALGORITHM, keys, Default::default());
    wire.silence(3);
    wire
}

fn add(member: u8) -> orswot::Op<u8> {
    orswot::Op::Add {
        members: BTreeSet::from([member]),
    }
}

fn remove(member: u8, witnessed: impl IntoIterator<Item = Dot>) -> orswot::Op<u8> {
    orswot::Op::Remove {
        members: BTreeSet::from([member]),
        witnessed: witnessed.into_iter().collect(),
    }
}

fn ask<A: SecureBroadcastAlgorithm>(
    wire: &mut Wire<A>,
    to: usize,
    message: &(Header, Bytes),
) -> Result<(), RecvError> {
    let from = wire.actor(message.0.source.get());
    let request = Payload::Request(wire.request(message));
    wire.hand(to, from, &encode(&request))
}

fn prove<A: SecureBroadcastAlgorithm>(wire: &mut Wire<A>, message: &(Header, Bytes)) {
    let from = wire.actor(message.0.source.get());
    (0..2).for_each(|seat| ask(wire, seat, message).expect("echoed"));
    let proof = encode(&Payload::Proof(wire.proof(message, &[0, 1, 3])));
    for seat in 0..3 {
        wire.hand(seat, from, &proof).expect("a good proof");
    }
}

/// The name of an add is what the broadcast calls it; there is no place in an operation to write another.
#[test]
fn an_add_over_the_wire_is_named_by_its_source_and_place() {
    let mut wire = set();
    let message = wire.message(3, 1, None, &[add(1), add(2)]);
    prove(&mut wire, &message);
    let adversary = wire.actor(3);
    for (member, counter) in [(1, 1), (2, 2)] {
        let here = wire.machine(0).algorithm().remove(&member).unwrap();
        let dot = Dot::new(adversary, Counter::new(counter));
        assert_eq!(here, remove(member, [dot]));
    }
    // Another member's add of the same is another dot, and outlives the removal of the adversary's.
    wire.submit(0, [add(1)]);
    wire.quiet();
    let gone = wire.message(
        3,
        3,
        Some(&message.0),
        &[remove(1, [Dot::new(adversary, Counter::FIRST)])],
    );
    prove(&mut wire, &gone);
    assert!((0..3).all(|seat| wire.machine(seat).algorithm().contains(&1)));
}

/// A remove that lists what is not delivered waits for it, if its header says so, or is refused.
#[test]
fn a_remove_from_the_future_hides_nothing() {
    let mut wire = set();
    let future = Dot::new(wire.actor(0), Counter::FIRST);
    let hidden = wire.message(3, 1, None, &[remove(7, [future])]);
    ask(&mut wire, 1, &hidden).expect("refused, not rejected");
    assert_eq!(wire.take_kind(PacketKind::Refusal).len(), 1);
    let mut named = hidden.clone();
    named.0.causes = vec![(Seat::new(0), Counter::FIRST)];
    ask(&mut wire, 2, &named).expect("parked");
    assert!(matches!(wire.nodes[2].told[..], [Effect::Parked { .. }]));
    wire.flying.clear();
    wire.submit(0, [add(7)]);
    wire.quiet();
    assert!((0..3).all(|seat| wire.machine(seat).algorithm().contains(&7)));
}

/// Causes are counters in the header, one per member; an operation cannot bring its dependencies along.
#[test]
fn a_message_names_at_most_one_cause_for_each_member() {
    let n = 31;
    let mut wire = Wire::<Bank>::bank(n, 10);
    (21..n).for_each(|seat| wire.silence(seat));
    for seat in 1..21 {
        wire.pay(seat, 0, 1);
    }
    wire.quiet();
    let dots = (1..21).map(|seat| Dot::new(wire.actor(seat), Counter::FIRST));
    let op = Bank::transfer_citing(wire.actor(1), 30, dots.collect());
    let size = encode(&op).len();
    wire.submit(0, [op]);
    let Some(Payload::Request(request)) = wire.flying.front().map(|envelope| envelope.payload())
    else {
        panic!("a request");
    };
    assert_eq!(request.header.causes.len(), 20);
    assert!(encode(&request.header).len() <= 100 + 20 * 2);
    assert!(size <= 40 + 20 * 36, "{size} bytes for 20 causes");
    wire.quiet();
    assert_eq!(wire.balance(2, 1), 10 - 1 + 30);
}

#[test]
fn the_most_operations_a_message_may_hold_are_delivered_in_one() {
    let mut wire = Wire::<Bank>::bank(4, 1_000_000);
    let op = Bank::transfer_citing(wire.actor(1), 1, BTreeSet::new());
    let most = MAX_MESSAGE_OPS as usize;
    wire.submit(0, vec![op; most + 1]);
    wire.quiet();
    let lens: Vec<_> = wire
        .machine(2)
        .log()
        .map(|(log, _)| log.header.len)
        .collect();
    assert_eq!(lens, [MAX_MESSAGE_OPS, 1]);
    assert_eq!(wire.balance(3, 1), 1_000_000 + most as u64 + 1);
}

/// Refused operations of every sort, over the wire: a reason each time, and nobody panics or keeps anything.
#[test]
fn every_operation_the_bank_refuses_is_answered_with_its_reason() {
    let mut wire = Wire::<Bank>::bank(4, 10);
    wire.silence(3);
    let [ann, me] = [0, 3].map(|seat| wire.actor(seat));
    let nobody = Actor::from_bytes([0xab; 32]);
    let dots = |actor: Actor, counters: &[u64]| -> BTreeSet<Dot> {
        let counters = counters.iter().copied().map(Counter::new);
        counters.map(|counter| Dot::new(actor, counter)).collect()
    };
    let pay = |to, amount| Bank::transfer_citing(to, amount, BTreeSet::new());
    let ops = [
        pay(ann, 0),
        pay(me, 1),
        pay(nobody, 1),
        pay(ann, 11),
        pay(ann, u64::MAX),
        bank::Op::Issue { to: me, amount: 1 },
        Bank::transfer_citing(ann, 1, dots(ann, &[1])),
        Bank::transfer_citing(ann, 1, dots(nobody, &[1])),
        Bank::transfer_citing(ann, 1, dots(me, &[1])),
        Bank::transfer_citing(ann, 1, dots(ann, &[0, u64::MAX])),
    ];
    let before = wire.machine(0).clone();
    for op in ops {
        // Two of these in one slot would convict: another replica for each.
        wire.machine_mut(0).clone_from(&before);
        let message = wire.message(3, 1, None, std::slice::from_ref(&op));
        ask(&mut wire, 0, &message).expect("answered");
        let refusals = wire.take_kind(PacketKind::Refusal);
        let [envelope] = &refusals[..] else {
            panic!("{op:?} is not refused");
        };
        let Payload::Refusal(refusal) = envelope.payload() else {
            panic!("a refusal");
        };
        assert!(!refusal.reason.is_empty());
        let now = wire.machine(0);
        assert!(
            now.algorithm() == before.algorithm()
                && now.clock() == before.clock()
                && now.locked_header(&me).is_none()
                && now.evidence().next().is_none(),
            "{op:?} left something behind"
        );
        let after = now.clone();
        ask(&mut wire, 0, &message).expect("answered again");
        assert_eq!(wire.take_kind(PacketKind::Refusal).len(), 1);
        assert!(*wire.machine(0) == after, "{op:?} costs something again");
    }
}

// An algorithm that breaks its contract.

/// Counts operations, and is as bad as its switches say: at this replica only, for they belong to its actor.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bad {
    actor: Actor,
    count: u64,
}

thread_local! {
    /// Which replica miscounts, and which panics.
    static MISCOUNTS: Cell<Option<Actor>> = const { Cell::new(None) };
    static PANICS: Cell<Option<Actor>> = const { Cell::new(None) };
}

impl SecureBroadcastAlgorithm for Bad {
    type Op = u8;
    type ReplicatedState = u64;
    type Invalid = Infallible;

    fn new(actor: Actor) -> Self {
        Bad { actor, count: 0 }
    }

    fn state(&self) -> u64 {
        self.count
    }

    fn sync_from(&mut self, other: u64) {
        self.count = other;
    }

    fn causes(&self, _: &u8) -> Causes {
        Causes::Nothing
    }

    fn validate(&self, _: &Dot, _: &u8) -> Result<(), Infallible> {
        Ok(())
    }

    fn apply(&mut self, _: Dot, _: u8) {
        assert!(PANICS.get() != Some(self.actor), "a bad algorithm");
        self.count += match MISCOUNTS.get() == Some(self.actor) {
            true => 2,
            false => 1,
        };
    }
}

fn bad() -> Wire<Bad> {
    MISCOUNTS.set(None);
    PANICS.set(None);
    Wire::new("bad", "bad/1", wire::identities(4), 0)
}

/// Whoever holds another state after the same deliveries is found out by the digest in the summaries.
#[test]
fn an_algorithm_that_is_not_deterministic_is_noticed() {
    let mut wire = bad();
    let odd = wire.actor(2);
    MISCOUNTS.set(Some(odd));
    wire.submit(0, [1, 2, 3]);
    wire.heal();
    let diverged = |wire: &Wire<Bad>, seat: usize| -> BTreeSet<Actor> {
        let told = wire.nodes[seat].told.iter();
        told.filter_map(|effect| match effect {
            Effect::Diverged { member } => Some(*member),
            _ => None,
        })
        .collect()
    };
    for _ in 0..8 {
        (0..4).for_each(|seat| wire.tick(seat));
        wire.quiet();
    }
    for seat in [0, 1, 3] {
        assert_eq!(diverged(&wire, seat), BTreeSet::from([odd]), "at {seat}");
    }
    let others = [0, 1, 3].map(|seat| wire.actor(seat));
    assert_eq!(diverged(&wire, 2), BTreeSet::from(others));
}

/// Replicas that agree, and one that only lags, accuse nobody of that.
#[test]
fn a_replica_that_lags_has_not_diverged() {
    let mut wire = bad();
    wire.submit(0, [1, 2, 3]);
    let held = wire.quiet_without(3);
    for _ in 0..8 {
        (0..4).for_each(|seat| wire.tick(seat));
        wire.quiet_without(3);
    }
    wire.flying.extend(held);
    wire.heal();
    for seat in 0..4 {
        let told = &wire.nodes[seat].told;
        assert!(
            !told
                .iter()
                .any(|effect| matches!(effect, Effect::Diverged { .. }))
        );
    }
}

/// The driver is the boundary: it catches the panic, drops the replica and never hears of half an effect; the others do
/// not need it. Before the deliveries that were carried out it changes nothing on disk.
#[test]
fn an_algorithm_that_panics_takes_only_its_own_replica_with_it() {
    let mut wire = bad();
    wire.submit(0, [1]);
    wire.quiet();
    let victim = wire.actor(3);
    PANICS.set(Some(victim));
    wire.submit(1, [2]);
    let journal = wire.nodes[3].journal.clone();
    let mut caught = 0;
    while let Some(envelope) = wire.flying.pop_front() {
        let to = wire.seat_of(&envelope.to).unwrap();
        if to == 3 && wire.nodes[3].machine.is_none() {
            continue;
        }
        let result = catch_unwind(AssertUnwindSafe(|| {
            wire.hand(to, envelope.from, &envelope.bytes)
        }));
        if result.is_err() {
            assert_eq!(to, 3, "only the bad one panics");
            wire.silence(3);
            caught += 1;
        }
    }
    assert_eq!(caught, 1);
    assert!(wire.nodes[3].journal.starts_with(&journal));
    wire.submit(2, [3]);
    wire.heal();
    for seat in 0..3 {
        assert_eq!(wire.machine(seat).algorithm().count, 3);
    }
    // Repaired, it starts again from its journal and catches up.
    PANICS.set(None);
    wire.restart(3);
    assert_eq!(wire.machine(3).algorithm().count, 1);
    wire.heal();
    assert_eq!(wire.machine(3).algorithm().count, 3);
    wire.assert_agreement(&[]);
}
