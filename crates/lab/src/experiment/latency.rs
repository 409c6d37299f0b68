//! The latencies between two places, as in the first notebook.

use bft_crdts::net::Streams;
use bft_crdts::net::world::Location;

use super::file::{File, LawFile, Places, Way};
use super::{ExperimentError, Page};
use crate::figure;
use crate::row;

/// How often each way is drawn.
const SAMPLES: usize = 100;

/// Two places with the laws of the notebook.
pub(super) fn two_places() -> Places {
    let way = |from: &str, to: &str, law| Way {
        from: from.to_owned(),
        to: to.to_owned(),
        law,
    };
    let normal = |mean_ms, deviation_ms| LawFile::Normal {
        mean_ms,
        deviation_ms,
    };
    let gamma = LawFile::Gamma {
        shape: 1.0,
        scale_ms: 1.0,
        after_ms: 1.0,
    };
    Places {
        preset: None,
        names: ["LocA", "LocB"].map(str::to_owned).to_vec(),
        latencies: vec![
            way("LocA", "LocA", normal(2.0, 0.5)),
            way("LocA", "LocB", normal(12.0, 2.0)),
            way("LocB", "LocB", gamma),
        ],
    }
}

fn constant_places() -> Places {
    let ms = [2.0, 10.0, 1.0];
    let mut places = two_places();
    for (way, ms) in places.latencies.iter_mut().zip(ms) {
        way.law = LawFile::Constant { ms };
    }
    places
}

pub(super) fn file(seed: u64) -> File {
    File {
        locations: Some(two_places()),
        ..File::bare(seed)
    }
}

pub(super) fn run(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("Latencies between two places");
    let constant = constant_places().map()?;
    let map = file.map()?;
    let mut stream = Streams::new(file.seed).of("latency");
    let places: Vec<(Location, String)> = map
        .iter()
        .map(|(place, name)| (place, name.to_owned()))
        .collect();
    for (title, map) in [("constant, in ms", &constant), ("one sample, in ms", &map)] {
        let mut rows = vec![vec![title.to_owned()]];
        rows[0].extend(places.iter().map(|(_, name)| name.clone()));
        for (from, name) in &places {
            let mut row = vec![name.clone()];
            for (to, _) in &places {
                let law = map.law(*from, *to).map(|law| law.draw(&mut stream));
                row.push(law.map_or("-".to_owned(), |span| format!("{:.3}", millis(span))));
            }
            rows.push(row);
        }
        page.table(&rows);
        page.line("");
    }
    let mut panels = Vec::new();
    let mut rows = vec![row!["100 samples, in ms", "least", "mean", "most"]];
    for (from, one) in &places {
        for (to, other) in &places {
            let Some(law) = map.law(*from, *to) else {
                continue;
            };
            let sampler = law.sampler();
            let values: Vec<f64> = (0..SAMPLES)
                .map(|_| millis(sampler.draw(&mut stream)))
                .collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let (least, most, _) = figure::classify(&values, 1);
            let name = format!("{one} -> {other}");
            rows.push(vec![
                name.clone(),
                format!("{least:.3}"),
                format!("{mean:.3}"),
                format!("{most:.3}"),
            ]);
            panels.push((name, values));
        }
    }
    page.table(&rows);
    for (name, values) in &panels {
        page.line("");
        page.histogram(name, values, 10);
    }
    let title = "100 samples of the latency between two places";
    let drawn = figure::histograms(title, "ms", &panels, 15);
    page.figures.push(("latency.svg".to_owned(), drawn));
    Ok(page)
}

fn millis(span: bft_crdts::net::Span) -> f64 {
    span.as_nanos() as f64 / 1e6
}
