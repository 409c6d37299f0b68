//! A primary that leaves the requests of one client lying, while it orders those of a client in league with it: a backup
//! whose patience began anew with everything that is executed would wait for ever.

use bft_crdts::net::{NodeId, Span, TimerId};

use super::{Message, Replica};
use crate::fault::{Fault, Forger};
use crate::outcome::Verdict;
use crate::packet::{Out, Process};
use crate::tx::{SignedTx, Tx, TxId};

const BUSY: TimerId = TimerId(u32::MAX);
const EVERY: Span = Span::from_millis(40);
/// It cannot go on for ever: by then nobody has patience left.
const MOST: u64 = 200;

/// The primary.
#[derive(Debug)]
pub(super) struct Stalling {
    forger: Forger,
    made: u64,
}

impl Stalling {
    pub(super) const fn new(forger: Forger) -> Self {
        Self { forger, made: 0 }
    }

    /// A request of the client in league.
    fn make(&mut self) -> SignedTx {
        self.made += 1;
        let tx = Tx {
            id: TxId {
                client: self.forger.client,
                number: self.made,
            },
            hash: self.made,
            balance: 1,
            diff: 1,
        };
        SignedTx::new(&self.forger.client_key, &self.forger.ring, tx)
    }
}

impl Fault<Replica> for Stalling {
    fn start(&mut self, inner: &mut Replica, out: &mut Out<Message>) {
        inner.start(out);
        out.set_timer(EVERY, BUSY);
    }

    fn message(
        &mut self,
        inner: &mut Replica,
        from: NodeId,
        message: &Message,
        out: &mut Out<Message>,
    ) -> Verdict {
        match message {
            Message::Request(_) => Verdict::Useless,
            message => inner.message(from, message, out),
        }
    }

    fn timer(&mut self, inner: &mut Replica, timer: TimerId, out: &mut Out<Message>) {
        if timer != BUSY {
            return inner.timer(timer, out);
        }
        let request = self.make();
        let from = NodeId::new(request.tx.id.client);
        let _ = inner.message(from, &Message::Request(request), out);
        if self.made < MOST {
            out.set_timer(EVERY, BUSY);
        }
    }
}
