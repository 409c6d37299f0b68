//! The monitor: outside, trusted, and not in the way of a decision. It rates, gives roles, and ends rounds that do not
//! end themselves.

use std::sync::Arc;

use bft_crdts::net::{Address, NodeId, TimerId, VirtualTime};

use super::PATIENCE;
use super::message::{Ballot, Message, Roles};
use super::trust::{self, Record};
use crate::outcome::{Said, Verdict};
use crate::packet::{Out, Process};

const TICK: TimerId = TimerId(1);

/// The monitor of a domain.
#[derive(Debug)]
pub struct Monitor {
    all: Arc<[NodeId]>,
    records: Vec<Record>,
    roles: Roles,
    /// When P said that the round had begun.
    begun: Option<VirtualTime>,
    /// Who voted for what in this round.
    votes: Vec<Option<Ballot>>,
    /// Whether P has answered since it was last asked, and is not busy with the same round still.
    well: bool,
}

impl Monitor {
    pub(super) fn new(all: Arc<[NodeId]>, roles: Roles) -> Self {
        Self {
            records: vec![Record::default(); all.len()],
            votes: vec![None; all.len()],
            all,
            roles,
            begun: None,
            well: true,
        }
    }

    /// What it knows of each node, in their order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Rates everybody, and gives the roles of the next round.
    fn end_round(&mut self, decided: Option<Ballot>, out: &mut Out<Message>) {
        let Roles {
            round,
            primary,
            communication,
        } = self.roles;
        let mut voters = Vec::new();
        let known = self.all.iter().zip(&mut self.records).zip(&mut self.votes);
        for ((node, record), vote) in known {
            let vote = vote.take();
            if [primary, communication].contains(node) {
                // They do not vote. If the round came to nothing, one of them is to blame, and nobody knows which.
                if decided.is_none() {
                    record.trust = 1.0;
                }
                continue;
            }
            // Nobody is rated for a round that came to nothing.
            if decided.is_some() {
                record.due += 1;
                record.answered += u32::from(vote.is_some());
                record.matched += u32::from(vote.is_some() && vote == decided);
                voters.push(record);
            }
        }
        trust::rate(&mut voters, PATIENCE.as_nanos());
        let ranking = trust::ranking(&self.records);
        let mut ranked = ranking.iter().map(|place| self.all[*place]);
        let primary = ranked.next().unwrap_or(primary);
        self.roles = Roles {
            round: round + 1,
            primary,
            communication: ranked.next().unwrap_or(communication),
        };
        self.begun = None;
        self.well = true;
        let thousandths = |record: &Record| (record.trust * 1_000.0).round() as u32;
        out.note(Said::Trust(self.records.iter().map(thousandths).collect()));
        out.note(Said::Leads(primary));
        let all = Address::Many(self.all.clone());
        out.send(all, Message::Roles(self.roles));
    }
}

impl Process for Monitor {
    type Message = Message;

    fn start(&mut self, out: &mut Out<Message>) {
        out.set_timer(PATIENCE, TICK);
    }

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        let Some(place) = self.all.iter().position(|node| *node == from) else {
            return Verdict::Refused("not of this domain");
        };
        match message {
            Message::Here { round, busy } if *round == self.roles.round => {
                if from == self.roles.primary {
                    self.well = true;
                    if *busy && self.begun.is_none() {
                        self.begun = Some(out.now());
                    }
                }
            }
            Message::Voted(ballot) if ballot.round == self.roles.round => {
                self.votes[place] = Some(*ballot);
                let took = self.begun.map(|begun| out.now().since(begun).as_nanos());
                self.records[place].took = took.or(Some(1));
            }
            Message::Done(ballot) if ballot.round == self.roles.round => {
                if from == self.roles.primary {
                    self.end_round(Some(*ballot), out);
                }
            }
            _ => return Verdict::Useless,
        }
        Verdict::Taken
    }

    fn timer(&mut self, _: TimerId, out: &mut Out<Message>) {
        let stalled = self
            .begun
            .is_some_and(|begun| out.now().since(begun) > PATIENCE);
        if stalled || !self.well {
            self.end_round(None, out);
        } else {
            self.well = false;
            let ask = Message::Ask(self.roles.round);
            out.send(Address::One(self.roles.primary), ask);
        }
        out.set_timer(PATIENCE, TICK);
    }
}
