//! A recorded editing history: what several people did to one text at the same time.
//!
//! The format is that of the public collection of editing traces by Joseph Gentle: one JSON object, usually compressed by
//! gzip. `txns[i] = { parents: [index…], agent, patches: [[position, deleted, inserted]…] }`, where positions are Unicode
//! characters in the text as it was after `parents`, and `endContent` is the text that everything leads to.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bft_crdts::membership::MAX_MEMBERS;
use bft_crdts::text::MAX_EDIT_CHARS;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use crate::input::drop_byte_order_mark;

/// The largest history that is read, in bytes of JSON.
pub const MAX_HISTORY_BYTES: u64 = 1 << 28;

/// What several agents did to one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The text it ends with.
    pub end: String,
    /// How many agents there are.
    pub agents: usize,
    /// What they did, each transaction after its ancestors.
    pub transactions: Vec<Transaction>,
}

/// What one agent did at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Who.
    pub agent: usize,
    /// How many operations of each agent it was made after: those of its ancestors.
    pub known: Vec<u64>,
    /// The replacements, one after the other: position, characters deleted, characters inserted.
    pub patches: Vec<(usize, usize, String)>,
    /// The number of its operation among those of its agent; none if it changes nothing.
    pub operation: Option<u64>,
}

/// Why a history cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is too large.
    #[error("more than {MAX_HISTORY_BYTES} bytes of JSON")]
    TooLarge,
    /// It is no history.
    #[error("not an editing history: {0}")]
    Json(#[from] serde_json::Error),
    /// It begins with a text that nobody typed.
    #[error("it begins with a text; only histories that begin with nothing are replayed")]
    Begun,
    /// Nobody does anything in it.
    #[error("no transactions")]
    Empty,
    /// A transaction that comes before its parent.
    #[error("transaction {transaction} comes before its parent {parent}")]
    ParentAfter {
        /// The transaction, from 0.
        transaction: usize,
        /// The parent.
        parent: usize,
    },
    /// An agent beyond those there are.
    #[error("transaction {transaction} is by agent {agent}, and there are {agents}")]
    UnknownAgent {
        /// The transaction, from 0.
        transaction: usize,
        /// Its agent, from 0.
        agent: usize,
        /// How many agents there are.
        agents: usize,
    },
    /// More agents than a network has members.
    #[error("{agents} agents, at most {MAX_MEMBERS} can be members")]
    TooManyAgents {
        /// How many.
        agents: usize,
    },
    /// A transaction that one operation cannot carry.
    #[error(
        "transaction {transaction} changes {chars} characters, at most {MAX_EDIT_CHARS} fit in one operation"
    )]
    TooLong {
        /// The transaction, from 0.
        transaction: usize,
        /// How many characters it inserts and deletes.
        chars: usize,
    },
    /// An agent that is in two places at once. Every agent is a member here, and a member's operations have an order.
    #[error("transaction {transaction} does not follow the one before it of its agent {agent}")]
    Forked {
        /// The transaction, from 0.
        transaction: usize,
        /// Its agent, from 0.
        agent: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    start_content: String,
    end_content: String,
    num_agents: Option<usize>,
    txns: Vec<RawTransaction>,
}

#[derive(Deserialize)]
struct RawTransaction {
    parents: Vec<usize>,
    agent: usize,
    patches: Vec<(usize, usize, String)>,
}

/// Reads a history from a file, compressed or not.
///
/// # Errors
/// [`HistoryError`].
pub fn read(path: &Path) -> Result<History, HistoryError> {
    let mut bytes = Vec::new();
    let limit = MAX_HISTORY_BYTES + 1;
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    parse(&unpack(&bytes)?)
}

/// The JSON of a file's bytes, compressed or not.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, HistoryError> {
    let mut json = Vec::new();
    let limit = MAX_HISTORY_BYTES + 1;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(bytes)
            .take(limit)
            .read_to_end(&mut json)?;
    } else {
        json.extend_from_slice(bytes);
    }
    if json.len() as u64 > MAX_HISTORY_BYTES {
        return Err(HistoryError::TooLarge);
    }
    drop_byte_order_mark(&mut json);
    Ok(json)
}

/// Reads a history from its JSON.
///
/// # Errors
/// [`HistoryError`], never `Io` or `TooLarge`.
pub fn parse(json: &[u8]) -> Result<History, HistoryError> {
    let raw: Raw = serde_json::from_slice(json)?;
    if !raw.start_content.is_empty() {
        return Err(HistoryError::Begun);
    }
    let highest = raw.txns.iter().map(|transaction| transaction.agent).max();
    let highest = highest.ok_or(HistoryError::Empty)?;
    let agents = raw.num_agents.unwrap_or(highest.saturating_add(1));
    if agents > MAX_MEMBERS {
        return Err(HistoryError::TooManyAgents { agents });
    }
    // What everybody knows is counted in transactions first: also one that changes nothing has to follow.
    let mut known: Vec<Vec<usize>> = Vec::with_capacity(raw.txns.len());
    // For each agent, how many operations there are in its first transactions.
    let mut operations: Vec<Vec<u64>> = vec![vec![0]; agents];
    let mut transactions = Vec::with_capacity(raw.txns.len());
    for (transaction, raw) in raw.txns.into_iter().enumerate() {
        let agent = raw.agent;
        if agent >= agents {
            return Err(HistoryError::UnknownAgent {
                transaction,
                agent,
                agents,
            });
        }
        let mut knows = vec![0; agents];
        for parent in raw.parents {
            let Some(of_parent) = known.get(parent) else {
                return Err(HistoryError::ParentAfter {
                    transaction,
                    parent,
                });
            };
            for (count, of_parent) in knows.iter_mut().zip(of_parent) {
                *count = (*count).max(*of_parent);
            }
        }
        let own = &mut operations[agent];
        if knows[agent] + 1 != own.len() {
            return Err(HistoryError::Forked { transaction, agent });
        }
        let chars = |(_, deleted, inserted): &(usize, usize, String)| {
            deleted.saturating_add(inserted.chars().count())
        };
        let chars = raw.patches.iter().map(chars).fold(0, usize::saturating_add);
        if chars > MAX_EDIT_CHARS {
            return Err(HistoryError::TooLong { transaction, chars });
        }
        let changes =
            |(_, deleted, inserted): &(usize, usize, String)| *deleted > 0 || !inserted.is_empty();
        let last = own.last().copied().unwrap_or_default();
        let operation = raw.patches.iter().any(changes).then_some(last + 1);
        own.push(operation.unwrap_or(last));
        transactions.push(Transaction {
            agent,
            known: operations
                .iter()
                .zip(&knows)
                .map(|(operations, known)| operations[*known])
                .collect(),
            patches: raw.patches,
            operation,
        });
        knows[agent] += 1;
        known.push(knows);
    }
    Ok(History {
        end: raw.end_content,
        agents,
        transactions,
    })
}

impl History {
    /// How many operations there are.
    #[must_use]
    pub fn operations(&self) -> usize {
        let operations = self.transactions.iter();
        operations.filter(|t| t.operation.is_some()).count()
    }
}
