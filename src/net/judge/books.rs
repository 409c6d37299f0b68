//! The judges' books: which operation every dot stands for, and who has delivered it.

use crate::actor::Counter;
use crate::membership::Seat;
use crate::net::node::NodeId;

/// One dot, once any correct replica has delivered it.
#[derive(Clone, Debug)]
pub(super) struct Entry<Op> {
    pub(super) op: Op,
    /// Who delivered it first.
    pub(super) first: NodeId,
    /// How many correct replicas hold it now.
    pub(super) holders: usize,
}

/// Every dot delivered by a correct replica.
#[derive(Debug)]
pub(super) struct Books<Op> {
    sources: Vec<Vec<Option<Entry<Op>>>>,
    replicas: usize,
    /// Dots that some correct replicas hold and some do not.
    pub(super) incomplete: usize,
}

/// No honest run comes near so many operations of one source; a forged counter does.
const MOST: u64 = 1 << 32;

impl<Op> Books<Op> {
    pub(super) fn new(sources: usize, replicas: usize) -> Self {
        Self {
            sources: (0..sources).map(|_| Vec::new()).collect(),
            replicas,
            incomplete: 0,
        }
    }

    /// The entry of this dot, made of `op` if it is new. `None` for a dot nobody can have.
    pub(super) fn entry(
        &mut self,
        seat: Seat,
        counter: Counter,
        make: impl FnOnce() -> Op,
        node: NodeId,
    ) -> Option<(&mut Entry<Op>, bool)> {
        let source = self.sources.get_mut(seat.get())?;
        let place =
            usize::try_from(counter.get().checked_sub(1).filter(|place| *place < MOST)?).ok()?;
        if source.len() <= place {
            source.resize_with(place + 1, || None);
        }
        let slot = &mut source[place];
        let new = slot.is_none();
        let entry = slot.get_or_insert_with(|| Entry {
            op: make(),
            first: node,
            holders: 0,
        });
        Some((entry, new))
    }

    fn get(&mut self, seat: Seat, counter: Counter) -> Option<&mut Entry<Op>> {
        let place = usize::try_from(counter.get().checked_sub(1)?).ok()?;
        self.sources.get_mut(seat.get())?.get_mut(place)?.as_mut()
    }

    /// One more correct replica holds it. True if all do now.
    pub(super) fn hold(&mut self, seat: Seat, counter: Counter) -> bool {
        let replicas = self.replicas;
        let Some(entry) = self.get(seat, counter) else {
            return false;
        };
        entry.holders += 1;
        let holders = entry.holders;
        if holders == 1 {
            self.incomplete += 1;
        }
        if holders == replicas {
            self.incomplete -= 1;
        }
        holders == replicas
    }

    /// A replica has lost it with the tail of its journal.
    pub(super) fn release(&mut self, seat: Seat, counter: Counter) {
        let replicas = self.replicas;
        let Some(entry) = self.get(seat, counter) else {
            return;
        };
        let before = entry.holders;
        entry.holders = before.saturating_sub(1);
        if before == replicas {
            self.incomplete += 1;
        }
        if before == 1 {
            self.incomplete -= 1;
        }
    }

    /// Every dot that some correct replicas hold and some do not.
    pub(super) fn partial(&self) -> impl Iterator<Item = (Seat, Counter, usize)> + '_ {
        let replicas = self.replicas;
        let sources = (0_u16..).map(Seat::new).zip(&self.sources);
        sources.flat_map(move |(seat, source)| {
            let entries = (1..).map(Counter::new).zip(source);
            entries.filter_map(move |(counter, entry)| {
                let holders = entry.as_ref()?.holders;
                (holders > 0 && holders < replicas).then_some((seat, counter, holders))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_is_incomplete_while_some_hold_it_and_some_do_not() {
        let mut books = Books::new(1, 3);
        let (seat, dot) = (Seat::new(0), Counter::FIRST);
        assert!(books.entry(seat, dot, || 'x', NodeId::new(0)).unwrap().1);
        assert!(!books.entry(seat, dot, || 'y', NodeId::new(1)).unwrap().1);
        assert_eq!(books.incomplete, 0);
        assert_eq!(
            [books.hold(seat, dot), books.hold(seat, dot)],
            [false, false]
        );
        assert_eq!((books.incomplete, books.partial().count()), (1, 1));
        assert!(books.hold(seat, dot));
        assert_eq!((books.incomplete, books.partial().count()), (0, 0));
        books.release(seat, dot);
        assert_eq!(books.incomplete, 1);
        books.release(seat, dot);
        books.release(seat, dot);
        assert_eq!(books.incomplete, 0);
    }

    #[test]
    fn a_forged_counter_does_not_fill_the_memory() {
        let mut books = Books::new(1, 3);
        assert!(
            books
                .entry(Seat::new(0), Counter::new(u64::MAX), || (), NodeId::new(0))
                .is_none()
        );
        assert!(
            books
                .entry(Seat::new(0), Counter::ZERO, || (), NodeId::new(0))
                .is_none()
        );
        assert!(
            books
                .entry(Seat::new(9), Counter::FIRST, || (), NodeId::new(0))
                .is_none()
        );
    }
}
