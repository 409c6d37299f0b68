//! Arbitrary bytes where a packet, a record, a journal, operations or a state should be.
//!
//! `run` is what `fuzz/fuzz_targets/decode.rs` calls and `tests/broadcast/corpus_replay.rs` replays. It panics if anything is
//! accepted that is not the one encoding of what it decodes to, or if a journal that can be read makes a replica panic.

use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::codec::{decode, decode_sequence, encode, encode_sequence};
use bft_crdts::deterministic_secure_broadcast::journal;
use bft_crdts::{Payload, Record, SecureBroadcast, Sound, orswot};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wire::{Wire, restore};

/// The first byte says what the others should be.
pub(crate) fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 8 {
        0 => refused_or_canonical::<Payload>(bytes),
        1 => refused_or_canonical::<Record>(bytes),
        2 => refused_or_canonical::<Ledger>(bytes),
        3 => refused_or_canonical::<orswot::Entries<String>>(bytes),
        4 => sequence::<bank::Op>(bytes),
        5 => sequence::<orswot::Op<String>>(bytes),
        6 => journaled(bytes),
        _ => records(bytes),
    }
}

fn refused_or_canonical<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    if let Ok(value) = decode::<T>(bytes) {
        assert_eq!(encode(&value), bytes, "one encoding per value");
    }
}

fn sequence<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Some((count, bytes)) = bytes.split_first() else {
        return;
    };
    if let Ok(items) = decode_sequence::<T>(usize::from(*count), bytes) {
        assert_eq!(items.len(), usize::from(*count));
        assert_eq!(encode_sequence(&items), bytes, "one encoding per sequence");
    }
}

/// A journal as it lies on disk.
fn journaled(bytes: &[u8]) {
    if let Ok(read) = journal::read(bytes) {
        let mut again = Vec::new();
        for record in &read.records {
            journal::append(&mut again, record);
        }
        if read.marked == 0 {
            assert_eq!(again, bytes[..read.length], "one spelling per journal");
        }
        replay(read.records);
    }
}

/// Records that somebody has framed well: one after the other, each with a length of two bytes before it. Checksums
/// keep a fuzzer out of a journal, and what is behind them must not rely on that.
fn records(mut bytes: &[u8]) {
    let wire = Wire::<Bank>::bank(4, 10);
    let mut records = vec![Record::Identity {
        network: wire.network(),
        actor: wire.actor(1),
    }];
    while let Some(([low, high], rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (record, rest) = rest.split_at(length);
        bytes = rest;
        if let Ok(record) = decode::<Record>(record) {
            records.push(record);
        }
    }
    replay(records);
}

/// Any records at all: they are refused, or make a replica that can go on.
fn replay(records: Vec<Record>) {
    let wire = Wire::<Bank>::bank(4, 10);
    let machine = restore::<Bank, _, Sound>(wire.key(1), &wire.genesis, records);
    if let Ok(mut machine) = machine {
        let _ = machine.tick();
        let _ = machine.broadcast([Bank::transfer_citing(wire.actor(0), 1, Default::default())]);
        let machine: SecureBroadcast<Bank> = machine;
        assert_eq!(machine.algorithm().supply(), 40, "no record makes money");
    }
}
