//! M3, M3j: deciding on one change, in two or three attempts.
//!
//! A member enters an attempt when it first does something in it; entering it earlier would only keep it from more. What
//! it has seen of others, it has seen when it shows it. Leaders may be faulty one and all, which is more than the
//! protocol allows, and leaves out no run that it allows.

use std::fmt;
use std::marker::PhantomData;

use bft_crdts::deterministic_secure_broadcast::rules::{
    EnterFacts, Precommit, ProposeFacts, Rules, TimeoutFacts, Vote1Facts, Vote2Facts,
};
use stateright::{Model, Property};

use crate::common::{Set, certified, collect, each, has, subsets};

pub(crate) mod tests;

/// Members 0 to 2 are correct, 3 is not.
const CORRECT: Set = 0b0111;
const LIARS: Set = 0b1000;
const MEMBERS: Set = CORRECT | LIARS;
const COUNT: usize = 4;

/// How many members have approved which change: the third only the faulty one.
const APPROVALS: [usize; 3] = [3, 3, 1];
const NAMES: [char; 3] = ['X', 'Y', 'Z'];

#[derive(Clone, Copy, Debug)]
struct Decision<R> {
    attempts: usize,
    /// Who leads which attempt; `None`: somebody faulty.
    leaders: [Option<usize>; 3],
    /// The changes there are.
    changes: Set,
    /// Whether states that differ only by the numbers of the correct members, or by the names of the first two changes,
    /// are one. Only for faulty leaders.
    merging: bool,
    hunt: Option<&'static str>,
    rules: PhantomData<R>,
}

/// The highest quorum of first votes that a timeout shows.
type Shown = Option<Precommit<u8>>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Member {
    attempt: u8,
    /// What it has voted for, per attempt.
    first: [Set; 3],
    second: [Set; 3],
    /// Its timeouts, per attempt: 0, or one more than what [`encode`] makes of what they show.
    timeouts: [u8; 3],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct State {
    members: [Member; 3],
    /// What correct leaders have proposed, per attempt.
    proposed: [Set; 3],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Propose(usize, u8),
    First(usize, usize, u8),
    Second(usize, usize, u8),
    TimeOut(usize, usize, Shown),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |change: u8| NAMES[usize::from(change)];
        match *self {
            Self::Propose(attempt, change) => {
                write!(
                    f,
                    "the leader of attempt {attempt} proposes {}",
                    name(change)
                )
            }
            Self::First(who, attempt, change) => {
                write!(f, "{who} votes for {} in attempt {attempt}", name(change))
            }
            Self::Second(who, attempt, change) => {
                write!(
                    f,
                    "{who} votes a second time for {} in attempt {attempt}",
                    name(change)
                )
            }
            Self::TimeOut(who, attempt, None) => write!(f, "{who} gives up attempt {attempt}"),
            Self::TimeOut(who, attempt, Some(shown)) => {
                let (of, name) = (shown.attempt, name(shown.value));
                write!(
                    f,
                    "{who} gives up attempt {attempt}, showing votes for {name} of {of}"
                )
            }
        }
    }
}

fn encode(shown: Shown) -> u8 {
    shown.map_or(0, |shown| 1 + 3 * shown.attempt as u8 + shown.value)
}

fn decode(code: u8) -> Shown {
    let code = code.checked_sub(1)?;
    Some(Precommit {
        attempt: u32::from(code / 3),
        value: code % 3,
    })
}

impl<R: Rules> Decision<R> {
    fn new(attempts: usize) -> Self {
        Self {
            attempts,
            leaders: [None; 3],
            changes: 0b011,
            merging: true,
            hunt: None,
            rules: PhantomData,
        }
    }

    fn hunting(self, promise: &'static str) -> Self {
        let hunt = Some(promise);
        Self { hunt, ..self }
    }

    fn changes(&self) -> impl Iterator<Item = u8> + use<R> {
        each(self.changes).map(|change| change as u8)
    }

    fn voters(state: &State, votes: impl Fn(&Member) -> Set, change: u8) -> Set {
        let voted = |&who: &usize| has(votes(&state.members[who]), change.into());
        each(CORRECT)
            .filter(voted)
            .fold(LIARS, |set, who| set | 1 << who)
    }

    fn first(state: &State, attempt: usize, change: u8) -> Set {
        Self::voters(state, |member| member.first[attempt], change)
    }

    fn decided(&self, state: &State, attempt: usize, change: u8) -> bool {
        let voters = Self::voters(state, |member| member.second[attempt], change);
        R::is_decided(collect::<R>(MEMBERS, voters), COUNT)
    }

    /// Every quorum of first votes that somebody can show.
    fn precommits(&self, state: &State) -> impl Iterator<Item = Precommit<u8>> + use<'_, R> {
        let all = (0..self.attempts)
            .flat_map(|attempt| self.changes().map(move |value| (attempt, value)));
        let state = *state;
        all.filter(move |&(attempt, value)| {
            certified::<R>(MEMBERS, Self::first(&state, attempt, value))
        })
        .map(|(attempt, value)| Precommit {
            attempt: attempt as u32,
            value,
        })
    }

    fn timed_out(state: &State, attempt: usize) -> Set {
        (each(CORRECT).filter(|&who| state.members[who].timeouts[attempt] != 0))
            .fold(0, |set, who| set | 1 << who)
    }

    fn may_enter(not_behind: bool, timeouts: usize) -> bool {
        R::may_enter(&EnterFacts {
            not_behind,
            timeouts,
            members: COUNT,
        })
    }

    /// Whether this is the attempt a member is in, or can be in at once.
    fn current(state: &State, who: usize, attempt: usize) -> bool {
        let now = usize::from(state.members[who].attempt);
        now == attempt
            || attempt > now && {
                let before = attempt - 1;
                let timeouts = collect::<R>(MEMBERS, Self::timed_out(state, before) | LIARS);
                Self::may_enter(before >= now, timeouts)
            }
    }

    /// Whether a proposal can be made of some timeouts that `may` likes.
    fn proposal(
        &self,
        state: &State,
        attempt: usize,
        change: u8,
        leader: bool,
        may: impl Fn(ProposeFacts) -> bool,
    ) -> bool {
        let approvals = APPROVALS[usize::from(change)];
        let facts = |justified, shown: Vec<Shown>| ProposeFacts {
            leader,
            approved: R::is_approved(approvals, COUNT),
            justified,
            carries_highest: R::highest(shown).is_none_or(|highest| highest.value == change),
        };
        let Some(before) = attempt.checked_sub(1) else {
            return may(facts(true, Vec::new()));
        };
        let mut forgeries: Vec<Option<Shown>> = vec![None, Some(None)];
        forgeries.extend(self.precommits(state).map(|shown| Some(Some(shown))));
        subsets(Self::timed_out(state, before)).any(|chosen| {
            forgeries.iter().any(|forged| {
                let shown = each(chosen)
                    .map(|who| decode(state.members[who].timeouts[before] - 1))
                    .chain(*forged)
                    .collect::<Vec<Shown>>();
                may(facts(Self::may_enter(true, shown.len()), shown))
            })
        })
    }

    fn may_vote1(&self, state: &State, who: usize, attempt: usize, change: u8) -> bool {
        let member = &state.members[who];
        let led = self.leaders[attempt].is_none() || has(state.proposed[attempt], change.into());
        let current = Self::current(state, who, attempt);
        self.proposal(state, attempt, change, led, |proposal| {
            R::may_vote1(&Vote1Facts {
                current,
                timed_out: member.timeouts[attempt] != 0,
                voted: member.first[attempt] != 0,
                proposal,
            })
        })
    }

    fn may_vote2(&self, state: &State, who: usize, attempt: usize, change: u8) -> bool {
        let member = &state.members[who];
        R::may_vote2(&Vote2Facts {
            current: Self::current(state, who, attempt),
            timed_out: member.timeouts[attempt] != 0,
            voted: member.second[attempt] != 0,
            votes1: collect::<R>(MEMBERS, Self::first(state, attempt, change)),
            members: COUNT,
        })
    }

    /// The highest quorum of first votes a member has acted on, or shown.
    fn highest(&self, member: &Member) -> Shown {
        let voted = (0..self.attempts).flat_map(|attempt| {
            each(member.second[attempt]).map(move |value| {
                Some(Precommit {
                    attempt: attempt as u32,
                    value: value as u8,
                })
            })
        });
        let shown = member.timeouts.iter().map(|&code| decode(code.max(1) - 1));
        R::highest(voted.chain(shown))
    }

    fn agree(&self, state: &State) -> bool {
        let decided = |change: &u8| (0..self.attempts).any(|a| self.decided(state, a, *change));
        self.changes().filter(decided).count() < 2
    }

    fn approved(&self, state: &State) -> bool {
        !has(self.changes, 2) || !(0..self.attempts).any(|a| self.decided(state, a, 2))
    }

    /// One of the states that differ in names only.
    fn representative(&self, state: State) -> State {
        let sorted = |mut state: State| {
            state.members.sort_unstable();
            state
        };
        let swap = |set: Set| set & !0b11 | (set & 0b01) << 1 | (set & 0b10) >> 1;
        let mut swapped = state;
        for member in &mut swapped.members {
            member.first = member.first.map(swap);
            member.second = member.second.map(swap);
            member.timeouts = member.timeouts.map(|code| match code.checked_sub(2) {
                Some(shown) => 2 + shown / 3 * 3 + [1, 0, 2][usize::from(shown % 3)],
                None => code,
            });
        }
        sorted(state).min(sorted(swapped))
    }
}

impl<R: Rules> Model for Decision<R> {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for attempt in 0..self.attempts {
            if let Some(leader) = self.leaders[attempt]
                && state.proposed[attempt] == 0
                && state.members[leader].timeouts[attempt] == 0
                && Self::current(state, leader, attempt)
            {
                for change in self.changes() {
                    let may = |facts| R::may_propose(&facts);
                    if self.proposal(state, attempt, change, true, may) {
                        actions.push(Action::Propose(attempt, change));
                    }
                }
            }
            for who in each(CORRECT) {
                let member = &state.members[who];
                let current = Self::current(state, who, attempt);
                if attempt > usize::from(member.attempt) && !current {
                    // It has not heard of this attempt, except for giving it up.
                    let facts = TimeoutFacts {
                        current,
                        timed_out: member.timeouts[attempt] != 0,
                    };
                    if attempt + 1 < self.attempts && R::may_time_out(&facts) {
                        actions.push(Action::TimeOut(who, attempt, self.highest(member)));
                    }
                    continue;
                }
                for change in self.changes() {
                    if !has(member.first[attempt], change.into())
                        && self.may_vote1(state, who, attempt, change)
                    {
                        actions.push(Action::First(who, attempt, change));
                    }
                    if !has(member.second[attempt], change.into())
                        && self.may_vote2(state, who, attempt, change)
                    {
                        actions.push(Action::Second(who, attempt, change));
                    }
                }
                let facts = TimeoutFacts {
                    current,
                    timed_out: member.timeouts[attempt] != 0,
                };
                if attempt + 1 < self.attempts && R::may_time_out(&facts) {
                    let highest = self.highest(member);
                    actions.push(Action::TimeOut(who, attempt, highest));
                    for seen in self.precommits(state) {
                        if highest.is_none_or(|highest| highest.attempt < seen.attempt) {
                            actions.push(Action::TimeOut(who, attempt, Some(seen)));
                        }
                    }
                }
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = *state;
        let mut entered = None;
        match action {
            Action::Propose(attempt, change) => {
                next.proposed[attempt] |= 1 << change;
                entered = self.leaders[attempt].map(|leader| (leader, attempt));
            }
            Action::First(who, attempt, change) => {
                next.members[who].first[attempt] |= 1 << change;
                entered = Some((who, attempt));
            }
            Action::Second(who, attempt, change) => {
                next.members[who].second[attempt] |= 1 << change;
                entered = Some((who, attempt));
            }
            Action::TimeOut(who, attempt, shown) => {
                next.members[who].timeouts[attempt] = 1 + encode(shown);
                if Self::current(state, who, attempt) {
                    entered = Some((who, attempt));
                }
            }
        }
        if let Some((who, attempt)) = entered {
            let member = &mut next.members[who];
            member.attempt = member.attempt.max(attempt as u8);
        }
        Some(if self.merging {
            self.representative(next)
        } else {
            next
        })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("one decision", Self::agree),
            Property::always("only what is approved", Self::approved),
            Property::sometimes("decided in attempt 0", |model, state: &State| {
                model
                    .changes()
                    .any(|change| model.decided(state, 0, change))
            }),
            Property::sometimes("decided in attempt 1 only", |model, state: &State| {
                let decided = |attempt| model.changes().any(|v| model.decided(state, attempt, v));
                decided(1) && !decided(0)
            }),
            Property::sometimes("a change carried on", |model, state: &State| {
                model.changes().any(|change| {
                    let attempts = [0, 1];
                    attempts.iter().all(|&a| model.decided(state, a, change))
                })
            }),
            Property::sometimes("both almost decided", |model, state: &State| {
                let mut precommits = model.precommits(state).map(|shown| shown.value);
                let first = precommits.next();
                precommits.any(|value| Some(value) != first)
            }),
        ];
        properties.retain(|property| self.hunt.is_none_or(|hunt| property.name == hunt));
        properties
    }
}
