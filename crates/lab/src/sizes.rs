//! How many must agree: the quorum of the voting protocols.

use bft_crdts::membership::quorum;

/// How many vote, how many of them may lie, and how many make a quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Voters.
    pub voters: usize,
    /// How many of them may be faulty in any way.
    pub faults: usize,
    /// How many equal votes decide: ⌈(v + f + 1) / 2⌉, so that two quorums share at least f + 1 voters, hence an honest
    /// one. With v = 3f + 1 that is 2f + 1; with other sizes a literal 2f + 1 is unsafe.
    pub quorum: usize,
}

impl Sizes {
    /// Of `voters` as many as possible may be faulty.
    #[must_use]
    pub const fn of(voters: usize) -> Self {
        let faults = quorum::faults(voters);
        Self {
            voters,
            faults,
            quorum: (voters + faults + 1).div_ceil(2),
        }
    }

    /// So many that at least one of them is honest.
    #[must_use]
    pub const fn one_honest(&self) -> usize {
        self.faults + 1
    }
}

#[cfg(test)]
mod tests {
    use super::Sizes;

    #[test]
    fn two_quorums_share_an_honest_voter_and_the_honest_ones_are_a_quorum() {
        for voters in 1..500 {
            let Sizes { faults, quorum, .. } = Sizes::of(voters);
            assert!(2 * quorum > voters + faults, "{voters}");
            assert!(
                2 * (quorum - 1) <= voters + faults,
                "{voters}: not the smallest"
            );
            assert!(voters - faults >= quorum, "{voters}");
            if voters == 3 * faults + 1 {
                assert_eq!(quorum, 2 * faults + 1);
            }
        }
    }

    #[test]
    fn with_29_voters_19_votes_are_not_enough() {
        assert_eq!(
            Sizes::of(29),
            Sizes {
                voters: 29,
                faults: 9,
                quorum: 20
            }
        );
    }
}
