//! Making items.

use core::fmt;
use std::sync::Arc;

use crate::net::law::{Law, Sampler};
use crate::net::random::Stream;
use crate::net::time::Span;
use crate::net::world::peer::{Cargo, PeerContext, PeerMessage, Service};

type Make<C> = Arc<dyn Fn(u32, &mut Stream) -> C + Send + Sync>;

/// Makes an item now and then, and sends it to neighbours.
#[derive(Clone)]
pub struct Producer<C> {
    every: Sampler,
    first: Span,
    left: Option<u32>,
    ttl: u32,
    fan_out: usize,
    make: Make<C>,
}

impl<C> Producer<C> {
    /// Makes one after each span of this law, without end, each to be passed on three times. `make` is told the number
    /// of the item, from 1, and has the randomness of the peer.
    #[must_use]
    pub fn new(every: &Law, make: impl Fn(u32, &mut Stream) -> C + Send + Sync + 'static) -> Self {
        Self {
            every: every.sampler(),
            first: Span::ZERO,
            left: None,
            ttl: 3,
            fan_out: usize::MAX,
            make: Arc::new(make),
        }
    }

    /// So many in a second, at equal distances; at least one in a million seconds.
    #[must_use]
    pub fn per_second(
        rate: f64,
        make: impl Fn(u32, &mut Stream) -> C + Send + Sync + 'static,
    ) -> Self {
        let nanos = 1e9 / rate.clamp(1e-6, 1e9);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and 10^15"
        )]
        let every = Law::Constant(Span::from_nanos(nanos as u64));
        Self::new(&every, make)
    }

    /// Begins so much later.
    #[must_use]
    pub const fn after(mut self, first: Span) -> Self {
        self.first = first;
        self
    }

    /// Makes so many, and then no more.
    #[must_use]
    pub const fn count(mut self, count: u32) -> Self {
        self.left = Some(count);
        self
    }

    /// How often an item may be passed on.
    #[must_use]
    pub const fn ttl(mut self, ttl: u32) -> Self {
        self.ttl = ttl;
        self
    }

    /// To how many neighbours it sends an item; 0 keeps it until somebody pulls it. The default is all.
    #[must_use]
    pub const fn fan_out(mut self, fan_out: usize) -> Self {
        self.fan_out = fan_out;
        self
    }
}

impl<C: Cargo> Producer<C> {
    fn next(&mut self, after: Span, context: &mut PeerContext<'_, C>) {
        if self.left != Some(0) {
            let every = self.every.draw(context.stream());
            context.set_timer(after + every, 0);
        }
    }
}

impl<C: Cargo> Service<C> for Producer<C> {
    fn start(&mut self, context: &mut PeerContext<'_, C>) {
        self.next(self.first, context);
    }

    fn timer(&mut self, _: u32, context: &mut PeerContext<'_, C>) {
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        let number = context.made() + 1;
        let cargo = (self.make)(number, context.stream());
        let item = context.publish(cargo, self.ttl);
        let to = context.sample(self.fan_out, &[]);
        context.send_all(to, PeerMessage::Item(item));
        self.next(Span::ZERO, context);
    }
}

impl<C> fmt::Debug for Producer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("every", &self.every)
            .field("left", &self.left)
            .field("ttl", &self.ttl)
            .field("fan_out", &self.fan_out)
            .finish_non_exhaustive()
    }
}
