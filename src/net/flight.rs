//! Messages under way: one payload, and the copies of it that have still to arrive.

use super::node::NodeId;
use super::time::VirtualTime;

/// One copy of a message, for one receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copy {
    pub(crate) at: VirtualTime,
    /// Unique in the run; also its sequence number in the queue.
    pub(crate) number: u64,
    pub(crate) to: NodeId,
}

#[derive(Debug)]
struct Flight<T> {
    from: NodeId,
    bytes: u32,
    message: T,
    /// Copies not handed over yet, those being read included.
    left: usize,
    /// Copies that have not arrived, earliest last.
    copies: Vec<Copy>,
}

/// All messages under way, by number; numbers are used again.
#[derive(Debug)]
pub(crate) struct Flights<T> {
    flights: Vec<Option<Flight<T>>>,
    free: Vec<u32>,
    spare: Vec<Vec<Copy>>,
    /// Copies whose first bit has arrived, being read or worked on.
    landings: Vec<Landing>,
    free_landings: Vec<u32>,
    /// Of all payloads under way.
    bytes: u64,
}

/// A copy that is being read, or worked on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Landing {
    pub(crate) flight: u32,
    pub(crate) copy: Copy,
    /// The life of the receiver that it reached.
    pub(crate) life: u32,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self {
            flights: Vec::new(),
            free: Vec::new(),
            spare: Vec::new(),
            landings: Vec::new(),
            free_landings: Vec::new(),
            bytes: 0,
        }
    }
}

impl<T> Flights<T> {
    /// An empty list to fill for [`Flights::launch`].
    #[inline]
    pub(crate) fn spare(&mut self) -> Vec<Copy> {
        self.spare.pop().unwrap_or_default()
    }

    /// Sends the copies on their way. Gives the number of the flight and the first copy to arrive, if any does.
    #[inline]
    pub(crate) fn launch(
        &mut self,
        from: NodeId,
        message: T,
        bytes: u32,
        mut copies: Vec<Copy>,
    ) -> Option<(u32, Copy)> {
        copies.sort_unstable_by_key(|copy| core::cmp::Reverse((copy.at, copy.number)));
        let Some(&first) = copies.last() else {
            self.spare.push(copies);
            return None;
        };
        self.bytes += u64::from(bytes);
        let flight = Some(Flight {
            from,
            bytes,
            message,
            left: copies.len(),
            copies,
        });
        let number = match self.free.pop() {
            Some(number) => {
                self.flights[number as usize] = flight;
                number
            }
            None => {
                self.flights.push(flight);
                u32::try_from(self.flights.len() - 1).ok()?
            }
        };
        Some((number, first))
    }

    /// The copy that arrives now, and the one after it.
    #[inline]
    pub(crate) fn advance(&mut self, flight: u32) -> Option<(Copy, Option<Copy>)> {
        let copies = &mut self.flights.get_mut(flight as usize)?.as_mut()?.copies;
        let copy = copies.pop()?;
        Some((copy, copies.last().copied()))
    }

    /// Sender, size and payload.
    #[inline]
    pub(crate) fn get(&self, flight: u32) -> Option<(NodeId, u32, &T)> {
        let flight = self.flights.get(flight as usize)?.as_ref()?;
        Some((flight.from, flight.bytes, &flight.message))
    }

    /// A copy was handed over; with the last one the payload is dropped.
    #[inline]
    pub(crate) fn done(&mut self, number: u32) {
        let Some(place) = self.flights.get_mut(number as usize) else {
            return;
        };
        let Some(flight) = place else { return };
        flight.left -= 1;
        if flight.left == 0 {
            if let Some(flight) = place.take() {
                self.bytes -= u64::from(flight.bytes);
                self.spare.push(flight.copies);
            }
            self.free.push(number);
        }
    }

    /// A copy has begun to arrive. Gives the number under which [`Flights::landed`] knows it.
    pub(crate) fn landing(&mut self, landing: Landing) -> u32 {
        match self.free_landings.pop() {
            Some(number) => {
                self.landings[number as usize] = landing;
                number
            }
            None => {
                self.landings.push(landing);
                u32::try_from(self.landings.len() - 1).unwrap_or(u32::MAX)
            }
        }
    }

    /// The copy has been read to its end, or worked on.
    pub(crate) fn landed(&mut self, landing: u32) -> Option<Landing> {
        let landed = self.landings.get(landing as usize).copied()?;
        self.free_landings.push(landing);
        Some(landed)
    }

    /// Bytes that everything under way takes: every payload once, as long as it is on the wire, and its copies.
    pub(crate) fn memory(&self) -> u64 {
        let flights = self.flights.iter().flatten();
        let copies: usize = flights.map(|flight| flight.copies.len()).sum();
        self.bytes + (copies * size_of::<Copy>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{Copy, Flights, NodeId, VirtualTime};

    fn copy(at: u64, number: u64) -> Copy {
        Copy {
            at: VirtualTime::from_nanos(at),
            number,
            to: NodeId::new(0),
        }
    }

    #[test]
    fn copies_arrive_by_time_then_by_number_and_the_payload_is_dropped_after_the_last() {
        let payload = std::sync::Arc::new(());
        let mut flights = Flights::default();
        let copies = vec![copy(9, 1), copy(5, 3), copy(5, 2)];
        let (flight, first) = flights
            .launch(NodeId::new(1), payload.clone(), 10, copies)
            .unwrap();
        assert_eq!(first.number, 2);
        let mut order = Vec::new();
        while let Some((copy, _)) = flights.advance(flight) {
            assert_eq!(std::sync::Arc::strong_count(&payload), 2);
            order.push(copy.number);
            flights.done(flight);
        }
        assert_eq!(order, [2, 3, 1]);
        assert_eq!(std::sync::Arc::strong_count(&payload), 1);
        assert!(flights.get(flight).is_none());
    }

    #[test]
    fn a_flight_without_copies_never_starts() {
        assert!(
            Flights::default()
                .launch(NodeId::new(1), (), 10, Vec::new())
                .is_none()
        );
    }
}
