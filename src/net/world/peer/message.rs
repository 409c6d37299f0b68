//! What peers send each other.

use core::fmt::Debug;
use std::sync::Arc;

use crate::net::node::NodeId;

/// What an [`Item`] carries: a transaction, a text, a number.
pub trait Cargo: Clone + Debug {
    /// Bytes it takes on the wire.
    fn bytes(&self) -> u32;
}

/// The name of an item: who made it, and the how many-th of its maker it is, from 1.
///
/// Nothing stops a Byzantine node from making two of one name; whoever gets both keeps the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// Who made it.
    pub source: NodeId,
    /// Its number.
    pub number: u32,
}

/// Something that is to reach everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<C> {
    /// Its name.
    pub id: ItemId,
    /// How often it may still be passed on.
    pub ttl: u32,
    /// What it carries.
    pub cargo: C,
}

/// What travels from one peer to another.
#[derive(Clone, Debug)]
pub enum PeerMessage<C> {
    /// Whom do you know?
    Hello,
    /// These.
    Peers(Arc<[NodeId]>),
    /// Shall we be neighbours?
    Connect,
    /// We are.
    Accept,
    /// No, I have enough of them.
    Refuse,
    /// We are neighbours no more.
    Bye,
    /// Are you there?
    Ping,
    /// I am.
    Pong,
    /// Here is an item.
    Item(Arc<Item<C>>),
    /// I have these items. (In a round of pull.)
    Have(Arc<[ItemId]>),
    /// You lack these items, and I have them.
    Lack(Arc<[ItemId]>),
    /// Send me these items.
    Want(Arc<[ItemId]>),
    /// Here are items you wanted.
    Items(Arc<[Arc<Item<C>>]>),
    /// Of these makers I know of items up to these numbers. (In a round of ranged pull.)
    Heights(Arc<[(NodeId, u32)]>),
    /// Of these makers I know of items beyond what you know of, up to these numbers.
    Ahead(Arc<[(NodeId, u32)]>),
    /// Anything else that services of yours have to say to each other.
    Direct(C),
}

/// Bytes of a letter of which nothing is to be said but its kind: addresses, kind, authentication.
const EMPTY: usize = 32;
/// Bytes of the name of an item, or of a maker and a number.
const NAME: usize = 8;

impl<C: Cargo> Item<C> {
    /// Bytes it takes on the wire.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        self.cargo.bytes().saturating_add(12)
    }
}

impl<C: Cargo> PeerMessage<C> {
    /// Bytes it takes on the wire.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        let names = |count: usize| u32::try_from(EMPTY + count * NAME).unwrap_or(u32::MAX);
        match self {
            Self::Hello
            | Self::Connect
            | Self::Accept
            | Self::Refuse
            | Self::Bye
            | Self::Ping
            | Self::Pong => names(0),
            Self::Peers(peers) => names(peers.len()),
            Self::Have(ids) | Self::Lack(ids) | Self::Want(ids) => names(ids.len()),
            Self::Heights(heights) | Self::Ahead(heights) => names(heights.len()),
            Self::Item(item) => names(0).saturating_add(item.bytes()),
            Self::Items(items) => items
                .iter()
                .fold(names(0), |sum, item| sum.saturating_add(item.bytes())),
            Self::Direct(cargo) => names(0).saturating_add(cargo.bytes()),
        }
    }

    /// Its kind, for counting, and for what a processor takes for it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Peers(_) => "peers",
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Bye => "bye",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Item(_) => "item",
            Self::Have(_) => "have",
            Self::Lack(_) => "lack",
            Self::Want(_) => "want",
            Self::Items(_) => "items",
            Self::Heights(_) => "heights",
            Self::Ahead(_) => "ahead",
            Self::Direct(_) => "direct",
        }
    }
}
