//! What bytes a peer may send instead of a packet, and what of them gets past the decoder: nothing but packets.
//!
//! The codec on its own is tested in `tests/core_layer/codec.rs` and `tests/core_layer/codec_allocation.rs`; here it
//! meets everything that really is on the wire and in a journal.

use crate::fixtures;
use crate::wire;
use crate::wire::{RecvError, Wire};
use bft_crdts::bank::Bank;
use bft_crdts::codec::{MAX_PACKET_BYTES, decode, encode};
use bft_crdts::deterministic_secure_broadcast::{
    MAX_MESSAGE_BYTES, Malformed, ReturnReason, journal,
};
use bft_crdts::membership::{MemberIndex, Signers};
use bft_crdts::{DecodeError, Effect, Orswot, PacketKind, Payload, Record, Rejection, orswot};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Everything of a type is read back as itself, has no other spelling a byte away, and none longer or shorter.
fn has_one_encoding<T>(name: &str, value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let mut bytes = encode(value);
    assert_eq!(decode::<T>(&bytes).as_ref(), Ok(value), "{name}");
    for end in 0..bytes.len() {
        assert!(decode::<T>(&bytes[..end]).is_err(), "{name} cut at {end}");
    }
    bytes.push(0);
    let longer = decode::<T>(&bytes);
    assert_eq!(longer, Err(DecodeError::TrailingBytes), "{name}");
    bytes.pop();
    for place in 0..bytes.len() {
        let right = bytes[place];
        let flipped = (0..8).map(|bit| right ^ (1 << bit));
        let special = [0, 1, 250, 251, 252, 253, 254, 255, right.wrapping_add(1)];
        for wrong in flipped.chain(special).filter(|wrong| *wrong != right) {
            bytes[place] = wrong;
            if let Ok(other) = decode::<T>(&bytes) {
                assert_ne!(&other, value, "{name}: byte {place} has two spellings");
                assert_eq!(encode(&other), bytes, "{name}: byte {place}");
            }
        }
        bytes[place] = right;
    }
}

#[test]
fn every_packet_and_every_record_has_one_encoding() {
    for (name, payload) in fixtures::payloads() {
        has_one_encoding(name, &payload);
    }
    for (name, record) in fixtures::records() {
        has_one_encoding(name, &record);
    }
}

/// A number spelled longer than it needs to be: 5 as `251 5 0`, `252 5 0 0 0` or `253 5 0 0 0 0 0 0 0`.
#[test]
fn no_number_in_a_packet_can_be_padded() {
    for (name, payload) in fixtures::payloads() {
        let bytes = encode(&payload);
        for place in 0..bytes.len() {
            for (tag, zeros) in [(251, 1), (252, 3), (253, 7)] {
                let mut padded = bytes[..place].to_vec();
                padded.push(tag);
                padded.push(bytes[place]);
                padded.extend(vec![0; zeros]);
                padded.extend(&bytes[place + 1..]);
                if let Ok(other) = decode::<Payload>(&padded) {
                    assert_ne!(other, payload, "{name}: padded at {place}");
                    assert_eq!(encode(&other), padded);
                }
            }
        }
    }
}

#[test]
fn unknown_packets_and_records_are_malformed() {
    // A tag that no specimen has is no tag.
    let tags = |bytes: Vec<Vec<u8>>| bytes.iter().map(|bytes| bytes[0]).max().unwrap() + 1;
    let packets = fixtures::payloads()
        .iter()
        .map(|(_, payload)| encode(payload))
        .collect();
    let records = fixtures::records()
        .iter()
        .map(|(_, record)| encode(record))
        .collect();
    for tag in tags(packets)..=250 {
        assert!(matches!(
            decode::<Payload>(&[tag, 0, 0, 0]),
            Err(DecodeError::Malformed(_))
        ));
    }
    for tag in tags(records)..=250 {
        assert!(matches!(
            decode::<Record>(&[tag, 0, 0, 0]),
            Err(DecodeError::Malformed(_))
        ));
    }
    assert_eq!(decode::<Payload>(&[]), Err(DecodeError::UnexpectedEnd));
}

/// Wherever a length may stand, one of 2⁶³ is written; nothing is allocated on its word.
#[test]
fn a_length_of_two_to_the_sixty_three_allocates_nothing() {
    const SMALL: u64 = 16 * 1024;
    let bomb = [253, 0, 0, 0, 0, 0, 0, 0, 0x80];
    for (name, payload) in fixtures::payloads() {
        let bytes = encode(&payload);
        for place in 0..bytes.len() {
            let mut bombed = bytes[..place].to_vec();
            bombed.extend(bomb);
            bombed.extend(&bytes[place + 1..]);
            let mut kept = false;
            let counted = allocation_counter::measure(|| {
                kept = decode::<Payload>(&bombed).is_ok_and(|other| other == payload);
            });
            assert!(!kept, "{name}: bomb at {place}");
            let limit = 2 * bombed.len() as u64 + SMALL;
            assert!(
                counted.bytes_max <= limit,
                "{name}: {} bytes for {} at {place}",
                counted.bytes_max,
                bombed.len()
            );
        }
    }
}

#[test]
fn a_frame_above_the_limit_is_not_looked_at() {
    let frame = vec![0; MAX_PACKET_BYTES + 1];
    let counted = allocation_counter::measure(|| {
        let (have, limit) = (MAX_PACKET_BYTES + 1, MAX_PACKET_BYTES);
        assert_eq!(
            decode::<Payload>(&frame),
            Err(DecodeError::TooLarge { have, limit })
        );
    });
    assert_eq!(counted.bytes_max, 0);
}

/// The largest packets a correct replica ever sends go through its own decoder, and what would make a larger one comes
/// back.
#[test]
fn the_largest_message_fits_into_a_packet() {
    let keys = wire::identities(100);
    let mut wire = Wire::<Orswot<String>>::new("large", "orswot/1", keys, Default::default());
    (67..100).for_each(|seat| wire.silence(seat));
    let add = |envelopes| orswot::Op::Add {
        members: [String::from("x").repeat(envelopes)].into(),
    };
    let room = MAX_MESSAGE_BYTES - (encode(&add(1 << 17)).len() - (1 << 17));
    let ticket = wire.submit(0, [add(room + 1)]).next().unwrap();
    let (bytes, limit) = (MAX_MESSAGE_BYTES + 1, MAX_MESSAGE_BYTES);
    let reason = ReturnReason::TooLarge { bytes, limit };
    let op = add(room + 1);
    assert_eq!(
        wire.nodes[0].told,
        [Effect::Returned { ticket, op, reason }]
    );
    wire.submit(0, [add(room)]);
    while !wire.flying.is_empty() {
        wire.arrive(0).unwrap_or_default();
    }
    let answer = Payload::Pull(wire.pull(&[0; 100]));
    let from = wire.actor(2);
    wire.hand(1, from, &encode(&answer)).expect("served");
    let sizes = wire.history.iter().map(|envelope| envelope.bytes.len());
    let largest = sizes.max().unwrap();
    assert!(
        largest > MAX_MESSAGE_BYTES + 67 * 64,
        "a proof with operations"
    );
    assert!(largest <= MAX_PACKET_BYTES);
    let last = wire.history.last().unwrap();
    assert_eq!(
        (last.kind(), last.bytes.len()),
        (PacketKind::Proof, largest)
    );
    let records = journal::read(&wire.nodes[1].journal).expect("no damage");
    assert_eq!(records.records.len(), 3, "identity, open, delivered");
}

#[test]
fn a_certificate_lists_each_signer_once_in_one_way() {
    for n in [4, 8, 9] {
        let mut wire = Wire::<Bank>::bank(n, 10);
        let op = wire.payment(0, 1, 1);
        let message = wire.message(0, 1, None, &[op]);
        let all: Vec<_> = (0..n).collect();
        let good = wire.proof(&message, &all);
        let set = |members: usize, ranks: &mut dyn Iterator<Item = usize>| {
            let mut signers = Signers::none(members);
            ranks.for_each(|rank| signers.insert(MemberIndex::new(rank as u16)));
            signers
        };
        let mut cases = Vec::new();
        let mut with = |change: &dyn Fn(&mut bft_crdts::Certificate)| {
            let mut proof = good.clone();
            change(&mut proof.certificate);
            cases.push(proof);
        };
        with(&|c| c.signers = set(n + 8, &mut (0..n)));
        with(&|c| c.signers = Signers::default());
        with(&|c| c.signatures.push(c.signatures[0]));
        with(&|c| c.signatures.truncate(n - 1));
        with(&|c| c.signatures.clear());
        if n % 8 != 0 {
            // One bit beyond the members, with a signature to match.
            let beyond = n.next_multiple_of(8);
            with(&|c| {
                c.signers = set(beyond, &mut (0..=n));
                c.signatures.push(c.signatures[0]);
            });
        }
        let from = wire.actor(0);
        let expected = Rejection::Malformed(Malformed::Signers);
        for proof in cases {
            let why = wire.rejection(n - 1, from, Payload::Proof(proof));
            assert_eq!(why, expected);
        }
        // In another order they are other members' signatures.
        let mut swapped = good.clone();
        swapped.certificate.signatures.swap(0, 1);
        let signer = Some(wire.actor(0));
        let why = wire.rejection(n - 1, from, Payload::Proof(swapped));
        assert_eq!(why, Rejection::InvalidSignature { signer });
        // One signature for two signers does not verify for the second.
        let mut twice = good.clone();
        twice.certificate.signatures[1] = twice.certificate.signatures[0];
        let signer = Some(wire.actor(1));
        let why = wire.rejection(n - 1, from, Payload::Proof(twice));
        assert_eq!(why, Rejection::InvalidSignature { signer });
        let good = encode(&Payload::Proof(good));
        assert_eq!(wire.hand(n - 1, from, &good), Ok(()));
        assert!(matches!(
            wire.hand(n - 1, from, &good[1..]),
            Err(RecvError::Undecodable(_))
        ));
    }
}
