//! Files about the chain of generations, with and without a pin.

use bft_crdts::deterministic_secure_broadcast::proof_file::{GenesisFile, ProofFile, Subject};
use bft_crdts::deterministic_secure_broadcast::wire::NextKeys;
use bft_crdts::deterministic_secure_broadcast::{Decision, Generations, Link};
use bft_crdts::membership::Signers;
use bft_crdts::{Actor, Change, Digest, Generation, MemberIndex};

use super::{
    Cases, forge::Forge, forge::joiners, framing::GENESIS, framing::frames, framing::genesis_of,
};

pub(super) fn chains(forge: &Forge, cases: &mut Cases) {
    let whole = forge.file(Subject::Chain);
    cases.proof_file("chain: three links", &whole, "");
    let mut shorter = whole.clone();
    shorter.links.truncate(2);
    cases.proof_file("chain: two of them", &shorter, "");
    let mut gap = whole.clone();
    gap.links.remove(1);
    cases.proof_file("chain: one missing", &gap, "chain:link:broken-chain");
    let mut twice = whole.clone();
    twice.links.insert(1, whole.links[0].clone());
    cases.proof_file("chain: one twice", &twice, "chain:link:broken-chain");

    // Another first link, good or bad.
    let start = Forge::new(forge.network(), 7);
    let members: Vec<Actor> = start.keys.keys().copied().collect();
    let join = Change::Join(joiners()[1].actor());
    let voters = [0, 1, 2, 3, 4];
    let mut first = |name: &str, link: Link, kind: &str| {
        let proof_file = ProofFile {
            network: forge.network(),
            links: vec![link],
            subject: Subject::Chain,
        };
        cases.proof_file(&format!("link: {name}"), &proof_file, kind);
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
    cases.proof_file(
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
    cases.proof_file(
        "link: by keys of the past",
        &old,
        "chain:link:invalid-signature",
    );
    let mut good = whole;
    good.links.push(forge.link(join, &[0], 0, &voters));
    cases.proof_file("link: by keys of the present", &good, "");
    // The last member cannot go.
    let one =
        GenesisFile::read(&frames(GENESIS, &[&genesis_of(&members[..1])])).expect("a genesis");
    let mut alone = Forge::new(one.network(), 1);
    alone.keys = start.keys.clone();
    alone.chain = Generations::genesis(one.network(), &members[..1]).expect("sound");
    alone.past = vec![alone.keys.clone()];
    let mut proof_file = alone.file(Subject::Chain);
    proof_file.links = vec![alone.link(Change::Leave(members[0]), &[], 0, &[0])];
    cases.add(
        "link: the last member leaves",
        "one",
        proof_file.to_bytes(),
        "chain:link:change:last-member",
    );
    proof_file.links = vec![alone.link(join, &[], 0, &[0])];
    cases.add(
        "link: one lets another join",
        "one",
        proof_file.to_bytes(),
        "",
    );
}

pub(super) fn pins(forge: &Forge, cases: &mut Cases) {
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
