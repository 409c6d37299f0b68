//! Every broken rule set about operations is caught by the checkers that find nothing wrong with the sound one. (Those
//! about generations need members who come and go: `bft-crdts sweep --controls`.)

use bft_crdts::net::campaign::Campaign;
use bft_crdts_controls::chosen::{self, Chosen};
use bft_crdts_controls::operations::CONTROLS;

#[test]
fn every_broken_rule_set_is_caught_within_a_thousand_seeds() {
    let campaign = Campaign::default();
    let mut missed = Vec::new();
    for control in CONTROLS {
        let caught = chosen::with(control.name, || {
            let mut results = (0..1_000).map(|seed| campaign.run::<Chosen>(seed).unwrap());
            results.find(|result| !result.violations.is_empty())
        });
        match caught.unwrap() {
            Some(caught) => println!(
                "{:20} seed {:4}: {}",
                control.name, caught.seed, caught.violations[0]
            ),
            None => missed.push(control.name),
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}
