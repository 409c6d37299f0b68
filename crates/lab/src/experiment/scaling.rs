//! What a decision costs as the network grows.

use super::file::File;
use super::{ExperimentError, Page};
use crate::figure::{self, Series, Titles};
use crate::protocol::Protocol;
use crate::row;
use crate::trial::Plan;

const NODES: [usize; 10] = [4, 7, 10, 13, 16, 19, 22, 25, 28, 31];

pub(super) fn run(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("Messages of a decision without faults");
    let mut heading = row!["nodes"];
    heading.extend(NODES.map(|nodes| nodes.to_string()));
    let (mut rows, mut bytes) = (vec![heading.clone()], vec![heading]);
    let mut series = Vec::new();
    for protocol in Protocol::ALL {
        let mut points = Vec::new();
        let (mut row, mut row_of_bytes) = (row![protocol], row![protocol]);
        for nodes in NODES {
            let outcome = protocol.run(&Plan::new(nodes, file.seed))?;
            points.push((nodes as f64, outcome.messages.messages as f64));
            row.push(outcome.messages.messages.to_string());
            row_of_bytes.push(outcome.messages.bytes.to_string());
        }
        rows.push(row);
        bytes.push(row_of_bytes);
        series.push(Series {
            name: protocol.name().to_owned(),
            points,
        });
    }
    page.line("messages, to the reply");
    page.table(&rows);
    page.line("");
    page.line("bytes");
    page.table(&bytes);
    page.line("");
    page.line(
        "What the lottery and gossip send depends on the seed, the rest follows its formula.",
    );
    let titles = Titles {
        title: "Messages of a decision without faults",
        x: "nodes",
        y: "messages",
    };
    page.figures.push((
        "messages.svg".to_owned(),
        figure::lines(titles, &series, true),
    ));
    Ok(page)
}
