//! Members come and go at random, on a bad network with Byzantine nodes in it.

use bft_crdts::Sound;

use super::churn;
use crate::networks;

#[test]
fn members_come_and_go_and_nothing_is_broken() {
    networks::check(1, 9_000, |plan| {
        churn::run::<Sound>(&mut plan.rng());
    });
}
