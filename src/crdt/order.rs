//! Putting operations into an order in which each comes after those it needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::Dot;

/// The keys of `needs` in an order in which each comes after the others it needs. `None` if one needs what is not there,
/// or if they need each other in a circle.
pub(crate) fn in_order(needs: &BTreeMap<Dot, BTreeSet<Dot>>) -> Option<Vec<Dot>> {
    let mut needed_by: BTreeMap<Dot, Vec<Dot>> = BTreeMap::new();
    let mut open = BTreeMap::new();
    let mut order = Vec::with_capacity(needs.len());
    for (dot, needs_of) in needs {
        for need in needs_of {
            needs.get(need)?;
            needed_by.entry(*need).or_default().push(*dot);
        }
        if needs_of.is_empty() {
            order.push(*dot);
        } else {
            open.insert(*dot, needs_of.len());
        }
    }
    let mut next = 0usize;
    while let Some(dot) = order.get(next).copied() {
        next = next.saturating_add(1);
        for waiting in needed_by.remove(&dot).unwrap_or_default() {
            if let Some(left) = open.get_mut(&waiting) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    order.push(waiting);
                }
            }
        }
    }
    (order.len() == needs.len()).then_some(order)
}
