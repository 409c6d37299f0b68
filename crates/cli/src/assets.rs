//! `assets`: the pictures of the read-me.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bft_crdts::net::assets;

/// The pictures, by name, as SVG: the layers of a replica, and a secure broadcast drawn from a real run.
///
/// # Errors
/// When the run cannot be set up, which the tests show it can.
pub fn draw() -> Result<[(&'static str, String); 2]> {
    let broadcast = assets::broadcast_run()?;
    Ok([
        ("onion_layers", assets::onion_layers()),
        (
            "secure_broadcast_seq_diag",
            assets::secure_broadcast_seq_diag(&broadcast),
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
