//! The packets of CCRO, and what is signed in them.

use bft_crdts::net::NodeId;
use bft_crdts::{Digest, Sig, Statement};
use serde::Serialize;

use crate::fault::Forger;
use crate::packet::{Counts, Packet};
use crate::tx::{SignedTx, Tx};

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// P to all: decide this.
    Request(Proposal),
    /// C to the consensus nodes: vote on this.
    PrePrepare(Proposal),
    /// A vote, to C.
    Prepare {
        /// For what.
        ballot: Ballot,
        /// The voter's.
        sig: Sig,
    },
    /// C to the consensus nodes: a quorum has voted for this.
    Commit {
        /// The round.
        round: u64,
        /// For what.
        request: SignedTx,
        /// How that is shown.
        shown: Shown,
    },
    /// A consensus node to P: this is decided.
    Reply {
        /// What.
        ballot: Ballot,
        /// The node's.
        sig: Sig,
    },
    /// P to all: store this.
    Block {
        /// The round.
        round: u64,
        /// What is decided.
        request: SignedTx,
        /// Who replied so.
        replies: Vec<(u16, Sig)>,
    },
    /// To the monitor: I voted for this, in this round.
    Voted(Ballot),
    /// P to the monitor: the round is over, with this.
    Done(Ballot),
    /// The monitor to P: are you there?
    Ask(u64),
    /// P to the monitor: I am; and whether the round has begun.
    Here {
        /// The round.
        round: u64,
        /// Whether it has begun and is not over.
        busy: bool,
    },
    /// The monitor to all: the roles of a round.
    Roles(Roles),
}

/// A transaction that P proposes in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The round.
    pub round: u64,
    /// The transaction.
    pub request: SignedTx,
    /// P's.
    pub sig: Sig,
}

/// What is voted for: the digest of a transaction, in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ballot {
    /// The round.
    pub round: u64,
    /// The digest.
    pub digest: Digest,
}

/// How C shows that a quorum has voted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Shown {
    /// It says how many.
    Count(usize),
    /// It shows their votes.
    Votes(Vec<(u16, Sig)>),
}

/// Who does what in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Roles {
    /// The round, from 1.
    pub round: u64,
    /// P.
    pub primary: NodeId,
    /// C.
    pub communication: NodeId,
}

/// The statement under a proposal.
#[derive(Serialize)]
pub(super) struct Proposed(pub Ballot);
/// The statement under a vote.
#[derive(Serialize)]
pub(super) struct Voted(pub Ballot);
/// The statement under a reply.
#[derive(Serialize)]
pub(super) struct Replied(pub Ballot);

impl Statement for Proposed {
    const DOMAIN: &'static str = "bft-crdts-lab/ccro/request/1";
}
impl Statement for Voted {
    const DOMAIN: &'static str = "bft-crdts-lab/ccro/prepare/1";
}
impl Statement for Replied {
    const DOMAIN: &'static str = "bft-crdts-lab/ccro/reply/1";
}

impl Proposal {
    pub(super) fn ballot(&self) -> Ballot {
        Ballot {
            round: self.round,
            digest: self.request.tx.digest(),
        }
    }
}

impl Packet for Message {
    fn kind(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::PrePrepare(_) => "pre-prepare",
            Self::Prepare { .. } => "prepare",
            Self::Commit { .. } => "commit",
            Self::Reply { .. } => "reply",
            Self::Block { .. } => "block",
            Self::Voted(_) => "monitor: voted",
            Self::Done(_) => "monitor: done",
            Self::Ask(_) => "monitor: ask",
            Self::Here { .. } => "monitor: here",
            Self::Roles(_) => "monitor: roles",
        }
    }

    fn counts(&self) -> Counts {
        match self {
            Self::Request(_)
            | Self::PrePrepare(_)
            | Self::Prepare { .. }
            | Self::Commit { .. }
            | Self::Reply { .. } => Counts::Decision,
            Self::Block { .. } => Counts::Storage,
            // The monitor stands outside.
            _ => Counts::Aside,
        }
    }

    fn ballot(&self) -> Option<Digest> {
        match self {
            Self::Prepare { ballot, .. } | Self::Reply { ballot, .. } => Some(ballot.digest),
            Self::PrePrepare(_) | Self::Commit { .. } => Some(self.carries()?.digest()),
            _ => None,
        }
    }

    fn carries(&self) -> Option<Tx> {
        match self {
            Self::Request(proposal) | Self::PrePrepare(proposal) => Some(proposal.request.tx),
            Self::Commit { request, .. } | Self::Block { request, .. } => Some(request.tx),
            _ => None,
        }
    }

    fn forged(&self, forger: &Forger) -> Option<Self> {
        let elsewhere = |ballot: &Ballot| Ballot {
            digest: forger.other(&ballot.digest),
            ..*ballot
        };
        Some(match self {
            Self::Request(proposal) => Self::Request(forge(proposal, forger)),
            // With the signature of the liar, not of P: whoever holds the REQUEST knows better.
            Self::PrePrepare(proposal) => Self::PrePrepare(forge(proposal, forger)),
            Self::Prepare { ballot, .. } => {
                let ballot = elsewhere(ballot);
                let sig = forger.sign(&Voted(ballot));
                Self::Prepare { ballot, sig }
            }
            Self::Commit {
                round,
                request,
                shown,
            } => Self::Commit {
                round: *round,
                request: forger.signed(&request.tx),
                shown: shown.clone(),
            },
            Self::Reply { ballot, .. } => {
                let ballot = elsewhere(ballot);
                let sig = forger.sign(&Replied(ballot));
                Self::Reply { ballot, sig }
            }
            Self::Block {
                round,
                request,
                replies,
            } => Self::Block {
                round: *round,
                request: forger.signed(&request.tx),
                replies: replies.clone(),
            },
            _ => return None,
        })
    }
}

fn forge(proposal: &Proposal, forger: &Forger) -> Proposal {
    let forged = Proposal {
        request: forger.signed(&proposal.request.tx),
        ..*proposal
    };
    Proposal {
        sig: forger.sign(&Proposed(forged.ballot())),
        ..forged
    }
}
