//! Evidence of two headers for one slot.

use bft_crdts::deterministic_secure_broadcast::evidence::{Contradiction, SignedHeader};
use bft_crdts::{Actor, Digest, Generation, MemberIndex, Sig};

use super::{Cases, forge::Forge, forge::header};

/// Evidence of two headers for one slot.
pub(super) fn headers(forge: &Forge, cases: &mut Cases) {
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
            let proof_file = forge.accuses(culprit, Contradiction::Headers { one, other });
            cases.proof_file(&format!("headers: {name}"), &proof_file, kind);
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
