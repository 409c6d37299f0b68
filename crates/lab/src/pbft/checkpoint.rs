//! Checkpoints, at which logs are cut, and how a replica that is behind catches up.

use bft_crdts::Sig;
use bft_crdts::net::{Address, NodeId};

use super::message::{Message, Stable, Stand};
use super::replica::{MOST_EXECUTED, Replica, WAKE};
use super::{CHECKPOINT, PATIENCE, WINDOW};
use crate::outcome::Verdict;
use crate::packet::Out;
use crate::tx::SignedTx;

impl Replica {
    pub(super) fn on_checkpoint(
        &mut self,
        node: u16,
        at: Stand,
        sig: Sig,
        out: &mut Out<Message>,
    ) -> Verdict {
        let high = self.stable.at.seq + 2 * WINDOW;
        if at.seq <= self.stable.at.seq || at.seq > high || !at.seq.is_multiple_of(CHECKPOINT) {
            return Verdict::Useless;
        }
        if !self.ring.verify(node, &at, &sig) {
            return Verdict::Refused("signature");
        }
        self.count_checkpoint(node, at, sig, out);
        Verdict::Taken
    }

    pub(super) fn count_checkpoint(
        &mut self,
        node: u16,
        at: Stand,
        sig: Sig,
        out: &mut Out<Message>,
    ) {
        let votes = self.checkpoints.entry(at.seq).or_default();
        votes.entry(node).or_insert((at, sig));
        let alike = votes.iter().filter(|(_, (theirs, _))| *theirs == at);
        let proof: Vec<_> = alike.map(|(node, (_, sig))| (*node, *sig)).collect();
        if proof.len() >= self.quorum() {
            self.settle(Stable { at, proof }, out);
        }
    }

    /// A checkpoint is stable: what lies below it is forgotten.
    pub(super) fn settle(&mut self, stable: Stable, out: &mut Out<Message>) {
        let low = stable.at.seq;
        if low <= self.stable.at.seq {
            return;
        }
        self.stable = stable;
        self.entries.retain(|(_, seq), _| *seq > low);
        self.prepared.retain(|seq, _| *seq > low);
        self.checkpoints.retain(|seq, _| *seq > low);
        self.last_given = self.last_given.max(low);
        if self.is_behind() {
            self.to_all(Message::Behind(self.last_executed()), out);
            out.set_timer(PATIENCE, WAKE);
        }
        // The window has moved: what found no room in it may now.
        if self.is_primary() && !self.changing {
            let waiting: Vec<SignedTx> =
                self.pending.values().map(|(request, _)| *request).collect();
            for request in waiting {
                self.give_number(&request, out);
            }
        }
    }

    /// Others have gone on without it.
    pub(super) fn is_behind(&self) -> bool {
        self.stable.at.seq > self.last_executed() || !self.committed.is_empty()
    }

    pub(super) fn on_behind(&self, from: NodeId, executed: u64, out: &mut Out<Message>) -> Verdict {
        let start = usize::try_from(executed).unwrap_or(usize::MAX);
        let Some(news) = self.executed.get(start..).filter(|news| !news.is_empty()) else {
            return Verdict::Useless;
        };
        let requests = news.iter().take(MOST_EXECUTED).copied().collect();
        let from_seq = executed + 1;
        out.send(
            Address::One(from),
            Message::Executed {
                from: from_seq,
                requests,
            },
        );
        Verdict::Taken
    }

    pub(super) fn on_executed(
        &mut self,
        node: u16,
        from: u64,
        requests: &[Option<SignedTx>],
        out: &mut Out<Message>,
    ) -> Verdict {
        let mut news = false;
        for (seq, request) in (from..).zip(requests.iter().take(MOST_EXECUTED)) {
            let near = seq > self.last_executed() && seq <= self.last_executed() + 2 * WINDOW;
            if !near || request.is_some_and(|request| !request.is_valid(&self.ring)) {
                continue;
            }
            news = true;
            let told = self.told.entry(seq).or_default();
            told.insert(node, *request);
            // f + 1 say it alike, so an honest one has executed it: it is committed.
            let alike = told.values().filter(|theirs| *theirs == request).count();
            if alike >= self.sizes.one_honest() {
                self.commit(seq, *request, out);
            }
        }
        if news {
            Verdict::Taken
        } else {
            Verdict::Useless
        }
    }
}
