//! Logs on standard error, without a clock: what matters in a run is its virtual time, and events carry that.

use bft_crdts::net::NodeId;
use bft_crdts::net::trace::{Trace, TraceEvent, TraceKind};
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

/// Logs what happened in a run, in virtual time: with -v what nodes did, with -vv every packet too.
pub fn trace(trace: &Trace) {
    if !tracing::enabled!(Level::INFO) {
        return;
    }
    let name = |node: NodeId| {
        trace
            .nodes
            .get(node.index())
            .map_or("?", |node| node.name.as_str())
    };
    for TraceEvent { at, kind, .. } in &trace.events {
        let at = at.to_string();
        match kind {
            TraceKind::Sent {
                message,
                from,
                to,
                label,
                bytes,
                ..
            } => {
                tracing::debug!(
                    at,
                    node = name(*from),
                    to = name(*to),
                    message,
                    bytes,
                    "sends {label}"
                );
            }
            TraceKind::Arrived { message, outcome } => {
                tracing::debug!(at, message, "arrived: {outcome:?}")
            }
            TraceKind::Lost { message, reason } => tracing::debug!(at, message, "lost: {reason}"),
            TraceKind::Delivered { node, label } => {
                tracing::info!(at, node = name(*node), "delivers {label}")
            }
            TraceKind::State { node, label } => {
                tracing::debug!(at, node = name(*node), "holds {label}")
            }
            TraceKind::Note { node, label } | TraceKind::Local { node, label } => {
                tracing::info!(at, node = name(*node), "{label}");
            }
            TraceKind::Divider { label } | TraceKind::Band { label } => {
                tracing::info!(at, "{label}")
            }
        }
    }
}
