//! All judges of one run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::books::Books;
use super::{Property, Violation};
use crate::actor::Keys;
use crate::actor::{Actor, Counter, Dot};
use crate::codec;
use crate::deterministic_secure_broadcast::Rules;
use crate::deterministic_secure_broadcast::{Certificate, Delivery, SecureBroadcast};
use crate::membership::Seat;
use crate::net::node::NodeId;
use crate::net::observer::Moment;
use crate::net::stage::{Auditor, Staged};
use crate::traits::{Causes, nth};

/// The most violations that are written down; the rest is counted.
const WRITTEN: usize = 100;

/// The judges of a run.
#[derive(Debug)]
pub(crate) struct Bench<A: Staged> {
    seed: u64,
    genesis: A::ReplicatedState,
    /// The sources, by seat.
    actors: Vec<Actor>,
    /// Which of them are correct.
    correct: Vec<bool>,
    names: Vec<String>,
    books: Books<A::Op>,
    /// By node; `None` for those that are not judged.
    replicas: Vec<Option<Seen<A>>>,
    /// What a correct source had delivered when it issued a message whose operations need everything delivered.
    floors: BTreeMap<(Seat, Counter), Arc<[Counter]>>,
    violations: Vec<Violation>,
    /// Property and node of every violation written down; one of each is enough.
    noticed: BTreeSet<(Property, Option<NodeId>)>,
    uncounted: u64,
}

/// A node at the end of a run, with its replica if that is up.
pub(crate) type Ending<'a, A, K, R> = (NodeId, Option<&'a SecureBroadcast<A, K, R>>);

/// What one correct replica has delivered, by the judges' own account.
#[derive(Debug)]
struct Seen<A: Staged> {
    clock: Vec<Counter>,
    auditor: Box<dyn Auditor<A>>,
    deliveries: u64,
}

impl<A: Staged> Bench<A> {
    /// Judges over these nodes (name, and whether it is a correct member) of a network of these sources.
    pub(crate) fn new(
        seed: u64,
        genesis: &A::ReplicatedState,
        actors: &[Actor],
        correct: Vec<bool>,
        nodes: &[(String, bool)],
    ) -> Self {
        let judged = nodes.iter().filter(|(_, judged)| *judged).count();
        let mut bench = Self {
            seed,
            genesis: genesis.clone(),
            actors: actors.to_vec(),
            correct,
            names: nodes.iter().map(|(name, _)| name.clone()).collect(),
            books: Books::new(actors.len(), judged),
            replicas: Vec::new(),
            floors: BTreeMap::new(),
            violations: Vec::new(),
            noticed: BTreeSet::new(),
            uncounted: 0,
        };
        bench.replicas = nodes
            .iter()
            .map(|(_, judged)| judged.then(|| bench.blank()))
            .collect();
        bench
    }

    fn blank(&self) -> Seen<A> {
        Seen {
            clock: vec![Counter::ZERO; self.actors.len()],
            auditor: A::auditor(&self.genesis),
            deliveries: 0,
        }
    }

    /// Whether a node is a correct member, and so judged.
    pub(crate) fn judges(&self, node: NodeId) -> bool {
        self.replicas.get(node.index()).is_some_and(Option::is_some)
    }

    /// How far a judged replica has delivered a source.
    pub(crate) fn delivered_at(&self, node: NodeId, seat: Seat) -> Counter {
        let seen = self.replicas.get(node.index()).and_then(Option::as_ref);
        seen.and_then(|seen| seen.clock.get(seat.get()))
            .copied()
            .unwrap_or(Counter::ZERO)
    }

    /// Dots that some correct replicas have delivered and some have not.
    pub(crate) fn incomplete(&self) -> usize {
        self.books.incomplete
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

    /// A correct source has issued a message that needs everything it has delivered.
    pub(crate) fn floor(&mut self, node: NodeId, seat: Seat, first: Counter) {
        if let Some(Some(seen)) = self.replicas.get(node.index()) {
            self.floors.insert((seat, first), seen.clock.clone().into());
        }
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
        if !self.judges(node) {
            return;
        }
        let seat = delivery.seat;
        let floor = self.floors.get(&(seat, delivery.first)).cloned();
        for (dot, op) in delivery.iter() {
            self.order(node, seat, &dot, moment);
            self.agreement(node, seat, &dot, op, moment, &broadcast);
            self.causality(node, &dot, &causes(op), floor.as_deref(), moment);
            self.audit(node, &dot, op, moment);
            if let Some(Some(seen)) = self.replicas.get_mut(node.index())
                && let Some(entry) = seen.clock.get_mut(seat.get())
                && dot.counter > *entry
            {
                *entry = dot.counter;
                if self.books.hold(seat, dot.counter) {
                    complete(dot);
                }
            }
        }
    }

    fn order(&mut self, node: NodeId, seat: Seat, dot: &Dot, moment: Moment) {
        let before = self.delivered_at(node, seat);
        if before.next() != Some(dot.counter) {
            let detail = format!("delivered right after #{before}");
            self.blame(Property::SourceOrder, &[node], Some(*dot), moment, detail);
        }
    }

    fn agreement(
        &mut self,
        node: NodeId,
        seat: Seat,
        dot: &Dot,
        op: &A::Op,
        moment: Moment,
        broadcast: impl Fn(&Dot) -> Option<A::Op>,
    ) {
        let Some((entry, new)) = self.books.entry(seat, dot.counter, || op.clone(), node) else {
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
        if new && self.correct.get(seat.get()) == Some(&true) {
            match broadcast(dot) {
                Some(own) if own == *op => {}
                own => {
                    let detail = format!("delivered {op:?}, its source broadcast {own:?}");
                    self.blame(Property::Integrity, &[node], Some(*dot), moment, detail);
                }
            }
        }
    }

    fn causality(
        &mut self,
        node: NodeId,
        dot: &Dot,
        causes: &Causes,
        floor: Option<&[Counter]>,
        moment: Moment,
    ) {
        let missing = match causes {
            Causes::Dots(causes) => causes
                .iter()
                .find(|cause| {
                    let seat = self
                        .actors
                        .binary_search(&cause.actor)
                        .ok()
                        .and_then(|seat| u16::try_from(seat).ok());
                    seat.is_none_or(|seat| self.delivered_at(node, Seat::new(seat)) < cause.counter)
                })
                .copied(),
            Causes::EverythingDelivered => floor.and_then(|floor| {
                let mut sources = (0_u16..).map(Seat::new).zip(floor).zip(&self.actors);
                let ((_, counter), actor) = sources.find(|((seat, counter), actor)| {
                    **actor != dot.actor && self.delivered_at(node, *seat) < **counter
                })?;
                Some(Dot::new(*actor, *counter))
            }),
        };
        if let Some(cause) = missing {
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
        if !self.judges(node) {
            return;
        }
        let blank = self.blank();
        if let Some(Some(before)) = self
            .replicas
            .get_mut(node.index())
            .map(|seen| seen.replace(blank))
        {
            for (seat, last) in (0_u16..).map(Seat::new).zip(&before.clock) {
                (1..=last.get())
                    .for_each(|counter| self.books.release(seat, Counter::new(counter)));
            }
        }
        for (certificate, ops) in replica.log() {
            if let Some(delivery) = self.logged(certificate, ops) {
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
    }

    fn logged(&self, certificate: &Certificate, ops: &[u8]) -> Option<Delivery<A::Op>> {
        let header = &certificate.header;
        let ops = codec::decode_sequence::<A::Op>(header.len as usize, ops).ok()?;
        let source = *self.actors.get(header.source.get())?;
        Some(Delivery {
            source,
            seat: header.source,
            first: header.first,
            ops: ops.into(),
        })
    }

    /// The run is over: what one correct replica holds all must hold, and equal clocks mean equal states.
    pub(crate) fn close<K: Keys, R: Rules>(
        &mut self,
        replicas: &[Ending<'_, A, K, R>],
        moment: Moment,
    ) {
        let partial: Vec<_> = self.books.partial().take(8).collect();
        for (seat, counter, holders) in partial {
            let lacking = |(node, _): &&Ending<'_, A, K, R>| {
                self.judges(*node) && self.delivered_at(*node, seat) < counter
            };
            let nodes: Vec<NodeId> = replicas
                .iter()
                .filter(lacking)
                .map(|(node, _)| *node)
                .collect();
            let dot = self
                .actors
                .get(seat.get())
                .map(|actor| nth(&Dot::new(*actor, counter), 0));
            let detail = format!("delivered by {holders} correct replicas, not by all");
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
            if !self.judges(node) {
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
