//! Types whose operations need more than they say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bft_crdts::conformance::{Arbitrary, Clause, Gen, Kit, Turn};
use bft_crdts::{Actor, Causes, Dot};
use serde::{Deserialize, Serialize};

use super::plain::{Drawn, Of, Plain};
use super::{mended, seeded};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Post {
    New(u8),
    Reply { to: Dot },
}

impl Post {
    /// Replies to something seen, or begins something.
    fn draw<P: Plain<Op = Post>>(turn: &Turn<'_, Of<P>>, g: &mut Gen) -> Option<Post> {
        let posts = turn
            .delivered
            .iter()
            .filter(|(_, op)| matches!(op, Post::New(_)));
        let posts: Vec<Dot> = posts.map(|(dot, _)| *dot).collect();
        let reply = g
            .choose(&posts)
            .copied()
            .filter(|_| u8::arbitrary(g) % 4 != 0);
        Some(reply.map_or(Post::New(u8::arbitrary(g)), |to| Post::Reply { to }))
    }

    fn dot(&self) -> BTreeSet<Dot> {
        match self {
            Post::New(_) => BTreeSet::new(),
            Post::Reply { to } => BTreeSet::from([*to]),
        }
    }
}

impl Arbitrary for Post {
    fn arbitrary(g: &mut Gen) -> Self {
        if bool::arbitrary(g) {
            Post::New(u8::arbitrary(g))
        } else {
            Post::Reply {
                to: Dot::arbitrary(g),
            }
        }
    }
}

type Board = BTreeMap<Dot, BTreeSet<Dot>>;

fn put(board: &mut Board, dot: Dot, op: Post) {
    match op {
        Post::New(_) => drop(board.insert(dot, BTreeSet::new())),
        Post::Reply { to } => {
            if let Some(replies) = board.get_mut(&to) {
                replies.insert(dot);
            }
        }
    }
}

/// Replies to posts, which are dropped where the post is not yet. Mended, the post is a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replies<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Replies<BROKEN> {
    type Op = Post;
    type State = Board;

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Post> {
        Post::draw(turn, g)
    }
    fn causes(_: &Board, op: &Post) -> Causes {
        Causes::Dots(if BROKEN { BTreeSet::new() } else { op.dot() })
    }
    fn apply(board: &mut Board, _: Actor, dot: Dot, op: Post) {
        put(board, dot, op);
    }
}

/// Replies that are valid only where the post is. Mended, the post is a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strict<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Strict<BROKEN> {
    type Op = Post;
    type State = Board;

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Post> {
        Post::draw(turn, g)
    }
    fn causes(_: &Board, op: &Post) -> Causes {
        Causes::Dots(if BROKEN { BTreeSet::new() } else { op.dot() })
    }
    fn validate(board: &Board, _: &Dot, op: &Post) -> bool {
        op.dot().iter().all(|post| board.contains_key(post))
    }
    fn apply(board: &mut Board, _: Actor, dot: Dot, op: Post) {
        put(board, dot, op);
    }
}

/// Causes that are named only where they are there already. Mended, always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lazy<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Lazy<BROKEN> {
    type Op = Post;
    type State = Board;

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Post> {
        Post::draw(turn, g)
    }
    fn causes(board: &Board, op: &Post) -> Causes {
        let known = |dot: &Dot| !BROKEN || board.contains_key(dot);
        Causes::Dots(op.dot().into_iter().filter(known).collect())
    }
    fn apply(board: &mut Board, _: Actor, dot: Dot, op: Post) {
        put(board, dot, op);
    }
}

/// Operations that name causes nobody has: everything said so far, counted wrongly by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Greedy<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Greedy<BROKEN> {
    type Op = Option<Dot>;
    type State = BTreeSet<Dot>;

    fn draw(turn: &Turn<'_, Of<Self>>, _: &mut Gen) -> Option<Option<Dot>> {
        let newest = turn
            .delivered
            .iter()
            .map(|(dot, _)| *dot)
            .rfind(|dot| dot.actor != turn.me());
        let counted = |dot: Dot| {
            Dot::new(
                dot.actor,
                dot.counter
                    .checked_add(BROKEN.into())
                    .unwrap_or(dot.counter),
            )
        };
        Some(newest.map(counted))
    }
    fn causes(_: &Self::State, op: &Option<Dot>) -> Causes {
        Causes::Dots(op.iter().copied().collect())
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, _: Option<Dot>) {
        state.insert(dot);
    }
}

/// Who has voted for what. Broken, a vote says that it needs nothing, although it counts only where the poll is: the mistake
/// that a provided `causes` used to hide. Mended, its poll is a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Votes<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Votes<BROKEN> {
    type Op = Post;
    type State = Board;

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Post> {
        Post::draw(turn, g)
    }
    fn causes(_: &Board, op: &Post) -> Causes {
        match op {
            Post::Reply { to } if !BROKEN => Causes::Dots([*to].into()),
            _ => Causes::Nothing,
        }
    }
    fn validate(board: &Board, _: &Dot, op: &Post) -> bool {
        op.dot().iter().all(|poll| board.contains_key(poll))
    }
    fn apply(board: &mut Board, _: Actor, dot: Dot, op: Post) {
        put(board, dot, op);
    }
}

#[test]
fn a_vote_that_says_it_needs_nothing() {
    let kit = Kit::<Of<Votes<true>>, _>::new(Drawn).pause(Duration::ZERO);
    let failure = kit
        .check(Clause::Causes, 0..100)
        .expect_err("a vote needs its poll");
    let report = failure.to_string();
    assert!(
        report.contains("fn causes(&self, op: &Self::Op) -> Causes {"),
        "the lines to add:\n{report}"
    );
    seeded::<Votes<true>>(Clause::Causes);
    mended::<Votes<false>>();
}

#[test]
fn a_reply_that_does_not_name_its_post() {
    seeded::<Replies<true>>(Clause::Causes);
    mended::<Replies<false>>();
}

#[test]
fn validity_that_needs_what_is_not_a_cause() {
    seeded::<Strict<true>>(Clause::Causes);
    mended::<Strict<false>>();
}

#[test]
fn causes_that_depend_on_who_is_asked() {
    seeded::<Lazy<true>>(Clause::Causes);
    mended::<Lazy<false>>();
}

#[test]
fn causes_that_are_not_delivered_where_the_operation_is_issued() {
    seeded::<Greedy<true>>(Clause::Causes);
    mended::<Greedy<false>>();
}
