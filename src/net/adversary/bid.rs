//! A villain's message on its way to a certificate.

use std::collections::BTreeMap;

use super::Hands;
use super::chain::Draft;
use crate::actor::{Actor, Keys, Sig};
use crate::deterministic_secure_broadcast::packet::{Echo, Proof};
use crate::deterministic_secure_broadcast::{Certificate, Payload};
use crate::membership::{Generation, MemberIndex, Signers};
use crate::net::stage::Staged;

/// A message, whom it was shown, and who has echoed it.
#[derive(Debug)]
pub(super) struct Bid<Op> {
    pub(super) draft: Draft<Op>,
    pub(super) audience: Vec<Actor>,
    echoes: BTreeMap<MemberIndex, Sig>,
    pub(super) certificate: Option<Certificate>,
}

impl<Op> Bid<Op> {
    pub(super) fn new<A: Staged<Op = Op>, K: Keys>(
        draft: Draft<Op>,
        audience: Vec<Actor>,
        hands: &Hands<'_, A, K>,
    ) -> Self {
        let own = hands.index().map(|index| (index, draft.echo));
        Self {
            draft,
            audience,
            echoes: own.into_iter().collect(),
            certificate: None,
        }
    }

    pub(super) fn request<A: Staged<Op = Op>, K: Keys>(&self, hands: &mut Hands<'_, A, K>) {
        let request = self.draft.request();
        for member in &self.audience {
            hands.send(*member, &request);
        }
    }

    /// Counts an echo. True when it completes the certificate.
    pub(super) fn echo<A: Staged<Op = Op>, K: Keys>(
        &mut self,
        from: Actor,
        echo: &Echo,
        hands: &Hands<'_, A, K>,
    ) -> bool {
        let Some(index) = hands.members().index_of(&from) else {
            return false;
        };
        if echo.header != self.draft.digest
            || self.certificate.is_some()
            || !hands.is_echo(index, Generation::GENESIS, echo.header, &echo.sig)
        {
            return false;
        }
        self.echoes.insert(index, echo.sig);
        if self.echoes.len() < hands.quorum() {
            return false;
        }
        self.certificate = Some(self.certificate_of(&self.echoes, hands));
        true
    }

    fn certificate_of<A: Staged<Op = Op>, K: Keys>(
        &self,
        echoes: &BTreeMap<MemberIndex, Sig>,
        hands: &Hands<'_, A, K>,
    ) -> Certificate {
        let mut signers = Signers::none(hands.members().len());
        echoes.keys().for_each(|index| signers.insert(*index));
        Certificate {
            generation: Generation::GENESIS,
            header: self.draft.header.clone(),
            signers,
            signatures: echoes.values().copied().collect(),
        }
    }

    /// The proof, once there is one.
    pub(super) fn proof(&self) -> Option<Payload> {
        let certificate = self.certificate.clone()?;
        Some(Payload::Proof(Proof {
            certificate,
            ops: None,
        }))
    }
}
