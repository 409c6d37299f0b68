//! Steps: effects with the one order a driver must keep built into a type.
//!
//! [`Effects`] are one ordered list, and a driver that sends before a record in front of it is durable breaks the
//! protocol. A [`Step`] holds records and what may leave once they are durable, and gives the latter to nobody but
//! [`Step::synced`], which has a [`RecordStore`] take the records and sync them first.

use std::convert::Infallible;

use super::effect::{Effect, Effects};
use super::journal::{self, Record};
use crate::traits::SecureBroadcastAlgorithm;

/// Where a replica's records become durable.
pub trait RecordStore {
    /// Why it could not. Nothing that depends on the records may leave then: the replica is ahead of its journal, and
    /// must be opened again from what is durable.
    type Error;

    /// Writes a record behind those before it.
    ///
    /// # Errors
    /// What the store says.
    fn append(&mut self, record: &Record) -> Result<(), Self::Error>;

    /// Makes everything appended durable; returns only when it is.
    ///
    /// # Errors
    /// What the store says.
    fn sync(&mut self) -> Result<(), Self::Error>;
}

/// A journal in memory, as long as nothing crashes: for tests and examples.
impl RecordStore for Vec<u8> {
    type Error = Infallible;

    fn append(&mut self, record: &Record) -> Result<(), Infallible> {
        journal::append(self, record);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Records, and the effects that wait for them. One sync serves all of it.
#[must_use = "a step that is not carried out breaks the protocol"]
#[derive(Clone, Debug, PartialEq)]
pub struct Step<A: SecureBroadcastAlgorithm> {
    records: Vec<Record>,
    outputs: Vec<Effect<A>>,
}

impl<A: SecureBroadcastAlgorithm> Step<A> {
    /// Nothing to write and nothing to tell.
    pub const fn empty() -> Self {
        Self {
            records: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty() && self.outputs.is_empty()
    }

    /// The records, in order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Puts a later step behind this one, so that one sync serves both: its records come behind ours, and its effects
    /// behind our effects.
    pub fn merge(&mut self, later: Self) {
        self.records.extend(later.records);
        self.outputs.extend(later.outputs);
    }

    /// Has the store write the records and sync them, if there are any, and then gives the sends and events in their
    /// order, which counts: [`To::Members`](super::To::Members) means other members after
    /// [`Effect::Generation`]. Among them is no [`Effect::Persist`].
    ///
    /// # Errors
    /// What the store says. Sends and events are lost with the step, as they must be.
    pub fn synced<S: RecordStore>(
        self,
        store: &mut S,
    ) -> Result<std::vec::IntoIter<Effect<A>>, S::Error> {
        if !self.records.is_empty() {
            for record in &self.records {
                store.append(record)?;
            }
            store.sync()?;
        }
        Ok(self.outputs.into_iter())
    }
}

impl<A: SecureBroadcastAlgorithm> Effects<A> {
    /// These effects as steps, to be carried out in turn: each has the records up to the next send or event, and the
    /// sends and events up to the next record.
    pub fn into_steps(self) -> impl Iterator<Item = Step<A>> {
        let mut effects = self.into_iter().peekable();
        std::iter::from_fn(move || {
            let mut step = Step::empty();
            loop {
                let is_record = matches!(effects.peek(), Some(Effect::Persist(_)));
                if is_record && !step.outputs.is_empty() {
                    break;
                }
                match effects.next() {
                    Some(Effect::Persist(record)) => step.records.push(record),
                    Some(output) => step.outputs.push(output),
                    None => break,
                }
            }
            (!step.is_empty()).then_some(step)
        })
    }

    /// All of these effects as one step: fewer syncs, and what does not wait for a record waits, too.
    pub fn into_step(self) -> Step<A> {
        let mut merged = Step::empty();
        self.into_steps().for_each(|step| merged.merge(step));
        merged
    }

    /// Carries out these effects: the driver's loop, with the syncs of [`into_steps`](Self::into_steps). `output` gets the
    /// sends and events in their order, each with the store.
    ///
    /// # Errors
    /// What the store says; the rest of the effects is dropped.
    pub fn carry_out<S: RecordStore>(
        self,
        store: &mut S,
        mut output: impl FnMut(&mut S, Effect<A>),
    ) -> Result<(), S::Error> {
        let mut synced = true;
        for effect in self {
            match effect {
                Effect::Persist(record) => {
                    store.append(&record)?;
                    synced = false;
                }
                effect => {
                    if !std::mem::replace(&mut synced, true) {
                        store.sync()?;
                    }
                    output(store, effect);
                }
            }
        }
        if synced { Ok(()) } else { store.sync() }
    }
}
