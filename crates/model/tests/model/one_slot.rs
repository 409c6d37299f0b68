//! M1: one slot of one source in one generation, with relays and crashes.

use std::fmt;
use std::marker::PhantomData;

use bft_crdts::deterministic_secure_broadcast::rules::{
    DeliverFacts, EchoFacts, OpenSlot, Rules, Sound,
};
use bft_crdts_controls::{
    CountsOutsiders, CountsTwice, EchoesBeforeDisk, ForgetsOpen, ForgetsOwnMessage, QuorumOfHalf,
    RefusesRelays, TrustsSignatures,
};
use stateright::{Model, Property};

use crate::common::{Set, certified, falls, has, holds};

/// The two headers a source may have for its slot.
const HEADERS: [usize; 2] = [0, 1];

/// Member 0 is the source if it is correct, the last member if it is faulty; the last `faulty` members are faulty.
#[derive(Clone, Copy, Debug)]
struct OneSlot<R> {
    members: usize,
    faulty: usize,
    /// Whether the source is correct.
    honest: bool,
    /// Whether members may crash and come back.
    crashes: bool,
    hunt: Option<&'static str>,
    rules: PhantomData<R>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Replica {
    /// The headers it is bound to, as it remembers, and as its disk does.
    open: Set,
    disk: Set,
    /// The headers it has signed, and those of which the honest source has got its echo.
    echoed: Set,
    arrived: Set,
    /// What it has delivered: nothing, or one of the headers.
    delivered: Option<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    replicas: [Replica; 5],
    /// The honest source's own message, as it remembers, and as its disk does.
    own: Option<u8>,
    own_disk: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Sign(u8),
    Echo(usize, u8),
    Arrive(usize, u8),
    Deliver(usize, u8, Carrier),
    Crash(usize),
    Sync(usize),
}

/// Who brings a proof.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Carrier {
    /// The source's own count of echoes.
    Count,
    /// The correct source.
    Source,
    /// A correct member that has delivered.
    Relay,
    /// A faulty member that has overheard every echo, the faulty source for one.
    Liar,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |header: u8| char::from(b'A' + header);
        match *self {
            Self::Sign(header) => write!(f, "the source signs {}", name(header)),
            Self::Echo(who, header) => write!(f, "{who} echoes {}", name(header)),
            Self::Arrive(who, header) => {
                write!(f, "the echo of {who} for {} arrives", name(header))
            }
            Self::Deliver(who, header, carrier) => {
                write!(f, "{who} delivers {} ({carrier:?})", name(header))
            }
            Self::Crash(who) => write!(f, "{who} crashes and comes back"),
            Self::Sync(who) => write!(f, "{who} writes to its disk"),
        }
    }
}

impl<R: Rules> OneSlot<R> {
    fn new(members: usize, faulty: usize, honest: bool, crashes: bool) -> Self {
        Self {
            members,
            faulty,
            honest,
            crashes,
            hunt: None,
            rules: PhantomData,
        }
    }

    fn hunting(self, promise: &'static str) -> Self {
        let hunt = Some(promise);
        Self { hunt, ..self }
    }

    fn correct(&self) -> std::ops::Range<usize> {
        0..self.members - self.faulty
    }

    fn everybody(&self) -> Set {
        (1 << self.members) - 1
    }

    fn adversaries(&self) -> Set {
        self.everybody() & !((1 << self.correct().len()) - 1)
    }

    /// Whether somebody who has all signatures can show a certificate.
    fn certified(&self, state: &State, header: usize, arrived: bool) -> bool {
        let signed = self.correct().filter(|&who| {
            let replica = &state.replicas[who];
            has(
                if arrived {
                    replica.arrived
                } else {
                    replica.echoed
                },
                header,
            )
        });
        let signed = signed.fold(self.adversaries(), |set, who| set | 1 << who);
        certified::<R>(self.everybody(), signed)
    }

    fn may_echo(&self, state: &State, who: usize, header: u8) -> bool {
        let replica = &state.replicas[who];
        let open = match replica.open {
            0 => OpenSlot::Empty,
            open if open == 1 << header => OpenSlot::Same,
            3 => OpenSlot::Frozen,
            _ => OpenSlot::Other,
        };
        R::may_echo(&EchoFacts {
            next: replica.delivered.is_none(),
            settled: true,
            linked: true,
            causes: true,
            digest: true,
            valid: true,
            open,
            active: true,
        })
    }

    /// What is certain to happen sooner or later, by what correct members do again and again.
    fn musts(&self, state: &State, musts: &mut Vec<Action>) {
        let delivers = |who: usize| {
            state.replicas[who].delivered.is_none()
                && R::may_deliver(&DeliverFacts {
                    linked: true,
                    causes: true,
                })
                && R::may_attach(true)
        };
        if self.honest {
            if state.own.is_none() {
                musts.push(Action::Sign(0));
            }
            for header in HEADERS {
                if delivers(0) && self.certified(state, header, true) {
                    musts.push(Action::Deliver(0, header as u8, Carrier::Count));
                }
            }
            for who in self.correct() {
                let replica = &state.replicas[who];
                if let Some(own) = state.own {
                    let bit = 1 << own;
                    if replica.echoed & bit == 0 && self.may_echo(state, who, own) {
                        musts.push(Action::Echo(who, own));
                    }
                    let lost = replica.echoed & !replica.arrived & bit != 0;
                    if lost && R::repeats_echo() {
                        musts.push(Action::Arrive(who, own));
                    }
                }
                if let Some(header) = state.replicas[0].delivered
                    && delivers(who)
                {
                    musts.push(Action::Deliver(who, header, Carrier::Source));
                }
            }
        }
        for (from, to) in self
            .correct()
            .flat_map(|a| self.correct().map(move |b| (a, b)))
        {
            if let Some(header) = state.replicas[from].delivered
                && R::takes_relayed_proofs()
                && delivers(to)
            {
                musts.push(Action::Deliver(to, header, Carrier::Relay));
            }
        }
    }

    fn total(&self, state: &State) -> bool {
        let mut musts = Vec::new();
        self.musts(state, &mut musts);
        let delivered = |who: usize| state.replicas[who].delivered.is_some();
        !musts.is_empty()
            || self.correct().all(delivered)
            || !(self.honest || self.correct().any(delivered))
    }

    fn agree(&self, state: &State) -> bool {
        let delivered =
            |header| (self.correct()).any(|who| state.replicas[who].delivered == Some(header));
        !(delivered(0) && delivered(1))
    }
}

impl<R: Rules> Model for OneSlot<R> {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.musts(state, actions);
        for who in self.correct() {
            let replica = &state.replicas[who];
            for header in [0, 1] {
                let bit = 1 << header;
                let asked = if self.honest {
                    has(state.replicas[0].echoed, header.into())
                } else {
                    true
                };
                let bound = replica.open == bit && replica.echoed & bit != 0;
                if asked && !bound && self.may_echo(state, who, header) {
                    actions.push(Action::Echo(who, header));
                }
                if self.honest && replica.echoed & !replica.arrived & bit != 0 {
                    actions.push(Action::Arrive(who, header));
                }
                if replica.delivered.is_none() && self.certified(state, header.into(), false) {
                    actions.push(Action::Deliver(who, header, Carrier::Liar));
                }
            }
            if self.crashes {
                actions.push(Action::Crash(who));
                actions.push(Action::Sync(who));
            }
        }
        if self.honest && state.own.is_none() {
            actions.push(Action::Sign(1));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = *state;
        match action {
            Action::Sign(header) => {
                next.own = Some(header);
                if R::persists_own() {
                    next.own_disk = next.own;
                }
                let source = &mut next.replicas[0];
                source.open = 1 << header;
                source.disk = if R::persists_own() {
                    source.open
                } else {
                    source.disk
                };
                source.echoed |= 1 << header;
                source.arrived |= 1 << header;
            }
            Action::Echo(who, header) => {
                let replica = &mut next.replicas[who];
                replica.open = 1 << header;
                replica.echoed |= 1 << header;
                if R::persists_open() {
                    replica.disk = replica.open;
                }
            }
            Action::Arrive(who, header) => next.replicas[who].arrived |= 1 << header,
            Action::Deliver(who, header, _) => {
                let replica = &mut next.replicas[who];
                replica.delivered = Some(header);
                (replica.open, replica.disk) = (0, 0);
            }
            Action::Crash(who) => {
                next.replicas[who].open = next.replicas[who].disk;
                if who == 0 {
                    next.own = next.own_disk;
                }
            }
            Action::Sync(who) => {
                next.replicas[who].disk = next.replicas[who].open;
                if who == 0 {
                    next.own_disk = next.own;
                }
            }
        }
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("agreement", Self::agree),
            Property::always("delivery to all", Self::total),
            Property::sometimes("all deliver", |model, state: &State| {
                (model.correct()).all(|who| state.replicas[who].delivered.is_some())
            }),
        ];
        if !self.honest {
            properties.push(Property::sometimes(
                "stuck for ever",
                |model, state: &State| {
                    let mut musts = Vec::new();
                    model.musts(state, &mut musts);
                    let correct = || model.correct().map(|who| &state.replicas[who]);
                    musts.is_empty()
                        && correct().fold(0, |set, replica| set | replica.open) == 3
                        && correct().all(|replica| replica.open != 0)
                },
            ));
        }
        properties.retain(|property| self.hunt.is_none_or(|hunt| property.name == hunt));
        properties
    }
}

/// Every state, with these rules.
pub(crate) fn explore<R: Rules>() {
    holds(
        "M1 faulty source",
        OneSlot::<R>::new(4, 1, false, true),
        60..=600,
    );
    holds(
        "M1 correct source",
        OneSlot::<R>::new(4, 1, true, true),
        60..=600,
    );
}

#[test]
fn one_slot_holds() {
    explore::<Sound>();
}

#[test]
fn one_slot_holds_with_seven_members_two_of_them_faulty() {
    holds(
        "M1 faulty source, n = 7",
        OneSlot::<Sound>::new(7, 2, false, true),
        1_000..=20_000,
    );
    holds(
        "M1 correct source, n = 7",
        OneSlot::<Sound>::new(7, 2, true, true),
        1_000..=20_000,
    );
}

#[test]
fn one_slot_falls_without_relays_and_repetitions() {
    let model = OneSlot::<RefusesRelays>::new(4, 1, false, false);
    falls("M1 refuses relays", model.hunting("delivery to all"), 3);
}

#[test]
fn one_slot_falls_with_a_quorum_of_two() {
    let model = OneSlot::<QuorumOfHalf>::new(4, 1, false, false);
    falls("M1 quorum 2 of 4", model.hunting("agreement"), 4);
}

#[test]
fn one_slot_falls_with_signatures_that_do_not_count() {
    let hunting = "agreement";
    let model = OneSlot::<CountsTwice>::new(4, 1, false, false);
    falls("M1 counts twice", model.hunting(hunting), 4);
    let model = OneSlot::<CountsOutsiders>::new(4, 1, false, false);
    falls("M1 counts outsiders", model.hunting(hunting), 4);
    let model = OneSlot::<TrustsSignatures>::new(4, 1, false, false);
    falls("M1 trusts signatures", model.hunting(hunting), 2);
}

#[test]
fn one_slot_falls_when_what_was_signed_is_forgotten() {
    let hunting = "agreement";
    let model = OneSlot::<ForgetsOpen>::new(4, 1, false, false);
    falls("M1 forgets open", model.hunting(hunting), 6);
    let model = OneSlot::<EchoesBeforeDisk>::new(4, 1, false, true);
    falls("M1 echoes before disk", model.hunting(hunting), 7);
    let model = OneSlot::<ForgetsOwnMessage>::new(4, 1, true, true);
    falls("M1 forgets its own message", model.hunting(hunting), 7);
}
