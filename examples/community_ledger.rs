//! A neighbourhood that pays in hours: the council issues them for work done, within a cap, and everybody pays everybody.

use bft_crdts::Actor;
use bft_crdts::bank::{ALGORITHM, Bank, Ledger};
use bft_crdts::net::adversary::Silent;
use bft_crdts::net::{BankRow, Chance, FakeKeys, Faults, Net, Roster, VirtualTime, bank_rows};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Seven replicas tolerate two that fail, or lie.
    let roster = Roster::<FakeKeys>::new(["council", "ann", "bob", "cat", "dan", "eva", "fay"]);
    let people: Vec<Actor> = roster.actors().collect();
    let council = people[0];
    // Nobody has anything yet, and there can never be more than 500 hours.
    let ledger = Ledger::genesis(people.iter().map(|person| (*person, 0)), [(council, 500)])?;

    let names = roster.names().clone();
    let actor = |name: &str| {
        people
            .iter()
            .copied()
            .find(|person| names.of(person) == name)
    };
    let mut rows = Vec::new();
    for (who, to, amount) in [
        ("council", "ann", 40), // she has mended the roof
        ("council", "bob", 60),
        ("ann", "cat", 25), // waits until the council's hours have arrived, however slow the network is
        ("bob", "cat", 25),
        ("cat", "dan", 50),      // spends what came from both
        ("dan", "eva", 51),      // has only 50: refused, also by his own replica
        ("council", "eva", 401), // more than the cap leaves
        ("dan", "council", 10),
    ] {
        rows.push(BankRow {
            who: who.into(),
            to: actor(to).ok_or("nobody of that name")?,
            amount,
            issue: who == "council",
            at: VirtualTime::ZERO,
            tag: rows.len() as u64 + 1,
        });
    }

    let loss = Chance::percent(10);
    let report = Net::<Bank>::new(roster, ALGORITHM, ledger)
        .seed(7)
        .faults(Faults {
            loss,
            ..Faults::default()
        })
        .adversary("fay", Box::new(Silent)) // is on holiday; nobody has to wait for her
        .workload(bank_rows(rows, actor))
        .run()?;

    println!("the council issues hours, everybody pays with what they have, fay is away");
    for refused in &report.refused {
        let (line, who, why) = (refused.tag, &refused.who, &refused.reason);
        println!("line {line}, {who}: refused, {why}");
    }
    let bank = report.finals[0].copy.as_ref().ok_or("everybody is up")?;
    let hours = |person: &Actor| bank.balance(person).unwrap_or(0);
    for person in &people {
        println!("{:>8} has {:>3} hours", names.of(person), hours(person));
    }
    let (issued, supply) = (bank.issued(&council).unwrap_or(0), bank.supply());
    println!("{issued} hours are issued, {supply} are there, in all copies");

    assert!(report.is_sound() && report.converged);
    assert_eq!(report.refused.len(), 2);
    assert_eq!(supply, 100, "nothing is made or lost on the way");
    Ok(())
}
