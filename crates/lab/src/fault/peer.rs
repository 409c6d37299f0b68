//! A node of a run: correct, or a correct machine with a fault around it.

use bft_crdts::net::{Address, Effect, Effects, Machine, NodeId, TimerId};

use super::Fault;
use crate::outcome::{Decided, Said, Verdict};
use crate::packet::{Packet, Process};
use crate::tx::SignedTx;

/// A node of a run.
#[derive(Debug)]
pub struct Peer<M: Process> {
    inner: M,
    fault: Option<Box<dyn Fault<M>>>,
}

impl<M: Process> Peer<M> {
    /// One that keeps to the protocol.
    #[must_use]
    pub const fn correct(inner: M) -> Self {
        Self { inner, fault: None }
    }

    /// One that does not.
    #[must_use]
    pub fn faulty(inner: M, fault: impl Fault<M> + 'static) -> Self {
        Self {
            inner,
            fault: Some(Box::new(fault)),
        }
    }

    /// Whether it keeps to the protocol.
    #[must_use]
    pub const fn is_correct(&self) -> bool {
        self.fault.is_none()
    }

    /// The machine inside.
    #[must_use]
    pub const fn machine(&self) -> &M {
        &self.inner
    }

    /// Hands it a transaction.
    pub fn submit(&mut self, request: SignedTx, effects: &mut Effects<Self>) {
        self.through(effects, |inner, fault, asked| match fault {
            None => inner.submit(request, asked),
            Some(fault) => fault.submit(inner, request, asked),
        });
    }

    /// Lets the machine act, and passes on what it asks for, bent by the fault.
    fn through<T>(
        &mut self,
        effects: &mut Effects<Self>,
        act: impl FnOnce(&mut M, Option<&mut dyn Fault<M>>, &mut Effects<M>) -> T,
    ) -> T {
        let mut asked = Effects::new(effects.now());
        let fault = self.fault.as_deref_mut();
        let done = match fault {
            None => act(&mut self.inner, None, &mut asked),
            Some(fault) => act(&mut self.inner, Some(fault), &mut asked),
        };
        for effect in asked.as_slice() {
            match effect {
                Effect::Send { to, message } => match &mut self.fault {
                    None => effects.send(to.clone(), message.clone()),
                    Some(fault) => {
                        let (one, many);
                        let to: &[NodeId] = match to {
                            Address::One(to) => {
                                one = [*to];
                                &one
                            }
                            Address::Many(nodes) => {
                                many = nodes.clone();
                                &many
                            }
                            // No machine of the laboratory sends to all nodes of a run: outside ones are among them.
                            Address::Others => &[],
                        };
                        for &to in to {
                            if let Some(message) = fault.send(to, message.clone()) {
                                effects.send(Address::One(to), message);
                            }
                        }
                    }
                },
                Effect::SetTimer { after, timer } => effects.set_timer(*after, *timer),
                Effect::Persist(record) => effects.persist(record.clone()),
                Effect::Sync => effects.sync(),
                Effect::Deliver(decided) => effects.deliver(*decided),
                Effect::Note(note) => effects.note(note.clone()),
            }
        }
        done
    }
}

impl<M: Process> Machine for Peer<M> {
    type Message = M::Message;
    type Verdict = Verdict;
    type Delivery = Decided;
    type Note = Said;

    fn size(message: &M::Message) -> u32 {
        message.size()
    }

    fn kind(message: &M::Message) -> &'static str {
        Packet::kind(message)
    }

    fn start(&mut self, effects: &mut Effects<Self>) {
        self.through(effects, |inner, fault, asked| match fault {
            None => inner.start(asked),
            Some(fault) => fault.start(inner, asked),
        });
    }

    fn message(
        &mut self,
        from: NodeId,
        message: &M::Message,
        effects: &mut Effects<Self>,
    ) -> Verdict {
        self.through(effects, |inner, fault, asked| match fault {
            None => inner.message(from, message, asked),
            Some(fault) => fault.message(inner, from, message, asked),
        })
    }

    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>) {
        self.through(effects, |inner, fault, asked| match fault {
            None => inner.timer(timer, asked),
            Some(fault) => fault.timer(inner, timer, asked),
        });
    }
}
