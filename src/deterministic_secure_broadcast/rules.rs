//! The decisions on which safety rests, as pure functions over small facts.
//!
//! The replica, and every model of it, asks these functions and nobody else. [`Sound`] is the
//! protocol. The other implementations stand in a crate that is never published: each breaks one
//! rule, so that the checkers can show that they would notice.

use std::fmt::Debug;

use crate::membership::quorum;

mod accuse;
mod checkpoint;
mod decide;
mod reconfiguration;

pub use accuse::{HiddenFacts, StaleTimeoutFacts};
pub use checkpoint::{AdoptFacts, AttestFacts};
pub use decide::{EnterFacts, Precommit, ProposeFacts, TimeoutFacts, Vote1Facts, Vote2Facts};
pub use reconfiguration::{ActivateFacts, Linked, OldFacts, SealFacts, View};

mod sealed {
    /// Only [`Sound`](super::Sound) has it, unless the feature `unsound-rules` opens the door.
    pub trait Sealed {}
    impl Sealed for super::Sound {}
    #[cfg(feature = "unsound-rules")]
    pub use self::Sealed as Unsound;
}

/// The key to [`Rules`], for deliberately broken rule sets only.
#[cfg(feature = "unsound-rules")]
#[doc(hidden)]
pub use sealed::Unsound;

/// What the witness's `open` holds for the slot that is asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum OpenSlot {
    /// No header.
    Empty,
    /// Exactly the header that is asked for.
    Same,
    /// Another header.
    Other,
    /// Two headers: only a certificate resolves the slot.
    Frozen,
}

/// What a witness knows about a request when it decides whether to echo (R1).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct EchoFacts {
    /// The slot comes right after what is delivered here.
    pub next: bool,
    /// Nothing above what is delivered is known to be certified.
    pub settled: bool,
    /// The header names the delivered header before it.
    pub linked: bool,
    /// All its causes are delivered.
    pub causes: bool,
    /// The operations' bytes have the digest the header names.
    pub digest: bool,
    /// Every operation is valid, in turn.
    pub valid: bool,
    /// What `open` holds.
    pub open: OpenSlot,
    /// The generation it counts in is active here, and not sealed.
    pub active: bool,
}

/// What is known of one signature when it is counted towards a quorum.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct SignerFacts {
    /// The signer is a member of that generation.
    pub member: bool,
    /// It was not counted before.
    pub fresh: bool,
}

/// What is known of a certified message when it is about to be delivered (R2).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeliverFacts {
    /// The message before it is delivered, and its header names it.
    pub linked: bool,
    /// All its causes are delivered.
    pub causes: bool,
}

/// The rules of the protocol; sealed, [`Sound`] is the only one there is.
pub trait Rules: sealed::Sealed + Clone + Debug + PartialEq + Eq + Send + Sync + 'static {
    /// The name of this rule set.
    const NAME: &'static str;

    /// How many distinct members must have echoed.
    #[must_use]
    fn quorum(members: usize) -> usize {
        quorum::quorum(members)
    }

    /// R1: whether a witness may echo (I6).
    #[must_use]
    fn may_echo(facts: &EchoFacts) -> bool {
        facts.next
            && facts.settled
            && facts.linked
            && facts.causes
            && facts.digest
            && facts.valid
            && facts.active
            && matches!(facts.open, OpenSlot::Empty | OpenSlot::Same)
    }

    /// I7: whether a signature counts towards a quorum; `verify` is asked last, for it is expensive.
    #[must_use]
    fn may_count(facts: SignerFacts, verify: impl FnOnce() -> bool) -> bool {
        facts.member && facts.fresh && verify()
    }

    /// R2: whether a certified message may be delivered (I8).
    #[must_use]
    fn may_deliver(facts: &DeliverFacts) -> bool {
        facts.linked && facts.causes
    }

    /// R2, I9: whether operations' bytes may stand for a header; `matches`: they have its digest.
    #[must_use]
    fn may_attach(matches: bool) -> bool {
        matches
    }

    /// R2: whether a proof may be taken from somebody who is not its source.
    #[must_use]
    fn takes_relayed_proofs() -> bool {
        true
    }

    /// R1: whether the echo for the header in `open` is given again when asked again.
    #[must_use]
    fn repeats_echo() -> bool {
        true
    }

    /// R1: whether a request that came too early is held until its causes are delivered.
    #[must_use]
    fn parks() -> bool {
        true
    }

    /// I2: whether `open` is on disk before the echo leaves.
    #[must_use]
    fn persists_open() -> bool {
        true
    }

    /// I1: whether the source's own message is on disk before its request leaves.
    #[must_use]
    fn persists_own() -> bool {
        true
    }

    /// I1 for what is said about the next generation: whether a vote, a proposal, a timeout is on disk before it leaves.
    #[must_use]
    fn persists_votes() -> bool {
        true
    }

    /// I2 for a whole generation: whether a seal is on disk before it leaves.
    #[must_use]
    fn persists_seal() -> bool {
        true
    }

    /// I12: whether an echo and a seal of one member and generation contradict each other.
    #[must_use]
    fn hides(facts: &HiddenFacts) -> bool {
        !facts.passed && !facts.open
    }

    /// I12: whether a second vote and a timeout of one member and generation contradict each other.
    #[must_use]
    fn forgets(facts: &StaleTimeoutFacts) -> bool {
        facts.given_up >= facts.voted && facts.shown < Some(facts.voted)
    }

    /// R3: whether a change has been approved by enough members to be proposed.
    #[must_use]
    fn is_approved(approvals: usize, members: usize) -> bool {
        approvals >= Self::quorum(members)
    }

    /// R4: whether a leader may propose this value in this attempt.
    #[must_use]
    fn may_propose(facts: &ProposeFacts) -> bool {
        facts.leader && facts.approved && facts.justified && facts.carries_highest
    }

    /// R4: whether a member may vote for a proposal.
    #[must_use]
    fn may_vote1(facts: &Vote1Facts) -> bool {
        let proposal = facts.proposal;
        facts.current && !facts.timed_out && !facts.voted && Self::may_propose(&proposal)
    }

    /// R4: whether a member may vote that a quorum has voted (`QC1`).
    #[must_use]
    fn may_vote2(facts: &Vote2Facts) -> bool {
        facts.current
            && !facts.timed_out
            && !facts.voted
            && facts.votes1 >= Self::quorum(facts.members)
    }

    /// R4: whether a quorum of second votes decides.
    #[must_use]
    fn is_decided(votes2: usize, members: usize) -> bool {
        votes2 >= Self::quorum(members)
    }

    /// R4: whether a member may give an attempt up.
    #[must_use]
    fn may_time_out(facts: &TimeoutFacts) -> bool {
        facts.current && !facts.timed_out
    }

    /// R4: whether a member leaves its attempt for the one after these timeouts.
    #[must_use]
    fn may_enter(facts: &EnterFacts) -> bool {
        facts.not_behind && facts.timeouts >= Self::quorum(facts.members)
    }

    /// R4: what the next proposal has to carry: the value of the highest `QC1` that any of these timeouts shows.
    #[must_use]
    fn highest<V: Clone>(
        shown: impl IntoIterator<Item = Option<Precommit<V>>>,
    ) -> Option<Precommit<V>> {
        decide::highest(shown)
    }

    /// R5: whether a member may seal its generation.
    #[must_use]
    fn may_seal(facts: &SealFacts) -> bool {
        facts.activated && facts.decided
    }

    /// R5, R6: whether a header that is open is shown in a seal, and kept by whoever goes on to the next generation;
    /// `echoed`: in this generation, not only inherited.
    #[must_use]
    fn carries_open(_echoed: bool) -> bool {
        true
    }

    /// R5, A3: whether the keys of a generation are erased when it is sealed: a member's last word in it. The next key
    /// is announced before.
    #[must_use]
    fn erases_keys() -> bool {
        true
    }

    /// R6: whether a replica may activate the generation that was decided.
    #[must_use]
    fn may_activate(facts: &ActivateFacts) -> bool {
        facts.decided && facts.settled && facts.seals >= Self::quorum(facts.members)
    }

    /// R6: what a replica knows of a source after a reconfiguration, from what it knew and what the seals show.
    #[must_use]
    fn merge_seals<H: Linked>(start: &H::Name, own: View<H>, seals: Vec<View<H>>) -> View<H> {
        reconfiguration::merge(start, own, seals)
    }

    /// R2: whether a certificate of an older generation may be taken.
    #[must_use]
    fn may_take_old(facts: &OldFacts) -> bool {
        facts.below_best
            || if facts.followed {
                facts.open
            } else {
                facts.vouched
            }
    }

    /// Whether a member may attest the state it has at a clock.
    #[must_use]
    fn may_attest(facts: &AttestFacts) -> bool {
        facts.delivered && facts.closed && facts.beyond
    }

    /// Whether enough members attest a checkpoint for others to go by.
    #[must_use]
    fn may_adopt(facts: &AdoptFacts) -> bool {
        facts.attested >= Self::quorum(facts.members)
    }
}

/// The protocol as it is meant: every default of [`Rules`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sound;

impl Rules for Sound {
    const NAME: &'static str = "sound";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_echoes_only_if_every_single_fact_holds() {
        let good = EchoFacts {
            next: true,
            settled: true,
            linked: true,
            causes: true,
            digest: true,
            valid: true,
            open: OpenSlot::Empty,
            active: true,
        };
        assert!(Sound::may_echo(&good));
        assert!(Sound::may_echo(&EchoFacts {
            open: OpenSlot::Same,
            ..good
        }));
        for bad in [
            EchoFacts {
                next: false,
                ..good
            },
            EchoFacts {
                settled: false,
                ..good
            },
            EchoFacts {
                linked: false,
                ..good
            },
            EchoFacts {
                causes: false,
                ..good
            },
            EchoFacts {
                digest: false,
                ..good
            },
            EchoFacts {
                valid: false,
                ..good
            },
            EchoFacts {
                active: false,
                ..good
            },
            EchoFacts {
                open: OpenSlot::Other,
                ..good
            },
            EchoFacts {
                open: OpenSlot::Frozen,
                ..good
            },
        ] {
            assert!(!Sound::may_echo(&bad), "{bad:?}");
        }
    }

    #[test]
    fn a_signature_counts_once_for_a_member_and_only_if_it_verifies() {
        for bits in 0_u8..8 {
            let facts = SignerFacts {
                member: bits & 1 != 0,
                fresh: bits & 2 != 0,
            };
            assert_eq!(Sound::may_count(facts, || bits & 4 != 0), bits == 7);
        }
    }
}
