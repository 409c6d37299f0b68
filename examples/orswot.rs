//! A shopping list that four people edit at once, over a network that loses every fifth packet.

use bft_crdts::net::{Chance, FakeKeys, Faults, Net, Roster, Task, VirtualTime};
use bft_crdts::orswot::{ALGORITHM, Entries, Orswot};

type List = Orswot<String>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let roster = Roster::<FakeKeys>::new(["ann", "bob", "cat", "dan"]);
    let loss = Chance::percent(20);
    let report = Net::<List>::new(roster, ALGORITHM, Entries::default())
        .seed(3)
        .faults(Faults {
            loss,
            ..Faults::default()
        })
        .workload([
            add("ann", "milk", 0),
            add("ann", "eggs", 0),
            // At once: neither has heard of what the other does. Of an add and a concurrent remove the add wins.
            remove("bob", "milk", 2),
            add("cat", "milk", 2),
            // Later: dan has seen the eggs, and nobody adds them again.
            remove("dan", "eggs", 4),
        ])
        .run()?;

    let traffic = &report.traffic;
    println!(
        "{} of {} packets were lost",
        traffic.lost,
        traffic.packets()
    );
    for end in &report.finals {
        let list = end.copy.as_ref().ok_or("everybody is up")?;
        println!("{} has {:?}", end.name, list.members().collect::<Vec<_>>());
        assert!(list.members().eq(["milk"]));
    }
    assert!(report.is_sound() && report.converged);
    assert_eq!(report.delivered, 5);
    Ok(())
}

/// After so many seconds this person adds this thing.
fn add(who: &str, thing: &'static str, secs: u64) -> Task<List> {
    let item = Task::<List>::from(who, move |context| Ok(context.copy.add([thing.into()])));
    item.at(VirtualTime::from_secs(secs))
}

/// After so many seconds this person removes this thing, as far as it is there.
fn remove(who: &str, thing: &'static str, secs: u64) -> Task<List> {
    let item = Task::<List>::from(who, move |context| {
        let op = context.copy.remove(&thing.into());
        op.ok_or_else(|| format!("there is no {thing}"))
    });
    item.at(VirtualTime::from_secs(secs))
}
