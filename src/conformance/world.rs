//! Replicas of a type, what they have issued and what they have delivered: a network in which only causality is left.

use quickcheck::Gen;

use super::damage::{Harm, harmed};
use super::event::{
    Complaint, Counts, Event, Happened, Kind, Line, Order, Replica, Tally, begun, covers, join,
};
use super::generator::{Generator, Turn, dot_after};
use super::panics::{asking, asking_about, catch, forget, one_line};
use super::random::Random;
use super::roster::{NAMES, roster};
use super::script::Draw;
use super::variants;
use crate::actor::{Actor, Dot};
use crate::traits::SecureBroadcastAlgorithm;

/// Everything in a scenario.
pub(super) struct World<'g, A: SecureBroadcastAlgorithm, G> {
    pub(super) generator: &'g G,
    pub(super) order: Order,
    pub(super) genesis: A::ReplicatedState,
    pub(super) everybody: Vec<Actor>,
    pub(super) replicas: Vec<Replica<A>>,
    /// In the order in which they were issued.
    pub(super) events: Vec<Event<A::Op>>,
    pub(super) tally: Tally,
    pub(super) story: Vec<Line>,
    /// What hostile operations are like.
    pub(super) harm: Option<Harm>,
    /// An honest operation that could not be broadcast, for it names causes that are not there.
    pub(super) overreach: Option<String>,
}

impl<'g, A: SecureBroadcastAlgorithm, G: Generator<A>> World<'g, A, G> {
    pub(super) fn new(
        generator: &'g G,
        order: Order,
        harm: Option<Harm>,
        actors: u8,
        genesis: Draw,
    ) -> Result<Self, Complaint> {
        let actors = usize::from(actors).clamp(1, roster().len());
        let everybody = roster()[..actors].to_vec();
        let mut g = gen_of(genesis);
        let genesis = yours(|| generator.genesis(&everybody, &mut g))?;
        let replicas = everybody.iter().map(|actor| Replica {
            algorithm: begun::<A>(*actor, &genesis),
            clock: vec![0; actors],
            delivered: Vec::new(),
        });
        Ok(World {
            generator,
            order,
            replicas: replicas.collect(),
            genesis,
            everybody,
            events: Vec::new(),
            tally: Tally::default(),
            story: Vec::new(),
            harm,
            overreach: None,
        })
    }

    /// The name that the next operation of `who` has.
    pub(super) fn next_dot(&self, who: usize) -> Dot {
        let issued = self
            .events
            .iter()
            .filter(|event| event.source == who)
            .count();
        dot_after(self.everybody[who], issued as u64)
    }

    /// Whether an operation of `who` is still waiting for its causes, so that its slot is taken.
    pub(super) fn is_busy(&self, who: usize) -> bool {
        self.next_dot(who).counter.get() != self.replicas[who].clock[who] + 1
    }

    /// What the generator lets `who` do now.
    pub(super) fn draw(&self, who: usize, draw: Draw) -> Result<Option<A::Op>, Complaint> {
        let replica = &self.replicas[who];
        self.draw_as(
            &replica.algorithm,
            &replica.delivered,
            self.next_dot(who),
            draw,
        )
    }

    /// What the generator lets the actor of `dot` do with this copy.
    pub(super) fn draw_as(
        &self,
        copy: &A,
        delivered: &[(Dot, A::Op)],
        dot: Dot,
        draw: Draw,
    ) -> Result<Option<A::Op>, Complaint> {
        let turn = Turn {
            replica: copy,
            dot,
            everybody: &self.everybody,
            delivered,
        };
        let mut g = gen_of(draw);
        yours(|| self.generator.operation(&turn, &mut g))
    }

    /// Somebody acts.
    pub(super) fn act(
        &mut self,
        who: usize,
        draw: Draw,
        hostile: bool,
    ) -> Result<Happened, Complaint> {
        if who >= self.replicas.len() || self.is_busy(who) {
            return Ok(Happened::Nothing);
        }
        self.tally.turns += 1;
        let drawn = self.draw(who, draw)?;
        if let (true, Some(harm)) = (hostile, self.harm) {
            let mut random = Random::new(draw.seed ^ 0x5eed);
            for _ in 0..4 {
                let Some(op) = self.hostile(drawn.as_ref(), harm, draw.size, &mut random)? else {
                    break;
                };
                if let Some(event) = self.judged(who, op, true) {
                    return Ok(self.issue(event));
                }
            }
        }
        let Some(op) = drawn else {
            return Ok(Happened::Nothing);
        };
        self.tally.drawn += 1;
        Ok(match self.judged(who, op, false) {
            Some(event) => self.issue(event),
            None => Happened::Nothing,
        })
    }

    /// Somebody does this, if it is valid.
    pub(super) fn exactly(&mut self, who: usize, op: A::Op, hostile: bool) -> Happened {
        if who >= self.replicas.len() || self.is_busy(who) {
            return Happened::Nothing;
        }
        match self.judged(who, op, hostile) {
            Some(event) => self.issue(event),
            None => Happened::Nothing,
        }
    }

    /// Something nobody honest would do, made of `drawn` or of what others did.
    pub(super) fn hostile(
        &self,
        drawn: Option<&A::Op>,
        harm: Harm,
        size: u32,
        random: &mut Random,
    ) -> Result<Option<A::Op>, Complaint> {
        let foreign = random.pick(&self.events).map(|event| &event.op);
        let model = match random.below(3) {
            0 => foreign.or(drawn),
            _ => drawn.or(foreign),
        };
        asking("deserialize", self.everybody[0]);
        let garbage = |random: &mut Random| {
            let mut g = random.gen_of(size as usize);
            yours(|| self.generator.garbage(&mut g))
        };
        Ok(match (harm, random.below(8)) {
            (Harm::Forgery | Harm::Any, 0) => foreign.cloned(),
            (Harm::Forgery | Harm::Any, 1 | 2) => garbage(random)?,
            _ => match model.and_then(|op| harmed(op, harm, random)) {
                Some(op) => Some(op),
                None if harm == Harm::Limits => None,
                None => garbage(random)?,
            },
        })
    }

    /// The operation as an event, if the replica of its source would broadcast it. A hostile one may need what is yet to
    /// come.
    fn judged(&mut self, who: usize, op: A::Op, hostile: bool) -> Option<Event<A::Op>> {
        let dot = self.next_dot(who);
        let needs = self.needs(who, &op);
        let Some(needs) = needs.filter(|needs| needs[who] < dot.counter.get()) else {
            if !hostile {
                self.overreaches(who, &dot, &op);
            }
            return None;
        };
        let replica = &self.replicas[who];
        if covers(&replica.clock, &needs) {
            asking_about("validate", self.everybody[who], dot, &op);
            if let Err(why) = replica.algorithm.validate(&dot, &op) {
                if !hostile {
                    self.note(who, format!("{dot} refused: {why}"));
                }
                return None;
            }
        } else if !hostile {
            self.overreaches(who, &dot, &op);
            return None;
        } else if !self.may_come(&needs) {
            return None;
        }
        let seen = replica.clock.clone();
        Some(Event {
            dot,
            source: who,
            op,
            seen,
            needs,
            hostile,
            void: false,
        })
    }

    /// Notes that an honest operation names causes that are not delivered where it would be issued. The broadcast would
    /// give it back; that is a mistake only if nothing else is wrong with it.
    fn overreaches(&mut self, who: usize, dot: &Dot, op: &A::Op) {
        asking_about("validate", self.everybody[who], *dot, op);
        if self.replicas[who].algorithm.validate(dot, op).is_ok() {
            let causes = self.replicas[who].algorithm.causes(op);
            self.note(who, format!("{dot} {}", one_line(op)));
            self.overreach = Some(format!(
                "{dot} is valid at {}, and names as causes what is not delivered there: {}",
                self.name(who),
                one_line(&causes)
            ));
        }
    }

    /// Whether what is needed exists or is not far off.
    fn may_come(&self, needs: &Counts) -> bool {
        let issued = |who: usize| self.next_dot(who).counter.get() - 1;
        needs
            .iter()
            .enumerate()
            .all(|(who, need)| *need <= issued(who) + 2)
    }

    /// What an operation of `who` declares to need. `None` if that can never be there.
    pub(super) fn needs(&self, who: usize, op: &A::Op) -> Option<Counts> {
        let replica = &self.replicas[who];
        asking_about("causes", self.everybody[who], self.next_dot(who), op);
        let mut clock = vec![0; self.everybody.len()];
        for dot in replica.algorithm.causes(op).dots() {
            let place = self
                .everybody
                .iter()
                .position(|actor| *actor == dot.actor)?;
            clock[place] = dot.counter.get().max(clock[place]);
        }
        Some(clock)
    }

    fn issue(&mut self, event: Event<A::Op>) -> Happened {
        let who = event.source;
        self.tally.issued += 1;
        self.tally.variants |= variants::bit(&event.op);
        let unseen = |other: &&Event<A::Op>| event.seen[other.source] < other.dot.counter.get();
        self.tally.concurrent += u64::from(self.events.iter().any(|other| unseen(&other)));
        let mark = if event.hostile { "! " } else { "" };
        let text = format!("{mark}{} {}", event.dot, one_line(&event.op));
        self.story.push(Line { at: who, text });
        let place = self.events.len();
        self.events.push(event);
        if self.is_ready(who, place) {
            self.deliver_event(who, place)
        } else {
            Happened::Nothing
        }
    }

    /// The next operation of `from` at `at`, if there is one and what it waits for is there.
    pub(super) fn next_for(&self, at: usize, from: usize) -> Option<usize> {
        let wanted = self.replicas[at].clock[from] + 1;
        let place = self
            .events
            .iter()
            .position(|event| event.source == from && event.dot.counter.get() == wanted)?;
        self.is_ready(at, place).then_some(place)
    }

    /// Every event that could be delivered next at `at`.
    pub(super) fn ready(&self, at: usize) -> Vec<usize> {
        (0..self.everybody.len())
            .filter_map(|from| self.next_for(at, from))
            .collect()
    }

    fn is_ready(&self, at: usize, place: usize) -> bool {
        let (event, clock) = (&self.events[place], &self.replicas[at].clock);
        let seen = self.order == Order::Declared || covers(clock, &event.seen);
        let next = clock[event.source] + 1 == event.dot.counter.get();
        next && seen && !event.void && covers(clock, &event.needs)
    }

    /// Delivers the next operation of `from` at `at`.
    pub(super) fn deliver(&mut self, at: usize, from: usize) -> Happened {
        let people = self.everybody.len();
        match self.next_for(at.min(people - 1), from.min(people - 1)) {
            Some(place) if at < people && from < people => self.deliver_event(at, place),
            _ => Happened::Nothing,
        }
    }

    fn deliver_event(&mut self, at: usize, place: usize) -> Happened {
        let event = &self.events[place];
        let (dot, op, source) = (event.dot, event.op.clone(), event.source);
        // A hostile operation that waited is judged by whoever comes first, as a quorum of witnesses would.
        let first = self
            .replicas
            .iter()
            .all(|replica| replica.clock[source] < dot.counter.get());
        let replica = &mut self.replicas[at];
        if first && event.hostile {
            asking_about("validate", self.everybody[at], dot, &op);
            if replica.algorithm.validate(&dot, &op).is_err() {
                self.events[place].void = true;
                return Happened::Nothing;
            }
        }
        if at != source || event.hostile {
            let text = if at == source {
                String::new()
            } else {
                format!("+ {dot}")
            };
            self.story
                .extend((!text.is_empty()).then_some(Line { at, text }));
        }
        asking_about("apply", self.everybody[at], dot, &op);
        replica.algorithm.apply(dot, op.clone());
        replica.clock[source] += 1;
        replica.delivered.push((dot, op));
        Happened::Delivered { at, event: place }
    }

    /// A new replica of `who` that has delivered exactly what this operation declares to need and what its source did
    /// before it, in the order in which it was issued.
    pub(super) fn with_causes_only(&self, event: &Event<A::Op>) -> Replica<A> {
        let mut clock = event.needs.clone();
        clock[event.source] = clock[event.source].max(event.dot.counter.get() - 1);
        loop {
            let mut more = clock.clone();
            for other in &self.events {
                if other.dot.counter.get() <= clock[other.source] {
                    join(&mut more, &other.needs);
                }
            }
            if more == clock {
                break;
            }
            clock = more;
        }
        let mut replica = Replica {
            algorithm: begun::<A>(self.everybody[event.source], &self.genesis),
            clock: vec![0; self.everybody.len()],
            delivered: Vec::new(),
        };
        for other in &self.events {
            if other.dot.counter.get() <= clock[other.source] {
                replica.apply(other);
            }
        }
        replica
    }

    /// What people call somebody.
    pub(super) fn name(&self, who: usize) -> &'static str {
        NAMES.get(who).copied().unwrap_or("somebody")
    }

    /// Adds a line to the chart.
    pub(super) fn note(&mut self, at: usize, text: String) {
        self.story.push(Line { at, text });
    }
}

/// Runs code of the generator. If it panics it is not the type that is to blame.
fn yours<T>(work: impl FnOnce() -> T) -> Result<T, Complaint> {
    forget();
    catch(work).map_err(|panic| Complaint {
        text: format!("The generator, or the type when the generator asked it: {panic}"),
        kind: Kind::Generator,
    })
}

pub(super) fn gen_of(draw: Draw) -> Gen {
    Gen::from_size_and_seed(draw.size.max(1) as usize, draw.seed)
}
