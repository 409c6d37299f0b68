//! A block list that five servers keep together. Any of them blocks, any of them lifts a block it has seen; one tells
//! everybody something else, and gets no further than that.

use bft_crdts::Ed25519;
use bft_crdts::net::adversary::Equivocator;
use bft_crdts::net::{Chance, Faults, Net, Roster, Task, VirtualTime};
use bft_crdts::orswot::{ALGORITHM, Entries, Op, Orswot};

type BlockList = Orswot<String>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = ["alpha", "beta", "gamma", "delta", "omega"];
    let roster = Roster::<Ed25519>::new(servers);
    let of = |name: &str| roster.actor(name).ok_or(format!("there is no {name}"));
    // Omega wants some to believe one thing and some another.
    let block = |host: &str| Op::Add {
        members: [host.to_owned()].into(),
    };
    let lies = Equivocator::scripted([
        (block("rival.example"), vec![of("alpha")?, of("beta")?]),
        (block("critic.example"), vec![of("gamma")?, of("delta")?]),
    ]);

    let loss = Chance::percent(20);
    let report = Net::<BlockList, Ed25519>::new(roster, ALGORITHM, Entries::default())
        .seed(5)
        .faults(Faults {
            loss,
            ..Faults::default()
        })
        .adversary("omega", Box::new(lies))
        .workload([
            blocks("alpha", "spam.example", 0),
            blocks("alpha", "scam.example", 0),
            // Both at once. Gamma lifts the block it has seen, beta's is another one: of the two, blocking wins.
            lifts("gamma", "spam.example", 5),
            blocks("beta", "spam.example", 5),
            // Delta has seen all there is about this one.
            lifts("delta", "scam.example", 10),
        ])
        .run()?;

    println!(
        "omega asks alpha and beta to block its rival, and gamma and delta to block its critic"
    );
    for end in &report.finals {
        let Some(list) = &end.copy else { continue }; // the Byzantine node has none
        let hosts: Vec<&str> = list.members().map(String::as_str).collect();
        println!("{:>6} blocks {}", end.name, hosts.join(" and "));
        assert!(list.contains(&"spam.example".to_owned()));
        assert!(!list.contains(&"scam.example".to_owned()));
        assert!(
            list.len() <= 2,
            "at most one of omega's two stories is true"
        );
    }
    for conviction in &report.convictions {
        let who = conviction.known_to.join(", ");
        println!(
            "{} told two stories; {who} can prove it",
            conviction.culprit
        );
    }
    assert!(report.is_sound() && report.converged);
    assert_eq!(report.convictions[0].culprit, "omega");
    Ok(())
}

/// After so many seconds this server blocks this host.
fn blocks(server: &str, host: &'static str, secs: u64) -> Task<BlockList> {
    let item = Task::<BlockList>::from(server, move |context| {
        Ok(context.copy.add([host.to_owned()]))
    });
    item.at(VirtualTime::from_secs(secs))
}

/// After so many seconds this server lifts the block of this host, as far as it has seen one.
fn lifts(server: &str, host: &'static str, secs: u64) -> Task<BlockList> {
    let item = Task::<BlockList>::from(server, move |context| {
        let lift = context.copy.remove(&host.to_owned());
        lift.ok_or_else(|| format!("{host} is not blocked"))
    });
    item.at(VirtualTime::from_secs(secs))
}
