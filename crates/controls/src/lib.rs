//! Deliberately broken rule sets: the positive controls of the checkers.
//!
//! Each breaks one rule of the protocol and nothing else; some break a data type instead. A campaign that does not
//! catch every one of them proves nothing about the sound rules. This crate is never published, and nothing but the
//! command's campaigns and the tests may depend on it.

use bft_crdts::deterministic_secure_broadcast::rules::{Rules, Sound};

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
            impl bft_crdts::deterministic_secure_broadcast::rules::Unsound for $rules {}
            impl bft_crdts::deterministic_secure_broadcast::rules::Rules for $rules {
                const NAME: &'static str = $name;
                $($body)*
            }
        )*

        /// Every broken rule set of this module.
        pub const CONTROLS: &[$crate::Control] = &[
            $($crate::Control { name: $name, breaks: concat!($($breaks),+).trim_ascii_start() }),*
        ];

        /// Lets `visitor` do its work with the rules of this module that have this name.
        #[must_use]
        pub fn visit<V: $crate::Visitor>(name: &str, visitor: V) -> Option<V::Output> {
            match name {
                $($name => Some(visitor.visit::<$rules>()),)*
                _ => None,
            }
        }
    };
}
pub(crate) use controls;

pub mod chosen;
pub mod generations;
pub mod operations;
pub mod recording;
pub mod seeded_bugs;

pub use operations::{
    CountsOutsiders, CountsTwice, EchoesBeforeDisk, EchoesOnce, ForgetsOpen, ForgetsOwnMessage,
    IgnoresCauses, IgnoresInvalid, LeavesGaps, QuorumOfHalf, RefusesRelays, TakesAnyOperations,
    TrustsSignatures,
};

/// The names of everything that is broken on purpose: rules of operations, rules of generations, data types.
pub fn all() -> impl Iterator<Item = &'static Control> {
    operations::CONTROLS
        .iter()
        .chain(generations::CONTROLS)
        .chain(seeded_bugs::CONTROLS)
}

/// Lets `visitor` do its work with the rules of this name, `"sound"` included.
pub fn visit<V: Visitor>(name: &str, visitor: V) -> Option<V::Output> {
    if name == Sound::NAME {
        return Some(visitor.visit::<Sound>());
    }
    match operations::CONTROLS
        .iter()
        .any(|control| control.name == name)
    {
        true => operations::visit(name, visitor),
        false => generations::visit(name, visitor),
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
        for control in operations::CONTROLS.iter().chain(generations::CONTROLS) {
            assert_eq!(
                visit(control.name, Quorum(4)).map(|(name, _)| name),
                Some(control.name)
            );
        }
        let names: std::collections::BTreeSet<&str> = all().map(|control| control.name).collect();
        assert_eq!(names.len(), all().count(), "no name stands for two");
        assert_eq!(visit("sound", Quorum(4)), Some(("sound", 3)));
        assert_eq!(
            visit("quorum-of-half", Quorum(4)),
            Some(("quorum-of-half", 2))
        );
        assert_eq!(visit("no such rules", Quorum(4)), None);
    }
}
