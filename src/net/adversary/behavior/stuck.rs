//! The stuck one: the lecture's `stuck`, which gives its last answer to every question.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::{Machine, TimerId};
use crate::net::node::NodeId;

/// Works for a while. Then it hears nothing any more, and answers everything with the last thing it has said.
#[derive(Debug)]
pub struct Stuck<T> {
    last: Option<T>,
    heard: u64,
    works: Option<u64>,
    answered: u64,
}

/// How often one gives its last answer. Two of them would answer each other for ever.
const ANSWERS: u64 = 200;

/// The most messages one hears before it gets stuck.
const MOST: u64 = 30;

/// One that draws when it gets stuck.
impl<T> Default for Stuck<T> {
    fn default() -> Self {
        Self {
            last: None,
            heard: 0,
            works: None,
            answered: 0,
        }
    }
}

impl<T> Stuck<T> {
    /// One that hears so many messages and then gets stuck.
    #[must_use]
    pub const fn after(messages: u64) -> Self {
        Self {
            last: None,
            heard: 0,
            works: Some(messages),
            answered: 0,
        }
    }

    fn is_stuck(&self) -> bool {
        self.last.is_some() && self.works.is_some_and(|works| self.heard >= works)
    }
}

impl<M: Machine> Behavior<M> for Stuck<M::Message>
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "stuck"
    }

    fn hear(&mut self, from: NodeId, message: &M::Message, interceptor: &mut Interceptor<'_, M>) {
        if self.works.is_none() {
            self.works = Some(interceptor.stream().range(1, MOST));
        }
        if let (true, Some(last)) = (self.is_stuck(), self.last.clone()) {
            if self.answered < ANSWERS {
                self.answered += 1;
                interceptor.count("stuck: gave its last answer again");
                interceptor.send(from, last);
            }
            return;
        }
        self.heard += 1;
        let said = interceptor.hear(from, message);
        self.say_all(said, interceptor);
    }

    fn timer(&mut self, timer: TimerId, interceptor: &mut Interceptor<'_, M>) {
        if !self.is_stuck() {
            let said = interceptor.timer(timer);
            self.say_all(said, interceptor);
        }
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        self.last = Some(message.clone());
        interceptor.send(to, message);
    }
}
