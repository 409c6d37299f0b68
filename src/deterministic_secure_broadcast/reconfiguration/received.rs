//! What a packet about generations changes, as a value.

use crate::actor::{Actor, Sig};
use crate::deterministic_secure_broadcast::convictions::Proven;
use crate::deterministic_secure_broadcast::error::Rejection;
use crate::deterministic_secure_broadcast::wire::{
    Join, Link, NextKey, Proposal, Seal, Shown, Timeout, Timeouts, Vote,
};
use crate::membership::{Change, MemberIndex};

/// What a packet about generations changes.
#[must_use = "a decision that is not carried out is a packet that is lost"]
pub(crate) struct Received {
    /// Members that it convicts, first of all.
    pub(super) convictions: Vec<Proven>,
    /// What counts of it; nothing if it is worth no more than what it proves.
    pub(super) news: Option<News>,
}

/// What counts of a packet.
pub(super) enum News {
    Join(Join),
    Approvals {
        from: Actor,
        change: Change,
        possession: Option<Sig>,
        new: Vec<(MemberIndex, Sig)>,
    },
    NextKey(MemberIndex, NextKey),
    Proposal(Box<Proposal>),
    Vote(MemberIndex, Vote),
    Timeout(MemberIndex, Box<Timeout>, Shown),
    Timeouts(Box<Timeouts>),
    Links(Actor, Vec<Linked>),
    Seal(Actor, Box<Seal>),
    /// Its sender is ahead of us.
    Ahead(Actor),
    /// Our key has signed what we do not know.
    Halt,
}

/// What one link of a chain leads to.
pub(super) enum Linked {
    /// It is the next one.
    Next(Box<Link>),
    /// It is another one than the one we know: these have signed both.
    Other(Vec<Proven>),
}

impl Received {
    pub(super) fn news(news: News) -> Self {
        Self {
            convictions: Vec::new(),
            news: Some(news),
        }
    }

    /// What a statement proves is worth something even if the statement does not count.
    pub(super) fn with(
        convictions: impl IntoIterator<Item = Proven>,
        news: Result<News, Rejection>,
    ) -> Result<Self, Rejection> {
        let convictions: Vec<Proven> = convictions.into_iter().collect();
        match news {
            Err(rejection) if convictions.is_empty() => Err(rejection),
            news => Ok(Self {
                convictions,
                news: news.ok(),
            }),
        }
    }
}
