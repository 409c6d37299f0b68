//! What the laboratory must know of a packet of any protocol.

use core::fmt::Debug;

use bft_crdts::net::{Effects, Machine};
use bft_crdts::{Digest, codec};
use serde::Serialize;

use crate::fault::Forger;
use crate::outcome::{Decided, Said, Verdict};
use crate::tx::{SignedTx, Tx};

/// A packet of one of the protocols.
pub trait Packet: Clone + Debug + Serialize {
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

    /// This packet as a liar sends it: with another transaction in it, signed anew with the liar's key. `None` if
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

/// A state machine of the laboratory: a correct node of one of the protocols.
pub trait Process:
    Machine<Message: Packet, Verdict = Verdict, Delivery = Decided, Note = Said>
{
    /// Hands it a transaction, if it is the one to which clients do.
    fn submit(&mut self, request: SignedTx, effects: &mut Effects<Self>);
}
