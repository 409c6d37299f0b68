//! What it costs a newcomer to catch up: by every certificate, by every message of a peer, by a snapshot.
//!
//! Four members make a history, one operation per message, while three of them are replaced one after the other. Then
//! somebody joins, and reads all of it in three ways. Only what the newcomer does is timed: decoding packets, checking
//! them, applying operations.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::deterministic_secure_broadcast::CHECKPOINT_MESSAGES;
use bft_crdts::net::SeededKeys;
use bft_crdts::{
    Actor, Change, Config, Digest, Ed25519, Effect, Effects, Generation, Genesis, Keys, Packet,
    Payload, SecureBroadcast, SecureBroadcastAlgorithm, Sig, SigningActor, To, WeakKey, codec,
};
use cpu_time::ProcessTime;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Members at any time, but for a moment between a leave and a join.
const MEMBERS: usize = 4;

/// How many of them are replaced on the way: two generations each.
const REPLACED: usize = 3;

/// What everybody starts with.
const BALANCE: u64 = 1_000_000_000;

/// How long a newcomer may take, in ticks.
const PATIENCE: usize = 100_000;

thread_local! {
    static VERIFIED: Cell<u64> = const { Cell::new(0) };
}

/// Ed25519, with every verification counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {}

impl Keys for Counted {
    type Secret = <Ed25519 as Keys>::Secret;
    type Public = <Ed25519 as Keys>::Public;

    fn actor(secret: &Self::Secret) -> Actor {
        Ed25519::actor(secret)
    }

    fn next(secret: &Self::Secret) -> Self::Secret {
        Ed25519::next(secret)
    }

    fn sign(secret: &Self::Secret, bytes: &[u8]) -> Sig {
        Ed25519::sign(secret, bytes)
    }

    fn public(actor: &Actor) -> std::result::Result<Self::Public, WeakKey> {
        Ed25519::public(actor)
    }

    fn verify(public: &Self::Public, bytes: &[u8], sig: &Sig) -> bool {
        VERIFIED.set(VERIFIED.get() + 1);
        Ed25519::verify(public, bytes, sig)
    }
}

type Replica = SecureBroadcast<Bank, Counted>;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Join {
    /// Members.
    pub n: usize,
    /// Operations, one per message.
    pub operations: usize,
    /// The generation of the newcomer.
    pub generations: u64,
    /// Milliseconds of CPU time to verify every certificate and apply every operation, in a plain loop.
    pub replay_ms: f64,
    /// The same for a replica that reads every message.
    pub chain_ms: f64,
    /// The same for a replica that takes a snapshot, and reads what came after it.
    pub snapshot_ms: f64,
    /// Signatures verified in the third way: links of the chain, seals, certificates, the checkpoint, everything.
    pub signatures: u64,
    /// Signatures verified in the second way.
    pub chain_signatures: u64,
    /// How many times faster the snapshot is than replaying every certificate.
    pub speedup: f64,
    /// Messages that a member keeps in memory at the end, and that one keeps who forgets nothing.
    pub kept_messages: usize,
    /// All messages there were.
    pub messages: usize,
}

/// A packet under way.
struct InFlight {
    from: Actor,
    to: Actor,
    bytes: Arc<[u8]>,
}

struct Network {
    genesis: Genesis<Bank>,
    replicas: BTreeMap<Actor, Replica>,
    queue: VecDeque<InFlight>,
    /// Who joins as time goes by.
    newcomers: Vec<SigningActor<Counted>>,
}

fn identity(number: usize) -> SigningActor<Counted> {
    let seed = Digest::of_parts("bft-crdts/bench-join/1", &[&number.to_le_bytes()]);
    SigningActor::from_secret(<Ed25519 as SeededKeys>::secret(*seed.as_bytes()))
}

impl Network {
    fn new() -> Result<Self> {
        let everybody: Vec<_> = (0..=MEMBERS + REPLACED).map(identity).collect();
        let accounts = everybody.iter().map(|one| (one.actor(), BALANCE));
        let ledger = Ledger::genesis(accounts, [])?;
        let (members, newcomers) = everybody.split_at(MEMBERS);
        let actors = members.iter().map(SigningActor::actor);
        let genesis = Genesis::new("bench", bank::ALGORITHM, actors, ledger)?;
        let mut replicas = BTreeMap::new();
        for member in members {
            // The first forgets nothing, to serve those who want to read it all.
            let config = match replicas.is_empty() {
                true => Config::default().checkpoint_every(None),
                false => Config::default(),
            };
            let replica = Replica::open(member.clone(), genesis.clone(), [], config)?;
            replicas.insert(member.actor(), replica);
        }
        Ok(Self {
            genesis,
            replicas,
            queue: VecDeque::new(),
            newcomers: newcomers.to_vec(),
        })
    }

    fn keeper(&self) -> Actor {
        identity(0).actor()
    }

    fn replica(&self, actor: &Actor) -> Result<&Replica> {
        self.replicas.get(actor).context("nobody of that name")
    }

    /// The members, as the keeper knows them.
    fn members(&self) -> Result<Vec<Actor>> {
        Ok(self.replica(&self.keeper())?.members().actors().to_vec())
    }

    fn carry_out(&mut self, from: Actor, effects: Effects<Bank>) {
        for effect in effects {
            if let Effect::Send { to, payload } = effect {
                let bytes: Arc<[u8]> = codec::encode(&payload).into();
                let members = self.replicas.get(&from).map(|replica| replica.members());
                let to = match to {
                    To::One(actor) => vec![actor],
                    To::Members => members.map_or(Vec::new(), |members| members.actors().to_vec()),
                };
                for to in to.into_iter().filter(|to| *to != from) {
                    let bytes = bytes.clone();
                    self.queue.push_back(InFlight { from, to, bytes });
                }
            }
        }
    }

    fn drain(&mut self) -> Result<()> {
        while let Some(InFlight { from, to, bytes }) = self.queue.pop_front() {
            let payload = codec::decode(&bytes)?;
            if let Some(replica) = self.replicas.get_mut(&to)
                && let Ok(effects) = replica.handle(Packet { from, payload })
            {
                self.carry_out(to, effects);
            }
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<()> {
        for actor in self.replicas.keys().copied().collect::<Vec<_>>() {
            if let Some(replica) = self.replicas.get_mut(&actor) {
                let effects = replica.tick();
                self.carry_out(actor, effects);
            }
        }
        self.drain()
    }

    /// So many transfers, members in turn, one per message.
    fn pay(&mut self, operations: usize, progress: &ProgressBar) -> Result<()> {
        let members = self.members()?;
        let turns = members.iter().zip(members.iter().cycle().skip(1)).cycle();
        for (payment, (payer, payee)) in turns.take(operations).enumerate() {
            let op = Bank::transfer_citing(*payee, 1, [].into());
            let replica = self.replicas.get_mut(payer).context("a member")?;
            let taken = replica.broadcast([op]);
            let (_, effects) = taken.map_err(|refused| anyhow!("refused: {}", refused.reason))?;
            self.carry_out(*payer, effects);
            self.drain()?;
            if payment % 64 == 63 {
                self.tick()?;
                progress.inc(64);
            }
        }
        Ok(())
    }

    /// All members agree to a change, and tick until it is made.
    fn change(&mut self, change: Change) -> Result<()> {
        let generation = self.replica(&self.keeper())?.generation();
        for _ in 0..PATIENCE {
            for actor in self.members()? {
                // Those who joined later hear of a newcomer from the others.
                if let Some(replica) = self.replicas.get_mut(&actor)
                    && let Ok(effects) = replica.propose(change)
                {
                    self.carry_out(actor, effects);
                    self.drain()?;
                }
            }
            self.tick()?;
            let members = self.members()?;
            let there = |actor: &Actor| {
                let replica = self.replicas.get(actor);
                replica.is_some_and(|replica| Some(replica.generation()) == generation.next())
            };
            if members.iter().all(there) {
                return Ok(());
            }
        }
        Err(anyhow!("{change} does not come about"))
    }

    fn join(&mut self, newcomer: SigningActor<Counted>) -> Result<()> {
        let actor = newcomer.actor();
        let mut replica = Replica::open(newcomer, self.genesis.clone(), [], Config::default())?;
        let effects = replica.join()?;
        self.replicas.insert(actor, replica);
        self.carry_out(actor, effects);
        self.drain()?;
        self.change(Change::Join(actor))
    }

    /// The newest but the keeper goes, and somebody takes its place.
    fn replace(&mut self, newcomer: SigningActor<Counted>) -> Result<()> {
        let keeper = self.keeper();
        let mut members = self.members()?.into_iter();
        let goes = members
            .find(|actor| *actor != keeper)
            .context("another member")?;
        self.change(Change::Leave(goes))?;
        for _ in 0..8 {
            self.tick()?;
        }
        self.join(newcomer)
    }
}

/// Somebody who catches up with one server, and what that costs.
struct Newcomer {
    replica: Replica,
    server: Actor,
    took: Duration,
    verified: u64,
}

impl Newcomer {
    /// Lets it do something, timed; what it then asks its server.
    fn act(&mut self, work: impl FnOnce(&mut Replica) -> Option<Effects<Bank>>) -> Vec<Payload> {
        let (before, begin) = (VERIFIED.get(), ProcessTime::now());
        let effects = work(&mut self.replica);
        self.took += begin.elapsed();
        self.verified += VERIFIED.get() - before;
        sent_to(self.server, effects.into_iter().flatten()).collect()
    }

    fn hear(&mut self, bytes: &[u8]) -> Vec<Payload> {
        let from = self.server;
        self.act(|replica| {
            let payload = codec::decode(bytes).ok()?;
            replica.handle(Packet { from, payload }).ok()
        })
    }
}

/// What of this is sent to `actor`.
fn sent_to(
    actor: Actor,
    effects: impl Iterator<Item = Effect<Bank>>,
) -> impl Iterator<Item = Payload> {
    effects.filter_map(move |effect| match effect {
        Effect::Send { to, payload } if to == To::Members || to == To::One(actor) => Some(payload),
        _ => None,
    })
}

/// Reads the whole history as `identity`, from `server` alone, until it has what that has.
fn catch_up(
    network: &mut Network,
    identity: SigningActor<Counted>,
    server: Actor,
    every: Option<NonZeroUsize>,
) -> Result<Newcomer> {
    let actor = identity.actor();
    let config = Config::default().checkpoint_every(every);
    let replica = Replica::open(identity, network.genesis.clone(), [], config)?;
    let mut newcomer = Newcomer {
        replica,
        server,
        took: Duration::ZERO,
        verified: 0,
    };
    let serving = network.replicas.get_mut(&server).context("the server")?;
    let target = serving.clock().clone();
    for _ in 0..PATIENCE {
        let mut asked: VecDeque<Payload> = newcomer.act(|replica| Some(replica.tick())).into();
        let mut answers: VecDeque<Vec<u8>> = VecDeque::new();
        let tick = serving.tick();
        answers.extend(sent_to(actor, tick.into_iter()).map(|payload| codec::encode(&payload)));
        loop {
            if let Some(bytes) = answers.pop_front() {
                asked.extend(newcomer.hear(&bytes));
            } else if let Some(payload) = asked.pop_front() {
                if let Ok(effects) = serving.handle(Packet {
                    from: actor,
                    payload,
                }) {
                    let effects = sent_to(actor, effects.into_iter());
                    answers.extend(effects.map(|payload| codec::encode(&payload)));
                }
            } else {
                break;
            }
        }
        if *newcomer.replica.clock() == target {
            return Ok(newcomer);
        }
    }
    Err(anyhow!("the newcomer does not catch up"))
}

/// Measures with so many operations.
///
/// # Errors
/// When the newcomer does not end with what the members have: then there is nothing to measure.
pub fn measure(operations: usize) -> Result<Join> {
    let progress = ProgressBar::new(operations as u64);
    if let Ok(style) = ProgressStyle::with_template("{msg:>14} {wide_bar} {pos}/{len} {eta}") {
        progress.set_style(style);
    }
    progress.set_message("history");
    let mut network = Network::new()?;
    let mut newcomers = std::mem::take(&mut network.newcomers);
    let last = newcomers.pop().context("a newcomer")?;
    let part = operations / (REPLACED + 1);
    for newcomer in newcomers {
        network.pay(part, &progress)?;
        network.replace(newcomer)?;
    }
    network.pay(operations - REPLACED * part, &progress)?;
    network.join(last.clone())?;
    for _ in 0..2 * MEMBERS {
        network.tick()?;
    }
    progress.set_message("catching up");
    let keeper = network.keeper();
    let digest = network.replica(&keeper)?.state_digest();
    ensure!(
        network
            .replicas
            .values()
            .filter(|replica| replica.is_member())
            .all(|replica| replica.state_digest() == digest),
        "the members have not come to the same"
    );

    let (replay, messages) = replay(&network, digest)?;
    let reader = catch_up(&mut network, last.clone(), keeper, None)?;
    ensure!(
        reader.replica.state_digest() == digest,
        "the reader has come to something else"
    );
    let mut members = network.members()?.into_iter();
    let server = members.find(|actor| *actor != keeper && *actor != last.actor());
    let server = server.context("a member that forgets")?;
    let every = Some(CHECKPOINT_MESSAGES);
    let taker = catch_up(&mut network, last, server, every)?;
    ensure!(
        taker.replica.state_digest() == digest,
        "the snapshot leads to something else"
    );
    progress.finish_and_clear();
    let generation: Generation = taker.replica.generation();
    let ms = |took: Duration| (took.as_secs_f64() * 1e6).round() / 1e3;
    Ok(Join {
        n: MEMBERS,
        operations,
        generations: generation.get(),
        replay_ms: ms(replay),
        chain_ms: ms(reader.took),
        snapshot_ms: ms(taker.took),
        signatures: taker.verified,
        chain_signatures: reader.verified,
        speedup: (replay.as_secs_f64() / taker.took.as_secs_f64() * 10.0).round() / 10.0,
        kept_messages: network.replica(&server)?.log().count(),
        messages,
    })
}

/// Every certificate verified, every operation applied, and nothing else.
fn replay(network: &Network, digest: Digest) -> Result<(Duration, usize)> {
    let keeper = network.replica(&network.keeper())?;
    let id = keeper.network();
    let begin = ProcessTime::now();
    let mut bank = Bank::new(keeper.actor());
    bank.sync_from(network.genesis.state().clone());
    let mut messages = 0;
    for (certificate, bytes) in keeper.log() {
        let members = keeper
            .members_of(certificate.generation)
            .context("a generation")?;
        certificate.check(&id, members)?;
        let header = &certificate.header;
        let source = *members.in_seat(header.source).context("a source")?;
        let ops = codec::decode_sequence::<bank::Op>(header.len as usize, bytes)?;
        for (counter, op) in (header.first.get()..).zip(ops) {
            let counter = bft_crdts::Counter::new(counter);
            bank.apply(bft_crdts::Dot::new(source, counter), op);
        }
        messages += 1;
    }
    let took = begin.elapsed();
    ensure!(
        Digest::of(&codec::encode(&bank.state())) == digest,
        "the replay leads to something else"
    );
    Ok((took, messages))
}

impl Join {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        // Numbers that are neither infinite nor NaN.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            operations,
            generations,
            replay_ms,
            chain_ms,
            snapshot_ms,
            signatures,
            chain_signatures,
            speedup,
            kept_messages,
            messages,
            ..
        } = self;
        format!(
            "somebody joins a network of {MEMBERS} in generation {generations}, after {operations} operations, one per message\n\
             every certificate           {replay_ms:>10.1} ms\n\
             every message of a peer     {chain_ms:>10.1} ms, {chain_signatures} signatures verified\n\
             a snapshot                  {snapshot_ms:>10.1} ms, {signatures} signatures verified, {speedup} times as fast as every certificate\n\
             a member keeps {kept_messages} of {messages} messages in memory\n"
        )
    }
}
