//! The settings of a replica: what each member may choose for itself, without a word to the others.

use std::num::NonZeroUsize;

use super::checkpoints::CHECKPOINT_MESSAGES;
use super::header::MAX_MESSAGE_OPS;

/// The settings of a replica, for [`open`](super::SecureBroadcast::open). No guarantee rests on them, members may differ
/// in them, and the journal does not hold them.
///
/// ```
/// use bft_crdts::Config;
///
/// let config = Config::default().message_ops(64).checkpoint_every(None);
/// ```
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(super) message_ops: usize,
    pub(super) checkpoint_every: Option<NonZeroUsize>,
}

impl Config {
    /// How many operations a message of ours carries at most; taken into `1..=`[`MAX_MESSAGE_OPS`], which is the default.
    pub const fn message_ops(mut self, ops: usize) -> Self {
        let limit = MAX_MESSAGE_OPS as usize;
        self.message_ops = match ops {
            0 => 1,
            ops if ops > limit => limit,
            ops => ops,
        };
        self
    }

    /// After how many messages beyond the last checkpoint the next one is due; the default is [`CHECKPOINT_MESSAGES`].
    /// `None` keeps the history: the replica attests the checkpoints of others, but prunes nothing, and reads everything
    /// that anybody still has. Only what nobody has any more, because all others have pruned it while it was away, it takes
    /// over as a snapshot ([`Effect::Installed`](super::Effect::Installed)), and keeps what comes after.
    pub const fn checkpoint_every(mut self, messages: Option<NonZeroUsize>) -> Self {
        self.checkpoint_every = messages;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            message_ops: MAX_MESSAGE_OPS as usize,
            checkpoint_every: Some(CHECKPOINT_MESSAGES),
        }
    }
}
