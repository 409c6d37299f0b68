//! A set of members, as a bitmap: a signer listed twice or out of order cannot be written down.

use serde::{Deserialize, Serialize};

use super::MemberIndex;

/// A set of member indices of one generation, one bit each, lowest index in the lowest bit.
///
/// Its only valid length for `n` members is `⌈n/8⌉` bytes, bits beyond `n` are zero: see
/// [`Signers::is_canonical`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signers(Vec<u8>);

impl Signers {
    /// The empty set, sized for `members` members.
    #[must_use]
    pub fn none(members: usize) -> Self {
        Self(vec![0; members.div_ceil(8)])
    }

    /// Adds a member; nothing happens if its index lies beyond the size.
    pub fn insert(&mut self, index: MemberIndex) {
        if let Some(byte) = self.0.get_mut(index.get() / 8) {
            *byte |= 1 << (index.get() % 8);
        }
    }

    /// Whether this member is in the set.
    #[must_use]
    pub fn contains(&self, index: MemberIndex) -> bool {
        self.0
            .get(index.get() / 8)
            .is_some_and(|byte| byte & (1 << (index.get() % 8)) != 0)
    }

    /// How many members are in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// Whether this is the one encoding of a set of members out of `members`.
    #[must_use]
    pub fn is_canonical(&self, members: usize) -> bool {
        let spare = match members % 8 {
            0 => 0,
            used => 0xff_u8 << used,
        };
        self.0.len() == members.div_ceil(8) && self.0.last().is_none_or(|last| last & spare == 0)
    }

    /// The members in the set, in increasing order.
    pub fn iter(&self) -> impl Iterator<Item = MemberIndex> + '_ {
        (0..self.0.len().saturating_mul(8))
            .filter_map(|rank| u16::try_from(rank).ok().map(MemberIndex::new))
            .filter(|index| self.contains(*index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(members: usize, ranks: &[u16]) -> Signers {
        let mut signers = Signers::none(members);
        for rank in ranks {
            signers.insert(MemberIndex::new(*rank));
        }
        signers
    }

    #[test]
    fn a_set_lists_its_members_once_and_in_order() {
        let signers = set(31, &[30, 0, 7, 8, 8, 0]);
        let ranks: Vec<_> = signers.iter().map(MemberIndex::get).collect();
        assert_eq!(ranks, [0, 7, 8, 30]);
        assert_eq!(signers.count(), 4);
    }

    #[test]
    fn bits_beyond_the_members_and_wrong_lengths_are_not_canonical() {
        assert!(set(4, &[0, 3]).is_canonical(4));
        assert!(!set(8, &[4]).is_canonical(4), "bit 4 of 4 members");
        assert!(!set(16, &[0]).is_canonical(4), "a byte too many");
        assert!(!Signers::default().is_canonical(4), "a byte too few");
        assert!(set(8, &[7]).is_canonical(8));
        assert!(Signers::default().is_canonical(0));
    }
}
