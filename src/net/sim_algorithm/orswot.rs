//! The observed-remove set on stage, audited with nothing but sets of pairs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Auditor, SimAlgorithm};
use crate::actor::{Actor, Dot};
use crate::net::details::Entry;
use crate::net::random::Stream;
use crate::net::roster::Names;
use crate::orswot::{Entries, Member, Op, Orswot};
use crate::traits::SecureBroadcastAlgorithm;

/// A member of a set that can be drawn from a stream.
pub trait DrawnMember: Member {
    /// One of a dozen.
    fn drawn(stream: &mut Stream) -> Self;
    /// What a chart calls it.
    fn label(&self) -> String;
}

impl DrawnMember for u8 {
    fn drawn(stream: &mut Stream) -> Self {
        stream.below(12) as u8
    }

    fn label(&self) -> String {
        self.to_string()
    }
}

impl DrawnMember for String {
    fn drawn(stream: &mut Stream) -> Self {
        const THINGS: [&str; 12] = [
            "eggs", "milk", "salt", "rice", "tea", "oil", "soap", "figs", "corn", "ham", "jam",
            "rye",
        ];
        stream.pick(&THINGS).copied().unwrap_or_default().to_owned()
    }

    fn label(&self) -> String {
        self.clone()
    }
}

fn list<'a, M: DrawnMember>(members: impl Iterator<Item = &'a M>) -> String {
    members
        .take(8)
        .map(DrawnMember::label)
        .collect::<Vec<_>>()
        .join(" ")
}

impl<M: DrawnMember> SimAlgorithm for Orswot<M> {
    fn auditor(genesis: &Entries<M>) -> Box<dyn Auditor<Self>> {
        let mut copy = Self::new(Actor::from_bytes([0; 32]));
        copy.sync_from(genesis.clone());
        let pairs = copy
            .members()
            .filter_map(|member| match copy.remove(member) {
                Some(Op::Remove { witnessed, .. }) => Some((member.clone(), witnessed)),
                _ => None,
            });
        Box::new(Pairs(pairs.collect()))
    }

    fn label(op: &Op<M>, _: &Names) -> String {
        match op {
            Op::Add { members } => format!("add {}", list(members.iter())),
            Op::Remove { members, .. } => format!("remove {}", list(members.iter())),
        }
    }

    fn state_label(&self, _: &Names) -> Option<String> {
        Some(format!("{{{}}}", list(self.members())))
    }

    fn state_entries(&self, names: &Names) -> Vec<Entry> {
        let member = |member: &M| {
            let dots = match self.remove(member) {
                Some(Op::Remove { witnessed, .. }) => witnessed,
                _ => return Entry::new("set", member.label(), ""),
            };
            let dot = |dot: &Dot| format!("{}#{}", names.of(&dot.actor), dot.counter);
            let added: Vec<String> = dots.iter().map(dot).collect();
            Entry::new("set", member.label(), added.join(" "))
        };
        let size = Entry::new("set", "(members)", self.len().to_string());
        std::iter::once(size)
            .chain(self.members().map(member))
            .collect()
    }

    /// Adds something, or one time in three removes something that is there.
    fn draw(&self, _: &Actor, _: &[Actor], stream: &mut Stream) -> Option<Op<M>> {
        if stream.below(3) == 0 {
            let place = stream.index(self.len());
            if let Some(op) = self
                .members()
                .nth(place)
                .and_then(|member| self.remove(member))
            {
                return Some(op);
            }
        }
        Some(self.add([M::drawn(stream)]))
    }

    /// Two adds of different members.
    fn rivals(&self, _: &Actor, _: &[Actor], stream: &mut Stream) -> Option<[Op<M>; 2]> {
        let one = M::drawn(stream);
        let two = (0..32).map(|_| M::drawn(stream)).find(|two| *two != one)?;
        Some([self.add([one]), self.add([two])])
    }

    fn invalid(&self, me: &Actor, _: &[Actor], stream: &mut Stream) -> Option<Op<M>> {
        let nothing = BTreeSet::new();
        Some(match stream.below(3) {
            0 => Op::Add { members: nothing },
            1 => Op::Remove {
                members: BTreeSet::from([M::drawn(stream)]),
                witnessed: BTreeSet::new(),
            },
            _ => {
                let never = Dot::new(*me, crate::actor::Counter::new(u64::MAX));
                Op::Remove {
                    members: BTreeSet::from([M::drawn(stream)]),
                    witnessed: BTreeSet::from([never]),
                }
            }
        })
    }

    fn citing(&self, _: &Actor, cause: Dot, _: &[Actor], stream: &mut Stream) -> Option<Op<M>> {
        Some(Op::Remove {
            members: BTreeSet::from([M::drawn(stream)]),
            witnessed: BTreeSet::from([cause]),
        })
    }
}

/// Who was added by which operations that are not removed.
#[derive(Debug)]
struct Pairs<M>(BTreeMap<M, BTreeSet<Dot>>);

impl<M: DrawnMember> Auditor<Orswot<M>> for Pairs<M> {
    fn delivered(&mut self, dot: &Dot, op: &Op<M>) -> Result<(), String> {
        match op {
            Op::Add { members } if members.is_empty() => return Err("an add of nothing".into()),
            Op::Remove { members, witnessed } if members.is_empty() || witnessed.is_empty() => {
                return Err("a remove of nothing".into());
            }
            Op::Add { members } => {
                for member in members {
                    self.0.entry(member.clone()).or_default().insert(*dot);
                }
            }
            // Whoever has seen an add has seen the earlier adds of its source; a dot that is no add of this member
            // says nothing about it.
            Op::Remove { members, witnessed } => {
                for member in members {
                    let Some(adds) = self.0.get_mut(member) else {
                        continue;
                    };
                    let seen: Vec<Dot> = witnessed.intersection(adds).copied().collect();
                    adds.retain(|by| {
                        !seen
                            .iter()
                            .any(|seen| seen.actor == by.actor && seen.counter >= by.counter)
                    });
                    if adds.is_empty() {
                        self.0.remove(member);
                    }
                }
            }
        }
        Ok(())
    }

    fn compare(&self, copy: &Orswot<M>, last: Option<&Op<M>>) -> Result<(), String> {
        let wrong = match last {
            Some(Op::Add { members } | Op::Remove { members, .. }) => members
                .iter()
                .find(|member| copy.contains(member) != self.0.contains_key(member))
                .cloned(),
            None => {
                let ours: BTreeSet<&M> = self.0.keys().collect();
                let theirs: BTreeSet<&M> = copy.members().collect();
                ours.symmetric_difference(&theirs)
                    .next()
                    .map(|member| (*member).clone())
            }
        };
        wrong.map_or(Ok(()), |member| {
            Err(format!(
                "{} is there and should not be, or is not and should",
                member.label()
            ))
        })
    }
}
