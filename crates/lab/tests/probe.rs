//! What every protocol does under every fault, at a glance.

use bft_crdts_lab::protocol::Protocol;
use bft_crdts_lab::trial::Plan;

#[test]
#[ignore]
fn probe() {
    for protocol in Protocol::ALL {
        for fault in protocol.faults() {
            for (n, ks) in [(7usize, vec![1usize, 2, 3, 4]), (6, vec![1, 2, 3, 4])] {
                for k in ks {
                    let (mut bad, mut decided, mut err) = (0, 0, None);
                    for seed in 0..20 {
                        let plan = Plan {
                            decisions: 2,
                            ..Plan::new(n, seed).with(k, fault)
                        };
                        match protocol.run(&plan) {
                            Ok(o) => {
                                bad += usize::from(!o.violations.is_empty());
                                decided += o.decided;
                            }
                            Err(e) => err = Some(e.to_string()),
                        }
                    }
                    println!(
                        "{protocol:18} n={n} {fault:26} k={k} runs with violations {bad}/20 decided {decided}/40 {err:?}"
                    );
                }
            }
        }
    }
}
