//! Finding room for labels, so that none is printed over another.

use std::collections::BTreeMap;

use super::canvas::{Point, between, unit};

/// A convex shape with its corners in order.
pub(crate) type Shape = [Point; 4];

/// What labels have to keep clear of.
pub(crate) struct Room {
    /// How far labels may reach to either side.
    sides: (i64, i64),
    /// What a label must not touch: boxes, other labels.
    taken: Cells<Shape>,
    /// What a label had better not cross: arrows.
    lines: Cells<(Point, Point)>,
    /// What it may cross if need be: lifelines, by their place across.
    rails: Vec<i64>,
}

/// Things found again by where they are.
struct Cells<T> {
    all: Vec<T>,
    cells: BTreeMap<(i64, i64), Vec<usize>>,
}

/// How wide and how high a cell is.
const CELL: (i64, i64) = (800, 400);

impl<T> Cells<T> {
    fn new() -> Self {
        Self {
            all: Vec::new(),
            cells: BTreeMap::new(),
        }
    }

    fn insert(&mut self, thing: T, cells: impl IntoIterator<Item = (i64, i64)>) {
        for cell in cells {
            self.cells.entry(cell).or_default().push(self.all.len());
        }
        self.all.push(thing);
    }

    /// Everything that may touch this shape, once each.
    fn near(&self, shape: &Shape) -> impl Iterator<Item = &T> {
        let mut near: Vec<usize> = cells(shape)
            .filter_map(|cell| self.cells.get(&cell))
            .flatten()
            .copied()
            .collect();
        near.sort_unstable();
        near.dedup();
        near.into_iter().filter_map(|place| self.all.get(place))
    }
}

/// The cells a shape may touch.
fn cells(shape: &[Point]) -> impl Iterator<Item = (i64, i64)> + use<> {
    let across = reach(shape.iter().map(|(x, _)| x.div_euclid(CELL.0)));
    let down = reach(shape.iter().map(|(_, y)| y.div_euclid(CELL.1)));
    (down.0..=down.1).flat_map(move |row| (across.0..=across.1).map(move |column| (row, column)))
}

/// The cells a line passes, row by row.
fn passed(from: Point, to: Point) -> Vec<(i64, i64)> {
    let (upper, lower) = if from.1 <= to.1 {
        (from, to)
    } else {
        (to, from)
    };
    let (first, last) = (upper.1.div_euclid(CELL.1), lower.1.div_euclid(CELL.1));
    let at = |y: i64| {
        let y = y.clamp(upper.1, lower.1);
        upper.0 + (lower.0 - upper.0) * (y - upper.1) / (lower.1 - upper.1).max(1)
    };
    let row = |row: i64| {
        let ends = if first == last {
            [upper.0, lower.0]
        } else {
            [at(row * CELL.1), at((row + 1) * CELL.1)]
        };
        let across = reach(ends.into_iter().map(|x| x.div_euclid(CELL.0)));
        (across.0..=across.1).map(move |column| (row, column))
    };
    (first..=last).flat_map(row).collect()
}

/// The least and the greatest.
fn reach(values: impl Iterator<Item = i64> + Clone) -> (i64, i64) {
    (values.clone().min().unwrap_or(0), values.max().unwrap_or(0))
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

/// What it costs to cross an arrow.
const CROSSING: usize = 30;

/// The places tried along an arrow, in thousandths of its length; the earlier the better.
const ALONG: [i64; 11] = [500, 420, 580, 340, 660, 260, 740, 180, 820, 120, 880];

impl Room {
    /// A chart on which labels may stand between these two places across.
    pub(crate) fn new(left: i64, right: i64) -> Self {
        Self {
            sides: (left, right),
            taken: Cells::new(),
            lines: Cells::new(),
            rails: Vec::new(),
        }
    }

    /// Keeps an upright rectangle clear of labels.
    pub(crate) fn take(&mut self, corner: Point, size: Point) {
        let shape = rectangle(corner, size);
        self.taken.insert(shape, cells(&shape));
    }

    /// Tells labels that it is better not to cross this lifeline.
    pub(crate) fn spare(&mut self, x: i64) {
        self.rails.push(x);
    }

    /// Tells labels not to cross this arrow where they can help it.
    pub(crate) fn avoid(&mut self, from: Point, to: Point) {
        self.lines.insert((from, to), passed(from, to));
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
                let enough = found.map_or(usize::MAX, |found| found.cost);
                found = self.spot(on, run, size, (side, away), enough).or(found);
            }
        }
        found
    }

    /// Keeps a place that was found.
    pub(crate) fn settle(&mut self, spot: &Spot) {
        self.taken.insert(spot.shape, cells(&spot.shape));
    }

    /// A label beside the place `on` of an arrow that runs along `run`, if it is free and costs less than `enough`.
    fn spot(
        &self,
        on: Point,
        run: Point,
        (wide, high): Point,
        (side, away): (i64, usize),
        enough: usize,
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
        let (left, right) = reach(shape.iter().map(|(x, _)| *x));
        let rails = self
            .rails
            .iter()
            .filter(|x| (left..=right).contains(x))
            .count();
        let cost = away + usize::from(side > 0) * 3 + rails * 6;
        let outside = left < self.sides.0 || self.sides.1 < right;
        if cost >= enough || outside || self.taken.near(&shape).any(|taken| overlap(&shape, taken))
        {
            return None;
        }
        // No more crossings are counted than would be too many; past eight, one more makes it no worse.
        let most = (enough - cost).div_ceil(CROSSING).min(8);
        let crossed = self
            .lines
            .near(&shape)
            .filter(|(from, to)| crosses(&shape, *from, *to));
        let cost = cost + crossed.take(most).count() * CROSSING;
        if cost >= enough {
            return None;
        }
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
            cost,
        })
    }
}

/// The corners of an upright rectangle.
pub(crate) fn rectangle((x, y): Point, (wide, high): Point) -> Shape {
    [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]
}

/// Whether a line goes through a convex shape, not only along its edge.
fn crosses(shape: &Shape, from: Point, to: Point) -> bool {
    let side = |(x, y): &Point| (to.0 - from.0) * (y - from.1) - (to.1 - from.1) * (x - from.0);
    let sides = reach(shape.iter().map(side));
    sides.0 < 0 && 0 < sides.1 && overlap(shape, &[from, to, to, from])
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
    use super::{Room, overlap, passed, rectangle};

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
    fn a_line_is_found_in_every_cell_it_passes() {
        assert_eq!(passed((0, 0), (2_000, 100)), [(0, 0), (0, 1), (0, 2)]);
        assert_eq!(
            passed((2_000, 0), (0, 799)),
            [(0, 1), (0, 2), (1, 0), (1, 1)]
        );
        assert_eq!(passed((-10, -10), (-10, 410)), [(-1, -1), (0, -1), (1, -1)]);
    }

    #[test]
    fn labels_give_way_and_give_up() {
        let mut room = Room::new(-10_000, 10_000);
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
