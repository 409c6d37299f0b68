//! What the middle layer owes when nobody lies: exact costs, any order of arrival, every restart.

use std::collections::{BTreeMap, BTreeSet};

use crate::networks::{self, Plan};
use crate::wire;
use crate::wire::{Counted, Durable, Envelope, Wire, harmless, restore};
use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::codec::encode;
use bft_crdts::deterministic_secure_broadcast::{
    Effect, RefusedReason, ReturnReason, effect::To, journal,
};
use bft_crdts::membership::quorum::quorum;
use bft_crdts::{
    Config, Counter, Dot, GenesisError, OpenError, Orswot, PacketKind, Payload, Record, Rejection,
    SecureBroadcast, SecureBroadcastAlgorithm, SigningActor, Sound, Ticket, orswot,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

type BankWire = Wire<Bank>;

/// `3(n−1)` packets, `n` signatures made, `(n−1)·q` verified: not one more, not one less.
#[test]
fn a_message_costs_three_packets_a_peer_and_no_signature_is_checked_twice() {
    for n in 4..=31 {
        let mut wire = Wire::<Bank, Counted>::bank(n, 10);
        let op = wire.payment(0, 1, 3);
        let (signed, verified) = Counted::during(|| {
            wire.submit(0, [op]);
            wire.quiet();
        });
        assert_eq!(signed, n, "signatures made, n = {n}");
        assert_eq!(
            verified,
            (n - 1) * quorum(n),
            "signatures verified, n = {n}"
        );
        for kind in [PacketKind::Request, PacketKind::Echo, PacketKind::Proof] {
            assert_eq!(wire.packets(kind), n - 1, "{kind}s, n = {n}");
        }
        let all: usize = PacketKind::ALL.iter().map(|kind| wire.packets(*kind)).sum();
        assert_eq!(all, 3 * (n - 1), "packets, n = {n}");
        for seat in 0..n {
            assert_eq!(wire.balance(seat, 0), 7);
            assert_eq!(wire.balance(seat, 1), 13);
        }
        wire.assert_agreement(&[]);
    }
}

#[test]
fn four_members_need_nine_packets_and_seven_eighteen_whatever_the_message_holds() {
    for (n, packets) in [(4, 9), (7, 18)] {
        let mut wire = BankWire::bank(n, 1_000);
        let to = wire.actor(1);
        let one = Bank::transfer_citing(to, 1, BTreeSet::new());
        wire.submit(0, vec![one; 1_000]);
        wire.quiet();
        assert_eq!(wire.history.len(), packets);
        assert_eq!(wire.balance(n - 1, 1), 2_000);
        assert_eq!(wire.machine(n - 1).log().count(), 1);
    }
}

/// The bounds of the performance targets: a transfer that cites one credit, all packets of its message together.
#[test]
fn a_payment_of_a_credit_takes_few_bytes() {
    for (n, limit) in [(4, 2_100), (7, 4_800)] {
        let mut wire = BankWire::bank(n, 10);
        wire.pay(0, 1, 10);
        wire.quiet();
        let before = wire.bytes();
        wire.pay(1, 2, 15);
        wire.quiet();
        let bytes = wire.bytes() - before;
        let Some(Payload::Request(request)) = wire
            .history
            .iter()
            .map(Envelope::payload)
            .rfind(|payload| payload.kind() == PacketKind::Request)
        else {
            panic!("the second payment was requested");
        };
        assert_eq!(request.header.causes.len(), 1, "it cites one credit");
        assert!(bytes <= limit, "{bytes} bytes at n = {n}, {limit} allowed");
        assert_eq!(wire.balance(0, 2), 25);
    }
}

/// Messages stay as small as the first one, however much history lies behind them.
#[test]
fn the_hundredth_payment_is_no_larger_than_the_second() {
    let mut wire = BankWire::bank(4, 1_000);
    let mut sizes = Vec::new();
    for round in 0..100 {
        let before = wire.bytes();
        wire.pay(round % 2, 1 - round % 2, 500);
        wire.quiet();
        sizes.push(wire.bytes() - before);
    }
    let (second, hundredth) = (sizes[1], sizes[99]);
    // A citation comes in after the first payments, and counters grow by a byte or two.
    assert!(
        hundredth <= second + 200,
        "{second} … {hundredth}: {sizes:?}"
    );
}

#[test]
fn one_two_and_three_members_work_as_long_as_nobody_fails() {
    for n in 1..=3 {
        let mut wire = Wire::<Orswot<u32>>::new(
            "small",
            orswot::ALGORITHM,
            wire::identities(n),
            Default::default(),
        );
        for seat in 0..n {
            let add = wire.machine(seat).algorithm().add([seat as u32]);
            wire.submit(seat, [add]);
        }
        wire.heal();
        for seat in 0..n {
            assert_eq!(wire.machine(seat).algorithm().len(), n);
        }
        wire.assert_agreement(&[]);
    }
}

/// `submit` of what can never be valid gives it back, and what stands behind it is not held up.
#[test]
fn an_invalid_operation_comes_back_and_does_not_hold_up_the_next_message() {
    let mut wire = BankWire::bank(4, 10);
    wire.configure(0, Config::default().message_ops(2));
    let (me, you) = (wire.actor(0), wire.actor(1));
    let pay = |to, amount| Bank::transfer_citing(to, amount, BTreeSet::new());
    wire.submit(
        0,
        [
            pay(you, 0),
            pay(me, 1),
            pay(you, 11),
            pay(you, 4),
            pay(you, 7),
        ],
    );
    wire.quiet();
    let returned: Vec<_> = wire.nodes[0]
        .told
        .iter()
        .filter_map(|effect| match effect {
            Effect::Returned { reason, .. } => Some(reason.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        returned,
        [
            ReturnReason::Invalid(bank::Invalid::Zero),
            ReturnReason::Invalid(bank::Invalid::SelfTransfer),
            ReturnReason::Invalid(bank::Invalid::Overdraft { have: 10, need: 11 }),
            ReturnReason::Invalid(bank::Invalid::Overdraft { have: 6, need: 7 }),
        ]
    );
    assert_eq!(wire.machine(0).pending(), 0);
    assert_eq!(wire.balance(3, 1), 14);
    wire.assert_agreement(&[]);
}

/// Clients paid twice: `broadcast` gave no name to an operation, `Returned` did not say which one came back, and after a
/// restart nobody could ask what was under way.
#[test]
fn every_ticket_gets_its_dot_or_comes_back() {
    let mut wire = BankWire::bank(4, 10);
    wire.configure(0, Config::default().message_ops(2));
    let (me, you) = (wire.actor(0), wire.actor(1));
    let pay = |amount| Bank::transfer_citing(you, amount, BTreeSet::new());
    let first: Vec<Ticket> = wire.submit(0, [pay(1)]).collect();
    let rest: Vec<Ticket> = wire
        .submit(0, [pay(2), pay(0), pay(3), pay(99), pay(4)])
        .collect();
    assert_eq!(rest.len(), 5);
    let dot = |counter| Dot::new(me, Counter::new(counter));
    let flying: Vec<_> = wire.machine(0).in_flight().collect();
    assert_eq!(flying, [(dot(1), &pay(1))], "the rest waits");
    wire.quiet();
    let mut fates = BTreeMap::new();
    for effect in &wire.nodes[0].told {
        match effect {
            Effect::Issued {
                first,
                len,
                tickets,
            } => {
                assert_eq!(*len as usize, tickets.len());
                for (offset, ticket) in (0..).zip(tickets) {
                    let dot = dot(first.counter.get() + offset);
                    assert_eq!(fates.insert(*ticket, Ok(dot)), None, "{ticket} twice");
                }
            }
            Effect::Returned { ticket, op, .. } => {
                assert_eq!(
                    fates.insert(*ticket, Err(op.clone())),
                    None,
                    "{ticket} twice"
                );
            }
            _ => {}
        }
    }
    let expected = [
        (first[0], Ok(dot(1))),
        (rest[0], Ok(dot(2))),
        (rest[1], Err(pay(0))),
        (rest[2], Ok(dot(3))),
        (rest[3], Err(pay(99))),
        (rest[4], Ok(dot(4))),
    ];
    assert_eq!(fates, BTreeMap::from(expected));
    assert_eq!(wire.machine(0).in_flight().count(), 0);
}

#[test]
fn what_has_a_dot_is_in_flight_after_a_restart_and_what_waited_is_not() {
    let mut wire = BankWire::bank(4, 10);
    let (me, you) = (wire.actor(0), wire.actor(1));
    let pay = |amount| Bank::transfer_citing(you, amount, BTreeSet::new());
    wire.submit(0, [pay(1), pay(2)]);
    wire.submit(0, [pay(3)]);
    wire.silence(0);
    wire.restart(0);
    let flying: Vec<_> = wire.machine(0).in_flight().collect();
    let dot = |counter| Dot::new(me, Counter::new(counter));
    assert_eq!(flying, [(dot(1), &pay(1)), (dot(2), &pay(2))]);
    wire.tick(0);
    wire.tick(0);
    wire.quiet();
    assert_eq!(wire.machine(0).in_flight().count(), 0);
    assert_eq!(wire.machine(0).delivered(&me), Counter::new(2));
}

#[test]
fn an_operation_whose_cause_is_unknown_comes_back() {
    let mut wire = BankWire::bank(4, 10);
    let cause = Dot::new(wire.actor(2), Counter::FIRST);
    let op = Bank::transfer_citing(wire.actor(1), 1, BTreeSet::from([cause]));
    let ticket = wire.submit(0, [op.clone()]).next().unwrap();
    let reason = ReturnReason::CauseNotDelivered;
    assert_eq!(
        wire.nodes[0].told,
        [Effect::Returned { ticket, op, reason }]
    );
    assert!(wire.history.is_empty() && wire.nodes[0].journal.is_empty());
}

/// A key that is no member follows, and issues nothing.
#[test]
fn an_observer_delivers_what_it_is_shown_and_is_refused_to_speak() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 3);
    wire.quiet();
    wire.pay(1, 2, 13);
    wire.quiet();
    let stranger = wire::stranger();
    let mut observer = SecureBroadcast::<Bank>::open(
        stranger.clone(),
        wire.genesis.clone(),
        [],
        Config::default(),
    )
    .expect("sound keys");
    let refused = observer.broadcast([]).expect_err("no member");
    assert_eq!(refused.reason, RefusedReason::NotMember);
    for (certificate, ops) in wire.machine(3).log() {
        let proof = bft_crdts::deterministic_secure_broadcast::packet::Proof {
            certificate: certificate.clone(),
            ops: Some(ops.clone()),
        };
        let packet = bft_crdts::Packet {
            from: wire.actor(3),
            payload: Payload::Proof(proof),
        };
        let effects = observer.handle(packet).expect("a good proof");
        assert!(wire::payloads(&effects).is_empty(), "it only listens");
    }
    assert_eq!(observer.state_digest(), wire.machine(0).state_digest());
}

/// A network of any size, faults of any kind but lies, everything drawn from one seed.
struct Storm {
    wire: BankWire,
    rng: ChaCha8Rng,
    submitted: u64,
}

impl Storm {
    fn new(plan: Plan, sizes: &[usize]) -> Self {
        let mut rng = plan.rng();
        let n = sizes[rng.random_range(0..sizes.len())];
        Self {
            wire: BankWire::bank(n, 20),
            rng,
            submitted: 0,
        }
    }

    /// One thing happens: a letter arrives, somebody pays, ticks, or (in bad weather) a letter is lost or copied or a
    /// replica restarts.
    fn step(&mut self, bad_weather: bool) {
        let n = self.wire.nodes.len();
        let seat = self.rng.random_range(0..n);
        let envelopes = self.wire.flying.len();
        match self.rng.random_range(0..20) {
            0..=2 => self.pay(seat),
            3 => self.wire.tick(seat),
            4 if bad_weather && envelopes > 0 => {
                let place = self.rng.random_range(0..envelopes);
                self.wire.flying.remove(place);
            }
            5 if bad_weather && envelopes > 0 => {
                let place = self.rng.random_range(0..envelopes);
                let copy = self.wire.flying[place].clone();
                self.wire.flying.push_back(copy);
            }
            6 if bad_weather => self.restart(seat),
            _ if envelopes > 0 => {
                let place = self.rng.random_range(0..envelopes);
                if let Err(why) = self.wire.arrive(place) {
                    assert!(harmless(&why), "between correct replicas: {why:?}");
                }
            }
            _ => self.pay(seat),
        }
    }

    fn pay(&mut self, seat: usize) {
        let n = self.wire.nodes.len();
        let from = self.wire.actor(seat);
        let to = self.wire.actor((seat + self.rng.random_range(1..n)) % n);
        let machine = self.wire.machine(seat);
        let Some(have @ 1..) = machine.algorithm().balance(&from) else {
            return;
        };
        let amount = self.rng.random_range(1..=have);
        let op = machine.algorithm().transfer(&from, to, amount);
        // Behind another one that is under way it may be short, and comes back: then it was never submitted.
        if machine.pending() == 0 {
            self.submitted += 1;
            self.wire.submit(seat, [op.expect("within the balance")]);
        }
    }

    /// The power goes and comes back; what was submitted is in the journal before `submit` returns.
    fn restart(&mut self, seat: usize) {
        self.wire.silence(seat);
        self.wire.restart(seat);
    }

    fn finish(mut self) {
        self.wire.heal();
        self.wire.assert_agreement(&[]);
        let n = self.wire.nodes.len();
        for seat in 0..n {
            let machine = self.wire.machine(seat);
            let delivered: u64 = machine
                .clock()
                .iter()
                .map(|(_, counter)| counter.get())
                .sum();
            assert_eq!(delivered, self.submitted, "everything, once");
            assert_eq!(machine.algorithm().supply(), 20 * n as u64);
            assert!(machine.halted().is_none());
            let returned = |effect: &Effect<Bank>| matches!(effect, Effect::Returned { .. });
            assert!(!self.wire.nodes[seat].told.iter().any(returned));
        }
    }
}

#[test]
fn letters_may_arrive_in_any_order() {
    networks::check(1, 60, |plan| {
        let mut storm = Storm::new(plan, &[2, 3, 4, 5, 7]);
        for _ in 0..plan.size {
            storm.step(false);
        }
        // Not one tick is owed to order alone: what arrives late is parked.
        storm.finish();
    });
}

#[test]
fn lost_and_repeated_letters_and_restarts_change_nothing_in_the_end() {
    networks::check(1, 120, |plan| {
        let mut storm = Storm::new(plan, &[4, 7]);
        for _ in 0..plan.size {
            storm.step(plan.faults);
        }
        storm.finish();
    });
}

/// Whoever delivers out of causal order would see a payment of money that is not there.
#[test]
fn deliveries_follow_source_order_and_causes() {
    networks::check(1, 80, |plan| {
        deliveries_are_in_order(plan);
    });
}

fn deliveries_are_in_order(plan: Plan) {
    let mut storm = Storm::new(plan, &[4]);
    for _ in 0..plan.size {
        storm.step(plan.faults);
    }
    storm.wire.heal();
    for seat in 0..4 {
        let wire = &storm.wire;
        let mut bank = Bank::new(wire.actor(seat));
        bank.sync_from(wire.genesis.state().clone());
        let mut seen = BTreeSet::new();
        // The log survives restarts, the list of deliveries told to the driver does not.
        for (certificate, ops) in wire.machine(seat).log() {
            let header = &certificate.header;
            let source = wire.actor(header.source.get());
            let ops = bft_crdts::codec::decode_sequence::<bank::Op>(header.len as usize, ops)
                .expect("operations");
            for (offset, op) in (0..).zip(ops) {
                let counter = Counter::new(header.first.get() + offset);
                if let Some(before) = counter.get().checked_sub(1).filter(|before| *before > 0) {
                    assert!(
                        seen.contains(&Dot::new(source, Counter::new(before))),
                        "a gap"
                    );
                }
                if let bank::Op::Transfer { causes, .. } = &op {
                    assert!(causes.is_subset(&seen), "before its causes");
                }
                let dot = Dot::new(source, counter);
                assert!(seen.insert(dot), "twice");
                bank.validate(&dot, &op).expect("valid when delivered");
                bank.apply(dot, op);
            }
        }
        assert_eq!(&bank, wire.machine(seat).algorithm());
    }
}

/// Three of these little histories.
const CHANCES: [u64; 3] = [2, 3, 4];

/// A little history in which everything a journal can hold occurs: chains of credits, a message of several operations,
/// a proof that comes without its request, a source that lies. `cut` lets the power go at one replica after so many
/// effects; it comes back with what its disk has. `chance` decides what is lost and what overtakes what.
fn history(chance: u64, victim: usize, cut: Option<usize>) -> (BankWire, usize) {
    let mut wire = BankWire::bank(4, 10);
    wire.nodes[victim].dies_after = cut;
    let adversary = 3;
    let mut plans: Vec<Vec<(usize, u64)>> = vec![
        vec![(1, 4), (1, 3), (2, 1)],
        vec![(2, 10), (0, 7), (0, 1)],
        vec![(0, 15), (1, 1), (0, 2)],
    ];
    // Seat 3 follows the protocol, but its key is also in the hands of a Byzantine node who asks for two things.
    let [this, that] = [4, 5].map(|amount| {
        let op = Bank::transfer_citing(wire.actor(0), amount, BTreeSet::new());
        wire.message(adversary, 1, None, &[op])
    });
    let adversary = wire.actor(adversary);
    for (seat, message) in [(0, &this), (1, &this), (2, &that), (2, &this)] {
        let bytes = bft_crdts::codec::encode(&Payload::Request(wire.request(message)));
        wire.flying.push_back(Envelope {
            from: adversary,
            to: wire.actor(seat),
            bytes: bytes.into(),
        });
    }
    let mut shuffle = Shuffle(chance);
    for round in 0..2_000 {
        let down = wire.nodes[victim].machine.is_none();
        if down {
            wire.restart(victim);
        }
        let mut done = true;
        for (seat, plan) in plans.iter_mut().enumerate() {
            let Some(machine) = wire.nodes[seat].machine.as_ref() else {
                continue;
            };
            // What is not in the journal was never taken: it is submitted again.
            let taken = machine.delivered(&machine.actor()).get() as usize + machine.pending();
            done &= taken == plan.len();
            if machine.pending() > 0 || round % 3 != 0 {
                continue;
            }
            let Some((to, amount)) = plan.get(taken).copied() else {
                continue;
            };
            let (from, to) = (wire.actor(seat), wire.actor(to));
            if let Ok(op) = wire.machine(seat).algorithm().transfer(&from, to, amount) {
                wire.submit(seat, [op]);
            }
        }
        let busy = wire.up().any(|seat| wire.machine(seat).pending() > 0);
        if done && !busy && wire.nodes[victim].machine.is_some() {
            break;
        }
        let up: Vec<_> = wire.up().filter(|seat| round % 20 == 5 * seat).collect();
        for seat in up {
            wire.tick(seat);
        }
        for _ in 0..4 {
            if wire.flying.is_empty() {
                break;
            }
            let place = shuffle.below(wire.flying.len());
            if shuffle.below(4) == 0 {
                wire.flying.remove(place);
                continue;
            }
            if let Err(why) = wire.arrive(place) {
                let adversary = why == wire::RecvError::Rejected(bft_crdts::Rejection::SlotTaken);
                assert!(harmless(&why) || adversary, "{why:?}");
            }
        }
    }
    for _ in 0..2 {
        if wire.nodes[victim].machine.is_none() {
            wire.restart(victim);
        }
        wire.heal();
    }
    let effects = wire.nodes[victim].effects;
    (wire, effects)
}

/// Enough of a generator for one fixed history.
struct Shuffle(u64);

impl Shuffle {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

/// What a key has signed, over all its lives: one header per slot.
fn assert_never_contradicts_itself(wire: &BankWire, seat: usize) {
    let mut signed = std::collections::BTreeMap::new();
    let mine = wire.actor(seat);
    for envelope in wire.history.iter().filter(|envelope| envelope.from == mine) {
        let (slot, digest) = match envelope.payload() {
            Payload::Request(request) => (
                (mine, request.header.first),
                request.header.digest(&wire.network()),
            ),
            Payload::Echo(echo) => ((envelope.to, echo.first), echo.header),
            _ => continue,
        };
        assert_eq!(*signed.entry(slot).or_insert(digest), digest, "at {slot:?}");
    }
}

#[test]
fn every_history_that_is_cut_holds_every_kind_of_record() {
    CHANCES.into_iter().for_each(holds_every_kind_of_record);
}

fn holds_every_kind_of_record(chance: u64) {
    let (wire, effects) = history(chance, 0, None);
    assert!(effects > 50, "{effects} effects are a short history");
    let mut kinds = BTreeSet::new();
    for seat in 0..3 {
        for record in journal::read(&wire.nodes[seat].journal).unwrap().records {
            kinds.insert(match record {
                Record::Identity { .. } => "identity",
                Record::Own { .. } => "own",
                Record::Open { .. } => "open",
                Record::Certified { .. } => "certified",
                Record::Delivered { .. } => "delivered",
                Record::Evidence(_) => "evidence",
                Record::Halted { .. } => "halted",
                other => panic!("nobody changes who the members are: {other:?}"),
            });
        }
    }
    let all = [
        "certified",
        "delivered",
        "evidence",
        "identity",
        "open",
        "own",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
    // Nine payments were planned and made, and the Byzantine node's two are not among them.
    for seat in 0..3 {
        assert_eq!(wire.machine(seat).log().count(), 9);
        assert_eq!(wire.machine(seat).evidence().count(), 1);
    }
}

#[test]
fn the_power_may_go_after_any_effect_of_any_replica() {
    let lives = CHANCES.map(|chance| [0, 1, 2].map(|victim| (chance, victim)));
    for (chance, victim) in lives.into_iter().flatten() {
        let (whole, effects) = history(chance, victim, None);
        for cut in 0..effects {
            let (wire, _) = history(chance, victim, Some(cut));
            wire.assert_agreement(&[3]);
            assert_never_contradicts_itself(&wire, victim);
            for seat in 0..3 {
                let machine = wire.machine(seat);
                assert!(machine.halted().is_none(), "cut at {cut}");
                assert_eq!(machine.log().count(), 9, "cut at {cut}");
                assert_eq!(machine.state_digest(), whole.machine(seat).state_digest());
            }
        }
    }
}

#[test]
fn a_journal_may_be_torn_at_any_byte() {
    let (wire, _) = history(CHANCES[0], 1, None);
    let node = &wire.nodes[1];
    let whole = journal::read(&node.journal).unwrap();
    assert_eq!(whole.length, node.journal.len());
    let mut ends = vec![0];
    let mut rebuilt = Vec::new();
    for record in &whole.records {
        journal::append(&mut rebuilt, record);
        ends.push(rebuilt.len());
    }
    assert_eq!(rebuilt, node.journal, "a journal has one spelling");
    let after: Vec<_> = (0..=whole.records.len())
        .map(|count| {
            let records = whole.records[..count].to_vec();
            let machine = restore::<Bank, _, Sound>(&node.identity, &wire.genesis, records);
            Durable::of(&machine.expect("every prefix is a journal"))
        })
        .collect();
    for cut in 0..=node.journal.len() {
        let torn = journal::read(&node.journal[..cut]).expect("a torn tail is no damage");
        let count = ends.partition_point(|end| *end <= cut) - 1;
        assert_eq!(torn.length, ends[count], "cut at {cut}");
        assert_eq!(torn.records, whole.records[..count], "cut at {cut}");
        if cut == ends[count] {
            let machine = restore::<Bank, _, Sound>(&node.identity, &wire.genesis, torn.records);
            assert_eq!(Durable::of(&machine.unwrap()), after[count]);
        }
    }
}

/// A bit that flips in the middle must never pass for a torn tail: everything after it would be forgotten, and with
/// it what was signed.
#[test]
fn a_flipped_bit_never_shortens_a_journal_unseen() {
    let (wire, _) = history(CHANCES[0], 1, None);
    let journal = &wire.nodes[1].journal;
    let whole = journal::read(journal).unwrap().records;
    let mut tail = Vec::new();
    journal::append(&mut tail, whole.last().unwrap());
    let last = journal.len() - tail.len();
    let mut damaged = journal.clone();
    for place in 0..journal.len() {
        for bit in 0..8 {
            damaged[place] ^= 1 << bit;
            match journal::read(&damaged) {
                Err(journal::JournalError::Corrupt { offset }) => assert!(offset <= place),
                Err(other) => panic!("a checksum would have noticed: {other}"),
                // In the last frame it looks like a torn write: all others are there.
                Ok(read) => {
                    assert!(
                        place >= last,
                        "bit {bit} of byte {place} cut the journal short"
                    );
                    assert_eq!(read.records, whole[..whole.len() - 1]);
                }
            }
            damaged[place] ^= 1 << bit;
        }
    }
}

#[test]
fn a_journal_restores_only_its_own_replica() {
    let (wire, _) = history(CHANCES[0], 0, None);
    let records = journal::read(&wire.nodes[0].journal).unwrap().records;
    let identity = wire.nodes[0].identity.clone();
    let restore =
        |identity: &SigningActor, genesis: &bft_crdts::Genesis<Bank>, records: &[Record]| {
            SecureBroadcast::<Bank>::open(
                identity.clone(),
                genesis.clone(),
                records.to_vec(),
                Config::default(),
            )
            .map(|machine| machine.log().count())
        };
    assert_eq!(restore(&identity, &wire.genesis, &records), Ok(9));
    // It cannot know that this key has signed.
    assert_eq!(restore(&identity, &wire.genesis, &[]), Ok(0));
    assert_eq!(
        restore(&identity.next(), &wire.genesis, &[]),
        Err(OpenError::KeyChanged(identity.actor()))
    );
    assert_eq!(
        restore(&identity, &wire.genesis, &records[1..]),
        Err(OpenError::NoIdentity)
    );
    assert_eq!(
        restore(&wire.nodes[1].identity, &wire.genesis, &records),
        Err(OpenError::Foreign)
    );
    let other = BankWire::bank(4, 11);
    assert_eq!(
        restore(&identity, &other.genesis, &records),
        Err(OpenError::Foreign)
    );
    // A delivery is missing in the middle.
    let gap = records
        .iter()
        .position(|record| matches!(record, Record::Delivered { .. }))
        .unwrap();
    let mut gappy = records.clone();
    gappy.remove(gap);
    assert!(matches!(
        restore(&identity, &wire.genesis, &gappy),
        Err(OpenError::Inconsistent(_))
    ));
}

#[test]
fn a_genesis_is_checked() {
    let wire = BankWire::bank(4, 10);
    let ledger = || Ledger::genesis([], []).unwrap();
    let genesis =
        |members: Vec<_>| bft_crdts::Genesis::<Bank>::new("x", "bank/1", members, ledger());
    let ann = wire.actor(0);
    assert_eq!(genesis(vec![]), Err(GenesisError::Empty));
    assert_eq!(genesis(vec![ann, ann]), Err(GenesisError::Twice(ann)));
    let many = (0..101_u8).map(|tag| bft_crdts::Actor::from_bytes([tag; 32]));
    assert!(matches!(
        genesis(many.collect()),
        Err(GenesisError::TooMany {
            have: 101,
            limit: 100
        })
    ));
    let weak = bft_crdts::Actor::from_bytes([0; 32]);
    let genesis = genesis(vec![ann, weak]).expect("the keys are the replica's to check");
    let refused =
        SecureBroadcast::<Bank>::open(wire.key(0).clone(), genesis, [], Config::default());
    assert!(
        matches!(refused, Err(OpenError::Genesis(GenesisError::WeakKey(key))) if key.actor == weak)
    );
}

/// The driver learns about a request once for all members, not once for each: it encodes it once.
#[test]
fn a_broadcast_is_one_effect() {
    let mut wire = BankWire::bank(7, 10);
    let op = wire.payment(0, 1, 1);
    let (_, effects) = wire.machine_mut(0).broadcast([op]).unwrap();
    let kinds: Vec<_> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Persist(Record::Identity { .. }) => "identity",
            Effect::Persist(Record::Own { .. }) => "own",
            Effect::Send {
                to: To::Members,
                payload,
            } => payload.kind().name(),
            Effect::Issued { .. } => "issued",
            _ => "?",
        })
        .collect();
    assert_eq!(kinds, ["identity", "own", "request", "issued"]);
}

/// More certificates arrive ahead of their turn than are kept, in any order. The highest is kept, for it binds the slot: a
/// second message for it gets no echo, whatever has been delivered by then.
#[test]
fn the_highest_of_many_certificates_ahead_is_kept() {
    let orders: [[usize; 10]; 4] = [
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [9, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        [4, 9, 0, 8, 1, 7, 2, 6, 3, 5],
    ];
    for order in orders {
        let mut wire = BankWire::bank(4, 100);
        let (source, to) = (wire.actor(3), wire.actor(1));
        let pay = |amount| bank::Op::Transfer {
            to,
            amount,
            causes: BTreeSet::new(),
        };
        let mut messages = vec![wire.message(3, 1, None, &[pay(1)])];
        for first in 2..=11 {
            let previous = messages.last().map(|(header, _)| header);
            messages.push(wire.message(3, first, previous, &[pay(1)]));
        }
        let proof = |wire: &BankWire, place: usize| {
            encode(&Payload::Proof(wire.proof(&messages[place], &[1, 2, 3])))
        };
        for place in order {
            let proof = proof(&wire, place + 1);
            let _ = wire.hand(0, source, &proof);
        }
        for place in 0..10 {
            let proof = proof(&wire, place);
            let _ = wire.hand(0, source, &proof);
        }
        wire.flying.clear();
        assert_eq!(
            wire.machine(0).delivered(&source),
            Counter::new(11),
            "the highest was there when its turn came: {order:?}"
        );
        let other = wire.message(3, 11, Some(&messages[9].0), &[pay(2)]);
        let request = encode(&Payload::Request(wire.request(&other)));
        let _ = wire.hand(0, source, &request);
        assert_eq!(wire.take_kind(PacketKind::Echo).len(), 0, "{order:?}");
    }
}

/// An echo that is not for the message under way is late if it is for one that is delivered, and was never requested if it is
/// for another, whether or not a message is under way.
#[test]
fn an_echo_of_the_past_is_late_and_any_other_was_never_requested() {
    let mut wire = BankWire::bank(4, 100);
    wire.pay(0, 1, 1);
    wire.quiet();
    let witness = wire.actor(1);
    let own = wire
        .machine(0)
        .log()
        .next()
        .expect("delivered")
        .0
        .header
        .clone();
    let to = wire.actor(2);
    let pay = bank::Op::Transfer {
        to,
        amount: 9,
        causes: BTreeSet::new(),
    };
    for under_way in [false, true] {
        if under_way {
            wire.pay(0, 1, 1);
        }
        let past = Payload::Echo(wire.echo(1, &own));
        assert_eq!(wire.rejection(0, witness, past), Rejection::Late);
        for first in [2, 3] {
            let (future, _) = wire.message(0, first, Some(&own), std::slice::from_ref(&pay));
            let echo = Payload::Echo(wire.echo(1, &future));
            assert_eq!(wire.rejection(0, witness, echo), Rejection::NotRequested);
        }
    }
}
