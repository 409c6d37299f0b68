//! Systematic search: every case of a small scope, instead of draws from a large one.
//!
//! * [`Twins`] enumerates who can reach whom, round by round, for a network in which some nodes have a twin: two correct
//!   nodes with one key. After Bano and others, *Twins: BFT Systems Made Robust* (2021).
//! * [`Mutations`] enumerates the smallest lies: each message that a node says, and each small mistake in it.
//!
//! Both know nothing of a protocol: the one gives [`Partition`]s, the other what a
//! [`Mutant`](super::adversary::behavior::Mutant) is to mutate.

use super::fault::Partition;
use super::node::NodeId;
use super::time::{Span, VirtualTime};

/// All ways to divide some nodes into groups, in each of some rounds.
///
/// ```
/// use bft_crdts::net::Span;
/// use bft_crdts::net::search::Twins;
///
/// // Four nodes and a twin, two groups, two rounds: 16 ways to divide five nodes, and each twice.
/// let twins = Twins::new(5, 2, 2, Span::from_millis(300));
/// assert_eq!(twins.len(), 256);
/// assert!(twins.nth(0).is_empty(), "everybody together, all the time");
/// ```
#[derive(Clone, Debug)]
pub struct Twins {
    divisions: Vec<Vec<Vec<NodeId>>>,
    rounds: u32,
    round: Span,
}

impl Twins {
    /// So many nodes, twins included, in at most so many groups, for so many rounds of this length.
    #[must_use]
    pub fn new(nodes: u16, groups: usize, rounds: u32, round: Span) -> Self {
        Self {
            divisions: divisions(nodes, groups),
            rounds,
            round,
        }
    }

    /// How many cases there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        (self.divisions.len() as u64).saturating_pow(self.rounds)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.divisions.is_empty()
    }

    /// When the last round is over.
    #[must_use]
    pub fn end(&self) -> VirtualTime {
        VirtualTime::ZERO + self.round.times(u64::from(self.rounds))
    }

    /// The partitions of a case, by its number; the cases repeat after [`Twins::len`].
    #[must_use]
    pub fn nth(&self, case: u64) -> Vec<Partition> {
        let mut case = case;
        let mut partitions = Vec::new();
        for round in 0..u64::from(self.rounds) {
            let many = (self.divisions.len() as u64).max(1);
            let division = self.divisions.get((case % many) as usize);
            case /= many;
            let from = VirtualTime::ZERO + self.round.times(round);
            if let Some(groups) = division.filter(|groups| groups.len() > 1) {
                partitions.push(Partition {
                    groups: groups.clone(),
                    from,
                    until: from + self.round,
                });
            }
        }
        partitions
    }

    /// All cases.
    pub fn iter(&self) -> impl Iterator<Item = Vec<Partition>> + '_ {
        (0..self.len()).map(|case| self.nth(case))
    }
}

/// All ways to divide nodes into at most so many groups, whatever the order of the groups. The first is all of them in
/// one.
fn divisions(nodes: u16, groups: usize) -> Vec<Vec<Vec<NodeId>>> {
    let mut all: Vec<Vec<Vec<NodeId>>> = vec![Vec::new()];
    for node in (0..nodes).map(NodeId::new) {
        let mut longer = Vec::new();
        for division in all {
            for place in 0..division.len() {
                let mut joined = division.clone();
                joined[place].push(node);
                longer.push(joined);
            }
            if division.len() < groups {
                let mut alone = division;
                alone.push(vec![node]);
                longer.push(alone);
            }
        }
        all = longer;
    }
    all
}

/// Every small mistake in every message of a node: pairs of the number of a message, counted by receiver, and the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutations {
    /// How many messages are mutated, one in each case.
    pub messages: u64,
    /// In how many ways: see [`MessageMutator::ways`](super::adversary::interceptor::MessageMutator::ways).
    pub ways: u64,
}

impl Mutations {
    /// All cases.
    pub fn iter(self) -> impl Iterator<Item = (u64, u64)> {
        (0..self.messages).flat_map(move |message| (0..self.ways).map(move |way| (message, way)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Mutations, NodeId, Span, Twins, divisions};

    #[test]
    fn every_division_is_there_once() {
        // Stirling numbers of the second kind: 1 + 15 for two groups, and 25 more for three.
        for (groups, count) in [(1, 1), (2, 16), (3, 41), (5, 52)] {
            let all = divisions(5, groups);
            assert_eq!(all.len(), count);
            let sets: BTreeSet<BTreeSet<Vec<NodeId>>> = all
                .into_iter()
                .map(|groups| groups.into_iter().collect())
                .collect();
            assert_eq!(sets.len(), count);
        }
    }

    #[test]
    fn every_case_has_its_number() {
        let twins = Twins::new(4, 2, 3, Span::from_millis(10));
        assert_eq!(twins.len(), 512);
        let cases: Vec<_> = twins.iter().collect();
        for (number, case) in (0..).zip(&cases) {
            assert_eq!(twins.nth(number), *case);
            assert!(case.iter().all(|partition| partition.until <= twins.end()));
        }
        let lonely = |case: &&Vec<_>| case.is_empty();
        assert_eq!(cases.iter().filter(lonely).count(), 1);
    }

    #[test]
    fn every_mutation_is_there_once() {
        let all = Mutations {
            messages: 3,
            ways: 2,
        };
        let cases: Vec<_> = all.iter().collect();
        assert_eq!(cases, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
    }
}
