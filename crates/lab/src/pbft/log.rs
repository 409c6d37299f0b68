//! What a replica knows about one number of one view.

use std::collections::BTreeMap;

use bft_crdts::{Digest, Sig};

use super::message::{Certificate, Place, PrePrepare};

/// One number of one view.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// What the primary says, if it has been heard.
    pub(super) pre_prepare: Option<PrePrepare>,
    /// The first PREPARE of every backup.
    prepares: BTreeMap<u16, (Digest, Sig)>,
    /// The first COMMIT of every replica.
    commits: BTreeMap<u16, Digest>,
    /// Our own PREPARE is sent, or we are the primary.
    pub(super) prepare_sent: bool,
    /// It is prepared here, and our own COMMIT is sent.
    pub(super) commit_sent: bool,
    /// It is committed here.
    pub(super) done: bool,
}

impl Entry {
    /// Takes a vote; `false` if this replica has voted here before.
    pub(super) fn prepare(&mut self, node: u16, place: &Place, sig: Sig) -> bool {
        let new = !self.prepares.contains_key(&node);
        self.prepares.entry(node).or_insert((place.digest, sig));
        new
    }

    /// Takes a vote; `false` if this replica has voted here before.
    pub(super) fn commit(&mut self, node: u16, place: &Place) -> bool {
        let new = !self.commits.contains_key(&node);
        self.commits.entry(node).or_insert(place.digest);
        new
    }

    /// The certificate, if `enough` backups agree with the primary. The primary's own PREPARE, if it sent one, does not
    /// count twice.
    pub(super) fn certificate(&self, primary: u16, enough: usize) -> Option<Certificate> {
        let pre_prepare = self.pre_prepare?;
        let digest = pre_prepare.place.digest;
        let agree = self
            .prepares
            .iter()
            .filter(|(node, (theirs, _))| **node != primary && *theirs == digest);
        let prepares: Vec<(u16, Sig)> = agree.map(|(node, (_, sig))| (*node, *sig)).collect();
        (prepares.len() >= enough).then_some(Certificate {
            pre_prepare,
            prepares,
        })
    }

    /// How many replicas have committed to what the primary says.
    pub(super) fn committed(&self) -> usize {
        let Some(pre_prepare) = self.pre_prepare else {
            return 0;
        };
        let digest = pre_prepare.place.digest;
        self.commits
            .values()
            .filter(|theirs| **theirs == digest)
            .count()
    }
}
