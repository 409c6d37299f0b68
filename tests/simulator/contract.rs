//! Algorithms that break their contract, and one that only just keeps it (`docs/threats.md`, 65).

use crate::networks;
use crate::support::honest;
use bft_crdts::net::{
    Chance, FakeKeys, Faults, HaltReason, Net, Property, Roster, SimAlgorithm, Task, VirtualTime,
};
use bft_crdts::{Actor, Causes, Dot, SecureBroadcastAlgorithm};

/// A tally that does something forbidden when it is told to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tally<const SIN: u8> {
    me: Actor,
    sum: u64,
}

const NONE: u8 = 0;
const PANICS: u8 = 1;
const DIFFERS: u8 = 2;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much")]
struct TooMuch;

impl<const SIN: u8> SecureBroadcastAlgorithm for Tally<SIN> {
    type Op = u64;
    type ReplicatedState = u64;
    type Invalid = TooMuch;

    fn new(me: Actor) -> Self {
        Self { me, sum: 0 }
    }

    fn state(&self) -> u64 {
        self.sum
    }

    fn sync_from(&mut self, sum: u64) {
        self.sum = sum;
    }

    fn causes(&self, _: &u64) -> Causes {
        Causes::Nothing
    }

    fn validate(&self, _: &Dot, op: &u64) -> Result<(), TooMuch> {
        if *op > 1_000 { Err(TooMuch) } else { Ok(()) }
    }

    fn apply(&mut self, _: Dot, op: u64) {
        assert!(SIN != PANICS || op != 13, "thirteen");
        self.sum += op;
        if SIN == DIFFERS {
            self.sum += u64::from(self.me.as_bytes()[0]);
        }
    }
}

impl<const SIN: u8> SimAlgorithm for Tally<SIN> {}

fn net<const SIN: u8>() -> Net<Tally<SIN>> {
    Net::new(Roster::<FakeKeys>::letters(4), "tally/1", 0)
}

fn add<const SIN: u8>(who: &str, number: u64) -> Task<Tally<SIN>> {
    Task::op(who, number)
}

#[test]
fn an_algorithm_needs_only_the_trait_to_be_simulated_and_judged() {
    networks::check(10, 20, |plan| {
        let faults = Faults {
            loss: Chance::percent(20),
            ..Faults::default()
        };
        let items = (0..plan.size as u64).map(|row| {
            let at = VirtualTime::from_millis(row * 20);
            add(["a", "b", "c"][row as usize % 3], row).at(at)
        });
        let net = net::<NONE>()
            .seed(plan.seed)
            .faults(plan.faults(faults))
            .workload(items);
        let report = networks::run_net(net);
        honest(&report);
        let sum: u64 = (0..plan.size as u64).sum();
        let mut copies = report.finals.iter().map(|end| end.copy.as_ref().unwrap());
        assert!(copies.all(|copy| copy.sum == sum));
    });
}

#[test]
fn an_invalid_operation_comes_back_to_whoever_submitted_it() {
    let report = net::<NONE>()
        .workload([add("a", 1_001), add("a", 7)])
        .run()
        .unwrap();
    honest(&report);
    assert_eq!(
        (report.delivered, report.refused[0].reason.as_str()),
        (1, "too much")
    );
}

#[test]
fn an_application_that_panics_halts_its_own_node_and_no_other() {
    let items = [
        add("a", 1),
        add("b", 13).at(VirtualTime::from_secs(1)),
        add("c", 5).at(VirtualTime::from_secs(2)),
    ];
    let report = net::<PANICS>().workload(items).run().unwrap();
    // Whoever submits the fatal number dies of it as it delivers it, before it shows anybody the certificate.
    assert_eq!(
        report.halted,
        [("b".to_owned(), HaltReason::AppPanicked("thirteen".into()))]
    );
    let halts = report
        .violations
        .iter()
        .filter(|violation| violation.property == Property::Halt);
    assert_eq!(
        halts
            .map(|violation| violation.nodes.clone())
            .collect::<Vec<_>>(),
        [["b"]]
    );
    let sums = report
        .finals
        .iter()
        .filter_map(|end| end.copy.as_ref())
        .map(|copy| copy.sum);
    assert_eq!(sums.collect::<Vec<_>>(), [6, 6, 6], "the others go on");
}

#[test]
fn an_application_whose_copies_differ_is_found_out() {
    let report = net::<DIFFERS>().workload([add("a", 1)]).run().unwrap();
    let found = report
        .violations
        .iter()
        .filter(|violation| violation.property == Property::Convergence);
    assert!(found.count() > 0 && !report.converged);
}
