//! Why the bank refuses an operation.

use crate::actor::{Actor, Dot};

/// Why an operation of the bank can never be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// An amount of zero.
    #[error("the amount is zero")]
    Zero,
    /// A transfer from an account to itself.
    #[error("source and payee are the same account")]
    SelfTransfer,
    /// The source, the payee or a cited payer is not known to the bank.
    #[error("{0} has no account")]
    NoAccount(Actor),
    /// What the source can spend, with the credits it claims, is less than the amount.
    #[error("overdraft: {need} needed, {have} there")]
    Overdraft {
        /// What the source can spend including the credits claimed.
        have: u64,
        /// The amount.
        need: u64,
    },
    /// The source of an issue is not named as an issuer in the genesis.
    #[error("the source is not an issuer")]
    NotIssuer,
    /// An issue would take the issuer past its cap.
    #[error("{issued} of {cap} issued already, {amount} more is too much")]
    CapExceeded {
        /// The most this issuer may ever issue.
        cap: u64,
        /// What it has issued so far.
        issued: u64,
        /// The amount asked for.
        amount: u64,
    },
    /// A sum does not fit into 64 bits. No bank that began with a checked genesis gets there.
    #[error("a sum exceeds 64 bits")]
    Overflow,
    /// Two cited dots of one payer; the later one says it all.
    #[error("two causes of one payer, {0}")]
    TwoCausesOfOnePayer(Actor),
    /// The source cites an operation of its own; its own past is always known.
    #[error("an operation of the source itself is cited")]
    OwnCause,
    /// The payee already holds a credit of this source with this or a later counter, or the counter is zero. The
    /// broadcast delivers the dots of a source in order from 1, and none twice.
    #[error("{0} was applied before")]
    Replayed(Dot),
}
