//! Genesis files and proof files, good and bad, each with what a verifier must answer: by hand, from the specification.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::actor::{Statement, signing_bytes};
use bft_crdts::codec::encode;
use bft_crdts::deterministic_secure_broadcast::checkpoint::CheckpointStatement;
use bft_crdts::deterministic_secure_broadcast::evidence::{
    Contradiction, Invention, SignedDigest, SignedHeader,
};
use bft_crdts::deterministic_secure_broadcast::exhibit::{
    Exhibit, FileError, GenesisFile, Subject, Unproven,
};
use bft_crdts::deterministic_secure_broadcast::wire::statement::{
    ApproveStatement, FirstVoteStatement, JoinStatement, NextKeyStatement, ProposeStatement,
    SealStatement, SecondVoteStatement, TimeoutStatement,
};
use bft_crdts::deterministic_secure_broadcast::wire::{
    Excerpt, NextKeys, Phase, Seal, SealedSource,
};
use bft_crdts::deterministic_secure_broadcast::{
    ChainError, Decision, EchoStatement, Generations, Header, Link, Pin,
};
use bft_crdts::membership::quorum::quorum;
use bft_crdts::membership::{MAX_MEMBERS, Signers};
use bft_crdts::{
    Actor, Bank, Bytes, Certificate, Change, Counter, Digest, Ed25519, Evidence, Generation,
    MemberIndex, NetworkId, Rejection, Seat, Sig, SigningActor,
};

use crate::fuzzed::exhibiting;
use crate::specimens;
use crate::wire::{Wire, identities};

/// One question to a verifier, and the answer.
pub(crate) struct Case {
    pub(crate) name: String,
    /// The name of a genesis file.
    pub(crate) genesis: &'static str,
    pub(crate) file: Vec<u8>,
    pub(crate) pin: Option<String>,
    /// Empty if it proves what it says.
    pub(crate) kind: String,
}

/// A chain that grows by decisions of which we have every key.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) chain: Generations<Ed25519>,
    /// Everybody's key of the newest generation.
    pub(crate) keys: BTreeMap<Actor, SigningActor>,
    /// The keys of every generation.
    pub(crate) past: Vec<BTreeMap<Actor, SigningActor>>,
}

impl Forge {
    pub(crate) fn new(network: NetworkId, members: usize) -> Self {
        let keys: BTreeMap<_, _> = identities::<Ed25519>(members)
            .into_iter()
            .map(|key| (key.actor(), key))
            .collect();
        let actors: Vec<Actor> = keys.keys().copied().collect();
        Self {
            chain: Generations::genesis(network, &actors).expect("sound keys"),
            past: vec![keys.clone()],
            keys,
        }
    }

    fn network(&self) -> NetworkId {
        *self.chain.network()
    }

    /// The key of a member in a generation, by its index.
    fn key(&self, generation: u64, index: usize) -> &SigningActor {
        let members = self.chain.members_of(Generation::new(generation));
        let index = MemberIndex::new(index as u16);
        let actor = members.and_then(|members| members.actor(index));
        &self.past[generation as usize][actor.expect("a member")]
    }

    fn sign<S: Statement>(&self, generation: u64, index: usize, statement: &S) -> Sig {
        self.key(generation, index).sign(&self.network(), statement)
    }

    /// The link of the next generation: this change, new keys for these members, the votes of these in this attempt.
    fn link(&self, change: Change, renew: &[usize], attempt: u32, voters: &[usize]) -> Link {
        let members = self.chain.newest();
        let mut keys = NextKeys {
            members: Signers::none(members.len()),
            keys: Vec::new(),
        };
        for index in renew {
            let index = MemberIndex::new(*index as u16);
            keys.members.insert(index);
            let actor = members.actor(index).expect("a member");
            keys.keys.push(self.keys[actor].next().key());
        }
        let decision = Decision {
            generation: Generation::new(members.generation().get() + 1),
            link: self.chain.tip(),
            change,
            keys: keys.digest(),
        };
        self.voted(decision, keys, attempt, voters)
    }

    fn voted(&self, decision: Decision, keys: NextKeys, attempt: u32, voters: &[usize]) -> Link {
        let members = self.chain.newest();
        let generation = members.generation();
        let statement = SecondVoteStatement {
            generation,
            attempt,
            decision: decision.digest(&self.network()),
        };
        let mut signers = Signers::none(members.len());
        let mut signatures = Vec::new();
        for index in voters {
            signers.insert(MemberIndex::new(*index as u16));
            signatures.push(self.sign(generation.get(), *index, &statement));
        }
        Link {
            decision,
            keys,
            attempt,
            signers,
            signatures,
        }
    }

    /// Goes on by one generation.
    fn grow(&mut self, change: Change, renew: &[usize], attempt: u32) {
        let voters: Vec<usize> = (0..quorum(self.chain.newest().len())).collect();
        let link = self.link(change, renew, attempt, &voters);
        for index in renew {
            let index = MemberIndex::new(*index as u16);
            let actor = *self.chain.newest().actor(index).expect("a member");
            let next = self.keys[&actor].next();
            self.keys.insert(actor, next);
        }
        if let Change::Join(actor) = change {
            let joiner = joiners().into_iter().find(|key| key.actor() == actor);
            self.keys.insert(actor, joiner.expect("one of ours"));
        }
        self.chain.extend(link).expect("it follows");
        self.past.push(self.keys.clone());
    }

    fn echo(&self, generation: u64, index: usize, header: &Header) -> SignedHeader {
        let statement = EchoStatement {
            generation: Generation::new(generation),
            header: header.digest(&self.network()),
        };
        SignedHeader {
            generation: Generation::new(generation),
            header: header.clone(),
            sig: self.sign(generation, index, &statement),
        }
    }

    fn certificate(&self, generation: u64, header: &Header, signers: &[usize]) -> Certificate {
        let members = self.chain.members_of(Generation::new(generation));
        let mut set = Signers::none(members.expect("a generation").len());
        let mut signatures = Vec::new();
        for index in signers {
            set.insert(MemberIndex::new(*index as u16));
            signatures.push(self.echo(generation, *index, header).sig);
        }
        Certificate {
            generation: Generation::new(generation),
            header: header.clone(),
            signers: set,
            signatures,
        }
    }

    fn seal(&self, generation: u64, signer: usize, sources: Vec<SealedSource>) -> Seal {
        let link = self.chain.tip_of(Generation::new(generation));
        let mut seal = Seal {
            generation: Generation::new(generation),
            signer: MemberIndex::new(signer as u16),
            sources,
            sig: Sig::from_bytes([0; 64]),
        };
        seal.sig = self.sign(
            generation,
            signer,
            &seal.statement(*link.expect("in the chain")),
        );
        seal
    }

    fn file(&self, subject: Subject) -> Exhibit {
        Exhibit {
            network: self.network(),
            links: self.chain.links().to_vec(),
            subject,
        }
    }

    fn accuses(&self, culprit: Actor, contradiction: Contradiction) -> Exhibit {
        self.file(Subject::Evidence(Box::new(Evidence {
            culprit,
            contradiction,
        })))
    }
}

/// Those who join, in order of their names.
fn joiners() -> Vec<SigningActor> {
    let mut keys: Vec<SigningActor> = [0xa1, 0xa2, 0xa3]
        .map(|seed| SigningActor::from_seed([seed; 32]))
        .into();
    keys.sort_by_key(SigningActor::actor);
    keys
}

fn header(source: u16, first: u64, len: u32, previous: Digest, tag: &[u8]) -> Header {
    Header {
        source: Seat::new(source),
        first: Counter::new(first),
        len,
        previous,
        causes: Vec::new(),
        ops: Digest::of(tag),
    }
}

fn frame(body: &[u8]) -> Vec<u8> {
    let mut head = (body.len() as u32).to_le_bytes().to_vec();
    head.extend(&Digest::of(body).as_bytes()[..8]);
    let check = Digest::of(&head);
    head.extend(&check.as_bytes()[..4]);
    head.extend(body);
    head
}

fn frames(line: &[u8], bodies: &[&[u8]]) -> Vec<u8> {
    let frames = bodies.iter().flat_map(|body| frame(body));
    line.iter().copied().chain(frames).collect()
}

const GENESIS: &[u8] = b"bft-crdts genesis 1\n";
const EXHIBIT: &[u8] = b"bft-crdts exhibit 1\n";

/// The bytes of a genesis of these members, with a state of three bytes that nobody reads.
fn genesis_of(members: &[Actor]) -> Vec<u8> {
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
    let bank = GenesisFile::of(&specimens::network().genesis).to_bytes();
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
        ("of another kind", frames(EXHIBIT, &[&good])),
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

/// A chain of four generations of the network `seven`: one joins, one is expelled, one leaves, with new keys each time.
pub(crate) fn forge() -> Forge {
    let members: Vec<Actor> = identities::<Ed25519>(7)
        .iter()
        .map(SigningActor::actor)
        .collect();
    let file = GenesisFile::read(&frames(GENESIS, &[&genesis_of(&members)])).expect("a genesis");
    let mut forge = Forge::new(file.network(), 7);
    let joiner = joiners()[0].actor();
    forge.grow(Change::Join(joiner), &[0, 2, 6], 0);
    let expelled = *forge
        .chain
        .newest()
        .actor(MemberIndex::new(1))
        .expect("a member");
    forge.grow(Change::Expel(expelled), &[0, 3, 4], 3);
    let leaver = *forge
        .chain
        .newest()
        .actor(MemberIndex::new(0))
        .expect("a member");
    forge.grow(Change::Leave(leaver), &[], 300);
    forge
}

struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: &str, genesis: &'static str, file: Vec<u8>, kind: &str) {
        self.0.push(Case {
            name: name.to_owned(),
            genesis,
            file,
            pin: None,
            kind: kind.to_owned(),
        });
    }

    fn exhibit(&mut self, name: &str, exhibit: &Exhibit, kind: &str) {
        self.add(name, "seven", exhibit.to_bytes(), kind);
    }

    fn pinned(&mut self, name: &str, exhibit: &Exhibit, pin: &str, kind: &str) {
        self.exhibit(name, exhibit, kind);
        if let Some(case) = self.0.last_mut() {
            case.pin = Some(pin.to_owned());
        }
    }
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    for (name, exhibit) in exhibiting::exhibits() {
        cases.add(&format!("bank: {name}"), "bank", exhibit.to_bytes(), "");
        cases.add(
            &format!("bank: {name}, with a richer genesis"),
            "richer",
            exhibit.to_bytes(),
            "network",
        );
    }
    let forge = forge();
    geneses_of(&forge, &mut cases);
    frames_of(&forge, &mut cases);
    chains(&forge, &mut cases);
    pins(&forge, &mut cases);
    proofs(&forge, &mut cases);
    pairs(&forge, &mut cases);
    headers(&forge, &mut cases);
    seals(&forge, &mut cases);
    cases.0
}

fn geneses_of(forge: &Forge, cases: &mut Cases) {
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

fn frames_of(forge: &Forge, cases: &mut Cases) {
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
    let whole = frames(EXHIBIT, &[&network, &link, &proof]);
    let mut add = |name: &str, file: Vec<u8>, kind: &str| {
        cases.add(&format!("frames: {name}"), "seven", file, kind);
    };
    add("network, link, proof", whole.clone(), "");
    add("network", frames(EXHIBIT, &[&network]), "");
    add("no byte", Vec::new(), "empty");
    add("no frame", EXHIBIT.to_vec(), "cut-off");
    add("half a magic", EXHIBIT[..12].to_vec(), "magic");
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
    add("no link first", frames(EXHIBIT, &[&link]), "misplaced");
    add(
        "the network twice",
        frames(EXHIBIT, &[&network, &network]),
        "misplaced",
    );
    add(
        "a link after the proof",
        frames(EXHIBIT, &[&network, &proof, &link]),
        "misplaced",
    );
    add(
        "two proofs",
        frames(EXHIBIT, &[&network, &link, &proof, &proof]),
        "misplaced",
    );
    add(
        "misplaced and unreadable behind it",
        frames(EXHIBIT, &[&link, b"?"]),
        "misplaced",
    );
    add(
        "an unknown part",
        frames(EXHIBIT, &[&network, &[4]]),
        "undecodable",
    );
    add(
        "an empty body",
        frames(EXHIBIT, &[&network, &[]]),
        "undecodable",
    );
    add(
        "a byte behind a part",
        frames(EXHIBIT, &[&network, &[&link[..], &[0]].concat()]),
        "undecodable",
    );
    add(
        "a padded tag",
        frames(EXHIBIT, &[&[&[0xfb, 0, 0][..], &network[1..]].concat()]),
        "undecodable",
    );
    add(
        "a digest of 31 bytes",
        frames(EXHIBIT, &[&[&[0, 31][..], &network[3..]].concat()]),
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
        [EXHIBIT, &head].concat(),
        "damaged",
    );
}

fn chains(forge: &Forge, cases: &mut Cases) {
    let whole = forge.file(Subject::Chain);
    cases.exhibit("chain: three links", &whole, "");
    let mut shorter = whole.clone();
    shorter.links.truncate(2);
    cases.exhibit("chain: two of them", &shorter, "");
    let mut gap = whole.clone();
    gap.links.remove(1);
    cases.exhibit("chain: one missing", &gap, "chain:link:broken-chain");
    let mut twice = whole.clone();
    twice.links.insert(1, whole.links[0].clone());
    cases.exhibit("chain: one twice", &twice, "chain:link:broken-chain");

    // Another first link, good or bad.
    let start = Forge::new(forge.network(), 7);
    let members: Vec<Actor> = start.keys.keys().copied().collect();
    let join = Change::Join(joiners()[1].actor());
    let voters = [0, 1, 2, 3, 4];
    let mut first = |name: &str, link: Link, kind: &str| {
        let exhibit = Exhibit {
            network: forge.network(),
            links: vec![link],
            subject: Subject::Chain,
        };
        cases.exhibit(&format!("link: {name}"), &exhibit, kind);
    };
    first(
        "a quorum of five of seven",
        start.link(join, &[], 0, &voters),
        "",
    );
    first(
        "all of them",
        start.link(join, &[1, 5], 7, &[0, 1, 2, 3, 4, 5, 6]),
        "",
    );
    first(
        "four of seven",
        start.link(join, &[], 0, &[0, 1, 2, 3]),
        "chain:link:quorum-too-small",
    );
    let good = start.link(join, &[0, 5], 0, &voters);
    let with = |change: &dyn Fn(&mut Link)| {
        let mut link = good.clone();
        change(&mut link);
        link
    };
    first(
        "of another attempt",
        with(&|link| link.attempt = 1),
        "chain:link:invalid-signature",
    );
    first(
        "a signature of another",
        with(&|link| link.signatures.swap(0, 1)),
        "chain:link:invalid-signature",
    );
    first(
        "a signature too many",
        with(&|link| link.signatures.push(link.signatures[0])),
        "chain:link:malformed:signers",
    );
    first(
        "a signature too few",
        with(&|link| link.signatures.truncate(4)),
        "chain:link:malformed:signers",
    );
    first(
        "a bit beyond the members",
        with(&|link| {
            let mut signers = Signers::none(8);
            for index in [0, 1, 2, 3, 7] {
                signers.insert(MemberIndex::new(index));
            }
            link.signers = signers;
        }),
        "chain:link:malformed:signers",
    );
    first(
        "a bitmap of two bytes",
        with(&|link| {
            let mut signers = Signers::none(16);
            for index in [0, 1, 2, 3, 4] {
                signers.insert(MemberIndex::new(index));
            }
            link.signers = signers;
        }),
        "chain:link:malformed:signers",
    );
    first(
        "another generation",
        with(&|link| link.decision.generation = Generation::new(2)),
        "chain:link:broken-chain",
    );
    first(
        "after another decision",
        with(&|link| link.decision.link = Digest::of(b"?")),
        "chain:link:broken-chain",
    );
    first(
        "other keys than decided",
        with(&|link| link.keys.keys.reverse()),
        "chain:link:malformed:next-keys",
    );
    first(
        "a key too few",
        with(&|link| {
            link.keys.keys.pop();
        }),
        "chain:link:malformed:next-keys",
    );
    first(
        "a key for whom is expelled",
        start.link(Change::Expel(members[2]), &[1, 2], 0, &voters),
        "chain:link:malformed:next-keys",
    );
    first(
        "a bitmap of keys too short",
        {
            let keys = NextKeys {
                members: Signers::none(0),
                keys: Vec::new(),
            };
            let decision = Decision {
                keys: keys.digest(),
                ..good.decision
            };
            start.voted(decision, keys, 0, &voters)
        },
        "chain:link:malformed:next-keys",
    );
    first(
        "a weak key",
        {
            let mut keys = good.keys.clone();
            keys.keys[1] = Actor::from_bytes([0; 32]);
            let decision = Decision {
                keys: keys.digest(),
                ..good.decision
            };
            start.voted(decision, keys, 0, &voters)
        },
        "chain:link:weak-key",
    );
    first(
        "a member joins",
        start.link(Change::Join(members[3]), &[], 0, &voters),
        "chain:link:change:already-member",
    );
    first(
        "a weak key joins",
        start.link(Change::Join(Actor::from_bytes([0; 32])), &[], 0, &voters),
        "chain:link:change:weak-key",
    );
    first(
        "nobody leaves",
        start.link(Change::Leave(joiners()[0].actor()), &[], 0, &voters),
        "chain:link:change:not-member",
    );
    first(
        "nobody is expelled",
        start.link(Change::Expel(joiners()[0].actor()), &[], 0, &voters),
        "chain:link:change:not-member",
    );
    // Who was expelled in generation 2 comes back with the same key.
    let back = forge.chain.links()[1].decision.change.subject();
    let mut again = whole.clone();
    again
        .links
        .push(forge.link(Change::Join(back), &[], 0, &[0, 1, 2, 3, 4]));
    cases.exhibit(
        "link: a member of the past joins",
        &again,
        "chain:link:change:key-used-before",
    );
    // Votes by the keys of the generation before.
    let mut stale = forge.clone();
    stale.past[3] = forge.past[0].clone();
    stale.past[3].extend(joiners().into_iter().map(|key| (key.actor(), key)));
    let mut old = whole.clone();
    old.links.push(stale.link(join, &[], 0, &voters));
    cases.exhibit(
        "link: by keys of the past",
        &old,
        "chain:link:invalid-signature",
    );
    let mut good = whole;
    good.links.push(forge.link(join, &[0], 0, &voters));
    cases.exhibit("link: by keys of the present", &good, "");
    // The last member cannot go.
    let one =
        GenesisFile::read(&frames(GENESIS, &[&genesis_of(&members[..1])])).expect("a genesis");
    let mut alone = Forge::new(one.network(), 1);
    alone.keys = start.keys.clone();
    alone.chain = Generations::genesis(one.network(), &members[..1]).expect("sound");
    alone.past = vec![alone.keys.clone()];
    let mut exhibit = alone.file(Subject::Chain);
    exhibit.links = vec![alone.link(Change::Leave(members[0]), &[], 0, &[0])];
    cases.add(
        "link: the last member leaves",
        "one",
        exhibit.to_bytes(),
        "chain:link:change:last-member",
    );
    exhibit.links = vec![alone.link(join, &[], 0, &[0])];
    cases.add("link: one lets another join", "one", exhibit.to_bytes(), "");
}

fn pins(forge: &Forge, cases: &mut Cases) {
    let whole = forge.file(Subject::Chain);
    let mut bare = whole.clone();
    bare.links[0].signatures.clear();
    bare.links[1].signers = Signers::none(0);
    let tip = |generation| {
        forge
            .chain
            .tip_of(Generation::new(generation))
            .expect("there")
            .to_hex()
    };
    for generation in 0..=3_u64 {
        let pin = format!("{generation}:{}", tip(generation));
        cases.pinned(&format!("pin: at {generation}"), &whole, &pin, "");
        let kind = match generation {
            0 | 1 => "chain:link:malformed:signers",
            _ => "",
        };
        cases.pinned(
            &format!("pin: at {generation}, no votes before 3"),
            &bare,
            &pin,
            kind,
        );
        let pin = format!("{generation}:{}", tip((generation + 1) % 4));
        cases.pinned(
            &format!("pin: another at {generation}"),
            &whole,
            &pin,
            "chain:off-pin",
        );
    }
    cases.pinned(
        "pin: beyond the end",
        &whole,
        &format!("4:{}", tip(3)),
        "chain:short-of-pin",
    );
    let mut unlinked = whole.clone();
    unlinked.links[1].decision.link = Digest::of(b"elsewhere");
    cases.pinned(
        "pin: not linked before it",
        &unlinked,
        &format!("3:{}", tip(3)),
        "chain:link:broken-chain",
    );
    let digest = tip(1);
    cases.pinned(
        "pin: leading zeros and a sign",
        &whole,
        &format!("+001:{digest}"),
        "",
    );
    for (name, pin) in [
        ("no colon", digest.clone()),
        ("no number", format!(":{digest}")),
        ("a negative number", format!("-1:{digest}")),
        (
            "too large a number",
            format!("18446744073709551616:{digest}"),
        ),
        ("capital letters", format!("1:{}", digest.to_uppercase())),
        ("too short", format!("1:{}", &digest[1..])),
    ] {
        cases.pinned(&format!("pin: {name}"), &whole, &pin, "pin");
    }
}

fn proofs(forge: &Forge, cases: &mut Cases) {
    let network = forge.network();
    let ops = Bytes::from(b"whatever the state is made of".to_vec());
    // Seat 7 has joined in generation 1, and is what its rank says in later ones.
    let mut of_seat_7 = header(7, 41, 3, Digest::of(b"before"), &ops);
    of_seat_7.causes = vec![
        (Seat::new(0), Counter::new(9)),
        (Seat::new(6), Counter::new(70_000)),
    ];
    let proof = |certificate: Certificate, ops: &Bytes| {
        let (certificate, ops) = (Box::new(certificate), ops.clone());
        forge.file(Subject::Proof { certificate, ops })
    };
    for generation in 0..=3 {
        let source = if generation == 0 {
            header(2, 1, 1, *network.digest(), &ops)
        } else {
            of_seat_7.clone()
        };
        let members = forge
            .chain
            .members_of(Generation::new(generation))
            .expect("there")
            .len();
        let signers: Vec<usize> = (members - quorum(members)..members).collect();
        let good = forge.certificate(generation, &source, &signers);
        cases.exhibit(
            &format!("proof: in generation {generation}"),
            &proof(good.clone(), &ops),
            "",
        );
        let few = forge.certificate(generation, &source, &signers[1..]);
        cases.exhibit(
            &format!("proof: one too few in {generation}"),
            &proof(few, &ops),
            "subject:quorum-too-small",
        );
        let mut other = good.clone();
        other.generation = Generation::new((generation + 1) % 4);
        let kind = match generation {
            // From seven members to eight there is a signer too few, from six to seven one that is no member's.
            0 => "subject:quorum-too-small",
            1 => "subject:malformed:signers",
            2 => "subject:malformed:signers",
            _ => "subject:malformed:unknown-seat",
        };
        cases.exhibit(
            &format!("proof: of {generation}, shown in the next"),
            &proof(other, &ops),
            kind,
        );
    }
    let good = forge.certificate(1, &of_seat_7, &[0, 1, 2, 3, 4, 5]);
    let with = |change: &dyn Fn(&mut Certificate)| {
        let mut certificate = good.clone();
        change(&mut certificate);
        certificate
    };
    let mut bad = |name: &str, certificate: Certificate, ops: &Bytes, kind: &str| {
        cases.exhibit(&format!("proof: {name}"), &proof(certificate, ops), kind);
    };
    bad(
        "other operations",
        good.clone(),
        &Bytes::from(b"others".to_vec()),
        "subject:ops-mismatch",
    );
    bad(
        "no operations",
        good.clone(),
        &Bytes::default(),
        "subject:ops-mismatch",
    );
    bad(
        "too many bytes of operations",
        {
            let many = vec![0; 1024 * 1024 + 1];
            forge.certificate(
                1,
                &header(7, 1, 1, *network.digest(), &many),
                &[0, 1, 2, 3, 4, 5],
            )
        },
        &Bytes::from(vec![0; 1024 * 1024 + 1]),
        "subject:ops-mismatch",
    );
    bad(
        "beyond the chain",
        with(&|of| of.generation = Generation::new(4)),
        &ops,
        "subject:future-generation",
    );
    bad(
        "a signature of another",
        with(&|of| of.signatures.swap(2, 3)),
        &ops,
        "subject:invalid-signature",
    );
    bad(
        "a signature too many",
        with(&|of| of.signatures.push(of.signatures[0])),
        &ops,
        "subject:malformed:signers",
    );
    bad(
        "a larger bitmap",
        with(&|of| {
            let mut signers = Signers::none(9);
            (0..6).for_each(|index| signers.insert(MemberIndex::new(index)));
            of.signers = signers;
        }),
        &ops,
        "subject:malformed:signers",
    );
    bad(
        "another header",
        with(&|of| of.header.first = Counter::new(42)),
        &ops,
        "subject:invalid-signature",
    );
    type Edit<'a> = (&'a str, &'a dyn Fn(&mut Header), &'a str);
    let cause = |seat: u16, counter: u64| (Seat::new(seat), Counter::new(counter));
    let edits: [Edit<'_>; 10] = [
        (
            "a seat nobody has",
            &|of| of.source = Seat::new(8),
            "unknown-seat",
        ),
        ("counter zero", &|of| of.first = Counter::new(0), "counter"),
        (
            "the last counter",
            &|of| of.first = Counter::new(u64::MAX - 2),
            "counter",
        ),
        ("no operation", &|of| of.len = 0, "length"),
        ("4097 operations", &|of| of.len = 4097, "length"),
        (
            "a seat twice in its causes",
            &|of| of.causes = vec![cause(1, 1), cause(1, 2)],
            "causes-unsorted",
        ),
        (
            "causes out of order",
            &|of| of.causes = vec![cause(2, 1), cause(1, 2)],
            "causes-unsorted",
        ),
        (
            "a cause of a seat nobody has",
            &|of| of.causes = vec![cause(8, 1)],
            "unknown-seat",
        ),
        (
            "a cause of itself",
            &|of| of.causes = vec![cause(7, 1)],
            "needless-cause",
        ),
        (
            "a cause of nothing",
            &|of| of.causes = vec![cause(1, 0)],
            "needless-cause",
        ),
    ];
    // All of them signed by a quorum.
    for (name, edit, kind) in edits {
        let mut header = of_seat_7.clone();
        edit(&mut header);
        let certificate = forge.certificate(1, &header, &[0, 1, 2, 3, 4, 5]);
        bad(
            &format!("{name}, signed"),
            certificate,
            &ops,
            &format!("subject:malformed:{kind}"),
        );
    }
    let mut most = of_seat_7.clone();
    (most.first, most.len) = (Counter::new(u64::MAX - 4096), 4096);
    let certificate = forge.certificate(1, &most, &[0, 1, 2, 3, 4, 5]);
    bad("the last 4096 counters", certificate, &ops, "");
}

/// Evidence of two statements of one kind, and of a vote that a timeout denies.
fn pairs(forge: &Forge, cases: &mut Cases) {
    let mut digests = [Digest::of(b"this"), Digest::of(b"that")];
    digests.sort();
    for (generation, index) in [(0, 2), (2, 5), (3, 0)] {
        let of = Generation::new(generation);
        let culprit = forge.key(generation, index).actor();
        let attempt = 300;
        let first = |decision| {
            forge.sign(
                generation,
                index,
                &FirstVoteStatement {
                    generation: of,
                    attempt,
                    decision,
                },
            )
        };
        let second = |decision| {
            forge.sign(
                generation,
                index,
                &SecondVoteStatement {
                    generation: of,
                    attempt,
                    decision,
                },
            )
        };
        let propose = |decision| {
            forge.sign(
                generation,
                index,
                &ProposeStatement {
                    generation: of,
                    attempt,
                    decision,
                },
            )
        };
        let pair = |sign: &dyn Fn(Digest) -> Sig| {
            digests.map(|digest| SignedDigest {
                digest,
                sig: sign(digest),
            })
        };
        let votes = |phase, [one, other]: [SignedDigest; 2]| Contradiction::Votes {
            generation: of,
            attempt,
            phase,
            one,
            other,
        };
        let proposals = |[one, other]: [SignedDigest; 2]| Contradiction::Proposals {
            generation: of,
            attempt,
            one,
            other,
        };
        let mut add = |name: &str, culprit: Actor, contradiction: Contradiction, kind: &str| {
            let exhibit = forge.accuses(culprit, contradiction);
            cases.exhibit(&format!("evidence in {generation}: {name}"), &exhibit, kind);
        };
        add(
            "first votes",
            culprit,
            votes(Phase::First, pair(&first)),
            "",
        );
        add(
            "second votes",
            culprit,
            votes(Phase::Second, pair(&second)),
            "",
        );
        add(
            "second votes said to be first ones",
            culprit,
            votes(Phase::First, pair(&second)),
            "subject:invalid-signature",
        );
        add("proposals", culprit, proposals(pair(&propose)), "");
        add(
            "votes said to be proposals",
            culprit,
            proposals(pair(&first)),
            "subject:invalid-signature",
        );
        let [one, other] = pair(&propose);
        add(
            "proposals out of order",
            culprit,
            proposals([other, one]),
            "subject:malformed:no-contradiction",
        );
        add(
            "one proposal twice",
            culprit,
            proposals([one, one]),
            "subject:malformed:no-contradiction",
        );
        let another = forge.key(generation, index ^ 1).actor();
        add(
            "against another member",
            another,
            proposals([one, other]),
            "subject:invalid-signature",
        );
        add(
            "against a stranger",
            joiners()[2].actor(),
            proposals([one, other]),
            "subject:not-member",
        );
        let beyond = Contradiction::Proposals {
            generation: Generation::new(4),
            attempt,
            one,
            other,
        };
        add(
            "beyond the chain",
            culprit,
            beyond,
            "subject:future-generation",
        );
        let elsewhere = Contradiction::Proposals {
            generation: Generation::new((generation + 1) % 4),
            attempt,
            one,
            other,
        };
        let gone = forge
            .chain
            .members_of(Generation::new((generation + 1) % 4))
            .is_none_or(|members| members.index_of(&culprit).is_none());
        add(
            "of another generation",
            culprit,
            elsewhere,
            if gone {
                "subject:not-member"
            } else {
                "subject:invalid-signature"
            },
        );

        let vote = |voted, decision| {
            let statement = SecondVoteStatement {
                generation: of,
                attempt: voted,
                decision,
            };
            SignedDigest {
                digest: decision,
                sig: forge.sign(generation, index, &statement),
            }
        };
        let timeout = |given_up, highest| {
            forge.sign(
                generation,
                index,
                &TimeoutStatement {
                    generation: of,
                    attempt: given_up,
                    highest,
                },
            )
        };
        let denied = |voted, given_up, highest: Option<(u32, Digest)>| Contradiction::Forgotten {
            generation: of,
            voted,
            vote: vote(voted, digests[0]),
            given_up,
            highest,
            timeout: timeout(given_up, highest),
        };
        add(
            "a timeout of the same attempt that shows nothing",
            culprit,
            denied(1, 1, None),
            "",
        );
        add(
            "a later timeout that shows an earlier quorum",
            culprit,
            denied(2, 7, Some((1, digests[1]))),
            "",
        );
        let fine = "subject:malformed:no-contradiction";
        add(
            "a timeout that shows the quorum",
            culprit,
            denied(2, 2, Some((2, digests[0]))),
            fine,
        );
        add(
            "a timeout that shows a later quorum",
            culprit,
            denied(2, 4, Some((3, digests[1]))),
            fine,
        );
        add(
            "a timeout of an earlier attempt",
            culprit,
            denied(2, 1, None),
            fine,
        );
        let mut unsigned = denied(1, 1, None);
        if let Contradiction::Forgotten { timeout, .. } = &mut unsigned {
            *timeout = Sig::from_bytes([1; 64]);
        }
        add(
            "a timeout that is not signed",
            culprit,
            unsigned,
            "subject:invalid-signature",
        );
    }
}

/// Evidence of two headers for one slot.
fn headers(forge: &Forge, cases: &mut Cases) {
    let network = forge.network();
    let seat = |actor: &Actor| forge.chain.newest().seat_of(actor).expect("a seat").get() as u16;
    let two = |source: u16, first: u64| {
        let mut two =
            [b"one", b"two"].map(|tag| header(source, first, 2, Digest::of(b"before"), tag));
        two.sort_by_key(|header| header.digest(&network));
        two
    };
    let mut add =
        |name: &str, culprit: Actor, one: SignedHeader, other: SignedHeader, kind: &str| {
            let exhibit = forge.accuses(culprit, Contradiction::Headers { one, other });
            cases.exhibit(&format!("headers: {name}"), &exhibit, kind);
        };
    let none = "subject:malformed:no-contradiction";
    for generation in 0..=3_u64 {
        let index = 3;
        let culprit = forge.key(generation, index).actor();
        let [one, other] = two(seat(&culprit), 9);
        let (a, b) = (
            forge.echo(generation, index, &one),
            forge.echo(generation, index, &other),
        );
        add(
            &format!("of a source in {generation}"),
            culprit,
            a.clone(),
            b.clone(),
            "",
        );
        add(
            &format!("of a source in {generation}, out of order"),
            culprit,
            b,
            a.clone(),
            none,
        );
        add(
            &format!("of a source in {generation}, one twice"),
            culprit,
            a.clone(),
            a,
            none,
        );
        let [one, other] = two((seat(&culprit) + 1) % 7, 9);
        let (a, b) = (
            forge.echo(generation, index, &one),
            forge.echo(generation, index, &other),
        );
        add(
            &format!("of a witness in {generation}"),
            culprit,
            a.clone(),
            b,
            "",
        );
        let [_, other] = two((seat(&culprit) + 1) % 7, 11);
        let c = forge.echo(generation, index, &other);
        let (a, c) = if a.header.digest(&network) < c.header.digest(&network) {
            (a, c)
        } else {
            (c, a)
        };
        add(
            &format!("of a witness in {generation}, of two slots"),
            culprit,
            a,
            c,
            none,
        );
    }
    // Over generations: a source is convicted, a witness is not.
    let member = |generation: u64, actor: &Actor| {
        let members = forge
            .chain
            .members_of(Generation::new(generation))
            .expect("there");
        members.index_of(actor).map(MemberIndex::get)
    };
    let culprit = (0..7)
        .map(|index| forge.key(3, index).actor())
        .find(|actor| member(0, actor).is_some())
        .expect("one stays");
    let (then, now) = (
        member(0, &culprit).expect("then"),
        member(3, &culprit).expect("now"),
    );
    let [one, other] = two(seat(&culprit), 5);
    add(
        "of a source in two generations",
        culprit,
        forge.echo(0, then, &one),
        forge.echo(3, now, &other),
        "",
    );
    let [one, other] = two((seat(&culprit) + 1) % 7, 5);
    add(
        "of a witness in two generations",
        culprit,
        forge.echo(0, then, &one),
        forge.echo(3, now, &other),
        none,
    );
    let [one, other] = two(seat(&culprit), 5);
    let mut later = forge.echo(3, now, &other);
    later.generation = Generation::new(4);
    add(
        "beyond the chain",
        culprit,
        forge.echo(0, then, &one),
        later,
        "subject:future-generation",
    );
    let mut unsigned = forge.echo(0, then, &other);
    unsigned.sig = Sig::from_bytes([0; 64]);
    add(
        "one not signed",
        culprit,
        forge.echo(0, then, &one),
        unsigned,
        "subject:invalid-signature",
    );
    // The seat of whoever joined in generation 1 is unknown in generation 0.
    let [one, other] = two(7, 5);
    add(
        "of a seat that is not taken yet",
        culprit,
        forge.echo(0, then, &one),
        forge.echo(0, then, &other),
        "subject:malformed:unknown-seat",
    );
    // Who left is convicted of what it signed while it was a member, and of nothing later.
    let leaver = forge.chain.links()[2].decision.change.subject();
    let (at, [one, other]) = (member(2, &leaver).expect("a member"), two(seat(&leaver), 5));
    let (a, b) = (forge.echo(2, at, &one), forge.echo(2, at, &other));
    add("of one who has left", leaver, a.clone(), b.clone(), "");
    let moved = |mut of: SignedHeader| {
        of.generation = Generation::new(3);
        of
    };
    add(
        "of one who has left, said to be later",
        leaver,
        moved(a),
        moved(b),
        "subject:not-member",
    );
}

/// Evidence that is about seals.
fn seals(forge: &Forge, cases: &mut Cases) {
    let network = forge.network();
    for generation in [0, 2_u64] {
        let (of, signer) = (Generation::new(generation), 4);
        let culprit = forge.key(generation, signer).actor();
        let members = forge.chain.members_of(of).expect("there");
        let quorum: Vec<usize> = (0..quorum(members.len())).collect();
        // Source 1 has a certificate for 1..=2 and an open header at 3; source 2 only an open header.
        let source = |seat: u16| members.index_in(Seat::new(seat)).map(MemberIndex::get);
        let busy = if source(1).is_some() { 1 } else { 3 };
        let idle = if source(2).is_some() { 2 } else { 5 };
        let by = |seat: u16| source(seat).expect("a member");
        let certified = header(busy, 1, 2, *network.digest(), b"certified");
        let best = forge.certificate(generation, &certified, &quorum);
        let open = header(busy, 3, 1, certified.digest(&network), b"open");
        let lone = header(idle, 1, 1, *network.digest(), b"lone");
        let mut sources = vec![
            SealedSource {
                source: Seat::new(busy),
                best: Some(best.clone()),
                open: vec![forge.echo(generation, by(busy), &open)],
            },
            SealedSource {
                source: Seat::new(idle),
                best: None,
                open: vec![forge.echo(generation, by(idle), &lone)],
            },
        ];
        sources.sort_by_key(|of| of.source);
        let place = sources
            .iter()
            .position(|of| of.source == Seat::new(busy))
            .expect("there");
        let seal = forge.seal(generation, signer, sources.clone());
        let other = forge.seal(generation, signer, sources[..1].to_vec());
        let mut add = |name: &str, contradiction: Contradiction, kind: &str| {
            let exhibit = forge.accuses(culprit, contradiction);
            cases.exhibit(&format!("seals of {generation}: {name}"), &exhibit, kind);
        };
        let none = "subject:malformed:no-contradiction";
        let link = *forge.chain.tip_of(of).expect("there");
        let contradiction = |evidence: Evidence| evidence.contradiction;
        let two = contradiction(Evidence::seals(culprit, link, &seal, &other));
        add("two", two.clone(), "");
        if let Contradiction::Seals {
            generation,
            one,
            other,
        } = two
        {
            add(
                "two, out of order",
                Contradiction::Seals {
                    generation,
                    one: other,
                    other: one,
                },
                none,
            );
            add(
                "two, beyond the chain",
                Contradiction::Seals {
                    generation: Generation::new(4),
                    one: other,
                    other: one,
                },
                "subject:future-generation",
            );
            let bad = SignedDigest {
                sig: one.sig,
                ..other
            };
            add(
                "two, one not signed",
                Contradiction::Seals {
                    generation,
                    one,
                    other: bad,
                },
                "subject:invalid-signature",
            );
        }
        let hidden = |header: &Header| Contradiction::Hidden {
            echo: forge.echo(generation, signer, header),
            seal: Box::new(Excerpt::of(&seal, header.source)),
        };
        let unseen = header(busy, 3, 1, certified.digest(&network), b"another");
        let past = header(busy, 2, 1, Digest::of(b"?"), b"in the past");
        let nowhere = header(0, 1, 1, *network.digest(), b"of a source it does not show");
        add("an echo after what it shows", hidden(&unseen), "");
        add("an echo of a source it does not show", hidden(&nowhere), "");
        add("an echo that it shows", hidden(&open), none);
        add("an echo below its certificate", hidden(&past), none);
        add(
            "an echo in the last slot of its certificate",
            hidden(&certified),
            none,
        );
        let mut elsewhere = hidden(&unseen);
        if let Contradiction::Hidden { echo, .. } = &mut elsewhere {
            *echo = forge.echo(1, 4, &unseen);
        }
        add("an echo of another generation", elsewhere, none);
        let tampered = |change: &dyn Fn(&mut Excerpt)| {
            let mut contradiction = hidden(&unseen);
            if let Contradiction::Hidden { seal, .. } = &mut contradiction {
                change(seal);
            }
            contradiction
        };
        add(
            "what is shown left out",
            tampered(&|of| of.shown = None),
            "subject:malformed:seal",
        );
        add(
            "what is shown changed",
            tampered(&|of| {
                if let Some(shown) = &mut of.shown {
                    shown.open.clear();
                }
            }),
            "subject:malformed:seal",
        );
        add(
            "out of order",
            tampered(&|of| of.contents.reverse()),
            "subject:malformed:seal",
        );
        add(
            "a source left out",
            tampered(&|of| {
                of.contents.retain(|(seat, _)| *seat == Seat::new(busy));
            }),
            "subject:invalid-signature",
        );
        add(
            "all left out",
            tampered(&|of| {
                of.contents.clear();
                of.shown = None;
            }),
            "subject:invalid-signature",
        );

        // Seals that show what was never signed.
        let invented = |sources: Vec<SealedSource>, seat: u16, what: Invention| {
            let seal = forge.seal(generation, signer, sources);
            contradiction(Evidence::invented(culprit, &seal, Seat::new(seat), what))
        };
        let with = |change: &dyn Fn(&mut SealedSource)| {
            let mut sources = sources.clone();
            change(&mut sources[place]);
            sources
        };
        let (certificate, first) = (Invention::Certificate, Invention::Open(0));
        add(
            "a certificate that holds",
            invented(sources.clone(), busy, certificate),
            none,
        );
        add(
            "an open header that is signed",
            invented(sources.clone(), busy, first),
            none,
        );
        add(
            "an open header that is not there",
            invented(sources.clone(), busy, Invention::Open(1)),
            none,
        );
        add(
            "a certificate that is not there",
            invented(sources.clone(), idle, certificate),
            none,
        );
        add(
            "a source that is not there",
            invented(sources.clone(), 0, certificate),
            none,
        );
        let forged = with(&|of| {
            if let Some(best) = &mut of.best {
                best.signatures.swap(0, 1);
            }
        });
        add(
            "a certificate with signatures swapped",
            invented(forged.clone(), busy, certificate),
            "",
        );
        add(
            "the genuine open header beside it",
            invented(forged, busy, first),
            none,
        );
        add(
            "a certificate one signature short",
            invented(
                with(&|of| {
                    of.best = Some(forge.certificate(generation, &certified, &quorum[1..]));
                }),
                busy,
                certificate,
            ),
            "",
        );
        add(
            "a certificate of signers that are nobody",
            invented(
                with(&|of| {
                    if let Some(best) = &mut of.best {
                        best.signers = Signers::none(64);
                    }
                }),
                busy,
                certificate,
            ),
            "",
        );
        let stolen = with(&|of| of.open = vec![forge.echo(generation, by(idle), &open)]);
        add(
            "an open header signed by another",
            invented(stolen, busy, first),
            "",
        );
        // Forms that no seal has.
        let form = "subject:malformed:seal";
        add(
            "of a later generation inside",
            invented(
                with(&|of| {
                    if let Some(best) = &mut of.best {
                        best.generation = Generation::new(generation + 1);
                    }
                }),
                busy,
                certificate,
            ),
            form,
        );
        add(
            "an open header that does not follow",
            invented(
                with(&|of| of.open = vec![forge.echo(generation, by(busy), &past)]),
                busy,
                first,
            ),
            form,
        );
        add(
            "an open header of another source",
            invented(
                with(&|of| of.open = vec![forge.echo(generation, by(idle), &lone)]),
                busy,
                first,
            ),
            form,
        );
        add(
            "one open header twice",
            invented(with(&|of| of.open.push(of.open[0].clone())), busy, first),
            form,
        );
        add(
            "nothing shown of a source",
            invented(
                with(&|of| {
                    of.best = None;
                    of.open.clear();
                }),
                busy,
                first,
            ),
            form,
        );
        add(
            "a header that breaks a rule of form",
            invented(with(&|of| of.open[0].header.len = 0), busy, first),
            "subject:malformed:length",
        );
    }
}

/// What the library answers: nothing if the file proves what it says, otherwise whether it can be read, and the kind.
pub(crate) fn answer(
    genesis: &[u8],
    file: &[u8],
    pin: Option<&str>,
) -> Result<(), (Verdict, String)> {
    let bad = |kind: &str| (Verdict::BadInput, kind.to_owned());
    let unread = |why: FileError| bad(&kebab(&why));
    let read = |bytes: &[u8]| {
        if bytes.is_empty() {
            Err(bad("empty"))
        } else {
            Ok(())
        }
    };
    read(genesis)?;
    let genesis = GenesisFile::read(genesis).map_err(unread)?;
    read(file)?;
    let exhibit = Exhibit::read(file).map_err(unread)?;
    let pin = pin
        .map(|pin| pinned(pin).ok_or_else(|| bad("pin")))
        .transpose()?;
    let weak = Generations::<Ed25519>::genesis(genesis.network(), genesis.members());
    weak.map_err(|_| bad("weak-key"))?;
    let proven = exhibit.verify::<Ed25519>(&genesis, pin);
    proven.map(|_| ()).map_err(|why| {
        let kind = match why {
            Unproven::Network { .. } => "network".to_owned(),
            Unproven::Chain(ChainError::Link { why, .. }) => format!("chain:link:{}", kind(&why)),
            Unproven::Chain(why) => format!("chain:{}", kebab(&why)),
            Unproven::Subject(why) => format!("subject:{}", kind(&why)),
        };
        (Verdict::NotProven, kind)
    })
}

/// What a file that proves nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    BadInput,
    NotProven,
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::NotProven => "not-proven",
        }
    }
}

fn pinned(text: &str) -> Option<Pin> {
    let (generation, decision) = text.split_once(':')?;
    Some(Pin {
        generation: Generation::new(generation.parse().ok()?),
        decision: decision.parse().ok()?,
    })
}

fn kind(why: &Rejection) -> String {
    match why {
        Rejection::Malformed(why) => format!("malformed:{}", kebab(why)),
        Rejection::Change(why) => format!("change:{}", kebab(why)),
        why => kebab(why),
    }
}

/// The name of a variant: `QuorumTooSmall { .. }` is `quorum-too-small`.
fn kebab(variant: &impl std::fmt::Debug) -> String {
    let text = format!("{variant:?}");
    let name = text
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

/// One statement of each domain, or two, with what is signed and the signature: a JSON object a line, and the domains.
pub(crate) fn statements() -> (Vec<String>, BTreeSet<&'static str>) {
    let (mut lines, mut domains) = (Vec::new(), BTreeSet::new());
    let wire = specimens::network();
    let (network, key) = (wire.network(), wire.key(2).clone());
    let generation = Generation::new(300);
    let (attempt, decision) = (70_000, Digest::of(b"a decision"));
    let mut line = |text: (&'static str, String)| {
        domains.insert(text.0);
        lines.push(text.1);
    };
    line(signed(
        &key,
        &network,
        &EchoStatement {
            generation,
            header: Digest::of(b"a header"),
        },
    ));
    line(signed(
        &key,
        &network,
        &EchoStatement {
            generation: Generation::GENESIS,
            header: Digest::of(b"a header"),
        },
    ));
    line(signed(
        &key,
        &network,
        &JoinStatement { actor: key.actor() },
    ));
    for change in [Change::Join, Change::Leave, Change::Expel] {
        let change = change(wire.actor(1));
        line(signed(
            &key,
            &network,
            &ApproveStatement { generation, change },
        ));
    }
    line(signed(
        &key,
        &network,
        &NextKeyStatement {
            generation,
            key: key.next().key(),
        },
    ));
    line(signed(
        &key,
        &network,
        &ProposeStatement {
            generation,
            attempt,
            decision,
        },
    ));
    line(signed(
        &key,
        &network,
        &FirstVoteStatement {
            generation,
            attempt,
            decision,
        },
    ));
    line(signed(
        &key,
        &network,
        &SecondVoteStatement {
            generation,
            attempt,
            decision,
        },
    ));
    for highest in [None, Some((250, decision))] {
        line(signed(
            &key,
            &network,
            &TimeoutStatement {
                generation,
                attempt: 251,
                highest,
            },
        ));
    }
    let (link, content) = (*network.digest(), Digest::of(b"a content"));
    line(signed(
        &key,
        &network,
        &SealStatement {
            generation,
            link,
            content,
        },
    ));
    let manifest = Digest::of(b"a manifest");
    line(signed(
        &key,
        &network,
        &CheckpointStatement {
            generation,
            manifest,
        },
    ));
    (lines, domains)
}

fn signed<S: Statement>(
    key: &SigningActor,
    network: &NetworkId,
    statement: &S,
) -> (&'static str, String) {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let text = format!(
        "{{\"domain\": \"{}\", \"network\": \"{}\", \"statement\": \"{}\", \"signed\": \"{}\", \"key\": \"{}\", \"signature\": \"{}\"}}",
        S::DOMAIN,
        network.digest().to_hex(),
        hex(&encode(statement)),
        hex(&signing_bytes(network, statement)),
        key.key().to_hex(),
        key.sign(network, statement).to_hex(),
    );
    (S::DOMAIN, text)
}

/// The digests of decisions, keys, seals, manifests and versions, each after what it is the digest of.
pub(crate) fn digests() -> Vec<(String, Vec<u8>)> {
    let mut lines = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| lines.push((name.to_owned(), bytes.to_vec()));
    let forge = forge();
    let network = forge.network();
    add("network of seven", network.digest().as_bytes());
    for link in forge.chain.links() {
        let generation = link.decision.generation;
        add(&format!("link to {generation}"), &encode(link));
        add(
            &format!("decision of {generation}"),
            &encode(&link.decision),
        );
        add(
            &format!("decision of {generation}, its digest"),
            link.decision.digest(&network).as_bytes(),
        );
        add(&format!("keys named for {generation}"), &encode(&link.keys));
        add(
            &format!("keys named for {generation}, their digest"),
            link.keys.digest().as_bytes(),
        );
        let members = forge.chain.members_of(generation).expect("there");
        let names: Vec<u8> = members
            .actors()
            .iter()
            .flat_map(|actor| *actor.as_bytes())
            .collect();
        add(&format!("members of {generation}"), &names);
        let keys = members
            .actors()
            .iter()
            .filter_map(|actor| members.key_bytes(members.seat_of(actor)?));
        let keys: Vec<u8> = keys.flat_map(|key| *key.as_bytes()).collect();
        add(&format!("their keys in {generation}"), &keys);
    }
    let certified = header(1, 1, 2, *network.digest(), b"certified");
    let best = forge.certificate(0, &certified, &[0, 1, 2, 3, 4]);
    let open = header(1, 3, 1, certified.digest(&network), b"open");
    let shown = SealedSource {
        source: Seat::new(1),
        best: Some(best),
        open: vec![forge.echo(0, 1, &open)],
    };
    let seal = forge.seal(0, 4, vec![shown.clone()]);
    add("what a seal shows of a source", &encode(&shown));
    let excerpt = Excerpt::of(&seal, Seat::new(1));
    add("its digest", excerpt.contents[0].1.as_bytes());
    add("seal", &encode(&seal));
    add("excerpt of it", &encode(&excerpt));
    add(
        "content of the seal",
        seal.statement(*network.digest()).content.as_bytes(),
    );
    lines
}
