//! A bank without consensus: accounts with one owner each, transfers, and named issuers.
//!
//! Only the owner of an account takes money out of it, so only the order of the owner's own operations matters, and
//! that order the broadcast gives. This is the asset transfer of AT2 (Guerraoui, Kuznetsov, Monti, Pavlović,
//! Seredinschi: *The Consensus Number of a Cryptocurrency*, PODC 2019); [`at2`] is that paper's algorithm
//! transcribed, and the bank is tested against it.
//!
//! What differs is the bookkeeping. The paper keeps sets of transfers and adds them up; here an account keeps what
//! its owner can *spend* and, for each payer, the *credits* not yet claimed. A transfer cites the dots of the credits it
//! spends, at most one per payer: citing `(payer, c)` claims every credit this payer made to the source up to its
//! operation `c`. So the cost of a transfer does not grow with the history, and two equal payments are two payments.
//!
//! What people see as the *balance* of an account is what its owner can spend plus all credits not yet claimed.
//! Σ balances = what the genesis gave + what issuers issued since, always; and a genesis is refused unless that
//! fits into 64 bits even when every issuer has used up its cap.
//!
//! ```
//! use bft_crdts::bank::{Bank, Ledger};
//! use bft_crdts::{Actor, Counter, Dot, SecureBroadcastAlgorithm};
//!
//! let [ann, bob] = [Actor::from_bytes([1; 32]), Actor::from_bytes([2; 32])];
//! let mut bank = Bank::new(ann);
//! bank.sync_from(Ledger::genesis([(ann, 10), (bob, 0)], [])?);
//!
//! let pay = bank.transfer(&ann, bob, 7)?;
//! let dot = Dot::new(ann, Counter::FIRST); // in a network the broadcast gives it
//! bank.validate(&dot, &pay)?;
//! bank.apply(dot, pay);
//! assert_eq!(bank.balance(&bob), Some(7));
//! assert_eq!(bank.supply(), 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// I19: no clock, input, output, randomness, thread or hash order, and no panic that a peer could reach.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

pub mod at2;
mod by_actor;
mod invalid;
mod ledger;
mod spending;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, Dot};
use crate::traits::{Causes, SecureBroadcastAlgorithm, nth, validate_one_by_one};

pub use invalid::Invalid;
pub use ledger::{Ledger, LedgerError};
pub use spending::SpendingRules;

/// The name of these rules in a genesis. Another version is another network.
pub const ALGORITHM: &str = "bank/1";

/// What the owner of an account, or an issuer, can do. Who does it is the source of the broadcast.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Op {
    /// Moves money from the account of the source.
    Transfer {
        /// The account that receives it; not the source's own.
        to: Actor,
        /// How much, in the smallest unit of the bank; not zero.
        amount: u64,
        /// The credits it claims before it spends: at most one dot per payer, never the source's own.
        causes: BTreeSet<Dot>,
    },
    /// Makes new money. Only an issuer named in the genesis can, up to its cap.
    Issue {
        /// The account that receives it.
        to: Actor,
        /// How much, in the smallest unit of the bank; not zero.
        amount: u64,
    },
}

/// The bank at one replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    actor: Actor,
    ledger: Ledger,
}

impl Bank {
    /// The replica this is the bank of.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The replicated state, to look at.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What is in an account: all that its owner could spend after claiming every credit. `None`: no such account.
    pub fn balance(&self, account: &Actor) -> Option<u64> {
        self.ledger.balance(account)
    }

    /// Every account with its balance, by key.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (Actor, u64)> + '_ {
        self.ledger.accounts()
    }

    /// All the money there is: the sum of all balances.
    pub fn supply(&self) -> u64 {
        self.ledger.supply()
    }

    /// How much an issuer has issued so far. `None`: not an issuer.
    pub fn issued(&self, issuer: &Actor) -> Option<u64> {
        self.ledger.issued(issuer)
    }

    /// A transfer that `from` could broadcast now. It cites as few payers as it needs: none while what `from` can spend
    /// suffices, then those it holds the most unclaimed money of (of equals the lower key), and of the last
    /// one no more than its oldest credits that suffice.
    ///
    /// This looks at what is delivered. When operations of `from` are still under way, begin with
    /// [`Bank::spending`].
    ///
    /// # Errors
    ///
    /// What every replica would answer: [`Invalid`].
    pub fn transfer(&self, from: &Actor, to: Actor, amount: u64) -> Result<Op, Invalid> {
        self.spending(from).transfer(to, amount)
    }

    /// A transfer with causes of the caller's choice, not checked.
    pub fn transfer_citing(to: Actor, amount: u64, causes: BTreeSet<Dot>) -> Op {
        Op::Transfer { to, amount, causes }
    }

    /// What `owner` can do next; tell it about operations that are under way and it counts them too.
    pub fn spending(&self, owner: &Actor) -> SpendingRules<'_> {
        SpendingRules::new(&self.ledger, *owner)
    }
}

impl SecureBroadcastAlgorithm for Bank {
    type Op = Op;
    type ReplicatedState = Ledger;
    type Invalid = Invalid;

    fn new(actor: Actor) -> Self {
        let ledger = Ledger::default();
        Bank { actor, ledger }
    }

    fn state(&self) -> Ledger {
        self.ledger.clone()
    }

    fn sync_from(&mut self, other: Ledger) {
        self.ledger = other;
    }

    fn causes(&self, op: &Op) -> Causes {
        match op {
            Op::Transfer { causes, .. } => Causes::Dots(causes.clone()),
            Op::Issue { .. } => Causes::Nothing,
        }
    }

    fn validate(&self, dot: &Dot, op: &Op) -> Result<(), Invalid> {
        self.spending(&dot.actor).admit(dot.counter, op)
    }

    /// Keeps the running balance of the source instead of copying the bank.
    fn validate_batch(&self, first: &Dot, ops: &[Op]) -> Result<(), (usize, Invalid)> {
        if first.counter.checked_add(ops.len() as u64).is_none() {
            // The counters run out inside the batch, and the spending rules rely on their growing.
            return validate_one_by_one(self, first, ops);
        }
        let mut spending = self.spending(&first.actor);
        for (index, op) in ops.iter().enumerate() {
            let dot = nth(first, index);
            spending
                .admit(dot.counter, op)
                .map_err(|why| (index, why))?;
        }
        Ok(())
    }

    /// Checks again before it moves anything: an operation that is not valid changes nothing.
    fn apply(&mut self, dot: Dot, op: Op) {
        self.ledger.apply(&dot, &op);
    }
}
