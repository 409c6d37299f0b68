//! `assets`: the pictures of the read-me.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bft_crdts::net::assets;

use crate::input::Input;
use crate::scenario::SOUND;
use crate::simulate::{Options, run};

/// The run that the second picture shows.
const BROADCAST: &str = r#"
name = "secure_broadcast"
description = "One secure broadcast among four."
algorithm = "bank"
members = ["a", "b", "c", "d"]

[bank]
balance = 10

[network]
latency = { min = "10ms", max = "14ms" }

[[operations]]
who = "a"
what = "transfer"
to = "b"
amount = 5
"#;

/// The pictures, by name, as SVG: the layers of a replica, and a secure broadcast drawn from a real run.
///
/// # Errors
/// None, as the tests show.
pub fn draw() -> Result<[(&'static str, String); 2]> {
    let input = Input::parse(Path::new("secure_broadcast"), BROADCAST)?;
    let options = Options {
        seed: input.scenario.seed,
        rules: SOUND,
        traced: true,
    };
    let trace = run(&input, options, &mut |_, _| ())?
        .trace
        .context("the run kept no trace")?;
    Ok([
        ("onion_layers", assets::onion_layers()),
        (
            "secure_broadcast_seq_diag",
            assets::secure_broadcast_seq_diag(&trace),
        ),
    ])
}

/// Writes the pictures into a directory, as `.svg` and, where `rsvg-convert` is there, as `.png`; what was written.
///
/// # Errors
/// When a file cannot be written, or `rsvg-convert` refuses a picture.
pub fn write(out: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(out).with_context(|| format!("{}: cannot be made", out.display()))?;
    let mut written = Vec::new();
    for (name, picture) in draw()? {
        let svg = out.join(format!("{name}.svg"));
        fs::write(&svg, picture)
            .with_context(|| format!("{}: cannot be written", svg.display()))?;
        let png = out.join(format!("{name}.png"));
        written.push(svg.clone());
        match Command::new("rsvg-convert")
            .args(["--zoom", "2", "--output"])
            .args([&png, &svg])
            .status()
        {
            Ok(status) => {
                ensure!(status.success(), "rsvg-convert refuses {}", svg.display());
                written.push(png);
            }
            Err(why) => tracing::warn!(
                "rsvg-convert cannot be run ({why}), so there is no {}",
                png.display()
            ),
        }
    }
    Ok(written)
}
