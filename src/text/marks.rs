//! A long sequence of marks that is inserted into anywhere: blocks of a few hundred marks, in order.
//!
//! Finding a mark, or the mark at a position, takes a pass over the blocks or over one block: about the square root of
//! the length. A mark never moves relative to others, and its block is known, so inserting beside it needs no search.

/// The most marks in one block.
const BLOCK: usize = 256;

/// Nowhere yet.
const NOWHERE: usize = usize::MAX;

/// What a mark says of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// All that hangs off it to the left comes after this.
    Open,
    /// Here it stands, to be seen.
    Shown,
    /// Here it stands, deleted.
    Hidden,
    /// All that hangs off it to the right comes before this.
    Close,
}

/// One of the places where a node appears in the sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    Open,
    Stand,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    node: usize,
    kind: Kind,
}

impl Mark {
    const fn spot(self) -> Spot {
        match self.kind {
            Kind::Open => Spot::Open,
            Kind::Shown | Kind::Hidden => Spot::Stand,
            Kind::Close => Spot::Close,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Block {
    marks: Vec<Mark>,
    /// Marks of kind [`Kind::Shown`].
    shown: usize,
}

/// The blocks of one node's marks.
#[derive(Clone, Copy, Debug)]
struct Homes {
    open: usize,
    stand: usize,
    close: usize,
}

impl Homes {
    const NONE: Homes = Homes {
        open: NOWHERE,
        stand: NOWHERE,
        close: NOWHERE,
    };

    const fn of(&mut self, spot: Spot) -> &mut usize {
        match spot {
            Spot::Open => &mut self.open,
            Spot::Stand => &mut self.stand,
            Spot::Close => &mut self.close,
        }
    }
}

/// The sequence.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    blocks: Vec<Block>,
    /// The blocks in order.
    order: Vec<usize>,
    /// For each block its place in the order.
    rank: Vec<usize>,
    /// For each node.
    homes: Vec<Homes>,
    shown: usize,
}

/// Where to insert.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Before,
    After,
}

impl Marks {
    /// A sequence of one node, hidden: node 0.
    pub(super) fn new() -> Self {
        let (node, kind) = (0, Kind::Hidden);
        let homes = Homes {
            stand: 0,
            ..Homes::NONE
        };
        Marks {
            blocks: vec![Block {
                marks: vec![Mark { node, kind }],
                shown: 0,
            }],
            order: vec![0],
            rank: vec![0],
            homes: vec![homes],
            shown: 0,
        }
    }

    /// How many are shown.
    pub(super) const fn shown(&self) -> usize {
        self.shown
    }

    pub(super) fn has(&self, node: usize, spot: Spot) -> bool {
        self.home(node, spot).is_some()
    }

    fn home(&self, node: usize, spot: Spot) -> Option<usize> {
        let mut homes = *self.homes.get(node)?;
        let home = *homes.of(spot);
        (home != NOWHERE).then_some(home)
    }

    /// The block of a mark and its place there.
    fn find(&self, node: usize, spot: Spot) -> Option<(usize, usize)> {
        let home = self.home(node, spot)?;
        let mut marks = self.blocks.get(home)?.marks.iter();
        let place = marks.position(|mark| mark.node == node && mark.spot() == spot)?;
        Some((home, place))
    }

    /// Puts a mark of `node` directly beside another mark. Does nothing if that is not there.
    pub(super) fn insert(&mut self, side: Side, beside: (usize, Spot), node: usize, kind: Kind) {
        let Some((home, place)) = self.find(beside.0, beside.1) else {
            return;
        };
        let place = match side {
            Side::Before => place,
            Side::After => place.saturating_add(1),
        };
        let Some(block) = self.blocks.get_mut(home) else {
            return;
        };
        let mark = Mark { node, kind };
        block.marks.insert(place.min(block.marks.len()), mark);
        if kind == Kind::Shown {
            block.shown = block.shown.saturating_add(1);
            self.shown = self.shown.saturating_add(1);
        }
        let full = block.marks.len() > BLOCK;
        self.settle(mark, home);
        if full {
            self.split(home);
        }
    }

    fn settle(&mut self, mark: Mark, home: usize) {
        let nodes = mark.node.saturating_add(1);
        if self.homes.len() < nodes {
            self.homes.resize(nodes, Homes::NONE);
        }
        if let Some(homes) = self.homes.get_mut(mark.node) {
            *homes.of(mark.spot()) = home;
        }
    }

    /// Moves the second half of a block into a new one after it.
    fn split(&mut self, home: usize) {
        let (Some(block), Some(rank)) = (self.blocks.get_mut(home), self.rank.get(home).copied())
        else {
            return;
        };
        let moved = block.marks.split_off(block.marks.len() / 2);
        let shown = moved.iter().filter(|mark| mark.kind == Kind::Shown).count();
        block.shown = block.shown.saturating_sub(shown);
        let new = self.blocks.len();
        for mark in &moved {
            self.settle(*mark, new);
        }
        self.blocks.push(Block {
            marks: moved,
            shown,
        });
        let after = rank.saturating_add(1);
        self.order.insert(after.min(self.order.len()), new);
        self.rank.push(after);
        for (rank, block) in self.order.iter().enumerate().skip(after) {
            if let Some(of) = self.rank.get_mut(*block) {
                *of = rank;
            }
        }
    }

    /// Hides a node, if it is shown.
    pub(super) fn hide(&mut self, node: usize) {
        let Some((home, place)) = self.find(node, Spot::Stand) else {
            return;
        };
        let Some(block) = self.blocks.get_mut(home) else {
            return;
        };
        let Some(mark) = block.marks.get_mut(place) else {
            return;
        };
        if mark.kind != Kind::Shown {
            return;
        }
        mark.kind = Kind::Hidden;
        block.shown = block.shown.saturating_sub(1);
        self.shown = self.shown.saturating_sub(1);
    }

    /// The nodes shown, from this position on.
    pub(super) fn shown_from(&self, position: usize) -> impl Iterator<Item = usize> + '_ {
        let mut left = position;
        let blocks = self
            .order
            .iter()
            .filter_map(|block| self.blocks.get(*block));
        let blocks = blocks.skip_while(move |block| match left.checked_sub(block.shown) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        });
        // What is left of `position` when the blocks in front are skipped has to be counted again: it moved into the
        // closure above.
        let mut skip = self.within_block(position);
        blocks
            .flat_map(|block| block.marks.iter())
            .filter_map(move |mark| {
                if mark.kind != Kind::Shown {
                    return None;
                }
                match skip.checked_sub(1) {
                    Some(rest) => {
                        skip = rest;
                        None
                    }
                    None => Some(mark.node),
                }
            })
    }

    /// How many shown marks of its block are in front of the one at this position.
    fn within_block(&self, position: usize) -> usize {
        let mut left = position;
        for block in self
            .order
            .iter()
            .filter_map(|block| self.blocks.get(*block))
        {
            match left.checked_sub(block.shown) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        left
    }

    /// The next node after this one, shown or not.
    pub(super) fn next_standing(&self, node: usize) -> Option<usize> {
        let (home, place) = self.find(node, Spot::Stand)?;
        let rank = self.rank.get(home).copied()?;
        let here = self.blocks.get(home)?.marks.iter();
        let here = here.skip(place.saturating_add(1));
        let later = self.order.iter().skip(rank.saturating_add(1));
        let later = later.filter_map(|block| self.blocks.get(*block));
        let mut marks = here.chain(later.flat_map(|block| block.marks.iter()));
        marks
            .find(|mark| mark.spot() == Spot::Stand)
            .map(|mark| mark.node)
    }

    /// How many shown nodes come before this one.
    pub(super) fn position(&self, node: usize) -> Option<usize> {
        let (home, place) = self.find(node, Spot::Stand)?;
        let rank = self.rank.get(home).copied()?;
        let before = self.order.iter().take(rank);
        let before = before.filter_map(|block| self.blocks.get(*block));
        let before: usize = before.map(|block| block.shown).sum();
        let here = self.blocks.get(home)?.marks.iter().take(place);
        let here = here.filter(|mark| mark.kind == Kind::Shown).count();
        Some(before.saturating_add(here))
    }
}
