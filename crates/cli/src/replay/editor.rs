//! The agents of a history at their desks, typing again what they typed.

use std::collections::VecDeque;
use std::sync::Arc;

use bft_crdts::crdt::{Op, Replicated, Seen};
use bft_crdts::text::{Edit, Patch, Text};
use bft_crdts::{Actor, Counter, Dot, SecureBroadcastAlgorithm};

use super::history::History;

/// What all agents have typed so far, and what each of their hands sees.
///
/// What a hand sees is not its replica's copy, on which more may be delivered than it had seen. It is a view that holds
/// exactly the ancestors of the transaction it writes. Several hands may write at one member: then its operations are
/// numbered as they are written, and a view may hold a later one of them without an earlier one.
#[derive(Debug)]
pub(super) struct Editor {
    history: Arc<History>,
    /// The members at which hands write, and how many operations each of them has.
    members: Vec<(Actor, Counter)>,
    hands: Vec<Hand>,
    /// The first transaction that could not be written.
    stuck: Option<OutsideText>,
}

/// One agent, or one that is in two places at once in one of them.
#[derive(Debug)]
struct Hand {
    /// Until it has written its last.
    view: Option<Replicated<Text>>,
    /// How many operations of each hand are in the view.
    seen: Vec<u64>,
    /// How many it is still to write.
    left: usize,
    /// Its operations that some other view does not hold yet, each with its transaction and its name.
    written: VecDeque<(usize, Dot, Op<Text>)>,
    /// How many operations came before those.
    dropped: u64,
}

/// A transaction whose positions are not in the text as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "transaction {transaction} changes what is not in the text of {length} characters that it follows"
)]
pub struct OutsideText {
    /// The transaction, from 0.
    pub transaction: usize,
    /// How long the text was.
    pub length: usize,
}

impl Editor {
    /// Empty views for all hands, which share these members out among themselves.
    pub(super) fn new(history: &Arc<History>, members: &[Actor]) -> Self {
        let mut left = vec![0; history.hands];
        for transaction in &history.transactions {
            left[transaction.hand] += usize::from(transaction.operation.is_some());
        }
        let hand = |left| Hand {
            view: None,
            seen: vec![0; history.hands],
            left,
            written: VecDeque::new(),
            dropped: 0,
        };
        Editor {
            history: history.clone(),
            members: members
                .iter()
                .map(|actor| (*actor, Counter::ZERO))
                .collect(),
            hands: left.into_iter().map(hand).collect(),
            stuck: None,
        }
    }

    /// Why the history cannot be replayed, if it cannot.
    pub(super) fn stuck(&self) -> Option<&OutsideText> {
        self.stuck.as_ref()
    }

    /// Writes a transaction, when its ancestors are written. Its operation has exactly these as its causes, but for what
    /// its member had from other hands: it names those of other members that came after the hand's transaction before,
    /// which are causes already.
    pub(super) fn write(&mut self, transaction: usize) -> Result<Op<Text>, OutsideText> {
        if let Some(stuck) = &self.stuck {
            return Err(stuck.clone());
        }
        let history = self.history.clone();
        let written = &history.transactions[transaction];
        let place = written.hand % self.members.len();
        let (member, made) = self.members[place];
        let mut seen = self.catch_up(written.hand, member, &written.known);
        seen.forget(&member);
        let patches = written.patches.iter();
        let patches: Vec<Patch<'_>> = patches
            .map(|(at, delete, insert)| Patch {
                at: *at,
                delete: *delete,
                insert,
            })
            .collect();
        let hand = &mut self.hands[written.hand];
        let view = hand.view.get_or_insert_with(|| Replicated::new(member));
        let counter = made.next().unwrap_or(made);
        let dot = Dot::new(member, counter);
        let Some(op) = view.value().patch(&patches) else {
            let stuck = OutsideText {
                transaction,
                length: view.value().len(),
            };
            self.stuck = Some(stuck.clone());
            return Err(stuck);
        };
        let Edit { changes, .. } = op.act().clone();
        let op = Op::new(Edit { seen, changes });
        view.apply(dot, op.clone());
        hand.seen[written.hand] += 1;
        hand.left -= 1;
        hand.written.push_back((transaction, dot, op.clone()));
        if hand.left == 0 {
            hand.view = None;
        }
        self.members[place].1 = counter;
        Ok(op)
    }

    /// Brings the view of a hand up to exactly these operations of the others, each after those it follows. Returns the
    /// last of each that is new.
    fn catch_up(&mut self, hand: usize, member: Actor, known: &[u64]) -> Seen {
        let mut new = Vec::new();
        let mut causes = Seen::nothing();
        for (other, have) in self.hands[hand].seen.clone().into_iter().enumerate() {
            if other == hand {
                continue;
            }
            let Hand {
                written, dropped, ..
            } = &self.hands[other];
            for number in have + 1..=known[other] {
                let place = usize::try_from(number - dropped - 1);
                let (transaction, dot, op) = &written[place.unwrap_or(usize::MAX)];
                new.push((*transaction, *dot, op.clone()));
                causes.add(*dot);
            }
        }
        // In the history every transaction stands after those it follows.
        new.sort_unstable_by_key(|(transaction, ..)| *transaction);
        let Hand { view, seen, .. } = &mut self.hands[hand];
        let view = view.get_or_insert_with(|| Replicated::new(member));
        for (_, dot, op) in new {
            view.apply(dot, op);
        }
        let mine = seen[hand];
        seen.copy_from_slice(known);
        seen[hand] = mine;
        self.drop_what_all_have_seen();
        causes
    }

    fn drop_what_all_have_seen(&mut self) {
        for hand in 0..self.hands.len() {
            let others = self.hands.iter().enumerate();
            let others = others.filter(|(other, of)| *other != hand && of.left > 0);
            let seen = others.map(|(_, other)| other.seen[hand]);
            let by_all = seen.min().unwrap_or(u64::MAX);
            let Hand {
                written, dropped, ..
            } = &mut self.hands[hand];
            while *dropped < by_all && written.pop_front().is_some() {
                *dropped += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::history::{self, parse};
    use std::path::Path;

    fn actors(count: usize) -> Vec<Actor> {
        (1..)
            .map(|tag| Actor::from_bytes([tag; 32]))
            .take(count)
            .collect()
    }

    /// Two agents; the second transaction of agent 0 has not seen what agent 1 did, and so means another place.
    #[test]
    fn deliveries_beyond_the_ancestors_do_not_shift_a_transaction() {
        let json = br#"{ "endContent": "1>23!", "numAgents": 2, "txns": [
            { "parents": [], "agent": 0, "patches": [[0, 0, "123"]] },
            { "parents": [0], "agent": 1, "patches": [[1, 0, ">"]] },
            { "parents": [0], "agent": 0, "patches": [[3, 0, "!"]] } ] }"#;
        let history = Arc::new(parse(json).expect("a history"));
        let actors = actors(2);
        let mut editor = Editor::new(&history, &actors);
        // What agent 0 has delivered when it writes the last one: all there is.
        let mut copy = Replicated::<Text>::new(actors[0]);
        for (transaction, text) in ["123", "1>23", "1>23!"].into_iter().enumerate() {
            let op = editor.write(transaction).expect("written");
            let author = history.transactions[transaction].hand;
            let number = history.transactions[transaction].operation;
            let counter = Counter::new(number.expect("it changes something"));
            copy.apply(Dot::new(actors[author], counter), op);
            assert_eq!(copy.value().to_string(), text);
        }
    }

    /// Whatever is in the past of an operation, through its causes and those of its own source before it: it is what the
    /// history says, no more and no less.
    #[test]
    fn the_causes_of_an_operation_are_exactly_its_ancestors() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/history/three_friends.json.gz"
        );
        let history = Arc::new(history::read(Path::new(file)).expect("a history"));
        let actors = actors(history.hands);
        let mut editor = Editor::new(&history, &actors);
        let mut copy = Replicated::<Text>::new(actors[0]);
        let mut pasts: Vec<Vec<Vec<u64>>> = vec![vec![vec![0; actors.len()]]; actors.len()];
        for (index, transaction) in history.transactions.iter().enumerate() {
            let Some(number) = transaction.operation else {
                continue;
            };
            let op = editor.write(index).expect("written");
            let agent = transaction.hand;
            let mut past = pasts[agent].last().expect("its beginning").clone();
            for cause in copy.causes(&op).dots() {
                let of = actors.iter().position(|actor| *actor == cause.actor);
                let of = of.expect("an agent");
                let until = cause.counter.get();
                past[of] = past[of].max(until);
                let before = &pasts[of][usize::try_from(until).expect("small")];
                past.iter_mut()
                    .zip(before)
                    .for_each(|(count, before)| *count = (*count).max(*before));
            }
            assert_eq!(past, transaction.known, "transaction {index}");
            past[agent] = number;
            pasts[agent].push(past);
            copy.apply(Dot::new(actors[agent], Counter::new(number)), op);
        }
        assert_eq!(copy.value().to_string(), history.end);
    }

    #[test]
    fn a_history_that_contradicts_itself_is_refused() {
        let json = br#"{ "endContent": "", "txns": [
            { "parents": [], "agent": 0, "patches": [[0, 0, "12"]] },
            { "parents": [0], "agent": 0, "patches": [[1, 2, ""]] } ] }"#;
        let history = Arc::new(parse(json).expect("a history"));
        let mut editor = Editor::new(&history, &actors(1));
        editor.write(0).expect("written");
        let why = OutsideText {
            transaction: 1,
            length: 2,
        };
        assert_eq!(editor.write(1), Err(why.clone()));
        assert_eq!(editor.stuck(), Some(&why));
    }

    /// Histories with other numbers in them are refused, or replayed as far as they make sense.
    #[test]
    fn a_damaged_history_is_refused_or_replayed() {
        let friends = include_bytes!("../../tests/history/three_friends.json.gz");
        let json = history::unpack(friends).expect("gzip");
        let digits: Vec<usize> = (0..json.len() / 5)
            .filter(|place| json[*place].is_ascii_digit())
            .collect();
        let mut draw = crate::draw::Draw::new(1, 1);
        let (mut refused, mut stuck) = (0, 0);
        for _ in 0..300 {
            let mut json = json.clone();
            let digit = *draw.pick(&digits).expect("there are digits");
            json[digit] = *draw.pick(b"0123456789").expect("ten");
            let Ok(mut history) = parse(&json) else {
                refused += 1;
                continue;
            };
            history.transactions.truncate(150);
            let mut editor = Editor::new(&Arc::new(history.clone()), &actors(history.hands));
            for (index, transaction) in history.transactions.iter().enumerate() {
                if transaction.operation.is_some() && editor.write(index).is_err() {
                    stuck += 1;
                    break;
                }
            }
        }
        assert!(
            refused > 20 && stuck > 0,
            "{refused} refused, {stuck} stuck"
        );
    }
}
