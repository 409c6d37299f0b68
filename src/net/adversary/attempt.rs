//! An adversary's message on its way to a certificate.

use std::collections::BTreeMap;

use super::AdversaryContext;
use super::chain::MessageDraft;
use crate::actor::{Actor, Keys, Sig};
use crate::deterministic_secure_broadcast::packet::{Echo, Proof};
use crate::deterministic_secure_broadcast::{Certificate, Payload};
use crate::membership::{Generation, MemberIndex, Signers};
use crate::net::sim_algorithm::SimAlgorithm;

/// A message, whom it was shown, and who has echoed it.
#[derive(Debug)]
pub(super) struct CertificateAttempt<Op> {
    pub(super) draft: MessageDraft<Op>,
    pub(super) audience: Vec<Actor>,
    echoes: BTreeMap<MemberIndex, Sig>,
    pub(super) certificate: Option<Certificate>,
}

impl<Op> CertificateAttempt<Op> {
    pub(super) fn new<A: SimAlgorithm<Op = Op>, K: Keys>(
        draft: MessageDraft<Op>,
        audience: Vec<Actor>,
        context: &AdversaryContext<'_, A, K>,
    ) -> Self {
        let own = context.index().map(|index| (index, draft.echo));
        Self {
            draft,
            audience,
            echoes: own.into_iter().collect(),
            certificate: None,
        }
    }

    pub(super) fn request<A: SimAlgorithm<Op = Op>, K: Keys>(
        &self,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let request = self.draft.request();
        for member in &self.audience {
            context.send(*member, &request);
        }
    }

    /// Counts an echo. True when it completes the certificate.
    pub(super) fn echo<A: SimAlgorithm<Op = Op>, K: Keys>(
        &mut self,
        from: Actor,
        echo: &Echo,
        context: &AdversaryContext<'_, A, K>,
    ) -> bool {
        let Some(index) = context.members().index_of(&from) else {
            return false;
        };
        if echo.header != self.draft.digest
            || self.certificate.is_some()
            || !context.is_echo(index, Generation::GENESIS, echo.header, &echo.sig)
        {
            return false;
        }
        self.echoes.insert(index, echo.sig);
        if self.echoes.len() < context.quorum() {
            return false;
        }
        self.certificate = Some(self.certificate_of(&self.echoes, context));
        true
    }

    fn certificate_of<A: SimAlgorithm<Op = Op>, K: Keys>(
        &self,
        echoes: &BTreeMap<MemberIndex, Sig>,
        context: &AdversaryContext<'_, A, K>,
    ) -> Certificate {
        let mut signers = Signers::none(context.members().len());
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
