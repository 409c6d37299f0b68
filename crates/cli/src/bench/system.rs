//! The replicas, in one process, on a network that is a queue.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::{
    Actor, Config, Counter, Dot, Effect, Effects, Genesis, Packet, SecureBroadcast, SigningActor,
    To, codec,
};

use crate::report::Traffic;

/// What every member starts with: enough for any number of turns.
const BALANCE: u64 = 1_000_000_000;

/// One message: a member's operations, with the name of the first.
pub(super) struct Message {
    pub(super) member: usize,
    pub(super) first: Dot,
    pub(super) ops: Vec<bank::Op>,
}

/// The members' identities, by key.
pub(super) fn identities(n: usize) -> Vec<SigningActor> {
    let seeds = (0..n).map(|index| {
        *codec::Digest::of_parts("bft-crdts/bench/1", &[&index.to_le_bytes()]).as_bytes()
    });
    let mut identities: Vec<SigningActor> = seeds.map(SigningActor::from_seed).collect();
    identities.sort_by_key(SigningActor::actor);
    identities
}

/// The ledger they start from.
pub(super) fn ledger(identities: &[SigningActor]) -> Result<Ledger> {
    Ok(Ledger::genesis(
        identities.iter().map(|member| (member.actor(), BALANCE)),
        [],
    )?)
}

struct Replica {
    machine: SecureBroadcast<Bank>,
    journal: Vec<u8>,
}

/// A packet under way, encoded once for all its receivers.
struct InFlight {
    from: usize,
    to: To,
    bytes: Arc<[u8]>,
}

pub(super) struct System {
    actors: Vec<Actor>,
    replicas: Vec<Replica>,
    queue: VecDeque<InFlight>,
    /// Operations that each member has issued so far.
    issued: Vec<u64>,
    /// The member whose turn it is.
    next: usize,
    traffic: Traffic,
}

impl System {
    pub(super) fn new(n: usize) -> Result<Self> {
        let identities = identities(n);
        let actors: Vec<Actor> = identities.iter().map(SigningActor::actor).collect();
        let ledger = ledger(&identities)?;
        let genesis =
            Genesis::<Bank>::new("bench", bank::ALGORITHM, actors.iter().copied(), ledger)?;
        let replicas = identities.into_iter().map(|identity| {
            let machine = SecureBroadcast::open(identity, genesis.clone(), [], Config::default())?;
            Ok(Replica {
                machine,
                journal: Vec::new(),
            })
        });
        Ok(Self {
            replicas: replicas.collect::<Result<_>>()?,
            actors,
            queue: VecDeque::new(),
            issued: vec![0; n],
            next: 0,
            traffic: Traffic::default(),
        })
    }

    /// The next messages, members in turn: each pays the next member, and with its first operation claims what the member
    /// before has paid it.
    pub(super) fn work(&mut self, batch: usize, messages: usize) -> Vec<Message> {
        (0..messages).map(|_| self.message(batch)).collect()
    }

    fn message(&mut self, batch: usize) -> Message {
        let n = self.actors.len();
        let member = self.next;
        let (payer, payee) = ((member + n - 1) % n, (member + 1) % n);
        // The newest credit of the payer: citing it claims all the older ones too.
        let paid = self.issued[payer];
        let credit = (paid > 0).then(|| Dot::new(self.actors[payer], Counter::new(paid)));
        let op = |index: u64| {
            let causes = credit
                .filter(|_| index == 0)
                .into_iter()
                .collect::<BTreeSet<Dot>>();
            Bank::transfer_citing(self.actors[payee], 1, causes)
        };
        let ops: Vec<bank::Op> = (0..batch as u64).map(op).collect();
        let first = Dot::new(self.actors[member], Counter::new(self.issued[member] + 1));
        self.issued[member] += batch as u64;
        self.next = payee;
        Message { member, first, ops }
    }

    /// Broadcasts these messages, one after the other, until nothing is under way.
    pub(super) fn carry_out(&mut self, work: Vec<Message>) -> Result<()> {
        for Message { member, first, ops } in work {
            let last = first.counter.get() + ops.len() as u64 - 1;
            let taken = self.replicas[member].machine.broadcast(ops);
            let (_, effects) = taken.map_err(|refused| anyhow!("refused: {}", refused.reason))?;
            self.effects(member, effects)?;
            self.drain()?;
            for replica in &mut self.replicas {
                let have = replica.machine.delivered(&first.actor).get();
                anyhow::ensure!(
                    have == last,
                    "a replica has delivered {have} instead of {last}"
                );
                replica.journal.clear();
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<()> {
        while let Some(InFlight { from, to, bytes }) = self.queue.pop_front() {
            match to {
                To::Members => {
                    for index in (0..self.actors.len()).filter(|index| *index != from) {
                        self.hand_over(from, index, &bytes)?;
                    }
                }
                To::One(actor) => {
                    let index = self
                        .actors
                        .binary_search(&actor)
                        .ok()
                        .context("a packet to a stranger")?;
                    self.hand_over(from, index, &bytes)?;
                }
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, from: usize, to: usize, bytes: &[u8]) -> Result<()> {
        self.traffic.messages += 1;
        self.traffic.bytes += bytes.len() as u64;
        let packet = Packet {
            from: self.actors[from],
            payload: codec::decode(bytes)?,
        };
        // The echoes beyond a quorum come too late; whether everything was delivered is checked after each message.
        match self.replicas[to].machine.handle(packet) {
            Ok(effects) => self.effects(to, effects),
            Err(_) => Ok(()),
        }
    }

    fn effects(&mut self, from: usize, effects: Effects<Bank>) -> Result<()> {
        let mut unexpected = None;
        effects.carry_out(&mut self.replicas[from].journal, |_, effect| match effect {
            Effect::Send { to, payload } => {
                let bytes = codec::encode(&payload).into();
                self.queue.push_back(InFlight { from, to, bytes });
            }
            Effect::Deliver(_) | Effect::Issued { .. } => {}
            other => unexpected = Some(other),
        })?;
        match unexpected {
            Some(effect) => anyhow::bail!("unexpected: {effect:?}"),
            None => Ok(()),
        }
    }

    /// Counts packets and bytes from now on.
    pub(super) fn begin_counting(&mut self) {
        self.traffic = Traffic::default();
    }

    /// What was counted.
    pub(super) fn counted(&self) -> Traffic {
        self.traffic
    }

    /// What the first replica says everybody holds.
    pub(super) fn balances(&self) -> Vec<(Actor, u64)> {
        self.replicas
            .first()
            .map(|replica| replica.machine.algorithm().accounts().collect())
            .unwrap_or_default()
    }
}
