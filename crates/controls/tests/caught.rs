//! Every broken rule set is caught by the judges that find nothing wrong with the sound one.

use bft_crdts::Rules;
use bft_crdts::net::campaign::{Campaign, SeedResult};
use bft_crdts_controls::{CONTROLS, Visitor, visit};

/// The first seed, from 0, that catches these rules.
struct Catch {
    within: u64,
}

impl Visitor for Catch {
    type Output = Option<SeedResult>;

    fn visit<R: Rules>(self) -> Self::Output {
        let campaign = Campaign::default();
        let mut results = (0..self.within).map(|seed| campaign.run::<R>(seed).unwrap());
        results.find(|result| !result.violations.is_empty())
    }
}

#[test]
fn every_broken_rule_set_is_caught_within_a_thousand_seeds() {
    let mut missed = Vec::new();
    for control in CONTROLS {
        match visit(control.name, Catch { within: 1_000 }).unwrap() {
            Some(caught) => println!(
                "{:20} seed {:4}: {}",
                control.name, caught.seed, caught.violations[0]
            ),
            None => missed.push(control.name),
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}
