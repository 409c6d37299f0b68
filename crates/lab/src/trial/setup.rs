//! Setting up a trial, as far as all protocols do it alike: nodes, keys, and who is faulty in which way.

use std::collections::BTreeSet;
use std::sync::Arc;

use bft_crdts::net::{NodeId, Span, Streams};

use super::plan::MOST;
use super::{Group, Plan, PlanError, Roster};
use crate::fault::{FaultKind, Forger, Malicious, Offline, Peer, Stuck};
use crate::keys::{Key, Ring};
use crate::packet::Process;

/// What a trial is set up from.
#[derive(Debug)]
pub struct Setup<'a> {
    protocol: &'static str,
    faults: &'static [FaultKind],
    plan: &'a Plan,
    /// Every node of the protocol.
    pub all: Arc<[NodeId]>,
    /// The number of the key of the client whose transactions are handed in. The next one is that of a client in league
    /// with the faulty nodes.
    pub client: u16,
    /// Everybody's public keys.
    pub ring: Arc<Ring>,
    /// Everybody's keys, by number.
    pub keys: Vec<Key>,
    /// Those of the nodes that are faulty.
    pub faulty: BTreeSet<NodeId>,
    /// Those of the correct ones who are told the other story.
    pub other_half: BTreeSet<NodeId>,
}

impl<'a> Setup<'a> {
    /// Of this protocol, which knows these faults and runs with `least` nodes or more; `outside` other nodes come after
    /// them. Nobody is faulty yet.
    ///
    /// # Errors
    /// [`PlanError::Nodes`] if it does not run with so many nodes.
    pub fn new(
        protocol: &'static str,
        faults: &'static [FaultKind],
        least: usize,
        outside: u16,
        plan: &'a Plan,
    ) -> Result<Self, PlanError> {
        let nodes = u16::try_from(plan.nodes).ok();
        let nodes = nodes.filter(|_| (least..=MOST).contains(&plan.nodes));
        let nodes = nodes.ok_or(PlanError::Nodes {
            protocol,
            least,
            nodes: plan.nodes,
        })?;
        let client = nodes + outside;
        let (ring, keys) = Ring::make(client + 2);
        Ok(Self {
            protocol,
            faults,
            plan,
            all: (0..nodes).map(NodeId::new).collect(),
            client,
            ring,
            keys,
            faulty: BTreeSet::new(),
            other_half: BTreeSet::new(),
        })
    }

    /// The same with faulty nodes: the leader if the plan is that the commander is malicious, and any but the leader.
    ///
    /// # Errors
    /// [`PlanError`] as of [`pick`].
    pub fn led_by(self, leader: NodeId) -> Result<Self, PlanError> {
        let lies = self.plan.fault == FaultKind::MaliciousCommander;
        self.pick(lies.then_some(leader), Some(leader))
    }

    /// The same with faulty nodes: `first`, if any, and any but `spared`.
    ///
    /// # Errors
    /// [`PlanError`] as of [`pick`].
    pub fn pick(self, first: Option<NodeId>, spared: Option<NodeId>) -> Result<Self, PlanError> {
        let all = self.all.clone();
        let candidates = all.iter().copied().filter(|node| Some(*node) != spared);
        let faulty = pick(self.protocol, self.plan, first, candidates)?;
        Ok(self.with_faulty(&all, faulty))
    }

    /// The same with these faulty nodes, who tell the second half of the correct ones of `among` another story.
    #[must_use]
    pub fn with_faulty(mut self, among: &[NodeId], faulty: BTreeSet<NodeId>) -> Self {
        let correct = among.iter().filter(|node| !faulty.contains(node));
        let correct: Vec<NodeId> = correct.copied().collect();
        let first = correct.len().div_ceil(2);
        self.other_half = correct.into_iter().skip(first).collect();
        self.faulty = faulty;
        self
    }

    /// All nodes of the protocol but this one.
    #[must_use]
    pub fn others(&self, me: NodeId) -> Arc<[NodeId]> {
        let others = self.all.iter().copied().filter(|node| *node != me);
        others.collect()
    }

    /// What a faulty node lies with.
    #[must_use]
    pub fn forger(&self, me: NodeId) -> Forger {
        Forger::new(me.get(), self.client + 1, &self.keys, &self.ring)
    }

    /// What the client lies with, and whoever is in league with it.
    #[must_use]
    pub fn clients_forger(&self) -> Forger {
        Forger::new(self.client, self.client, &self.keys, &self.ring)
    }

    /// The fault of a client that spends the same money twice: the second half of the nodes hears of another version.
    #[must_use]
    pub fn malicious_client(&self) -> Malicious {
        let half = self.all.iter().copied().skip(self.all.len() / 2);
        Malicious {
            forger: self.clients_forger(),
            half: Some(half.collect()),
        }
    }

    /// A node: correct, or faulty in one of the ways that are not of one protocol alone.
    ///
    /// # Errors
    /// [`PlanError::Fault`] if it is to be faulty in another way.
    pub fn peer<M: Process + 'static>(
        &self,
        me: NodeId,
        node: M,
    ) -> Result<Peer<M::Message>, PlanError> {
        let forger = self.forger(me);
        let malicious = |half| Malicious { forger, half };
        Ok(match self.plan.fault {
            _ if !self.faulty.contains(&me) => Peer::correct(node),
            fault if !self.faults.contains(&fault) => return Err(self.unknown()),
            FaultKind::Offline => Peer::faulty(node, Offline),
            FaultKind::Stuck => Peer::faulty(node, Stuck::default()),
            FaultKind::Malicious => Peer::faulty(node, malicious(None)),
            FaultKind::MaliciousCommander => {
                Peer::faulty(node, malicious(Some(self.other_half.clone())))
            }
            _ => return Err(self.unknown()),
        })
    }

    fn unknown(&self) -> PlanError {
        PlanError::Fault {
            protocol: self.protocol,
            fault: self.plan.fault,
            known: self.faults.iter().map(|kind| kind.name()).collect(),
        }
    }

    /// Everybody who takes part: these, of whom all nodes of the protocol decide together, and an honest client.
    #[must_use]
    pub fn roster<P>(self, peers: Vec<Peer<P>>, requester: NodeId, patience: Span) -> Roster<P> {
        Roster {
            peers,
            groups: vec![Group {
                deciders: self.all.to_vec(),
                requester,
            }],
            client: self.client,
            client_key: self.keys[usize::from(self.client)].clone(),
            client_is_honest: true,
            ring: self.ring,
            patience,
        }
    }
}

/// Which nodes are faulty: `first`, if any, and others of `candidates` by the lot of the plan's seed.
///
/// # Errors
/// [`PlanError`] if there are too few candidates, or they are faulty in no way.
pub fn pick(
    protocol: &'static str,
    plan: &Plan,
    first: Option<NodeId>,
    candidates: impl IntoIterator<Item = NodeId>,
) -> Result<BTreeSet<NodeId>, PlanError> {
    if plan.faulty > 0 && plan.fault == FaultKind::None {
        return Err(PlanError::NoFault(plan.faulty));
    }
    if !plan.is_faulty() {
        return Ok(BTreeSet::new());
    }
    let mut candidates: Vec<NodeId> = candidates
        .into_iter()
        .filter(|node| Some(*node) != first)
        .collect();
    Streams::new(plan.seed)
        .of("faulty")
        .shuffle(&mut candidates);
    let most = candidates.len() + usize::from(first.is_some());
    if plan.faulty > most {
        return Err(PlanError::Faulty {
            protocol,
            nodes: plan.nodes,
            most,
            fault: plan.fault,
            faulty: plan.faulty,
        });
    }
    Ok(first
        .into_iter()
        .chain(candidates)
        .take(plan.faulty)
        .collect())
}
