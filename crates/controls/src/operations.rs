//! Broken rules of operations (R1, R2).

use bft_crdts::deterministic_secure_broadcast::rules::{
    DeliverFacts, EchoFacts, OpenSlot, SignerFacts, Sound,
};

crate::controls! {
    /// Half of the members are a quorum.
    QuorumOfHalf = "quorum-of-half" {
        fn quorum(members: usize) -> usize {
            members.div_ceil(2)
        }
    }

    /// A witness forgets what it has echoed and echoes any header for the slot.
    ForgetsOpen = "forgets-open" {
        fn may_echo(facts: &EchoFacts) -> bool {
            Sound::may_echo(&EchoFacts { open: OpenSlot::Empty, ..*facts })
        }
    }

    /// The echo leaves before the header it binds to is on disk.
    EchoesBeforeDisk = "echoes-before-disk" {
        fn persists_open() -> bool {
            false
        }
    }

    /// A source does not journal its own message and signs another after a restart.
    ForgetsOwnMessage = "forgets-own-message" {
        fn persists_own() -> bool {
            false
        }
    }

    /// Messages are echoed and delivered before their causes.
    IgnoresCauses = "ignores-causes" {
        fn may_echo(facts: &EchoFacts) -> bool {
            Sound::may_echo(&EchoFacts { causes: true, ..*facts })
        }
        fn may_deliver(facts: &DeliverFacts) -> bool {
            Sound::may_deliver(&DeliverFacts { causes: true, ..*facts })
        }
    }

    /// Invalid operations are echoed.
    IgnoresInvalid = "ignores-invalid" {
        fn may_echo(facts: &EchoFacts) -> bool {
            Sound::may_echo(&EchoFacts { valid: true, ..*facts })
        }
    }

    /// Messages are echoed and delivered without the ones before them.
    LeavesGaps = "leaves-gaps" {
        fn may_echo(facts: &EchoFacts) -> bool {
            let facts = EchoFacts { next: true, settled: true, linked: true, ..*facts };
            Sound::may_echo(&facts)
        }
        fn may_deliver(facts: &DeliverFacts) -> bool {
            Sound::may_deliver(&DeliverFacts { linked: true, ..*facts })
        }
    }

    /// Signatures count without being verified.
    TrustsSignatures = "trusts-signatures" {
        fn may_count(facts: SignerFacts, _verify: impl FnOnce() -> bool) -> bool {
            Sound::may_count(facts, || true)
        }
    }

    /// Echoes of outsiders count towards the quorum.
    CountsOutsiders = "counts-outsiders" {
        fn may_count(facts: SignerFacts, verify: impl FnOnce() -> bool) -> bool {
            Sound::may_count(SignerFacts { member: true, ..facts }, verify)
        }
    }

    /// One member's echo counts as often as it arrives.
    CountsTwice = "counts-twice" {
        fn may_count(facts: SignerFacts, verify: impl FnOnce() -> bool) -> bool {
            Sound::may_count(SignerFacts { fresh: true, ..facts }, verify)
        }
    }

    /// Operations are taken for a header that names others.
    TakesAnyOperations = "takes-any-operations" {
        fn may_attach(_matches: bool) -> bool {
            true
        }
    }

    /// A proof is taken from its source only.
    RefusesRelays = "refuses-relays" {
        fn takes_relayed_proofs() -> bool {
            false
        }
    }

    /// An echo is given once and never again.
    EchoesOnce = "echoes-once" {
        fn repeats_echo() -> bool {
            false
        }
    }
}
