//! Checkers: they watch what correct nodes decide, from outside, and believe nothing a node says about itself.

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::net::{Moment, NodeId};

use crate::outcome::{Decided, Slot};
use crate::tx::{Tx, TxId};

/// What a protocol may promise, and a checker watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// No two correct nodes fill one place, or know one transaction, differently; and none changes its mind.
    Agreement,
    /// What is decided in the name of an honest client is what that client asked for.
    Validity,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// Where: the place filled.
    pub slot: Slot,
    /// Who.
    pub nodes: Vec<NodeId>,
    /// When it came to light.
    pub moment: Moment,
    /// What each said.
    pub detail: String,
}

/// The books of a run.
#[derive(Debug, Default)]
pub struct Checker {
    correct: BTreeSet<NodeId>,
    /// What honest clients asked for.
    asked: BTreeMap<TxId, Tx>,
    honest: BTreeSet<u16>,
    by_slot: BTreeMap<Slot, BTreeMap<NodeId, Tx>>,
    by_id: BTreeMap<TxId, BTreeMap<NodeId, Tx>>,
    /// Places and names about which a violation is written down already: one each is enough.
    broken_slots: BTreeSet<Slot>,
    broken_ids: BTreeSet<TxId>,
    violations: Vec<Violation>,
}

impl Checker {
    /// Watches these nodes.
    #[must_use]
    pub fn new(correct: impl IntoIterator<Item = NodeId>) -> Self {
        Self {
            correct: correct.into_iter().collect(),
            ..Self::default()
        }
    }

    /// An honest client asks for this.
    pub fn asks(&mut self, tx: Tx) {
        self.honest.insert(tx.id.client);
        self.asked.insert(tx.id, tx);
    }

    /// A node has decided. What faulty ones say they decided counts for nothing.
    pub fn decides(&mut self, moment: Moment, node: NodeId, decided: Decided) {
        if !self.correct.contains(&node) {
            return;
        }
        let Decided { slot, tx } = decided;
        if self.honest.contains(&tx.id.client) && self.asked.get(&tx.id) != Some(&tx) {
            let what = match self.asked.get(&tx.id) {
                Some(asked) => format!("{node} decided {tx}, its client asked for {asked}"),
                None => format!("{node} decided {tx}, which its client never asked for"),
            };
            self.note(Property::Validity, slot, vec![node], moment, what);
        }
        let other = clash(self.by_slot.entry(slot).or_default(), node, tx);
        if let Some((other, theirs)) = other
            && self.broken_slots.insert(slot)
        {
            let what = tell(node, &tx, other, &theirs);
            self.broken_ids.extend([tx.id, theirs.id]);
            self.note(Property::Agreement, slot, vec![other, node], moment, what);
        }
        let other = clash(self.by_id.entry(tx.id).or_default(), node, tx);
        if let Some((other, theirs)) = other
            && self.broken_ids.insert(tx.id)
        {
            let what = tell(node, &tx, other, &theirs);
            self.note(Property::Agreement, slot, vec![other, node], moment, what);
        }
    }

    fn note(
        &mut self,
        property: Property,
        slot: Slot,
        nodes: Vec<NodeId>,
        moment: Moment,
        detail: String,
    ) {
        self.violations.push(Violation {
            property,
            slot,
            nodes,
            moment,
            detail,
        });
    }

    /// Whether all correct ones of these nodes know a transaction of this name, and the same one.
    #[must_use]
    pub fn all_agree(&self, nodes: &[NodeId], id: TxId) -> bool {
        let Some(know) = self.by_id.get(&id) else {
            return false;
        };
        let mut correct = nodes.iter().filter(|node| self.correct.contains(node));
        let Some(first) = know.values().next() else {
            return false;
        };
        correct.all(|node| know.get(node) == Some(first))
    }

    /// Who knows which version of a transaction.
    #[must_use]
    pub fn versions(&self, id: TxId) -> Option<&BTreeMap<NodeId, Tx>> {
        self.by_id.get(&id)
    }

    /// Transactions of which correct nodes hold different versions.
    #[must_use]
    pub fn split(&self) -> usize {
        let differ = |versions: &&BTreeMap<NodeId, Tx>| {
            let mut versions = versions.values();
            let first = versions.next();
            versions.any(|version| Some(version) != first)
        };
        self.by_id.values().filter(differ).count()
    }

    /// Everything found.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

/// Writes down what a node says; who said something else before, itself included.
fn clash(book: &mut BTreeMap<NodeId, Tx>, node: NodeId, tx: Tx) -> Option<(NodeId, Tx)> {
    let other = book.iter().find(|(_, theirs)| **theirs != tx);
    let other = other.map(|(node, tx)| (*node, *tx));
    book.insert(node, tx);
    other
}

fn tell(node: NodeId, tx: &Tx, other: NodeId, theirs: &Tx) -> String {
    if node == other {
        format!("{node} decided {theirs}, then {tx}")
    } else {
        format!("{other} decided {theirs}, {node} decided {tx}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bft_crdts::net::VirtualTime;

    const NOW: Moment = Moment {
        at: VirtualTime::ZERO,
        step: 1,
    };

    fn tx(client: u16, number: u64, hash: u64) -> Tx {
        Tx {
            id: TxId { client, number },
            hash,
            balance: 1,
            diff: 1,
        }
    }

    fn decided(number: u64, tx: Tx) -> Decided {
        Decided::new(0, number, tx)
    }

    fn found(deeds: &[(u16, Decided)]) -> Vec<Property> {
        let mut checker = Checker::new([0, 1].map(NodeId::new));
        checker.asks(tx(9, 1, 7));
        for (node, decided) in deeds {
            checker.decides(NOW, NodeId::new(*node), *decided);
        }
        let violations = checker.violations().iter();
        violations.map(|violation| violation.property).collect()
    }

    #[test]
    fn what_agrees_is_no_violation() {
        let one = decided(1, tx(9, 1, 7));
        assert!(found(&[(0, one), (1, one), (1, one)]).is_empty());
        let lie = decided(1, tx(9, 1, 8));
        assert!(found(&[(0, one), (5, lie)]).is_empty(), "5 is faulty");
    }

    #[test]
    fn two_values_in_one_place_are_noticed_once() {
        let [one, other] = [decided(1, tx(8, 1, 7)), decided(1, tx(8, 2, 7))];
        assert_eq!(
            found(&[(0, one), (1, other), (1, other)]),
            [Property::Agreement]
        );
    }

    #[test]
    fn two_versions_of_one_transaction_are_noticed_wherever_they_stand() {
        let [one, other] = [decided(1, tx(8, 1, 7)), decided(2, tx(8, 1, 6))];
        assert_eq!(found(&[(0, one), (1, other)]), [Property::Agreement]);
    }

    #[test]
    fn a_change_of_mind_is_noticed() {
        let [one, other] = [decided(1, tx(8, 1, 7)), decided(1, tx(8, 2, 7))];
        assert_eq!(found(&[(0, one), (0, other)]), [Property::Agreement]);
    }

    #[test]
    fn what_an_honest_client_never_asked_for_is_noticed() {
        assert_eq!(found(&[(0, decided(1, tx(9, 1, 8)))]), [Property::Validity]);
        assert_eq!(found(&[(0, decided(1, tx(9, 2, 7)))]), [Property::Validity]);
        assert!(found(&[(0, decided(1, tx(8, 2, 7)))]).is_empty());
    }
}
