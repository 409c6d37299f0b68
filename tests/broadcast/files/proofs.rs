//! Files that prove operations.

use bft_crdts::deterministic_secure_broadcast::Header;
use bft_crdts::deterministic_secure_broadcast::proof_file::Subject;
use bft_crdts::membership::Signers;
use bft_crdts::membership::quorum::quorum;
use bft_crdts::{Bytes, Certificate, Counter, Digest, Generation, MemberIndex, Seat};

use super::{Cases, forge::Forge, forge::header};

pub(super) fn proofs(forge: &Forge, cases: &mut Cases) {
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
        cases.proof_file(
            &format!("proof: in generation {generation}"),
            &proof(good.clone(), &ops),
            "",
        );
        let few = forge.certificate(generation, &source, &signers[1..]);
        cases.proof_file(
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
        cases.proof_file(
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
        cases.proof_file(&format!("proof: {name}"), &proof(certificate, ops), kind);
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
