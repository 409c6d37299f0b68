//! The forger: certificates nobody signed, and messages nobody may send.

use super::accomplice::Accomplice;
use super::attempt::CertificateAttempt;
use super::chain::{MessageDraft, SourceChain};
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Counter, Dot, Keys, NetworkId, Sig};
use crate::codec::{Bytes, Digest};
use crate::deterministic_secure_broadcast::packet::{Proof, Request, Summary};
use crate::deterministic_secure_broadcast::{Certificate, EchoStatement, Payload, VersionVector};
use crate::membership::{Generation, MemberIndex, Seat, Signers};
use crate::net::sim_algorithm::SimAlgorithm;

/// Tries in turn everything a certificate or a message can have wrong with it (`docs/threats.md`, 4 to 7, 9, 10, 15, 32
/// to 36, 42). Its forged certificates come in pairs for one slot, one for each half of the members: whoever takes them
/// loses agreement.
#[derive(Debug)]
pub struct Forger<A: SimAlgorithm> {
    accomplice: Accomplice,
    chain: Option<SourceChain<A>>,
    attempt: Option<(Trick, CertificateAttempt<A::Op>, u32)>,
    attempts: u32,
}

/// What is wrong with a message it asks echoes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trick {
    /// Nothing; but its proof comes to one member with other operations.
    SwappedInProof(Actor),
    /// Half of the members get other operations than the header names.
    SwappedInRequest,
    /// An operation that is never valid.
    Invalid,
    /// A cause that does not exist yet.
    FutureCause,
    /// The messages before it do not exist.
    Gap,
}

impl Trick {
    const fn count(self) -> &'static str {
        match self {
            Self::SwappedInProof(_) => "forger: sent a proof with other operations",
            Self::SwappedInRequest => "forger: sent a request with other operations",
            Self::Invalid => "forger: asked for echoes of an invalid operation",
            Self::FutureCause => "forger: named a cause that did not exist yet",
            Self::Gap => "forger: left a gap before its message",
        }
    }
}

/// One that draws what it forges.
impl<A: SimAlgorithm> Default for Forger<A> {
    fn default() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            attempt: None,
            attempts: 0,
        }
    }
}

impl<A: SimAlgorithm> Forger<A> {
    /// Asks for echoes of a message with something wrong about it.
    fn ask<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| SourceChain::new(context));
        let (me, everybody, honest) = (context.me(), context.members().actors(), context.honest());
        let good = chain.copy.draw(&me, everybody, context.stream())?;
        let victim = *context.stream().pick(&honest)?;
        let (trick, draft) = match context.stream().below(5) {
            0 => (
                Trick::SwappedInProof(victim),
                chain.draft(vec![good], context)?,
            ),
            1 => (Trick::SwappedInRequest, chain.draft(vec![good], context)?),
            2 => {
                let bad = chain.copy.invalid(&me, everybody, context.stream())?;
                (Trick::Invalid, chain.draft(vec![bad], context)?)
            }
            3 => {
                let seat = context.members().seat_of(&victim)?;
                let ahead = context.stream().range(1, 2);
                let cause = Dot::new(
                    victim,
                    self.accomplice.tip(seat, context).0.checked_add(ahead)?,
                );
                let op = chain.copy.citing(&me, cause, everybody, context.stream())?;
                (Trick::FutureCause, chain.draft(vec![op], context)?)
            }
            _ => {
                let first = chain.first.checked_add(context.stream().range(1, 3))?;
                let nowhere = Digest::of(&context.stream().bytes::<32>());
                (
                    Trick::Gap,
                    chain.draft_for(context.seat()?, first, nowhere, vec![good], context)?,
                )
            }
        };
        let mut audience = context.friends();
        audience.extend(
            honest
                .iter()
                .filter(|member| trick != Trick::SwappedInProof(**member)),
        );
        context.count(trick.count());
        let attempt = CertificateAttempt::new(draft, audience, context);
        match trick {
            Trick::SwappedInRequest => {
                let lie = self.other_ops(&attempt.draft, context)?;
                for (number, member) in attempt.audience.iter().enumerate() {
                    let ops = if number % 2 == 0 {
                        attempt.draft.bytes.clone()
                    } else {
                        lie.clone()
                    };
                    context.send(*member, &request(&attempt.draft, ops));
                }
            }
            _ => attempt.request(context),
        }
        self.attempt = Some((trick, attempt, 0));
        Some(())
    }

    /// The bytes of an operation that is not the one in the header.
    fn other_ops<K: Keys>(
        &self,
        draft: &MessageDraft<A::Op>,
        context: &mut AdversaryContext<'_, A, K>,
    ) -> Option<Bytes> {
        let (me, everybody) = (context.me(), context.members().actors());
        let chain = self.chain.as_ref()?;
        (0..8).find_map(|_| {
            let [op, _] = chain.copy.rivals(&me, everybody, context.stream())?;
            let other = chain.draft(vec![op], context)?;
            (other.bytes != draft.bytes).then_some(other.bytes)
        })
    }

    /// Its message has a certificate: on to the second half of the trick.
    fn certified<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let (trick, attempt, _) = self.attempt.take()?;
        let proof = attempt.proof()?;
        match trick {
            Trick::SwappedInProof(victim) => {
                let ops = self.other_ops(&attempt.draft, context);
                let certificate = attempt.certificate.clone()?;
                context.note("sends a proof with other operations");
                context.send(victim, &Payload::Proof(Proof { certificate, ops }));
                attempt
                    .audience
                    .iter()
                    .for_each(|member| context.send(*member, &proof));
            }
            Trick::SwappedInRequest => context.send_members(&proof),
            Trick::Invalid | Trick::FutureCause | Trick::Gap => {
                context.count(match trick {
                    Trick::FutureCause => "forger: its cause came to be, and it was heard",
                    _ => "forger: got a wrong message certified",
                });
                let ops = Some(attempt.draft.bytes.clone());
                let certificate = attempt.certificate.clone()?;
                context.send_members(&Payload::Proof(Proof { certificate, ops }));
            }
        }
        let me = context.me();
        self.chain.as_mut()?.advance(me, &attempt.draft);
        Some(())
    }

    /// Sends two certificates that nobody signed, for two messages in its next slot.
    fn forge<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| SourceChain::new(context));
        let (me, everybody) = (context.me(), context.members().actors());
        let versions = chain.copy.rivals(&me, everybody, context.stream())?;
        let mut honest = context.honest();
        context.stream().shuffle(&mut honest);
        let flaw = context.stream().below(FLAWS.len() as u64);
        context.count(FLAWS[flaw as usize]);
        let half = honest.len().div_ceil(2);
        for (op, audience) in versions.into_iter().zip(honest.chunks(half.max(1))) {
            let draft = chain.draft(vec![op], context)?;
            let certificate = forged(flaw, &draft, context);
            let proof = Payload::Proof(Proof {
                certificate,
                ops: Some(draft.bytes.clone()),
            });
            audience
                .iter()
                .for_each(|member| context.send(*member, &proof));
        }
        Some(())
    }

    /// Says it has delivered what nobody has broadcast.
    fn lie<K: Keys>(context: &mut AdversaryContext<'_, A, K>) {
        let seats = context.members().len();
        let mut clock = VersionVector::zero(seats);
        for seat in (0..).map(Seat::new).take(seats) {
            clock.advance(seat, Counter::new(context.stream().bits()));
        }
        let state = Some(Digest::of(&context.stream().bytes::<32>()));
        let (generation, culprits) = (Generation::GENESIS, Signers::none(seats));
        context.count("forger: sent a clock from the future");
        context.send_members(&Payload::Summary(Summary {
            generation,
            clock,
            culprits,
            state,
        }));
    }
}

const FLAWS: [&str; 7] = [
    "forger: sent a certificate with too few signers",
    "forger: sent a certificate with invented signatures",
    "forger: sent a certificate with one signature for all",
    "forger: sent a certificate with one signer many times",
    "forger: sent a certificate with signers that are no members",
    "forger: sent a certificate of another generation",
    "forger: sent a certificate of another network",
];

fn forged<A: SimAlgorithm, K: Keys>(
    flaw: u64,
    draft: &MessageDraft<A::Op>,
    context: &mut AdversaryContext<'_, A, K>,
) -> Certificate {
    let (members, quorum) = (context.members().len(), context.quorum());
    let some = |signers: &mut Signers, count: usize| {
        (0..)
            .map(MemberIndex::new)
            .take(count)
            .for_each(|index| signers.insert(index));
    };
    let mut signers = Signers::none(members);
    let mut generation = Generation::GENESIS;
    let mut invented = || Sig::from_bytes(context.stream().bytes());
    let signatures = match flaw {
        0 => {
            context
                .index()
                .into_iter()
                .for_each(|index| signers.insert(index));
            vec![draft.echo]
        }
        1 => {
            some(&mut signers, quorum);
            (0..quorum).map(|_| invented()).collect()
        }
        2 => {
            some(&mut signers, quorum);
            vec![draft.echo; quorum]
        }
        3 => {
            context
                .index()
                .into_iter()
                .for_each(|index| signers.insert(index));
            vec![draft.echo; quorum]
        }
        4 => {
            signers = Signers::none(members + 8);
            (members..members + quorum)
                .filter_map(|rank| u16::try_from(rank).ok())
                .for_each(|rank| signers.insert(MemberIndex::new(rank)));
            vec![draft.echo; signers.count()]
        }
        5 => {
            generation = Generation::new(1);
            some(&mut signers, quorum);
            vec![context.echo(generation, draft.digest); quorum]
        }
        _ => {
            some(&mut signers, quorum);
            let elsewhere = NetworkId::new(Digest::of(b"another network"));
            let statement = EchoStatement {
                generation,
                header: draft.digest,
            };
            vec![context.identity().sign(&elsewhere, &statement); quorum]
        }
    };
    Certificate {
        generation,
        header: draft.header.clone(),
        signers,
        signatures,
    }
}

fn request<Op>(draft: &MessageDraft<Op>, ops: Bytes) -> Payload {
    Payload::Request(Request {
        generation: Generation::GENESIS,
        header: draft.header.clone(),
        echo: draft.echo,
        ops,
    })
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Forger<A> {
    fn role(&self) -> &'static str {
        "forger"
    }

    fn hear(&mut self, from: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        self.accomplice.packet(payload, context);
        if let (Payload::Echo(echo), Some((_, attempt, _))) = (payload, &mut self.attempt)
            && attempt.echo(from, echo, context)
        {
            self.certified(context);
        }
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        match &mut self.attempt {
            Some((trick, attempt, age)) => {
                *age += 1;
                let again = match trick {
                    Trick::SwappedInProof(_) => *age % 2 == 0,
                    // The truth, late: somebody has echoed it, and the slot is lost otherwise.
                    Trick::SwappedInRequest => *age % 3 == 0,
                    Trick::FutureCause => *age % 3 == 0,
                    Trick::Invalid | Trick::Gap => false,
                };
                if again {
                    attempt.request(context);
                }
                let patience = match trick {
                    Trick::Invalid | Trick::Gap => 3,
                    _ => 10,
                };
                if *age >= patience {
                    self.attempt = None;
                }
            }
            None if self.attempts < 12 => {
                self.attempts += 1;
                self.ask(context);
            }
            None => {}
        }
        match context.stream().below(4) {
            0 => Self::lie(context),
            1 | 2 => {
                self.forge(context);
            }
            _ => {}
        }
    }
}
