//! A list that only grows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crdts::{CmRDT, OrdDot};
use serde::{Deserialize, Serialize};

use super::list::{Element, between};
use super::place::Place;
use super::{Forged, Hosted, Invalid, Op, Pen, Ref, Value};
use crate::actor::{Actor, Counter, Dot};

/// A list into which anybody inserts: [`crdts::GList`].
///
/// There an element *is* its place and its value, so that two equal elements inserted at one place become one. Here the
/// list of the `crdts` crate orders the dots of the operations, and the elements are kept beside it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(
    bound = "V: Value",
    into = "BTreeMap<Dot, Element<V>>",
    try_from = "BTreeMap<Dot, Element<V>>"
)]
pub struct GList<V: Value> {
    list: crdts::GList<OrdDot<Actor>>,
    places: BTreeMap<Dot, Place>,
    values: BTreeMap<Dot, V>,
}

/// What can be done to a [`GList`]: inserting an element between two others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(bound = "V: Value")]
pub struct InsertAct<V> {
    /// The element before; none at the beginning.
    pub after: Option<Ref>,
    /// The element after; none at the end.
    pub before: Option<Ref>,
    /// The element.
    pub value: V,
}

impl<V: Value> Default for GList<V> {
    fn default() -> Self {
        GList {
            list: crdts::GList::new(),
            places: BTreeMap::new(),
            values: BTreeMap::new(),
        }
    }
}

impl<V: Value> fmt::Debug for GList<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<V: Value> GList<V> {
    /// The operations that inserted the elements, in the order of these.
    pub fn dots(&self) -> impl Iterator<Item = Dot> + '_ {
        self.list.iter().map(|identifier| {
            let OrdDot { actor, counter } = identifier.value();
            Dot::new(*actor, Counter::new(*counter))
        })
    }

    /// The elements, in order.
    pub fn iter(&self) -> impl Iterator<Item = &V> {
        self.dots().filter_map(|dot| self.values.get(&dot))
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The operation that inserts `value` so that it stands at `index`, or at the end if there are not so many.
    pub fn insert_index(&self, index: usize, value: V) -> Op<Self> {
        let index = index.min(self.len());
        let before = self.dots().nth(index).map(Ref::Of);
        let after = index.checked_sub(1);
        let after = after.and_then(|index| self.dots().nth(index)).map(Ref::Of);
        Op::new(InsertAct {
            after,
            before,
            value,
        })
    }

    /// The operation that inserts `value` at the end.
    pub fn append(&self, value: V) -> Op<Self> {
        self.insert_index(self.len(), value)
    }

    fn insert(&mut self, dot: Dot, place: Place, value: V) {
        if let Some(id) = place.identifier() {
            self.list.apply(crdts::glist::Op::Insert { id });
            self.places.insert(dot, place);
            self.values.insert(dot, value);
        }
    }
}

impl<V: Value> Hosted for GList<V> {
    type Act = InsertAct<V>;
    /// Elements inserted.
    type Ahead = BTreeMap<Dot, Place>;

    fn name() -> String {
        "glist".into()
    }

    fn witnessed(act: &InsertAct<V>, dots: &mut BTreeSet<Dot>) {
        let refs = [&act.after, &act.before].into_iter().flatten();
        dots.extend(refs.filter_map(Ref::cause));
    }

    /// The operations named are delivered, and what they have inserted keeps its place for ever: so validity is stable.
    fn admit(&self, ahead: &mut Self::Ahead, dot: &Dot, act: &InsertAct<V>) -> Result<(), Invalid> {
        let (after, before) = (act.after.as_ref(), act.before.as_ref());
        let place = between(&self.places, ahead, dot, after, before)?;
        ahead.insert(*dot, place);
        Ok(())
    }

    fn perform(&mut self, dot: &Dot, act: InsertAct<V>) {
        let (after, before) = (act.after.as_ref(), act.before.as_ref());
        if let Ok(place) = between(&self.places, &BTreeMap::new(), dot, after, before) {
            self.insert(*dot, place, act.value);
        }
    }

    fn localise(act: &mut InsertAct<V>, pen: &Pen) {
        let refs = act.after.iter_mut().chain(act.before.iter_mut());
        refs.for_each(|r| r.localise(pen));
    }
}

impl<V: Value> From<GList<V>> for BTreeMap<Dot, Element<V>> {
    fn from(list: GList<V>) -> Self {
        let elements = list.places.into_iter().zip(list.values.into_values());
        elements
            .map(|((dot, place), value)| {
                let value = Some(value);
                (dot, Element { place, value })
            })
            .collect()
    }
}

impl<V: Value> TryFrom<BTreeMap<Dot, Element<V>>> for GList<V> {
    type Error = Forged;

    fn try_from(elements: BTreeMap<Dot, Element<V>>) -> Result<Self, Forged> {
        let mut list = GList::default();
        for (dot, Element { place, value }) in elements {
            let sound = place.is_of(&dot) && dot.counter > Counter::ZERO;
            let value = value.filter(|_| sound);
            let value = value.ok_or(Forged("an element deleted, or at the place of another"))?;
            list.insert(dot, place, value);
        }
        Ok(list)
    }
}
