//! Gossip while peers come and go, and while some of them tamper with what they pass on.

use bft_crdts::net::world::Topology;
use bft_crdts::net::{Chance, NodeId, Streams};

use super::file::{Downtime, File, LawFile, Places, Services};
use super::world::{self, CLIENT, Gossiped};
use super::{ExperimentError, Page};
use crate::figure::{self, Series, Titles};
use crate::gossip::Style;
use crate::row;

/// Peers of the notebooks.
const PEERS: u16 = 25;
/// Peers that the client knows.
const CLIENT_KNOWS: usize = 10;
/// Three in ten are malicious.
const MALICIOUS: usize = 7;

/// 25 peers on a random graph, and a client that knows some of them; peers are away about a ninth of the time.
pub(super) fn crash(seed: u64) -> File {
    let mut stream = Streams::new(seed).of("topology");
    let mut graph = Topology::erdos_renyi(PEERS, Chance::percent(40), &mut stream);
    for node in 1..PEERS {
        graph.link(NodeId::new(node - 1), NodeId::new(node));
    }
    let mut known: Vec<NodeId> = graph.nodes().collect();
    stream.shuffle(&mut known);
    if let Some(client) = graph.add(CLIENT) {
        for node in known.into_iter().take(CLIENT_KNOWS) {
            graph.link(client, node);
        }
    }
    let downtime = Downtime {
        up: LawFile::Exponential { mean_ms: 3_100.0 },
        down: LawFile::Normal {
            mean_ms: 400.0,
            deviation_ms: 150.0,
        },
    };
    File {
        millis: 6_200,
        locations: Some(Places::aws_half()),
        services: Some(Services {
            gossip: Some(Style::Push.name().to_owned()),
            // A signature takes 1 ± 0.2 ms, the data 4.94 ms.
            validation_ms: 5.94,
            signatures: false,
            rate: 5,
            balance: 1_000_000,
            conflicting: false,
            malicious: Vec::new(),
            downtime: Some(downtime),
            min_peers: 0,
            max_peers: 0,
        }),
        topology: Some(graph),
        ..File::bare(seed)
    }
}

/// The same, and seven of the peers tamper.
pub(super) fn malicious(seed: u64) -> File {
    let mut file = crash(seed);
    let mut peers: Vec<u16> = (0..PEERS).collect();
    Streams::new(seed).of("malicious").shuffle(&mut peers);
    peers.truncate(MALICIOUS);
    peers.sort_unstable();
    if let Some(services) = &mut file.services {
        services.malicious = peers;
    }
    file
}

/// The same file with something else in its services.
pub(super) fn with(file: &File, change: impl FnOnce(&mut Services)) -> File {
    let mut file = file.clone();
    if let Some(services) = &mut file.services {
        change(services);
    }
    file
}

/// Milliseconds until half and nine in ten of the deliveries.
fn delay(come: &Gossiped, percent: usize) -> String {
    let honest = come
        .delays
        .iter()
        .filter(|((node, _), _)| come.peers.contains(node));
    let mut delays: Vec<u64> = honest
        .map(|(_, span)| span.as_nanos() / 1_000_000)
        .collect();
    delays.sort_unstable();
    let rank = (delays.len() * percent).div_ceil(100).max(1);
    delays.get(rank - 1).map_or("-".to_owned(), u64::to_string)
}

pub(super) fn run_crash(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("Gossip while peers come and go");
    let style = |style: Style| {
        move |services: &mut Services| services.gossip = Some(style.name().to_owned())
    };
    let still = with(file, |services| services.downtime = None);
    let runs = [
        ("push, nobody away", still, "1.000", "16,084"),
        ("push", with(file, style(Style::Push)), "0.963", "10,308"),
        ("pull", with(file, style(Style::Pull)), "0.940", "3,672"),
        (
            "push-pull",
            with(file, style(Style::PushPull)),
            "0.992",
            "11,090",
        ),
        ("ranged pull", with(file, style(Style::Ranged)), "-", "-"),
    ];
    let heading = row![
        "",
        "coverage",
        "reference",
        "packets",
        "reference",
        "bytes",
        "p50 ms",
        "p90 ms"
    ];
    let mut rows = vec![heading];
    let mut series = Vec::new();
    for (name, file, coverage, packets) in runs {
        let come = world::gossip(&file)?;
        rows.push(vec![
            name.to_owned(),
            format!("{:.3}", come.coverage()),
            coverage.to_owned(),
            come.packets.to_string(),
            packets.to_owned(),
            come.bytes.to_string(),
            delay(&come, 50),
            delay(&come, 90),
        ]);
        series.push(spread(name, &come));
    }
    page.line("25 peers and a client, 5 transactions a second, 6.2 s; peers are away about a ninth of the time");
    page.line("");
    page.table(&rows);
    let titles = Titles {
        title: "How far a transaction has spread",
        x: "ms after it was made",
        y: "share of the peers that have it",
    };
    page.figures.push((
        "spread.svg".to_owned(),
        figure::lines(titles, &series, false),
    ));
    Ok(page)
}

/// The share of (peer, number) that is there after so many milliseconds.
fn spread(name: &str, come: &Gossiped) -> Series {
    let all = (come.peers.len() * come.made.len()).max(1) as f64;
    let share = |millis: u64| {
        let there = come.delays.iter().filter(|((node, _), span)| {
            come.peers.contains(node) && span.as_nanos() <= millis * 1_000_000
        });
        (millis as f64, there.count() as f64 / all)
    };
    Series {
        name: name.to_owned(),
        points: (0..=20).map(|step| share(step * 100)).collect(),
    }
}

pub(super) fn run_malicious(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("Gossip among malicious peers");
    let checked = with(file, |services| services.signatures = true);
    let runs = [
        ("no check", file.clone(), "0.947", "234 of 443", "all"),
        ("signatures checked", checked, "-", "0", "0"),
    ];
    let mut rows = vec![row![
        "",
        "coverage",
        "reference",
        "wrong cells",
        "reference",
        "split",
        "reference",
        "refused packets"
    ]];
    for (name, file, coverage, wrong, split) in runs {
        let come = world::gossip(&file)?;
        let (cells, bad) = come.cells();
        rows.push(vec![
            name.to_owned(),
            format!("{:.3}", come.coverage()),
            coverage.to_owned(),
            format!("{bad} of {cells}"),
            wrong.to_owned(),
            format!("{} of {}", come.split(), come.made.len()),
            split.to_owned(),
            come.refused.to_string(),
        ]);
    }
    let malicious = &file.services()?.malicious;
    let names: Vec<String> = malicious
        .iter()
        .map(|peer| (peer + 1).to_string())
        .collect();
    page.line(format!(
        "{} of 25 peers are malicious ({}): the original to one half of their neighbours, something else to the other",
        malicious.len(),
        names.join(", ")
    ));
    page.line("");
    page.table(&rows);
    let title = "The peers, malicious ones marked; 26 is the client";
    let drawn = figure::graph(title, file.topology()?, malicious);
    page.figures.push(("topology.svg".to_owned(), drawn));
    Ok(page)
}
