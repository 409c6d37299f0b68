//! What the laboratory must know of a packet of any protocol.

use core::fmt::Debug;

use bft_crdts::net::{Effects, NodeId, TimerId};
use bft_crdts::{Digest, codec};
use serde::Serialize;

use crate::fault::{Forger, Peer};
use crate::outcome::Verdict;
use crate::tx::{SignedTx, Tx};

/// A packet of one of the protocols.
pub trait Packet: Clone + Debug + Serialize + 'static {
    /// Its name in the paper, in lower case.
    fn kind(&self) -> &'static str;

    /// What it is counted as.
    fn counts(&self) -> Counts {
        Counts::Decision
    }

    /// The digest of the transaction it speaks for, if it is a vote or stands for one.
    fn ballot(&self) -> Option<Digest>;

    /// The transaction in it, if there is a whole one.
    fn carries(&self) -> Option<Tx>;

    /// This packet as a faulty node sends it: with another transaction in it, signed anew with its own key. `None` if
    /// there is nothing in it to lie about.
    fn forged(&self, forger: &Forger) -> Option<Self>;

    /// Its size on the wire, in bytes.
    fn size(&self) -> u32 {
        u32::try_from(codec::encode(self).len()).unwrap_or(u32::MAX)
    }
}

/// What a packet is counted as. The convention: packets of the protocol between distinct nodes, the outside client
/// among them, until the requester accepts and every correct replica has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// It leads to the decision.
    Decision,
    /// It tells others to store what is decided.
    Storage,
    /// It is not counted: checkpoints, pings, anti-entropy, and what the outside monitor says and hears.
    Aside,
}

/// What a node of a protocol with these packets asks for.
pub type Out<P> = Effects<Peer<P>>;

/// What a correct node of one of the protocols does: a replica, a client, a monitor. A [`Peer`] is the state machine of
/// the engine around it. The default of every method is to do nothing.
pub trait Process: Debug {
    /// What it says and hears.
    type Message: Packet;

    /// It starts.
    fn start(&mut self, out: &mut Out<Self::Message>) {
        let _ = out;
    }

    /// Hands it a transaction, if it is the one to which clients do.
    fn submit(&mut self, request: SignedTx, out: &mut Out<Self::Message>) {
        let _ = (request, out);
    }

    /// A packet arrives.
    fn message(
        &mut self,
        from: NodeId,
        message: &Self::Message,
        out: &mut Out<Self::Message>,
    ) -> Verdict;

    /// A timer fires.
    fn timer(&mut self, timer: TimerId, out: &mut Out<Self::Message>) {
        let _ = (timer, out);
    }
}
