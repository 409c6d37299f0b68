//! Programs that look at charts.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::golden;

/// mscgen, if it is installed.
pub(crate) struct Mscgen(String);

/// Looks for mscgen; says what is skipped if there is none.
pub(crate) fn mscgen(skipped: &str) -> Option<Mscgen> {
    golden::program("mscgen", skipped).map(Mscgen)
}

impl Mscgen {
    /// Draws `chart` as SVG; what mscgen says if it does not accept it.
    pub(crate) fn check(&self, chart: &str) -> Result<String, String> {
        let mut child = Command::new(&self.0)
            .args(["-T", "svg", "-o", "-", "-i", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut input = child.stdin.take().ok_or("no standard input")?;
        let chart = chart.to_owned();
        let writer = std::thread::spawn(move || input.write_all(chart.as_bytes()));
        let output = child
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        let written = writer.join().map_err(|_| "the writing thread panicked")?;
        if output.status.success() && written.is_ok() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!(
            "{}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}
