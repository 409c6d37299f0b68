//! Carrying out what a machine asked for: journal first, then the wire.

use super::Engine;
use crate::net::disk::Tail;
use crate::net::fault::Loss;
use crate::net::flight::Copy;
use crate::net::machine::{Address, Effect, Machine};
use crate::net::node::NodeId;
use crate::net::observer::{Event, Observer};
use crate::net::queue::{Entry, What};
use crate::net::schedule::Fate;
use crate::net::time::Span;

impl<M: Machine> Engine<M> {
    /// Does what a machine has asked for, in order, until the power goes.
    pub(super) fn carry_out(&mut self, node: NodeId, observer: &mut impl Observer<M>) {
        let mut list = self.effects.take();
        let mut wanted = list.drain(..);
        while let Some(place) = self.places.get_mut(node.index()) {
            if let Some(&(count, tail, down)) = place.crashes.last()
                && place.effects >= count
            {
                place.crashes.pop();
                self.crash(node, tail, down, observer);
                break;
            }
            let Some(effect) = wanted.next() else { break };
            place.effects += 1;
            match effect {
                Effect::Send { to, message } => {
                    place.disk.sync();
                    self.launch(node, &to, message, observer);
                }
                Effect::SetTimer { after, timer } => {
                    let life = place.life;
                    let after = match &place.clock {
                        None => after,
                        Some(clock) => clock.takes(after),
                    };
                    self.schedule(self.now + after, What::Timer { node, life, timer });
                }
                Effect::Persist(record) => {
                    if let Some(until) = place.disk_full_until {
                        // What was written before is written; nothing that comes after it leaves.
                        self.crash(node, Tail::Kept, Some(until - self.now), observer);
                        break;
                    }
                    place.disk.append(&record);
                    observer.event(
                        self.moment(),
                        Event::Persisted {
                            node,
                            record: &record,
                        },
                    );
                }
                Effect::Sync => place.disk.sync(),
                Effect::Deliver(delivery) => {
                    observer.event(self.moment(), Event::Delivered { node, delivery })
                }
                Effect::Note(note) => observer.event(self.moment(), Event::Noted { node, note }),
            }
        }
        drop(wanted);
        self.effects.put_back(list);
    }

    /// Puts a message on the wire, one copy for every receiver.
    fn launch(
        &mut self,
        from: NodeId,
        to: &Address,
        message: M::Message,
        observer: &mut impl Observer<M>,
    ) {
        let bytes = M::size(&message);
        let mut copies = self.flights.spare();
        match to {
            Address::One(to) => self.send_copy(from, *to, &message, bytes, &mut copies, observer),
            Address::Many(many) => {
                for to in many.iter() {
                    self.send_copy(from, *to, &message, bytes, &mut copies, observer);
                }
            }
            Address::Others => {
                for to in (0..)
                    .map(NodeId::new)
                    .take(self.places.len())
                    .filter(|&to| to != from)
                {
                    self.send_copy(from, to, &message, bytes, &mut copies, observer);
                }
            }
        }
        if let Some((flight, first)) = self.flights.launch(from, message, bytes, copies) {
            self.queue.push(Entry {
                at: first.at,
                sequence: first.number,
                what: What::Flight(flight),
            });
        }
    }

    #[inline]
    fn send_copy(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: &M::Message,
        bytes: u32,
        copies: &mut Vec<Copy>,
        observer: &mut impl Observer<M>,
    ) {
        let moment = self.moment();
        let departed = self.network.depart(from, to, self.now, bytes);
        self.sequence += 1;
        let number = self.sequence;
        observer.event(
            moment,
            Event::Sent {
                copy: number,
                from,
                to,
                message,
                bytes,
                duplicate: false,
            },
        );
        let (first, second) = match self.fate(from, to) {
            Ok(fate) => fate,
            Err(why) => {
                return observer.event(
                    moment,
                    Event::Lost {
                        copy: number,
                        from,
                        to,
                        why,
                    },
                );
            }
        };
        let at = departed + first;
        if self.network.corrupts() {
            return self.corrupt(Copy { at, number, to }, from, message, observer);
        }
        copies.push(Copy { at, number, to });
        if let Some(second) = second {
            self.sequence += 1;
            let number = self.sequence;
            observer.event(
                moment,
                Event::Sent {
                    copy: number,
                    from,
                    to,
                    message,
                    bytes,
                    duplicate: true,
                },
            );
            copies.push(Copy {
                at: departed + second,
                number,
                to,
            });
        }
    }

    /// A copy arrives as something else, or not at all.
    #[cold]
    fn corrupt(
        &mut self,
        copy: Copy,
        from: NodeId,
        message: &M::Message,
        observer: &mut impl Observer<M>,
    ) {
        let moment = self.moment();
        let Copy { number, to, .. } = copy;
        let Some(message) = M::corrupt(message, &mut self.network.noise) else {
            let lost = Event::Lost {
                copy: number,
                from,
                to,
                why: Loss::Corrupted,
            };
            return observer.event(moment, lost);
        };
        let changed = Event::Corrupted {
            copy: number,
            from,
            to,
        };
        observer.event(moment, changed);
        let bytes = M::size(&message);
        let mut copies = self.flights.spare();
        copies.push(copy);
        if let Some((flight, first)) = self.flights.launch(from, message, bytes, copies) {
            self.queue.push(Entry {
                at: first.at,
                sequence: first.number,
                what: What::Flight(flight),
            });
        }
    }

    /// How long a packet takes, and its copy if the network makes one; or why it is lost.
    #[inline]
    fn fate(&mut self, from: NodeId, to: NodeId) -> Result<(Span, Option<Span>), Loss> {
        let network = &mut self.network;
        let Some(packet_fates) = &mut self.packet_fates else {
            return network.loses(from, to).map_or_else(
                || {
                    let first = network.latency(from, to);
                    let twice = network.duplicates();
                    Ok((first, twice.then(|| network.latency(from, to))))
                },
                Err,
            );
        };
        let is_cut = network.is_cut(from, to);
        let draw = || match network.loses(from, to) {
            Some(_) => Fate::Lost,
            None => {
                let first = network.latency(from, to);
                match network.duplicates() {
                    true => Fate::Twice(first, network.latency(from, to)),
                    false => Fate::Takes(first),
                }
            }
        };
        match packet_fates.fate(from, to, is_cut, draw) {
            None => Err(Loss::Partition),
            Some(Fate::Lost) => Err(Loss::Random),
            Some(Fate::Takes(first)) => Ok((first, None)),
            Some(Fate::Twice(first, second)) => Ok((first, Some(second))),
        }
    }
}
