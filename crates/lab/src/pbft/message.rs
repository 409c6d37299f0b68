//! The packets of PBFT, and what is signed in them.

use std::sync::Arc;

use bft_crdts::{Digest, Sig, Statement};
use serde::Serialize;

use crate::fault::Forger;
use crate::packet::{Counts, Packet};
use crate::tx::{SignedTx, Tx, TxId};

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Please order this; from the client, or passed on by a backup.
    Request(SignedTx),
    /// The primary gives a request a number.
    PrePrepare(PrePrepare),
    /// A backup has seen no other request with that number in this view.
    Prepare {
        /// What is voted for.
        place: Place,
        /// So that others can be shown it in a view change.
        sig: Sig,
    },
    /// A quorum has said so.
    Commit(Place),
    /// To the client: this is what became of it.
    Reply {
        /// The view of the replica.
        view: u64,
        /// Which request.
        id: TxId,
        /// The result.
        hash: u64,
    },
    /// All up to this number is executed.
    Checkpoint {
        /// Where the replica stands.
        at: Stand,
        /// So that others can be shown it.
        sig: Sig,
    },
    /// Let us have the next view.
    ViewChange(Arc<ViewChange>),
    /// Here it is.
    NewView(Arc<NewView>),
    /// I stand here, and am behind: what was executed since?
    Behind(u64),
    /// This was executed from this number on.
    Executed {
        /// The number of the first.
        from: u64,
        /// In order.
        requests: Vec<Option<SignedTx>>,
    },
}

/// A number of a view, and the digest of what it is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The view.
    pub view: u64,
    /// The number, from 1.
    pub seq: u64,
    /// The digest of the request.
    pub digest: Digest,
}

/// PRE-PREPARE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PrePrepare {
    /// The number it gives.
    pub place: Place,
    /// The request; `None` fills a gap and does nothing.
    pub request: Option<SignedTx>,
    /// The primary's.
    pub sig: Sig,
}

/// How far a replica has executed, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stand {
    /// The last number executed.
    pub seq: u64,
    /// The digest of everything executed up to it.
    pub digest: Digest,
}

/// A checkpoint and the quorum that reached it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stable {
    /// The checkpoint.
    pub at: Stand,
    /// Who said so.
    pub proof: Vec<(u16, Sig)>,
}

/// Shows that a request was prepared: its PRE-PREPARE, and PREPAREs of other backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// What the primary said.
    pub pre_prepare: PrePrepare,
    /// Who agreed.
    pub prepares: Vec<(u16, Sig)>,
}

/// VIEW-CHANGE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewChange {
    /// What is said.
    pub body: ViewChangeBody,
    /// The replica's.
    pub sig: Sig,
}

/// What a VIEW-CHANGE says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewChangeBody {
    /// The view it asks for.
    pub view: u64,
    /// Who asks.
    pub node: u16,
    /// The last stable checkpoint it knows.
    pub stable: Stable,
    /// What is prepared above that, with the highest view for each number.
    pub prepared: Vec<Certificate>,
    /// How far it has executed; so others see that it lags behind.
    pub executed: u64,
}

/// NEW-VIEW.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewView {
    /// What is said.
    pub body: NewViewBody,
    /// The new primary's.
    pub sig: Sig,
}

/// What a NEW-VIEW says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewViewBody {
    /// The view.
    pub view: u64,
    /// The quorum that asked for it.
    pub changes: Vec<Arc<ViewChange>>,
    /// What they had prepared, numbered again.
    pub pre_prepares: Vec<PrePrepare>,
}

/// The statement under a PRE-PREPARE.
#[derive(Serialize)]
pub(super) struct Proposed(pub Place);
/// The statement under a PREPARE.
#[derive(Serialize)]
pub(super) struct Prepared(pub Place);

impl Statement for Proposed {
    const DOMAIN: &'static str = "bft-crdts-lab/pbft/pre-prepare/1";
}
impl Statement for Prepared {
    const DOMAIN: &'static str = "bft-crdts-lab/pbft/prepare/1";
}
impl Statement for Stand {
    const DOMAIN: &'static str = "bft-crdts-lab/pbft/checkpoint/1";
}
impl Statement for ViewChangeBody {
    const DOMAIN: &'static str = "bft-crdts-lab/pbft/view-change/1";
}
impl Statement for NewViewBody {
    const DOMAIN: &'static str = "bft-crdts-lab/pbft/new-view/1";
}

/// The digest votes name a request by.
pub(super) fn digest(request: Option<&SignedTx>) -> Digest {
    request.map_or_else(|| Digest::of(b""), |request| request.tx.digest())
}

impl Packet for Message {
    fn kind(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::PrePrepare(_) => "pre-prepare",
            Self::Prepare { .. } => "prepare",
            Self::Commit(_) => "commit",
            Self::Reply { .. } => "reply",
            Self::Checkpoint { .. } => "checkpoint",
            Self::ViewChange(_) => "view-change",
            Self::NewView(_) => "new-view",
            Self::Behind(_) => "behind",
            Self::Executed { .. } => "executed",
        }
    }

    fn counts(&self) -> Counts {
        match self {
            Self::Checkpoint { .. } | Self::Behind(_) | Self::Executed { .. } => Counts::Aside,
            _ => Counts::Decision,
        }
    }

    fn ballot(&self) -> Option<Digest> {
        match self {
            Self::PrePrepare(PrePrepare { place, .. })
            | Self::Prepare { place, .. }
            | Self::Commit(place) => Some(place.digest),
            _ => None,
        }
    }

    fn carries(&self) -> Option<Tx> {
        match self {
            Self::Request(request) => Some(request.tx),
            Self::PrePrepare(pre_prepare) => pre_prepare.request.map(|request| request.tx),
            _ => None,
        }
    }

    fn forged(&self, forger: &Forger) -> Option<Self> {
        let elsewhere = |place: &Place| Place {
            digest: forger.other(&place.digest),
            ..*place
        };
        match self {
            Self::PrePrepare(PrePrepare { place, request, .. }) => {
                let request = forger.signed(&request.as_ref()?.tx);
                let digest = request.tx.digest();
                let place = Place { digest, ..*place };
                Some(Self::PrePrepare(PrePrepare {
                    place,
                    request: Some(request),
                    sig: forger.sign(&Proposed(place)),
                }))
            }
            Self::Prepare { place, .. } => {
                let place = elsewhere(place);
                let sig = forger.sign(&Prepared(place));
                Some(Self::Prepare { place, sig })
            }
            Self::Commit(place) => Some(Self::Commit(elsewhere(place))),
            Self::Reply { view, id, hash } => Some(Self::Reply {
                view: *view,
                id: *id,
                hash: !hash,
            }),
            // A request is its client's, and what is proven by signatures of others cannot be forged at all.
            _ => None,
        }
    }
}
