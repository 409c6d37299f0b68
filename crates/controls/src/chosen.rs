//! All rule sets as one type, chosen when a run begins.
//!
//! A simulation is compiled anew for every rule set it is played with. For a program that plays all of them that is
//! a minute of compiling; with [`Chosen`] it is compiled once.

use std::cell::Cell;

use bft_crdts::deterministic_secure_broadcast::rules::{
    DeliverFacts, EchoFacts, Rules, SignerFacts, Sound, Unsound,
};

use crate::{Visitor, visit};

/// The rules that [`with`] has chosen on this thread; the sound ones where it has not.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Chosen;

/// Every rule of one rule set.
#[derive(Copy, Clone)]
struct Table {
    quorum: fn(usize) -> usize,
    may_echo: fn(&EchoFacts) -> bool,
    may_count: fn(SignerFacts, &mut dyn FnMut() -> bool) -> bool,
    may_deliver: fn(&DeliverFacts) -> bool,
    may_attach: fn(bool) -> bool,
    takes_relayed_proofs: fn() -> bool,
    repeats_echo: fn() -> bool,
    parks: fn() -> bool,
    persists_open: fn() -> bool,
    persists_own: fn() -> bool,
}

impl Table {
    fn of<R: Rules>() -> Self {
        Self {
            quorum: R::quorum,
            may_echo: R::may_echo,
            may_count: |facts, verify| R::may_count(facts, verify),
            may_deliver: R::may_deliver,
            may_attach: R::may_attach,
            takes_relayed_proofs: R::takes_relayed_proofs,
            repeats_echo: R::repeats_echo,
            parks: R::parks,
            persists_open: R::persists_open,
            persists_own: R::persists_own,
        }
    }
}

thread_local! {
    static TABLE: Cell<Table> = Cell::new(Table::of::<Sound>());
}

/// Does something on this thread for which [`Chosen`] are the rules of this name, `"sound"` included; `None` if there
/// are none.
pub fn with<T>(name: &str, act: impl FnOnce() -> T) -> Option<T> {
    struct Look;
    impl Visitor for Look {
        type Output = Table;
        fn visit<R: Rules>(self) -> Table {
            Table::of::<R>()
        }
    }
    /// Puts back what was chosen before, even if `act` panics.
    struct Before(Table);
    impl Drop for Before {
        fn drop(&mut self) {
            TABLE.set(self.0);
        }
    }
    let table = visit(name, Look)?;
    let _before = Before(TABLE.replace(table));
    Some(act())
}

impl Unsound for Chosen {}

impl Rules for Chosen {
    const NAME: &'static str = "chosen";

    fn quorum(members: usize) -> usize {
        (TABLE.get().quorum)(members)
    }

    fn may_echo(facts: &EchoFacts) -> bool {
        (TABLE.get().may_echo)(facts)
    }

    fn may_count(facts: SignerFacts, verify: impl FnOnce() -> bool) -> bool {
        let mut verify = Some(verify);
        (TABLE.get().may_count)(facts, &mut || verify.take().is_some_and(|verify| verify()))
    }

    fn may_deliver(facts: &DeliverFacts) -> bool {
        (TABLE.get().may_deliver)(facts)
    }

    fn may_attach(matches: bool) -> bool {
        (TABLE.get().may_attach)(matches)
    }

    fn takes_relayed_proofs() -> bool {
        (TABLE.get().takes_relayed_proofs)()
    }

    fn repeats_echo() -> bool {
        (TABLE.get().repeats_echo)()
    }

    fn parks() -> bool {
        (TABLE.get().parks)()
    }

    fn persists_open() -> bool {
        (TABLE.get().persists_open)()
    }

    fn persists_own() -> bool {
        (TABLE.get().persists_own)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_rules_are_those_of_the_name_for_as_long_as_they_are_chosen() {
        let signer = SignerFacts {
            member: true,
            fresh: true,
        };
        assert_eq!(with("quorum-of-half", || Chosen::quorum(4)), Some(2));
        assert_eq!(with("sound", || Chosen::quorum(4)), Some(3));
        assert_eq!(with("no such rules", || ()), None);
        assert_eq!(
            with("trusts-signatures", || Chosen::may_count(signer, || false)),
            Some(true)
        );
        assert!(!Chosen::may_count(signer, || false) && Chosen::may_count(signer, || true));
        let inner = with("echoes-once", || {
            let inner = with("forgets-own-message", || {
                (Chosen::repeats_echo(), Chosen::persists_own())
            });
            (inner, Chosen::repeats_echo(), Chosen::persists_own())
        });
        assert_eq!(inner, Some((Some((true, false)), false, true)));
        assert!(Chosen::repeats_echo() && Chosen::persists_own());
    }
}
