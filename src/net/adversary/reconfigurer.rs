//! The reconfigurer: it attacks the way from one generation to the next.

mod ballot;
mod plot;
mod seal;

use std::collections::{BTreeMap, BTreeSet};

use super::mask::{Mask, send_all};
use super::{Hands, Villain};
use crate::actor::{Actor, Keys, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::evidence::SignedHeader;
use crate::deterministic_secure_broadcast::packet::{Echo, Request};
use crate::deterministic_secure_broadcast::wire::statement::ApproveStatement;
use crate::deterministic_secure_broadcast::wire::{Approvals, Chain, Decision, PullChain};
use crate::deterministic_secure_broadcast::{Payload, To};
use crate::membership::{Change, Generation, MemberIndex, Members, Seat, Signers};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

use plot::Plot;

/// Takes part in hand-overs, and breaks every rule of them (R3 to R7): approves everything, proposes two changes, one to
/// each half, and changes hardly anybody approves, votes for two things and after it has given up, gives attempts up that
/// it is not in, seals a generation in three ways (as it is, with headers withheld, with headers invented), echoes in
/// generations it has sealed, serves a chain that is none, and signs two messages for one slot, one on each side of a
/// hand-over (`docs/threats.md`, 2, 3, 8, 22 to 27, 30, 31, 68).
#[derive(Debug)]
pub struct Reconfigurer<A: Staged, K: Keys> {
    mask: Mask<A, K>,
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

impl<A: Staged, K: Keys> Reconfigurer<A, K> {
    /// One that draws whom it tells what.
    #[must_use]
    pub fn new() -> Self {
        Self {
            mask: Mask::new(),
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

    /// The members as its own replica knows them, and which of them it is.
    fn place(&mut self, hands: &mut Hands<'_, A, K>) -> Option<(Members<K>, MemberIndex)> {
        let members = self.mask.replica(hands)?.members().clone();
        hands.enter(&members);
        let index = members.index_of(&hands.me())?;
        self.own = index;
        Some((members, index))
    }

    /// What a generation was made by, as the next decision and its seals name it.
    fn link(&mut self, generation: Generation, hands: &Hands<'_, A, K>) -> Option<Digest> {
        let generations = self.mask.replica(hands)?.generations();
        generations.tip_of(generation).copied()
    }

    /// The other members, in two halves that are the same all the time.
    fn halves(members: &Members<K>, hands: &Hands<'_, A, K>) -> [Vec<Actor>; 2] {
        let mut others = members.actors().to_vec();
        others.retain(|actor| *actor != hands.me());
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
    fn approve(&mut self, change: Change, possession: Option<Sig>, hands: &mut Hands<'_, A, K>) {
        let Some((members, index)) = self.place(hands) else {
            return;
        };
        let generation = members.generation();
        if members.after(&change).is_err() || !self.approved.insert((generation, change)) {
            return;
        }
        let statement = ApproveStatement { generation, change };
        let sig = hands.key_in(generation).sign(&hands.network(), &statement);
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
        hands.count("reconfigurer: approved a change unread");
        for member in Self::halves(&members, hands).concat() {
            hands.send(member, &Payload::Approvals(approvals.clone()));
        }
    }

    /// Vouches for a message in whatever generation it is asked in.
    fn echo(&mut self, request: &Request, hands: &mut Hands<'_, A, K>) {
        let generation = request.generation;
        let Some((members, _)) = self.place(hands) else {
            return;
        };
        let Some(source) = members.in_seat(request.header.source).copied() else {
            return;
        };
        if self.sealed.contains(&generation) {
            hands.count("reconfigurer: echoed in a generation it had sealed");
        }
        let echoed = self.echoed.entry(request.header.source).or_default();
        if echoed.len() < 64 && !echoed.iter().any(|known| known.header == request.header) {
            echoed.push(SignedHeader {
                generation,
                header: request.header.clone(),
                sig: request.echo,
            });
        }
        let header = request.header.digest(&hands.network());
        let sig = hands.echo(generation, header);
        let first = request.header.first;
        hands.send(
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
    pub(super) fn misserve(&mut self, to: Actor, pull: PullChain, hands: &mut Hands<'_, A, K>) {
        let have = usize::try_from(pull.decided.get()).unwrap_or(usize::MAX);
        let everybody = hands.members().actors();
        let victim = hands.stream().pick(everybody).copied();
        let links = self.mask.replica(hands).map(|own| {
            let links = own.chain().skip(have).cloned();
            links.take(4).collect::<Vec<_>>()
        });
        let (Some(mut links), Some(victim)) = (links, victim) else {
            return;
        };
        match (links.last_mut(), hands.stream().below(2)) {
            (Some(last), 0) => last.decision.change = Change::Expel(victim),
            (Some(last), _) => last.decision.link = Digest::of(b"another chain"),
            (None, _) => return,
        }
        hands.count("reconfigurer: served a chain that is none");
        hands.send(to, &Payload::Chain(Chain { links }));
    }

    /// What its replica wants to say about other things than hand-overs; those are made by hand, for it stops signing as
    /// soon as it sees what else was signed with its key.
    fn filter(&mut self, sends: Vec<(To, Payload)>, hands: &mut Hands<'_, A, K>) {
        for (to, payload) in sends {
            match payload {
                Payload::Propose(proposal) if proposal.attempt > 0 => {
                    self.propose_twice(&proposal, hands);
                }
                Payload::Seal(seal) if seal.signer == self.own => {}
                Payload::Propose(_) | Payload::Vote(_) | Payload::Timeout(_) => {}
                payload => self.pass(to, &payload, hands),
            }
        }
    }

    /// Sends something as it is, to the members of its own generation.
    fn pass(&mut self, to: To, payload: &Payload, hands: &mut Hands<'_, A, K>) {
        match (to, self.place(hands)) {
            (To::Members, Some((members, _))) => {
                for member in Self::halves(&members, hands).concat() {
                    hands.send(member, payload);
                }
            }
            (to, _) => send_all(vec![(to, payload.clone())], hands),
        }
    }
}

impl<A: Staged, K: Keys> Default for Reconfigurer<A, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Reconfigurer<A, K> {
    fn role(&self) -> &'static str {
        "reconfigurer"
    }

    fn packet(
        &mut self,
        from: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        let Some(payload) = payload else { return };
        match payload {
            Payload::Request(request) => return self.echo(request, hands),
            Payload::Echo(echo) => return self.plot_echo(from, echo, hands),
            Payload::PullChain(pull) if hands.stream().below(2) == 0 => {
                return self.misserve(from, *pull, hands);
            }
            Payload::Approvals(approvals) => {
                self.gather(approvals);
                self.approve(approvals.change, approvals.possession, hands);
            }
            Payload::Join(join) => {
                self.approve(Change::Join(join.actor), Some(join.possession), hands);
            }
            Payload::Propose(proposal) => self.vote_twice(proposal, hands),
            Payload::Timeout(timeout) => self.time_out_twice(timeout, hands),
            _ => {}
        }
        let sends = self.mask.packet(from, payload, hands);
        self.filter(sends, hands);
        // Between a decision and enough seals of others there may be no tick.
        self.seal_thrice(hands);
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        let sends = self.mask.tick(hands);
        self.filter(sends, hands);
        self.lead(hands);
        self.seal_thrice(hands);
        self.plot(hands);
        if hands.stream().below(4) == 0 {
            self.give_up(hands);
        }
    }
}
