//! The blocks a miner knows: a tree, of which the longest branch counts, and of equal ones the first seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use bft_crdts::Digest;

use super::Block;
use crate::tx::{SignedTx, TxId};

/// The most blocks that wait for their parents.
const MOST_PARKED: usize = 1_000;

/// The tree.
#[derive(Debug)]
pub(crate) struct Chain {
    blocks: BTreeMap<Digest, Arc<Block>>,
    /// Blocks whose parents are missing, by parent.
    parked: BTreeMap<Digest, Vec<Arc<Block>>>,
    tip: (u64, Digest),
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            blocks: BTreeMap::new(),
            parked: BTreeMap::new(),
            tip: (0, genesis()),
        }
    }
}

fn genesis() -> Digest {
    Digest::of(b"bft-crdts-lab/lottery/genesis/1")
}

impl Chain {
    /// Height and digest of the end of the longest branch.
    pub(crate) const fn tip(&self) -> (u64, Digest) {
        self.tip
    }

    pub(crate) fn knows(&self, digest: &Digest) -> bool {
        self.blocks.contains_key(digest)
    }

    pub(crate) fn get(&self, digest: &Digest) -> Option<&Arc<Block>> {
        self.blocks.get(digest)
    }

    /// Adds a block, and those that waited for it. `false` if its parent is not known.
    ///
    /// A block that repeats a transaction of its own branch, or has the wrong height, is never added, and not asked for
    /// again.
    pub(crate) fn add(&mut self, block: &Arc<Block>) -> bool {
        let known = block.parent() == genesis() || self.knows(&block.parent());
        if !known {
            return false;
        }
        let mut todo = vec![block.clone()];
        while let Some(block) = todo.pop() {
            if !self.fits(&block) {
                continue;
            }
            let digest = block.digest();
            if block.height() > self.tip.0 {
                self.tip = (block.height(), digest);
            }
            self.blocks.insert(digest, block);
            todo.extend(self.parked.remove(&digest).into_iter().flatten());
        }
        true
    }

    fn fits(&self, block: &Block) -> bool {
        let branch = self.branch(block.parent());
        let height = branch.first().map_or(0, |parent| parent.height());
        let mut earlier = branch.iter().flat_map(|block| block.txs());
        block.height() == height + 1
            && !earlier.any(|request| {
                let mut own = block.txs().iter();
                own.any(|own| own.tx.id == request.tx.id)
            })
    }

    /// Keeps a block until its parent is there.
    pub(crate) fn park(&mut self, block: Arc<Block>) {
        let parked = self.parked.entry(block.parent()).or_default();
        if !parked.contains(&block) {
            parked.push(block);
        }
        if self.parked.len() > MOST_PARKED {
            self.parked.pop_first();
        }
    }

    /// From this block back to the first one.
    fn branch(&self, end: Digest) -> Vec<&Arc<Block>> {
        let next = |block: &&Arc<Block>| self.blocks.get(&block.parent());
        std::iter::successors(self.blocks.get(&end), next).collect()
    }

    /// The longest branch, first block first.
    pub(crate) fn longest(&self) -> Vec<Arc<Block>> {
        let mut line: Vec<_> = self.branch(self.tip.1).into_iter().cloned().collect();
        line.reverse();
        line
    }

    /// Whether the longest branch has a transaction of this name.
    pub(crate) fn contains(&self, id: TxId) -> bool {
        let branch = self.branch(self.tip.1);
        let mut txs = branch.into_iter().flat_map(|block| block.txs());
        txs.any(|request| request.tx.id == id)
    }

    /// Every transaction of every branch.
    pub(crate) fn all_txs(&self) -> impl Iterator<Item = SignedTx> + '_ {
        self.blocks
            .values()
            .flat_map(|block| block.txs().iter().copied())
    }
}
