//! All rule sets as one type, chosen when a run begins.
//!
//! A simulation is compiled anew for every rule set it is played with. For a program that plays all of them that is
//! a minute of compiling; with [`Chosen`] it is compiled once.

use std::cell::Cell;

use bft_crdts::deterministic_secure_broadcast::rules::{
    ActivateFacts, DeliverFacts, EchoFacts, EnterFacts, Linked, OldFacts, Precommit, ProposeFacts,
    Rules, SealFacts, SignerFacts, Sound, TimeoutFacts, Unsound, View, Vote1Facts, Vote2Facts,
};

use crate::generations::{IgnoresHighest, IgnoresOpenHeaders, KeepsHighestHeader};
use crate::{Visitor, seeded_bugs, visit};

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
    is_approved: fn(usize, usize) -> bool,
    may_propose: fn(&ProposeFacts) -> bool,
    may_vote1: fn(&Vote1Facts) -> bool,
    may_vote2: fn(&Vote2Facts) -> bool,
    is_decided: fn(usize, usize) -> bool,
    may_time_out: fn(&TimeoutFacts) -> bool,
    may_enter: fn(&EnterFacts) -> bool,
    may_seal: fn(&SealFacts) -> bool,
    carries_open: fn(bool) -> bool,
    may_activate: fn(&ActivateFacts) -> bool,
    may_take_old: fn(&OldFacts) -> bool,
    /// The two rules that are generic have no pointers: these say which rule sets break them.
    forgets_highest: bool,
    merges: Merges,
}

/// How seals are merged.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Merges {
    Soundly,
    WithoutOpen,
    HighestOnly,
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
            is_approved: R::is_approved,
            may_propose: R::may_propose,
            may_vote1: R::may_vote1,
            may_vote2: R::may_vote2,
            is_decided: R::is_decided,
            may_time_out: R::may_time_out,
            may_enter: R::may_enter,
            may_seal: R::may_seal,
            carries_open: R::carries_open,
            may_activate: R::may_activate,
            may_take_old: R::may_take_old,
            forgets_highest: R::NAME == IgnoresHighest::NAME,
            merges: match R::NAME {
                IgnoresOpenHeaders::NAME => Merges::WithoutOpen,
                KeepsHighestHeader::NAME => Merges::HighestOnly,
                _ => Merges::Soundly,
            },
        }
    }
}

thread_local! {
    static TABLE: Cell<Table> = Cell::new(Table::of::<Sound>());
}

/// Does something on this thread for which [`Chosen`] are the rules of this name, `"sound"` included; `None` if there
/// are none. For the name of a planted mistake the rules are sound and every [`SeededBugs`](seeded_bugs::SeededBugs)
/// has it.
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
    let rules = match seeded_bugs::is_known(name) {
        true => Sound::NAME,
        false => name,
    };
    let table = visit(rules, Look)?;
    let _before = Before(TABLE.replace(table));
    Some(seeded_bugs::with(name, act))
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

    fn is_approved(approvals: usize, members: usize) -> bool {
        (TABLE.get().is_approved)(approvals, members)
    }

    fn may_propose(facts: &ProposeFacts) -> bool {
        (TABLE.get().may_propose)(facts)
    }

    fn may_vote1(facts: &Vote1Facts) -> bool {
        (TABLE.get().may_vote1)(facts)
    }

    fn may_vote2(facts: &Vote2Facts) -> bool {
        (TABLE.get().may_vote2)(facts)
    }

    fn is_decided(votes2: usize, members: usize) -> bool {
        (TABLE.get().is_decided)(votes2, members)
    }

    fn may_time_out(facts: &TimeoutFacts) -> bool {
        (TABLE.get().may_time_out)(facts)
    }

    fn may_enter(facts: &EnterFacts) -> bool {
        (TABLE.get().may_enter)(facts)
    }

    fn highest<V: Clone>(
        shown: impl IntoIterator<Item = Option<Precommit<V>>>,
    ) -> Option<Precommit<V>> {
        match TABLE.get().forgets_highest {
            true => IgnoresHighest::highest(shown),
            false => Sound::highest(shown),
        }
    }

    fn may_seal(facts: &SealFacts) -> bool {
        (TABLE.get().may_seal)(facts)
    }

    fn carries_open(echoed: bool) -> bool {
        (TABLE.get().carries_open)(echoed)
    }

    fn may_activate(facts: &ActivateFacts) -> bool {
        (TABLE.get().may_activate)(facts)
    }

    fn merge_seals<H: Linked>(start: &H::Name, own: View<H>, seals: Vec<View<H>>) -> View<H> {
        match TABLE.get().merges {
            Merges::Soundly => Sound::merge_seals(start, own, seals),
            Merges::WithoutOpen => IgnoresOpenHeaders::merge_seals(start, own, seals),
            Merges::HighestOnly => KeepsHighestHeader::merge_seals(start, own, seals),
        }
    }

    fn may_take_old(facts: &OldFacts) -> bool {
        (TABLE.get().may_take_old)(facts)
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

    /// A header of the source's first slot, and one of the second.
    #[derive(Clone, Debug, PartialEq)]
    struct Header(u64, u64);

    impl Linked for Header {
        type Name = u64;

        fn name(&self) -> u64 {
            self.0
        }

        fn previous(&self) -> u64 {
            self.1
        }

        fn first(&self) -> u64 {
            self.0 % 10
        }

        fn after(&self) -> Option<u64> {
            Some(self.first() + 1)
        }
    }

    /// What the two generic rules say of a case in which every rule set that breaks one of them says something else.
    struct Generic;

    impl Visitor for Generic {
        type Output = (Option<Precommit<u8>>, View<Header>);

        fn visit<R: Rules>(self) -> Self::Output {
            let shown = [Some(Precommit {
                attempt: 1,
                value: 7,
            })];
            let open = vec![Header(11, 0), Header(12, 11)];
            let seal = View { best: None, open };
            let own = View {
                best: None,
                open: Vec::new(),
            };
            (R::highest(shown), R::merge_seals(&0, own, vec![seal]))
        }
    }

    #[test]
    fn the_generic_rules_are_chosen_too() {
        let sound = Generic.visit::<Sound>();
        let mut broken = 0;
        for control in crate::operations::CONTROLS
            .iter()
            .chain(crate::generations::CONTROLS)
        {
            let chosen = with(control.name, || Generic.visit::<Chosen>()).unwrap();
            assert_eq!(
                Some(&chosen),
                visit(control.name, Generic).as_ref(),
                "{}",
                control.name
            );
            broken += usize::from(chosen != sound);
        }
        assert_eq!(broken, 3, "each of them, and no other");
    }
}
