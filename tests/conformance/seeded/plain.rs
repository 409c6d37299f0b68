//! A data type told in a few functions, so that a mistake in it stands out.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use bft_crdts::conformance::{Arbitrary, Gen, Generator, Turn};
use bft_crdts::traits::{nth, validate_one_by_one};
use bft_crdts::{Actor, Causes, Dot, SecureBroadcastAlgorithm};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The rules of a type, with what most of them have in common.
pub(crate) trait Plain: Clone + Debug + Eq + Sized + 'static {
    type Op: Clone + Debug + Eq + Hash + Serialize + DeserializeOwned + Arbitrary;
    type State: Clone + Debug + Eq + Default + Serialize + DeserializeOwned + 'static;

    /// What somebody might do.
    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Self::Op>;
    fn apply(state: &mut Self::State, me: Actor, dot: Dot, op: Self::Op);

    fn validate(_state: &Self::State, _dot: &Dot, _op: &Self::Op) -> bool {
        true
    }
    fn causes(_state: &Self::State, _op: &Self::Op) -> Causes {
        Causes::Nothing
    }
    /// What `state` gives away.
    fn shown(state: &Self::State) -> Self::State {
        state.clone()
    }
    /// What `sync_from` does.
    fn handed(mine: &mut Self::State, other: Self::State) {
        *mine = other;
    }
    /// The first operation of a batch that is refused.
    fn refused_in(all: &Of<Self>, first: &Dot, ops: &[Self::Op]) -> Option<usize> {
        validate_one_by_one(all, first, ops)
            .err()
            .map(|(index, _)| index)
    }
}

/// A replica of such a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Of<P: Plain> {
    pub(crate) me: Actor,
    pub(crate) state: P::State,
    rules: PhantomData<P>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not allowed")]
pub(crate) struct NotAllowed;

impl<P: Plain> SecureBroadcastAlgorithm for Of<P> {
    type Op = P::Op;
    type ReplicatedState = P::State;
    type Invalid = NotAllowed;

    fn new(me: Actor) -> Self {
        let (state, rules) = (P::State::default(), PhantomData);
        Of { me, state, rules }
    }
    fn state(&self) -> P::State {
        P::shown(&self.state)
    }
    fn sync_from(&mut self, other: P::State) {
        P::handed(&mut self.state, other);
    }
    fn causes(&self, op: &P::Op) -> Causes {
        P::causes(&self.state, op)
    }
    fn validate(&self, dot: &Dot, op: &P::Op) -> Result<(), NotAllowed> {
        P::validate(&self.state, dot, op)
            .then_some(())
            .ok_or(NotAllowed)
    }
    fn validate_batch(&self, first: &Dot, ops: &[P::Op]) -> Result<(), (usize, NotAllowed)> {
        match P::refused_in(self, first, ops) {
            Some(index) => Err((index, NotAllowed)),
            None => Ok(()),
        }
    }
    fn apply(&mut self, dot: Dot, op: P::Op) {
        P::apply(&mut self.state, self.me, dot, op);
    }
}

/// Draws as the type says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn;

impl<P: Plain> Generator<Of<P>> for Drawn {
    fn operation(&self, turn: &Turn<'_, Of<P>>, g: &mut Gen) -> Option<P::Op> {
        P::draw(turn, g)
    }
    fn garbage(&self, g: &mut Gen) -> Option<P::Op> {
        Some(P::Op::arbitrary(g))
    }
    fn simpler(&self, op: &P::Op) -> Box<dyn Iterator<Item = P::Op>> {
        op.shrink()
    }
}

/// Checkers each operation of a batch as if it were the first.
pub(crate) fn each_alone<P: Plain>(all: &Of<P>, first: &Dot, ops: &[P::Op]) -> Option<usize> {
    let mut ops = ops.iter().enumerate();
    ops.position(|(index, op)| !P::validate(&all.state, &nth(first, index), op))
}

/// A number from 1 to `most`.
pub(crate) fn up_to(most: u8, g: &mut Gen) -> u8 {
    u8::arbitrary(g) % most + 1
}
