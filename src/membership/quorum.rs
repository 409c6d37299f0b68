//! The arithmetic of trust: the only file with thirds in it (I18).
//!
//! With `n` members at most [`faults`]`(n) = ⌊(n−1)/3⌋` may be faulty, and a [`quorum`] is
//! `⌊2n/3⌋ + 1` of them. Two quorums of one generation meet in at least `f + 1` members, so in at
//! least one correct one (Malkhi & Reiter, *Secure reliable multicast protocols in a WAN*, 1997).

/// How many of `members` may be faulty (Byzantine, without their durable state, or sharing a key).
///
/// One, two or three members tolerate **none**.
#[must_use]
pub const fn faults(members: usize) -> usize {
    members.saturating_sub(1) / 3
}

/// How many distinct members of `members` must have signed: more than two thirds.
#[must_use]
pub const fn quorum(members: usize) -> usize {
    // Written without `2 * members`, which could overflow: ⌊2n/3⌋ = n − ⌈n/3⌉.
    members
        .saturating_sub(members.div_ceil(3))
        .saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorum_is_the_smallest_number_above_two_thirds() {
        for n in 1..=1_000_usize {
            let q = quorum(n);
            assert!(3 * q > 2 * n && 3 * (q - 1) <= 2 * n, "n = {n}, q = {q}");
        }
    }

    #[test]
    fn two_quorums_meet_in_a_correct_member_and_the_correct_ones_are_a_quorum() {
        for n in 1..=1_000_usize {
            let (f, q) = (faults(n), quorum(n));
            assert!(
                2 * q > n + f,
                "two quorums of {n} could meet in Byzantine nodes only"
            );
            assert!(n - f >= q, "the correct members of {n} are no quorum");
        }
    }

    #[test]
    fn three_members_tolerate_no_fault_and_four_tolerate_one() {
        assert_eq!([1, 2, 3, 4, 7, 10, 31].map(faults), [0, 0, 0, 1, 2, 3, 10]);
        assert_eq!([1, 2, 3, 4, 7, 10, 31].map(quorum), [1, 2, 3, 3, 5, 7, 21]);
    }
}
