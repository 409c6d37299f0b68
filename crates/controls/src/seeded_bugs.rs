//! Data types with a mistake planted in them, for what no rule of the protocol can break: that replicas which have
//! delivered the same are equal is the data type's promise.

use std::cell::Cell;

use bft_crdts::net::details::Entry;
use bft_crdts::net::{Auditor, Names, SimAlgorithm, Stream};
use bft_crdts::{Actor, Causes, Dot, SecureBroadcastAlgorithm};

use crate::Control;

/// Every mistake that can be planted.
pub const CONTROLS: &[Control] = &[Control {
    name: "applies-unevenly",
    breaks: "The data type leaves some operations out, at some replicas only.",
}];

thread_local! {
    static UNEVEN: Cell<bool> = const { Cell::new(false) };
}

/// Whether there is a mistake of this name.
#[must_use]
pub fn is_known(name: &str) -> bool {
    CONTROLS.iter().any(|control| control.name == name)
}

/// Does something on this thread while the mistake of this name is in every [`SeededBugs`]; without one if there is none of
/// this name.
pub(crate) fn with<T>(name: &str, act: impl FnOnce() -> T) -> T {
    /// Puts back what was planted before, even if `act` panics.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            UNEVEN.set(self.0);
        }
    }
    let _before = Before(UNEVEN.replace(is_known(name)));
    act()
}

/// A data type that keeps its contract, unless a mistake has been planted on this thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeededBugs<A> {
    inner: A,
    /// Whether its replica is one that the mistake is at.
    odd: bool,
}

impl<A> SeededBugs<A> {
    /// The data type itself.
    pub const fn inner(&self) -> &A {
        &self.inner
    }
}

impl<A: SecureBroadcastAlgorithm> SecureBroadcastAlgorithm for SeededBugs<A> {
    type Op = A::Op;
    type ReplicatedState = A::ReplicatedState;
    type Invalid = A::Invalid;

    fn new(actor: Actor) -> Self {
        Self {
            inner: A::new(actor),
            odd: !actor.as_bytes()[0].is_multiple_of(2),
        }
    }

    fn state(&self) -> A::ReplicatedState {
        self.inner.state()
    }

    fn sync_from(&mut self, other: A::ReplicatedState) {
        self.inner.sync_from(other);
    }

    fn causes(&self, op: &A::Op) -> Causes {
        self.inner.causes(op)
    }

    fn validate(&self, dot: &Dot, op: &A::Op) -> Result<(), A::Invalid> {
        self.inner.validate(dot, op)
    }

    fn validate_batch(&self, first: &Dot, ops: &[A::Op]) -> Result<(), (usize, A::Invalid)> {
        self.inner.validate_batch(first, ops)
    }

    fn apply(&mut self, dot: Dot, op: A::Op) {
        let left_out = UNEVEN.get() && self.odd && dot.counter.get().is_multiple_of(3);
        if !left_out {
            self.inner.apply(dot, op);
        }
    }
}

/// Watches the data type inside; a planted one is not looked into, so that nobody but the checkers of the broadcast can
/// notice.
#[derive(Debug)]
struct Inside<A: SecureBroadcastAlgorithm>(Box<dyn Auditor<A>>);

impl<A: SecureBroadcastAlgorithm> Auditor<SeededBugs<A>> for Inside<A> {
    fn delivered(&mut self, dot: &Dot, op: &A::Op) -> Result<(), String> {
        self.0.delivered(dot, op)
    }

    fn compare(&self, copy: &SeededBugs<A>, last: Option<&A::Op>) -> Result<(), String> {
        match UNEVEN.get() {
            true => Ok(()),
            false => self.0.compare(&copy.inner, last),
        }
    }
}

impl<A: SimAlgorithm> SimAlgorithm for SeededBugs<A> {
    fn auditor(genesis: &A::ReplicatedState) -> Box<dyn Auditor<Self>> {
        Box::new(Inside(A::auditor(genesis)))
    }

    fn label(op: &A::Op, names: &Names) -> String {
        A::label(op, names)
    }

    fn state_label(&self, names: &Names) -> Option<String> {
        self.inner.state_label(names)
    }

    fn state_entries(&self, names: &Names) -> Vec<Entry> {
        self.inner.state_entries(names)
    }

    fn draw(&self, me: &Actor, everybody: &[Actor], stream: &mut Stream) -> Option<A::Op> {
        self.inner.draw(me, everybody, stream)
    }

    fn rivals(&self, me: &Actor, everybody: &[Actor], stream: &mut Stream) -> Option<[A::Op; 2]> {
        self.inner.rivals(me, everybody, stream)
    }

    fn invalid(&self, me: &Actor, everybody: &[Actor], stream: &mut Stream) -> Option<A::Op> {
        self.inner.invalid(me, everybody, stream)
    }

    fn citing(
        &self,
        me: &Actor,
        cause: Dot,
        everybody: &[Actor],
        stream: &mut Stream,
    ) -> Option<A::Op> {
        self.inner.citing(me, cause, everybody, stream)
    }
}
