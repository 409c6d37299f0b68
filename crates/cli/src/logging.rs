//! Logs on standard error, without a clock: what matters in a run is its virtual time, and events carry that.

use tracing::Level;

/// Sends events up to a level to standard error: 0 warnings, 1 what happens, 2 every packet.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => Level::WARN,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let started = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .without_time()
        .with_ansi(false);
    // Somebody else's subscriber is as good: a test that calls twice.
    let _ = started.try_init();
}
