//! Every adversary does harm where a rule is broken, and none where none is: the same adversary, the same seeds, the same
//! checkers.

use bft_crdts::net::adversary::AdversaryKind;
use bft_crdts::net::campaign::{Campaign, Strongest};
use bft_crdts::net::{Chance, Property, Span};
use bft_crdts::{Rules, Sound};
use bft_crdts_controls::chosen::{self, Chosen};

/// Runs without faults, with one kind of adversary among the members or with nobody but correct members.
fn campaign(adversary: Option<AdversaryKind>) -> Campaign {
    let outsider = adversary == Some(AdversaryKind::Outsider);
    Campaign {
        adversaries: adversary.into_iter().filter(|_| !outsider).collect(),
        outsider_every: u64::from(outsider),
        strongest: Strongest {
            loss: Chance::NEVER,
            duplication: Chance::NEVER,
            reordering: Chance::NEVER,
            latency: Span::from_millis(30),
            partitions: 0,
            crashes: 0,
            ..Campaign::default().strongest
        },
        real_keys_every: 0,
        members: vec![4, 7],
        ..Campaign::default()
    }
}

/// What breaks within these seeds under the rules of this name.
fn breaks(rules: &str, campaign: &Campaign, seeds: u64) -> Option<Property> {
    let broken = chosen::with(rules, || {
        let mut results = (0..seeds).map(|seed| campaign.run::<Chosen>(seed).unwrap());
        results.find_map(|result| {
            result
                .violations
                .first()
                .map(|violation| violation.property)
        })
    });
    broken.unwrap()
}

const SEEDS: u64 = 30;

#[track_caller]
fn harms(adversary: AdversaryKind, rules: &str) {
    let broken = |adversary, rules| breaks(rules, &campaign(adversary), SEEDS);
    assert_ne!(
        broken(Some(adversary), rules),
        None,
        "{adversary} does no harm under {rules}"
    );
    assert_eq!(
        broken(None, rules),
        None,
        "{rules} does harm without {adversary}"
    );
    assert_eq!(
        broken(Some(adversary), Sound::NAME),
        None,
        "{adversary} does harm under sound rules"
    );
}

#[test]
fn an_equivocator_does_harm_where_half_is_a_quorum() {
    harms(AdversaryKind::Equivocator, "quorum-of-half");
}

#[test]
fn an_equivocator_does_harm_where_witnesses_forget_what_they_echoed() {
    harms(AdversaryKind::Equivocator, "forgets-open");
}

#[test]
fn a_withholder_does_harm_where_proofs_are_not_relayed() {
    harms(AdversaryKind::Withholder, "refuses-relays");
}

#[test]
fn a_forger_does_harm_where_operations_are_not_compared_with_the_header() {
    harms(AdversaryKind::Forger, "takes-any-operations");
}

#[test]
fn a_forger_does_harm_where_invalid_operations_are_echoed() {
    harms(AdversaryKind::Forger, "ignores-invalid");
}

#[test]
fn a_forger_does_harm_where_causes_are_ignored() {
    harms(AdversaryKind::Forger, "ignores-causes");
}

#[test]
fn an_impersonator_does_harm_where_signatures_are_not_verified() {
    harms(AdversaryKind::Impersonator, "trusts-signatures");
}

#[test]
fn a_replayer_does_harm_where_one_echo_counts_twice() {
    harms(AdversaryKind::Replayer, "counts-twice");
}

/// A silent member is harmless as long as there are no more of them than a quorum can spare.
#[test]
fn a_silent_member_does_harm_where_it_is_one_too_many() {
    let too_many = Campaign {
        members: vec![4],
        ..campaign(Some(AdversaryKind::Silent))
    };
    assert_eq!(breaks(Sound::NAME, &too_many, SEEDS), None);
    // With one member lost to each echo that is not repeated, one more is silent than the rules can bear.
    let loss = Strongest {
        loss: Chance::percent(30),
        ..campaign(None).strongest
    };
    let lossy = Campaign {
        strongest: loss,
        ..campaign(Some(AdversaryKind::Silent))
    };
    assert_ne!(breaks("echoes-once", &lossy, SEEDS), None);
    assert_eq!(breaks(Sound::NAME, &lossy, SEEDS), None);
}
