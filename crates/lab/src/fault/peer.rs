//! A node of a run: correct, or a correct process with a fault around it.

use core::slice;

use bft_crdts::net::{Address, Effect, Effects, Machine, NodeId, TimerId};

use super::Fault;
use crate::outcome::{Decided, Said, Verdict};
use crate::packet::{Out, Packet, Process};
use crate::tx::SignedTx;

/// A node of a run of any protocol: the one state machine of the laboratory.
#[derive(Debug)]
pub struct Peer<P> {
    process: Box<dyn Process<Message = P>>,
    is_correct: bool,
}

impl<P: Packet> Peer<P> {
    /// One that keeps to the protocol.
    #[must_use]
    pub fn correct(process: impl Process<Message = P> + 'static) -> Self {
        Self {
            process: Box::new(process),
            is_correct: true,
        }
    }

    /// One that does not.
    #[must_use]
    pub fn faulty<M>(inner: M, fault: impl Fault<M> + 'static) -> Self
    where
        M: Process<Message = P> + 'static,
    {
        Self {
            process: Box::new(Faulty { inner, fault }),
            is_correct: false,
        }
    }

    /// Whether it keeps to the protocol.
    #[must_use]
    pub const fn is_correct(&self) -> bool {
        self.is_correct
    }

    /// Hands it a transaction.
    pub fn submit(&mut self, request: SignedTx, out: &mut Out<P>) {
        self.process.submit(request, out);
    }
}

impl<P: Packet> Machine for Peer<P> {
    type Message = P;
    type Verdict = Verdict;
    type Delivery = Decided;
    type Note = Said;

    fn size(message: &P) -> u32 {
        message.size()
    }

    fn kind(message: &P) -> &'static str {
        message.kind()
    }

    fn start(&mut self, out: &mut Out<P>) {
        self.process.start(out);
    }

    fn message(&mut self, from: NodeId, message: &P, out: &mut Out<P>) -> Verdict {
        self.process.message(from, message, out)
    }

    fn timer(&mut self, timer: TimerId, out: &mut Out<P>) {
        self.process.timer(timer, out);
    }
}

/// A correct process with a fault around it.
#[derive(Debug)]
struct Faulty<M, F> {
    inner: M,
    fault: F,
}

impl<M: Process, F: Fault<M>> Faulty<M, F> {
    /// Lets the process act, and passes on what it asks for, bent by the fault.
    fn through<T>(
        &mut self,
        out: &mut Out<M::Message>,
        act: impl FnOnce(&mut F, &mut M, &mut Out<M::Message>) -> T,
    ) -> T {
        let mut asked = Effects::new(out.now());
        let done = act(&mut self.fault, &mut self.inner, &mut asked);
        pass_on(&asked, out, |to, message, out| {
            for to in receivers(to) {
                if let Some(message) = self.fault.send(*to, message.clone()) {
                    out.send(Address::One(*to), message);
                }
            }
        });
        done
    }
}

impl<M: Process, F: Fault<M>> Process for Faulty<M, F> {
    type Message = M::Message;

    fn start(&mut self, out: &mut Out<M::Message>) {
        self.through(out, F::start);
    }

    fn submit(&mut self, request: SignedTx, out: &mut Out<M::Message>) {
        self.through(out, |fault, inner, asked| {
            fault.submit(inner, request, asked);
        });
    }

    fn message(
        &mut self,
        from: NodeId,
        message: &M::Message,
        out: &mut Out<M::Message>,
    ) -> Verdict {
        self.through(out, |fault, inner, asked| {
            fault.message(inner, from, message, asked)
        })
    }

    fn timer(&mut self, timer: TimerId, out: &mut Out<M::Message>) {
        self.through(out, |fault, inner, asked| fault.timer(inner, timer, asked));
    }
}

/// Asks for all that was asked for. What becomes of a packet is up to `send`.
pub(crate) fn pass_on<P: Packet>(
    asked: &Out<P>,
    out: &mut Out<P>,
    mut send: impl FnMut(&Address, &P, &mut Out<P>),
) {
    for effect in asked.as_slice() {
        match effect {
            Effect::Send { to, message } => send(to, message, out),
            Effect::SetTimer { after, timer } => out.set_timer(*after, *timer),
            Effect::Persist(record) => out.persist(record.clone()),
            Effect::Sync => out.sync(),
            Effect::Deliver(decided) => out.deliver(*decided),
            Effect::Note(note) => out.note(note.clone()),
        }
    }
}

/// To whom a packet goes, one by one.
pub(crate) fn receivers(to: &Address) -> &[NodeId] {
    match to {
        Address::One(node) => slice::from_ref(node),
        Address::Many(nodes) => nodes,
        // No process of the laboratory sends to all nodes of a run: outside ones are among them.
        Address::Others => &[],
    }
}
