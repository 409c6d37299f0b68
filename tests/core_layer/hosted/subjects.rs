//! The hosted types, and what authors and Byzantine nodes do with them.

use std::collections::BTreeSet;

use bft_crdts::Dot;
use bft_crdts::crdt::{
    CountAct, GCounter, GList, GSet, Increment, Insert, InsertAct, LWWReg, List, ListAct, MVReg,
    Map, MapAct, MerkleReg, Nested, Op, Orswot, PNCounter, SetAct, Write, WriteOver,
};
use bft_crdts::text::{Anchor, Change, Edit, Element, Patch, Span, Text};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Subject, some_ref, some_seen};

fn members(rng: &mut ChaCha8Rng) -> BTreeSet<u8> {
    let many = rng.random_range(0..4);
    (0..many).map(|_| rng.random_range(0..5)).collect()
}

fn one(rng: &mut ChaCha8Rng) -> BTreeSet<u8> {
    BTreeSet::from([rng.random_range(0..5)])
}

/// Numbers of all sizes, the largest among them.
fn number(rng: &mut ChaCha8Rng) -> u64 {
    let bits = rng.random_range(0..=64);
    rng.random::<u64>()
        .checked_shr(64 - bits)
        .unwrap_or(0)
        .max(u64::from(rng.random_bool(0.9)))
}

impl Subject for GCounter {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        Some(self.increment_by(rng.random_range(1..10)))
    }

    fn lie(rng: &mut ChaCha8Rng, _: &[Dot]) -> Op<Self> {
        Op::new(Increment { by: number(rng) })
    }
}

impl Subject for PNCounter {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        let by = rng.random_range(1..10);
        Some(if rng.random() {
            self.increment_by(by)
        } else {
            self.decrement_by(by)
        })
    }

    fn lie(rng: &mut ChaCha8Rng, _: &[Dot]) -> Op<Self> {
        let by = number(rng);
        Op::new(if rng.random() {
            CountAct::Increment { by }
        } else {
            CountAct::Decrement { by }
        })
    }
}

impl Subject for GSet<u8> {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        Some(self.insert(one(rng)))
    }

    fn lie(rng: &mut ChaCha8Rng, _: &[Dot]) -> Op<Self> {
        let members = members(rng);
        Op::new(Insert { members })
    }
}

impl Subject for Orswot<u8> {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        Some(if rng.random() {
            self.add(one(rng))
        } else {
            self.remove(one(rng))
        })
    }

    fn lie(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Op<Self> {
        let members = members(rng);
        Op::new(if rng.random() {
            SetAct::Add { members }
        } else {
            let seen = some_seen(rng, dots);
            SetAct::Remove { members, seen }
        })
    }
}

impl Subject for MVReg<u8> {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        Some(self.write(rng.random()))
    }

    fn lie(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Op<Self> {
        let seen = some_seen(rng, dots);
        let value = rng.random();
        Op::new(Write { value, seen })
    }
}

impl Subject for LWWReg<u8> {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        Some(self.write(rng.random()))
    }

    fn lie(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Op<Self> {
        let seen = some_seen(rng, dots);
        let value = rng.random();
        Op::new(Write { value, seen })
    }
}

impl<V: Nested + Subject> Subject for Map<u8, V> {
    const NEVER_VALID: &'static [&'static str] = match V::REMOVABLE {
        true => &[],
        false => &["Remove"],
    };

    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        let key = rng.random_range(0..3);
        if V::REMOVABLE && rng.random_bool(0.3) {
            return Some(self.remove([key]));
        }
        let op = self.get(&key).unwrap_or_default().draw(rng)?;
        Some(self.update(key, |_| op))
    }

    fn lie(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Op<Self> {
        if rng.random_bool(0.3) {
            let (keys, seen) = (members(rng), some_seen(rng, dots));
            return Op::new(MapAct::Remove { keys, seen });
        }
        let act = V::lie(rng, dots).act().clone();
        let key = rng.random_range(0..3);
        Op::new(MapAct::Update { key, act })
    }
}

impl Subject for List<u8> {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        let index = rng.random_range(0..=self.len());
        if rng.random_bool(0.3) {
            return self.delete_index(index);
        }
        Some(self.insert_index(index, rng.random()))
    }

    fn lie(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Op<Self> {
        if rng.random_bool(0.3) {
            let element = some_ref(rng, dots);
            return Op::new(ListAct::Delete { element });
        }
        let InsertAct {
            after,
            before,
            value,
        } = insert(rng, dots);
        Op::new(ListAct::Insert {
            after,
            before,
            value,
        })
    }
}

fn insert(rng: &mut ChaCha8Rng, dots: &[Dot]) -> InsertAct<u8> {
    InsertAct {
        after: rng.random_bool(0.7).then(|| some_ref(rng, dots)),
        before: rng.random_bool(0.7).then(|| some_ref(rng, dots)),
        value: rng.random(),
    }
}

impl Subject for GList<u8> {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        let index = rng.random_range(0..=self.len());
        Some(self.insert_index(index, rng.random()))
    }

    fn lie(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Op<Self> {
        Op::new(insert(rng, dots))
    }
}

impl Subject for MerkleReg<u8> {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        Some(self.write(rng.random()))
    }

    fn lie(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Op<Self> {
        let over = some_seen(rng, dots).dots().collect();
        let value = rng.random();
        Op::new(WriteOver { value, over })
    }
}

impl Subject for Text {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>> {
        let at = rng.random_range(0..=self.len());
        let delete = rng.random_range(0..=2).min(self.len() - at);
        let insert = ["", "a", "bc", "déf", "🦀"][rng.random_range(0..5)];
        let first = Patch { at, delete, insert };
        if rng.random_bool(0.8) {
            return self.patch(&[first]);
        }
        let then = self.len() - delete + insert.chars().count();
        let at = rng.random_range(0..=then);
        let delete = (then - at).min(1);
        let second = Patch {
            at,
            delete,
            insert: "+",
        };
        self.patch(&[first, second])
    }

    fn lie(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Op<Self> {
        let seen = match rng.random_bool(0.3) {
            true => some_seen(rng, dots),
            false => Default::default(),
        };
        let many = rng.random_range(0..4);
        let changes = (0..many).map(|_| change(rng, dots)).collect();
        Op::new(Edit { seen, changes })
    }
}

fn change(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Change {
    let op = some_ref(rng, dots);
    let first = rng.random_range(0..3);
    if rng.random_bool(0.3) {
        let len = [0, 1, 1, 2, 65_537, u32::MAX][rng.random_range(0..6)];
        return Change::Delete(Span { op, first, len });
    }
    let nth = first / 2;
    let text = ["", "x", "yz", "ü"][rng.random_range(0..4)].into();
    let at = match rng.random_range(0..5) {
        0 => Anchor::Start,
        1 | 2 => Anchor::Before(Element { op, nth }),
        _ => Anchor::After(Element { op, nth }),
    };
    Change::Insert { at, text }
}
