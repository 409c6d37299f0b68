//! The kinds of errors of `docs/protocol.md`: what two implementations call the same thing.

use super::error::{Malformed, Rejection};
use super::wire::ChainError;
use super::wire::proof_file::{FileError, Unproven};

impl Malformed {
    /// Its kind, such as `causes-unsorted`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::UnknownSeat(_) => "unknown-seat",
            Self::Counter => "counter",
            Self::Length { .. } => "length",
            Self::CausesUnsorted => "causes-unsorted",
            Self::NeedlessCause(_) => "needless-cause",
            Self::Signers => "signers",
            Self::Clock { .. } => "clock",
            Self::TooLarge { .. } => "too-large",
            Self::Operations(_) => "operations",
            Self::Headers => "headers",
            Self::Possession => "possession",
            Self::Proposal => "proposal",
            Self::Seal => "seal",
            Self::Snapshot => "snapshot",
            Self::NextKeys => "next-keys",
            Self::NoContradiction => "no-contradiction",
        }
    }
}

impl Rejection {
    /// Its kind, such as `quorum-too-small` or `malformed:causes-unsorted`.
    #[must_use]
    pub fn kind(&self) -> String {
        let kind = match self {
            Self::Malformed(why) => return format!("malformed:{}", why.kind()),
            Self::Change(why) => return format!("change:{}", why.kind()),
            Self::NotMember(_) => "not-member",
            Self::FromOurselves => "from-ourselves",
            Self::WrongGeneration { .. } => "wrong-generation",
            Self::FutureGeneration { .. } => "future-generation",
            Self::InvalidSignature { .. } => "invalid-signature",
            Self::QuorumTooSmall { .. } => "quorum-too-small",
            Self::OpsMismatch => "ops-mismatch",
            Self::BrokenChain => "broken-chain",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::SlotTaken => "slot-taken",
            Self::NotRequested => "not-requested",
            Self::OutOfWindow { .. } => "out-of-window",
            Self::OverBudget => "over-budget",
            Self::WeakKey(_) => "weak-key",
            Self::NotAsked(_) => "not-asked",
            Self::Outdated(_) => "outdated",
            Self::BadSnapshot => "bad-snapshot",
            Self::NotDelivered => "not-delivered",
            Self::Relayed => "relayed",
            Self::Halted(_) => "halted",
        };
        kind.to_owned()
    }
}

impl ChainError {
    /// Its kind, such as `off-pin` or `link:quorum-too-small`.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::WeakKey(_) => "weak-key".to_owned(),
            Self::Link { why, .. } => format!("link:{}", why.kind()),
            Self::OffPin(_) => "off-pin".to_owned(),
            Self::ShortOfPin { .. } => "short-of-pin".to_owned(),
        }
    }
}

impl FileError {
    /// Its kind, such as `cut-off`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too-large",
            Self::Magic(_) => "magic",
            Self::Version(_) => "version",
            Self::Damaged(_) => "damaged",
            Self::CutOff(_) => "cut-off",
            Self::Undecodable { .. } => "undecodable",
            Self::Misplaced(_) => "misplaced",
            Self::Members => "members",
        }
    }
}

impl Unproven {
    /// Its kind, such as `network` or `subject:invalid-signature`.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Network { .. } => "network".to_owned(),
            Self::Chain(why) => format!("chain:{}", why.kind()),
            Self::Subject(why) => format!("subject:{}", why.kind()),
        }
    }
}
