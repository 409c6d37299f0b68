//! The models leave their decisions to the rules. (So does the replica: `crates/controls/tests/asked.rs`.)

use std::collections::BTreeSet;

use bft_crdts_controls::recording::{GENERATIONS, OPERATIONS, Recording, asked};

#[test]
fn the_models_ask_the_rules() {
    crate::one_slot::explore::<Recording>();
    crate::reconfiguration::tests::explore::<Recording>();
    crate::decision::tests::explore::<Recording>();
    let wanted: BTreeSet<&str> = OPERATIONS.into_iter().chain(GENERATIONS).collect();
    let missed: Vec<_> = wanted.difference(&asked()).copied().collect();
    // There is one slot or two, and nothing to wait for.
    assert_eq!(missed, ["parks"]);
}
