//! What a decision costs without faults: the formulas, exactly, for 4 to 31 nodes.

use bft_crdts_lab::ccro::{self, Mode};
use bft_crdts_lab::protocol::Protocol;
use bft_crdts_lab::trial::{self, Outcome, Plan};

fn run(protocol: Protocol, n: usize) -> Outcome {
    let outcome = protocol
        .run(&Plan::new(n, n as u64))
        .unwrap_or_else(|why| panic!("{protocol} with {n}: {why}"));
    assert_eq!(outcome.decided, 1, "{protocol} with {n}");
    assert!(outcome.violations.is_empty(), "{protocol} with {n}");
    outcome
}

fn costs(protocol: Protocol, messages: impl Fn(usize) -> usize) {
    for n in 4..=31 {
        let outcome = run(protocol, n);
        assert_eq!(
            outcome.messages.messages as usize,
            messages(n),
            "{protocol} with {n}"
        );
    }
}

#[test]
fn secure_broadcast_takes_three_messages_for_every_other_member() {
    costs(Protocol::SecureBroadcast, |n| 3 * (n - 1));
}

#[test]
fn pbft_takes_2nn_minus_n_plus_1() {
    costs(Protocol::Pbft, |n| 2 * n * n - n + 1);
    assert_eq!(
        [4, 7, 10, 31].map(|n| run(Protocol::Pbft, n).messages.messages),
        [29, 92, 191, 1_892]
    );
}

#[test]
fn ccro_takes_5n_minus_9_to_the_reply_and_6n_minus_10_with_storage() {
    for protocol in [Protocol::Ccro, Protocol::CcroCount] {
        costs(protocol, |n| 5 * n - 9);
        for n in 4..=31 {
            let stored = run(protocol, n).stored.messages as usize;
            assert_eq!(stored, 6 * n - 10, "{protocol} with {n}");
        }
    }
    assert_eq!(run(Protocol::Ccro, 6).messages.messages, 21);
}

#[test]
fn ccro_in_m_domains_takes_5n_minus_9m() {
    for domains in 1..=5_u16 {
        for n in usize::from(domains) * 6..=31 {
            // One transaction for every domain.
            let plan = Plan {
                decisions: u64::from(domains),
                ..Plan::new(n, 1)
            };
            let roster = ccro::roster_in_domains(Mode::Votes, &plan, domains).expect("a plan");
            let outcome = trial::run(&plan, roster);
            let messages = outcome.messages.messages as usize;
            assert_eq!(
                messages,
                5 * n - 9 * usize::from(domains),
                "{n} in {domains}"
            );
            assert_eq!(outcome.decided, u64::from(domains));
        }
    }
}

#[test]
fn naive_flood_takes_the_sum_of_three_powers() {
    costs(Protocol::NaiveFlood, |n| {
        (1..=3).map(|power| (n - 1).pow(power)).sum()
    });
    assert_eq!(
        [4, 7, 10, 16, 31].map(|n| run(Protocol::NaiveFlood, n).messages.messages),
        [39, 258, 819, 3_615, 27_930]
    );
}

#[test]
fn majority_vote_takes_4n_minus_2() {
    costs(Protocol::MajorityVote, |n| 4 * n - 2);
}

#[test]
fn nothing_is_sent_but_what_the_protocols_name() {
    let kinds = |protocol| -> Vec<(&str, u64)> {
        let outcome = run(protocol, 7);
        let by_kind = outcome.by_kind.iter();
        by_kind
            .map(|(kind, traffic)| (*kind, traffic.messages))
            .filter(|(kind, _)| !kind.starts_with("monitor"))
            .collect()
    };
    let six = [("echo", 6), ("proof", 6), ("request", 6)];
    assert_eq!(kinds(Protocol::SecureBroadcast), six);
    let pbft = [
        ("commit", 42),
        ("pre-prepare", 6),
        ("prepare", 36),
        ("reply", 7),
        ("request", 1),
    ];
    assert_eq!(kinds(Protocol::Pbft), pbft);
    let ccro = [
        ("block", 6),
        ("commit", 5),
        ("pre-prepare", 5),
        ("prepare", 5),
        ("reply", 5),
        ("request", 6),
    ];
    assert_eq!(kinds(Protocol::Ccro), ccro);
}

#[test]
fn delays_are_those_of_the_papers() {
    let delays = |protocol: Protocol| protocol.delays(7).expect("seven nodes");
    assert_eq!(delays(Protocol::SecureBroadcast), Some(3));
    assert_eq!(delays(Protocol::Pbft), Some(5));
    assert_eq!(delays(Protocol::Ccro), Some(5));
    assert_eq!(delays(Protocol::NaiveFlood), Some(3));
    assert_eq!(delays(Protocol::MajorityVote), Some(4));
    assert_eq!(delays(Protocol::Lottery), None);
}
