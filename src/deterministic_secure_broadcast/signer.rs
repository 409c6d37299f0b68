//! The only part that holds the secret: reserve, sign, persist, remember, send, in this order and nowhere else.

use std::fmt;

use super::effect::{Effect, Effects, To};
use super::error::Halt;
use super::journal::Record;
use super::packet::Payload;
use crate::actor::{Actor, Keys, NetworkId, Sig, SigningActor, Statement, signing_bytes};
use crate::traits::SecureBroadcastAlgorithm;

/// A statement of ours before it is signed.
///
/// A part of the replica that wants to say something hands these to [`Signer::commit`]; it cannot sign by itself.
pub(super) struct Unsigned<F> {
    /// What the signature covers: the statement with its domain, for our network.
    bytes: Vec<u8>,
    /// Given the signature: the record that is on disk before it leaves (I1, I2, A3), if it binds us, and the statement
    /// as it is remembered and sent.
    signed: F,
}

impl<T, F: FnOnce(Sig) -> (Option<Record>, T)> Unsigned<F> {
    pub(super) fn new<S: Statement>(network: &NetworkId, statement: &S, signed: F) -> Self {
        Self::of_bytes(signing_bytes(network, statement), signed)
    }

    /// A statement that [`signing_bytes`] has made bytes of.
    pub(super) fn of_bytes(bytes: Vec<u8>, signed: F) -> Self {
        Self { bytes, signed }
    }
}

/// Our identity with its secret, and whether we may use it.
#[derive(Clone)]
pub(super) struct Signer<K: Keys> {
    identity: SigningActor<K>,
    network: NetworkId,
    /// Whether the identity is in the journal.
    reserved: bool,
    halted: Option<Halt>,
}

impl<K: Keys> Signer<K> {
    pub(super) fn new(identity: SigningActor<K>, network: NetworkId) -> Self {
        Self {
            identity,
            network,
            reserved: false,
            halted: None,
        }
    }

    pub(super) fn actor(&self) -> Actor {
        self.identity.actor()
    }

    pub(super) fn identity(&self) -> &SigningActor<K> {
        &self.identity
    }

    pub(super) fn network(&self) -> &NetworkId {
        &self.network
    }

    pub(super) fn halted(&self) -> Option<Halt> {
        self.halted
    }

    /// Signs these statements of one call, and puts a record of each of them in front of what is sent of them.
    /// `remember` takes each signed statement to where it is kept, and says what is to be sent.
    ///
    /// The caller has asked the rules whether they may be signed at all.
    pub(super) fn commit<A, F, T>(
        &mut self,
        statements: impl IntoIterator<Item = Unsigned<F>>,
        effects: &mut Effects<A>,
        mut remember: impl FnMut(T) -> Option<(To, Payload)>,
    ) where
        A: SecureBroadcastAlgorithm,
        F: FnOnce(Sig) -> (Option<Record>, T),
    {
        // I5: the first signature ever is preceded by the reservation of the identity.
        self.reserve(effects);
        let mut signed = Vec::new();
        for Unsigned {
            bytes,
            signed: sign,
        } in statements
        {
            let (record, statement) = sign(self.identity.sign_bytes(&bytes));
            if let Some(record) = record {
                effects.persist(record);
            }
            signed.push(statement);
        }
        // Behind the records of all of them.
        for statement in signed {
            if let Some((to, payload)) = remember(statement) {
                effects.send(to, payload);
            }
        }
    }

    /// I5: appends to the journal, which begins with the reservation of the identity.
    pub(super) fn persist<A: SecureBroadcastAlgorithm>(
        &mut self,
        record: Record,
        effects: &mut Effects<A>,
    ) {
        self.reserve(effects);
        effects.persist(record);
    }

    fn reserve<A: SecureBroadcastAlgorithm>(&mut self, effects: &mut Effects<A>) {
        if !std::mem::replace(&mut self.reserved, true) {
            effects.persist(Record::Identity {
                network: self.network,
                actor: self.actor(),
            });
        }
    }

    /// Stops signing for good.
    pub(super) fn halt<A: SecureBroadcastAlgorithm>(
        &mut self,
        halt: Halt,
        effects: &mut Effects<A>,
    ) {
        if self.halted.is_none() {
            self.halted = Some(halt);
            self.persist(Record::Halted(halt), effects);
            effects.push(Effect::Halted(halt));
        }
    }

    /// Goes on to this secret, which follows from the one before.
    pub(super) fn follow(&mut self, identity: SigningActor<K>) {
        self.identity = identity;
    }

    /// Whether anything was ever written to the journal.
    pub(super) fn is_reserved(&self) -> bool {
        self.reserved
    }

    /// The journal has the identity.
    pub(super) fn load_reserved(&mut self) {
        self.reserved = true;
    }

    /// The journal says that we have stopped.
    pub(super) fn load_halted(&mut self, halt: Halt) {
        self.halted = Some(halt);
    }
}

/// Everything counts but the secret, which its public key stands for.
impl<K: Keys> PartialEq for Signer<K> {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            identity,
            network,
            reserved,
            halted,
        } = self;
        identity.actor() == other.identity.actor()
            && identity.key() == other.identity.key()
            && *network == other.network
            && *reserved == other.reserved
            && *halted == other.halted
    }
}

impl<K: Keys> fmt::Debug for Signer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("actor", &self.actor())
            .field("key", &self.identity.key())
            .field("reserved", &self.reserved)
            .field("halted", &self.halted)
            .finish_non_exhaustive()
    }
}
