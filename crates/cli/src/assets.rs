//! `assets`: the pictures of the read-me.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bft_crdts::net::assets;
use bft_crdts::net::trace::{Trace, TraceKind};

use crate::input::Input;
use crate::page;
use crate::rules::SOUND;
use crate::simulate::{self, Options};

/// The picture that is drawn from a real run, a secure broadcast, as SVG, with its name.
///
/// # Errors
/// When the run cannot be set up, which the tests show it can.
pub fn draw() -> Result<(&'static str, String)> {
    let broadcast = assets::broadcast_run()?;
    Ok((
        "secure_broadcast_seq_diag",
        assets::secure_broadcast_seq_diag(&broadcast),
    ))
}

/// Writes the pictures into a directory, as `.svg` and, where `rsvg-convert` is there, as `.png`; what was written.
///
/// # Errors
/// When a file cannot be written, or `rsvg-convert` refuses a picture.
pub fn write(out: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(out).with_context(|| format!("{}: cannot be made", out.display()))?;
    let (name, picture) = draw()?;
    let svg = out.join(format!("{name}.svg"));
    fs::write(&svg, picture).with_context(|| format!("{}: cannot be written", svg.display()))?;
    let png = out.join(format!("{name}.png"));
    let mut written = vec![svg.clone()];
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
    written.extend(page_picture(out)?);
    Ok(written)
}

/// Size of the picture of the report page, in pixels.
const SIZE: (u32, u32) = (1280, 800);
/// The run it is of.
const SCENARIO: (&str, &str) = (
    "scenarios/double_spend.toml",
    include_str!("../../../scenarios/double_spend.toml"),
);

/// Takes a picture of the report page of a run, with a message selected, where `chromium` is there; where it is.
fn page_picture(out: &Path) -> Result<Option<PathBuf>> {
    let input = Input::parse(Path::new(SCENARIO.0), SCENARIO.1)?;
    let options = Options {
        traced: true,
        detailed: true,
        ..Options::of(input.scenario.seed, SOUND)
    };
    let ran = simulate::run(&input, options, &mut |_, _| {})?;
    let (trace, details) = (
        ran.trace.context("the run has no trace")?,
        ran.details.context("the run has no details")?,
    );
    let command = format!(
        "bft-crdts run {} --seed {} --report report.html",
        SCENARIO.0, options.seed
    );
    let html = out.join("report_page.html");
    page::write(
        &html,
        &page::page(&ran.report, &trace, &details, &command).render(),
    )?;
    let png = out.join("report_page.png");
    let profile = out.join("browser");
    let shown = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
        ])
        .args(["--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync"])
        .args(["--hide-scrollbars", "--force-device-scale-factor=1"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--window-size={},{}", SIZE.0, SIZE.1))
        .arg(format!("--screenshot={}", png.display()))
        .arg(format!(
            "file://{}#message={}",
            fs::canonicalize(&html)?.display(),
            first_proof(&trace)
        ))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // Leftovers hurt nobody.
    let _ = (fs::remove_dir_all(&profile), fs::remove_file(&html));
    match shown {
        Ok(status) => {
            ensure!(status.success(), "chromium cannot take {}", png.display());
            Ok(Some(png))
        }
        Err(why) => {
            tracing::warn!(
                "chromium cannot be run ({why}), so there is no {}",
                png.display()
            );
            Ok(None)
        }
    }
}

/// The number, among all messages, of the first proof.
fn first_proof(trace: &Trace) -> usize {
    let mut sent = trace.events.iter().filter_map(|event| match event.kind {
        TraceKind::Sent { kind, .. } => Some(kind),
        _ => None,
    });
    sent.position(|kind| kind == "proof").unwrap_or_default()
}
