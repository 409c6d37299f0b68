//! The forger: certificates nobody signed, and messages nobody may send.

use super::accomplice::Accomplice;
use super::bid::Bid;
use super::chain::{Chain, Draft};
use super::{Hands, Villain};
use crate::actor::{Actor, Counter, Dot, Keys, NetworkId, Sig};
use crate::codec::{Bytes, Digest};
use crate::deterministic_secure_broadcast::packet::{Proof, Request, Summary};
use crate::deterministic_secure_broadcast::{Certificate, Clock, EchoStatement, Payload};
use crate::membership::{Generation, MemberIndex, Seat, Signers};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Tries in turn everything a certificate or a message can have wrong with it (`docs/threats.md`, 4 to 7, 9, 10, 15, 32
/// to 36, 42). Its forged certificates come in pairs for one slot, one for each half of the members: whoever takes them
/// loses agreement.
#[derive(Debug)]
pub struct Forger<A: Staged> {
    accomplice: Accomplice,
    chain: Option<Chain<A>>,
    bid: Option<(Trick, Bid<A::Op>, u32)>,
    bids: u32,
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

impl<A: Staged> Forger<A> {
    /// One that draws what it forges.
    #[must_use]
    pub fn new() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            bid: None,
            bids: 0,
        }
    }

    /// Asks for echoes of a message with something wrong about it.
    fn ask<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| Chain::new(hands));
        let (me, everybody, honest) = (hands.me(), hands.members().actors(), hands.honest());
        let good = chain.copy.draw(&me, everybody, hands.stream())?;
        let victim = *hands.stream().pick(&honest)?;
        let (trick, draft) = match hands.stream().below(5) {
            0 => (
                Trick::SwappedInProof(victim),
                chain.draft(vec![good], hands)?,
            ),
            1 => (Trick::SwappedInRequest, chain.draft(vec![good], hands)?),
            2 => {
                let bad = chain.copy.invalid(&me, everybody, hands.stream())?;
                (Trick::Invalid, chain.draft(vec![bad], hands)?)
            }
            3 => {
                let seat = hands.members().seat_of(&victim)?;
                let ahead = hands.stream().range(1, 2);
                let cause = Dot::new(
                    victim,
                    self.accomplice.tip(seat, hands).0.checked_add(ahead)?,
                );
                let op = chain.copy.citing(&me, cause, everybody, hands.stream())?;
                (Trick::FutureCause, chain.draft(vec![op], hands)?)
            }
            _ => {
                let first = chain.first.checked_add(hands.stream().range(1, 3))?;
                let nowhere = Digest::of(&hands.stream().bytes::<32>());
                (
                    Trick::Gap,
                    chain.draft_for(hands.seat()?, first, nowhere, vec![good], hands)?,
                )
            }
        };
        let mut audience = hands.friends();
        audience.extend(
            honest
                .iter()
                .filter(|member| trick != Trick::SwappedInProof(**member)),
        );
        hands.count(trick.count());
        let bid = Bid::new(draft, audience, hands);
        match trick {
            Trick::SwappedInRequest => {
                let lie = self.other_ops(&bid.draft, hands)?;
                for (number, member) in bid.audience.iter().enumerate() {
                    let ops = if number % 2 == 0 {
                        bid.draft.bytes.clone()
                    } else {
                        lie.clone()
                    };
                    hands.send(*member, &request(&bid.draft, ops));
                }
            }
            _ => bid.request(hands),
        }
        self.bid = Some((trick, bid, 0));
        Some(())
    }

    /// The bytes of an operation that is not the one in the header.
    fn other_ops<K: Keys>(
        &self,
        draft: &Draft<A::Op>,
        hands: &mut Hands<'_, A, K>,
    ) -> Option<Bytes> {
        let (me, everybody) = (hands.me(), hands.members().actors());
        let chain = self.chain.as_ref()?;
        (0..8).find_map(|_| {
            let [op, _] = chain.copy.rivals(&me, everybody, hands.stream())?;
            let other = chain.draft(vec![op], hands)?;
            (other.bytes != draft.bytes).then_some(other.bytes)
        })
    }

    /// Its message has a certificate: on to the second half of the trick.
    fn certified<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> Option<()> {
        let (trick, bid, _) = self.bid.take()?;
        let proof = bid.proof()?;
        match trick {
            Trick::SwappedInProof(victim) => {
                let ops = self.other_ops(&bid.draft, hands);
                let certificate = bid.certificate.clone()?;
                hands.note("sends a proof with other operations");
                hands.send(victim, &Payload::Proof(Proof { certificate, ops }));
                bid.audience
                    .iter()
                    .for_each(|member| hands.send(*member, &proof));
            }
            Trick::SwappedInRequest => hands.send_members(&proof),
            Trick::Invalid | Trick::FutureCause | Trick::Gap => {
                hands.count(match trick {
                    Trick::FutureCause => "forger: its cause came to be, and it was heard",
                    _ => "forger: got a wrong message certified",
                });
                let ops = Some(bid.draft.bytes.clone());
                let certificate = bid.certificate.clone()?;
                hands.send_members(&Payload::Proof(Proof { certificate, ops }));
            }
        }
        let me = hands.me();
        self.chain.as_mut()?.advance(me, &bid.draft);
        Some(())
    }

    /// Sends two certificates that nobody signed, for two messages in its next slot.
    fn forge<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| Chain::new(hands));
        let (me, everybody) = (hands.me(), hands.members().actors());
        let versions = chain.copy.rivals(&me, everybody, hands.stream())?;
        let mut honest = hands.honest();
        hands.stream().shuffle(&mut honest);
        let flaw = hands.stream().below(FLAWS.len() as u64);
        hands.count(FLAWS[flaw as usize]);
        let half = honest.len().div_ceil(2);
        for (op, audience) in versions.into_iter().zip(honest.chunks(half.max(1))) {
            let draft = chain.draft(vec![op], hands)?;
            let certificate = forged(flaw, &draft, hands);
            let proof = Payload::Proof(Proof {
                certificate,
                ops: Some(draft.bytes.clone()),
            });
            audience
                .iter()
                .for_each(|member| hands.send(*member, &proof));
        }
        Some(())
    }

    /// Says it has delivered what nobody has broadcast.
    fn lie<K: Keys>(hands: &mut Hands<'_, A, K>) {
        let seats = hands.members().len();
        let mut clock = Clock::zero(seats);
        for seat in (0..).map(Seat::new).take(seats) {
            clock.advance(seat, Counter::new(hands.stream().bits()));
        }
        let state = Some(Digest::of(&hands.stream().bytes::<32>()));
        let (generation, culprits) = (Generation::GENESIS, Signers::none(seats));
        hands.count("forger: sent a clock from the future");
        hands.send_members(&Payload::Summary(Summary {
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

fn forged<A: Staged, K: Keys>(
    flaw: u64,
    draft: &Draft<A::Op>,
    hands: &mut Hands<'_, A, K>,
) -> Certificate {
    let (members, quorum) = (hands.members().len(), hands.quorum());
    let some = |signers: &mut Signers, count: usize| {
        (0..)
            .map(MemberIndex::new)
            .take(count)
            .for_each(|index| signers.insert(index));
    };
    let mut signers = Signers::none(members);
    let mut generation = Generation::GENESIS;
    let mut invented = || Sig::from_bytes(hands.stream().bytes());
    let signatures = match flaw {
        0 => {
            hands
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
            hands
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
            vec![hands.echo(generation, draft.digest); quorum]
        }
        _ => {
            some(&mut signers, quorum);
            let elsewhere = NetworkId::new(Digest::of(b"another network"));
            let statement = EchoStatement {
                generation,
                header: draft.digest,
            };
            vec![hands.identity().sign(&elsewhere, &statement); quorum]
        }
    };
    Certificate {
        generation,
        header: draft.header.clone(),
        signers,
        signatures,
    }
}

fn request<Op>(draft: &Draft<Op>, ops: Bytes) -> Payload {
    Payload::Request(Request {
        generation: Generation::GENESIS,
        header: draft.header.clone(),
        echo: draft.echo,
        ops,
    })
}

impl<A: Staged> Default for Forger<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Forger<A> {
    fn role(&self) -> &'static str {
        "forger"
    }

    fn packet(
        &mut self,
        from: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        let Some(payload) = payload else { return };
        self.accomplice.packet(payload, hands);
        if let (Payload::Echo(echo), Some((_, bid, _))) = (payload, &mut self.bid)
            && bid.echo(from, echo, hands)
        {
            self.certified(hands);
        }
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        match &mut self.bid {
            Some((trick, bid, age)) => {
                *age += 1;
                let again = match trick {
                    Trick::SwappedInProof(_) => *age % 2 == 0,
                    // The truth, late: somebody has echoed it, and the slot is lost otherwise.
                    Trick::SwappedInRequest => *age % 3 == 0,
                    Trick::FutureCause => *age % 3 == 0,
                    Trick::Invalid | Trick::Gap => false,
                };
                if again {
                    bid.request(hands);
                }
                let patience = match trick {
                    Trick::Invalid | Trick::Gap => 3,
                    _ => 10,
                };
                if *age >= patience {
                    self.bid = None;
                }
            }
            None if self.bids < 12 => {
                self.bids += 1;
                self.ask(hands);
            }
            None => {}
        }
        match hands.stream().below(4) {
            0 => Self::lie(hands),
            1 | 2 => {
                self.forge(hands);
            }
            _ => {}
        }
    }
}
