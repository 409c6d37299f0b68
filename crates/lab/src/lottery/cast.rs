//! Setting up a run of the lottery.

use std::collections::BTreeSet;
use std::sync::Arc;

use bft_crdts::net::{NodeId, Span, Streams};

use super::selfish::{Selfish, Warden};
use super::{FAULTS, Message, Miner, NAME};
use crate::fault::{Fault, FaultKind, Forger, Malicious, Offline, Peer, Stuck};
use crate::keys::Ring;
use crate::trial::{Group, Plan, PlanError, Troupe, node_count, pick};
use crate::tx::SignedTx;

/// The miners; transactions are handed to the first of them.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn cast(plan: &Plan) -> Result<Troupe<Message>, PlanError> {
    cast_with(plan, false)
}

/// The same with a wallet that tells one half of the miners one version of a transaction, and the other half another.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn cast_conflicting(plan: &Plan) -> Result<Troupe<Message>, PlanError> {
    cast_with(plan, true)
}

fn cast_with(plan: &Plan, conflicting: bool) -> Result<Troupe<Message>, PlanError> {
    let nodes = node_count(NAME, 1, plan)?;
    let (ring, keys) = Ring::make(nodes + 2);
    let streams = Streams::new(plan.seed);
    let all: Vec<NodeId> = (0..nodes).map(NodeId::new).collect();
    let wallet = all[0];
    let candidates = all.iter().copied().filter(|node| *node != wallet);
    let faulty = pick(NAME, plan, None, candidates)?;
    let mut correct = all
        .iter()
        .copied()
        .filter(|node| *node != wallet && !faulty.contains(node));
    // Whom the liars keep in the dark: the last correct one, so that its links lead to liars only.
    let victim = (plan.fault == FaultKind::Eclipse)
        .then(|| correct.next_back())
        .flatten();
    let victim = victim.filter(|_| !faulty.is_empty());
    let mut peers = Vec::new();
    for &me in &all {
        let linked = |node: &NodeId| {
            let apart =
                |one: NodeId, other: NodeId| Some(one) == victim && !faulty.contains(&other);
            *node != me && !apart(me, *node) && !apart(*node, me)
        };
        let others: Arc<[NodeId]> = all.iter().copied().filter(linked).collect();
        let miner = Miner::new(me, ring.clone(), others, streams.of_node("lottery", me));
        if !faulty.contains(&me) {
            peers.push(match conflicting && me == wallet {
                true => Peer::faulty(
                    miner,
                    TwoWallets::new(&all, Forger::new(nodes, nodes, &keys, &ring)),
                ),
                false => Peer::correct(miner),
            });
            continue;
        }
        let forger = Forger::new(me.get(), nodes + 1, &keys, &ring);
        peers.push(match plan.fault {
            FaultKind::Offline => Peer::faulty(miner, Offline),
            FaultKind::Stuck => Peer::faulty(miner, Stuck::default()),
            FaultKind::Malicious => Peer::faulty(miner, Malicious(forger)),
            FaultKind::Eclipse => match victim {
                Some(victim) => {
                    let told = BTreeSet::new();
                    Peer::faulty(
                        miner,
                        Warden {
                            victim,
                            forger,
                            told,
                        },
                    )
                }
                None => Peer::correct(miner),
            },
            FaultKind::SelfishLottery => {
                let fellows = faulty.iter().copied().filter(|node| *node != me).collect();
                let honest = all
                    .iter()
                    .copied()
                    .filter(|node| !faulty.contains(node))
                    .collect();
                let (public, hidden) = (0, Vec::new());
                let selfish = Selfish {
                    fellows,
                    honest,
                    public,
                    hidden,
                    forger,
                };
                Peer::faulty(miner, selfish)
            }
            fault => return Err(PlanError::unknown(NAME, fault, &FAULTS)),
        });
    }
    Ok(Troupe {
        peers,
        groups: vec![Group {
            deciders: all,
            requester: wallet,
        }],
        client: nodes,
        client_key: keys[usize::from(nodes)].clone(),
        client_is_honest: !conflicting,
        ring,
        patience: Span::from_secs(120),
    })
}

/// A wallet that spends the same money twice: what it tells the second half of the miners is another version.
#[derive(Debug)]
struct TwoWallets {
    forger: Forger,
    other_half: BTreeSet<NodeId>,
}

impl TwoWallets {
    fn new(all: &[NodeId], forger: Forger) -> Self {
        let other_half = all.iter().copied().skip(all.len() / 2).collect();
        Self { forger, other_half }
    }
}

impl Fault<Miner> for TwoWallets {
    fn send(&mut self, to: NodeId, message: Message) -> Option<Message> {
        match message {
            Message::Transaction(SignedTx { tx, .. }) if self.other_half.contains(&to) => {
                Some(Message::Transaction(self.forger.signed(&tx)))
            }
            message => Some(message),
        }
    }
}
