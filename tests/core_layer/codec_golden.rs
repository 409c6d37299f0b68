//! The bytes of the core's types, spelled out by hand from the format: variable-length little-endian integers, a byte for a
//! tag or a length, byte strings for names. A change here is another network.

use std::collections::BTreeSet;
use std::fmt::Debug;

use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::codec::{decode, encode, encode_sequence};
use bft_crdts::{Actor, Counter, Digest, Dot, Orswot, SecureBroadcastAlgorithm, Sig, orswot};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn actor(tag: u8) -> Actor {
    Actor::from_bytes([tag; 32])
}

fn dot(tag: u8, counter: u64) -> Dot {
    Dot::new(actor(tag), Counter::new(counter))
}

/// A name on the wire: its length, then its bytes.
fn name(tag: u8) -> String {
    "20".to_string() + &format!("{tag:02x}").repeat(32)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn golden<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, expected: &[&str]) {
    let bytes = encode(value);
    assert_eq!(hex(&bytes), expected.concat());
    assert_eq!(decode::<T>(&bytes).as_ref(), Ok(value));
}

#[test]
fn numbers() {
    golden(&0u64, &["00"]);
    golden(&250u64, &["fa"]);
    golden(&251u64, &["fb", "fb00"]);
    golden(&0xffffu64, &["fb", "ffff"]);
    golden(&0x1_0000u64, &["fc", "00000100"]);
    golden(&0x1_0000_0000u64, &["fd", "0000000001000000"]);
    golden(&u64::MAX, &["fd", "ffffffffffffffff"]);
    golden(&Counter::new(300), &["fb", "2c01"]);
}

#[test]
fn names() {
    golden(&actor(0xab), &[&name(0xab)]);
    golden(&dot(1, 7), &[&name(1), "07"]);
    golden(&Sig::from_bytes([9; 64]), &["40", &"09".repeat(64)]);
    let digest = Digest::from_bytes([5; 32]);
    golden(&digest, &[&name(5)]);
}

/// BLAKE3 of nothing, as its authors publish it.
#[test]
fn digests() {
    assert_eq!(
        Digest::of(b"").to_hex(),
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    );
    let whole = Digest::of(b"\x01\0\0\0\0\0\0\0d\x02\0\0\0\0\0\0\0ab\0\0\0\0\0\0\0\0");
    assert_eq!(Digest::of_parts("d", &[b"ab", b""]), whole);
}

#[test]
fn bank_operations() {
    let to = actor(2);
    let causes = BTreeSet::from([dot(1, 7), dot(3, 256)]);
    let amount = 300;
    let transfer = bank::Op::Transfer { to, amount, causes };
    let spelled = [
        "00",
        &name(2),
        "fb2c01",
        "02",
        &name(1),
        "07",
        &name(3),
        "fb0001",
    ];
    golden(&transfer, &spelled);
    let issue = bank::Op::Issue { to, amount: 5 };
    golden(&issue, &["01", &name(2), "05"]);
    let both = hex(&encode_sequence(&[transfer, issue]));
    assert_eq!(both, spelled.concat() + "01" + &name(2) + "05");
}

#[test]
fn a_ledger() {
    let ledger = Ledger::genesis([(actor(1), 10), (actor(2), 0)], [(actor(9), 300)]).unwrap();
    let mut bank = Bank::new(actor(1));
    bank.sync_from(ledger);
    for counter in [4, 5] {
        bank.apply(
            dot(1, counter),
            bank.transfer(&actor(1), actor(2), 3).unwrap(),
        );
    }
    let spend = Bank::transfer_citing(actor(1), 2, BTreeSet::from([dot(1, 4)]));
    bank.apply(dot(2, 1), spend);
    golden(
        &bank.state(),
        &[
            "02", // accounts: owner, spendable, incoming
            &name(1),
            "04",
            "01",
            &name(2),
            "00",
            "01",
            "01",
            "02", // from 2: nothing claimed, one credit, 1 → 2
            &name(2),
            "01",
            "01",
            &name(1),
            "04",
            "01",
            "05",
            "03", // from 1: claimed up to 4, one credit, 5 → 3
            "01", // issuers: name, cap, issued
            &name(9),
            "fb2c01",
            "00",
        ],
    );
}

#[test]
fn set_operations() {
    let members = BTreeSet::from(["a".to_string(), "bc".to_string()]);
    let witnessed = BTreeSet::from([dot(1, 7)]);
    let mut set = Orswot::new(actor(1));
    let add = set.add(members.clone());
    golden(&add, &["00", "02", "0161", "026263"]);
    let remove = orswot::Op::Remove { members, witnessed };
    golden(
        &remove,
        &["01", "02", "0161", "026263", "01", &name(1), "07"],
    );
    set.apply(dot(1, 7), add);
    let adds = ["01", &name(1), "07"].concat();
    golden(&set.state(), &["02", "0161", &adds, "026263", &adds]);
}
