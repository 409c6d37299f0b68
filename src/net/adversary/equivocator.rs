//! The equivocator: two messages for one slot, one for each half of the world.

use std::collections::BTreeSet;

use super::accomplice::Accomplice;
use super::bid::Bid;
use super::chain::Chain;
use super::{Hands, Villain};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::Payload;
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Signs two messages for one slot, shows one to each part of the members, and proves whichever gets a quorum
/// (`docs/threats.md`, 1). If neither does, it shows both to everybody.
#[derive(Debug)]
pub struct Equivocator<A: Staged> {
    accomplice: Accomplice,
    chain: Option<Chain<A>>,
    /// Versions and their audiences given by a scenario; used once.
    script: Option<Vec<(A::Op, Vec<Actor>)>>,
    attacks: u32,
    slot: Option<Slot<A::Op>>,
    pause: u32,
}

/// The slot it fights for.
#[derive(Debug)]
struct Slot<Op> {
    bids: Vec<Bid<Op>>,
    age: u32,
    /// Whether it keeps a certificate to itself and asks everybody for the other one first.
    greedy: bool,
    /// The age at which a version was first certified.
    certified: Option<u32>,
}

/// Ticks after which it shows every version to everybody.
const CROSS: u32 = 5;
/// Ticks after which it gives up.
const GIVE_UP: u32 = 12;

impl<A: Staged> Equivocator<A> {
    /// One that draws rival operations and how it splits the members, up to four times.
    #[must_use]
    pub fn new() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            script: None,
            attacks: 4,
            slot: None,
            pause: 0,
        }
    }

    /// One that does this once: each operation is shown to the actors behind it. Members that are in no audience are
    /// shown nothing.
    #[must_use]
    pub fn scripted(versions: impl IntoIterator<Item = (A::Op, Vec<Actor>)>) -> Self {
        Self {
            script: Some(versions.into_iter().collect()),
            attacks: 1,
            ..Self::new()
        }
    }

    fn attack<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> Option<()> {
        self.attacks -= 1;
        let chain = self.chain.get_or_insert_with(|| Chain::new(hands));
        let greedy = self.script.is_none() && hands.stream().below(2) == 0;
        let versions = match self.script.take() {
            Some(versions) => versions,
            None => {
                let (me, everybody) = (hands.me(), hands.members().actors());
                let [one, two] = chain.copy.rivals(&me, everybody, hands.stream())?;
                let mut honest = hands.honest();
                hands.stream().shuffle(&mut honest);
                // Mostly half and half, sometimes one against all others.
                let one_only = hands.stream().below(3) == 0;
                let cut = if one_only {
                    1
                } else {
                    honest.len().div_ceil(2)
                };
                let rest = honest.split_off(cut.min(honest.len()));
                vec![(one, honest), (two, rest)]
            }
        };
        let mut bids = Vec::new();
        for (op, mut audience) in versions {
            audience.extend(hands.friends());
            let draft = chain.draft(vec![op], hands)?;
            bids.push(Bid::new(draft, audience, hands));
        }
        hands.note(format!(
            "signs {} messages for #{}",
            bids.len(),
            chain.first
        ));
        hands.count("equivocator: signed two messages for one slot");
        bids.iter().for_each(|bid| bid.request(hands));
        self.slot = Some(Slot {
            bids,
            age: 0,
            greedy,
            certified: None,
        });
        Some(())
    }
}

impl<A: Staged> Default for Equivocator<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Op> Slot<Op> {
    /// Shows every version to everybody; true while it goes on.
    fn tick<A: Staged<Op = Op>, K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> bool {
        self.age += 1;
        if let Some(certified) = self.certified {
            if self.age < certified + 2 {
                return true;
            }
            for proof in self.bids.iter().filter_map(Bid::proof) {
                hands.send_members(&proof);
            }
            return false;
        }
        if self.age >= CROSS && (self.age - CROSS).is_multiple_of(2) {
            if self.age == CROSS {
                hands.note("shows both to everybody");
            }
            self.cross(hands);
        } else if self.age.is_multiple_of(2) {
            self.bids.iter().for_each(|bid| bid.request(hands));
        }
        self.age < GIVE_UP
    }

    /// Asks everybody for every version that is not certified.
    fn cross<A: Staged<Op = Op>, K: Keys>(&self, hands: &mut Hands<'_, A, K>) {
        hands.count("equivocator: showed both messages to everybody");
        let everybody: BTreeSet<Actor> = self
            .bids
            .iter()
            .flat_map(|bid| bid.audience.clone())
            .collect();
        for bid in self.bids.iter().filter(|bid| bid.certificate.is_none()) {
            let request = bid.draft.request();
            everybody
                .iter()
                .for_each(|member| hands.send(*member, &request));
        }
    }

    /// One more version is certified.
    fn certified<A: Staged<Op = Op>, K: Keys>(
        &mut self,
        version: usize,
        hands: &mut Hands<'_, A, K>,
    ) {
        let first = self.certified.is_none();
        hands.count(match first {
            true => "equivocator: got one of two messages certified",
            false => "equivocator: got both messages certified",
        });
        self.certified.get_or_insert(self.age);
        if first && self.greedy {
            return self.cross(hands);
        }
        // Each audience gets its own proof first: if both are certified, they part.
        for bid in self
            .bids
            .iter()
            .enumerate()
            .filter(|(place, _)| !first || *place == version)
            .map(|(_, bid)| bid)
        {
            if let Some(proof) = bid.proof() {
                bid.audience
                    .iter()
                    .for_each(|member| hands.send(*member, &proof));
            }
        }
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Equivocator<A> {
    fn role(&self) -> &'static str {
        "equivocator"
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
        let (Payload::Echo(echo), Some(slot)) = (payload, &mut self.slot) else {
            return;
        };
        let complete = |bid: &mut Bid<A::Op>| bid.echo(from, echo, hands);
        if let Some(version) = slot.bids.iter_mut().position(complete) {
            slot.certified(version, hands);
        }
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        match &mut self.slot {
            None if self.pause > 0 => self.pause -= 1,
            None if self.attacks > 0 => {
                self.attack(hands);
            }
            None => {}
            Some(slot) => {
                if slot.tick(hands) {
                    return;
                }
                let winner = slot.bids.iter().find(|bid| bid.certificate.is_some());
                if let (Some(winner), Some(chain)) = (winner, &mut self.chain) {
                    chain.advance(hands.me(), &winner.draft);
                    self.pause = 2;
                    self.slot = None;
                } else {
                    // Nothing can follow in a frozen slot.
                    hands.count("equivocator: froze its own slot");
                    self.attacks = 0;
                    self.slot = None;
                }
            }
        }
    }
}
