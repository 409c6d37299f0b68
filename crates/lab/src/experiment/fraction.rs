//! Safety and latency against the fraction of faulty nodes.

use super::file::File;
use super::{ExperimentError, Page};
use crate::fault::FaultKind;
use crate::figure::{self, Series, Titles};
use crate::outcome::Said;
use crate::protocol::Protocol;
use crate::row;
use crate::trial::Plan;

const NODES: usize = 10;
const SEEDS: u64 = 10;
const PROTOCOLS: [Protocol; 6] = [
    Protocol::SecureBroadcast,
    Protocol::Pbft,
    Protocol::Ccro,
    Protocol::CcroCount,
    Protocol::MajorityVote,
    Protocol::NaiveFlood,
];

/// What came of so many seeds.
struct Line {
    broken: u64,
    decided: u64,
    /// Half of the decisions took no longer, in milliseconds.
    middle: Option<f64>,
}

fn line(
    protocol: Protocol,
    faulty: usize,
    fault: FaultKind,
    first: u64,
) -> Result<Line, ExperimentError> {
    let mut line = Line {
        broken: 0,
        decided: 0,
        middle: None,
    };
    let mut spans = Vec::new();
    for seed in first..first + SEEDS {
        let fault = if faulty == 0 { FaultKind::None } else { fault };
        let outcome = protocol.run(&Plan::new(NODES, seed).with(faulty, fault))?;
        line.broken += u64::from(!outcome.violations.is_empty());
        line.decided += outcome.decided;
        spans.extend(outcome.latencies);
    }
    spans.sort_unstable();
    let middle = spans.get((spans.len() / 2).min(spans.len().saturating_sub(1)));
    line.middle = middle.map(|span| span.as_nanos() as f64 / 1e6);
    Ok(line)
}

pub(super) fn run(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("Safety and latency against the fraction of faulty nodes");
    page.line(format!(
        "{NODES} nodes, {SEEDS} seeds, one transaction each"
    ));
    let most = NODES / 2 + 1;
    for (fault, about) in [
        (
            FaultKind::MaliciousCommander,
            "who leads tells two stories, the others vote for both",
        ),
        (
            FaultKind::Offline,
            "faulty nodes are silent; the one that asks is not among them",
        ),
    ] {
        page.line("");
        page.line(format!("{fault}: {about}"));
        let mut heading = row!["faulty nodes"];
        heading.extend((0..=most).map(|faulty| faulty.to_string()));
        let mut safety_rows = vec![heading.clone()];
        let mut latency_rows = vec![heading];
        let (mut safety, mut latency) = (Vec::new(), Vec::new());
        for protocol in PROTOCOLS {
            let (mut safe, mut took) = (row![protocol], row![protocol]);
            let (mut broken, mut middle) = (Vec::new(), Vec::new());
            for faulty in 0..=most {
                let line = line(protocol, faulty, fault, file.seed)?;
                let share = faulty as f64 / NODES as f64;
                broken.push((share, line.broken as f64 / SEEDS as f64));
                safe.push(format!("{}/{}", line.broken, line.decided));
                took.push(line.middle.map_or("-".to_owned(), |ms| format!("{ms:.1}")));
                middle.extend(line.middle.map(|ms| (share, ms)));
            }
            safety_rows.push(safe);
            latency_rows.push(took);
            let name = protocol.name().to_owned();
            safety.push(Series {
                name: name.clone(),
                points: broken,
            });
            latency.push(Series {
                name,
                points: middle,
            });
        }
        page.line("runs with safety broken / decisions");
        page.table(&safety_rows);
        page.line("the middle latency of the decisions, in ms");
        page.table(&latency_rows);
        let x = "fraction of faulty nodes";
        let title = format!("Safety, {fault}");
        let titles = Titles {
            title: &title,
            x,
            y: "share of runs with safety broken",
        };
        page.figures.push((
            format!("safety-{fault}.svg"),
            figure::lines(titles, &safety, false),
        ));
        let title = format!("Latency, {fault}");
        let titles = Titles {
            title: &title,
            x,
            y: "ms",
        };
        page.figures.push((
            format!("latency-{fault}.svg"),
            figure::lines(titles, &latency, true),
        ));
    }
    Ok(page)
}

pub(super) fn run_selfish(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("A lottery in which some miners hide their blocks");
    page.line(format!(
        "{NODES} miners, {SEEDS} seeds, one transaction each"
    ));
    page.line("");
    let mut rows = vec![row![
        "hiding",
        "runs undone",
        "deepest",
        "decided",
        "hidden chains published",
        "p50 ms"
    ]];
    let mut points = Vec::new();
    for faulty in 0..=NODES - 2 {
        let fault = if faulty == 0 {
            FaultKind::None
        } else {
            FaultKind::SelfishLottery
        };
        let (mut undone, mut deepest, mut decided, mut published) = (0, 0, 0, 0);
        let mut spans = Vec::new();
        for seed in file.seed..file.seed + SEEDS {
            let plan = Plan::new(NODES, seed).with(faulty, fault);
            let outcome = Protocol::Lottery.run(&plan)?;
            undone += u64::from(!outcome.violations.is_empty());
            decided += outcome.decided;
            published += outcome.count("hidden chains published");
            spans.extend(outcome.latencies.iter().copied());
            for (_, node, said) in &outcome.said {
                if let (Said::Undone(depth), false) = (said, outcome.faulty.contains(node)) {
                    deepest = deepest.max(*depth);
                }
            }
        }
        spans.sort_unstable();
        let middle = spans.get(spans.len() / 2);
        let middle = middle.map_or("-".to_owned(), |span| {
            (span.as_nanos() / 1_000_000).to_string()
        });
        rows.push(row![faulty, undone, deepest, decided, published, middle]);
        points.push((faulty as f64 / NODES as f64, undone as f64 / SEEDS as f64));
    }
    page.table(&rows);
    page.line("");
    page.line(
        "undone: something that counted, with six blocks on top, was replaced by something else",
    );
    let titles = Titles {
        title: "A lottery in which some miners hide their blocks",
        x: "fraction of miners in league",
        y: "share of runs in which something was undone",
    };
    let series = Series {
        name: "lottery".to_owned(),
        points,
    };
    page.figures.push((
        "undone.svg".to_owned(),
        figure::lines(titles, &[series], false),
    ));
    Ok(page)
}
