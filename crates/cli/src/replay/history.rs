//! A recorded editing history: what several people did to one text at the same time.
//!
//! The format is that of the public collection of editing traces by Joseph Gentle: one JSON object, usually compressed by
//! gzip. `txns[i] = { parents: [index…], agent, patches: [[position, deleted, inserted]…] }`, where positions are Unicode
//! characters in the text as it was after `parents`, and `endContent` is the text that everything leads to. A patch may say
//! when it was made, in a fourth field, which is not needed.
//!
//! What one agent did in two places at once is the work of two *hands*. A transaction that is too large for one operation
//! becomes several, one after the other.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bft_crdts::text::MAX_EDIT_CHARS;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::input::drop_byte_order_mark;

/// The largest history that is read, in bytes of JSON.
pub const MAX_HISTORY_BYTES: u64 = 1 << 28;

/// The most hands of a history: what each of them knows of every other is kept for every transaction.
pub const MAX_HANDS: usize = 1_024;

/// What several agents did to one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The text it ends with.
    pub end: String,
    /// How many agents there are.
    pub agents: usize,
    /// How many hands they have: as many as there are agents, or more if one was in two places at once.
    pub hands: usize,
    /// How many transactions the history says, of which large ones are several here.
    pub recorded: usize,
    /// What they did, each transaction after its ancestors.
    pub transactions: Vec<Transaction>,
}

/// What one hand did at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Whose.
    pub hand: usize,
    /// How many operations of each hand it was made after: those of its ancestors. Of hands that come later: none.
    pub known: Vec<u64>,
    /// The replacements, one after the other: position, characters deleted, characters inserted.
    pub patches: Vec<(usize, usize, String)>,
    /// The number of its operation among those of its hand; none if it changes nothing.
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
    /// More agents, or agents in more places at once, than are kept apart.
    #[error("{agents} agents or branches of agents, at most {MAX_HANDS} are replayed")]
    TooManyAgents {
        /// How many.
        agents: usize,
    },
    /// A transaction that changes more than any text has.
    #[error("transaction {transaction} changes {chars} characters, at most {MAX_HISTORY_BYTES}")]
    TooLong {
        /// The transaction, from 0.
        transaction: usize,
        /// How many characters it inserts and deletes.
        chars: usize,
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
    patches: Vec<RawPatch>,
}

/// Position, characters deleted, characters inserted, and when.
#[derive(Deserialize)]
struct RawPatch(
    usize,
    usize,
    String,
    #[serde(default)]
    #[expect(dead_code, reason = "it may be there")]
    Option<IgnoredAny>,
);

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
    if agents > MAX_HANDS {
        return Err(HistoryError::TooManyAgents { agents });
    }
    // What everybody knows is counted in transactions first: also one that changes nothing has to follow.
    let mut known: Vec<Vec<usize>> = Vec::with_capacity(raw.txns.len());
    // For each hand, how many operations there are in its first transactions.
    let mut operations: Vec<Vec<u64>> = Vec::new();
    // The hands of each agent.
    let mut hands: Vec<Vec<usize>> = vec![Vec::new(); agents];
    let mut transactions = Vec::with_capacity(raw.txns.len());
    let recorded = raw.txns.len();
    for (transaction, raw) in raw.txns.into_iter().enumerate() {
        let agent = raw.agent;
        let Some(of_agent) = hands.get_mut(agent) else {
            return Err(HistoryError::UnknownAgent {
                transaction,
                agent,
                agents,
            });
        };
        let mut knows = vec![0; operations.len()];
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
        // The hand whose last transaction it follows, or one that has done nothing yet.
        let follows = |hand: &&usize| knows[**hand] + 1 == operations[**hand].len();
        let hand = match of_agent.iter().find(follows) {
            Some(hand) => *hand,
            None => {
                let hand = operations.len();
                if hand >= MAX_HANDS {
                    return Err(HistoryError::TooManyAgents { agents: hand + 1 });
                }
                of_agent.push(hand);
                operations.push(vec![0]);
                knows.push(0);
                hand
            }
        };
        let chars = |RawPatch(_, deleted, inserted, _): &RawPatch| {
            deleted.saturating_add(inserted.chars().count())
        };
        let chars = raw.patches.iter().map(chars).fold(0, usize::saturating_add);
        if chars as u64 > MAX_HISTORY_BYTES {
            return Err(HistoryError::TooLong { transaction, chars });
        }
        let known_operations: Vec<u64> = operations
            .iter()
            .zip(&knows)
            .map(|(operations, known)| operations[*known])
            .collect();
        let mut last = operations[hand].last().copied().unwrap_or_default();
        for patches in parts(raw.patches) {
            let changes = |(_, deleted, inserted): &Patch| *deleted > 0 || !inserted.is_empty();
            let operation = patches.iter().any(changes).then_some(last + 1);
            last = operation.unwrap_or(last);
            transactions.push(Transaction {
                hand,
                known: known_operations.clone(),
                patches,
                operation,
            });
        }
        operations[hand].push(last);
        knows[hand] += 1;
        known.push(knows);
    }
    let hands = operations.len();
    for transaction in &mut transactions {
        transaction.known.resize(hands, 0);
    }
    Ok(History {
        end: raw.end_content,
        agents,
        hands,
        recorded,
        transactions,
    })
}

/// A replacement: position, characters deleted, characters inserted.
type Patch = (usize, usize, String);

/// The same replacements one after the other, in parts that each fit into an operation.
fn parts(patches: Vec<RawPatch>) -> Vec<Vec<Patch>> {
    let mut parts: Vec<Vec<Patch>> = vec![Vec::new()];
    let mut room = MAX_EDIT_CHARS;
    let mut add = |at: usize, deleted: usize, inserted: String, chars: usize| {
        if chars > room {
            parts.push(Vec::new());
            room = MAX_EDIT_CHARS;
        }
        room -= chars;
        if let Some(part) = parts.last_mut() {
            part.push((at, deleted, inserted));
        }
    };
    for RawPatch(at, deleted, inserted, _) in patches {
        let length = inserted.chars().count();
        let chars = deleted.saturating_add(length);
        if chars <= MAX_EDIT_CHARS {
            add(at, deleted, inserted, chars);
            continue;
        }
        let mut left = deleted;
        while left > 0 {
            let part = left.min(MAX_EDIT_CHARS);
            add(at, part, String::new(), part);
            left -= part;
        }
        let mut letters = inserted.chars();
        let mut place = at;
        while place - at < length {
            let part: String = letters.by_ref().take(MAX_EDIT_CHARS).collect();
            let many = part.chars().count();
            add(place, 0, part, many);
            place = place.saturating_add(many);
        }
    }
    parts
}

impl History {
    /// How many operations there are.
    #[must_use]
    pub fn operations(&self) -> usize {
        let operations = self.transactions.iter();
        operations.filter(|t| t.operation.is_some()).count()
    }
}
