//! R3: approvals. Not binding; a quorum of them is what a proposal needs.

use thiserror::Error;

use crate::actor::{Actor, Keys, Sig};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::Effects;
use crate::deterministic_secure_broadcast::error::Halt;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::membership::{Change, ChangeError};
use crate::traits::SecureBroadcastAlgorithm;

/// Why a change was not taken up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChangeRefused {
    /// This replica is no member.
    #[error("not a member")]
    NotMember,
    /// This replica has stopped signing.
    #[error("stopped signing: {0}")]
    Halted(Halt),
    /// It does not apply to our generation.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Whoever is to join has not asked us to, so there is no proof that it has the key.
    #[error("{0} has not asked to join")]
    NotAsked(Actor),
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Approves a change, in our generation and, as long as it applies, in later ones. It comes about once a quorum
    /// approves it: the application decides, by calling this or not, when [`Effect::Asked`](crate::Effect::Asked) says
    /// that others want a change. The one thing approved without asking is the expulsion of whom we can convict.
    ///
    /// Whoever asks to leave submits no operations any more, and approves once those under way are delivered.
    ///
    /// # Errors
    /// [`ChangeRefused`] if nothing was taken up.
    pub fn propose(&mut self, change: Change) -> Result<Effects<A>, ChangeRefused> {
        if !self.is_member() {
            return Err(ChangeRefused::NotMember);
        }
        if let Some(halt) = self.halted() {
            return Err(ChangeRefused::Halted(halt));
        }
        self.chain.members().after(&change)?;
        let possession = match change {
            Change::Join(actor) => {
                let possession = self
                    .reconfiguration
                    .requested
                    .candidates
                    .get(&actor)
                    .copied();
                Some(possession.ok_or(ChangeRefused::NotAsked(actor))?)
            }
            _ => None,
        };
        let mut effects = Effects::none();
        self.want(change, possession, &mut effects);
        self.advance(&mut effects);
        Ok(effects)
    }

    /// Wants a change no more. An approval that was given in our generation may still count, but it takes up no room any
    /// more: another change of the same subject can be approved instead.
    pub fn withdraw(&mut self, change: &Change) -> Effects<A> {
        let mut effects = Effects::none();
        self.unwant(*change, &mut effects);
        effects
    }

    /// What we want, the newest last. The newest of it we approve.
    pub fn wanted(&self) -> impl Iterator<Item = &Change> + '_ {
        self.reconfiguration.requested.wanted.iter()
    }

    pub(super) fn want(
        &mut self,
        change: Change,
        possession: Option<Sig>,
        effects: &mut Effects<A>,
    ) {
        if self.reconfiguration.requested.want(change) {
            let record = Record::Wanted {
                change,
                wanted: true,
                possession,
            };
            self.persist(record, effects);
        }
    }

    pub(super) fn unwant(&mut self, change: Change, effects: &mut Effects<A>) {
        let index = self.index();
        if self.reconfiguration.requested.withdraw(index, &change) {
            let record = Record::Wanted {
                change,
                wanted: false,
                possession: None,
            };
            self.persist(record, effects);
        }
    }

    /// Whether we are on our way out.
    pub(crate) fn is_leaving(&self) -> bool {
        self.reconfiguration
            .requested
            .wanted
            .contains(&Change::Leave(self.actor()))
    }

    /// Whether the next generation is decided.
    pub(crate) fn is_decided(&self) -> bool {
        self.chain.is_decided()
    }
}
