//! A list.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crdts::CmRDT;
use serde::{Deserialize, Serialize};

use super::place::Place;
use super::{Forged, Hosted, Invalid, Op, Pen, Ref, Value, named};
use crate::actor::{Actor, Counter, Dot};

/// A list into which anybody inserts, and from which anybody deletes: [`crdts::List`].
///
/// There an operation carries the identifier of its element, which its author works out. Here it names the neighbours, and
/// every replica works the same identifier out. So the identifiers of deleted elements are kept, for others may
/// still name them. Good for lists of some thousand elements (finding an element by its index takes as many steps as
/// its index).
///
/// Every author's elements keep their order. But runs that two authors insert at one place, not knowing of each other, come
/// out interleaved, element by element: of `abc` and `xyz`, typed into an empty list, may become `axbycz`. For words that
/// people read, take [`Text`](crate::text::Text), which keeps runs together.
#[derive(Clone, Serialize, Deserialize)]
#[serde(
    bound = "V: Value",
    into = "BTreeMap<Dot, Element<V>>",
    try_from = "BTreeMap<Dot, Element<V>>"
)]
pub struct List<V: Value> {
    list: crdts::List<V, Actor>,
    /// Where every element stands that was ever inserted, by the operation that did.
    places: BTreeMap<Dot, Place>,
}

/// What can be done to a [`List`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(bound = "V: Value")]
pub enum ListAct<V> {
    /// Inserts an element between two others.
    Insert {
        /// The one before; none at the beginning.
        after: Option<Ref>,
        /// The one after; none at the end.
        before: Option<Ref>,
        /// The element.
        value: V,
    },
    /// Deletes an element. Deleting what is deleted already does no harm.
    Delete {
        /// Which.
        element: Ref,
    },
}

impl<V: Value> Default for List<V> {
    fn default() -> Self {
        List {
            list: crdts::List::new(),
            places: BTreeMap::new(),
        }
    }
}

impl<V: Value> fmt::Debug for List<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<V: Value> List<V> {
    /// The elements, in order.
    pub fn iter(&self) -> impl Iterator<Item = &V> {
        self.list.iter()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The operation that inserted the element at `index`.
    pub fn inserted_by(&self, index: usize) -> Option<Dot> {
        let (identifier, _) = self.list.iter_entries().nth(index)?;
        let crdts::OrdDot { actor, counter } = identifier.value();
        Some(Dot::new(*actor, Counter::new(*counter)))
    }

    /// The operation that inserts `value` so that it stands at `index`, or at the end if there are not so many.
    pub fn insert_index(&self, index: usize, value: V) -> Op<Self> {
        let index = index.min(self.len());
        let before = self.inserted_by(index).map(Ref::Of);
        let after = index.checked_sub(1);
        let after = after.and_then(|index| self.inserted_by(index)).map(Ref::Of);
        Op::new(ListAct::Insert {
            after,
            before,
            value,
        })
    }

    /// The operation that inserts `value` at the end.
    pub fn append(&self, value: V) -> Op<Self> {
        self.insert_index(self.len(), value)
    }

    /// The operation that deletes the element at `index`; `None` if there are not so many.
    pub fn delete_index(&self, index: usize) -> Option<Op<Self>> {
        let element = Ref::Of(self.inserted_by(index)?);
        Some(Op::new(ListAct::Delete { element }))
    }

    fn place<'a>(
        &'a self,
        ahead: &'a BTreeMap<Dot, Place>,
        dot: &Dot,
        element: &Ref,
    ) -> Result<&'a Place, Invalid> {
        find(&self.places, ahead, dot, element)
    }
}

/// The place of an element, among those there are and those that are ahead.
fn find<'a>(
    places: &'a BTreeMap<Dot, Place>,
    ahead: &'a BTreeMap<Dot, Place>,
    dot: &Dot,
    element: &Ref,
) -> Result<&'a Place, Invalid> {
    let of = element.resolve(dot)?;
    let place = places.get(&of).or_else(|| ahead.get(&of));
    place.ok_or(Invalid::NoSuchElement(of))
}

/// The place between two elements.
pub(super) fn between(
    places: &BTreeMap<Dot, Place>,
    ahead: &BTreeMap<Dot, Place>,
    dot: &Dot,
    after: Option<&Ref>,
    before: Option<&Ref>,
) -> Result<Place, Invalid> {
    if places.contains_key(dot) || *dot == Dot::new(dot.actor, Counter::ZERO) {
        return Err(Invalid::NotYetMade(*dot));
    }
    let find = |element: Option<&Ref>| element.map(|e| find(places, ahead, dot, e)).transpose();
    Place::between(find(after)?, find(before)?, *dot)
}

impl<V: Value> Hosted for List<V> {
    type Act = ListAct<V>;
    /// Elements inserted.
    type Ahead = BTreeMap<Dot, Place>;

    fn name() -> String {
        "list".into()
    }

    fn witnessed(act: &ListAct<V>, dots: &mut BTreeSet<Dot>) {
        let refs = match act {
            ListAct::Insert { after, before, .. } => [after.as_ref(), before.as_ref()],
            ListAct::Delete { element } => [Some(element), None],
        };
        dots.extend(refs.into_iter().flatten().filter_map(Ref::cause));
    }

    /// The operations named are delivered, and what they have inserted keeps its place for ever: so validity is stable.
    fn admit(&self, ahead: &mut Self::Ahead, dot: &Dot, act: &ListAct<V>) -> Result<(), Invalid> {
        match act {
            ListAct::Insert { after, before, .. } => {
                let (after, before) = (after.as_ref(), before.as_ref());
                let place = between(&self.places, ahead, dot, after, before)?;
                ahead.insert(*dot, place);
                Ok(())
            }
            ListAct::Delete { element } => self.place(ahead, dot, element).map(drop),
        }
    }

    fn perform(&mut self, dot: &Dot, act: ListAct<V>) {
        let none = BTreeMap::new();
        match act {
            ListAct::Insert {
                after,
                before,
                value,
            } => {
                let place = between(&self.places, &none, dot, after.as_ref(), before.as_ref());
                let Ok(place) = place else { return };
                self.insert(*dot, place, Some(value));
            }
            ListAct::Delete { element } => {
                let place = self.place(&none, dot, &element);
                if let Some(id) = place.ok().and_then(Place::identifier) {
                    let dot = named(dot);
                    self.list.apply(crdts::list::Op::Delete { id, dot });
                }
            }
        }
    }

    fn localise(act: &mut ListAct<V>, pen: &Pen) {
        match act {
            ListAct::Insert { after, before, .. } => {
                let refs = after.iter_mut().chain(before.iter_mut());
                refs.for_each(|r| r.localise(pen));
            }
            ListAct::Delete { element } => element.localise(pen),
        }
    }
}

impl<V: Value> List<V> {
    fn insert(&mut self, dot: Dot, place: Place, value: Option<V>) {
        if let (Some(id), Some(val)) = (place.identifier(), value) {
            self.list.apply(crdts::list::Op::Insert { id, val });
        }
        self.places.insert(dot, place);
    }
}

/// An element, deleted or not.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "V: Value")]
pub(super) struct Element<V> {
    pub(super) place: Place,
    /// Nothing if it is deleted.
    pub(super) value: Option<V>,
}

impl<V: Value> From<List<V>> for BTreeMap<Dot, Element<V>> {
    fn from(List { list, places }: List<V>) -> Self {
        let mut elements: Self = places
            .into_iter()
            .map(|(dot, place)| (dot, Element { place, value: None }))
            .collect();
        for (identifier, value) in list.iter_entries() {
            let crdts::OrdDot { actor, counter } = identifier.value();
            let dot = Dot::new(*actor, Counter::new(*counter));
            if let Some(element) = elements.get_mut(&dot) {
                element.value = Some(value.clone());
            }
        }
        elements
    }
}

impl<V: Value> TryFrom<BTreeMap<Dot, Element<V>>> for List<V> {
    type Error = Forged;

    fn try_from(elements: BTreeMap<Dot, Element<V>>) -> Result<Self, Forged> {
        let mut list = List::default();
        for (dot, Element { place, value }) in elements {
            if !place.is_of(&dot) || dot.counter == Counter::ZERO {
                return Err(Forged("an element at the place of another"));
            }
            list.insert(dot, place, value);
        }
        Ok(list)
    }
}
