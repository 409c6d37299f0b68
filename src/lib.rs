//! Byzantine fault tolerant shared state without consensus on the data path.
//!
//! Several machines hold copies of one thing: a bank, a set, a data type of yours. Fewer than a third of them may lie.
//! Nobody leads, nobody counts seconds, and still all honest copies end up equal. That works for data in which nobody
//! can make another's valid operation invalid: money with one owner, sets, votes. For such data no order of everything
//! is needed. It is enough that nobody can tell two stories under one number, which is what *secure broadcast* sees to.
//!
//! # Three layers, like an onion
//!
//! * **The core** is what is replicated: a [`Bank`], an [`Orswot`], a [`Text`](text::Text), a type of the
//!   [`crdts`](crdt) crate, or your own [`SecureBroadcastAlgorithm`]. It says which operations are valid and what they
//!   do, and knows nothing of networks.
//! * **The middle** is [`SecureBroadcast`], a replica: a state machine that takes packets and ticks and returns
//!   [`Effects`] to carry out in order. Inside there is no clock, no input or output, no randomness and no thread. A
//!   message is *requested* by its source, *echoed* by witnesses, and *proved* by a quorum of echoes:
//!   [`deterministic_secure_broadcast`] tells how.
//! * **The outer layer** is whatever carries packets, keeps journals and calls [`tick`](SecureBroadcast::tick): your
//!   transport, or the simulated network in `net`, which loses, delays, cuts, crashes and lies, and watches what
//!   comes of it.
//!
//! # A payment between four replicas
//!
//! The smallest driver there is: it hands every packet to whom it is for, and throws the journal away (the example
//! `bank` keeps it, as every real driver must).
//!
//! ```
//! use std::collections::VecDeque;
//! use bft_crdts::bank::{ALGORITHM, Bank, Ledger};
//! use bft_crdts::{Config, Effect, Genesis, Packet, SecureBroadcast, SigningActor, To};
//!
//! let keys = [1, 2, 3, 4].map(|n| SigningActor::from_seed([n; 32]));
//! let members = keys.each_ref().map(SigningActor::actor);
//! let ledger = Ledger::genesis(members.map(|member| (member, 100)), [])?;
//! let genesis = Genesis::new("four friends", ALGORITHM, members, ledger)?;
//! let mut replicas: Vec<SecureBroadcast<Bank>> = Vec::new();
//! for key in keys {
//!     replicas.push(SecureBroadcast::open(key, genesis.clone(), [], Config::default())?);
//! }
//!
//! let pay = replicas[0].algorithm().transfer(&members[0], members[1], 30)?;
//! let (_tickets, effects) = replicas[0].broadcast([pay])?;
//! let mut todo = VecDeque::from([(0, effects)]);
//! while let Some((sender, effects)) = todo.pop_front() {
//!     for effect in effects {
//!         let Effect::Send { to, payload } = effect else { continue };
//!         for receiver in (0..4).filter(|receiver| *receiver != sender) {
//!             if to == To::Members || to == To::One(members[receiver]) {
//!                 let packet = Packet { from: members[sender], payload: payload.clone() };
//!                 if let Ok(effects) = replicas[receiver].handle(packet) {
//!                     todo.push_back((receiver, effects));
//!                 }
//!             }
//!         }
//!     }
//! }
//!
//! for replica in &replicas {
//!     assert_eq!(replica.algorithm().balance(&members[1]), Some(130));
//!     assert_eq!(replica.state_digest(), replicas[0].state_digest());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to read on
//!
//! * What is promised and what is not: the `README`. Four members are the fewest that tolerate a fault.
//! * The rules, byte by byte: `docs/protocol.md`. The map and the glossary: `ARCHITECTURE.md`. The invariants by
//!   number: `docs/verification.md`.
//! * A data type of your own: [`SecureBroadcastAlgorithm`], the guide `docs/your-own-algorithm.md`, the example
//!   `your_own_algorithm`, and the module `conformance`, which checks it.
//! * What a driver owes a replica: [`SecureBroadcast`], [`Effect`] and
//!   [`journal`](deterministic_secure_broadcast::journal).
//!
//! # Features
//!
//! * `net` (off): the simulated network, for tests and experiments.
//! * `conformance` (off): the kit that checks an algorithm of yours, for the tests of your crate.
//! * `unsound-rules` (off): opens the protocol's rules to a crate of deliberately broken ones. Never turn it on.

pub mod actor;
pub mod bank;
pub mod codec;
pub mod crdt;
pub mod deterministic_secure_broadcast;
pub mod membership;
pub mod orswot;
pub mod text;
pub mod traits;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "net")]
pub mod net;

pub use actor::{
    Actor, Counter, Dot, Ed25519, Keys, NetworkId, Sig, SigningActor, Statement, WeakKey,
};
pub use bank::Bank;
pub use codec::{Bytes, DecodeError, Digest};
pub use deterministic_secure_broadcast::{
    Certificate, Checkpoint, Config, Delivery, Effect, Effects, Evidence, Genesis, GenesisError,
    OpenError, Packet, PacketKind, Payload, Record, Refused, Rejection, Rules, SecureBroadcast,
    Sound, Ticket, Tickets, To, VersionVector,
};
pub use membership::{Change, ChangeError, Generation, MemberIndex, Members, Seat};
pub use orswot::Orswot;
pub use traits::{Causes, SecureBroadcastAlgorithm};
