//! Whoever runs an engine to its end: what it answers when it is asked.

use super::disk::ForgetfulDisk;
use super::engine::{End, Engine, Step};
use super::machine::Machine;
use super::node::NodeId;
use super::observer::Observer;

/// What an engine needs of whoever runs it: new machines for nodes that come back, and what is to be done at planned
/// times.
///
/// A closure from a node and its disk to a machine is a driver of runs without calls.
pub trait Driver<M: Machine> {
    /// Builds the machine of a node that is due to come back, from what its disk holds. `None` leaves it down.
    fn restart(&mut self, node: NodeId, disk: &ForgetfulDisk) -> Option<M>;

    /// A call made with [`Engine::call_at`] is due.
    fn call(&mut self, call: u64, engine: &mut Engine<M>, observer: &mut impl Observer<M>) {
        let _ = (call, engine, observer);
    }
}

impl<M: Machine, F: FnMut(NodeId, &ForgetfulDisk) -> Option<M>> Driver<M> for F {
    fn restart(&mut self, node: NodeId, disk: &ForgetfulDisk) -> Option<M> {
        self(node, disk)
    }
}

/// For runs in which nobody comes back: whoever is down stays down.
impl<M: Machine> Driver<M> for () {
    fn restart(&mut self, _: NodeId, _: &ForgetfulDisk) -> Option<M> {
        None
    }
}

impl<M: Machine> Engine<M> {
    /// Starts all machines and lets everything happen until the run ends; why it did.
    pub fn run(&mut self, observer: &mut impl Observer<M>, driver: &mut impl Driver<M>) -> End {
        self.start(observer);
        loop {
            if let Some(end) = self.drive(observer, driver) {
                return end;
            }
        }
    }

    /// One step, and what the driver does about it; why the run ended, if it did.
    pub(super) fn drive(
        &mut self,
        observer: &mut impl Observer<M>,
        driver: &mut impl Driver<M>,
    ) -> Option<End> {
        match self.step(observer) {
            Step::Ran => {}
            Step::Call(call) => driver.call(call, self, observer),
            Step::RestartDue(node) => {
                let machine = self.disk(node).and_then(|disk| driver.restart(node, disk));
                if let Some(machine) = machine {
                    self.restart(node, machine, observer);
                }
            }
            Step::Ended(end) => return Some(end),
        }
        None
    }
}
