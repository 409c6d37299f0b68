//! The equivocator: two messages for one slot, one for each half of the world.

use std::collections::BTreeSet;

use super::accomplice::Accomplice;
use super::attempt::CertificateAttempt;
use super::chain::SourceChain;
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::Payload;
use crate::net::sim_algorithm::SimAlgorithm;

/// Signs two messages for one slot, shows one to each part of the members, and proves whichever gets a quorum
/// (`docs/threats.md`, 1). If neither does, it shows both to everybody.
#[derive(Debug)]
pub struct Equivocator<A: SimAlgorithm> {
    accomplice: Accomplice,
    chain: Option<SourceChain<A>>,
    /// Versions and their audiences given by a scenario; used once.
    script: Option<Vec<(A::Op, Vec<Actor>)>>,
    attacks: u32,
    slot: Option<Slot<A::Op>>,
    pause: u32,
}

/// The slot it fights for.
#[derive(Debug)]
struct Slot<Op> {
    attempts: Vec<CertificateAttempt<Op>>,
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

/// One that draws rival operations and how it splits the members, up to four times.
impl<A: SimAlgorithm> Default for Equivocator<A> {
    fn default() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            script: None,
            attacks: 4,
            slot: None,
            pause: 0,
        }
    }
}

impl<A: SimAlgorithm> Equivocator<A> {
    /// One that does this once: each operation is shown to the actors behind it. Members that are in no audience are
    /// shown nothing.
    #[must_use]
    pub fn scripted(versions: impl IntoIterator<Item = (A::Op, Vec<Actor>)>) -> Self {
        Self {
            script: Some(versions.into_iter().collect()),
            attacks: 1,
            ..Self::default()
        }
    }

    fn attack<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        self.attacks -= 1;
        let chain = self.chain.get_or_insert_with(|| SourceChain::new(context));
        let greedy = self.script.is_none() && context.stream().below(2) == 0;
        let versions = match self.script.take() {
            Some(versions) => versions,
            None => {
                let (me, everybody) = (context.me(), context.members().actors());
                let [one, two] = chain.copy.rivals(&me, everybody, context.stream())?;
                let mut honest = context.honest();
                context.stream().shuffle(&mut honest);
                // Mostly half and half, sometimes one against all others.
                let one_only = context.stream().below(3) == 0;
                let cut = if one_only {
                    1
                } else {
                    honest.len().div_ceil(2)
                };
                let rest = honest.split_off(cut.min(honest.len()));
                vec![(one, honest), (two, rest)]
            }
        };
        let mut attempts = Vec::new();
        for (op, mut audience) in versions {
            audience.extend(context.friends());
            let draft = chain.draft(vec![op], context)?;
            attempts.push(CertificateAttempt::new(draft, audience, context));
        }
        context.note(format!(
            "signs {} messages for #{}",
            attempts.len(),
            chain.first
        ));
        context.count("equivocator: signed two messages for one slot");
        attempts.iter().for_each(|attempt| attempt.request(context));
        self.slot = Some(Slot {
            attempts,
            age: 0,
            greedy,
            certified: None,
        });
        Some(())
    }
}

impl<Op> Slot<Op> {
    /// Shows every version to everybody; true while it goes on.
    fn tick<A: SimAlgorithm<Op = Op>, K: Keys>(
        &mut self,
        context: &mut AdversaryContext<'_, A, K>,
    ) -> bool {
        self.age += 1;
        if let Some(certified) = self.certified {
            if self.age < certified + 2 {
                return true;
            }
            for proof in self.attempts.iter().filter_map(CertificateAttempt::proof) {
                context.send_members(&proof);
            }
            return false;
        }
        if self.age >= CROSS && (self.age - CROSS).is_multiple_of(2) {
            if self.age == CROSS {
                context.note("shows both to everybody");
            }
            self.cross(context);
        } else if self.age.is_multiple_of(2) {
            self.attempts
                .iter()
                .for_each(|attempt| attempt.request(context));
        }
        self.age < GIVE_UP
    }

    /// Asks everybody for every version that is not certified.
    fn cross<A: SimAlgorithm<Op = Op>, K: Keys>(&self, context: &mut AdversaryContext<'_, A, K>) {
        context.count("equivocator: showed both messages to everybody");
        let everybody: BTreeSet<Actor> = self
            .attempts
            .iter()
            .flat_map(|attempt| attempt.audience.clone())
            .collect();
        for attempt in self
            .attempts
            .iter()
            .filter(|attempt| attempt.certificate.is_none())
        {
            let request = attempt.draft.request();
            everybody
                .iter()
                .for_each(|member| context.send(*member, &request));
        }
    }

    /// One more version is certified.
    fn certified<A: SimAlgorithm<Op = Op>, K: Keys>(
        &mut self,
        version: usize,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let first = self.certified.is_none();
        context.count(match first {
            true => "equivocator: got one of two messages certified",
            false => "equivocator: got both messages certified",
        });
        self.certified.get_or_insert(self.age);
        if first && self.greedy {
            return self.cross(context);
        }
        // Each audience gets its own proof first: if both are certified, they part.
        for attempt in self
            .attempts
            .iter()
            .enumerate()
            .filter(|(place, _)| !first || *place == version)
            .map(|(_, attempt)| attempt)
        {
            if let Some(proof) = attempt.proof() {
                attempt
                    .audience
                    .iter()
                    .for_each(|member| context.send(*member, &proof));
            }
        }
    }
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Equivocator<A> {
    fn role(&self) -> &'static str {
        "equivocator"
    }

    fn hear(&mut self, from: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        self.accomplice.packet(payload, context);
        let (Payload::Echo(echo), Some(slot)) = (payload, &mut self.slot) else {
            return;
        };
        let complete = |attempt: &mut CertificateAttempt<A::Op>| attempt.echo(from, echo, context);
        if let Some(version) = slot.attempts.iter_mut().position(complete) {
            slot.certified(version, context);
        }
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        match &mut self.slot {
            None if self.pause > 0 => self.pause -= 1,
            None if self.attacks > 0 => {
                self.attack(context);
            }
            None => {}
            Some(slot) => {
                if slot.tick(context) {
                    return;
                }
                let winner = slot
                    .attempts
                    .iter()
                    .find(|attempt| attempt.certificate.is_some());
                if let (Some(winner), Some(chain)) = (winner, &mut self.chain) {
                    chain.advance(context.me(), &winner.draft);
                    self.pause = 2;
                    self.slot = None;
                } else {
                    // Nothing can follow in a frozen slot.
                    context.count("equivocator: froze its own slot");
                    self.attacks = 0;
                    self.slot = None;
                }
            }
        }
    }
}
