//! A replica: the normal case, checkpoints, and being behind.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bft_crdts::Digest;
use bft_crdts::net::{Address, NodeId, Span, TimerId, VirtualTime};

use super::log;
use super::message::{
    Certificate, Message, NewView, Place, PrePrepare, Prepared, Proposed, Stable, Stand,
    ViewChange, digest,
};
use super::{CHECKPOINT, PATIENCE, WINDOW};
use crate::keys::{Key, Ring};
use crate::outcome::{Decided, Verdict};
use crate::packet::{Out, Process};
use crate::sizes::Sizes;
use crate::tx::{SignedTx, TxId};

pub(super) const WAKE: TimerId = TimerId(1);
const STATUS: TimerId = TimerId(2);
/// How often a replica says where it stands, whatever happens: one that was cut off may not know that it is behind.
const STATUS_EVERY: Span = Span::from_secs(2);
/// The most requests a replica remembers that it waits for.
const MOST_PENDING: usize = 1_000;
/// How many views ahead votes are kept for.
const VIEWS_AHEAD: u64 = 16;
/// The most requests in one answer to a replica that is behind.
pub(super) const MOST_EXECUTED: usize = 256;

/// The rules of the protocol, to break one on purpose and see that the checkers notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// So many votes fewer than a quorum are taken for one.
    pub quorum_short: usize,
    /// A view change does not say what is prepared.
    pub forget_prepared: bool,
    /// A new primary numbers nothing anew.
    pub number_nothing: bool,
    /// The numbering of a new view is believed unseen.
    pub believe_new_view: bool,
}

/// A replica.
#[derive(Debug)]
pub struct Replica {
    pub(super) me: u16,
    pub(super) key: Key,
    pub(super) ring: Arc<Ring>,
    pub(super) sizes: Sizes,
    pub(super) rules: Rules,
    all: Arc<[NodeId]>,
    pub(super) others: Arc<[NodeId]>,

    pub(super) view: u64,
    /// It has asked for `view` and waits for its NEW-VIEW.
    pub(super) changing: bool,
    /// Until when, once a quorum asks for it.
    pub(super) new_view_due: Option<VirtualTime>,
    /// Views asked for since something was last executed: the exponent of its patience.
    pub(super) attempts: u32,
    /// The last VIEW-CHANGE of every replica.
    pub(super) changes: BTreeMap<u16, Arc<ViewChange>>,
    /// What made the view it is in.
    pub(super) new_view: Option<Arc<NewView>>,

    /// As primary: the last number given away, and to what.
    pub(super) last_given: u64,
    pub(super) given: BTreeSet<TxId>,
    pub(super) entries: BTreeMap<(u64, u64), log::Entry>,
    /// By number, in the highest view.
    pub(super) prepared: BTreeMap<u64, Certificate>,
    /// Committed, and waiting for lower numbers.
    pub(super) committed: BTreeMap<u64, Option<SignedTx>>,
    pub(super) executed: Vec<Option<SignedTx>>,
    pub(super) chain: Digest,
    /// Every request executed, and its result. (The paper keeps the last one of every client, which has one request under
    /// way at a time; here clients may have several.)
    results: BTreeMap<TxId, u64>,
    /// Requests it knows of and has not executed, with the time at which it loses patience.
    pub(super) pending: BTreeMap<TxId, (SignedTx, VirtualTime)>,
    pub(super) stable: Stable,
    pub(super) checkpoints: BTreeMap<u64, BTreeMap<u16, (Stand, bft_crdts::Sig)>>,
    /// What others say was executed, beyond what was executed here.
    pub(super) told: BTreeMap<u64, BTreeMap<u16, Option<SignedTx>>>,
}

impl Replica {
    pub(super) fn new(
        me: u16,
        key: Key,
        ring: Arc<Ring>,
        sizes: Sizes,
        all: Arc<[NodeId]>,
        rules: Rules,
    ) -> Self {
        let others = all
            .iter()
            .copied()
            .filter(|node| node.get() != me)
            .collect();
        let start = Stand {
            seq: 0,
            digest: Digest::of(b""),
        };
        Self {
            me,
            key,
            ring,
            sizes,
            rules,
            all,
            others,
            view: 0,
            changing: false,
            new_view_due: None,
            attempts: 0,
            changes: BTreeMap::new(),
            new_view: None,
            last_given: 0,
            given: BTreeSet::new(),
            entries: BTreeMap::new(),
            prepared: BTreeMap::new(),
            committed: BTreeMap::new(),
            executed: Vec::new(),
            chain: start.digest,
            results: BTreeMap::new(),
            pending: BTreeMap::new(),
            stable: Stable {
                at: start,
                proof: Vec::new(),
            },
            checkpoints: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Votes that make a quorum.
    pub(super) const fn quorum(&self) -> usize {
        self.sizes.quorum - self.rules.quorum_short
    }

    pub(super) fn primary_of(&self, view: u64) -> u16 {
        let place = view % self.all.len() as u64;
        self.all[place as usize].get()
    }

    pub(super) fn is_primary(&self) -> bool {
        self.primary_of(self.view) == self.me
    }

    pub(super) fn to_all(&self, message: Message, out: &mut Out<Message>) {
        out.send(Address::Many(self.others.clone()), message);
    }

    /// How long it waits, this time.
    pub(super) fn patience(&self) -> Span {
        PATIENCE.times(1 << self.attempts.min(6))
    }

    /// The last number executed.
    pub(super) fn last_executed(&self) -> u64 {
        self.executed.len() as u64
    }

    pub(super) fn is_in_window(&self, seq: u64) -> bool {
        let low = self.stable.at.seq;
        seq > low && seq <= low + WINDOW
    }

    fn node(&self, from: NodeId) -> Option<u16> {
        self.all.contains(&from).then_some(from.get())
    }

    /// Wakes it when it would lose patience.
    pub(super) fn wake_in(&self, span: Span, out: &mut Out<Message>) {
        out.set_timer(span, WAKE);
    }

    /// REQUEST: from the client to the primary; to all, when it is not answered; from a backup to the primary.
    fn on_request(&mut self, from: NodeId, request: &SignedTx, out: &mut Out<Message>) -> Verdict {
        let id = request.tx.id;
        if usize::from(id.client) < self.all.len() || !request.is_valid(&self.ring) {
            return Verdict::Refused("not a client's request");
        }
        if let Some(hash) = self.results.get(&id).copied() {
            if from.get() == id.client {
                let view = self.view;
                out.send(Address::One(from), Message::Reply { view, id, hash });
            }
            return Verdict::Useless;
        }
        let new = self.wait_for(request, out);
        if self.changing {
            return Verdict::Useless;
        }
        if self.is_primary() {
            self.give_number(request, out);
        } else if self.node(from).is_none() {
            let primary = NodeId::new(self.primary_of(self.view));
            out.send(Address::One(primary), Message::Request(*request));
        }
        if new {
            Verdict::Taken
        } else {
            Verdict::Useless
        }
    }

    /// Remembers a request, and when its patience with it ends.
    fn wait_for(&mut self, request: &SignedTx, out: &mut Out<Message>) -> bool {
        let id = request.tx.id;
        let known = self.results.contains_key(&id) || self.pending.contains_key(&id);
        if known || self.pending.len() >= MOST_PENDING {
            return false;
        }
        let patience = self.patience();
        self.pending.insert(id, (*request, out.now() + patience));
        self.wake_in(patience, out);
        true
    }

    /// As primary: gives a request the next number, unless it has one.
    pub(super) fn give_number(&mut self, request: &SignedTx, out: &mut Out<Message>) {
        let seq = self.last_given + 1;
        if !self.is_in_window(seq) || !self.given.insert(request.tx.id) {
            return;
        }
        self.last_given = seq;
        let place = Place {
            view: self.view,
            seq,
            digest: digest(Some(request)),
        };
        let pre_prepare = PrePrepare {
            place,
            request: Some(*request),
            sig: self.key.sign(self.ring.network(), &Proposed(place)),
        };
        let entry = self.entries.entry((place.view, seq)).or_default();
        entry.pre_prepare = Some(pre_prepare);
        self.to_all(Message::PrePrepare(pre_prepare), out);
        self.advance(place.view, seq, out);
    }

    /// Whether a PRE-PREPARE says what its primary said, about a request that is its client's.
    pub(super) fn is_sound(&self, pre_prepare: &PrePrepare) -> bool {
        let PrePrepare {
            place,
            request,
            sig,
        } = pre_prepare;
        let clients = |request: &SignedTx| {
            usize::from(request.tx.id.client) >= self.all.len() && request.is_valid(&self.ring)
        };
        digest(request.as_ref()) == place.digest
            && request.as_ref().is_none_or(clients)
            && self
                .ring
                .verify(self.primary_of(place.view), &Proposed(*place), sig)
    }

    fn on_pre_prepare(
        &mut self,
        node: u16,
        pre_prepare: &PrePrepare,
        out: &mut Out<Message>,
    ) -> Verdict {
        let Place { view, seq, .. } = pre_prepare.place;
        if node != self.primary_of(view) {
            return Verdict::Refused("not from the primary");
        }
        if view < self.view || view > self.view + VIEWS_AHEAD || !self.is_in_window(seq) {
            return Verdict::Useless;
        }
        if !self.is_sound(pre_prepare) {
            return Verdict::Refused("not a sound pre-prepare");
        }
        let entry = self.entries.entry((view, seq)).or_default();
        match &entry.pre_prepare {
            Some(known) if known.place.digest != pre_prepare.place.digest => {
                return Verdict::Refused("another request has this number");
            }
            Some(_) => return Verdict::Useless,
            None => entry.pre_prepare = Some(*pre_prepare),
        }
        if let Some(request) = &pre_prepare.request {
            self.wait_for(request, out);
        }
        self.advance(view, seq, out);
        Verdict::Taken
    }

    fn on_vote(
        &mut self,
        place: &Place,
        vote: impl FnOnce(&mut log::Entry) -> bool,
        out: &mut Out<Message>,
    ) -> Verdict {
        let Place { view, seq, .. } = *place;
        if view < self.view || view > self.view + VIEWS_AHEAD || !self.is_in_window(seq) {
            return Verdict::Useless;
        }
        if !vote(self.entries.entry((view, seq)).or_default()) {
            return Verdict::Useless;
        }
        self.advance(view, seq, out);
        Verdict::Taken
    }

    /// Sends what is due for a number: PREPARE, then COMMIT, then it is committed.
    pub(super) fn advance(&mut self, view: u64, seq: u64, out: &mut Out<Message>) {
        if view != self.view || self.changing {
            return;
        }
        let (me, primary, quorum) = (self.me, self.primary_of(view), self.quorum());
        let Some(entry) = self.entries.get_mut(&(view, seq)) else {
            return;
        };
        let Some(pre_prepare) = entry.pre_prepare else {
            return;
        };
        let place = pre_prepare.place;
        let mut say = Vec::new();
        if !entry.prepare_sent {
            entry.prepare_sent = true;
            if me != primary {
                let sig = self.key.sign(self.ring.network(), &Prepared(place));
                entry.prepare(me, &place, sig);
                say.push(Message::Prepare { place, sig });
            }
        }
        if !entry.commit_sent
            && let Some(certificate) = entry.certificate(primary, quorum - 1)
        {
            entry.commit_sent = true;
            entry.commit(me, &place);
            self.prepared.insert(seq, certificate);
            say.push(Message::Commit(place));
        }
        let committed = !entry.done && entry.commit_sent && entry.committed() >= quorum;
        entry.done |= committed;
        for message in say {
            self.to_all(message, out);
        }
        if committed {
            self.commit(seq, pre_prepare.request, out);
        }
    }

    /// A number is committed: executes it, and what waited for it.
    pub(super) fn commit(&mut self, seq: u64, request: Option<SignedTx>, out: &mut Out<Message>) {
        if seq > self.last_executed() {
            self.committed.insert(seq, request);
        }
        while let Some(request) = self.committed.remove(&(self.last_executed() + 1)) {
            self.execute(request, out);
        }
        if self.is_behind() {
            out.set_timer(PATIENCE, WAKE);
        }
    }

    fn execute(&mut self, request: Option<SignedTx>, out: &mut Out<Message>) {
        self.executed.push(request);
        let seq = self.last_executed();
        let parts = [*self.chain.as_bytes(), *digest(request.as_ref()).as_bytes()];
        self.chain = Digest::of(&parts.concat());
        self.told.remove(&seq);
        self.attempts = 0;
        if let Some(SignedTx { tx, .. }) = request {
            self.pending.remove(&tx.id);
            // A second request of this name does nothing: the first one counts.
            if let Entry::Vacant(place) = self.results.entry(tx.id) {
                place.insert(tx.hash);
                out.deliver(Decided::new(0, seq, tx));
                if usize::from(tx.id.client) == self.all.len() {
                    let (view, id, hash) = (self.view, tx.id, tx.hash);
                    let client = Address::One(NodeId::new(tx.id.client));
                    out.send(client, Message::Reply { view, id, hash });
                }
            }
        }
        if seq.is_multiple_of(CHECKPOINT) {
            let at = Stand {
                seq,
                digest: self.chain,
            };
            let sig = self.key.sign(self.ring.network(), &at);
            self.to_all(Message::Checkpoint { at, sig }, out);
            self.count_checkpoint(self.me, at, sig, out);
        }
    }
}

impl Process for Replica {
    type Message = Message;

    fn start(&mut self, out: &mut Out<Message>) {
        out.set_timer(STATUS_EVERY, STATUS);
    }

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        if let Message::Request(request) = message {
            return self.on_request(from, request, out);
        }
        let Some(node) = self.node(from) else {
            return Verdict::Refused("not from a replica");
        };
        match message {
            Message::PrePrepare(pre_prepare) => self.on_pre_prepare(node, pre_prepare, out),
            Message::Prepare { place, sig } => {
                if !self.ring.verify(node, &Prepared(*place), sig) {
                    return Verdict::Refused("signature");
                }
                self.on_vote(place, |entry| entry.prepare(node, place, *sig), out)
            }
            Message::Commit(place) => self.on_vote(place, |entry| entry.commit(node, place), out),
            Message::Checkpoint { at, sig } => self.on_checkpoint(node, *at, *sig, out),
            Message::ViewChange(change) => self.on_view_change(node, change, out),
            Message::NewView(new_view) => self.on_new_view(node, new_view, out),
            Message::Behind(executed) => self.on_behind(from, *executed, out),
            Message::Executed { from, requests } => self.on_executed(node, *from, requests, out),
            Message::Request(_) | Message::Reply { .. } => Verdict::Refused("not for a replica"),
        }
    }

    /// Time has passed: perhaps too much of it.
    fn timer(&mut self, timer: TimerId, out: &mut Out<Message>) {
        if timer == STATUS {
            self.to_all(Message::Behind(self.last_executed()), out);
            out.set_timer(STATUS_EVERY, STATUS);
            return;
        }
        let now = out.now();
        if self.changing {
            return self.wait_for_new_view(out);
        }
        if self.pending.values().any(|(_, due)| *due <= now) {
            return self.ask_for_view(self.view + 1, out);
        }
        if self.is_behind() {
            self.to_all(Message::Behind(self.last_executed()), out);
            out.set_timer(PATIENCE, WAKE);
        }
    }
}
