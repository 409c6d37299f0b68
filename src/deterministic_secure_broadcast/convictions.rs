//! Who is proven faulty: one piece of evidence for each culprit, kept for good.

use std::collections::BTreeMap;

use super::error::Rejection;
use super::rules::Rules;
use super::wire::Generations;
use super::wire::evidence::{Evidence, MAX_EVIDENCE_BYTES};
use crate::actor::{Actor, Keys};
use crate::membership::quorum::faults;

/// Evidence that was verified here, against one that is not convicted yet. Nothing else convicts: what others cannot
/// verify would bar what they could.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Proven(Evidence);

/// One conviction per culprit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Convictions(BTreeMap<Actor, Evidence>);

impl Convictions {
    /// Whether this actor is convicted.
    pub(super) fn of(&self, actor: &Actor) -> bool {
        self.0.contains_key(actor)
    }

    /// How many members are convicted.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether evidence is to be kept: of one that is not convicted yet, and not too large to be sent and written down. The
    /// seal of a faulty member may be as large as a packet.
    fn takes(&self, evidence: &Evidence) -> bool {
        !self.of(&evidence.culprit) && evidence.weight() <= MAX_EVIDENCE_BYTES
    }

    /// The one door: evidence that is to be kept, and that everybody can verify.
    ///
    /// # Errors
    /// A [`Rejection`]: of whom is convicted already, or of the first rule it breaks.
    pub(super) fn prove<K: Keys, R: Rules>(
        &self,
        evidence: &Evidence,
        generations: &Generations<K>,
    ) -> Result<Proven, Rejection> {
        if !self.takes(evidence) {
            return Err(Rejection::Duplicate);
        }
        evidence.verify_by::<K, R>(generations)?;
        Ok(Proven(evidence.clone()))
    }

    /// Keeps evidence; `None` if there is some against the same member since.
    pub(super) fn keep(&mut self, Proven(evidence): Proven) -> Option<&Evidence> {
        self.load(evidence)
    }

    /// Keeps evidence of our journal, which was verified before it was written there.
    pub(super) fn load(&mut self, evidence: Evidence) -> Option<&Evidence> {
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
