//! What the bank replicates: accounts, credits, issuers. Conservation of money is checked at the door (I20).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::by_actor::{ByActor, Unordered};
use super::{Op, SpendingRules};
use crate::actor::{Actor, Counter, Dot};

/// The state of a bank: equal states have equal bytes.
///
/// Every ledger there is has passed one check, also when it was decoded: with every cap used up, all the money in it
/// fits into 64 bits. Nothing after that can make or lose money except an issuer within its cap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Ledger {
    pub(super) accounts: ByActor<Account>,
    pub(super) issuers: ByActor<Issuer>,
}

/// Why a ledger is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Balances and unused caps together exceed 64 bits.
    #[error("supply and caps together exceed 64 bits")]
    SupplyTooLarge,
    /// An account or an issuer is named twice (or, in a decoded ledger, out of order).
    #[error("{0} is named twice or out of order")]
    NamedTwice(Actor),
    /// A decoded issuer has issued more than its cap.
    #[error("issuer {0} is past its cap")]
    PastCap(Actor),
    /// A decoded account holds credits no sequence of transfers could have left there.
    #[error("account {0} holds impossible credits")]
    ImpossibleCredits(Actor),
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    /// What the owner can spend without claiming anything. Changed by the owner's operations only.
    pub(super) spendable: u64,
    /// What others paid in, by payer.
    pub(super) incoming: ByActor<Incoming>,
    /// `spendable` and all unclaimed credits; never encoded.
    #[serde(skip)]
    balance: u64,
}

/// What one payer paid into one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Incoming {
    /// The newest credit of this payer that was claimed; zero if none was.
    claimed: Counter,
    /// Those not claimed, oldest first.
    credits: VecDeque<Credit>,
    /// Their sum; never encoded.
    #[serde(skip)]
    unclaimed: u64,
}

/// One payment waiting to be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Credit {
    /// The payer's operation that made it.
    pub(super) counter: Counter,
    /// How much.
    pub(super) amount: u64,
}

/// Someone who may make money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Issuer {
    pub(super) cap: u64,
    pub(super) issued: u64,
}

impl Ledger {
    /// The ledger a network begins with: accounts with what is in them, issuers with their caps. The set of accounts
    /// is fixed from here on. An issuer need not have an account.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if a name comes twice, or if supply and caps together exceed 64 bits.
    pub fn genesis(
        accounts: impl IntoIterator<Item = (Actor, u64)>,
        issuers: impl IntoIterator<Item = (Actor, u64)>,
    ) -> Result<Self, LedgerError> {
        let accounts = accounts.into_iter().map(|(owner, spendable)| {
            let incoming = ByActor::default();
            let balance = spendable;
            (
                owner,
                Account {
                    spendable,
                    incoming,
                    balance,
                },
            )
        });
        let issuers = issuers
            .into_iter()
            .map(|(issuer, cap)| (issuer, Issuer { cap, issued: 0 }));
        let twice = |Unordered(actor)| LedgerError::NamedTwice(actor);
        Parts {
            accounts: ByActor::collect(accounts).map_err(twice)?,
            issuers: ByActor::collect(issuers).map_err(twice)?,
        }
        .try_into()
    }

    /// What is in an account, claimed or not. `None`: no such account.
    pub fn balance(&self, account: &Actor) -> Option<u64> {
        self.accounts.get(account).map(|account| account.balance)
    }

    /// Every account with its balance, by key.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (Actor, u64)> + '_ {
        self.accounts
            .iter()
            .map(|(owner, account)| (*owner, account.balance))
    }

    /// The sum of all balances.
    pub fn supply(&self) -> u64 {
        // Saturates only where the check of `Parts` has failed to do its work.
        self.accounts()
            .fold(0, |sum, (_, balance)| sum.saturating_add(balance))
    }

    /// How much an issuer has issued so far. `None`: not an issuer.
    pub fn issued(&self, issuer: &Actor) -> Option<u64> {
        self.issuers.get(issuer).map(|issuer| issuer.issued)
    }

    /// Every issuer with its cap and what it has issued, by key.
    pub fn issuers(&self) -> impl ExactSizeIterator<Item = (Actor, u64, u64)> + '_ {
        self.issuers
            .iter()
            .map(|(actor, issuer)| (*actor, issuer.cap, issuer.issued))
    }

    /// Applies a valid operation; any other changes nothing.
    pub(super) fn apply(&mut self, dot: &Dot, op: &Op) {
        let mut spending = SpendingRules::new(self, dot.actor);
        let Ok(payee) = spending.check(Some(dot.counter), op) else {
            return;
        };
        let (source, spendable, issued) = (spending.account, spending.spendable, spending.issued);
        let amount = match op {
            Op::Transfer { amount, causes, .. } => {
                if let Some(account) = source.and_then(|source| self.accounts.at_mut(source)) {
                    for cause in causes {
                        account.claim(cause);
                    }
                    account.spendable = spendable;
                    account.balance = account.balance.saturating_sub(*amount);
                }
                *amount
            }
            Op::Issue { amount, .. } => {
                if let Some(issuer) = self.issuers.get_mut(&dot.actor) {
                    issuer.issued = issued;
                }
                *amount
            }
        };
        if let Some(account) = self.accounts.at_mut(payee) {
            // Neither sum can overflow: all the money there can ever be fits into 64 bits.
            account.balance = account.balance.saturating_add(amount);
            if source == Some(payee) {
                account.spendable = spendable; // an issuer that pays itself
            } else {
                account.credit(dot, amount);
            }
        }
    }
}

impl Account {
    fn claim(&mut self, cause: &Dot) {
        if let Some(incoming) = self.incoming.get_mut(&cause.actor) {
            incoming.claim(cause.counter);
        }
    }

    fn credit(&mut self, dot: &Dot, amount: u64) {
        if let Some(incoming) = self.incoming.entry(dot.actor, Incoming::default) {
            let counter = dot.counter;
            incoming.credits.push_back(Credit { counter, amount });
            incoming.unclaimed = incoming.unclaimed.saturating_add(amount);
        }
    }

    /// The sum of everything in the account, if the account can exist.
    fn recount(&mut self, owner: &Actor, payers: impl Fn(&Actor) -> bool) -> Option<u64> {
        self.balance = self.spendable;
        for (payer, incoming) in self.incoming.iter_mut() {
            if payer == owner || !payers(payer) {
                return None;
            }
            self.balance = self.balance.checked_add(incoming.recount()?)?;
        }
        Some(self.balance)
    }
}

impl Incoming {
    /// The newest credit of this payer there ever was.
    pub(super) fn newest(&self) -> Counter {
        self.credits
            .back()
            .map_or(self.claimed, |credit| credit.counter)
    }

    /// All that is not claimed.
    pub(super) fn unclaimed(&self) -> u64 {
        self.unclaimed
    }

    /// The credits with counters after `after`, oldest first.
    pub(super) fn credits_after(&self, after: Counter) -> impl Iterator<Item = &Credit> {
        let from = self
            .credits
            .partition_point(|credit| credit.counter <= after);
        self.credits.range(from..)
    }

    fn claim(&mut self, up_to: Counter) {
        while let Some(Credit { counter, amount }) = self.credits.front().copied() {
            if counter > up_to {
                break;
            }
            self.credits.pop_front();
            self.claimed = counter;
            self.unclaimed = self.unclaimed.saturating_sub(amount);
        }
    }

    /// The sum of the credits, if transfers can have left them: one at least ever, none empty, each newer than the last.
    fn recount(&mut self) -> Option<u64> {
        if self.newest() == Counter::ZERO {
            return None;
        }
        let mut last = self.claimed;
        self.unclaimed = 0;
        for credit in &self.credits {
            if credit.counter <= last || credit.amount == 0 {
                return None;
            }
            last = credit.counter;
            self.unclaimed = self.unclaimed.checked_add(credit.amount)?;
        }
        Some(self.unclaimed)
    }
}

/// A ledger that nobody has checked.
#[derive(Deserialize)]
struct Parts {
    accounts: ByActor<Account>,
    issuers: ByActor<Issuer>,
}

impl TryFrom<Parts> for Ledger {
    type Error = LedgerError;

    fn try_from(parts: Parts) -> Result<Self, LedgerError> {
        let Parts {
            mut accounts,
            issuers,
        } = parts;
        let mut total = 0u64;
        let mut add = |money: u64| {
            total = total
                .checked_add(money)
                .ok_or(LedgerError::SupplyTooLarge)?;
            Ok(())
        };
        for (actor, Issuer { cap, issued }) in issuers.iter() {
            add(cap
                .checked_sub(*issued)
                .ok_or(LedgerError::PastCap(*actor))?)?;
        }
        let owners: Vec<Actor> = accounts.iter().map(|(owner, _)| *owner).collect();
        let known = |payer: &Actor| owners.binary_search(payer).is_ok() || issuers.contains(payer);
        for (owner, account) in accounts.iter_mut() {
            let impossible = LedgerError::ImpossibleCredits(*owner);
            add(account.recount(owner, known).ok_or(impossible)?)?;
        }
        Ok(Ledger { accounts, issuers })
    }
}
