//! What one owner can do next: the rules of the bank, all of them.

use std::collections::BTreeSet;

use super::ledger::{Incoming, Issuer};
use super::{Invalid, Ledger, Op};
use crate::actor::{Actor, Counter, Dot};

/// The running position of one source while operations of its are tried one after the other, without touching the
/// ledger.
///
/// Only the source's own operations change what it can spend, what it has claimed and what it has issued; that
/// is why its position is all that has to be kept, and why validity is stable under operations of others (I21).
#[derive(Clone, Debug)]
pub struct SpendingRules<'a> {
    ledger: &'a Ledger,
    source: Actor,
    /// Position of the source's account.
    pub(super) account: Option<usize>,
    pub(super) spendable: u64,
    issuer: Option<Issuer>,
    pub(super) issued: u64,
    /// Claims made here, beyond those in the ledger, by payer.
    claims: Vec<(Actor, Claim)>,
    /// The last payee found acceptable, with its position: most batches pay few.
    payee: Option<(Actor, usize)>,
}

/// What a purse has claimed of one payer.
#[derive(Clone, Copy, Debug, Default)]
struct Claim {
    /// Every credit up to this operation of the payer…
    up_to: Counter,
    /// …which makes this much.
    sum: u64,
}

impl<'a> SpendingRules<'a> {
    pub(super) fn new(ledger: &'a Ledger, source: Actor) -> Self {
        let account = ledger.accounts.position(&source).ok();
        let spendable = account
            .and_then(|position| ledger.accounts.at(position))
            .map_or(0, |account| account.spendable);
        let issuer = ledger.issuers.get(&source).copied();
        SpendingRules {
            ledger,
            source,
            account,
            spendable,
            issuer,
            issued: issuer.map_or(0, |issuer| issuer.issued),
            claims: Vec::new(),
            payee: None,
        }
    }

    /// What the source can spend without claiming anything.
    pub fn spendable(&self) -> u64 {
        self.spendable
    }

    /// Takes an operation of the source into account, as if it had been applied with this counter. Counters must grow from
    /// call to call.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and the spending rules are as before.
    pub fn admit(&mut self, counter: Counter, op: &Op) -> Result<(), Invalid> {
        self.check(Some(counter), op).map(drop)
    }

    /// Takes an operation of the source into account that is under way, so that its counter is not known yet.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and the spending rules are as before.
    pub fn expect(&mut self, op: &Op) -> Result<(), Invalid> {
        self.check(None, op).map(drop)
    }

    /// A transfer the source can broadcast next, taken into account at once. See [`super::Bank::transfer`] for what it
    /// cites.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and the spending rules are as before.
    pub fn transfer(&mut self, to: Actor, amount: u64) -> Result<Op, Invalid> {
        self.pay(to, amount, None)
    }

    /// As [`SpendingRules::transfer`], but claims only credits for which `may` is true; of one payer, only those before
    /// the first for which it is not.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and the spending rules are as before.
    pub fn transfer_claiming(
        &mut self,
        to: Actor,
        amount: u64,
        may: impl Fn(&Dot) -> bool,
    ) -> Result<Op, Invalid> {
        self.pay(to, amount, Some(&may))
    }

    fn pay(&mut self, to: Actor, amount: u64, may: Option<May<'_>>) -> Result<Op, Invalid> {
        let causes = self.causes_for(amount, may);
        let op = Op::Transfer { to, amount, causes };
        self.expect(&op)?;
        Ok(op)
    }

    /// Every rule of the bank. On success the spending rules stand after the operation; the answer is the position of
    /// the payee.
    pub(super) fn check(&mut self, counter: Option<Counter>, op: &Op) -> Result<usize, Invalid> {
        match op {
            Op::Transfer { to, amount, causes } => {
                self.check_transfer(counter, to, *amount, causes)
            }
            Op::Issue { to, amount } => self.check_issue(counter, to, *amount),
        }
    }

    #[inline]
    fn check_transfer(
        &mut self,
        counter: Option<Counter>,
        to: &Actor,
        amount: u64,
        causes: &BTreeSet<Dot>,
    ) -> Result<usize, Invalid> {
        if amount == 0 {
            return Err(Invalid::Zero);
        }
        if *to == self.source {
            return Err(Invalid::SelfTransfer);
        }
        if self.account.is_none() {
            return Err(Invalid::NoAccount(self.source));
        }
        let payee = self.payee(counter, to)?;
        let mut have = self.spendable;
        if !causes.is_empty() {
            let claimable = self.claimable(causes)?;
            have = have.checked_add(claimable).ok_or(Invalid::Overflow)?;
        }
        let need = amount;
        let left = have
            .checked_sub(need)
            .ok_or(Invalid::Overdraft { have, need })?;
        self.spendable = left;
        for cause in causes {
            self.claim(cause);
        }
        self.payee = counter.map(|_| (*to, payee));
        Ok(payee)
    }

    fn check_issue(
        &mut self,
        counter: Option<Counter>,
        to: &Actor,
        amount: u64,
    ) -> Result<usize, Invalid> {
        if amount == 0 {
            return Err(Invalid::Zero);
        }
        let Issuer { cap, .. } = self.issuer.ok_or(Invalid::NotIssuer)?;
        let payee = self.payee(counter, to)?;
        let issued = self.issued;
        let exceeded = Invalid::CapExceeded {
            cap,
            issued,
            amount,
        };
        match issued.checked_add(amount) {
            Some(issued) if issued <= cap => {
                if self.account == Some(payee) {
                    let spendable = self.spendable.checked_add(amount);
                    self.spendable = spendable.ok_or(Invalid::Overflow)?;
                }
                self.issued = issued;
            }
            _ => return Err(exceeded),
        }
        self.payee = counter.map(|_| (*to, payee));
        Ok(payee)
    }

    /// The position of a payee that has no credit of the source from `counter` on.
    #[inline]
    fn payee(&self, counter: Option<Counter>, to: &Actor) -> Result<usize, Invalid> {
        if let Some((payee, position)) = self.payee
            && payee == *to
        {
            return Ok(position);
        }
        let none = Invalid::NoAccount(*to);
        let position = self.ledger.accounts.position(to).map_err(|_| none)?;
        if let Some(counter) = counter {
            let account = self.ledger.accounts.at(position);
            let incoming = account.and_then(|account| account.incoming.get(&self.source));
            if counter <= incoming.map_or(Counter::ZERO, Incoming::newest) {
                return Err(Invalid::Replayed(Dot::new(self.source, counter)));
            }
        }
        Ok(position)
    }

    /// What the cited dots claim together, beyond what is claimed already.
    fn claimable(&self, causes: &BTreeSet<Dot>) -> Result<u64, Invalid> {
        let mut sum = 0u64;
        let mut last = None;
        for cause in causes {
            let payer = &cause.actor;
            if *payer == self.source {
                return Err(Invalid::OwnCause);
            }
            if last == Some(payer) {
                return Err(Invalid::TwoCausesOfOnePayer(*payer));
            }
            last = Some(payer);
            let Some(incoming) = self.incoming(payer) else {
                if self.ledger.accounts.contains(payer) || self.ledger.issuers.contains(payer) {
                    continue; // nothing from this payer to claim
                }
                return Err(Invalid::NoAccount(*payer));
            };
            let here = self.claim_of(payer).up_to;
            let credits = credits_between(incoming, here, cause.counter);
            sum = sum
                .checked_add(credits.ok_or(Invalid::Overflow)?)
                .ok_or(Invalid::Overflow)?;
        }
        Ok(sum)
    }

    fn incoming(&self, payer: &Actor) -> Option<&'a Incoming> {
        self.ledger.accounts.at(self.account?)?.incoming.get(payer)
    }

    fn claim_of(&self, payer: &Actor) -> Claim {
        let position = self.claims.binary_search_by(|(actor, _)| actor.cmp(payer));
        let claim = position.ok().and_then(|position| self.claims.get(position));
        claim.map_or_else(Claim::default, |(_, claim)| *claim)
    }

    fn claim(&mut self, cause: &Dot) {
        let Some(incoming) = self.incoming(&cause.actor) else {
            return;
        };
        let before = self.claim_of(&cause.actor);
        if cause.counter <= before.up_to {
            return;
        }
        let more = credits_between(incoming, before.up_to, cause.counter).unwrap_or(u64::MAX);
        let claim = Claim {
            up_to: cause.counter,
            sum: before.sum.saturating_add(more),
        };
        let position = self
            .claims
            .binary_search_by(|(payer, _)| payer.cmp(&cause.actor));
        match position.map(|position| self.claims.get_mut(position)) {
            Ok(Some((_, earlier))) => *earlier = claim,
            Ok(None) => {}
            Err(gap) => self.claims.insert(gap, (cause.actor, claim)),
        }
    }

    /// The fewest payers, and of the last the oldest credits, that make `amount` affordable; all there are if nothing does.
    fn causes_for(&self, amount: u64, may: Option<May<'_>>) -> BTreeSet<Dot> {
        let mut causes = BTreeSet::new();
        let mut missing = amount.saturating_sub(self.spendable);
        let account = self
            .account
            .and_then(|position| self.ledger.accounts.at(position));
        let Some(account) = account.filter(|_| missing > 0) else {
            return causes;
        };
        let payers = account.incoming.iter();
        let mut offers: Vec<(Offer, &Actor, &Incoming)> = payers
            .map(|(payer, incoming)| (self.everything(payer, incoming, may), payer, incoming))
            .filter(|(offer, _, _)| offer.sum > 0)
            .collect();
        offers.sort_by_key(|(offer, payer, _)| (std::cmp::Reverse(offer.sum), *payer));
        for (all, payer, incoming) in offers {
            if missing == 0 {
                break;
            }
            let offer = if all.sum <= missing {
                all
            } else {
                self.oldest(payer, incoming, missing, may)
            };
            causes.insert(Dot::new(*payer, offer.up_to));
            missing = missing.saturating_sub(offer.sum);
        }
        causes
    }

    /// All credits of a payer that may be claimed.
    fn everything(&self, payer: &Actor, incoming: &Incoming, may: Option<May<'_>>) -> Offer {
        if may.is_some() {
            return self.oldest(payer, incoming, u64::MAX, may);
        }
        Offer {
            sum: incoming
                .unclaimed()
                .saturating_sub(self.claim_of(payer).sum),
            up_to: incoming.newest(),
        }
    }

    /// The oldest credits of a payer that make up `enough`, or all that may be claimed.
    fn oldest(
        &self,
        payer: &Actor,
        incoming: &Incoming,
        enough: u64,
        may: Option<May<'_>>,
    ) -> Offer {
        let up_to = self.claim_of(payer).up_to;
        let mut offer = Offer { sum: 0, up_to };
        for credit in incoming.credits_after(up_to) {
            let dot = Dot::new(*payer, credit.counter);
            if offer.sum >= enough || may.is_some_and(|may| !may(&dot)) {
                break;
            }
            offer.sum = offer.sum.saturating_add(credit.amount);
            offer.up_to = credit.counter;
        }
        offer
    }
}

/// Which credits may be claimed.
type May<'m> = &'m dyn Fn(&Dot) -> bool;

/// Money of one payer that can be claimed by citing one dot.
struct Offer {
    sum: u64,
    up_to: Counter,
}

/// The sum of the credits after `after` up to `up_to`, if it fits.
fn credits_between(incoming: &Incoming, after: Counter, up_to: Counter) -> Option<u64> {
    incoming
        .credits_after(after)
        .take_while(|credit| credit.counter <= up_to)
        .try_fold(0u64, |sum, credit| sum.checked_add(credit.amount))
}
