//! Who is proven faulty: one piece of evidence for each culprit, kept for good.

use std::collections::BTreeMap;

use super::wire::evidence::{Evidence, MAX_EVIDENCE_BYTES};
use crate::actor::Actor;
use crate::membership::quorum::faults;

/// One conviction per culprit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Convictions(BTreeMap<Actor, Evidence>);

impl Convictions {
    /// Whether this actor is convicted.
    pub(super) fn of(&self, actor: &Actor) -> bool {
        self.0.contains_key(actor)
    }

    /// Whether evidence is to be kept: of one that is not convicted yet, and not too large to be sent and written down. The
    /// seal of a faulty member may be as large as a packet.
    pub(super) fn takes(&self, evidence: &Evidence) -> bool {
        !self.of(&evidence.culprit) && evidence.weight() <= MAX_EVIDENCE_BYTES
    }

    /// Keeps evidence that holds; `None` if it is not [to be kept](Self::takes).
    pub(super) fn keep(&mut self, evidence: Evidence) -> Option<&Evidence> {
        if !self.takes(&evidence) {
            return None;
        }
        Some(self.0.entry(evidence.culprit).or_insert(evidence))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Evidence> + '_ {
        self.0.values()
    }

    /// Whether enough is known: of so many members, more are convicted than may be faulty.
    pub(super) fn are_enough(&self, members: usize) -> bool {
        self.0.len() > faults(members)
    }
}
