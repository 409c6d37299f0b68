//! The laboratory: other protocols on the simulated network of `bft-crdts`, side by side with secure broadcast.
//!
//! The nodes of every protocol are [processes](packet::Process), and the one state machine of the simulator's engine
//! stands around each ([`fault::Peer`]); a [`trial`] runs one protocol under a [`Plan`](trial::Plan) and gives an
//! [`Outcome`](trial::Outcome); the same [`checker`] watches them all, and the same [`fault`]s befall them.
//! [`compare`](mod@compare) puts several side by side.
//!
//! ```
//! use bft_crdts_lab::protocol::Protocol;
//! use bft_crdts_lab::trial::Plan;
//!
//! let outcome = Protocol::Pbft.run(&Plan::new(4, 1))?;
//! assert_eq!(outcome.messages.messages, 29);
//! assert!(outcome.violations.is_empty());
//! # Ok::<(), bft_crdts_lab::trial::PlanError>(())
//! ```

pub mod ccro;
pub mod checker;
pub mod compare;
pub mod experiment;
pub mod fault;
pub mod figure;
pub mod gossip;
pub mod keys;
pub mod lottery;
pub mod majority_vote;
pub mod naive_flood;
pub mod outcome;
pub mod overlay;
pub mod packet;
pub mod pbft;
pub mod protocol;
pub mod secure_broadcast;
pub mod sizes;
pub mod tally;
pub mod trial;
pub mod tx;
