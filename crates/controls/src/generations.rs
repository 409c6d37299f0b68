//! Broken rules for changes of membership (R3 to R6, and R2 for what is older than the last change), and for
//! checkpoints.

use bft_crdts::deterministic_secure_broadcast::rules::{
    ActivateFacts, AdoptFacts, AttestFacts, EchoFacts, EnterFacts, HiddenFacts, Linked, OldFacts,
    OpenSlot, Precommit, ProposeFacts, SealFacts, Sound, StaleTimeoutFacts, TimeoutFacts, View,
    Vote1Facts, Vote2Facts,
};

/// Those that take more than the adversaries and faults of the simulated campaigns to be noticed: a thief of old keys, a
/// journal that a crash cuts at the worst moment, a Byzantine node that serves snapshots, a packet that comes when it
/// never would. Replicas without a network are shown them (`docs/controls-generations.md`, and `votes.rs` and
/// `checkpoints.rs` in `crates/controls/tests/`).
pub const BY_REPLICAS: &[&str] = &[
    "keeps-keys",
    "adopts-unattested",
    "attests-open-clocks",
    "attests-aside",
    "votes-before-disk",
    "seals-before-disk",
    "convicts-the-informed",
    "convicts-voters",
    "seals-unactivated",
    "votes-twice",
    "votes-in-the-past",
    "times-out-ahead",
    "proposes-unapproved",
    "one-timeout-short",
];

/// Whether the simulated campaigns are not those who notice this one.
#[must_use]
pub fn is_elsewhere(name: &str) -> bool {
    BY_REPLICAS.contains(&name)
}

crate::controls! {
    /// A member that has sealed its generation goes on echoing in it.
    EchoesAfterSeal = "echoes-after-seal" {
        fn may_echo(facts: &EchoFacts) -> bool {
            Sound::may_echo(&EchoFacts { active: true, ..*facts })
        }
    }

    /// The headers that seals show open are not inherited.
    IgnoresOpenHeaders = "ignores-open-headers" {
        fn merge_seals<H: Linked>(
            start: &H::Name,
            own: View<H>,
            mut seals: Vec<View<H>>,
        ) -> View<H> {
            for seal in &mut seals {
                seal.open.clear();
            }
            Sound::merge_seals(start, own, seals)
        }
    }

    /// Of two headers in one slot either may be echoed.
    ThawsFrozen = "thaws-frozen" {
        fn may_echo(facts: &EchoFacts) -> bool {
            let open = match facts.open {
                OpenSlot::Frozen => OpenSlot::Same,
                open => open,
            };
            Sound::may_echo(&EchoFacts { open, ..*facts })
        }
    }

    /// One seal less than a quorum is enough.
    OneSealShort = "one-seal-short" {
        fn may_activate(facts: &ActivateFacts) -> bool {
            Sound::may_activate(&ActivateFacts { seals: facts.seals + 1, ..*facts })
        }
    }

    /// Certificates of older generations are refused.
    RefusesOldCertificates = "refuses-old-certificates" {
        fn may_take_old(_facts: &OldFacts) -> bool {
            false
        }
    }

    /// Only what is open here is taken from an older generation, by a joiner too, who has nothing open.
    TakesOpenOnly = "takes-open-only" {
        fn may_take_old(facts: &OldFacts) -> bool {
            Sound::may_take_old(&OldFacts { followed: true, ..*facts })
        }
    }

    /// A member seals a generation that it never activated.
    SealsUnactivated = "seals-unactivated" {
        fn may_seal(facts: &SealFacts) -> bool {
            Sound::may_seal(&SealFacts { activated: true, ..*facts })
        }
    }

    /// Headers that were inherited open are not passed on.
    ForgetsInherited = "forgets-inherited" {
        fn carries_open(echoed: bool) -> bool {
            echoed
        }
    }

    /// A member has one key for all generations, and whoever steals it later signs for those that are over.
    KeepsKeys = "keeps-keys" {
        fn erases_keys() -> bool {
            false
        }
    }

    /// Of the open headers only those furthest along are kept, whatever they are linked to.
    KeepsHighestHeader = "keeps-highest-header" {
        fn merge_seals<H: Linked>(start: &H::Name, own: View<H>, seals: Vec<View<H>>) -> View<H> {
            let all = std::iter::once(&own).chain(&seals);
            let mut open: Vec<H> = all.flat_map(|view| view.open.iter().cloned()).collect();
            let furthest = open.iter().map(Linked::first).max();
            open.retain(|header| Some(header.first()) == furthest);
            open.sort_by_key(Linked::name);
            open.dedup_by_key(|header| header.name());
            View { open, ..Sound::merge_seals(start, own, seals) }
        }
    }

    /// What others have voted for in an earlier attempt binds nobody.
    IgnoresHighest = "ignores-highest" {
        fn highest<V: Clone>(
            _shown: impl IntoIterator<Item = Option<Precommit<V>>>,
        ) -> Option<Precommit<V>> {
            None
        }
    }

    /// One timeout less than a quorum ends an attempt.
    OneTimeoutShort = "one-timeout-short" {
        fn may_enter(facts: &EnterFacts) -> bool {
            Sound::may_enter(&EnterFacts { timeouts: facts.timeouts + 1, ..*facts })
        }
    }

    /// A member votes for a second proposal of one attempt.
    VotesTwice = "votes-twice" {
        fn may_vote1(facts: &Vote1Facts) -> bool {
            Sound::may_vote1(&Vote1Facts { voted: false, ..*facts })
        }
    }

    /// A member votes in attempts that it has left behind.
    VotesInThePast = "votes-in-the-past" {
        fn may_vote1(facts: &Vote1Facts) -> bool {
            Sound::may_vote1(&Vote1Facts { current: true, ..*facts })
        }
        fn may_vote2(facts: &Vote2Facts) -> bool {
            Sound::may_vote2(&Vote2Facts { current: true, ..*facts })
        }
    }

    /// A member gives up attempts that it has not come to yet, and goes on voting.
    TimesOutAhead = "times-out-ahead" {
        fn may_time_out(facts: &TimeoutFacts) -> bool {
            Sound::may_time_out(&TimeoutFacts { current: true, ..*facts })
        }
    }

    /// Nobody ever proposes a change, however many approve it.
    ProposesNothing = "proposes-nothing" {
        fn may_propose(_facts: &ProposeFacts) -> bool {
            false
        }
    }

    /// One member's word about the state is enough.
    AdoptsUnattested = "adopts-unattested" {
        fn may_adopt(facts: &AdoptFacts) -> bool {
            facts.attested > 0
        }
    }

    /// A clock is attested that no replica can have stood at: with operations whose causes lie beyond it.
    AttestsOpenClocks = "attests-open-clocks" {
        fn may_attest(facts: &AttestFacts) -> bool {
            Sound::may_attest(&AttestFacts { closed: true, ..*facts })
        }
    }

    /// A clock is attested whatever else was, by oneself or in the generation before: of two checkpoints neither covers the
    /// other.
    AttestsAside = "attests-aside" {
        fn may_attest(facts: &AttestFacts) -> bool {
            Sound::may_attest(&AttestFacts { beyond: true, ..*facts })
        }
    }

    /// Votes, proposals and timeouts leave before they are on disk.
    VotesBeforeDisk = "votes-before-disk" {
        fn persists_votes() -> bool {
            false
        }
    }

    /// A seal leaves before it is on disk.
    SealsBeforeDisk = "seals-before-disk" {
        fn persists_seal() -> bool {
            false
        }
    }

    /// Whoever seals convicts itself unless it shows every header that it has echoed, certified or not.
    ConvictsTheInformed = "convicts-the-informed" {
        fn hides(facts: &HiddenFacts) -> bool {
            Sound::hides(&HiddenFacts { passed: false, ..*facts })
        }
    }

    /// Whoever has voted a second time and then gives an attempt up is convicted, whatever it shows.
    ConvictsVoters = "convicts-voters" {
        fn forgets(facts: &StaleTimeoutFacts) -> bool {
            Sound::forgets(&StaleTimeoutFacts { shown: None, ..*facts })
        }
    }

    /// Changes are proposed, and voted for, that hardly anybody has approved.
    ProposesUnapproved = "proposes-unapproved" {
        fn is_approved(_approvals: usize, _members: usize) -> bool {
            true
        }
    }
}
