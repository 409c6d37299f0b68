//! R7: how one who is no member asks to become one.

use crate::actor::Keys;
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effects, To};
use crate::deterministic_secure_broadcast::error::Halt;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::wire::Join;
use crate::deterministic_secure_broadcast::wire::statement::JoinStatement;
use crate::membership::{Change, ChangeError};
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Asks the members to let us join, on every tick until they do. Until then we observe.
    ///
    /// # Errors
    /// [`ChangeError`] if we are a member, or were one with this key, which then must not sign again.
    pub fn join(&mut self) -> Result<Effects<A>, ChangeError> {
        self.chain.members().after(&Change::Join(self.actor()))?;
        let mut effects = Effects::none();
        if !self.reconfiguration.requested.joining {
            self.reconfiguration.requested.joining = true;
            self.persist(Record::Joining, &mut effects);
        }
        self.ask_to_join(&mut effects);
        Ok(effects)
    }

    /// Asks everybody; the chain, too, for the members may be others by now.
    pub(crate) fn ask_to_join(&mut self, effects: &mut Effects<A>) {
        if self.is_member()
            || !self.reconfiguration.requested.joining
            || self.halted() == Some(Halt::KeyUsedElsewhere)
        {
            return;
        }
        let actor = self.actor();
        let statement = JoinStatement { actor };
        // That we ask is in the journal already.
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| (None, sig));
        self.signer.commit([unsigned], effects, |possession| {
            let join = Join { actor, possession };
            Some((To::Members, Payload::Join(join)))
        });
    }
}
