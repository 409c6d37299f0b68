//! A replica with its journal.

use bft_crdts::actor::Ed25519;
use bft_crdts::deterministic_secure_broadcast::Step;
use bft_crdts::{
    Config, Effect, Effects, Genesis, Keys, OpenError, Packet, Record, Refused, Rejection, Rules,
    SecureBroadcast, SecureBroadcastAlgorithm, SigningActor, Sound, Tickets,
};

use crate::{Disk, JournalFile, JournalFileError};

/// A replica whose effects leave only after what is in front of them is durable.
///
/// Give it inputs, then call [`sync`](Self::sync): one sync serves all of them. After an error of the disk it is spent:
/// drop it, and open journal and replica again from what is durable. What it has not given out by then has never happened.
#[derive(Debug)]
pub struct Driver<A: SecureBroadcastAlgorithm, D, K: Keys = Ed25519, R: Rules = Sound> {
    replica: SecureBroadcast<A, K, R>,
    journal: JournalFile<D>,
    step: Step<A>,
}

impl<A: SecureBroadcastAlgorithm, D: Disk, K: Keys, R: Rules> Driver<A, D, K, R> {
    /// Opens the replica that goes on from these records of this journal.
    ///
    /// # Errors
    /// See [`SecureBroadcast::open`].
    pub fn open(
        identity: SigningActor<K>,
        genesis: Genesis<A>,
        journal: JournalFile<D>,
        records: Vec<Record>,
        config: Config,
    ) -> Result<Self, OpenError> {
        Ok(Self {
            replica: SecureBroadcast::open(identity, genesis, records, config)?,
            journal,
            step: Step::empty(),
        })
    }

    /// The replica. It may be ahead of the disk until the next [`sync`](Self::sync): what leaves the process, answers to
    /// queries too, waits for that.
    pub const fn replica(&self) -> &SecureBroadcast<A, K, R> {
        &self.replica
    }

    /// Submits operations of our own; see [`SecureBroadcast::broadcast`].
    ///
    /// # Errors
    /// [`Refused`] with all the operations if none was taken.
    pub fn broadcast(
        &mut self,
        ops: impl IntoIterator<Item = A::Op>,
    ) -> Result<Tickets, Refused<A::Op>> {
        let (tickets, effects) = self.replica.broadcast(ops)?;
        self.step.merge(effects.into_step());
        Ok(tickets)
    }

    /// Takes one packet; see [`SecureBroadcast::handle`].
    ///
    /// # Errors
    /// A [`Rejection`] if it changes nothing.
    pub fn handle(&mut self, packet: Packet) -> Result<(), Rejection> {
        let effects = self.replica.handle(packet)?;
        self.step.merge(effects.into_step());
        Ok(())
    }

    /// Time passes; see [`SecureBroadcast::tick`].
    pub fn tick(&mut self) {
        self.act(SecureBroadcast::tick);
    }

    /// Has the replica do anything else that gives effects.
    pub fn act(&mut self, act: impl FnOnce(&mut SecureBroadcast<A, K, R>) -> Effects<A>) {
        let effects = act(&mut self.replica);
        self.step.merge(effects.into_step());
    }

    /// Makes the records of everything so far durable, and then gives out what is to be sent and told, in order.
    ///
    /// # Errors
    /// What the disk says. Nothing leaves then, now or later.
    pub fn sync(
        &mut self,
    ) -> Result<impl Iterator<Item = Effect<A>> + use<A, D, K, R>, JournalFileError<D::Error>> {
        let step = std::mem::replace(&mut self.step, Step::empty());
        step.synced(&mut self.journal)
    }

    /// Makes the journal short, and says whether it did: not while something waits for [`sync`](Self::sync).
    ///
    /// # Errors
    /// What the disk says.
    pub fn compact(&mut self) -> Result<bool, JournalFileError<D::Error>> {
        let is_synced = self.step.is_empty();
        if is_synced {
            self.journal.compact(&self.replica.compact_journal())?;
        }
        Ok(is_synced)
    }

    /// Ends, with a journal in which damage to any record will be seen. What was not synced is dropped.
    ///
    /// # Errors
    /// What the disk says.
    pub fn close(self) -> Result<D, JournalFileError<D::Error>> {
        self.journal.close()
    }
}
