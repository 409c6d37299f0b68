//! R4, broken: two proposals, two votes, two timeouts.

use super::{Gathered, Reconfigurer};
use crate::actor::{Actor, Keys, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::Payload;
use crate::deterministic_secure_broadcast::wire::statement::{
    ApproveStatement, FirstVoteStatement, ProposeStatement, SecondVoteStatement, TimeoutStatement,
};
use crate::deterministic_secure_broadcast::wire::{
    Announced, Approvals, Decision, NextKeys, Phase, Proposal, Timeout, Vote,
};
use crate::membership::{Change, Generation, MemberIndex, Members, Signers};
use crate::net::adversary::AdversaryContext;
use crate::net::sim_algorithm::SimAlgorithm;

fn vote<A: SimAlgorithm, K: Keys>(
    generation: Generation,
    attempt: u32,
    phase: Phase,
    decision: Digest,
    context: &AdversaryContext<'_, A, K>,
) -> Payload {
    let (key, network) = (context.key_in(generation), context.network());
    let first = FirstVoteStatement {
        generation,
        attempt,
        decision,
    };
    let second = SecondVoteStatement {
        generation,
        attempt,
        decision,
    };
    let sig = match phase {
        Phase::First => key.sign(&network, &first),
        Phase::Second => key.sign(&network, &second),
    };
    Payload::Vote(Vote {
        generation,
        attempt,
        phase,
        decision,
        sig,
    })
}

/// Everybody keeps its key.
fn nobody<K: Keys>(members: &Members<K>) -> Announced {
    Announced {
        keys: NextKeys {
            members: Signers::none(members.len()),
            keys: Vec::new(),
        },
        signatures: Vec::new(),
    }
}

fn tell<A: SimAlgorithm, K: Keys>(
    to: &[Actor],
    payload: &Payload,
    context: &mut AdversaryContext<'_, A, K>,
) {
    to.iter().for_each(|member| context.send(*member, payload));
}

impl<A: SimAlgorithm, K: Keys> Reconfigurer<A, K> {
    /// One half is told that it votes for this, twice, the other half that it votes for something else.
    pub(super) fn vote_twice(
        &mut self,
        proposal: &Proposal,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let Some((members, _)) = self.place(context) else {
            return;
        };
        let Proposal {
            generation,
            attempt,
            decision,
            ..
        } = *proposal;
        if self.proposed.len() < 256 {
            self.proposed.insert((generation, decision));
        }
        let network = context.network();
        let digest = decision.digest(&network);
        let rival = self
            .proposed
            .iter()
            .filter(|(of, _)| *of == generation)
            .map(|(_, rival)| rival.digest(&network))
            .find(|rival| *rival != digest)
            .unwrap_or_else(|| Digest::of(digest.as_bytes()));
        let halves = Self::halves(&members, context);
        context.count("reconfigurer: voted for two things");
        for (choice, half) in [digest, rival].into_iter().zip(halves) {
            for phase in [Phase::First, Phase::Second] {
                let vote = vote(generation, attempt, phase, choice, context);
                tell(&half, &vote, context);
            }
        }
    }

    /// Gives an attempt up that another has given up: one half is told what has been seen, the other that nothing was.
    pub(super) fn time_out_twice(
        &mut self,
        seen: &Timeout,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let (generation, attempt) = (seen.generation, seen.attempt);
        let Some((members, _)) = self.place(context) else {
            return;
        };
        if self.given_up.len() > 256 || !self.given_up.insert((generation, attempt)) {
            return;
        }
        let highest = seen.highest.clone();
        let statement = TimeoutStatement {
            generation,
            attempt,
            highest: highest
                .as_ref()
                .map(|lock| (lock.attempt, lock.decision.digest(&context.network()))),
        };
        let knowing = Payload::Timeout(Box::new(Timeout {
            generation,
            attempt,
            highest,
            sig: context
                .key_in(generation)
                .sign(&context.network(), &statement),
        }));
        let blind = self.timeout(generation, attempt, context);
        let [one, two] = Self::halves(&members, context);
        context.count("reconfigurer: gave an attempt up in two ways");
        tell(&one, &knowing, context);
        tell(&two, &blind, context);
    }

    fn timeout(
        &self,
        generation: Generation,
        attempt: u32,
        context: &AdversaryContext<'_, A, K>,
    ) -> Payload {
        let statement = TimeoutStatement {
            generation,
            attempt,
            highest: None,
        };
        Payload::Timeout(Box::new(Timeout {
            generation,
            attempt,
            highest: None,
            sig: context
                .key_in(generation)
                .sign(&context.network(), &statement),
        }))
    }

    /// Gives up some attempt, whether or not it is in it, and goes on voting.
    pub(super) fn give_up(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        let Some((members, _)) = self.place(context) else {
            return;
        };
        let attempt = u32::try_from(context.stream().below(3)).unwrap_or(0);
        let timeout = self.timeout(members.generation(), attempt, context);
        context.count("reconfigurer: gave up an attempt it was not in");
        tell(&Self::halves(&members, context).concat(), &timeout, context);
    }

    /// The changes that a quorum approves in this generation.
    fn changes(
        &self,
        members: &Members<K>,
        context: &AdversaryContext<'_, A, K>,
    ) -> Vec<(Change, Approvals)> {
        let ripe = |((of, change), gathered): &(&(Generation, Change), &Gathered)| {
            *of == members.generation()
                && members.after(change).is_ok()
                && gathered.of.len() >= context.quorum().min(members.len())
        };
        let collect = |((_, change), gathered): (&(Generation, Change), &Gathered)| {
            (*change, collected(*change, gathered, members))
        };
        self.approvals.iter().filter(ripe).map(collect).collect()
    }

    /// Leads a first attempt that is its own to lead: one change for one half of the members, another for the other half,
    /// and votes for both. If nobody approves anything it proposes what only it approves.
    pub(super) fn lead(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let (members, index) = self.place(context)?;
        let generation = members.generation();
        let leader = generation.get().checked_rem(members.len() as u64)?;
        if leader != index.get() as u64 || self.led.contains(&generation) {
            return None;
        }
        let mut approved = self.changes(&members, context);
        if approved.is_empty() {
            // Perhaps somebody approves something yet.
            if context.stream().below(8) > 0 {
                return None;
            }
            let honest = context.honest();
            let victim = *context.stream().pick(&honest)?;
            let change = Change::Expel(victim);
            members.after(&change).ok()?;
            let statement = ApproveStatement { generation, change };
            let sig = context
                .key_in(generation)
                .sign(&context.network(), &statement);
            let gathered = Gathered {
                possession: None,
                of: [(index, sig)].into(),
            };
            context.count("reconfigurer: proposed what hardly anybody approves");
            approved.push((change, collected(change, &gathered, &members)));
        }
        self.led.insert(generation);
        let link = self.link(generation, context)?;
        if approved.len() > 1 {
            context.count("reconfigurer: proposed two changes");
            context.note("proposes two changes");
        }
        let mut halves = Self::halves(&members, context);
        if approved.len() == 1 {
            halves = [halves.concat(), Vec::new()];
        }
        for ((change, approvals), half) in approved.into_iter().zip(halves) {
            let keys = nobody(&members);
            let decision = Decision {
                generation: generation.next()?,
                link,
                change,
                keys: keys.keys.digest(),
            };
            let proposal = Proposal {
                generation,
                attempt: 0,
                decision,
                approvals,
                keys,
                timeouts: None,
                sig: Sig::from_bytes([0; 64]),
            };
            Self::propose(proposal, &half, context);
        }
        Some(())
    }

    /// Signs a proposal, and both votes for it, for some members.
    fn propose(mut proposal: Proposal, half: &[Actor], context: &mut AdversaryContext<'_, A, K>) {
        let Proposal {
            generation,
            attempt,
            decision,
            ..
        } = proposal;
        let decision = decision.digest(&context.network());
        let statement = ProposeStatement {
            generation,
            attempt,
            decision,
        };
        proposal.sig = context
            .key_in(generation)
            .sign(&context.network(), &statement);
        tell(half, &Payload::Propose(Box::new(proposal)), context);
        for phase in [Phase::First, Phase::Second] {
            let vote = vote(generation, attempt, phase, decision, context);
            tell(half, &vote, context);
        }
    }

    /// One half hears what a correct leader would propose in this attempt, the other half another change.
    pub(super) fn propose_twice(
        &mut self,
        own: &Proposal,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let Some((members, _)) = self.place(context) else {
            return;
        };
        let [one, two] = Self::halves(&members, context);
        Self::propose(own.clone(), &one, context);
        let rival = self.changes(&members, context).into_iter();
        let rival = rival
            .rev()
            .find(|(change, _)| *change != own.decision.change);
        if let Some((change, approvals)) = rival {
            context.count("reconfigurer: proposed two changes");
            let keys = nobody(&members);
            let decision = Decision {
                change,
                keys: keys.keys.digest(),
                ..own.decision
            };
            let rival = Proposal {
                decision,
                approvals,
                keys,
                ..own.clone()
            };
            Self::propose(rival, &two, context);
        }
    }
}

fn collected<K: Keys>(change: Change, gathered: &Gathered, members: &Members<K>) -> Approvals {
    let mut signers = Signers::none(members.len());
    let in_range = |index: &&MemberIndex| index.get() < members.len();
    gathered
        .of
        .keys()
        .filter(in_range)
        .for_each(|index| signers.insert(*index));
    Approvals {
        generation: members.generation(),
        change,
        possession: gathered
            .possession
            .filter(|_| matches!(change, Change::Join(_))),
        signers,
        signatures: gathered.of.values().copied().collect(),
    }
}
