//! PBFT: what it costs, what it survives, and what it does not.

use bft_crdts_lab::fault::FaultKind;
use bft_crdts_lab::pbft;
use bft_crdts_lab::trial::{self, Outcome, Plan};

fn run(plan: &Plan) -> Outcome {
    trial::run(plan, pbft::cast(plan).expect("a plan"))
}

#[test]
fn a_decision_without_faults_takes_2nn_minus_n_plus_1_messages() {
    for n in 4..=31 {
        let outcome = run(&Plan::new(n, n as u64));
        assert_eq!(outcome.messages.messages as usize, 2 * n * n - n + 1, "{n}");
        assert_eq!(outcome.stored.messages, outcome.messages.messages);
        assert_eq!((outcome.decided, outcome.violations.len()), (1, 0));
        assert_eq!(outcome.last_view(), 0);
    }
}

#[test]
fn it_survives() {
    for fault in pbft::FAULTS {
        for seed in 0..200 {
            let plan = Plan {
                decisions: 3,
                ..Plan::new(4, seed).with(1, fault)
            };
            let outcome = run(&plan);
            assert!(
                outcome.violations.is_empty(),
                "{fault} {seed} {:?}",
                outcome.violations
            );
            assert_eq!(
                outcome.decided,
                3,
                "{fault} {seed} view {} {:?}",
                outcome.last_view(),
                outcome.faulty
            );
        }
    }
}

#[test]
fn with_more_it_falls() {
    let mut n = 0;
    for seed in 0..100 {
        let plan = Plan {
            decisions: 3,
            ..Plan::new(4, seed).with(2, FaultKind::MaliciousCommander)
        };
        let outcome = run(&plan);
        n += usize::from(!outcome.violations.is_empty());
    }
    eprintln!("{n}");
    assert!(n > 50);
}
