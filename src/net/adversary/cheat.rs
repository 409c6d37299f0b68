//! The cheat: it attacks the algorithm, not the broadcast.

use super::accomplice::Accomplice;
use super::attempt::CertificateAttempt;
use super::chain::SourceChain;
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Counter, Keys};
use crate::deterministic_secure_broadcast::packet::Proof;
use crate::deterministic_secure_broadcast::{Certificate, Payload};
use crate::net::sim_algorithm::SimAlgorithm;

/// Asks everybody to vouch for what nobody may do: money from nowhere, more than there is, an operation under a dot that
/// is another's, too far ahead, or none (`docs/threats.md`, 32 to 35, 38 to 40). If enough do, it lets everybody know.
#[derive(Debug)]
pub struct Cheat<A: SimAlgorithm> {
    accomplice: Accomplice,
    chain: Option<SourceChain<A>>,
    attempt: Option<CertificateAttempt<A::Op>>,
    age: u32,
}

/// How many ticks it waits for echoes before it tries something else.
const PATIENCE: u32 = 3;

/// One that draws what it tries.
impl<A: SimAlgorithm> Default for Cheat<A> {
    fn default() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            attempt: None,
            age: 0,
        }
    }
}

impl<A: SimAlgorithm> Cheat<A> {
    fn cheat<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| SourceChain::new(context));
        let (me, everybody, honest) = (context.me(), context.members().actors(), context.honest());
        let seat = context.seat()?;
        let draft = match context.stream().below(4) {
            0 | 1 => {
                let bad = chain.copy.invalid(&me, everybody, context.stream())?;
                context.count("cheat: asked for what may never be done");
                chain.draft(vec![bad], context)?
            }
            2 => {
                let good = chain.copy.draw(&me, everybody, context.stream())?;
                let first = *context.stream().pick(&[
                    Counter::ZERO,
                    Counter::new(u64::MAX),
                    Counter::new(1 << 40),
                ])?;
                context.count("cheat: asked for a dot nobody can have");
                chain.draft_for(seat, first, chain.previous, vec![good], context)?
            }
            _ => {
                let victim = *context.stream().pick(&honest)?;
                let good = chain.copy.draw(&victim, everybody, context.stream())?;
                let seat = context.members().seat_of(&victim)?;
                let (delivered, tip) = self.accomplice.tip(seat, context);
                context.count("cheat: asked for a dot that is another's");
                chain.draft_for(seat, delivered.next()?, tip, vec![good], context)?
            }
        };
        let mut audience = context.friends();
        audience.extend(honest);
        let attempt = CertificateAttempt::new(draft, audience, context);
        attempt.request(context);
        self.attempt = Some(attempt);
        self.age = 0;
        Some(())
    }

    fn certified<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let attempt = self.attempt.take()?;
        let certificate: Certificate = attempt.certificate.clone()?;
        context.count("cheat: enough vouched for what may never be done");
        let own = Some(certificate.header.source) == context.seat();
        let ops = Some(attempt.draft.bytes.clone());
        context.send_members(&Payload::Proof(Proof { certificate, ops }));
        if own {
            let me = context.me();
            self.chain.as_mut()?.advance(me, &attempt.draft);
        }
        Some(())
    }
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Cheat<A> {
    fn role(&self) -> &'static str {
        "cheat"
    }

    fn hear(&mut self, from: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        self.accomplice.packet(payload, context);
        if let (Payload::Echo(echo), Some(attempt)) = (payload, &mut self.attempt)
            && attempt.echo(from, echo, context)
        {
            self.certified(context);
        }
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        self.age += 1;
        if self.attempt.is_none() || self.age > PATIENCE {
            self.cheat(context);
        }
    }
}
