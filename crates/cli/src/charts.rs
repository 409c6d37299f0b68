//! The charts of a run, as a scenario asks for them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bft_crdts::net::chart::ChartName;
use bft_crdts::net::trace::Trace;
use bft_crdts::net::{ChartOptions, NodeId, VirtualTime, msc, svg};

use crate::scenario::{Chart, Scenario};

/// Writes the charts of a trace into a directory; where they are.
///
/// # Errors
/// When they cannot be written.
pub fn draw(trace: &Trace, scenario: &Scenario, out: &Path) -> Result<Vec<PathBuf>> {
    let name = ChartName::new(&scenario.name)?;
    let options = options(&scenario.chart, trace);
    fs::create_dir_all(out).with_context(|| format!("{}: cannot be made", out.display()))?;
    let drawn = [
        ("msc", msc::render(trace, &options)),
        ("svg", svg::render(trace, &options)),
    ];
    let mut written = Vec::new();
    for (kind, chart) in drawn {
        let path = name.path_in(out, kind);
        fs::write(&path, chart)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// What a scenario asks its charts to show.
#[must_use]
pub fn options(chart: &Chart, trace: &Trace) -> ChartOptions {
    let node = |name: &String| {
        let place = trace.nodes.iter().position(|node| node.name == *name)?;
        u16::try_from(place).ok().map(NodeId::new)
    };
    let all = ChartOptions::default();
    ChartOptions {
        from: chart
            .from
            .map_or(all.from, |from| VirtualTime::ZERO + from.0),
        until: chart.to.map_or(all.until, |to| VirtualTime::ZERO + to.0),
        nodes: (!chart.members.is_empty()).then(|| chart.members.iter().filter_map(node).collect()),
        kinds: (!chart.kinds.is_empty()).then(|| {
            let boxes = ["delivered", "state", "note", "local"].map(str::to_owned);
            chart.kinds.iter().cloned().chain(boxes).collect()
        }),
        fold: chart.fold,
        chatter: chart.kinds.iter().any(|kind| kind == "summary"),
        max_arcs: usize::try_from(chart.max_arcs).unwrap_or(usize::MAX),
    }
}
