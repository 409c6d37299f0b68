//! What the contract says, one clause at a time, in plain words.

use std::fmt::{self, Display};

/// One clause of the contract of [`SecureBroadcastAlgorithm`](crate::SecureBroadcastAlgorithm).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// The same operations in the same order give the same answers and the same bytes: a second time, a second later, and
    /// in another process.
    Determinism,
    /// What is valid where it was issued is valid wherever more operations of *others* were delivered, and what is
    /// refused there is refused.
    Stability,
    /// Operations that were issued without knowing of each other leave the same state in whatever order they come.
    Commutation,
    /// The causes an operation names are all it needs, depend on nothing but the operation, and were delivered where it
    /// was issued.
    Causes,
    /// Nothing panics: not `validate`, `causes` or `apply`, on any operation under any name in any state.
    Totality,
    /// Equal states and operations have equal bytes, and the bytes can be read back.
    CanonicalBytes,
    /// A replica that was handed the state goes on exactly as the one that handed it over.
    Snapshot,
    /// `validate_batch` decides as `validate` does, one operation after the other.
    Batches,
    /// Everything above holds, too, when the numbers in operations are as large as they can be.
    Limits,
    /// Everything above holds, too, when sources put other names and dots into their operations than their own, or copy
    /// what others said.
    Forgery,
    /// The generator draws operations of every variant that are mostly valid and can be concurrent; otherwise the tests
    /// above mean nothing.
    Meaning,
}

impl Clause {
    /// All of them.
    pub const ALL: [Clause; 11] = [
        Clause::Determinism,
        Clause::Stability,
        Clause::Commutation,
        Clause::Causes,
        Clause::Totality,
        Clause::CanonicalBytes,
        Clause::Snapshot,
        Clause::Batches,
        Clause::Limits,
        Clause::Forgery,
        Clause::Meaning,
    ];

    /// What is wrong with a type that breaks it.
    pub(super) fn broken(self) -> &'static str {
        match self {
            Clause::Determinism => "IT IS NOT DETERMINISTIC",
            Clause::Stability => "VALIDITY IS NOT STABLE",
            Clause::Commutation => "CONCURRENT OPERATIONS DO NOT COMMUTE",
            Clause::Causes => "THE CAUSES DO NOT SUFFICE",
            Clause::Totality => "IT PANICS",
            Clause::CanonicalBytes => "BYTES ARE NOT CANONICAL",
            Clause::Snapshot => "A SNAPSHOT DOES NOT GO ON LIKE THE ORIGINAL",
            Clause::Batches => "A BATCH IS NOT JUDGED AS ITS OPERATIONS IN TURN",
            Clause::Limits => "NUMBERS AT THEIR LIMITS DO HARM",
            Clause::Forgery => "FORGED OPERATIONS DO HARM",
            Clause::Meaning => "THE GENERATOR DRAWS TOO LITTLE TO TEST ANYTHING",
        }
    }

    /// The clauses without which this one cannot hold, from the ground up: where one of them is broken, the mistake is there.
    pub(super) fn builds_on(self) -> &'static [Clause] {
        const GROUND: [Clause; 6] = [
            Clause::CanonicalBytes,
            Clause::Determinism,
            Clause::Commutation,
            Clause::Causes,
            Clause::Stability,
            Clause::Snapshot,
        ];
        match self {
            Clause::Determinism | Clause::CanonicalBytes | Clause::Totality | Clause::Meaning => {
                &[]
            }
            Clause::Limits | Clause::Forgery => &GROUND,
            // Of these none is below another: each shows, too, where one of the others is broken.
            _ => GROUND.get(..2).unwrap_or_default(),
        }
    }

    /// The lines that keep it, where they are always the same.
    pub(super) fn lines(self) -> &'static [&'static str] {
        match self {
            Clause::Causes => &[
                "fn causes(&self, op: &Self::Op) -> Causes {",
                "    Causes::Dots(/* the dots in op; or Causes::Nothing */)",
                "}",
            ],
            _ => &[],
        }
    }

    /// What is asked, and what breaks it most often.
    pub(super) fn words(self) -> &'static str {
        match self {
            Clause::Determinism => {
                "The same operations in the same order must give the same answers and the same bytes: twice, a second \
                 later, in another process. No clock, randomness, hash order, address, or cell that remembers questions."
            }
            Clause::Stability => {
                "Once valid, an operation stays valid whatever *others* do before it arrives, and what is refused stays \
                 refused: `validate` may look at the operation, its causes and the past of its own source, at nothing \
                 else. If others can spend what it needs, the type needs consensus."
            }
            Clause::Commutation => {
                "Operations issued without knowing of each other arrive in different orders at different replicas, and \
                 must leave the same state in all of them. Let the larger dot win, or keep both; never the last to come."
            }
            Clause::Causes => {
                "`causes` must name every operation that this one cannot be judged or applied without, and depend on \
                 the operation alone: what its source had delivered is a claim, and a source may lie. Put the dots it \
                 builds on into the operation, and return them."
            }
            Clause::Totality => {
                "A peer can send any operation that decodes. `validate` answers, `apply` does something or nothing; no \
                 index, no `unwrap`, no unchecked sum that a peer's bytes can reach."
            }
            Clause::CanonicalBytes => {
                "Replicas compare and sign digests of bytes, so equal values need equal bytes, and bytes must decode to \
                 what was encoded. Use `BTreeMap` and `BTreeSet`, skip no field that matters, keep no float that is not \
                 equal to itself."
            }
            Clause::Snapshot => {
                "`state` must hold all that later answers depend on, and `sync_from` must put it in the place of what was \
                 there: newcomers get nothing else."
            }
            Clause::Batches => {
                "Sources and witnesses judge messages with `validate_batch`; it must give the very answer that validating \
                 and applying one operation after the other gives. If in doubt, do not override it."
            }
            Clause::Limits => {
                "A peer can write `u64::MAX` into any number. Refuse what cannot be added up safely, in a way that others \
                 cannot change; a sum that stops at a limit may depend on the order."
            }
            Clause::Forgery => {
                "Only the dot that the broadcast gives is true. A name or a dot *inside* an operation is a claim of its \
                 source: compare it with the dot, or do not put it in."
            }
            Clause::Meaning => {
                "Most of what the generator draws must be valid, in most scenarios something must happen, every variant of the \
                 operations must be issued, and somewhere two replicas must act without knowing of each other."
            }
        }
    }
}

/// The words of its test: `concurrent operations commute`.
impl Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Clause::Determinism => "determinism",
            Clause::Stability => "validity is stable",
            Clause::Commutation => "concurrent operations commute",
            Clause::Causes => "causes suffice",
            Clause::Totality => "nothing panics",
            Clause::CanonicalBytes => "bytes are canonical",
            Clause::Snapshot => "a snapshot goes on like the original",
            Clause::Batches => "batches are judged in turn",
            Clause::Limits => "numbers at their limits do no harm",
            Clause::Forgery => "forged operations do no harm",
            Clause::Meaning => "the generator means something",
        })
    }
}
