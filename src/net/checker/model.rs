//! The checkers' books: which operation every dot stands for, and who has delivered it.

use crate::actor::Counter;
use crate::net::node::NodeId;

/// The checkers' own number of a source: the members of the genesis by their keys, then everybody who may join, in the
/// order of the plan. Seats of joiners are given by the replicas, which are not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(pub(super) usize);

/// One dot, once any correct replica has delivered it.
#[derive(Clone, Debug)]
pub(super) struct Entry<Op> {
    pub(super) op: Op,
    /// Who delivered it first.
    pub(super) first: NodeId,
    /// How many correct members hold it now.
    pub(super) holders: usize,
    /// Whether somebody holds it who has left: nobody who leaves takes anything along.
    owed: bool,
    /// The how many-th dot it was that anybody delivered. Nobody delivers a dot before its causes, so this is a causal
    /// order.
    pub(super) order: u64,
}

impl<Op> Entry<Op> {
    fn is_partial(&self, members: usize) -> bool {
        (self.holders > 0 || self.owed) && self.holders < members
    }
}

/// What it means that a replica holds a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// It is a correct member: all of these must hold it.
    Member,
    /// It left of its own will: so all members must hold it.
    Left,
    /// It is no member yet, or was made to go: nothing follows.
    Nobody,
}

/// Every dot delivered by a correct replica.
#[derive(Debug)]
pub(super) struct DeliveryModel<Op> {
    sources: Vec<Vec<Option<Entry<Op>>>>,
    /// How many correct members there are.
    members: usize,
    /// Dots that some correct members hold and some do not.
    pub(super) incomplete: usize,
    dots: u64,
}

/// No honest run comes near so many operations of one source; a forged counter does.
const MOST: u64 = 1 << 32;

impl<Op> DeliveryModel<Op> {
    pub(super) fn new(sources: usize, members: usize) -> Self {
        Self {
            sources: (0..sources).map(|_| Vec::new()).collect(),
            members,
            incomplete: 0,
            dots: 0,
        }
    }

    /// The entry of this dot, made of `op` if it is new. `None` for a dot nobody can have.
    pub(super) fn entry(
        &mut self,
        source: Place,
        counter: Counter,
        make: impl FnOnce() -> Op,
        node: NodeId,
    ) -> Option<(&mut Entry<Op>, bool)> {
        let source = self.sources.get_mut(source.0)?;
        let place =
            usize::try_from(counter.get().checked_sub(1).filter(|place| *place < MOST)?).ok()?;
        if source.len() <= place {
            source.resize_with(place + 1, || None);
        }
        let slot = &mut source[place];
        let new = slot.is_none();
        let order = self.dots;
        self.dots += u64::from(new);
        let entry = slot.get_or_insert_with(|| Entry {
            op: make(),
            first: node,
            holders: 0,
            owed: false,
            order,
        });
        Some((entry, new))
    }

    /// Changes an entry, and what is counted of it. True if all members hold it now.
    fn change(
        &mut self,
        source: Place,
        counter: Counter,
        change: impl FnOnce(&mut Entry<Op>),
    ) -> bool {
        let members = self.members;
        let Some(place) = counter.get().checked_sub(1) else {
            return false;
        };
        let entry = usize::try_from(place)
            .ok()
            .and_then(|place| self.sources.get_mut(source.0)?.get_mut(place)?.as_mut());
        let Some(entry) = entry else {
            return false;
        };
        let before = entry.is_partial(members);
        change(entry);
        let (after, all) = (entry.is_partial(members), entry.holders >= members);
        self.incomplete += usize::from(after);
        self.incomplete -= usize::from(before);
        all
    }

    /// The entry of this dot, if any correct replica has delivered it.
    pub(super) fn known(&self, source: Place, counter: Counter) -> Option<&Entry<Op>> {
        let place = usize::try_from(counter.get().checked_sub(1)?).ok()?;
        self.sources.get(source.0)?.get(place)?.as_ref()
    }

    /// One more correct replica holds it. True if all members do now.
    pub(super) fn hold(&mut self, source: Place, counter: Counter, holder: Holder) -> bool {
        self.change(source, counter, |entry| match holder {
            Holder::Member => entry.holders += 1,
            Holder::Left => entry.owed = true,
            Holder::Nobody => {}
        })
    }

    /// A member has lost it with the tail of its journal.
    pub(super) fn release(&mut self, source: Place, counter: Counter) {
        self.change(source, counter, |entry| {
            entry.holders = entry.holders.saturating_sub(1);
        });
    }

    /// The members are others now: counts everything anew from how far everybody has delivered each source. Gives all
    /// dots that all members hold.
    pub(super) fn recount(&mut self, clocks: &[(Holder, &[Counter])]) -> Vec<(Place, Counter)> {
        let is = |holder: Holder| {
            clocks
                .iter()
                .filter(move |(is, _)| *is == holder)
                .map(|(_, clock)| *clock)
        };
        self.members = is(Holder::Member).count();
        self.incomplete = 0;
        let mut complete = Vec::new();
        for (source, entries) in self.sources.iter_mut().enumerate() {
            for (counter, entry) in (1..).map(Counter::new).zip(entries) {
                let Some(entry) = entry else { continue };
                let holds = |clock: &&[Counter]| clock.get(source) >= Some(&counter);
                entry.holders = is(Holder::Member).filter(holds).count();
                entry.owed = is(Holder::Left).any(|clock| holds(&clock));
                self.incomplete += usize::from(entry.is_partial(self.members));
                if entry.holders >= self.members {
                    complete.push((Place(source), counter));
                }
            }
        }
        complete
    }

    /// Every dot that some correct members hold and some do not.
    pub(super) fn partial(&self) -> impl Iterator<Item = (Place, Counter, usize)> + '_ {
        let members = self.members;
        let sources = (0..).map(Place).zip(&self.sources);
        sources.flat_map(move |(place, source)| {
            let entries = (1..).map(Counter::new).zip(source);
            entries.filter_map(move |(counter, entry)| {
                let entry = entry.as_ref()?;
                entry
                    .is_partial(members)
                    .then_some((place, counter, entry.holders))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: Holder = Holder::Member;

    #[test]
    fn a_dot_is_incomplete_while_some_hold_it_and_some_do_not() {
        let mut model = DeliveryModel::new(1, 3);
        let (source, dot) = (Place(0), Counter::FIRST);
        assert!(model.entry(source, dot, || 'x', NodeId::new(0)).unwrap().1);
        assert!(!model.entry(source, dot, || 'y', NodeId::new(1)).unwrap().1);
        assert_eq!(model.incomplete, 0);
        assert_eq!(
            [(); 2].map(|()| model.hold(source, dot, MEMBER)),
            [false; 2]
        );
        assert_eq!((model.incomplete, model.partial().count()), (1, 1));
        assert!(model.hold(source, dot, MEMBER));
        assert_eq!((model.incomplete, model.partial().count()), (0, 0));
        model.release(source, dot);
        assert_eq!(model.incomplete, 1);
        model.release(source, dot);
        model.release(source, dot);
        assert_eq!(model.incomplete, 0);
    }

    #[test]
    fn who_joins_must_hold_everything_and_who_leaves_takes_nothing_along() {
        let mut model = DeliveryModel::new(1, 2);
        let (source, one, two) = (Place(0), Counter::FIRST, Counter::new(2));
        let clocks = [[one], [two], [Counter::ZERO]];
        for (counter, holders) in [(one, 2), (two, 1)] {
            model.entry(source, counter, || (), NodeId::new(0)).unwrap();
            (0..holders).for_each(|_| {
                model.hold(source, counter, MEMBER);
            });
        }
        assert_eq!(model.incomplete, 1);
        let mut recount = |of: [Holder; 3]| {
            let of: Vec<_> = of.into_iter().zip(clocks.iter().map(|c| &c[..])).collect();
            let complete = model.recount(&of).len();
            (complete, model.incomplete)
        };
        assert_eq!(recount([MEMBER; 3]), (0, 2), "one more, who holds nothing");
        assert_eq!(recount([MEMBER, Holder::Left, Holder::Nobody]), (1, 1));
        let expelled = [MEMBER, Holder::Nobody, Holder::Nobody];
        assert_eq!(recount(expelled), (1, 0), "what it took along is gone");
    }

    #[test]
    fn a_forged_counter_does_not_fill_the_memory() {
        let mut model = DeliveryModel::new(1, 3);
        let mut entry = |place, counter| {
            let entry = model.entry(Place(place), counter, || (), NodeId::new(0));
            entry.is_some()
        };
        assert!(!entry(0, Counter::new(u64::MAX)));
        assert!(!entry(0, Counter::ZERO));
        assert!(!entry(9, Counter::FIRST));
    }
}
