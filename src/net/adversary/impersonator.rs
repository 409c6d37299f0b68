//! The impersonator: statements in other members' names.

use super::accomplice::Accomplice;
use super::bid::Bid;
use super::chain::Chain;
use super::{Hands, Villain};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::evidence::SignedHeader;
use crate::deterministic_secure_broadcast::packet::{Proof, Refusal};
use crate::deterministic_secure_broadcast::{Certificate, Evidence, Payload};
use crate::membership::{Generation, MemberIndex, Signers};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Sends requests, certificates and evidence in the names of correct members, under its own signature or under one it
/// has invented, and refuses what is not wrong (`docs/threats.md`, 4, 10; G1).
#[derive(Debug)]
pub struct Impersonator<A: Staged> {
    accomplice: Accomplice,
    chain: Option<Chain<A>>,
    bids: Vec<Bid<A::Op>>,
}

impl<A: Staged> Impersonator<A> {
    /// One that draws whom it plays.
    #[must_use]
    pub fn new() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            bids: Vec::new(),
        }
    }

    fn play<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| Chain::new(hands));
        let (everybody, mut honest) = (hands.members().actors(), hands.honest());
        let victim = *hands.stream().pick(&honest)?;
        let seat = hands.members().seat_of(&victim)?;
        let (delivered, tip) = self.accomplice.tip(seat, hands);
        let [one, two] = chain.copy.rivals(&victim, everybody, hands.stream())?;
        let first = delivered.next()?;
        let mut one = chain.draft_for(seat, first, tip, vec![one], hands)?;
        let mut two = chain.draft_for(seat, first, tip, vec![two], hands)?;
        if hands.stream().below(2) == 0 {
            one.echo = crate::actor::Sig::from_bytes(hands.stream().bytes());
            two.echo = crate::actor::Sig::from_bytes(hands.stream().bytes());
        }
        honest.retain(|member| *member != victim);
        hands.stream().shuffle(&mut honest);
        match hands.stream().below(3) {
            0 => {
                hands.count("impersonator: sent requests in another's name");
                let rest = honest.split_off(honest.len() / 2);
                self.bids = vec![Bid::new(one, honest, hands), Bid::new(two, rest, hands)];
                self.bids.iter().for_each(|bid| bid.request(hands));
            }
            1 => {
                hands.count("impersonator: sent a proof in others' names");
                let quorum = hands.quorum();
                let mut signers = Signers::none(hands.members().len());
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
                hands.send_members(&Payload::Proof(Proof { certificate, ops }));
            }
            _ => {
                hands.count("impersonator: accused another with invented evidence");
                let signed = |draft: &super::chain::Draft<A::Op>| SignedHeader {
                    generation: Generation::GENESIS,
                    header: draft.header.clone(),
                    sig: draft.echo,
                };
                let evidence =
                    Evidence::headers(&hands.network(), victim, signed(&one), signed(&two));
                hands.send_members(&Payload::Evidence(Box::new(evidence)));
            }
        }
        Some(())
    }
}

impl<A: Staged> Default for Impersonator<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Impersonator<A> {
    fn role(&self) -> &'static str {
        "impersonator"
    }

    fn packet(
        &mut self,
        _: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        let Some(payload) = payload else { return };
        self.accomplice.packet(payload, hands);
        if let Payload::Request(request) = payload
            && let Some(source) = hands.members().in_seat(request.header.source).copied()
            && hands.stream().below(4) == 0
        {
            hands.count("impersonator: refused what was not wrong");
            let refusal = Refusal {
                first: request.header.first,
                header: request.header.digest(&hands.network()),
                index: 0,
                reason: "because".into(),
            };
            hands.send(source, &Payload::Refusal(refusal));
        }
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        self.play(hands);
    }
}
