//! The reconfigurer: it attacks the way from one generation to the next.

mod ballot;
mod plot;
mod seal;
mod two_sides;

use std::collections::{BTreeMap, BTreeSet};

use super::delegate::{HonestDelegate, send_all};
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Keys, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::evidence::SignedHeader;
use crate::deterministic_secure_broadcast::packet::{Echo, Request};
use crate::deterministic_secure_broadcast::wire::statement::ApproveStatement;
use crate::deterministic_secure_broadcast::wire::{Approvals, Chain, Decision, PullChain};
use crate::deterministic_secure_broadcast::{Payload, To};
use crate::membership::{Change, Generation, MemberIndex, Members, Seat, Signers};
use crate::net::sim_algorithm::SimAlgorithm;

use plot::Plot;

/// Takes part in reconfigurations, and breaks every rule of them (R3 to R7): approves everything, proposes two changes,
/// one to each half, and changes hardly anybody approves, votes for two things and after it has given up, gives
/// attempts up that it is not in, seals a generation in three ways (as it is, with headers withheld, with headers
/// invented), echoes in generations it has sealed, serves a chain that is none, and signs two messages for one slot,
/// one on each side of a reconfiguration (`docs/threats.md`, 2, 3, 8, 22 to 27, 30, 31, 68).
#[derive(Debug)]
pub struct Reconfigurer<A: SimAlgorithm, K: Keys> {
    delegate: HonestDelegate<A, K>,
    /// Everybody's approvals of each change.
    approvals: BTreeMap<(Generation, Change), Gathered>,
    /// What it has approved itself.
    approved: BTreeSet<(Generation, Change)>,
    /// Decisions that were proposed to it.
    proposed: BTreeSet<(Generation, Decision)>,
    /// The generations whose first attempt it has led.
    led: BTreeSet<Generation>,
    /// The attempts it has given up in two ways.
    given_up: BTreeSet<(Generation, u32)>,
    sealed: BTreeSet<Generation>,
    /// Headers that it has echoed, by source.
    echoed: BTreeMap<Seat, Vec<SignedHeader>>,
    /// Its index in the generation it was last seen in.
    own: MemberIndex,
    /// Two messages for one slot.
    plot: Option<Plot<A, K>>,
}

/// The approvals of one change.
#[derive(Debug, Default)]
struct Gathered {
    possession: Option<Sig>,
    of: BTreeMap<MemberIndex, Sig>,
}

/// One that draws whom it tells what.
impl<A: SimAlgorithm, K: Keys> Default for Reconfigurer<A, K> {
    fn default() -> Self {
        Self {
            delegate: HonestDelegate::default(),
            approvals: BTreeMap::new(),
            approved: BTreeSet::new(),
            proposed: BTreeSet::new(),
            led: BTreeSet::new(),
            given_up: BTreeSet::new(),
            sealed: BTreeSet::new(),
            echoed: BTreeMap::new(),
            own: MemberIndex::new(0),
            plot: None,
        }
    }
}

impl<A: SimAlgorithm, K: Keys> Reconfigurer<A, K> {
    /// The members as its own replica knows them, and which of them it is.
    fn place(
        &mut self,
        context: &mut AdversaryContext<'_, A, K>,
    ) -> Option<(Members<K>, MemberIndex)> {
        let members = self.delegate.replica(context)?.members().clone();
        context.enter(&members);
        let index = members.index_of(&context.me())?;
        self.own = index;
        Some((members, index))
    }

    /// What a generation was made by, as the next decision and its seals name it.
    fn link(
        &mut self,
        generation: Generation,
        context: &AdversaryContext<'_, A, K>,
    ) -> Option<Digest> {
        let generations = self.delegate.replica(context)?.generations();
        generations.tip_of(generation).copied()
    }

    /// The other members, in two halves that are the same all the time.
    fn halves(members: &Members<K>, context: &AdversaryContext<'_, A, K>) -> [Vec<Actor>; 2] {
        let mut others = members.actors().to_vec();
        others.retain(|actor| *actor != context.me());
        let rest = others.split_off(others.len().div_ceil(2));
        [others, rest]
    }

    fn gather(&mut self, approvals: &Approvals) {
        let key = (approvals.generation, approvals.change);
        if self.approvals.len() > 256 && !self.approvals.contains_key(&key) {
            return;
        }
        let gathered = self.approvals.entry(key).or_default();
        gathered.possession = gathered.possession.or(approvals.possession);
        gathered
            .of
            .extend(approvals.iter().map(|(index, sig)| (index, *sig)));
    }

    /// Approves a change, whatever it is.
    fn approve(
        &mut self,
        change: Change,
        possession: Option<Sig>,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let Some((members, index)) = self.place(context) else {
            return;
        };
        let generation = members.generation();
        if members.after(&change).is_err() || !self.approved.insert((generation, change)) {
            return;
        }
        let statement = ApproveStatement { generation, change };
        let sig = context
            .key_in(generation)
            .sign(&context.network(), &statement);
        let mut signers = Signers::none(members.len());
        signers.insert(index);
        let approvals = Approvals {
            generation,
            change,
            possession,
            signers,
            signatures: vec![sig],
        };
        self.gather(&approvals);
        context.count("reconfigurer: approved a change unread");
        for member in Self::halves(&members, context).concat() {
            context.send(member, &Payload::Approvals(approvals.clone()));
        }
    }

    /// Vouches for a message in whatever generation it is asked in.
    fn echo(&mut self, request: &Request, context: &mut AdversaryContext<'_, A, K>) {
        let generation = request.generation;
        let Some((members, _)) = self.place(context) else {
            return;
        };
        let Some(source) = members.in_seat(request.header.source).copied() else {
            return;
        };
        if self.sealed.contains(&generation) {
            context.count("reconfigurer: echoed in a generation it had sealed");
        }
        let echoed = self.echoed.entry(request.header.source).or_default();
        if echoed.len() < 64 && !echoed.iter().any(|known| known.header == request.header) {
            echoed.push(SignedHeader {
                generation,
                header: request.header.clone(),
                sig: request.echo,
            });
        }
        let header = request.header.digest(&context.network());
        let sig = context.echo(generation, header);
        let first = request.header.first;
        context.send(
            source,
            &Payload::Echo(Echo {
                generation,
                first,
                header,
                sig,
            }),
        );
    }

    /// Serves a chain in which the last change is another one.
    pub(super) fn misserve(
        &mut self,
        to: Actor,
        pull: PullChain,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let have = usize::try_from(pull.decided.get()).unwrap_or(usize::MAX);
        let everybody = context.members().actors();
        let victim = context.stream().pick(everybody).copied();
        let links = self.delegate.replica(context).map(|own| {
            let links = own.chain().skip(have).cloned();
            links.take(4).collect::<Vec<_>>()
        });
        let (Some(mut links), Some(victim)) = (links, victim) else {
            return;
        };
        match (links.last_mut(), context.stream().below(2)) {
            (Some(last), 0) => last.decision.change = Change::Expel(victim),
            (Some(last), _) => last.decision.link = Digest::of(b"another chain"),
            (None, _) => return,
        }
        context.count("reconfigurer: served a chain that is none");
        context.send(to, &Payload::Chain(Chain { links }));
    }

    /// What its replica wants to say about other things than reconfigurations; those are made by hand, for it stops
    /// signing as soon as it sees what else was signed with its key.
    fn filter(&mut self, sends: Vec<(To, Payload)>, context: &mut AdversaryContext<'_, A, K>) {
        for (to, payload) in sends {
            match payload {
                Payload::Propose(proposal) if proposal.attempt > 0 => {
                    self.propose_twice(&proposal, context);
                }
                Payload::Seal(own) if own.signer == self.own => {}
                Payload::Propose(_) | Payload::Vote(_) | Payload::Timeout(_) => {}
                payload => self.pass(to, &payload, context),
            }
        }
    }

    /// Sends something as it is, to the members of its own generation.
    fn pass(&mut self, to: To, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        match (to, self.place(context)) {
            (To::Members, Some((members, _))) => {
                for member in Self::halves(&members, context).concat() {
                    context.send(member, payload);
                }
            }
            (to, _) => send_all(vec![(to, payload.clone())], context),
        }
    }
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Reconfigurer<A, K> {
    fn role(&self) -> &'static str {
        "reconfigurer"
    }

    fn hear(&mut self, from: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        match payload {
            Payload::Request(request) => return self.echo(request, context),
            Payload::Echo(echo) => return self.plot_echo(from, echo, context),
            Payload::PullChain(pull) if context.stream().below(2) == 0 => {
                return self.misserve(from, *pull, context);
            }
            Payload::Approvals(approvals) => {
                self.gather(approvals);
                self.approve(approvals.change, approvals.possession, context);
            }
            Payload::Join(join) => {
                self.approve(Change::Join(join.actor), Some(join.possession), context);
            }
            Payload::Propose(proposal) => self.vote_twice(proposal, context),
            Payload::Timeout(timeout) => self.time_out_twice(timeout, context),
            _ => {}
        }
        let sends = self.delegate.packet(from, payload, context);
        self.filter(sends, context);
        // Between a decision and enough seals of others there may be no tick.
        self.seal_thrice(context);
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        let sends = self.delegate.tick(context);
        self.filter(sends, context);
        self.lead(context);
        self.seal_thrice(context);
        self.plot(context);
        if context.stream().below(4) == 0 {
            self.give_up(context);
        }
    }
}
