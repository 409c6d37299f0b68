//! Replicas that issue and deliver operations in any order causality allows.

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::bank::at2::{Account, Process, Transfer};
use bft_crdts::bank::{Bank, Ledger, Op};
use bft_crdts::{Actor, Counter, Dot, SecureBroadcastAlgorithm};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::actor;

/// An operation that was broadcast, and what the paper's algorithm broadcasts for it.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) dot: Dot,
    pub(crate) op: Op,
    pub(crate) transfer: Transfer,
    pub(crate) deps: BTreeSet<Transfer>,
}

/// One replica: the bank, the paper's process, and how much of each source it has delivered.
#[derive(Clone)]
pub(crate) struct Replica {
    pub(crate) bank: Bank,
    pub(crate) paper: Process,
    pub(crate) delivered: BTreeMap<Actor, u64>,
}

impl Replica {
    pub(crate) fn count(&self, source: &Actor) -> u64 {
        self.delivered.get(source).copied().unwrap_or(0)
    }

    /// Whether the predecessor and the causes of `message` are delivered, and it is not.
    pub(crate) fn awaits(&self, message: &Message) -> bool {
        let causes = self.bank.causes(&message.op);
        let Dot { actor, counter } = message.dot;
        self.count(&actor) + 1 == counter.get()
            && causes
                .dots()
                .all(|c| c.counter.get() <= self.count(&c.actor))
    }

    pub(crate) fn deliver(&mut self, message: &Message) {
        let Message {
            dot,
            op,
            transfer,
            deps,
        } = message;
        assert_eq!(
            self.bank.validate(dot, op),
            Ok(()),
            "{dot} was valid at its source"
        );
        self.bank.apply(*dot, op.clone());
        assert!(self.paper.deliver(&dot.actor, *transfer, deps), "{dot}");
        self.delivered.insert(dot.actor, dot.counter.get());
    }

    /// What the paper would broadcast for this operation: the dependencies are the credits the operation claims.
    pub(crate) fn in_the_paper(&self, dot: &Dot, op: &Op) -> (Transfer, BTreeSet<Transfer>) {
        let (from, to, amount) = match op {
            Op::Transfer { to, amount, .. } => (Account::Of(dot.actor), *to, *amount),
            Op::Issue { to, amount } => (Account::Mint(dot.actor), *to, *amount),
        };
        let mut deps = BTreeSet::new();
        if let Op::Transfer { causes, .. } = op {
            for cause in causes {
                let theirs = self.paper.hist(&cause.actor).into_iter().filter(|t| {
                    *t.from.owner() == cause.actor
                        && t.to == Account::Of(dot.actor)
                        && t.seq <= cause.counter.get()
                });
                deps.extend(theirs);
            }
        }
        let (to, seq) = (Account::Of(to), dot.counter.get());
        (
            Transfer {
                from,
                to,
                amount,
                seq,
            },
            deps,
        )
    }
}

pub(crate) struct World {
    pub(crate) rng: ChaCha8Rng,
    pub(crate) actors: Vec<Actor>,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) messages: Vec<Message>,
    pub(crate) money: u64,
}

impl World {
    /// Two to six accounts, some empty, and up to two issuers, one of which may have an account.
    pub(crate) fn new(mut rng: ChaCha8Rng) -> Self {
        let n = rng.random_range(2..=6u8);
        let scale = 1u64 << rng.random_range(0..50);
        let amount = |rng: &mut ChaCha8Rng| rng.random_range(0..=scale);
        let accounts: Vec<_> = (1..=n).map(|tag| (actor(tag), amount(&mut rng))).collect();
        let issuers: Vec<_> = [1, n + 1]
            .into_iter()
            .filter(|_| rng.random_bool(0.5))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|tag| (actor(tag), amount(&mut rng)))
            .collect();
        let genesis = Ledger::genesis(accounts.clone(), issuers.clone()).unwrap();
        let actors: Vec<_> = (1..=n + 1).map(actor).collect();
        let replicas = actors.iter().map(|name| {
            let mut bank = Bank::new(*name);
            bank.sync_from(genesis.clone());
            Replica {
                bank,
                paper: Process::new(accounts.clone(), issuers.clone()),
                delivered: BTreeMap::new(),
            }
        });
        World {
            replicas: replicas.collect(),
            money: genesis.supply(),
            messages: Vec::new(),
            actors,
            rng,
        }
    }

    fn anybody(&mut self) -> Actor {
        *self.actors.choose(&mut self.rng).unwrap()
    }

    /// Something `replica` might try: mostly affordable, with causes it has delivered.
    pub(crate) fn attempt(&mut self, replica: usize) -> Op {
        let (me, to) = (self.actors[replica], self.anybody());
        let bank = self.replicas[replica].bank.clone();
        let most = bank.balance(&me).unwrap_or(0).max(1);
        let amount = match self.rng.random_range(0..10) {
            0 => self.rng.random_range(1..=u64::MAX),
            1 => most,
            2 => most.saturating_add(1),
            _ => self.rng.random_range(1..=most / 2 + 1),
        };
        match self.rng.random_range(0..10) {
            0 => Op::Issue { to, amount },
            1..=4 => {
                let mut causes = BTreeSet::new();
                for payer in self.actors.clone() {
                    let newest = self.replicas[replica].count(&payer);
                    if payer != me && newest > 0 && self.rng.random_bool(0.5) {
                        let counter = self.rng.random_range(1..=newest);
                        causes.insert(Dot::new(payer, Counter::new(counter)));
                    }
                }
                Bank::transfer_citing(to, amount, causes)
            }
            _ => bank.transfer(&me, to, amount).unwrap_or_else(|_| {
                let causes = BTreeSet::new();
                Bank::transfer_citing(to, amount, causes)
            }),
        }
    }

    /// The name the next operation of `replica` will have.
    pub(crate) fn next_dot(&self, replica: usize) -> Dot {
        let me = self.actors[replica];
        Dot::new(me, Counter::new(self.replicas[replica].count(&me) + 1))
    }

    /// Broadcasts an operation of `replica` that it found valid, and delivers it there.
    pub(crate) fn broadcast(&mut self, replica: usize, op: Op) {
        let dot = self.next_dot(replica);
        let (transfer, deps) = self.replicas[replica].in_the_paper(&dot, &op);
        let message = Message {
            dot,
            op,
            transfer,
            deps,
        };
        self.replicas[replica].deliver(&message);
        self.messages.push(message);
    }

    /// Delivers one message somewhere, if any is to be delivered anywhere.
    pub(crate) fn deliver_any(&mut self) -> bool {
        let mut ready = Vec::new();
        for (place, replica) in self.replicas.iter().enumerate() {
            let awaited = self.messages.iter().enumerate();
            let awaited = awaited.filter(|(_, message)| replica.awaits(message));
            ready.extend(awaited.map(|(which, _)| (place, which)));
        }
        let Some((place, which)) = ready.choose(&mut self.rng).copied() else {
            return false;
        };
        let message = self.messages[which].clone();
        self.replicas[place].deliver(&message);
        true
    }

    /// Some replica tries something; whether it was valid there.
    pub(crate) fn act(&mut self) -> bool {
        let replica = self.rng.random_range(0..self.replicas.len());
        let op = self.attempt(replica);
        let dot = self.next_dot(replica);
        let valid = self.replicas[replica].bank.validate(&dot, &op).is_ok();
        if valid {
            self.broadcast(replica, op);
        }
        valid
    }

    /// `steps` random steps, `check` after each; then everything is delivered everywhere.
    pub(crate) fn run(&mut self, steps: usize, mut check: impl FnMut(&mut Self)) {
        for _ in 0..steps {
            if self.rng.random_bool(0.4) {
                self.act();
            } else {
                self.deliver_any();
            }
            check(self);
        }
        while self.deliver_any() {
            check(self);
        }
    }
}
