//! `lab`: the experiments of the laboratory.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use bft_crdts_lab::experiment::{self, ALL, Experiment, File, Page};

use crate::args;
use crate::input;

/// The longest file of an experiment.
const MAX_FILE_BYTES: usize = 1024 * 1024;

/// Runs an experiment, writes its pictures and logs, and gives what is to be printed.
///
/// # Errors
/// Names that are not known, files that cannot be read or make no sense, directories that cannot be written.
pub fn lab(args: &args::Lab) -> Result<String> {
    let file = match (&args.experiment, &args.load) {
        (None, None) => return Ok(list()),
        (Some(name), _) => named(name)?.file(args.seed),
        (None, Some(path)) => load(path)?,
    };
    if let Some(path) = &args.save {
        let saved = || format!("{}: cannot be written", path.display());
        fs::write(path, file.to_toml()?).with_context(saved)?;
    }
    let page = experiment::run(&file)?;
    let out = args.out.clone().unwrap_or_else(|| {
        let base = Path::new("target/bft-crdts/lab");
        base.join(&file.experiment)
    });
    let mut text = format!(
        "{} (seed {})\n\n{}\nwritten\n",
        page.title, file.seed, page.text
    );
    for path in write(&page, &out)? {
        let _ = writeln!(text, "  {}", path.display());
    }
    Ok(text)
}

fn named(name: &str) -> Result<Experiment> {
    let known = ALL.map(|experiment| experiment.name).join(", ");
    Experiment::named(name).ok_or_else(|| anyhow!("{name} is none of {known}"))
}

fn load(path: &Path) -> Result<File> {
    let bytes = input::read(path, MAX_FILE_BYTES)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow!("{}:1: file: is not UTF-8", path.display()))?;
    File::parse(&text).with_context(|| path.display().to_string())
}

fn list() -> String {
    let mut text = String::from("experiments, each run by `bft-crdts lab NAME`\n\n");
    for Experiment { name, about, .. } in ALL {
        let _ = writeln!(text, "  {name:<18}  {about}");
    }
    text
}

/// Writes the pictures, the logs, and one page with everything; the page and the pictures, in order.
fn write(page: &Page, out: &Path) -> Result<Vec<PathBuf>> {
    let failed = |path: &Path| format!("{}: cannot be written", path.display());
    fs::create_dir_all(out).with_context(|| failed(out))?;
    let whole = ("page.html".to_owned(), page.html());
    let mut written = Vec::new();
    for (name, text) in [&whole].into_iter().chain(&page.figures).chain(&page.logs) {
        let path = out.join(name);
        fs::write(&path, text).with_context(|| failed(&path))?;
        written.push(path);
    }
    Ok(written)
}
