//! What people want to know of a run beyond its [trace](super::trace): what the packets said, which operations they
//! were about, the states of the nodes, who was down and who was cut off from whom.
//!
//! Like a trace this is plain data, and equal seeds give equal details. All of it is optional: a
//! [page](super::page) shows what there is.
//!
//! ```
//! use bft_crdts::net::NodeId;
//! use bft_crdts::net::details::{Details, Entry};
//!
//! let mut details = Details::default();
//! let rumour = details.topic("rumour 1", "the king is bald");
//! details.about(7, &[rumour]); // message 7 of the trace
//! details.says(7, ["rumour: 1", "text: the king is bald"]);
//! // After the first three events of the trace, node 0 knows one rumour.
//! details.state(3, NodeId::new(0), [Entry::new("known", "rumours", "1")]);
//! assert_eq!(details.topics.len(), 1);
//! ```

use std::collections::BTreeMap;

use super::node::NodeId;

/// What there is to know beyond a trace. An `after` is a place between events: the number of events of the trace that
/// come before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// What messages are about, by [`TopicId`].
    pub topics: Vec<Topic>,
    /// The different contents of messages: lines of text, indented by two spaces a level.
    pub contents: Vec<Vec<String>>,
    /// By number of the message.
    pub messages: BTreeMap<u64, MessageDetail>,
    /// What an event of the trace that is no message is about, by its place there, from 0.
    pub events: BTreeMap<usize, TopicId>,
    /// The states of the nodes, each from when it was new, in order.
    pub states: Vec<StateDetail>,
    /// Who went down or came up, in order. All nodes are up at the beginning.
    pub power: Vec<Power>,
    /// Who is cut off from whom, in order; nobody is at the beginning.
    pub cuts: Vec<Cut>,
    known: BTreeMap<Vec<String>, u32>,
    /// By node, the place of its last state.
    last: BTreeMap<NodeId, usize>,
}

/// A topic, by its place in [`Details::topics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicId(pub u32);

/// What messages are about: an operation, a block, a rumour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its short name, such as `a#3`.
    pub name: String,
    /// What it is, such as `pay b 10`.
    pub text: String,
}

/// What is known of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageDetail {
    /// What it is about; nothing for messages such as a heartbeat.
    pub topics: Vec<TopicId>,
    /// What it says, by place in [`Details::contents`].
    pub content: Option<u32>,
}

/// The state of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDetail {
    /// From when on.
    pub after: usize,
    /// Whose.
    pub node: NodeId,
    /// All of it.
    pub entries: Vec<Entry>,
}

/// One thing in a state: `balance`, `bob`, `70`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// What kind of thing; entries of a group are shown together.
    pub group: String,
    /// Which; unique in its group.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A node goes down or comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Power {
    /// From when on.
    pub after: usize,
    /// Which.
    pub node: NodeId,
    /// Whether it is up.
    pub up: bool,
}

/// The network is cut into parts, or whole again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// From when on.
    pub after: usize,
    /// The parts that do not reach each other; none if the network is whole. Nodes that no part names are one more.
    pub parts: Vec<Vec<NodeId>>,
}

impl Entry {
    /// An entry of a state.
    pub fn new(group: &str, key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            group: group.to_owned(),
            key: key.into(),
            value: value.into(),
        }
    }
}

impl Details {
    /// A new topic.
    pub fn topic(&mut self, name: impl Into<String>, text: impl Into<String>) -> TopicId {
        let id = TopicId(u32::try_from(self.topics.len()).unwrap_or(u32::MAX));
        self.topics.push(Topic {
            name: name.into(),
            text: text.into(),
        });
        id
    }

    /// Says what a message is about.
    pub fn about(&mut self, message: u64, topics: &[TopicId]) {
        self.messages.entry(message).or_default().topics = topics.to_vec();
    }

    /// Says what a message says, line by line, indented by two spaces a level. Equal contents are kept once.
    pub fn says<L: Into<String>>(&mut self, message: u64, lines: impl IntoIterator<Item = L>) {
        let lines: Vec<String> = lines.into_iter().map(Into::into).collect();
        let next = u32::try_from(self.contents.len()).unwrap_or(u32::MAX);
        let content = *self.known.entry(lines).or_insert_with_key(|lines| {
            self.contents.push(lines.clone());
            next
        });
        self.messages.entry(message).or_default().content = Some(content);
    }

    /// A node has this state from here on: all of it, not only what is new. A state it had already is not kept twice.
    pub fn state(&mut self, after: usize, node: NodeId, entries: impl IntoIterator<Item = Entry>) {
        let entries: Vec<Entry> = entries.into_iter().collect();
        let last = self.last.get(&node).and_then(|last| self.states.get(*last));
        if last.is_some_and(|last| last.entries == entries) {
            return;
        }
        self.last.insert(node, self.states.len());
        self.states.push(StateDetail {
            after,
            node,
            entries,
        });
    }
}
