//! A machine in an adversary's hands: any [`Machine`] that keeps to its protocol, and a [`Behavior`] that stands
//! between it and the wire.

use std::collections::BTreeMap;
use std::fmt;

use super::behavior::Behavior;
use super::interceptor::{Interceptor, InterceptorConfig, WAKE};
use crate::net::machine::{Effect, Effects, Machine, TimerId};
use crate::net::node::NodeId;
use crate::net::random::Stream;

/// A machine, its behavior, and the strings between them.
pub struct Intercepted<M: Machine> {
    behavior: Box<dyn Behavior<M>>,
    machine: Option<M>,
    config: InterceptorConfig<M>,
    counts: BTreeMap<&'static str, u64>,
}

impl<M: Machine> fmt::Debug for Intercepted<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intercepted")
            .field("behavior", &self.behavior)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl<M: Machine> Intercepted<M>
where
    M::Message: Clone,
{
    /// An intercepted node. `None` if its machine cannot be made.
    #[must_use]
    pub fn new(behavior: Box<dyn Behavior<M>>, mut config: InterceptorConfig<M>) -> Option<Self> {
        let machine = Some((config.make)()?);
        Some(Self {
            behavior,
            machine,
            config,
            counts: BTreeMap::new(),
        })
    }

    /// What its behavior is called.
    #[must_use]
    pub fn role(&self) -> &'static str {
        self.behavior.name()
    }

    /// What its behavior has done, and how often.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// The machine inside, unless the behavior has thrown it away.
    #[must_use]
    pub fn machine(&self) -> Option<&M> {
        self.machine.as_ref()
    }

    fn intercept(
        &mut self,
        out: &mut Effects<M>,
        act: impl FnOnce(&mut dyn Behavior<M>, &mut Interceptor<'_, M>),
    ) {
        let mut interceptor = Interceptor {
            machine: &mut self.machine,
            config: &mut self.config,
            counts: &mut self.counts,
            out,
        };
        act(&mut *self.behavior, &mut interceptor);
    }

    /// The node goes up.
    pub fn start(&mut self, out: &mut Effects<M>) {
        let begins = self.config.begins;
        self.intercept(out, |behavior, interceptor| {
            if interceptor.leads() {
                behavior.start(interceptor);
            } else {
                interceptor.out.set_timer(begins - interceptor.now(), WAKE);
                let said = interceptor.start();
                interceptor.send_all(said);
            }
        });
    }

    /// A message arrives.
    pub fn message(&mut self, from: NodeId, message: &M::Message, out: &mut Effects<M>) {
        self.intercept(out, |behavior, interceptor| {
            if interceptor.leads() {
                behavior.hear(from, message, interceptor);
            } else {
                let said = interceptor.hear(from, message);
                interceptor.send_all(said);
            }
        });
    }

    /// A timer fires: the machine's, or the behavior's.
    pub fn timer(&mut self, timer: TimerId, out: &mut Effects<M>) {
        self.intercept(out, |behavior, interceptor| match timer {
            WAKE => behavior.wake(interceptor),
            _ if interceptor.leads() => {
                behavior.timer(timer, interceptor);
                let said = interceptor.spur();
                behavior.say_all(said, interceptor);
            }
            _ => {
                let said = interceptor.timer(timer);
                interceptor.send_all(said);
            }
        });
    }
}

/// A node of a protocol: a machine that keeps to it, or an intercepted node. For engines that run machines of one protocol.
pub enum Mixed<M: Machine> {
    /// It keeps to the protocol.
    Honest(M),
    /// It does not.
    Intercepted(Box<Intercepted<M>>),
}

impl<M: Machine> fmt::Debug for Mixed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Honest(_) => f.write_str("Honest"),
            Self::Intercepted(intercepted) => intercepted.fmt(f),
        }
    }
}

impl<M: Machine> Mixed<M>
where
    M::Message: Clone,
{
    /// The machine, if it keeps to the protocol.
    #[must_use]
    pub const fn honest(&self) -> Option<&M> {
        match self {
            Self::Honest(machine) => Some(machine),
            Self::Intercepted(_) => None,
        }
    }

    fn step<T>(
        &mut self,
        out: &mut Effects<Self>,
        honest: impl FnOnce(&mut M, &mut Effects<M>) -> T,
        intercepted: impl FnOnce(&mut Intercepted<M>, &mut Effects<M>),
    ) -> Option<T> {
        let mut inner = Effects::new(out.now());
        let answer = match self {
            Self::Honest(machine) => Some(honest(machine, &mut inner)),
            Self::Intercepted(adversary) => {
                intercepted(adversary, &mut inner);
                None
            }
        };
        for effect in inner.take() {
            match effect {
                Effect::Send { to, message } => out.send(to, message),
                Effect::SetTimer { after, timer } => out.set_timer(after, timer),
                Effect::Persist(record) => out.persist(record),
                Effect::Sync => out.sync(),
                Effect::Deliver(delivery) => out.deliver(delivery),
                Effect::Note(note) => out.note(note),
            }
        }
        answer
    }
}

impl<M: Machine> Machine for Mixed<M>
where
    M::Message: Clone,
{
    type Message = M::Message;
    /// `None` of an intercepted node: who knows what it makes of a message.
    type Verdict = Option<M::Verdict>;
    type Delivery = M::Delivery;
    type Note = M::Note;

    fn size(message: &Self::Message) -> u32 {
        M::size(message)
    }

    fn kind(message: &Self::Message) -> &'static str {
        M::kind(message)
    }

    fn corrupt(message: &Self::Message, stream: &mut Stream) -> Option<Self::Message> {
        M::corrupt(message, stream)
    }

    fn memory(&self) -> u64 {
        self.honest().map_or(0, M::memory)
    }

    fn start(&mut self, out: &mut Effects<Self>) {
        self.step(out, M::start, Intercepted::start);
    }

    fn message(
        &mut self,
        from: NodeId,
        message: &Self::Message,
        out: &mut Effects<Self>,
    ) -> Self::Verdict {
        self.step(
            out,
            |machine, inner| machine.message(from, message, inner),
            |intercepted, inner| intercepted.message(from, message, inner),
        )
    }

    fn timer(&mut self, timer: TimerId, out: &mut Effects<Self>) {
        self.step(
            out,
            |machine, inner| machine.timer(timer, inner),
            |intercepted, inner| intercepted.timer(timer, inner),
        );
    }
}
