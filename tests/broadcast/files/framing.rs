//! Genesis files, and the frames of proof files: what can be read at all.

use bft_crdts::codec::encode;
use bft_crdts::deterministic_secure_broadcast::proof_file::{GenesisFile, Subject};
use bft_crdts::membership::MAX_MEMBERS;
use bft_crdts::{Actor, Bank, Bytes, Digest, Ed25519, SigningActor};

use crate::fixtures;
use crate::wire::{Wire, identities};

use super::{Cases, forge::Forge, forge::header};

pub(super) fn frame(body: &[u8]) -> Vec<u8> {
    let mut head = (body.len() as u32).to_le_bytes().to_vec();
    head.extend(&Digest::of(body).as_bytes()[..8]);
    let check = Digest::of(&head);
    head.extend(&check.as_bytes()[..4]);
    head.extend(body);
    head
}

pub(super) fn frames(line: &[u8], bodies: &[&[u8]]) -> Vec<u8> {
    let frames = bodies.iter().flat_map(|body| frame(body));
    line.iter().copied().chain(frames).collect()
}

pub(super) const GENESIS: &[u8] = b"bft-crdts genesis 1\n";

pub(super) const PROOF_FILE: &[u8] = b"bft-crdts exhibit 1\n";

/// The bytes of a genesis of these members, with a state of three bytes that nobody reads.
pub(super) fn genesis_of(members: &[Actor]) -> Vec<u8> {
    [encode(&("many", "none/7")), encode(members), vec![1, 2, 3]].concat()
}

/// The genesis files, by name.
pub(crate) fn geneses() -> Vec<(&'static str, Vec<u8>)> {
    let members: Vec<Actor> = identities::<Ed25519>(7)
        .iter()
        .map(SigningActor::actor)
        .collect();
    let mut reversed = members.clone();
    reversed.reverse();
    let twice = [members[0], members[0]];
    let weak = [Actor::from_bytes([0; 32]), members[0]];
    let crowd: Vec<Actor> = (0..=MAX_MEMBERS as u8)
        .map(|tag| Actor::from_bytes([tag; 32]))
        .collect();
    let bank = GenesisFile::of(&fixtures::network().genesis).to_bytes();
    let richer = GenesisFile::of(&Wire::<Bank>::bank(4, 11).genesis).to_bytes();
    let good = genesis_of(&members);
    let (mut cut, mut damaged) = (bank.clone(), bank.clone());
    cut.pop();
    damaged[24] ^= 1;
    // A length in three bytes where one is enough.
    let padded = [&[0xfb, 4, 0][..], &good[1..]].concat();
    vec![
        ("seven", frames(GENESIS, &[&good])),
        ("one", frames(GENESIS, &[&genesis_of(&members[..1])])),
        ("richer", richer),
        ("no state", frames(GENESIS, &[&good[..good.len() - 3]])),
        ("empty", Vec::new()),
        ("of another kind", frames(PROOF_FILE, &[&good])),
        ("version 2", frames(b"bft-crdts genesis 2\n", &[&good])),
        ("no line", b"bft-crdts genesis 1".to_vec()),
        ("no frame", GENESIS.to_vec()),
        ("cut", cut),
        ("damaged", damaged),
        ("two frames", frames(GENESIS, &[&good, &good])),
        ("padded", frames(GENESIS, &[&padded])),
        ("head cut", frames(GENESIS, &[&good[..20]])),
        ("nobody", frames(GENESIS, &[&genesis_of(&[])])),
        ("out of order", frames(GENESIS, &[&genesis_of(&reversed)])),
        ("twice", frames(GENESIS, &[&genesis_of(&twice)])),
        ("crowd", frames(GENESIS, &[&genesis_of(&crowd)])),
        ("weak", frames(GENESIS, &[&genesis_of(&weak)])),
        ("bank", bank),
    ]
}

pub(super) fn geneses_of(forge: &Forge, cases: &mut Cases) {
    let file = forge.file(Subject::Chain).to_bytes();
    let kinds = [
        ("seven", ""),
        ("one", "network"),
        ("no state", "network"),
        ("empty", "empty"),
        ("of another kind", "magic"),
        ("version 2", "version"),
        ("no line", "version"),
        ("no frame", "cut-off"),
        ("cut", "cut-off"),
        ("damaged", "damaged"),
        ("two frames", "misplaced"),
        ("padded", "undecodable"),
        ("head cut", "undecodable"),
        ("nobody", "members"),
        ("out of order", "members"),
        ("twice", "members"),
        ("crowd", "undecodable"),
        ("weak", "weak-key"),
    ];
    for (genesis, kind) in kinds {
        cases.add(&format!("genesis: {genesis}"), genesis, file.clone(), kind);
    }
}

pub(super) fn frames_of(forge: &Forge, cases: &mut Cases) {
    let network = [&[0_u8][..], &encode(forge.chain.network())].concat();
    let link = [&[1_u8][..], &encode(&forge.chain.links()[0])].concat();
    let certificate = forge.certificate(
        0,
        &header(1, 1, 1, *forge.network().digest(), b"x"),
        &[0, 1, 2, 3, 4],
    );
    let proof = [
        &[3_u8][..],
        &encode(&certificate),
        &encode(&Bytes::from(b"x".to_vec())),
    ]
    .concat();
    let whole = frames(PROOF_FILE, &[&network, &link, &proof]);
    let mut add = |name: &str, file: Vec<u8>, kind: &str| {
        cases.add(&format!("frames: {name}"), "seven", file, kind);
    };
    add("network, link, proof", whole.clone(), "");
    add("network", frames(PROOF_FILE, &[&network]), "");
    add("no byte", Vec::new(), "empty");
    add("no frame", PROOF_FILE.to_vec(), "cut-off");
    add("half a magic", PROOF_FILE[..12].to_vec(), "magic");
    add(
        "the magic of a genesis",
        frames(GENESIS, &[&network]),
        "magic",
    );
    add(
        "another version",
        frames(b"bft-crdts exhibit 11\n", &[&network]),
        "version",
    );
    add("no link first", frames(PROOF_FILE, &[&link]), "misplaced");
    add(
        "the network twice",
        frames(PROOF_FILE, &[&network, &network]),
        "misplaced",
    );
    add(
        "a link after the proof",
        frames(PROOF_FILE, &[&network, &proof, &link]),
        "misplaced",
    );
    add(
        "two proofs",
        frames(PROOF_FILE, &[&network, &link, &proof, &proof]),
        "misplaced",
    );
    add(
        "misplaced and unreadable behind it",
        frames(PROOF_FILE, &[&link, b"?"]),
        "misplaced",
    );
    add(
        "an unknown part",
        frames(PROOF_FILE, &[&network, &[4]]),
        "undecodable",
    );
    add(
        "an empty body",
        frames(PROOF_FILE, &[&network, &[]]),
        "undecodable",
    );
    add(
        "a byte behind a part",
        frames(PROOF_FILE, &[&network, &[&link[..], &[0]].concat()]),
        "undecodable",
    );
    add(
        "a padded tag",
        frames(PROOF_FILE, &[&[&[0xfb, 0, 0][..], &network[1..]].concat()]),
        "undecodable",
    );
    add(
        "a digest of 31 bytes",
        frames(PROOF_FILE, &[&[&[0, 31][..], &network[3..]].concat()]),
        "undecodable",
    );
    for (what, cut) in [
        ("in the last head", proof.len() + 8),
        ("in the last body", 3),
    ] {
        add(
            &format!("cut {what}"),
            whole[..whole.len() - cut].to_vec(),
            "cut-off",
        );
    }
    // The last frame with a wrong body looks like a torn write, an earlier one does not.
    let flipped = |place: usize| {
        let mut file = whole.clone();
        file[place] ^= 0x10;
        file
    };
    add(
        "flipped in the last body",
        flipped(whole.len() - 1),
        "cut-off",
    );
    add("flipped in the first body", flipped(20 + 16 + 5), "damaged");
    add("flipped in a length", flipped(20), "damaged");
    add("flipped in a checksum", flipped(20 + 4), "damaged");
    add(
        "flipped in the checksum of a head",
        flipped(20 + 12),
        "damaged",
    );
    // A head that is right and says more than a packet holds.
    let mut head = (2_u32 * 1024 * 1024 + 1).to_le_bytes().to_vec();
    head.extend([0; 8]);
    let check = Digest::of(&head);
    head.extend(&check.as_bytes()[..4]);
    add(
        "a frame above the limit",
        [PROOF_FILE, &head].concat(),
        "damaged",
    );
}
