//! The details of a run while it goes on: what each slot and each change is about.

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::Counter;
use crate::membership::{Generation, Seat};
use crate::net::details::{Details, TopicId};
use crate::net::node::NodeId;

/// The most characters of what a topic is: two versions of one operation need room, a hundred do not.
const MOST_TEXT: usize = 160;

/// Writes the details of a run.
#[derive(Debug, Default)]
pub(super) struct Detailer {
    pub(super) details: Details,
    /// By source and counter.
    dots: BTreeMap<(Seat, Counter), TopicId>,
    /// The most operations seen in a slot.
    pub(super) lengths: BTreeMap<(Seat, Counter), u32>,
    /// The changes that make these generations.
    changes: BTreeMap<Generation, TopicId>,
    /// By node, the operations that were submitted and have no dot yet: the place of the event, and what they are.
    pub(super) waiting: BTreeMap<NodeId, Vec<(usize, String)>>,
    /// The partitions of the plan that last.
    pub(super) cut: BTreeSet<u32>,
}

impl Detailer {
    pub(super) fn dot(
        &mut self,
        seat: Seat,
        counter: Counter,
        source: &str,
        text: &str,
    ) -> TopicId {
        let details = &mut self.details;
        let id = *self
            .dots
            .entry((seat, counter))
            .or_insert_with(|| details.topic(format!("{source}#{counter}"), ""));
        self.tell(id, text);
        id
    }

    pub(super) fn change(&mut self, generation: Generation, text: &str) -> TopicId {
        let details = &mut self.details;
        let id = *self
            .changes
            .entry(generation)
            .or_insert_with(|| details.topic(generation.to_string(), ""));
        self.tell(id, text);
        id
    }

    /// Adds to what a topic is: an equivocated slot is more than one thing.
    fn tell(&mut self, id: TopicId, text: &str) {
        let Some(topic) = self.details.topics.get_mut(id.0 as usize) else {
            return;
        };
        let known = topic.text.split(" | ").any(|known| known == text);
        if topic.text.is_empty() {
            text.clone_into(&mut topic.text);
        } else if !text.is_empty() && !known && topic.text.len() + text.len() < MOST_TEXT {
            topic.text += &format!(" | {text}");
        }
    }
}
