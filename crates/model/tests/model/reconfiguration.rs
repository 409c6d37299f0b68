//! M2, M2c, M2d: seals and activations, over two or three generations.
//!
//! Everything is decided from the beginning: a decision may reach a member at any time. What is certified above what
//! was delivered here is delivered at once.
//!
//! There is a thief (A3): as soon as a correct member has sealed a generation, whether it leaves or goes on, what is left
//! of its key of that generation is stolen, and everything is signed with it that can be.

use std::fmt;
use std::marker::PhantomData;

use bft_crdts::deterministic_secure_broadcast::rules::{
    ActivateFacts, DeliverFacts, EchoFacts, Linked, OldFacts, OpenSlot, Rules, SealFacts, View,
};
use bft_crdts::membership::quorum::faults;
use stateright::{Model, Property};

use crate::common::{Set, certified, each, has, subsets};

pub(crate) mod tests;

/// The name of "no header": the beginning of the chain.
const START: u8 = 0;
/// The previous header of each, and its place in the chain. 1 and 2 compete for the first slot, 3 and 4 for the one
/// after header 1, 5 comes after header 2.
const HEADERS: [(u8, u64); 6] = [(START, 0), (START, 1), (START, 1), (1, 2), (1, 2), (2, 2)];
const NAMES: [&str; 6] = ["nothing", "A", "B", "AA", "AB", "BA"];

/// A header, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Header(u8);

impl Linked for Header {
    type Name = u8;

    fn name(&self) -> u8 {
        self.0
    }

    fn previous(&self) -> u8 {
        HEADERS[usize::from(self.0)].0
    }

    fn first(&self) -> u64 {
        HEADERS[usize::from(self.0)].1
    }

    fn after(&self) -> Option<u64> {
        Some(self.first() + 1)
    }
}

/// The header and all before it.
fn chain(header: u8) -> Set {
    let mut set = 0;
    let mut header = Header(header);
    while header.0 != START {
        set |= 1 << header.0;
        header = Header(header.previous());
    }
    set
}

/// Who is where, and who lies.
#[derive(Clone, Copy, Debug)]
struct Reconfiguration<R> {
    /// The members of each generation.
    members: &'static [Set],
    /// Who is faulty, in whatever generation. The correct ones have the lowest numbers.
    adversaries: Set,
    /// Whom a thief may rob of what they no longer need.
    robbed: Set,
    /// Replicas that know the genesis, as observers at least; the others come with their first activation.
    early: Set,
    /// Whether those that have left for good go on as observers.
    observers: bool,
    /// Whether whoever has activated a generation hands out the seals it has used.
    serving: bool,
    /// Correct replicas that differ in nothing but their number.
    alike: &'static [&'static [usize]],
    /// The headers there are.
    headers: Set,
    /// The source, if it is correct; then it signs header 1, and 3 when it has delivered that.
    source: Option<usize>,
    /// Whether states that differ only by the numbers of replicas alike, or by the names of headers 1 and 2, are one.
    merging: bool,
    hunt: Option<&'static str>,
    rules: PhantomData<R>,
}

/// What a seal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Seal {
    best: u8,
    /// The generation of the certificate of `best`.
    best_of: u8,
    open: Set,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Replica {
    /// The generation it is in, plus one; 0 before its first.
    at: u8,
    activated: Set,
    sealed: Set,
    view: Seal,
    /// The headers shown by more than `f` of the seals it activated its generation with.
    vouched: Set,
    /// What it has echoed, per generation.
    echoed: [Set; 3],
    /// What it has sealed, per generation.
    seals: [Seal; 2],
}

impl Replica {
    fn is_in(&self, generation: usize) -> bool {
        usize::from(self.at) == generation + 1
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct State {
    replicas: [Replica; 5],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Echo(usize, u8, usize),
    Deliver(usize, u8, usize),
    Seal(usize, usize),
    Activate {
        who: usize,
        generation: usize,
        /// Whose seals.
        seals: Set,
        /// The seal of a faulty member.
        forged: Option<Seal>,
        view: Seal,
        vouched: Set,
    },
}

fn names(headers: Set) -> String {
    let names: Vec<&str> = each(headers).map(|header| NAMES[header]).collect();
    names.join("+")
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let best = NAMES[usize::from(self.best)];
        write!(
            f,
            "best {best} of {}, open {{{}}}",
            self.best_of,
            names(self.open)
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Echo(who, header, generation) => {
                let header = NAMES[usize::from(header)];
                write!(f, "{who} echoes {header} in generation {generation}")
            }
            Self::Deliver(who, header, generation) => {
                let header = NAMES[usize::from(header)];
                write!(
                    f,
                    "{who} delivers {header}, certified in generation {generation}"
                )
            }
            Self::Seal(who, generation) => write!(f, "{who} seals generation {generation}"),
            Self::Activate {
                who,
                generation,
                seals,
                forged,
                view,
                ..
            } => {
                let seals: Vec<usize> = each(seals).collect();
                write!(
                    f,
                    "{who} activates generation {generation} with the seals of {seals:?}"
                )?;
                if let Some(forged) = forged {
                    write!(f, " and a faulty one ({forged})")?;
                }
                write!(f, ": {view}")
            }
        }
    }
}

impl<R: Rules> Reconfiguration<R> {
    fn hunting(self, promise: &'static str) -> Self {
        let hunt = Some(promise);
        Self { hunt, ..self }
    }

    fn correct(&self) -> impl Iterator<Item = usize> + use<R> {
        let everybody = self
            .members
            .iter()
            .fold(self.early, |all, &some| all | some);
        each(everybody & !self.adversaries)
    }

    fn last(&self) -> usize {
        self.members.len() - 1
    }

    fn headers(&self) -> impl Iterator<Item = u8> + use<R> {
        each(self.headers).map(|header| header as u8)
    }

    /// The headers the source has signed.
    fn signed(&self, state: &State) -> Set {
        match self.source {
            Some(source) => {
                let delivered = chain(state.replicas[source].view.best);
                let reached = |&header: &u8| {
                    let previous = Header(header).previous();
                    previous == START || has(delivered, previous.into())
                };
                self.headers()
                    .filter(reached)
                    .fold(0, |set, header| set | 1 << header)
            }
            None => self.headers,
        }
    }

    /// The correct members whose key of a generation is in the hands of a thief: of those who need it no longer,
    /// whoever still has it.
    fn stolen(&self, state: &State, generation: usize) -> Set {
        let gone = |&who: &usize| {
            has(self.members[generation], who) && has(state.replicas[who].sealed, generation)
        };
        let left = self
            .correct()
            .filter(|&who| has(self.robbed, who) && !R::erases_keys());
        left.filter(gone).fold(0, |set, who| set | 1 << who)
    }

    /// Whether there are enough echoes of a generation for a header; `lies`: with those of the faulty, and the thief's.
    fn certified(&self, state: &State, header: u8, generation: usize, lies: bool) -> bool {
        if !has(self.signed(state), header.into()) {
            return false;
        }
        let echoed = |&who: &usize| has(state.replicas[who].echoed[generation], header.into());
        let echoed = self
            .correct()
            .filter(echoed)
            .fold(0, |set, who| set | 1 << who);
        let lies = match lies {
            true => self.adversaries | self.stolen(state, generation),
            false => 0,
        };
        certified::<R>(self.members[generation], echoed | lies)
    }

    fn may_echo(&self, replica: &Replica, header: u8, generation: usize) -> bool {
        let asked = Header(header);
        let best = Header(replica.view.best);
        let rivals: Set = each(replica.view.open)
            .filter(|&open| Header(open as u8).first() == asked.first())
            .fold(0, |set, open| set | 1 << open);
        let open = match rivals {
            0 => OpenSlot::Empty,
            rivals if rivals == 1 << header => OpenSlot::Same,
            rivals if rivals.count_ones() > 1 => OpenSlot::Frozen,
            _ => OpenSlot::Other,
        };
        R::may_echo(&EchoFacts {
            next: Some(asked.first()) == best.after(),
            settled: true,
            linked: asked.previous() == best.name(),
            causes: true,
            digest: true,
            valid: true,
            open,
            active: replica.is_in(generation) && !has(replica.sealed, generation),
        })
    }

    /// What a replica shows of what it has, and keeps, when a generation ends.
    fn carried(replica: &Replica, generation: usize) -> Seal {
        let echoed = replica.echoed[generation];
        let carried = |&header: &usize| R::carries_open(has(echoed, header));
        let open = each(replica.view.open).filter(carried);
        Seal {
            open: open.fold(0, |set, header| set | 1 << header),
            ..replica.view
        }
    }

    /// Whether a replica takes a certificate of a generation, with these headers vouched for by seals.
    fn takes(replica: &Replica, header: u8, generation: usize, vouched: Set) -> bool {
        replica.is_in(generation)
            || R::may_take_old(&OldFacts {
                below_best: has(chain(replica.view.best), header.into()),
                open: has(replica.view.open, header.into()),
                followed: has(replica.activated, generation + 1),
                vouched: has(vouched, header.into()),
            })
    }

    /// Whether a certificate, if there is one, changes what a replica has.
    fn may_deliver(replica: &Replica, header: u8, generation: usize) -> bool {
        let best = replica.view.best;
        let fresh = if header == best {
            generation > replica.view.best_of.into()
        } else {
            Header(header).first() > Header(best).first()
        };
        fresh
            && usize::from(replica.at) > generation
            && Self::takes(replica, header, generation, replica.vouched)
            && R::may_deliver(&DeliverFacts {
                linked: best == START || has(chain(header), best.into()),
                causes: true,
            })
    }

    fn may_seal(&self, replica: &Replica, who: usize, generation: usize) -> bool {
        has(self.members[generation], who)
            && !has(replica.sealed, generation)
            && generation + 1 >= replica.at.into()
            && R::may_seal(&SealFacts {
                activated: has(replica.activated, generation),
                decided: true,
            })
    }

    fn may_activate(&self, replica: &Replica, who: usize, generation: usize, seals: u32) -> bool {
        let before = self.members[generation - 1];
        generation + 1 > replica.at.into()
            && R::may_activate(&ActivateFacts {
                decided: true,
                settled: !has(before, who) || has(replica.sealed, generation - 1),
                seals: seals as usize,
                members: before.count_ones() as usize,
            })
    }

    /// The headers of which somebody who has overheard everything can show a certificate, per generation.
    fn certificates(&self, state: &State) -> [Set; 3] {
        let mut certificates = [0; 3];
        for (generation, certificates) in certificates.iter_mut().enumerate().take(self.last() + 1)
        {
            let certified = |&header: &u8| self.certified(state, header, generation, true);
            *certificates =
                (self.headers().filter(certified)).fold(0, |set, header| set | 1 << header);
        }
        certificates
    }

    /// Every seal a faulty member could sign.
    fn forgeries(&self, state: &State, of: &[Set]) -> Vec<Seal> {
        let mut certificates = vec![(START, 0)];
        for (generation, &certified) in of.iter().enumerate() {
            certificates.extend(each(certified).map(|header| (header as u8, generation as u8)));
        }
        let mut forgeries = Vec::new();
        for open in subsets(self.signed(state)) {
            for &(best, best_of) in &certificates {
                forgeries.push(Seal {
                    best,
                    best_of,
                    open,
                });
            }
        }
        forgeries
    }

    /// What a replica knows after it has merged these seals, and what they vouch for.
    fn merge(&self, replica: &Replica, generation: usize, seals: &[Seal]) -> (Seal, Set) {
        let before = self.members[generation - 1].count_ones() as usize;
        let shows = |seal: &Seal, header| has(chain(seal.best) | seal.open, usize::from(header));
        let vouched =
            |header: &u8| seals.iter().filter(|seal| shows(seal, *header)).count() > faults(before);
        let vouched = (self.headers().filter(vouched)).fold(0, |set, header| set | 1 << header);
        let view = |seal: &Seal, taken: bool| View {
            best: (taken && seal.best != START).then_some(Header(seal.best)),
            open: each(seal.open).map(|header| Header(header as u8)).collect(),
        };
        let taken = |seal: &Seal| {
            let of = usize::from(seal.best_of);
            of + 1 == generation || Self::takes(replica, seal.best, of, vouched)
        };
        let views = seals.iter().map(|seal| view(seal, taken(seal))).collect();
        let now = usize::from(replica.at).saturating_sub(1);
        let own = view(&Self::carried(replica, now), true);
        let merged = R::merge_seals(&START, own, views);
        let best = merged.best.map_or(START, |best| best.0);
        let known = seals
            .iter()
            .filter(|seal| taken(seal))
            .chain([&replica.view]);
        let best_of = known
            .filter(|seal| seal.best == best)
            .map(|seal| seal.best_of);
        let after = Seal {
            best,
            best_of: best_of.max().unwrap_or_default(),
            open: merged
                .open
                .iter()
                .fold(0, |set, header| set | 1 << header.0),
        };
        // It matters only for generations whose successor was never active here.
        let skipped = (1..generation).any(|skipped| !has(replica.activated, skipped));
        (after, if skipped { vouched } else { 0 })
    }

    fn activations(
        &self,
        state: &State,
        certificates: &[Set; 3],
        (who, generation): (usize, usize),
        to: &mut Vec<Action>,
    ) {
        let replica = &state.replicas[who];
        let before = self.members[generation - 1];
        let sealers = (self.correct())
            .filter(|&other| {
                has(before, other) && has(state.replicas[other].sealed, generation - 1)
            })
            .fold(0, |set, other| set | 1 << other);
        let enough = |count| self.may_activate(replica, who, generation, count);
        let returns = || {
            self.members[generation..]
                .iter()
                .any(|&members| has(members, who))
        };
        if !enough(8) || !(self.observers || returns()) {
            return;
        }
        let mut forgeries = vec![None];
        let thieves = self.adversaries & before | self.stolen(state, generation - 1);
        if thieves != 0 {
            let forged = self.forgeries(state, &certificates[..generation]);
            forgeries.extend(forged.into_iter().map(Some));
        }
        let begin = to.len();
        for chosen in subsets(sealers) {
            for &forged in &forgeries {
                // No more than are needed, of which so many are forged; all of those show the same.
                let genuine = chosen.count_ones();
                let most = (thieves & !chosen).count_ones();
                let lies = (0..=most).find(|lies| enough(genuine + lies));
                let Some(lies) = lies.filter(|lies| forged.is_some() == (*lies > 0)) else {
                    continue;
                };
                if genuine > 0 && enough(genuine + lies - 1) {
                    continue;
                }
                let mut seals: Vec<Seal> = each(chosen)
                    .map(|other| state.replicas[other].seals[generation - 1])
                    .collect();
                seals.extend(std::iter::repeat_n(forged, lies as usize).flatten());
                let (view, vouched) = self.merge(replica, generation, &seals);
                let known = to[begin..].iter().any(|action| {
                    matches!(action, Action::Activate { view: v, vouched: w, .. }
                        if (*v, *w) == (view, vouched))
                });
                if !known {
                    to.push(Action::Activate {
                        who,
                        generation,
                        seals: chosen,
                        forged,
                        view,
                        vouched,
                    });
                }
            }
        }
    }

    /// Whether nothing is left that a correct replica must do, by what correct ones send again and again: certificates,
    /// requests, echoes, their seals until a quorum of the next generation says that it has activated it, and the seals
    /// they have activated it with for ever.
    fn quiet(&self, state: &State) -> bool {
        let replicas = &state.replicas;
        let seals = self.correct().all(|who| {
            let replica = &replicas[who];
            (0..self.last()).all(|generation| {
                !replica.is_in(generation) || !self.may_seal(replica, who, generation)
            })
        });
        let activates = |who: usize, generation: usize| {
            let (before, members) = (self.members[generation - 1], self.members[generation]);
            let sealed =
                |&other: &usize| has(before, other) && has(replicas[other].sealed, generation - 1);
            let active = |&other: &usize| has(replicas[other].activated, generation);
            let lies = (members & self.adversaries).count_ones() as usize;
            let through = self
                .correct()
                .filter(|&other| has(members, other))
                .filter(active);
            let resent = through.count() + lies < R::quorum(members.count_ones() as usize);
            let resent = if resent {
                self.correct().filter(sealed).count()
            } else {
                0
            };
            let served = self.serving && self.correct().any(|other| active(&other));
            let served = if served { before.count_ones() } else { 0 };
            let seals = served.max(resent as u32);
            has(members, who) && self.may_activate(&replicas[who], who, generation, seals)
        };
        let delivers = |who: usize| {
            self.correct().any(|other| {
                let view = &replicas[other].view;
                view.best != START
                    && Self::may_deliver(&replicas[who], view.best, view.best_of.into())
            })
        };
        let asked = |source: usize| {
            let generation = usize::from(replicas[source].at).saturating_sub(1);
            (self.correct()).any(|who| {
                each(self.signed(state)).any(|header| {
                    let header = header as u8;
                    let echoed = has(replicas[who].echoed[generation], header.into());
                    let member = has(self.members[generation], who);
                    let echoes = !echoed && self.may_echo(&replicas[who], header, generation);
                    let counts = self.certified(state, header, generation, false)
                        && Self::may_deliver(&replicas[source], header, generation);
                    member && echoes || counts
                })
            })
        };
        seals
            && !self
                .correct()
                .any(|who| (1..=self.last()).any(|g| activates(who, g)))
            && !self.correct().any(delivers)
            && !self.source.is_some_and(asked)
    }

    /// Those that stay, and are correct.
    fn stayers(&self) -> impl Iterator<Item = usize> + use<'_, R> {
        self.correct()
            .filter(|&who| has(self.members[self.last()], who))
    }

    fn agree(&self, state: &State) -> bool {
        let best = |who: usize| state.replicas[who].view.best;
        self.correct().all(|one| {
            self.correct().all(|other| {
                let (one, other) = (best(one), best(other));
                one == START
                    || other == START
                    || has(chain(one), other.into())
                    || has(chain(other), one.into())
            })
        })
    }

    fn total(&self, state: &State) -> bool {
        let delivered = |who: usize| chain(state.replicas[who].view.best);
        let all = self.correct().fold(0, |set, who| set | delivered(who));
        let all = if self.source.is_some() {
            self.headers
        } else {
            all
        };
        self.stayers().all(|who| delivered(who) == all) || !self.quiet(state)
    }

    fn arrives(&self, state: &State) -> bool {
        self.stayers()
            .all(|who| state.replicas[who].is_in(self.last()))
            || !self.quiet(state)
    }

    /// One of the states that differ in names only.
    fn representative(&self, state: State) -> State {
        let sorted = |mut state: State| {
            for alike in self.alike {
                let mut replicas: Vec<Replica> =
                    alike.iter().map(|&who| state.replicas[who]).collect();
                replicas.sort_unstable();
                for (&who, replica) in alike.iter().zip(replicas) {
                    state.replicas[who] = replica;
                }
            }
            state
        };
        if self.headers != 0b110 {
            return sorted(state);
        }
        let swap = |set: Set| set & !0b110 | (set & 0b10) << 1 | (set & 0b100) >> 1;
        let rename = |seal: Seal| Seal {
            best: [0, 2, 1][usize::from(seal.best)],
            best_of: seal.best_of,
            open: swap(seal.open),
        };
        let mut swapped = state;
        for replica in &mut swapped.replicas {
            replica.view = rename(replica.view);
            replica.seals = replica.seals.map(rename);
            replica.vouched = swap(replica.vouched);
            replica.echoed = replica.echoed.map(swap);
        }
        sorted(state).min(sorted(swapped))
    }
}

impl<R: Rules> Model for Reconfiguration<R> {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = State::default();
        for who in each(self.early & !self.adversaries) {
            (state.replicas[who].at, state.replicas[who].activated) = (1, 1);
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let certificates = self.certificates(state);
        let signed = self.signed(state);
        for who in self.correct() {
            let replica = &state.replicas[who];
            for (generation, &members) in self.members.iter().enumerate() {
                for header in self.headers() {
                    let bit = 1 << header;
                    let bound = replica.view.open == bit && replica.echoed[generation] & bit != 0;
                    if has(members, who)
                        && !bound
                        && signed & bit != 0
                        && self.may_echo(replica, header, generation)
                    {
                        actions.push(Action::Echo(who, header, generation));
                    }
                    if certificates[generation] & bit != 0
                        && Self::may_deliver(replica, header, generation)
                    {
                        actions.push(Action::Deliver(who, header, generation));
                    }
                }
                if generation < self.last() && self.may_seal(replica, who, generation) {
                    actions.push(Action::Seal(who, generation));
                }
                if generation > 0 {
                    self.activations(state, &certificates, (who, generation), actions);
                }
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = *state;
        match action {
            Action::Echo(who, header, generation) => {
                let replica = &mut next.replicas[who];
                replica.view.open = 1 << header;
                replica.echoed[generation] |= 1 << header;
            }
            Action::Deliver(who, header, generation) => {
                let view = &mut next.replicas[who].view;
                if view.best != header {
                    view.open = 0;
                }
                (view.best, view.best_of) = (header, generation as u8);
            }
            Action::Seal(who, generation) => {
                let replica = &mut next.replicas[who];
                replica.sealed |= 1 << generation;
                replica.seals[generation] = Self::carried(replica, generation);
            }
            Action::Activate {
                who,
                generation,
                view,
                vouched,
                ..
            } => {
                let replica = &mut next.replicas[who];
                replica.at = generation as u8 + 1;
                replica.activated |= 1 << generation;
                (replica.view, replica.vouched) = (view, vouched);
            }
        }
        Some(if self.merging {
            self.representative(next)
        } else {
            next
        })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("agreement", Self::agree),
            Property::always("delivery to all", Self::total),
            Property::always("the reconfiguration ends", Self::arrives),
            Property::sometimes("all stayers deliver in the end", |model, state: &State| {
                model.stayers().all(|who| {
                    let replica = &state.replicas[who];
                    replica.is_in(model.last()) && replica.view.best != START
                })
            }),
            Property::sometimes("an old certificate is taken", |model, state: &State| {
                model.stayers().any(|who| {
                    let replica = &state.replicas[who];
                    replica.is_in(model.last())
                        && replica.view.best != START
                        && replica.view.best_of == 0
                        && replica.seals.iter().all(|seal| seal.best == START)
                })
            }),
            Property::sometimes("an open header is inherited", |model, state: &State| {
                model.stayers().any(|who| {
                    let replica = &state.replicas[who];
                    replica.is_in(model.last())
                        && replica.view.open.count_ones() == 1
                        && replica.echoed.iter().all(|&echoed| echoed == 0)
                })
            }),
            Property::sometimes(
                "certified in the last generation only",
                |model, state: &State| {
                    model.stayers().any(|who| {
                        let replica = &state.replicas[who];
                        let header = replica.view.best;
                        usize::from(replica.view.best_of) == model.last()
                            && header != START
                            && (0..model.last()).all(|g| !model.certified(state, header, g, true))
                    })
                },
            ),
        ];
        if self.source.is_none() {
            properties.push(Property::sometimes(
                "a slot is frozen",
                |model, state: &State| {
                    model.quiet(state)
                        && (model.stayers())
                            .all(|who| state.replicas[who].view.open.count_ones() == 2)
                },
            ));
        }
        properties.retain(|property| self.hunt.is_none_or(|hunt| property.name == hunt));
        properties
    }
}
