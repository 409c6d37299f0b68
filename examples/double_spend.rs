//! Alice has 100 and pays it twice under one number: to bob, telling bob and carol, and to dave, telling dave.

use bft_crdts::bank::{ALGORITHM, Bank, Ledger};
use bft_crdts::net::adversary::Equivocator;
use bft_crdts::net::trace::TraceKind;
use bft_crdts::net::{ChartOptions, Net, Roster, svg};
use bft_crdts::{Actor, Ed25519};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let roster = Roster::<Ed25519>::new(["alice", "bob", "carol", "dave"]);
    let people: Vec<Actor> = roster.actors().collect();
    let [alice, bob, carol, dave] = people[..] else {
        unreachable!("four were named")
    };
    let ledger = Ledger::genesis([(alice, 100), (bob, 0), (carol, 0), (dave, 0)], [])?;

    let pay = |to| Bank::transfer_citing(to, 100, [].into());
    let adversary = Equivocator::scripted([(pay(bob), vec![bob, carol]), (pay(dave), vec![dave])]);
    let report = Net::<Bank, Ed25519>::new(roster, ALGORITHM, ledger)
        .seed(1)
        .adversary("alice", Box::new(adversary))
        .traced("double_spend", "examples/double_spend.rs")
        .run()?;

    let trace = report.trace.as_ref().ok_or("a trace was asked for")?;
    for event in &trace.events {
        if let TraceKind::Delivered { node, label } = &event.kind {
            println!(
                "{:>8}  {} delivers {label}",
                event.at.to_string(),
                trace.nodes[node.index()].name
            );
        }
    }
    for conviction in &report.convictions {
        let known_to = conviction.known_to.join(", ");
        println!(
            "{} signed twice for slot {}; {known_to} can prove it",
            conviction.culprit, conviction.place
        );
    }
    // No tests write here, and git ignores it.
    let chart = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/examples/double_spend.svg"
    );
    std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/target/examples"))?;
    std::fs::write(chart, svg::render(trace, &ChartOptions::default()))?;
    println!("the chart is in {chart}");

    assert!(
        report.is_sound() && report.converged,
        "no promise was broken"
    );
    assert_eq!(report.convictions[0].culprit, "alice");
    for end in &report.finals {
        let bank = end.copy.as_ref().ok_or("everybody is up")?;
        assert_eq!(
            bank.balance(&bob),
            Some(100),
            "bob is paid, at {}",
            end.name
        );
        assert_eq!(bank.balance(&dave), Some(0), "dave is not, at {}", end.name);
    }
    Ok(())
}
