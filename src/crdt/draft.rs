//! What an author sees while operations are under way.

use super::pen::Pen;
use super::{Hosted, Op, Replicated, State};
use crate::actor::{Counter, Dot};
use crate::deterministic_secure_broadcast::Delivery;
use crate::traits::SecureBroadcastAlgorithm;

/// The copy of one author, with the operations that are still under way.
///
/// A replica's own copy shows what is delivered. Someone who goes on typing before the last word is delivered needs to see,
/// and to refer to, what they have typed. A draft performs an operation as soon as it is made, under the dot that
/// the broadcast will give to it, and takes in the others' as they are delivered. An operation that refers to one under way
/// says which numbers it expects both to have, so that it never means something else: should one come back
/// ([`Effect::Returned`](crate::Effect::Returned)), those behind it that refer to what was under way come back with it. Then
/// begin a new draft.
///
/// A draft is made of a replica ([`draft`](crate::SecureBroadcast::draft)), what it has under way included, also after a
/// restart. All operations of the author have to come from one draft and be broadcast in the order they were made.
#[derive(Clone, Debug)]
pub struct Draft<T: Hosted> {
    copy: Replicated<T>,
    pen: Pen,
}

impl<T: Hosted> Draft<T> {
    /// A draft of a copy without a replica around it, with nothing under way; `delivered` is how many operations of the
    /// author are in it.
    pub fn of(replica: &Replicated<T>, delivered: Counter) -> Self {
        Draft {
            pen: Pen {
                me: replica.actor(),
                delivered,
                made: delivered,
            },
            copy: replica.clone(),
        }
    }

    /// What the author sees.
    pub fn value(&self) -> &T {
        self.copy.value()
    }

    /// The state of what the author sees.
    pub fn state(&self) -> State<T> {
        self.copy.state()
    }

    /// The dot that the next operation will have.
    pub fn next(&self) -> Dot {
        let next = self.pen.made.next().unwrap_or(self.pen.made);
        Dot::new(self.pen.me, next)
    }

    /// Makes an operation from what the author sees, and performs it here. What is returned is to be broadcast.
    pub fn make(&mut self, build: impl FnOnce(&T) -> Op<T>) -> Op<T> {
        self.adopt(build(self.copy.value()))
    }

    /// As [`make`](Self::make), for an operation that there may be nothing to make of.
    pub fn try_make(&mut self, build: impl FnOnce(&T) -> Option<Op<T>>) -> Option<Op<T>> {
        build(self.copy.value()).map(|op| self.adopt(op))
    }

    fn adopt(&mut self, mut op: Op<T>) -> Op<T> {
        T::localise(op.act_mut(), &self.pen);
        self.go_on(&op);
        op
    }

    /// Performs an operation of the author that is under way already.
    pub(crate) fn go_on(&mut self, op: &Op<T>) {
        let dot = self.next();
        self.copy.apply(dot, op.clone());
        self.pen.made = dot.counter;
    }

    /// Takes in what was delivered at the author's replica. The author's own operations are here already.
    pub fn deliver(&mut self, delivery: &Delivery<Op<T>>) {
        for (dot, op) in delivery.iter() {
            self.take_in(dot, op);
        }
    }

    /// Takes in one operation that was delivered at the author's replica.
    pub fn take_in(&mut self, dot: Dot, op: &Op<T>) {
        if dot.actor == self.pen.me {
            self.pen.delivered = self.pen.delivered.max(dot.counter);
        }
        if dot.actor != self.pen.me || dot.counter > self.pen.made {
            self.pen.made = match dot.actor == self.pen.me {
                true => dot.counter,
                false => self.pen.made,
            };
            self.copy.apply(dot, op.clone());
        }
    }
}
