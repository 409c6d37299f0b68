//! The conflicting client of the second notebook: over gossip, and then over protocols that decide.

use bft_crdts::net::NodeId;

use super::file::File;
use super::gossip::{crash, with};
use super::world::{self, Gossiped};
use super::{ExperimentError, Page};
use crate::fault::FaultKind;
use crate::majority_vote::{self, Absent};
use crate::trial::{self, Outcome, Plan};
use crate::{lottery, pbft, row, secure_broadcast};

/// The world of crash-gossip, with a client that makes two versions of each transaction.
pub(super) fn file(seed: u64) -> File {
    with(&crash(seed), |services| {
        services.conflicting = true;
        services.balance = 100;
    })
}

pub(super) fn run(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("A client that spends its money twice");
    let come = world::gossip(file)?;
    table(&mut page, &come);
    stores(&mut page, &come);
    others(&mut page, file, &come)?;
    Ok(page)
}

/// The notebook's table: is what a peer holds what the client kept?
fn table(page: &mut Page, come: &Gossiped) {
    page.line("which peer holds the version that the client kept (. holds none)");
    page.line("");
    let mut heading = vec!["".to_owned()];
    heading.extend(come.peers.iter().map(|peer| (peer.get() + 1).to_string()));
    let mut rows = vec![heading];
    for number in &come.made {
        let mut cells = vec![number.to_string()];
        cells.extend(come.peers.iter().map(|peer| {
            let cell = match come.is_right(*peer, *number) {
                Some(true) => "True",
                Some(false) => "False",
                None => ".",
            };
            cell.to_owned()
        }));
        rows.push(cells);
    }
    page.table(&rows);
    page.line("");
    page.line("wrong versions, by peer");
    let wrong = |peer: &NodeId| {
        let wrong = come
            .made
            .iter()
            .filter(|number| come.is_right(*peer, **number) == Some(false));
        wrong.count()
    };
    let counts: Vec<String> = come
        .peers
        .iter()
        .map(|peer| format!("{}: {}", peer.get() + 1, wrong(peer)))
        .collect();
    for line in counts.chunks(9) {
        page.line(format!("  {}", line.join("  ")));
    }
    let (cells, bad) = come.cells();
    page.line(format!(
        "{bad} of {cells} cells are wrong (reference: 101 of 483; the notebook's own table: 274); of {} of {} transactions correct peers hold different versions",
        come.split(),
        come.made.len()
    ));
}

/// The stores of two peers that differ the most.
fn stores(page: &mut Page, come: &Gossiped) {
    let differences = |one: &NodeId, other: &NodeId| {
        let (one, other) = (&come.stores[one.index()], &come.stores[other.index()]);
        let both = one
            .iter()
            .filter_map(|(number, tx)| Some((tx, other.get(number)?)));
        both.filter(|(one, other)| one != other).count()
    };
    let pairs = come
        .peers
        .iter()
        .flat_map(|one| come.peers.iter().map(move |other| (one, other)));
    let Some((one, other)) = pairs.max_by_key(|(one, other)| differences(one, other)) else {
        return;
    };
    for peer in [one, other] {
        page.line("");
        page.line(format!("the store of peer {} begins", peer.get() + 1));
        for (number, tx) in come.stores[peer.index()].iter().take(6) {
            page.line(format!(
                "  {number}_26: {{hash: {:016x}, balance: {}, diff: {}}}",
                tx.hash, tx.balance, tx.diff
            ));
        }
    }
    page.line(format!(
        "they differ in {} transactions",
        differences(one, other)
    ));
}

/// The same client over protocols that decide.
fn others(page: &mut Page, file: &File, come: &Gossiped) -> Result<(), ExperimentError> {
    let plan = |nodes: usize| Plan {
        decisions: come.made.len() as u64,
        ..Plan::new(nodes, file.seed)
    };
    let among = plan(25);
    // Over secure broadcast the client is the 26th member, and the liar.
    let member = plan(26).with(1, FaultKind::MaliciousCommander);
    let runs: [(&str, Outcome); 4] = [
        (
            secure_broadcast::NAME,
            trial::run(&member, secure_broadcast::roster(&member)?),
        ),
        (
            pbft::NAME,
            trial::run(&among, pbft::roster_conflicting(&among)?),
        ),
        (
            majority_vote::NAME,
            trial::run(
                &among,
                majority_vote::roster_with(Absent::VoteAsTheLeader, true, &among)?,
            ),
        ),
        (
            lottery::NAME,
            trial::run(&among, lottery::roster_conflicting(&among)?),
        ),
    ];
    page.line("");
    page.line("the same client, with 25 correct nodes that are all there");
    page.line("");
    let mut rows = vec![row![
        "",
        "conflicting",
        "undone",
        "decided by all",
        "messages"
    ]];
    rows.push(row!["gossip, push", come.split(), "-", "-", come.packets]);
    for (name, outcome) in runs {
        let undone = outcome
            .said
            .iter()
            .filter(|(.., said)| matches!(said, crate::outcome::Said::Undone(_)));
        rows.push(row![
            name,
            outcome.split,
            undone.count(),
            format!("{} of {}", outcome.decided, come.made.len()),
            outcome.messages.messages,
        ]);
    }
    page.table(&rows);
    page.line("");
    page.line(
        "conflicting: transactions of which correct nodes hold different versions in the end",
    );
    Ok(())
}
