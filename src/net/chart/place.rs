//! Finding room for labels, so that none is printed over another.

use std::collections::BTreeMap;

use super::canvas::{Point, between, unit};

/// A convex shape with its corners in order.
pub(crate) type Shape = [Point; 4];

/// What labels have to keep clear of.
#[derive(Default)]
pub(crate) struct Room {
    /// What a label must not touch: boxes, other labels.
    taken: Strips<Shape>,
    /// What a label had better not cross: arrows.
    lines: Strips<Shape>,
    /// What it may cross if need be: lifelines.
    rails: Strips<Shape>,
}

/// Shapes found again by their height on the chart.
#[derive(Default)]
struct Strips<T> {
    all: Vec<T>,
    strips: BTreeMap<i64, Vec<usize>>,
}

/// How high a strip is.
const STRIP: i64 = 400;

impl Strips<Shape> {
    fn insert(&mut self, shape: Shape) {
        for strip in strips(&shape) {
            self.strips.entry(strip).or_default().push(self.all.len());
        }
        self.all.push(shape);
    }

    /// How many shapes overlap this one; with `enough`, counting stops there.
    fn overlapping(&self, shape: &Shape, enough: usize) -> usize {
        let mut seen: Vec<usize> = strips(shape)
            .filter_map(|strip| self.strips.get(&strip))
            .flatten()
            .copied()
            .collect();
        seen.sort_unstable();
        seen.dedup();
        let near = seen.into_iter().filter_map(|place| self.all.get(place));
        let (left, right) = reach_across(shape);
        let beside = |other: &Shape| {
            let (from, to) = reach_across(other);
            to <= left || right <= from
        };
        near.filter(|other| !beside(other))
            .filter(|other| overlap(shape, other))
            .take(enough)
            .count()
    }
}

/// The leftmost and the rightmost of a shape.
fn reach_across(shape: &Shape) -> (i64, i64) {
    let [(a, _), (b, _), (c, _), (d, _)] = *shape;
    (a.min(b).min(c.min(d)), a.max(b).max(c.max(d)))
}

fn strips(shape: &Shape) -> core::ops::RangeInclusive<i64> {
    let heights = || shape.iter().map(|(_, y)| *y);
    let (top, foot) = (heights().min().unwrap_or(0), heights().max().unwrap_or(0));
    top.div_euclid(STRIP)..=foot.div_euclid(STRIP)
}

/// Where a label goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The middle of its base line.
    pub(crate) place: Point,
    /// The way it runs: from left to right.
    pub(crate) direction: Point,
    shape: Shape,
    cost: usize,
}

impl Spot {
    /// How much is against it.
    pub(crate) fn cost(&self) -> usize {
        self.cost
    }
}

/// The places tried along an arrow, in thousandths of its length; the earlier the better.
const ALONG: [i64; 11] = [500, 420, 580, 340, 660, 260, 740, 180, 820, 120, 880];

impl Room {
    /// Keeps an upright rectangle clear of labels.
    pub(crate) fn take(&mut self, corner: Point, size: Point) {
        self.taken.insert(rectangle(corner, size));
    }

    /// Tells labels that it is better not to cross this lifeline.
    pub(crate) fn spare(&mut self, from: Point, to: Point) {
        self.rails.insert([from, to, to, from]);
    }

    /// Tells labels not to cross this arrow where they can help it.
    pub(crate) fn avoid(&mut self, from: Point, to: Point) {
        self.lines.insert([from, to, to, from]);
    }

    /// The best place for a label of this size along the arrow, the worse the farther from `best` thousandths
    /// of its length; `None` if there is no room.
    pub(crate) fn find(&self, from: Point, to: Point, size: Point, best: i64) -> Option<Spot> {
        let (left, right) = if from.0 <= to.0 {
            (from, to)
        } else {
            (to, from)
        };
        let best = if from.0 <= to.0 { best } else { 1_000 - best };
        let run = (right.0 - left.0, right.1 - left.1);
        // Flat labels are easier to read.
        let steep = usize::try_from(run.1.abs() * 6 / run.0.abs().max(1))
            .unwrap_or(0)
            .min(30);
        let mut found: Option<Spot> = None;
        for place in ALONG {
            for side in [-1, 1] {
                let on = between(left, right, place);
                let away = usize::try_from((place - best).abs()).unwrap_or(0) / 40 + steep;
                let Some(spot) = self.spot(on, run, size, side, away) else {
                    continue;
                };
                if found.is_none_or(|found| spot.cost < found.cost) {
                    found = Some(spot);
                }
            }
        }
        found
    }

    /// Keeps a place that was found.
    pub(crate) fn settle(&mut self, spot: &Spot) {
        self.taken.insert(spot.shape);
    }

    /// A label beside the place `on` of an arrow that runs along `run`, if it is free.
    fn spot(
        &self,
        on: Point,
        run: Point,
        (wide, high): Point,
        side: i64,
        away: usize,
    ) -> Option<Spot> {
        let along = unit(run, wide / 2);
        let up = unit((run.1, -run.0), 1_000);
        let raised = |by: i64| (on.0 + up.0 * by / 1_000, on.1 + up.1 * by / 1_000);
        let (low, top) = if side < 0 {
            (25, 25 + high)
        } else {
            (-35 - high, -35)
        };
        let (low, top) = (raised(low), raised(top));
        let shape = [
            (low.0 - along.0, low.1 - along.1),
            (low.0 + along.0, low.1 + along.1),
            (top.0 + along.0, top.1 + along.1),
            (top.0 - along.0, top.1 - along.1),
        ];
        if self.taken.overlapping(&shape, 1) > 0 {
            return None;
        }
        let crossed = self.lines.overlapping(&shape, usize::MAX) * 30
            + self.rails.overlapping(&shape, usize::MAX) * 6;
        let below = usize::from(side > 0) * 3;
        // The base line stands a quarter of the height above the lower edge, room for the tails of letters.
        let base = if side < 0 {
            25 + high / 4
        } else {
            -35 - high + high / 4
        };
        Some(Spot {
            place: raised(base),
            direction: run,
            shape,
            cost: crossed + away + below,
        })
    }
}

/// The corners of an upright rectangle.
pub(crate) fn rectangle((x, y): Point, (wide, high): Point) -> Shape {
    [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]
}

/// Whether two convex shapes share more than an edge: no straight line parts them.
pub(crate) fn overlap(one: &Shape, other: &Shape) -> bool {
    let parted_by_edge_of = |shape: &Shape| {
        let next = shape.iter().cycle().skip(1);
        shape.iter().zip(next).any(|(from, to)| {
            let normal = (to.1 - from.1, from.0 - to.0);
            normal != (0, 0) && {
                let reach = |shape: &Shape| {
                    let reach = shape.map(|(x, y)| x * normal.0 + y * normal.1);
                    (reach.into_iter().min(), reach.into_iter().max())
                };
                let (one, other) = (reach(one), reach(other));
                one.1 <= other.0 || other.1 <= one.0
            }
        })
    };
    !parted_by_edge_of(one) && !parted_by_edge_of(other)
}

#[cfg(test)]
mod tests {
    use super::{Room, overlap, rectangle};

    #[test]
    fn shapes_that_touch_do_not_overlap() {
        let square = rectangle((0, 0), (100, 100));
        assert!(!overlap(&square, &rectangle((100, 0), (50, 50))));
        assert!(overlap(&square, &rectangle((99, 50), (50, 10))));
        assert!(!overlap(
            &square,
            &[(150, 50), (200, 100), (150, 150), (100, 100)]
        ));
        assert!(
            overlap(&square, &[(-50, 50), (150, 50), (150, 50), (-50, 50)]),
            "a line through it"
        );
        assert!(
            !overlap(&square, &[(-50, 150), (150, 150), (150, 150), (-50, 150)]),
            "a line beside it"
        );
    }

    #[test]
    fn labels_give_way_and_give_up() {
        let mut room = Room::default();
        let (from, to, size) = ((0, 0), (1_000, 0), (300, 100));
        let mut found = Vec::new();
        while let Some(spot) = room.find(from, to, size, 500) {
            room.settle(&spot);
            found.push(spot);
        }
        assert_eq!(found.len(), 6, "three above, three below: {found:?}");
        for (place, one) in found.iter().enumerate() {
            for other in found.iter().skip(place + 1) {
                assert!(!overlap(&one.shape, &other.shape));
            }
        }
    }
}
