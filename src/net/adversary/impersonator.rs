//! The impersonator: statements in other members' names.

use super::accomplice::Accomplice;
use super::attempt::CertificateAttempt;
use super::chain::SourceChain;
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::evidence::SignedHeader;
use crate::deterministic_secure_broadcast::packet::{Proof, Refusal};
use crate::deterministic_secure_broadcast::{Certificate, Evidence, Payload};
use crate::membership::{Generation, MemberIndex, Signers};
use crate::net::sim_algorithm::SimAlgorithm;

/// Sends requests, certificates and evidence in the names of correct members, under its own signature or under one it
/// has invented, and refuses what is not wrong (`docs/threats.md`, 4, 10; G1).
#[derive(Debug)]
pub struct Impersonator<A: SimAlgorithm> {
    accomplice: Accomplice,
    chain: Option<SourceChain<A>>,
    attempts: Vec<CertificateAttempt<A::Op>>,
}

/// One that draws whom it plays.
impl<A: SimAlgorithm> Default for Impersonator<A> {
    fn default() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            attempts: Vec::new(),
        }
    }
}

impl<A: SimAlgorithm> Impersonator<A> {
    fn play<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| SourceChain::new(context));
        let (everybody, mut honest) = (context.members().actors(), context.honest());
        let victim = *context.stream().pick(&honest)?;
        let seat = context.members().seat_of(&victim)?;
        let (delivered, tip) = self.accomplice.tip(seat, context);
        let [one, two] = chain.copy.rivals(&victim, everybody, context.stream())?;
        let first = delivered.next()?;
        let mut one = chain.draft_for(seat, first, tip, vec![one], context)?;
        let mut two = chain.draft_for(seat, first, tip, vec![two], context)?;
        if context.stream().below(2) == 0 {
            one.echo = crate::actor::Sig::from_bytes(context.stream().bytes());
            two.echo = crate::actor::Sig::from_bytes(context.stream().bytes());
        }
        honest.retain(|member| *member != victim);
        context.stream().shuffle(&mut honest);
        match context.stream().below(3) {
            0 => {
                context.count("impersonator: sent requests in another's name");
                let rest = honest.split_off(honest.len() / 2);
                self.attempts = vec![
                    CertificateAttempt::new(one, honest, context),
                    CertificateAttempt::new(two, rest, context),
                ];
                self.attempts
                    .iter()
                    .for_each(|attempt| attempt.request(context));
            }
            1 => {
                context.count("impersonator: sent a proof in others' names");
                let quorum = context.quorum();
                let mut signers = Signers::none(context.members().len());
                (0..)
                    .map(MemberIndex::new)
                    .take(quorum)
                    .for_each(|index| signers.insert(index));
                let certificate = Certificate {
                    generation: Generation::GENESIS,
                    header: one.header.clone(),
                    signers,
                    signatures: vec![one.echo; quorum],
                };
                let ops = Some(one.bytes.clone());
                context.send_members(&Payload::Proof(Proof { certificate, ops }));
            }
            _ => {
                context.count("impersonator: accused another with invented evidence");
                let signed = |draft: &super::chain::MessageDraft<A::Op>| SignedHeader {
                    generation: Generation::GENESIS,
                    header: draft.header.clone(),
                    sig: draft.echo,
                };
                let evidence =
                    Evidence::headers(&context.network(), victim, signed(&one), signed(&two));
                context.send_members(&Payload::Evidence(Box::new(evidence)));
            }
        }
        Some(())
    }
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Impersonator<A> {
    fn role(&self) -> &'static str {
        "impersonator"
    }

    fn hear(&mut self, _: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        self.accomplice.packet(payload, context);
        if let Payload::Request(request) = payload
            && let Some(source) = context.members().in_seat(request.header.source).copied()
            && context.stream().below(4) == 0
        {
            context.count("impersonator: refused what was not wrong");
            let refusal = Refusal {
                first: request.header.first,
                header: request.header.digest(&context.network()),
                index: 0,
                reason: "because".into(),
            };
            context.send(source, &Payload::Refusal(refusal));
        }
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        self.play(context);
    }
}
