//! Eclipse: whoever hears only from faulty nodes knows only what they tell.

use bft_crdts::net::NodeId;

use super::Fault;
use crate::packet::Process;

/// Keeps to the protocol towards all but one node, to which it says nothing. When all neighbours of that node do this,
/// it is alone in the world and does not know it.
#[derive(Clone, Copy, Debug)]
pub struct Eclipse {
    /// Who is kept in the dark.
    pub victim: NodeId,
}

impl<M: Process> Fault<M> for Eclipse {
    fn send(&mut self, to: NodeId, message: M::Message) -> Option<M::Message> {
        (to != self.victim).then_some(message)
    }
}
