//! The data type: every member's own transactions, in its own order.

use std::collections::BTreeMap;

use bft_crdts::{Actor, Causes, Dot, SecureBroadcastAlgorithm};
use serde::{Deserialize, Serialize};

use crate::tx::{Tx, TxId};

pub(super) const ALGORITHM: &str = "laboratory/1";

/// Who spent what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    state: State,
}

/// What is replicated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Who has which number.
    actors: Vec<Actor>,
    txs: BTreeMap<TxId, Tx>,
}

/// A transaction that is not its source's next one, or that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the next transaction of its source, or more than there is")]
pub struct NotInOrder;

impl State {
    /// Nobody has spent anything.
    pub(super) fn new(actors: &[Actor]) -> Self {
        Self {
            actors: actors.to_vec(),
            txs: BTreeMap::new(),
        }
    }
}

impl SecureBroadcastAlgorithm for Ledger {
    type Op = Tx;
    type ReplicatedState = State;
    type Invalid = NotInOrder;

    fn new(_: Actor) -> Self {
        Self {
            state: State::new(&[]),
        }
    }

    fn state(&self) -> State {
        self.state.clone()
    }

    fn sync_from(&mut self, other: State) {
        self.state = other;
    }

    /// Nothing but what the source itself did before, which is always delivered first.
    fn causes(&self, _: &Tx) -> Causes {
        Causes::Nothing
    }

    fn validate(&self, dot: &Dot, tx: &Tx) -> Result<(), NotInOrder> {
        let source = self.state.actors.get(usize::from(tx.id.client));
        let own = source == Some(&dot.actor) && tx.id.number == dot.counter.get();
        if own && tx.is_sane() {
            Ok(())
        } else {
            Err(NotInOrder)
        }
    }

    fn apply(&mut self, _: Dot, tx: Tx) {
        self.state.txs.insert(tx.id, tx);
    }
}
