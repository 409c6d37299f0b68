//! Evidence of two statements of one kind, and of a vote that a timeout denies.

use bft_crdts::deterministic_secure_broadcast::evidence::{Contradiction, SignedDigest};
use bft_crdts::deterministic_secure_broadcast::wire::Phase;
use bft_crdts::deterministic_secure_broadcast::wire::statement::{
    FirstVoteStatement, ProposeStatement, SecondVoteStatement, TimeoutStatement,
};
use bft_crdts::{Actor, Digest, Generation, Sig};

use super::{Cases, forge::Forge, forge::joiners};

/// Evidence of two statements of one kind, and of a vote that a timeout denies.
pub(super) fn pairs(forge: &Forge, cases: &mut Cases) {
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
            let proof_file = forge.accuses(culprit, contradiction);
            cases.proof_file(
                &format!("evidence in {generation}: {name}"),
                &proof_file,
                kind,
            );
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
        let denied =
            |voted, given_up, highest: Option<(u32, Digest)>| Contradiction::StaleTimeout {
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
        if let Contradiction::StaleTimeout { timeout, .. } = &mut unsigned {
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
