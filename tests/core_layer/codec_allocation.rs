//! How much memory an input can claim.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use allocation_counter::measure;
use bft_crdts::bank::{Ledger, Op};
use bft_crdts::codec::{MAX_PACKET_BYTES, decode, decode_sequence, encode, encode_sequence};
use bft_crdts::{Actor, Bytes, Counter, Dot, Sig};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What an error message and the first growth of a vector may take, in bytes.
const SMALL: u64 = 1024;

/// The shape of a packet: names, signatures, and a body that travels as bytes.
#[derive(Serialize, Deserialize)]
struct Frame {
    source: Actor,
    clock: Vec<(u16, u64)>,
    signatures: Vec<Sig>,
    body: Bytes,
}

/// The most that was allocated at one time while `bytes` were decoded, and whether they were accepted.
fn peak<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> (u64, bool) {
    let mut accepted = false;
    let counted = measure(|| accepted = black_box(decode::<T>(bytes)).is_ok());
    (counted.bytes_max, accepted)
}

#[test]
fn a_frame_takes_at_most_twice_its_length() {
    for (signatures, body) in [
        (0, 0),
        (3, 200),
        (21, 40_000),
        (67, MAX_PACKET_BYTES - 5_000),
    ] {
        let frame = encode(&Frame {
            source: Actor::from_bytes([1; 32]),
            clock: (0..8).map(|seat| (seat, 1 << 40)).collect(),
            signatures: vec![Sig::from_bytes([2; 64]); signatures],
            body: vec![3; body].into(),
        });
        let (peak, accepted) = peak::<Frame>(&frame);
        assert!(accepted);
        assert!(
            peak <= 2 * frame.len() as u64 + SMALL,
            "{peak} for {}",
            frame.len()
        );
    }
}

/// Whatever length the bomb has and whatever it promises to contain, refusing it costs next to nothing.
#[test]
fn a_bomb_takes_at_most_twice_its_length() {
    fn check<T: Serialize + DeserializeOwned>(bomb: &[u8]) {
        let (peak, accepted) = peak::<T>(bomb);
        let name = std::any::type_name::<T>();
        assert!(!accepted, "{name} from {} bytes", bomb.len());
        assert!(
            peak <= 2 * bomb.len() as u64 + SMALL,
            "{peak} bytes for {name} from {}",
            bomb.len()
        );
    }
    for room in [0, 8, 1_000, 100_000, MAX_PACKET_BYTES - 9] {
        for promised in [room as u64 + 10, 1 << 32, 1 << 63, u64::MAX] {
            let mut bomb = encode(&promised);
            bomb.resize(bomb.len() + room, 0xff);
            check::<Vec<()>>(&bomb);
            check::<Vec<u64>>(&bomb);
            check::<Vec<[u64; 32]>>(&bomb);
            check::<Vec<Op>>(&bomb);
            check::<Vec<Vec<Vec<u8>>>>(&bomb);
            check::<BTreeMap<Bytes, Bytes>>(&bomb);
            check::<BTreeSet<Dot>>(&bomb);
            check::<Ledger>(&bomb);
            check::<Bytes>(&bomb);
            check::<String>(&bomb);
        }
        // A promise that the input has room for, and then nothing that fits.
        let mut bomb = encode(&(room as u64));
        bomb.resize(bomb.len() + room, 0xff);
        if room > 0 {
            check::<Vec<[u64; 32]>>(&bomb);
            check::<Vec<Op>>(&bomb);
        }
    }
}

#[test]
fn a_sequence_is_not_allocated_for_on_its_word() {
    for room in [1, 1_000, MAX_PACKET_BYTES] {
        let bomb = vec![0xff; room];
        for count in [room, room + 1, usize::MAX] {
            let counted = measure(|| assert!(decode_sequence::<Op>(count, &bomb).is_err()));
            assert!(
                counted.bytes_max <= 2 * room as u64 + SMALL,
                "{}",
                counted.bytes_max
            );
        }
    }
}

/// Operations decode into values larger than their bytes, by a factor that does not depend on the input: twice for a bank
/// operation without causes; with one, a tree node for eleven dots comes on top.
#[test]
fn operations_take_a_fixed_multiple_of_their_length() {
    let actor = |tag| Actor::from_bytes([tag; 32]);
    let cause = Dot::new(actor(3), Counter::FIRST);
    for (causes, factor) in [(BTreeSet::new(), 2), (BTreeSet::from([cause]), 8)] {
        let (to, amount) = (actor(2), 1);
        let ops = vec![Op::Transfer { to, amount, causes }; 1_000];
        let bytes = encode_sequence(&ops);
        let counted = measure(|| {
            let decoded = decode_sequence::<Op>(ops.len(), &bytes);
            assert_eq!(decoded.map(|ops| ops.len()), Ok(1_000));
        });
        let limit = factor * bytes.len() as u64 + SMALL;
        assert!(
            counted.bytes_max <= limit,
            "{} > {limit}",
            counted.bytes_max
        );
    }
}
