//! A data type of your own, replicated: a guest book that nobody can rewrite, with three lines for everybody.

use std::collections::BTreeMap;

use bft_crdts::net::adversary::Silent;
use bft_crdts::net::{FakeKeys, Net, Roster, SimAlgorithm, Task};
use bft_crdts::{Actor, Causes, Dot, SecureBroadcastAlgorithm};

/// Ordered, so that equal books have equal bytes. Who wrote a line is in its dot: nobody can forge that.
#[derive(Clone, Debug, PartialEq, Eq)]
struct GuestBook(BTreeMap<Dot, String>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("three lines are enough")]
struct TooMany;

impl SecureBroadcastAlgorithm for GuestBook {
    type Op = String;
    type ReplicatedState = BTreeMap<Dot, String>;
    type Invalid = TooMany;

    fn new(_: Actor) -> Self {
        GuestBook(BTreeMap::new())
    }
    fn state(&self) -> BTreeMap<Dot, String> {
        self.0.clone()
    }
    fn sync_from(&mut self, other: BTreeMap<Dot, String>) {
        self.0 = other;
    }
    /// A line needs nothing to be there first, so it waits for nothing.
    fn causes(&self, _: &String) -> Causes {
        Causes::Nothing
    }
    /// Looks at the writer's own past only: what others write cannot make a good line bad, so no order is needed.
    fn validate(&self, dot: &Dot, _: &String) -> Result<(), TooMany> {
        let written = self.0.keys().filter(|line| line.actor == dot.actor);
        (written.count() < 3).then_some(()).ok_or(TooMany)
    }
    fn apply(&mut self, dot: Dot, line: String) {
        self.0.insert(dot, line);
    }
}

/// Every method has a default; say more here and the checkers, the charts and the adversaries know your type better.
impl SimAlgorithm for GuestBook {}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lines = ["We came", "We saw", "It rained", "It still rains"];
    let roster = Roster::<FakeKeys>::new(["ann", "bob", "cat", "dan"]);
    let names = roster.names().clone();
    let report = Net::<GuestBook>::new(roster, "guest-book/1", BTreeMap::new())
        .adversary("dan", Box::new(Silent)) // one of four may do what he likes
        .workload(lines.map(|line| Task::op("ann", line.to_owned())))
        .run()?;

    for end in &report.finals {
        let book = end.copy.as_ref().ok_or("everybody is up")?;
        println!("{}'s copy:", end.name);
        for (dot, line) in &book.0 {
            println!("    {} #{}: {line}", names.of(&dot.actor), dot.counter);
        }
        assert_eq!(book.0.len(), 3);
    }
    for refused in &report.refused {
        println!("{}: not written, {}", refused.label, refused.reason);
    }
    assert!(report.is_sound() && report.converged && report.refused.len() == 1);
    Ok(())
}

/// What keeps it safe to replicate, checked by `cargo test --example your_own_algorithm`.
#[cfg(test)]
mod tests {
    use bft_crdts::conformance::{Arbitrary, Gen, Turn};

    use super::GuestBook;

    /// What somebody might do next: write a line. Of what they may not write the book knows itself.
    fn a_line(_: &Turn<'_, GuestBook>, g: &mut Gen) -> Option<String> {
        Some(format!("line {}", u8::arbitrary(g)))
    }

    bft_crdts::conformance!(GuestBook, a_line);
}
