//! The hands of a [`Behavior`](super::behavior::Behavior), which stands between a [`Machine`] and the wire.
//!
//! A behavior knows nothing of the protocol: it drops, delays, repeats and replaces what the machine says, and chooses what
//! it hears. All it can be told about messages is in a [`MessageMutator`], so the same behaviors serve every protocol
//! on the engine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::net::machine::{Address, Effect, Effects, Machine, TimerId};
use crate::net::node::NodeId;
use crate::net::random::Stream;
use crate::net::time::{Span, VirtualTime};

pub use super::intercepted::{Intercepted, Mixed};

/// The timer that belongs to the behavior. A machine that uses it for itself cannot be made an intercepted node.
pub(super) const WAKE: TimerId = TimerId(u32::MAX);

/// What a behavior can be told about the messages of a protocol. Every method has a default: without it, behaviors that
/// lie do nothing but what the machine does.
pub trait MessageMutator<M: Machine>: fmt::Debug {
    /// Another message to say in the place of this one: another value under the same name, signed as well as the
    /// machine's own key can. The same message gives the same lie. `None` if there is nothing to lie about.
    fn lie(&mut self, message: &M::Message, stream: &mut Stream) -> Option<M::Message> {
        let _ = (message, stream);
        None
    }

    /// This message with one small thing wrong: a number off by one, a digest, a name or a signature replaced. `way`
    /// says which; there are [`MessageMutator::ways`] of them.
    fn mutate(
        &mut self,
        message: &M::Message,
        way: u64,
        stream: &mut Stream,
    ) -> Option<M::Message> {
        let _ = way;
        self.lie(message, stream)
    }

    /// How many ways there are to mutate a message.
    fn ways(&self) -> u64 {
        1
    }

    /// Gives the machine something of its own to do, where nobody asks it to: an adversary without a word of its own is
    /// half an adversary. Asked whenever a timer of the machine fires.
    fn spur(&mut self, machine: &mut M, stream: &mut Stream, out: &mut Effects<M>) {
        let _ = (machine, stream, out);
    }

    /// Looks at the machine after it has done something: what it is now called, which key it has.
    fn watch(&mut self, machine: &M) {
        let _ = machine;
    }

    /// How to say in the protocol's notes that a behavior has done this once more.
    fn count(&self, what: &'static str) -> Option<M::Note> {
        let _ = what;
        None
    }
}

/// Knows nothing of messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMutator;

impl<M: Machine> MessageMutator<M> for NoMutator {}

/// A message mutator made of one function that says what to say instead.
pub struct MutateWith<F>(pub F);

impl<F> fmt::Debug for MutateWith<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MutateWith")
    }
}

impl<M: Machine, F: FnMut(&M::Message, &mut Stream) -> Option<M::Message>> MessageMutator<M>
    for MutateWith<F>
{
    fn lie(&mut self, message: &M::Message, stream: &mut Stream) -> Option<M::Message> {
        (self.0)(message, stream)
    }
}

/// What an intercepted node is made of.
pub struct InterceptorConfig<M: Machine> {
    /// Makes the machine, and makes it anew after it has been made to forget. Every one holds the same key.
    pub make: Box<dyn FnMut() -> Option<M>>,
    /// All other nodes it may speak to.
    pub others: Arc<[NodeId]>,
    /// What is known of its messages.
    pub mutator: Box<dyn MessageMutator<M>>,
    /// The randomness of its behavior.
    pub stream: Stream,
    /// Until then the machine is left alone.
    pub begins: VirtualTime,
}

/// What a machine wants to say: one entry for every receiver, in order.
pub type Said<M> = Vec<(NodeId, <M as Machine>::Message)>;

/// The hands of a behavior during one step.
pub struct Interceptor<'a, M: Machine> {
    pub(super) machine: &'a mut Option<M>,
    pub(super) config: &'a mut InterceptorConfig<M>,
    pub(super) counts: &'a mut BTreeMap<&'static str, u64>,
    pub(super) out: &'a mut Effects<M>,
}

impl<M: Machine> Interceptor<'_, M>
where
    M::Message: Clone,
{
    /// Whether the behavior has begun.
    pub(super) fn leads(&self) -> bool {
        self.out.now() >= self.config.begins
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> VirtualTime {
        self.out.now()
    }

    /// All other nodes.
    #[must_use]
    pub fn others(&self) -> Arc<[NodeId]> {
        self.config.others.clone()
    }

    /// Its randomness.
    pub fn stream(&mut self) -> &mut Stream {
        &mut self.config.stream
    }

    /// The machine goes up; what it wants to say.
    pub fn start(&mut self) -> Said<M> {
        self.let_it(|machine, inner| machine.start(inner))
    }

    /// Lets the machine hear a message; what it wants to say to that.
    pub fn hear(&mut self, from: NodeId, message: &M::Message) -> Said<M> {
        self.let_it(|machine, inner| {
            machine.message(from, message, inner);
        })
    }

    /// Lets a timer of the machine fire; what it wants to say then.
    pub fn timer(&mut self, timer: TimerId) -> Said<M> {
        self.let_it(|machine, inner| machine.timer(timer, inner))
    }

    /// Lets the machine do something. Its timers are set, its words are given back, and what it writes, delivers and
    /// notes is for nobody.
    fn let_it(&mut self, act: impl FnOnce(&mut M, &mut Effects<M>)) -> Said<M> {
        let mut inner = Effects::new(self.out.now());
        if let Some(machine) = self.machine {
            act(machine, &mut inner);
            self.config.mutator.watch(machine);
        }
        self.words(inner, true)
    }

    fn words(&mut self, mut inner: Effects<M>, timed: bool) -> Said<M> {
        let mut said = Vec::new();
        for effect in inner.take() {
            match effect {
                Effect::Send { to, message } => match to {
                    Address::One(to) => said.push((to, message)),
                    Address::Many(many) => {
                        said.extend(many.iter().map(|to| (*to, message.clone())))
                    }
                    Address::Others => {
                        said.extend(self.config.others.iter().map(|to| (*to, message.clone())));
                    }
                },
                Effect::SetTimer { after, timer } if timed => self.out.set_timer(after, timer),
                Effect::SetTimer { .. }
                | Effect::Persist(_)
                | Effect::Sync
                | Effect::Deliver(_)
                | Effect::Note(_) => {}
            }
        }
        said
    }

    /// Lets the machine do something of its own; what it wants to say then.
    pub(super) fn spur(&mut self) -> Said<M> {
        let mut inner = Effects::new(self.out.now());
        if let Some(machine) = self.machine {
            let InterceptorConfig {
                mutator, stream, ..
            } = &mut *self.config;
            mutator.spur(machine, stream, &mut inner);
        }
        self.words(inner, true)
    }

    /// The same for another machine, which lives by the timers of the first one.
    pub fn spur_other(&mut self, other: &mut M) -> Said<M> {
        let mut inner = Effects::new(self.out.now());
        let InterceptorConfig {
            mutator, stream, ..
        } = &mut *self.config;
        mutator.spur(other, stream, &mut inner);
        self.words(inner, false)
    }

    /// Runs another machine in this step: what it wants to say. It lives by the timers of the first one; its own are not
    /// set, for both would have the same names.
    pub fn run(&mut self, other: &mut M, act: impl FnOnce(&mut M, &mut Effects<M>)) -> Said<M> {
        let mut inner = Effects::new(self.out.now());
        act(other, &mut inner);
        self.words(inner, false)
    }

    /// Another machine with the same key, which knows nothing.
    pub fn another(&mut self) -> Option<M> {
        (self.config.make)()
    }

    /// Throws the machine away and starts another one with the same key, which knows nothing; what that wants to say.
    pub fn forget(&mut self) -> Said<M> {
        *self.machine = self.another();
        self.start()
    }

    /// Throws the machine away for good.
    pub fn kill(&mut self) {
        *self.machine = None;
    }

    /// Puts a message on the wire.
    pub fn send(&mut self, to: NodeId, message: M::Message) {
        self.out.send(Address::One(to), message);
    }

    /// Puts all of this on the wire.
    pub fn send_all(&mut self, said: Said<M>) {
        for (to, message) in said {
            self.send(to, message);
        }
    }

    /// Calls [`Behavior::wake`](super::behavior::Behavior::wake) after some time.
    pub fn wake_in(&mut self, after: Span) {
        self.out.set_timer(after, WAKE);
    }

    /// What to say in the place of a message.
    pub fn lie(&mut self, message: &M::Message) -> Option<M::Message> {
        self.config.mutator.lie(message, &mut self.config.stream)
    }

    /// A message with one thing wrong.
    pub fn mutate(&mut self, message: &M::Message, way: u64) -> Option<M::Message> {
        let InterceptorConfig {
            mutator, stream, ..
        } = &mut *self.config;
        mutator.mutate(message, way, stream)
    }

    /// In how many ways a message can be wrong.
    #[must_use]
    pub fn ways(&self) -> u64 {
        self.config.mutator.ways()
    }

    /// Counts what it does, for the `sometimes` counters.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
        if let Some(note) = self.config.mutator.count(what) {
            self.out.note(note);
        }
    }
}
