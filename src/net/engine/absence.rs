//! When nodes are away that the plan lets come and go at random.

use crate::net::fault::{Absence, Downtime};
use crate::net::law::Sampler;
use crate::net::random::{Stream, Streams};
use crate::net::time::Span;

/// What the random absences of a node are drawn from.
#[derive(Debug)]
pub(super) struct Drawn {
    up: Sampler,
    down: Sampler,
    pub(super) stream: Stream,
    /// How long it is away this time.
    pub(super) next: Span,
}

impl Drawn {
    pub(super) fn new(downtime: &Downtime, streams: &Streams) -> Option<Self> {
        let Absence::Random { up, down } = &downtime.when else {
            return None;
        };
        Some(Self {
            up: up.sampler(),
            down: down.sampler(),
            stream: streams.of_node("downtime", downtime.node),
            next: Span::ZERO,
        })
    }

    /// How long it is there, and how long it is away after that. Never both for no time at all, or a run would stand
    /// still.
    pub(super) fn cycle(&mut self) -> (Span, Span) {
        let up = self.up.draw(&mut self.stream);
        let down = self.down.draw(&mut self.stream);
        (up.max(Span::from_nanos(1)), down)
    }
}
