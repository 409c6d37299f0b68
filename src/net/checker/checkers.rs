//! All checkers of one run.

mod generations;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};

use super::model::{DeliveryModel, Holder, Place};
use super::{Property, Violation};
use crate::actor::Keys;
use crate::actor::{Actor, Counter, Dot};
use crate::codec;
use crate::deterministic_secure_broadcast::Rules;
use crate::deterministic_secure_broadcast::wire::Decision;
use crate::deterministic_secure_broadcast::{Certificate, Delivery, SecureBroadcast};
use crate::net::node::NodeId;
use crate::net::observer::Moment;
use crate::net::replica::by_actor;
use crate::net::sim_algorithm::{Auditor, SimAlgorithm};
use crate::traits::{Causes, nth};

/// The most violations that are written down; the rest is counted.
const WRITTEN: usize = 100;

/// The checkers of a run.
#[derive(Debug)]
pub(crate) struct Checkers<A: SimAlgorithm> {
    seed: u64,
    genesis: A::ReplicatedState,
    /// Everybody who can be a source, by place.
    actors: Vec<Actor>,
    places: BTreeMap<Actor, Place>,
    /// Which of them are correct.
    correct: Vec<bool>,
    names: Vec<String>,
    model: DeliveryModel<A::Op>,
    /// By node; `None` for those that are not judged.
    replicas: Vec<Option<Seen<A>>>,
    /// By node, whom it speaks for, and what follows from what it holds.
    holders: Vec<(Actor, Holder)>,
    /// The decisions of the one chain, as the first correct replica had each.
    chain: Vec<(Decision, NodeId)>,
    violations: Vec<Violation>,
    /// Property and node of every violation written down; one of each is enough.
    noticed: BTreeSet<(Property, Option<NodeId>)>,
    uncounted: u64,
}

/// A node that may be judged.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) name: String,
    /// Whom it speaks for.
    pub(crate) actor: Actor,
    /// Whether it keeps to the protocol, as a member or as one who wants to be.
    pub(crate) correct: bool,
}

/// A node at the end of a run, with its replica if that is up.
pub(crate) type Ending<'a, A, K, R> = (NodeId, Option<&'a SecureBroadcast<A, K, R>>);

/// What one correct replica has delivered, by the checkers' own account.
#[derive(Debug)]
struct Seen<A: SimAlgorithm> {
    clock: Vec<Counter>,
    auditor: Box<dyn Auditor<A>>,
    deliveries: u64,
}

impl<A: SimAlgorithm> Checkers<A> {
    /// Checkers over these nodes of a network that starts with `members`, of whom `actors` can be sources.
    pub(crate) fn new(
        seed: u64,
        genesis: &A::ReplicatedState,
        actors: &[Actor],
        members: &[Actor],
        nodes: &[Checked],
    ) -> Self {
        let holder = |node: &Checked| match node.correct && members.contains(&node.actor) {
            true => Holder::Member,
            false => Holder::Nobody,
        };
        let holders: Vec<_> = nodes.iter().map(|n| (n.actor, holder(n))).collect();
        let counted = holders.iter().filter(|(_, is)| *is == Holder::Member);
        let correct = |actor: &Actor| {
            let mut of = nodes.iter().filter(|node| node.actor == *actor);
            of.all(|node| node.correct)
        };
        let mut checkers = Self {
            seed,
            genesis: genesis.clone(),
            actors: actors.to_vec(),
            places: actors.iter().copied().zip((0..).map(Place)).collect(),
            correct: actors.iter().map(correct).collect(),
            names: nodes.iter().map(|node| node.name.clone()).collect(),
            model: DeliveryModel::new(actors.len(), counted.count()),
            replicas: Vec::new(),
            holders,
            chain: Vec::new(),
            violations: Vec::new(),
            noticed: BTreeSet::new(),
            uncounted: 0,
        };
        checkers.replicas = nodes
            .iter()
            .map(|node| node.correct.then(|| checkers.blank()))
            .collect();
        checkers
    }

    fn blank(&self) -> Seen<A> {
        Seen {
            clock: vec![Counter::ZERO; self.actors.len()],
            auditor: A::auditor(&self.genesis),
            deliveries: 0,
        }
    }

    /// The number of a source.
    pub(crate) fn place_of(&self, actor: &Actor) -> Option<Place> {
        self.places.get(actor).copied()
    }

    fn holder(&self, node: NodeId) -> Holder {
        self.holders
            .get(node.index())
            .map_or(Holder::Nobody, |(_, holder)| *holder)
    }

    /// Whether a node is correct and a member now.
    pub(crate) fn counts(&self, node: NodeId) -> bool {
        self.holder(node) == Holder::Member
    }

    /// Whether a node is correct and was made to go, or never was a member.
    pub(crate) fn owes_nothing(&self, node: NodeId) -> bool {
        self.holder(node) == Holder::Nobody
    }

    /// Whether a node is correct, and so judged.
    pub(crate) fn is_checked(&self, node: NodeId) -> bool {
        self.replicas.get(node.index()).is_some_and(Option::is_some)
    }

    /// How far a judged replica has delivered a source.
    pub(crate) fn delivered_at(&self, node: NodeId, source: Place) -> Counter {
        let seen = self.replicas.get(node.index()).and_then(Option::as_ref);
        seen.and_then(|seen| seen.clock.get(source.0))
            .copied()
            .unwrap_or(Counter::ZERO)
    }

    /// Dots that some correct replicas have delivered and some have not.
    pub(crate) fn incomplete(&self) -> usize {
        self.model.incomplete
    }

    /// Everything noticed so far.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many more there were than written down.
    pub(crate) fn uncounted(&self) -> u64 {
        self.uncounted
    }

    /// Writes a violation down.
    pub(crate) fn blame(
        &mut self,
        property: Property,
        nodes: &[NodeId],
        dot: Option<Dot>,
        moment: Moment,
        detail: String,
    ) {
        if !self.noticed.insert((property, nodes.first().copied()))
            || self.violations.len() >= WRITTEN
        {
            self.uncounted += 1;
            return;
        }
        let nodes = nodes
            .iter()
            .filter_map(|node| self.names.get(node.index()).cloned())
            .collect();
        let Moment { at, step } = moment;
        self.violations.push(Violation {
            property,
            nodes,
            dot,
            seed: self.seed,
            step,
            at,
            detail,
        });
    }

    /// A judged replica has delivered a message. `broadcast` says what a correct source has broadcast under a dot;
    /// `complete` hears of every dot that is now delivered everywhere.
    pub(crate) fn delivered(
        &mut self,
        node: NodeId,
        delivery: &Delivery<A::Op>,
        causes: impl Fn(&A::Op) -> Causes,
        moment: Moment,
        broadcast: impl Fn(&Dot) -> Option<A::Op>,
        mut complete: impl FnMut(Dot),
    ) {
        if !self.is_checked(node) {
            return;
        }
        let Some(source) = self.place_of(&delivery.source) else {
            let detail = format!("delivered from {}, who never takes part", delivery.source);
            return self.blame(Property::Integrity, &[node], None, moment, detail);
        };
        let holder = self.holder(node);
        for (dot, op) in delivery.iter() {
            self.order(node, source, &dot, moment);
            self.agreement(node, source, &dot, op, moment, &broadcast);
            self.causality(node, &dot, &causes(op), moment);
            self.audit(node, &dot, op, moment);
            if let Some(Some(seen)) = self.replicas.get_mut(node.index())
                && let Some(entry) = seen.clock.get_mut(source.0)
                && dot.counter > *entry
            {
                *entry = dot.counter;
                if self.model.hold(source, dot.counter, holder) {
                    complete(dot);
                }
            }
        }
    }

    fn order(&mut self, node: NodeId, source: Place, dot: &Dot, moment: Moment) {
        let before = self.delivered_at(node, source);
        if before.next() != Some(dot.counter) {
            let detail = format!("delivered right after #{before}");
            self.blame(Property::SourceOrder, &[node], Some(*dot), moment, detail);
        }
    }

    fn agreement(
        &mut self,
        node: NodeId,
        source: Place,
        dot: &Dot,
        op: &A::Op,
        moment: Moment,
        broadcast: impl Fn(&Dot) -> Option<A::Op>,
    ) {
        let Some((entry, new)) = self.model.entry(source, dot.counter, || op.clone(), node) else {
            let detail = "a dot nobody can have".into();
            return self.blame(Property::SourceOrder, &[node], Some(*dot), moment, detail);
        };
        if entry.op != *op {
            let (first, detail) = (
                entry.first,
                format!("{:?} at one, {op:?} at the other", entry.op),
            );
            self.blame(
                Property::Agreement,
                &[node, first],
                Some(*dot),
                moment,
                detail,
            );
        }
        if new && self.correct.get(source.0) == Some(&true) {
            match broadcast(dot) {
                Some(own) if own == *op => {}
                own => {
                    let detail = format!("delivered {op:?}, its source broadcast {own:?}");
                    self.blame(Property::Integrity, &[node], Some(*dot), moment, detail);
                }
            }
        }
    }

    fn causality(&mut self, node: NodeId, dot: &Dot, causes: &Causes, moment: Moment) {
        let late = |cause: &&Dot| {
            let source = self.place_of(&cause.actor);
            source.is_none_or(|source| self.delivered_at(node, source) < cause.counter)
        };
        if let Some(cause) = causes.dots().find(late).copied() {
            let detail = format!("delivered before {cause}");
            self.blame(Property::CausalOrder, &[node], Some(*dot), moment, detail);
        }
    }

    fn audit(&mut self, node: NodeId, dot: &Dot, op: &A::Op, moment: Moment) {
        let Some(Some(seen)) = self.replicas.get_mut(node.index()) else {
            return;
        };
        seen.deliveries += 1;
        if let Err(detail) = seen.auditor.delivered(dot, op) {
            self.blame(Property::Conservation, &[node], Some(*dot), moment, detail);
        }
    }

    /// Compares a replica's copy with its auditor's books: what this delivery touched, and everything each time the
    /// number of deliveries has doubled.
    pub(crate) fn compare(
        &mut self,
        node: NodeId,
        copy: &A,
        delivery: Option<&Delivery<A::Op>>,
        moment: Moment,
    ) {
        let Some(Some(seen)) = self.replicas.get(node.index()) else {
            return;
        };
        let touched = delivery
            .into_iter()
            .flat_map(|delivery| delivery.ops.iter());
        let wrong = touched
            .map(|op| seen.auditor.compare(copy, Some(op)))
            .find_map(Result::err);
        let full = delivery.is_none() || seen.deliveries.is_power_of_two();
        let wrong = wrong.or_else(|| {
            full.then(|| seen.auditor.compare(copy, None).err())
                .flatten()
        });
        if let Some(detail) = wrong {
            self.blame(Property::Conservation, &[node], None, moment, detail);
        }
    }

    /// A replica has come back from its journal: what it has delivered is read from its log, from the beginning.
    pub(crate) fn restarted<K: Keys, R: Rules>(
        &mut self,
        node: NodeId,
        replica: &SecureBroadcast<A, K, R>,
        moment: Moment,
        broadcast: impl Fn(&Dot) -> Option<A::Op>,
        mut complete: impl FnMut(Dot),
    ) {
        if !self.is_checked(node) {
            return;
        }
        let blank = self.blank();
        if let Some(Some(before)) = self
            .replicas
            .get_mut(node.index())
            .map(|seen| seen.replace(blank))
        {
            for (source, last) in (0..).map(Place).zip(&before.clock) {
                if self.counts(node) {
                    (1..=last.get())
                        .for_each(|counter| self.model.release(source, Counter::new(counter)));
                }
            }
        }
        // What is forgotten is in the snapshot that the log goes on from.
        let forgotten = by_actor(replica, &replica.forgotten());
        let causes = |op: &A::Op| replica.algorithm().causes(op);
        self.installed(node, &forgotten, causes, moment, &mut complete);
        for (certificate, ops) in replica.log() {
            if let Some(delivery) = logged(replica, certificate, ops) {
                self.delivered(
                    node,
                    &delivery,
                    |op| replica.algorithm().causes(op),
                    moment,
                    &broadcast,
                    &mut complete,
                );
            }
        }
        self.compare(node, replica.algorithm(), None, moment);
        // What it had lost of its journal may have been all that bound it.
        if self.holder(node) == Holder::Left {
            self.recount(complete);
        }
    }

    /// The run is over: what one correct replica holds all must hold, and equal clocks mean equal states.
    pub(crate) fn close<K: Keys, R: Rules>(
        &mut self,
        replicas: &[Ending<'_, A, K, R>],
        moment: Moment,
    ) {
        let partial: Vec<_> = self.model.partial().take(8).collect();
        for (source, counter, holders) in partial {
            let lacking = |(node, _): &&Ending<'_, A, K, R>| {
                self.counts(*node) && self.delivered_at(*node, source) < counter
            };
            let nodes: Vec<NodeId> = replicas
                .iter()
                .filter(lacking)
                .map(|(node, _)| *node)
                .collect();
            let dot = self
                .actors
                .get(source.0)
                .map(|actor| nth(&Dot::new(*actor, counter), 0));
            let detail = format!("delivered by {holders} correct members, not by all");
            self.blame(Property::Totality, &nodes, dot, moment, detail);
        }
        let up: Vec<_> = replicas
            .iter()
            .filter_map(|(node, replica)| Some((*node, (*replica)?)))
            .collect();
        for (node, replica) in &up {
            self.compare(*node, replica.algorithm(), None, moment);
        }
        let mut digests = BTreeMap::new();
        for (node, replica) in up {
            if !self.counts(node) {
                continue;
            }
            let clock: Vec<Counter> = replica.clock().iter().map(|(_, counter)| counter).collect();
            let digest = replica.state_digest();
            let (first, known) = *digests.entry(clock).or_insert((node, digest));
            if known != digest {
                let detail = format!("equal clocks, but states {known} and {digest}");
                self.blame(Property::Convergence, &[node, first], None, moment, detail);
            }
        }
    }
}

/// A message of a replica's log. The source's seat is the replica's, in its own chain.
fn logged<A: SimAlgorithm, K: Keys, R: Rules>(
    replica: &SecureBroadcast<A, K, R>,
    certificate: &Certificate,
    ops: &[u8],
) -> Option<Delivery<A::Op>> {
    let header = &certificate.header;
    let ops = codec::decode_sequence::<A::Op>(header.len as usize, ops).ok()?;
    let source = *replica.members().in_seat(header.source)?;
    Some(Delivery {
        source,
        seat: header.source,
        first: header.first,
        ops: ops.into(),
    })
}
