//! What was signed, as files: they prove what they say to anybody who has the genesis, and nothing else can be read as one.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::fixtures;
use crate::fuzzed::proof_files;
use crate::golden;
use crate::wire::Wire;
use bft_crdts::bank::Bank;
use bft_crdts::deterministic_secure_broadcast::proof_file::{
    FileError, GenesisFile, MAX_FILE_BYTES, ProofFile, Subject, Unproven,
};
use bft_crdts::deterministic_secure_broadcast::wire::NextKeys;
use bft_crdts::deterministic_secure_broadcast::wire::statement::SecondVoteStatement;
use bft_crdts::deterministic_secure_broadcast::{ChainError, Decision, Generations, Link, Pin};
use bft_crdts::membership::Signers;
use bft_crdts::{
    Bytes, Change, Digest, Ed25519, Generation, MemberIndex, NetworkId, Rejection, Sig,
};

type Chain = Generations<Ed25519>;

fn genesis() -> GenesisFile {
    GenesisFile::of(&fixtures::network().genesis)
}

fn proven(proof_file: &ProofFile) -> Result<Chain, Unproven> {
    proof_file.verify::<Ed25519>(&genesis(), None)
}

#[test]
fn a_proof_file_is_read_as_it_was_written_and_proves_what_it_says() {
    let genesis = genesis();
    let read = GenesisFile::read(&genesis.to_bytes()).unwrap();
    assert_eq!(read, genesis);
    let wire = fixtures::network();
    assert_eq!(read.network(), wire.network());
    assert_eq!(read.members(), wire.genesis.members());
    assert_eq!((read.name(), read.algorithm()), ("test", "bank/1"));
    for (name, proof_file) in proof_files::proof_files() {
        assert_eq!(
            ProofFile::read(&proof_file.to_bytes()).as_ref(),
            Ok(&proof_file),
            "{name}"
        );
        let generations = proven(&proof_file).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(generations.links(), proof_file.links, "{name}");
    }
}

#[test]
fn proof_files_keep_their_bytes() {
    let mut text = String::new();
    let files = proof_files::proof_files().into_iter();
    let files = files.map(|(name, proof_file)| (name, proof_file.to_bytes()));
    for (name, bytes) in [("genesis", genesis().to_bytes())].into_iter().chain(files) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "{name}: {hex}").unwrap();
    }
    golden::compare("tests/vectors/proof_files.txt", &text);
}

/// Whatever happens to a file on its way: it is refused, or it proves nothing, or it is the same.
#[test]
fn a_damaged_file_proves_nothing() {
    let genesis_bytes = genesis().to_bytes();
    for (name, proof_file) in proof_files::proof_files() {
        let bytes = proof_file.to_bytes();
        for length in 0..bytes.len() {
            // What is cut off between two frames is the file of something that says less.
            if let Ok(less) = ProofFile::read(&bytes[..length]) {
                assert_eq!(less.subject, Subject::Chain, "{name}, {length} bytes");
                assert_eq!(less.to_bytes(), bytes[..length]);
            }
        }
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << (place % 8);
            let why = ProofFile::read(&flipped).expect_err("no checksum holds");
            let first_line = place < 20;
            let named = matches!(why, FileError::Magic(_) | FileError::Version(_));
            assert_eq!(named, first_line, "{name}: {why} at {place}");
        }
    }
    for place in 0..genesis_bytes.len() {
        let mut flipped = genesis_bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        assert!(GenesisFile::read(&flipped).is_err(), "{place}");
        assert!(
            GenesisFile::read(&genesis_bytes[..place]).is_err(),
            "{place}"
        );
    }
    let twice = [genesis_bytes.clone(), genesis_bytes[20..].to_vec()].concat();
    assert!(matches!(
        GenesisFile::read(&twice),
        Err(FileError::Misplaced(_))
    ));
    let old = [
        b"bft-crdts exhibit 0\n".to_vec(),
        genesis_bytes[20..].to_vec(),
    ]
    .concat();
    assert_eq!(
        ProofFile::read(&old),
        Err(FileError::Version("0".to_owned()))
    );
    let have = MAX_FILE_BYTES + 1;
    assert_eq!(
        ProofFile::read(&vec![0; have]),
        Err(FileError::TooLarge { have })
    );
}

#[test]
fn a_proof_file_of_another_network_proves_nothing_here() {
    let there = GenesisFile::of(&Wire::<Bank>::bank(4, 11).genesis);
    for (name, proof_file) in proof_files::proof_files() {
        let (have, want) = (proof_file.network, there.network());
        let why = proof_file.verify::<Ed25519>(&there, None);
        assert_eq!(why, Err(Unproven::Network { have, want }), "{name}");
        // And if it says that it is of this one, no signature in it holds.
        let renamed = ProofFile {
            network: want,
            ..proof_file.clone()
        };
        let empty = renamed.links.is_empty() && renamed.subject == Subject::Chain;
        assert_eq!(
            renamed.verify::<Ed25519>(&there, None).is_ok(),
            empty,
            "{name}"
        );
    }
}

#[test]
fn a_proof_is_of_its_operations_and_its_generation() {
    let (_, proof) = proof_files::proof_files()
        .into_iter()
        .find(|(name, _)| *name == "proof")
        .unwrap();
    let Subject::Proof { certificate, .. } = &proof.subject else {
        panic!("a proof");
    };
    let with = |ops: Bytes, generation: u64| {
        let mut certificate = certificate.clone();
        certificate.generation = Generation::new(generation);
        ProofFile {
            subject: Subject::Proof { certificate, ops },
            ..proof.clone()
        }
    };
    let Subject::Proof { ops, .. } = proof.subject.clone() else {
        panic!("a proof");
    };
    assert!(proven(&with(ops.clone(), 0)).is_ok());
    let others = proven(&with(Bytes::from(vec![1, 2, 3]), 0));
    assert_eq!(
        others,
        Err(Unproven::Subject(Box::new(Rejection::OpsMismatch)))
    );
    assert!(matches!(proven(&with(ops, 1)), Err(Unproven::Subject(why))
        if matches!(*why, Rejection::FutureGeneration { .. })));
}

/// The chain of the fixtures, and who joins in it.
fn chain() -> (ProofFile, Change) {
    let chain = proof_files::proof_files()
        .into_iter()
        .find(|(name, _)| *name == "chain")
        .unwrap()
        .1;
    let change = chain.links[0].decision.change;
    (chain, change)
}

/// Somebody has the keys of all who were members at the beginning, long after they have left.
fn rewritten() -> (ProofFile, Digest) {
    let wire = fixtures::network();
    let network = wire.network();
    let keys = NextKeys {
        members: Signers::none(4),
        keys: Vec::new(),
    };
    let decision = Decision {
        generation: Generation::new(1),
        link: *network.digest(),
        change: Change::Expel(wire.actor(0)),
        keys: keys.digest(),
    };
    let digest = decision.digest(&network);
    let statement = SecondVoteStatement {
        generation: Generation::GENESIS,
        attempt: 0,
        decision: digest,
    };
    let mut signers = Signers::none(4);
    (0..4).for_each(|index| signers.insert(MemberIndex::new(index)));
    let signatures = (0..4)
        .map(|by| wire.key(by).sign(&network, &statement))
        .collect();
    let link = Link {
        decision,
        keys,
        attempt: 0,
        signers,
        signatures,
    };
    let proof_file = ProofFile {
        network,
        links: vec![link],
        subject: Subject::Chain,
    };
    (proof_file, digest)
}

#[test]
fn a_pin_refuses_every_other_chain_whoever_has_signed_it() {
    let (chain, _) = chain();
    let (rewritten, _) = rewritten();
    let generations = proven(&chain).unwrap();
    let generation = Generation::new(1);
    let pin = Some(Pin {
        generation,
        decision: *generations.tip_of(generation).unwrap(),
    });
    let at =
        |proof_file: &ProofFile, pin| proof_file.verify::<Ed25519>(&genesis(), pin).map(|_| ());
    assert_eq!(at(&rewritten, None), Ok(()), "the signatures are good");
    let off = Err(Unproven::Chain(ChainError::OffPin(generation)));
    assert_eq!(at(&rewritten, pin), off);
    assert_eq!(at(&chain, pin), Ok(()));
    // Up to the pin nobody needs signatures; without it, or behind it, everybody does.
    let mut bare = chain.clone();
    bare.links[0].signatures.fill(Sig::from_bytes([0; 64]));
    assert_eq!(at(&bare, pin), Ok(()));
    assert!(matches!(
        at(&bare, None),
        Err(Unproven::Chain(ChainError::Link { .. }))
    ));
    let genesis_pin = Some(Pin {
        generation: Generation::GENESIS,
        decision: *chain.network.digest(),
    });
    assert!(matches!(
        at(&bare, genesis_pin),
        Err(Unproven::Chain(ChainError::Link { .. }))
    ));
    let beyond = Pin {
        generation: Generation::new(2),
        decision: Digest::of(b"somewhere"),
    };
    let short = ChainError::ShortOfPin {
        have: generation,
        pin: beyond.generation,
    };
    assert_eq!(at(&chain, Some(beyond)), Err(Unproven::Chain(short)));
    // A chain that says it goes on from elsewhere.
    let mut unlinked = chain.clone();
    unlinked.links[0].decision.link = Digest::of(b"elsewhere");
    assert!(matches!(
        at(&unlinked, pin),
        Err(Unproven::Chain(ChainError::Link { .. }))
    ));
}

/// A replica and a reader of files ask the same type; nothing is appended that does not follow.
#[test]
fn a_chain_grows_by_links_that_hold_and_no_others() {
    let (proof_file, change) = chain();
    let members = fixtures::network().genesis.members().to_vec();
    let mut chain = Chain::genesis(proof_file.network, &members).unwrap();
    let link = proof_file.links[0].clone();
    let mut few = link.clone();
    few.signers = Signers::none(4);
    few.signatures.clear();
    assert!(matches!(
        chain.extend(few),
        Err(Rejection::QuorumTooSmall { .. })
    ));
    assert_eq!(chain.last(), Generation::GENESIS);
    chain.extend(link.clone()).unwrap();
    assert_eq!(chain.extend(link.clone()), Err(Rejection::BrokenChain));
    let joined = chain.members_of(Generation::new(1)).unwrap();
    assert!(joined.index_of(&change.subject()).is_some());
    assert_eq!(chain.link_to(Generation::new(1)), Some(&link));
    assert_eq!(chain.link_to(Generation::GENESIS), None);
    assert_eq!(
        chain.tip_of(Generation::GENESIS),
        Some(proof_file.network.digest())
    );
    assert_eq!(chain.tip_of(Generation::new(1)), Some(&chain.tip()));
    assert!(chain.members_of(Generation::new(2)).is_none());
    let other = NetworkId::new(Digest::of(b"another"));
    let mut elsewhere = Chain::genesis(other, &members).unwrap();
    assert_eq!(elsewhere.extend(link), Err(Rejection::BrokenChain));
}

/// What the fuzzer starts from, as its target reads it. It lies in `target/seeds/proof_file` afterwards.
#[test]
fn every_fixture_goes_through_the_target_of_the_fuzzer() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/seeds/proof_file");
    fs::create_dir_all(&seeds).unwrap();
    for (number, seed) in proof_files::seeds().iter().enumerate() {
        proof_files::run(seed);
        fs::write(seeds.join(format!("{number:02}")), seed).unwrap();
    }
}

/// A frame around any body, with checksums that hold.
fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short body");
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend_from_slice(&Digest::of(body).as_bytes()[..8]);
    let check = Digest::of(&frame);
    frame.extend_from_slice(&check.as_bytes()[..4]);
    frame.extend_from_slice(body);
    frame
}

/// What lies in the frames of a file.
fn bodies(file: &[u8], head: usize) -> Vec<Vec<u8>> {
    let (mut rest, mut bodies) = (&file[head..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[..4].try_into().expect("four bytes"));
        let (frame, behind) = rest.split_at(16 + length as usize);
        bodies.push(frame[16..].to_vec());
        rest = behind;
    }
    bodies
}

/// A genesis file whose checksums hold and whose members stand there twice, in another order, or not at all.
#[test]
fn a_genesis_of_no_members_or_of_members_out_of_order_is_refused() {
    let bytes = genesis().to_bytes();
    let [body] = &bodies(&bytes, 20)[..] else {
        panic!("one frame");
    };
    let members = genesis().members().to_vec();
    let written = bft_crdts::codec::encode(&members);
    let place = body
        .windows(written.len())
        .position(|window| window == written)
        .expect("its members");
    let with = |members: &[bft_crdts::Actor]| {
        let mut other = body[..place].to_vec();
        other.extend(bft_crdts::codec::encode(&members));
        other.extend_from_slice(&body[place + written.len()..]);
        GenesisFile::read(&[&bytes[..20], &frame(&other)].concat())
    };
    assert_eq!(with(&members), Ok(genesis()), "as it was");
    let [first, second, third, last] = members[..] else {
        panic!("four members");
    };
    for members in [
        vec![],
        vec![first, first, second, third, last],
        vec![first, second, third, last, last],
        vec![second, first, third, last],
        vec![last, third, second, first],
    ] {
        assert_eq!(with(&members), Err(FileError::Members), "{members:?}");
    }
}

/// One bit in each byte of what lies in the frames of a file is another, and the checksums hold again. What can still be
/// read proves nothing, but for the parts that nobody signs: then it says what it said.
#[test]
fn a_file_with_another_bit_and_checksums_that_hold_proves_nothing() {
    let mut all = 0;
    for (name, proof_file) in proof_files::proof_files() {
        let bytes = proof_file.to_bytes();
        let frames = bodies(&bytes, 20);
        let (mut read, mut refused) = (0, 0);
        for (at, body) in frames.iter().enumerate() {
            for place in 0..body.len() {
                let mut other = frames.clone();
                other[at][place] ^= 1 << (place % 8);
                let other = other.iter().flat_map(|body| frame(body));
                let other: Vec<u8> = bytes[..20].iter().copied().chain(other).collect();
                match ProofFile::read(&other) {
                    Err(_) => refused += 1,
                    Ok(other) => {
                        read += 1;
                        assert!(proven(&other).is_err(), "{name}: frame {at}, byte {place}");
                    }
                }
            }
        }
        // Most of a file is digests and signatures, which are read whatever they are.
        assert!(read > refused, "{name}: {read} were read, {refused} not");
        all += read;
    }
    assert!(all > 1000, "{all} were read");
}
