//! What no implementation can do without, and nothing else: it never calls the middle layer.

use anyhow::{Result, ensure};
use bft_crdts::bank::{self, Bank};
use bft_crdts::membership::quorum::quorum;
use bft_crdts::{
    Actor, Digest, Ed25519, Keys, NetworkId, SecureBroadcastAlgorithm, Sig, SigningActor, Statement,
};
use bft_crdts::{actor, codec, traits};
use serde::Serialize;

use super::system::{self, Message};

/// A statement as long as an echo's.
#[derive(Serialize)]
struct Echo {
    generation: u64,
    header: Digest,
}

impl Statement for Echo {
    const DOMAIN: &'static str = "bft-crdts/echo/1";
}

/// A message with what is known of it before it is sent.
pub(super) struct Fixed {
    message: Message,
    ops: Vec<u8>,
    statement: Echo,
}

pub(super) struct Floor {
    identities: Vec<SigningActor>,
    keys: Vec<<Ed25519 as Keys>::Public>,
    banks: Vec<Bank>,
    network: NetworkId,
}

impl Floor {
    pub(super) fn new(n: usize) -> Result<Self> {
        let identities = system::identities(n);
        let ledger = system::ledger(&identities)?;
        let bank = |identity: &SigningActor| {
            let mut bank = Bank::new(identity.actor());
            bank.sync_from(ledger.clone());
            bank
        };
        let keys = identities
            .iter()
            .map(|identity| Ed25519::public(&identity.actor()));
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
            banks: identities.iter().map(bank).collect(),
            network: NetworkId::new(Digest::of(b"bench")),
            identities,
        })
    }

    /// Encodes the operations and names the statement: not timed.
    pub(super) fn prepare(&self, work: &[Message]) -> Vec<Fixed> {
        let fixed = |message: &Message| {
            let ops = codec::encode_sequence(&message.ops);
            let header = Digest::of_parts(
                "bft-crdts/bench/1",
                &[&message.first.counter.get().to_le_bytes(), &ops],
            );
            let message = Message {
                member: message.member,
                first: message.first,
                ops: message.ops.clone(),
            };
            Fixed {
                message,
                ops,
                statement: Echo {
                    generation: 0,
                    header,
                },
            }
        };
        work.iter().map(fixed).collect()
    }

    /// n signatures, (n−1)·q verifications, n times hash, decode and apply; of each message.
    pub(super) fn carry_out(&mut self, work: Vec<Fixed>) -> Result<()> {
        let n = self.identities.len();
        for Fixed {
            message,
            ops,
            statement,
        } in work
        {
            let sigs: Vec<Sig> = self
                .identities
                .iter()
                .map(|member| member.sign(&self.network, &statement))
                .collect();
            for verification in 0..(n - 1) * quorum(n) {
                let (key, sig) = (&self.keys[verification % n], &sigs[verification % n]);
                ensure!(
                    actor::verify::<Ed25519, _>(key, &self.network, &statement, sig),
                    "a signature is wrong"
                );
            }
            let digest = Digest::of(&ops);
            for bank in &mut self.banks {
                ensure!(Digest::of(&ops) == digest, "a digest is wrong");
                let decoded: Vec<bank::Op> = codec::decode_sequence(message.ops.len(), &ops)?;
                for (index, op) in decoded.into_iter().enumerate() {
                    bank.apply(traits::nth(&message.first, index), op);
                }
            }
        }
        Ok(())
    }

    /// What the first bank says everybody holds.
    pub(super) fn balances(&self) -> Vec<(Actor, u64)> {
        self.banks
            .first()
            .map(|bank| bank.accounts().collect())
            .unwrap_or_default()
    }
}
