//! What valid operations cost those who receive them is bounded by what they cost their sender.

use allocation_counter::measure;
use bft_crdts::codec::{decode, encode};
use bft_crdts::crdt::{self, List, ListAct, Ref, Replicated, State};
use bft_crdts::deterministic_secure_broadcast::Header;
use bft_crdts::deterministic_secure_broadcast::packet::Proof;
use bft_crdts::{Counter, Ed25519, Packet, Payload, SecureBroadcastAlgorithm as _};

use crate::wire::{Wire, identities};

type Op = crdt::Op<List<String>>;

/// Insertions of a list, each by the numbers of those before that it goes between.
#[derive(Default)]
struct Digger {
    ops: Vec<Op>,
}

impl Digger {
    fn insert(&mut self, after: Option<usize>, before: Option<usize>) -> usize {
        let own = self.ops.len() + 1;
        let place = |of: Option<usize>| {
            of.map(|of| Ref::Mine {
                counter: Counter::new(of as u64),
                back: (own - of) as u64,
            })
        };
        self.ops.push(Op::new(ListAct::Insert {
            after: place(after),
            before: place(before),
            value: String::new(),
        }));
        own
    }
}

/// Empty strings inserted at a place that is 63 levels deep, so many in all.
fn deep(count: usize) -> Vec<Op> {
    let mut digger = Digger::default();
    let mut low = digger.insert(None, None);
    let mut high = digger.insert(Some(low), None);
    for _ in 1..63 {
        let next = digger.insert(Some(low), Some(high));
        low = digger.insert(Some(low), Some(next));
        high = next;
    }
    while digger.ops.len() < count {
        low = digger.insert(Some(low), Some(high));
    }
    digger.ops
}

/// A member sends three messages of list insertions, all of them valid, each between the one before and a neighbour deep in
/// the list. Places are kept as whole paths: what the others keep is a hundred and more times what was sent.
///
/// Right: at most 64 bytes kept for a byte received, a bound that holds for every data type of the library.
#[test]
#[ignore = "open: DP5"]
fn dp5_what_a_list_keeps_is_bounded_by_what_was_sent() {
    let keys = identities::<Ed25519>(4);
    let wire = Wire::<Replicated<List<String>>>::new("list", "list/1", keys, State::default());
    let mut replica = wire.machine(0).clone();
    let from = wire.actor(3);
    let (mut previous, mut first): (Option<Header>, u64) = (None, 1);
    let (mut sent, mut kept) = (0, 0);
    for ops in deep(3 * 4096).chunks(4096) {
        let message = wire.message(3, first, previous.as_ref(), ops);
        let certificate = wire.certificate(&message.0, &[0, 1, 3]);
        for payload in [
            Payload::Request(wire.request(&message)),
            Payload::Proof(Proof {
                certificate,
                ops: None,
            }),
        ] {
            let bytes = encode(&payload);
            sent += i64::try_from(bytes.len()).expect("few bytes");
            let counted = measure(|| {
                let payload = decode(&bytes).expect("a payload");
                drop(replica.handle(Packet { from, payload }).expect("valid"));
            });
            kept += counted.bytes_current;
        }
        first += ops.len() as u64;
        previous = Some(message.0);
    }
    assert_eq!(replica.delivered(&from).get(), first - 1);
    assert!(
        kept <= 64 * sent,
        "{sent} bytes sent, {kept} bytes kept: {} times as much",
        kept / sent
    );
}

/// After a delivery the first quiet tick clones and encodes the whole state for its digest.
///
/// Right: a tick costs what has changed.
#[test]
#[ignore = "open: DP5"]
fn dp5_a_tick_after_a_delivery_does_not_encode_the_whole_state() {
    type Set = bft_crdts::orswot::Orswot<u32>;
    let keys = identities::<Ed25519>(4);
    let mut wire = Wire::<Set>::new("set", "set/1", keys, Default::default());
    let add = |members: std::ops::Range<u32>| bft_crdts::orswot::Op::Add {
        members: members.collect(),
    };
    wire.submit(0, (0..20).map(|at| add(at * 1000..(at + 1) * 1000)));
    wire.heal();
    (0..4).for_each(|_| wire.tick(1));
    let state = encode(&wire.machine(1).algorithm().state()).len() as u64;
    wire.submit(0, [add(0..1)]);
    wire.quiet();
    let replica = wire.machine_mut(1);
    let ticks = (0..3).map(|_| measure(|| drop(replica.tick())).bytes_total);
    let allocated = ticks.fold(0, u64::max);
    assert!(
        allocated < state,
        "{allocated} bytes allocated in a tick for a state of {state}"
    );
}
