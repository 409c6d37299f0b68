//! Deliberately broken rule sets: the positive controls of the judges.
//!
//! Each breaks one rule of the protocol and nothing else. A campaign that does not catch every one of
//! them proves nothing about the sound rules. This crate is never published, and nothing but the
//! command's campaigns and the tests may depend on it.

use bft_crdts::deterministic_secure_broadcast::rules::{
    DeliverFacts, EchoFacts, OpenSlot, Rules, SignerFacts, Sound, Unsound,
};

pub mod chosen;
pub mod generations;
pub mod recording;

/// One broken rule set, for people.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its name, as scenarios and the command spell it.
    pub name: &'static str,
    /// What is broken.
    pub breaks: &'static str,
}

/// Something to be done with a rule set that is known by name only.
pub trait Visitor {
    /// What comes out of it.
    type Output;
    /// Does it with these rules.
    fn visit<R: Rules>(self) -> Self::Output;
}

macro_rules! controls {
    ($($(#[doc = $breaks:literal])+ $rules:ident = $name:literal { $($body:tt)* })*) => {
        $(
            $(#[doc = $breaks])+
            #[derive(Copy, Clone, Debug, PartialEq, Eq)]
            pub struct $rules;
            impl Unsound for $rules {}
            impl Rules for $rules {
                const NAME: &'static str = $name;
                $($body)*
            }
        )*

        /// Every broken rule set.
        pub const CONTROLS: &[Control] = &[
            $(Control { name: $name, breaks: concat!($($breaks),+).trim_ascii_start() }),*
        ];

        /// Lets `visitor` do its work with the rules of this name, `"sound"` included.
        #[must_use]
        pub fn visit<V: Visitor>(name: &str, visitor: V) -> Option<V::Output> {
            match name {
                <Sound as Rules>::NAME => Some(visitor.visit::<Sound>()),
                $($name => Some(visitor.visit::<$rules>()),)*
                _ => None,
            }
        }
    };
}

controls! {
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Quorum(usize);

    impl Visitor for Quorum {
        type Output = (&'static str, usize);
        fn visit<R: Rules>(self) -> Self::Output {
            (R::NAME, R::quorum(self.0))
        }
    }

    #[test]
    fn every_control_is_found_by_its_name_and_the_sound_rules_too() {
        for control in CONTROLS {
            assert_eq!(
                visit(control.name, Quorum(4)).map(|(name, _)| name),
                Some(control.name)
            );
        }
        assert_eq!(visit("sound", Quorum(4)), Some(("sound", 3)));
        assert_eq!(
            visit("quorum-of-half", Quorum(4)),
            Some(("quorum-of-half", 2))
        );
        assert_eq!(visit("no such rules", Quorum(4)), None);
    }
}
