//! The change of view: asking for it, numbering anew what may have been committed, and checking that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bft_crdts::net::NodeId;

use super::message::{
    Certificate, Message, NewView, NewViewBody, Place, PrePrepare, Prepared, Proposed, Stable,
    ViewChange, ViewChangeBody, digest,
};
use super::replica::Replica;
use super::{CHECKPOINT, PATIENCE, WINDOW};
use crate::outcome::{Said, Verdict};
use crate::packet::Out;
use crate::tx::SignedTx;

impl Replica {
    /// Leaves its view and asks for another.
    pub(super) fn ask_for_view(&mut self, view: u64, out: &mut Out<Message>) {
        self.view = view;
        self.changing = true;
        self.new_view_due = None;
        self.attempts += 1;
        out.note(Said::Count("view changes asked for"));
        let prepared = match self.rules.forget_prepared {
            true => Vec::new(),
            false => self.prepared.values().cloned().collect(),
        };
        let body = ViewChangeBody {
            view,
            node: self.me,
            stable: self.stable.clone(),
            prepared,
            executed: self.last_executed(),
        };
        let sig = self.key.sign(self.ring.network(), &body);
        let change = Arc::new(ViewChange { body, sig });
        self.changes.insert(self.me, change.clone());
        self.to_all(Message::ViewChange(change), out);
        self.wake_in(PATIENCE, out);
        self.consider(out);
    }

    /// Repeats what it asks for, until it is there or has taken too long.
    pub(super) fn wait_for_new_view(&mut self, out: &mut Out<Message>) {
        match self.new_view_due {
            Some(due) if due <= out.now() => self.ask_for_view(self.view + 1, out),
            _ => {
                // With how far it has executed by now, so that it is told the rest.
                if let Some(change) = self.changes.get(&self.me) {
                    self.to_all(Message::ViewChange(change.clone()), out);
                }
                self.to_all(Message::Behind(self.last_executed()), out);
                self.wake_in(PATIENCE, out);
            }
        }
    }

    pub(super) fn on_view_change(
        &mut self,
        node: u16,
        change: &Arc<ViewChange>,
        out: &mut Out<Message>,
    ) -> Verdict {
        let body = &change.body;
        if body.executed < self.last_executed() {
            let _ = self.on_behind(NodeId::new(node), body.executed, out);
        }
        if body.view <= self.view && !self.changing {
            // It is late: the view it asks for is there, or a later one.
            if let Some(new_view) = &self.new_view {
                let message = Message::NewView(new_view.clone());
                out.send(bft_crdts::net::Address::One(NodeId::new(node)), message);
            }
            return Verdict::Useless;
        }
        let known = self.changes.get(&node);
        if known.is_some_and(|known| known.body.view >= body.view) {
            return Verdict::Useless;
        }
        if body.node != node || !self.is_sound_change(change) {
            return Verdict::Refused("not a sound view change");
        }
        self.changes.insert(node, change.clone());
        // f + 1 want later views, so an honest one does: the earliest of them is joined without waiting.
        let later: Vec<u64> = self
            .changes
            .iter()
            .filter(|(who, change)| **who != self.me && change.body.view > self.view)
            .map(|(_, change)| change.body.view)
            .collect();
        if later.len() >= self.sizes.one_honest() {
            let earliest = later.into_iter().min().unwrap_or(self.view + 1);
            self.ask_for_view(earliest, out);
        } else {
            self.consider(out);
        }
        Verdict::Taken
    }

    /// A quorum asks for the view: its primary makes it, the others begin to wait for it.
    fn consider(&mut self, out: &mut Out<Message>) {
        if !self.changing {
            return;
        }
        let view = self.view;
        let asked = self
            .changes
            .values()
            .filter(|change| change.body.view == view);
        let changes: Vec<Arc<ViewChange>> = asked.take(self.quorum()).cloned().collect();
        if changes.len() < self.quorum() {
            return;
        }
        if !self.is_primary() {
            if self.new_view_due.is_none() {
                self.new_view_due = Some(out.now() + self.patience());
                self.wake_in(self.patience(), out);
            }
            return;
        }
        let (_, mut numbers) = renumber(&changes);
        if self.rules.number_nothing {
            numbers.clear();
        }
        let sign = |(seq, request): (u64, Option<SignedTx>)| {
            let place = Place {
                view,
                seq,
                digest: digest(request.as_ref()),
            };
            PrePrepare {
                place,
                request,
                sig: self.key.sign(self.ring.network(), &Proposed(place)),
            }
        };
        let body = NewViewBody {
            view,
            pre_prepares: numbers.into_iter().map(sign).collect(),
            changes,
        };
        let sig = self.key.sign(self.ring.network(), &body);
        let new_view = Arc::new(NewView { body, sig });
        self.to_all(Message::NewView(new_view.clone()), out);
        self.enter(&new_view, out);
    }

    pub(super) fn on_new_view(
        &mut self,
        node: u16,
        new_view: &Arc<NewView>,
        out: &mut Out<Message>,
    ) -> Verdict {
        let body = &new_view.body;
        // Whoever brings it: it is its primary's signature that counts.
        let _ = node;
        if body.view < self.view || (body.view == self.view && !self.changing) {
            return Verdict::Useless;
        }
        if !self.is_sound_new_view(new_view) {
            return Verdict::Refused("not a sound new view");
        }
        self.enter(new_view, out);
        Verdict::Taken
    }

    /// Goes on in a new view.
    fn enter(&mut self, new_view: &Arc<NewView>, out: &mut Out<Message>) {
        let body = &new_view.body;
        self.view = body.view;
        self.changing = false;
        self.new_view_due = None;
        self.new_view = Some(new_view.clone());
        out.note(Said::View(body.view));
        let view = self.view;
        self.entries.retain(|(theirs, _), _| *theirs >= view);
        let best = body
            .changes
            .iter()
            .max_by_key(|change| change.body.stable.at.seq);
        if let Some(best) = best {
            self.settle(best.body.stable.clone(), out);
        }
        self.given.clear();
        self.last_given = self.stable.at.seq;
        for pre_prepare in &body.pre_prepares {
            let seq = pre_prepare.place.seq;
            self.last_given = self.last_given.max(seq);
            self.given
                .extend(pre_prepare.request.map(|request| request.tx.id));
            if seq > self.stable.at.seq {
                let entry = self.entries.entry((view, seq)).or_default();
                entry.pre_prepare = Some(*pre_prepare);
            }
        }
        // Everything that came before the view did.
        let numbers: Vec<u64> = self
            .entries
            .range((view, 0)..(view + 1, 0))
            .map(|((_, seq), _)| *seq)
            .collect();
        for seq in numbers {
            self.advance(view, seq, out);
        }
        let due = out.now() + self.patience();
        let waiting: Vec<SignedTx> = self
            .pending
            .values_mut()
            .map(|(request, theirs)| {
                *theirs = due;
                *request
            })
            .collect();
        if !waiting.is_empty() {
            self.wake_in(self.patience(), out);
        }
        if self.is_primary() {
            for request in waiting {
                self.give_number(&request, out);
            }
        }
    }

    fn is_sound_stable(&self, stable: &Stable) -> bool {
        if stable.at.seq == 0 {
            return true;
        }
        let signers: BTreeSet<u16> = stable.proof.iter().map(|(node, _)| *node).collect();
        stable.at.seq.is_multiple_of(CHECKPOINT)
            && signers.len() >= self.quorum()
            && signers.iter().all(|node| self.is_replica(*node))
            && stable
                .proof
                .iter()
                .all(|(node, sig)| self.ring.verify(*node, &stable.at, sig))
    }

    fn is_replica(&self, node: u16) -> bool {
        usize::from(node) < self.sizes.voters
    }

    fn is_sound_certificate(&self, certificate: &Certificate) -> bool {
        let Certificate {
            pre_prepare,
            prepares,
        } = certificate;
        let place = pre_prepare.place;
        let primary = self.primary_of(place.view);
        let signers: BTreeSet<u16> = prepares.iter().map(|(node, _)| *node).collect();
        signers.len() >= self.quorum() - 1
            && signers
                .iter()
                .all(|node| *node != primary && self.is_replica(*node))
            && self.is_sound(pre_prepare)
            && prepares
                .iter()
                .all(|(node, sig)| self.ring.verify(*node, &Prepared(place), sig))
    }

    fn is_sound_change(&self, change: &ViewChange) -> bool {
        let ViewChange { body, sig } = change;
        let low = body.stable.at.seq;
        let mut numbers = BTreeSet::new();
        self.is_replica(body.node)
            && self.ring.verify(body.node, body, sig)
            && self.is_sound_stable(&body.stable)
            && body.prepared.iter().all(|certificate| {
                let Place { view, seq, .. } = certificate.pre_prepare.place;
                view < body.view
                    && seq > low
                    && seq <= low + WINDOW
                    && numbers.insert(seq)
                    && self.is_sound_certificate(certificate)
            })
    }

    fn is_sound_new_view(&self, new_view: &NewView) -> bool {
        let NewView { body, sig } = new_view;
        let NewViewBody {
            view,
            changes,
            pre_prepares,
        } = body;
        let nodes: BTreeSet<u16> = changes.iter().map(|change| change.body.node).collect();
        let (_, numbers) = renumber(changes);
        let told = pre_prepares
            .iter()
            .map(|told| (told.place.seq, told.request));
        self.ring.verify(self.primary_of(*view), body, sig)
            && nodes.len() >= self.quorum()
            && changes
                .iter()
                .all(|change| change.body.view == *view && self.is_sound_change(change))
            && (self.rules.believe_new_view || told.eq(numbers))
            && pre_prepares
                .iter()
                .all(|told| told.place.view == *view && self.is_sound(told))
    }
}

/// From the highest stable checkpoint that a quorum shows to the highest number it shows prepared: what was prepared in
/// the highest view, and nothing where nothing was. What was committed anywhere is among it, for a quorum prepared it.
fn renumber(changes: &[Arc<ViewChange>]) -> (u64, BTreeMap<u64, Option<SignedTx>>) {
    let low = changes.iter().map(|change| change.body.stable.at.seq).max();
    let low = low.unwrap_or(0);
    let mut highest: BTreeMap<u64, &PrePrepare> = BTreeMap::new();
    let shown = changes.iter().flat_map(|change| &change.body.prepared);
    for Certificate { pre_prepare, .. } in shown {
        let Place { view, seq, .. } = pre_prepare.place;
        if seq > low {
            let best = highest.entry(seq).or_insert(pre_prepare);
            if best.place.view < view {
                *best = pre_prepare;
            }
        }
    }
    let last = highest.keys().next_back().copied().unwrap_or(low);
    let request = |seq: u64| highest.get(&seq).and_then(|best| best.request);
    let numbers = (low + 1..=last).map(|seq| (seq, request(seq)));
    (low, numbers.collect())
}
