//! What is refused is remembered, and costs once.

use std::cell::Cell;
use std::collections::BTreeSet;

use bft_crdts::bank::{self, Bank};
use bft_crdts::codec::encode;
use bft_crdts::deterministic_secure_broadcast::packet::Refusal;
use bft_crdts::deterministic_secure_broadcast::{
    MAX_MESSAGE_BYTES, MAX_WAITING_BYTES, RefusedReason, ReturnReason,
};
use bft_crdts::{
    Actor, Causes, Dot, Ed25519, Effect, PacketKind, Payload, SecureBroadcastAlgorithm,
};
use serde::{Deserialize, Serialize};

use crate::wire::{Wire, identities};

thread_local! {
    static VALIDATED: Cell<usize> = const { Cell::new(0) };
    static CLONED: Cell<usize> = const { Cell::new(0) };
}

/// How many operations are validated, and how often the whole state is cloned, during `action`.
fn counted(action: impl FnOnce()) -> (usize, usize) {
    let before = (VALIDATED.get(), CLONED.get());
    action();
    (VALIDATED.get() - before.0, CLONED.get() - before.1)
}

/// A list of notes, none of them empty, that counts what is asked of it. It has the provided `validate_batch`.
#[derive(Debug, PartialEq, Eq)]
struct Notes(Vec<String>);

impl Clone for Notes {
    fn clone(&self) -> Self {
        CLONED.set(CLONED.get() + 1);
        Self(self.0.clone())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a note is not empty")]
struct EmptyNote;

impl SecureBroadcastAlgorithm for Notes {
    type Op = String;
    type ReplicatedState = Vec<String>;
    type Invalid = EmptyNote;

    fn new(_: Actor) -> Self {
        Self(Vec::new())
    }

    fn state(&self) -> Vec<String> {
        self.0.clone()
    }

    fn sync_from(&mut self, other: Vec<String>) {
        self.0 = other;
    }

    fn causes(&self, _: &String) -> Causes {
        Causes::Nothing
    }

    fn validate(&self, _: &Dot, note: &String) -> Result<(), EmptyNote> {
        VALIDATED.set(VALIDATED.get() + 1);
        if note.is_empty() {
            Err(EmptyNote)
        } else {
            Ok(())
        }
    }

    fn apply(&mut self, _: Dot, note: String) {
        self.0.push(note);
    }
}

fn notes() -> Wire<Notes> {
    Wire::new("notes", "notes/1", identities::<Ed25519>(4), Vec::new())
}

fn overdraft(wire: &Wire<Bank>, amount: u64) -> Vec<u8> {
    let to = wire.actor(1);
    let pay = bank::Op::Transfer {
        to,
        amount,
        causes: BTreeSet::new(),
    };
    encode(&Payload::Request(wire.request(&wire.message(
        3,
        1,
        None,
        &[pay],
    ))))
}

/// A source signs two messages for one slot, of which the first is refused. The witness used to have forgotten it when the
/// second came, and nobody was convicted, however many there were. It keeps the last header that it refused, and another
/// one for the slot convicts.
#[test]
fn two_signed_messages_for_one_slot_convict_although_one_was_refused() {
    let mut wire = Wire::<Bank>::bank(4, 100);
    let source = wire.actor(3);
    for amount in [1000, 2000] {
        let request = overdraft(&wire, amount);
        wire.hand(0, source, &request)
            .expect("a refusal is an answer");
    }
    assert_eq!(wire.packets(PacketKind::Refusal), 2);
    assert_eq!(wire.machine(0).evidence().count(), 1);
}

/// A refused request is sent again and again. Its operations used to be validated from the beginning each time; the same
/// header gets the same answer at no cost.
#[test]
fn a_refused_request_is_validated_once() {
    let mut wire = notes();
    let source = wire.actor(3);
    let message = wire.message(3, 1, None, &[String::new()]);
    let request = encode(&Payload::Request(wire.request(&message)));
    let first = counted(|| wire.hand(0, source, &request).expect("a refusal")).0;
    assert!(first > 0);
    let again = counted(|| wire.hand(0, source, &request).expect("a refusal")).0;
    assert_eq!(again, 0, "operations validated again");
    let answers = wire.take_kind(PacketKind::Refusal);
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0].payload(), answers[1].payload());
}

/// Of a batch every second operation is invalid. Each one that was taken out made its source validate all the others again;
/// twice the batch costs about twice as much, and all that hold are in one message.
#[test]
fn invalid_operations_cost_their_source_no_square() {
    let cost = |count: usize| {
        let mut wire = notes();
        let batch = (0..2 * count).map(|at| ["a note", ""][at % 2].to_owned());
        let batch: Vec<String> = batch.collect();
        counted(|| drop(wire.machine_mut(0).broadcast(batch))).0
    };
    let (one, two) = (cost(64), cost(128));
    assert!(
        two <= 3 * one,
        "{one} validations for 64 and 64, {two} for 128 and 128"
    );
}

/// 65,536 operations may wait, of any size: how many bytes they had together was unbounded.
#[test]
fn what_waits_is_bounded_in_bytes() {
    let mut wire = notes();
    let note = || "x".repeat(MAX_MESSAGE_BYTES / 2);
    let replica = wire.machine_mut(0);
    let mut taken = 0;
    let refused = loop {
        match replica.broadcast([note()]) {
            Ok((_, effects)) => drop(effects),
            Err(refused) => break refused,
        }
        taken += 1;
        assert!(taken < 1000, "it takes everything");
    };
    let limit = MAX_WAITING_BYTES;
    assert!(
        matches!(refused.reason, RefusedReason::QueueTooLarge { bytes, limit: of } if bytes > limit && of == limit),
        "{}",
        refused.reason
    );
    assert!(taken * (MAX_MESSAGE_BYTES / 2) > limit / 2, "{taken} taken");
}

/// The provided `validate_batch` used to clone the whole state to validate one operation, which is validated against the
/// state as it is.
#[test]
fn one_operation_is_validated_without_a_copy_of_the_state() {
    let replica = Notes(vec!["a note".to_owned()]);
    let dot = Dot::new(Actor::from_bytes([1; 32]), bft_crdts::Counter::FIRST);
    let clones = counted(|| {
        let batch = ["another".to_owned()];
        replica.validate_batch(&dot, &batch).expect("valid");
    });
    assert_eq!(clones, (1, 0), "validations and copies of the state");
}

/// One member refuses one operation in five packets. The application used to hear of five refusals: one that counts to
/// f + 1 of them believed one Byzantine node. A member refuses a message once.
#[test]
fn a_member_refuses_an_operation_once() {
    let mut wire = Wire::<Bank>::bank(4, 100);
    wire.pay(0, 1, 1);
    let request = wire.take_kind(PacketKind::Request);
    let Payload::Request(request) = request[0].payload() else {
        panic!("a request");
    };
    let refusal = encode(&Payload::Refusal(Refusal {
        first: request.header.first,
        header: request.header.digest(&wire.network()),
        index: 0,
        reason: "no".into(),
    }));
    let adversary = wire.actor(3);
    for _ in 0..5 {
        let _ = wire.hand(0, adversary, &refusal);
    }
    let told = wire.nodes[0].told.iter();
    let refused = told.filter(|effect| matches!(effect, Effect::RefusedBy { .. }));
    assert_eq!(refused.count(), 1);
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct PathOp(std::path::PathBuf);

/// A set of paths. Serde refuses a path that is no UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Paths(BTreeSet<std::path::PathBuf>);

impl SecureBroadcastAlgorithm for Paths {
    type Op = PathOp;
    type ReplicatedState = BTreeSet<std::path::PathBuf>;
    type Invalid = EmptyNote;

    fn new(_: Actor) -> Self {
        Self(BTreeSet::new())
    }

    fn state(&self) -> Self::ReplicatedState {
        self.0.clone()
    }

    fn sync_from(&mut self, other: Self::ReplicatedState) {
        self.0 = other;
    }

    fn causes(&self, _: &PathOp) -> Causes {
        Causes::Nothing
    }

    fn validate(&self, _: &Dot, _: &PathOp) -> Result<(), EmptyNote> {
        Ok(())
    }

    fn apply(&mut self, _: Dot, op: PathOp) {
        self.0.insert(op.0);
    }
}

/// A program broadcasts an operation that serde cannot encode. The replica used to panic; the operation comes back, and the
/// others go on.
#[cfg(unix)]
#[test]
fn an_operation_that_cannot_be_encoded_is_no_panic() {
    use std::os::unix::ffi::OsStrExt as _;
    let mut wire = Wire::<Paths>::new(
        "paths",
        "paths/1",
        identities::<Ed25519>(4),
        BTreeSet::new(),
    );
    let path: std::path::PathBuf = std::ffi::OsStr::from_bytes(b"\xff").into();
    let ops = [PathOp(path.clone()), PathOp("fine".into())];
    let (tickets, effects) = wire.machine_mut(0).broadcast(ops).expect("taken");
    let tickets: Vec<_> = tickets.collect();
    let back = effects.iter().find_map(|effect| match effect {
        Effect::Returned { ticket, op, reason } => Some((*ticket, op.clone(), reason.clone())),
        _ => None,
    });
    let (ticket, op, reason) = back.expect("it comes back");
    assert_eq!((ticket, op), (tickets[0], PathOp(path)));
    assert!(matches!(reason, ReturnReason::Unencodable(_)), "{reason}");
    let issued = effects.iter().find_map(|effect| match effect {
        Effect::Issued { tickets, .. } => Some(tickets.clone()),
        _ => None,
    });
    assert_eq!(issued, Some(vec![tickets[1]]), "the other goes on");
}
