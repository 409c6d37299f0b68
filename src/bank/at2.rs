//! The algorithm of the AT2 paper, transcribed: the oracle the bank is held against.
//!
//! Guerraoui, Kuznetsov, Monti, Pavlović, Seredinschi: *The Consensus Number of a Cryptocurrency*, PODC 2019
//! (arXiv 1906.05574), the figure "consensusless transfer system". Histories are sets of transfers, a transfer carries
//! the incoming transfers it depends on, and a balance is the sum over a set. That makes every step grow with the
//! history, which is why the [`Bank`](super::Bank) keeps its books differently, and why this is for tests and for
//! computing what a ledger should come to, not for networks.
//!
//! Issuers, which the paper does not have, are ordinary: an issuer owns one more account, its *mint*, which
//! holds the cap in the beginning.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "sums of u64 amounts in u128: no history is long enough"
)]

use std::collections::{BTreeMap, BTreeSet};

use super::Invalid;
use crate::actor::Actor;

/// An account of the paper, µ(account) being its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What an actor owns.
    Of(Actor),
    /// What an issuer has not issued yet.
    Mint(Actor),
}

impl Account {
    /// µ: who may take money out of it.
    pub fn owner(&self) -> &Actor {
        match self {
            Account::Of(actor) | Account::Mint(actor) => actor,
        }
    }
}

/// A transfer of the paper, `(a, b, x, s)`. The sequence number keeps equal payments apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Transfer {
    /// The account debited, `a`.
    pub from: Account,
    /// The account credited, `b`.
    pub to: Account,
    /// The amount, `x`.
    pub amount: u64,
    /// The how many-th transfer of the owner of `a` it is, from 1, `s`.
    pub seq: u64,
}

/// The variables of one process of the paper, apart from its queue of transfers not valid yet, which is its caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// `q0`: what every account holds in the beginning.
    initial: BTreeMap<Account, u64>,
    /// `seq[q]`: how many transfers of q have been validated.
    seq: BTreeMap<Actor, u64>,
    /// `hist[q]`: the validated transfers of q and those they depend on.
    hist: BTreeMap<Actor, BTreeSet<Transfer>>,
}

impl Process {
    /// A process that has seen nothing, in a system with these accounts and these issuers with their caps.
    pub fn new(
        accounts: impl IntoIterator<Item = (Actor, u64)>,
        issuers: impl IntoIterator<Item = (Actor, u64)>,
    ) -> Self {
        let accounts = accounts.into_iter().map(|(a, x)| (Account::Of(a), x));
        let mints = issuers.into_iter().map(|(a, cap)| (Account::Mint(a), cap));
        Process {
            initial: accounts.chain(mints).collect(),
            seq: BTreeMap::new(),
            hist: BTreeMap::new(),
        }
    }

    /// `seq[q]`.
    pub fn seq(&self, q: &Actor) -> u64 {
        self.seq.get(q).copied().unwrap_or(0)
    }

    /// `hist[q]`.
    pub fn hist(&self, q: &Actor) -> BTreeSet<Transfer> {
        self.hist.get(q).cloned().unwrap_or_default()
    }

    /// `balance(a, S)`: what `a` holds in the beginning, plus what comes in, minus what goes out in `S`. The paper never
    /// applies it to a set in which that is negative; it is then 0 here.
    pub fn balance<'t>(&self, a: &Account, set: impl IntoIterator<Item = &'t Transfer>) -> u128 {
        let mut incoming = self.initial.get(a).map_or(0, |x| u128::from(*x));
        let mut outgoing = 0u128;
        for t in set {
            if t.to == *a {
                incoming += u128::from(t.amount);
            }
            if t.from == *a {
                outgoing += u128::from(t.amount);
            }
        }
        incoming.saturating_sub(outgoing)
    }

    /// `Valid(q, t, h)`: q owns the account debited; `t` is its next transfer; the account can pay it from its history with
    /// `h`; and every transfer in `h` is a validated one of the process it is said to come from.
    pub fn valid(&self, q: &Actor, t: &Transfer, h: &BTreeSet<Transfer>) -> bool {
        let mut known = self.hist(q);
        known.extend(h);
        t.from.owner() == q
            && t.seq == self.seq(q) + 1
            && self.balance(&t.from, &known) >= u128::from(t.amount)
            && h.iter().all(|d| {
                let theirs = self.hist.get(d.from.owner());
                theirs.is_some_and(|theirs| theirs.contains(d))
            })
    }

    /// What a process does with a delivered transfer: if it is valid, `hist[q] := hist[q] ∪ h ∪ {t}` and `seq[q]` grows.
    /// Says whether it was.
    pub fn deliver(&mut self, q: &Actor, t: Transfer, h: &BTreeSet<Transfer>) -> bool {
        if !self.valid(q, &t, h) {
            return false;
        }
        let hist = self.hist.entry(*q).or_default();
        hist.extend(h);
        hist.insert(t);
        self.seq.insert(*q, t.seq);
        true
    }

    /// `read(a)`: what `a` holds after every transfer validated here.
    pub fn read(&self, a: &Account) -> u128 {
        let all: BTreeSet<_> = self.hist.values().flatten().collect();
        self.balance(a, all)
    }

    /// Every account of an actor and what it holds, by key.
    pub fn accounts(&self) -> Vec<(Actor, u128)> {
        let owned = self.initial.keys().filter_map(|account| match account {
            Account::Of(actor) => Some(*actor),
            Account::Mint(_) => None,
        });
        owned.map(|a| (a, self.read(&Account::Of(a)))).collect()
    }

    fn has(&self, account: &Account) -> bool {
        self.initial.contains_key(account)
    }
}

/// The paper's algorithm run by everybody in one place, one transfer after the other: what a ledger comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    everybody: Process,
    /// `deps` of each process: what came in since its last transfer.
    deps: BTreeMap<Actor, BTreeSet<Transfer>>,
}

impl Oracle {
    /// The beginning of a ledger: accounts with what they hold, issuers with their caps.
    pub fn new(
        accounts: impl IntoIterator<Item = (Actor, u64)>,
        issuers: impl IntoIterator<Item = (Actor, u64)>,
    ) -> Self {
        Oracle {
            everybody: Process::new(accounts, issuers),
            deps: BTreeMap::new(),
        }
    }

    /// `transfer(from, to, amount)`: from now on, or never.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing has happened. Zero amounts, transfers to oneself and unknown names are our rules; what is not
    /// affordable is the paper's.
    pub fn transfer(&mut self, from: Actor, to: Actor, amount: u64) -> Result<(), Invalid> {
        if amount == 0 {
            return Err(Invalid::Zero);
        }
        if from == to {
            return Err(Invalid::SelfTransfer);
        }
        for actor in [from, to] {
            if !self.everybody.has(&Account::Of(actor)) {
                return Err(Invalid::NoAccount(actor));
            }
        }
        self.step(Account::Of(from), to, amount).map_err(|have| {
            let need = amount;
            Invalid::Overdraft { have, need }
        })
    }

    /// New money from `issuer`.
    ///
    /// # Errors
    ///
    /// As [`Oracle::transfer`].
    pub fn issue(&mut self, issuer: Actor, to: Actor, amount: u64) -> Result<(), Invalid> {
        if amount == 0 {
            return Err(Invalid::Zero);
        }
        let mint = Account::Mint(issuer);
        let cap = *self
            .everybody
            .initial
            .get(&mint)
            .ok_or(Invalid::NotIssuer)?;
        if !self.everybody.has(&Account::Of(to)) {
            return Err(Invalid::NoAccount(to));
        }
        self.step(mint, to, amount).map_err(|left| {
            let issued = cap.saturating_sub(left);
            Invalid::CapExceeded {
                cap,
                issued,
                amount,
            }
        })
    }

    /// What an account holds. `None`: no such account.
    pub fn balance(&self, actor: &Actor) -> Option<u128> {
        let account = Account::Of(*actor);
        self.everybody
            .has(&account)
            .then(|| self.everybody.read(&account))
    }

    /// Every account and what it holds, by key.
    pub fn balances(&self) -> Vec<(Actor, u128)> {
        self.everybody.accounts()
    }

    /// Operation `transfer` of the owner of `from`, and its delivery everywhere. `Err` is what there was instead.
    fn step(&mut self, from: Account, to: Actor, amount: u64) -> Result<(), u64> {
        let p = *from.owner();
        let deps = self.deps.get(&p).cloned().unwrap_or_default();
        let mut known = self.everybody.hist(&p);
        known.extend(&deps);
        let have = self.everybody.balance(&from, &known);
        let seq = self.everybody.seq(&p) + 1;
        let to = Account::Of(to);
        let t = Transfer {
            from,
            to,
            amount,
            seq,
        };
        if have < u128::from(amount) || !self.everybody.deliver(&p, t, &deps) {
            return Err(u64::try_from(have).unwrap_or(u64::MAX));
        }
        self.deps.remove(&p);
        self.deps.entry(*to.owner()).or_default().insert(t);
        Ok(())
    }
}
