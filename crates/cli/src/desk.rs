//! The desk that hands rows to their members: in which order, and what each of them waits for.
//!
//! A member submits its rows in their order. A row waits until its member has every earlier row that *feeds* it:
//! for a transfer those that pay its payer, for a remove those that add its item. The desk knows nothing of replicas; it
//! is told what became of each row, and asks how far a member has delivered.

use std::collections::{BTreeMap, VecDeque};

use bft_crdts::net::{Span, VirtualTime};

use crate::operations::{Row, What};

/// What has become of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not submitted yet.
    Waiting,
    /// Submitted, and not yet part of a message.
    Submitted,
    /// Part of a message, under this counter of its member.
    Issued(u64),
    /// Refused, for this reason.
    Refused(String),
}

/// All rows of a run.
#[derive(Clone, Debug)]
pub struct Desk {
    rows: Vec<Row>,
    /// By row.
    status: Vec<Status>,
    /// When each row was first submitted, by row.
    submitted: Vec<Option<VirtualTime>>,
    /// By member.
    tills: Vec<Till>,
    /// The place of each row's member, by row.
    who: Vec<usize>,
    /// What feeds a row.
    feeders: BTreeMap<Topic, Vec<usize>>,
}

/// What a row needs to be fed: money for a member, or an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Money(String),
    Item(String),
}

/// The rows of one member.
#[derive(Clone, Debug, Default)]
struct Till {
    /// Its rows, in their order.
    rows: Vec<usize>,
    /// The first of them that waits, or one before it.
    next: usize,
    /// Those that are submitted and not yet part of a message.
    under_way: VecDeque<usize>,
    /// Those that are part of a message, by counter.
    issued: BTreeMap<u64, usize>,
    /// How many feeders of a topic it is known to have.
    fed: BTreeMap<Topic, usize>,
}

impl Desk {
    /// The rows of a scenario with these members.
    #[must_use]
    pub fn new(rows: Vec<Row>, members: &[String]) -> Self {
        let mut desk = Self {
            status: vec![Status::Waiting; rows.len()],
            submitted: vec![None; rows.len()],
            tills: vec![Till::default(); members.len()],
            who: Vec::new(),
            feeders: BTreeMap::new(),
            rows,
        };
        let places: BTreeMap<&str, usize> = (0..)
            .zip(members)
            .map(|(place, name)| (name.as_str(), place))
            .collect();
        for (index, row) in desk.rows.iter().enumerate() {
            // Rows are checked against the members when they are read.
            let who = places.get(row.who.as_str()).copied().unwrap_or(0);
            desk.who.push(who);
            if let Some(till) = desk.tills.get_mut(who) {
                till.rows.push(index);
            }
            let feeds = match &row.what {
                What::Transfer { to, .. } | What::Issue { to, .. } => Topic::Money(to.clone()),
                What::Add { item } => Topic::Item(item.clone()),
                What::Remove { .. } => continue,
            };
            desk.feeders.entry(feeds).or_default().push(index);
        }
        desk
    }

    /// A row by its index.
    #[must_use]
    pub fn row(&self, index: usize) -> &Row {
        &self.rows[index]
    }

    /// Every row with what has become of it.
    pub fn iter(&self) -> impl Iterator<Item = (&Row, &Status)> {
        self.rows.iter().zip(&self.status)
    }

    /// The place of the member that a row belongs to.
    #[must_use]
    pub fn member_of(&self, index: usize) -> usize {
        self.who[index]
    }

    /// When a row was first submitted.
    #[must_use]
    pub fn submitted_at(&self, index: usize) -> Option<VirtualTime> {
        self.submitted[index]
    }

    /// What has become of a row.
    #[must_use]
    pub fn status(&self, index: usize) -> &Status {
        &self.status[index]
    }

    /// The next row of a member, if it may be submitted now; `clock` says how many operations of each member this
    /// one has delivered.
    pub fn ready(
        &mut self,
        member: usize,
        now: VirtualTime,
        clock: impl Fn(usize) -> u64,
    ) -> Option<usize> {
        let index = self.head(member)?;
        let row = &self.rows[index];
        if VirtualTime::ZERO + row.at > now {
            return None;
        }
        let topic = match &row.what {
            What::Transfer { .. } => Topic::Money(row.who.clone()),
            What::Remove { item } => Topic::Item(item.clone()),
            What::Issue { .. } | What::Add { .. } => return Some(index),
        };
        let till = &mut self.tills[member];
        let fed = till.fed.entry(topic.clone()).or_default();
        let feeders = self
            .feeders
            .get(&topic)
            .map(Vec::as_slice)
            .unwrap_or_default();
        while let Some(feeder) = feeders.get(*fed) {
            if *feeder >= index {
                break;
            }
            let there = match self.status[*feeder] {
                Status::Refused(_) => true,
                Status::Waiting => false,
                // Money it made itself counts before it is delivered.
                _ if self.who[*feeder] == member && matches!(topic, Topic::Money(_)) => true,
                Status::Issued(counter) => clock(self.who[*feeder]) >= counter,
                Status::Submitted => false,
            };
            if !there {
                return None;
            }
            *fed += 1;
        }
        Some(index)
    }

    /// The time the next row of a member waits for, whatever else it waits for.
    #[must_use]
    pub fn due(&mut self, member: usize) -> Option<Span> {
        self.head(member).map(|index| self.rows[index].at)
    }

    /// What the next row of a member, or any later one, waits for, in words.
    #[must_use]
    pub fn waits_for(&mut self, index: usize) -> String {
        let member = self.who[index];
        match self.head(member) {
            Some(head) if head != index => format!("waits for row {}", self.rows[head].number),
            _ => {
                let feeder = self.rows[..index]
                    .iter()
                    .zip(&self.status)
                    .find(|(row, status)| {
                        let pays = match (&row.what, &self.rows[index].what) {
                            (
                                What::Transfer { to, .. } | What::Issue { to, .. },
                                What::Transfer { .. },
                            ) => *to == self.rows[index].who,
                            (What::Add { item: one }, What::Remove { item: other }) => one == other,
                            _ => false,
                        };
                        pays && !matches!(status, Status::Refused(_))
                    });
                match feeder {
                    Some((row, _)) => format!("waits for what row {} brings", row.number),
                    None => "its member never got to it".to_owned(),
                }
            }
        }
    }

    /// Whether a credit may be spent by a row: not if a later row brings it. `member` and `counter` name the credit.
    #[must_use]
    pub fn may_spend(&self, index: usize, member: usize, counter: u64) -> bool {
        let brings = self
            .tills
            .get(member)
            .and_then(|till| till.issued.get(&counter));
        brings.is_none_or(|row| *row < index)
    }

    /// The row was handed over.
    pub fn submit(&mut self, index: usize, now: VirtualTime) {
        self.status[index] = Status::Submitted;
        self.submitted[index].get_or_insert(now);
        self.tills[self.who[index]].under_way.push_back(index);
    }

    /// The row was refused before it was part of a message.
    pub fn refuse(&mut self, index: usize, now: VirtualTime, why: String) {
        self.status[index] = Status::Refused(why);
        self.submitted[index].get_or_insert(now);
        self.tills[self.who[index]]
            .under_way
            .retain(|row| *row != index);
    }

    /// The rows of a member that are submitted and not yet part of a message, in their order.
    pub fn under_way(&self, member: usize) -> impl Iterator<Item = usize> + '_ {
        self.tills[member].under_way.iter().copied()
    }

    /// The next `len` of a member's submitted rows are part of a message whose first operation has the counter `first`.
    pub fn issued(&mut self, member: usize, first: u64, len: u64) {
        let till = &mut self.tills[member];
        for counter in (first..).take(usize::try_from(len).unwrap_or(usize::MAX)) {
            let Some(row) = till.under_way.pop_front() else {
                break;
            };
            self.status[row] = Status::Issued(counter);
            till.issued.insert(counter, row);
        }
    }

    /// A member came back and knows of `own` operations of its own: the rest is to be submitted again, and what it
    /// had of others is to be asked for again.
    pub fn restarted(&mut self, member: usize, own: u64) {
        let till = &mut self.tills[member];
        till.fed.clear();
        let unsent = till.issued.split_off(&own.saturating_add(1));
        for row in unsent.into_values().chain(till.under_way.drain(..)) {
            self.status[row] = Status::Waiting;
        }
        till.next = 0;
    }

    /// The row that an operation of a member belongs to.
    #[must_use]
    pub fn row_of(&self, member: usize, counter: u64) -> Option<usize> {
        self.tills.get(member)?.issued.get(&counter).copied()
    }

    /// The first row of a member that waits.
    fn head(&mut self, member: usize) -> Option<usize> {
        let till = self.tills.get_mut(member)?;
        while let Some(row) = till.rows.get(till.next) {
            if self.status[*row] == Status::Waiting {
                return Some(*row);
            }
            till.next += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use bft_crdts::net::VirtualTime;

    use super::{Desk, Status};
    use crate::operations::{Format, parse};

    const NOW: VirtualTime = VirtualTime::from_millis(1);

    fn desk(csv: &str) -> Desk {
        let rows = parse(csv.as_bytes(), Format::Csv).expect("rows");
        Desk::new(rows, &["alice", "bob", "carol"].map(str::to_owned))
    }

    #[test]
    fn a_payer_waits_for_what_earlier_rows_pay_it_and_for_nothing_else() {
        let mut desk = desk(
            "who,what,to,amount\nalice,transfer,bob,1\nbob,transfer,carol,1\ncarol,transfer,bob,1\nbob,transfer,carol,1\n",
        );
        assert_eq!(desk.ready(1, NOW, |_| 0), None, "bob waits for row 1");
        assert_eq!(desk.ready(0, NOW, |_| 0), Some(0));
        desk.submit(0, NOW);
        assert_eq!(desk.ready(0, NOW, |_| 0), None, "alice has no more rows");
        desk.issued(0, 1, 1);
        assert_eq!(
            desk.ready(1, NOW, |_| 0),
            None,
            "bob has not delivered row 1"
        );
        assert_eq!(desk.ready(1, NOW, |who| u64::from(who == 0)), Some(1));
        desk.submit(1, NOW);
        assert_eq!(
            desk.ready(1, NOW, |who| u64::from(who == 0)),
            None,
            "row 4 waits for row 3"
        );
        assert_eq!(desk.waits_for(3), "waits for what row 1 brings");
        desk.refuse(1, NOW, "short".to_owned());
        assert_eq!(
            desk.ready(2, NOW, |_| 0),
            Some(2),
            "a refused row brings nothing"
        );
        desk.refuse(2, NOW, "short".to_owned());
        assert_eq!(desk.ready(1, NOW, |who| u64::from(who == 0)), Some(3));
    }

    #[test]
    fn a_row_does_not_spend_what_a_later_row_brings() {
        let mut desk = desk(
            "who,what,to,amount\nalice,transfer,bob,1\nbob,transfer,carol,1\nalice,transfer,bob,1\n",
        );
        desk.submit(0, NOW);
        desk.submit(2, NOW);
        desk.issued(0, 1, 2);
        assert!(desk.may_spend(1, 0, 1));
        assert!(!desk.may_spend(1, 0, 2));
        assert!(desk.may_spend(1, 0, 3), "what no row brings may be spent");
    }

    #[test]
    fn what_a_crash_lost_is_submitted_again_and_nothing_else() {
        let mut desk = desk(
            "who,what,to,amount\nalice,transfer,bob,1\nalice,transfer,bob,0\nalice,transfer,bob,3\nalice,transfer,bob,4\n",
        );
        desk.submit(0, NOW);
        desk.refuse(1, NOW, "zero".to_owned());
        desk.submit(2, NOW);
        desk.issued(0, 1, 1);
        desk.issued(0, 2, 1);
        desk.submit(3, NOW);
        desk.restarted(0, 1);
        let status: Vec<Status> = desk.iter().map(|(_, status)| status.clone()).collect();
        let refused = Status::Refused("zero".to_owned());
        assert_eq!(
            status,
            [Status::Issued(1), refused, Status::Waiting, Status::Waiting]
        );
        assert_eq!(desk.ready(0, NOW, |_| 0), Some(2));
        assert_eq!(desk.row_of(0, 2), None);
    }

    #[test]
    fn a_remove_waits_for_the_adds_before_it_even_for_its_own() {
        let mut desk = desk("who,what,item\nalice,add,milk\nalice,remove,milk\nbob,add,milk\n");
        desk.submit(0, NOW);
        desk.issued(0, 1, 1);
        assert_eq!(desk.ready(0, NOW, |_| 0), None);
        assert_eq!(desk.ready(0, NOW, |who| u64::from(who == 0)), Some(1));
        assert_eq!(
            desk.ready(1, NOW, |_| 0),
            Some(2),
            "an add waits for nothing"
        );
    }

    #[test]
    fn a_row_is_not_early() {
        let mut desk = desk("who,what,item,at\nalice,add,milk,2ms\n");
        assert_eq!(desk.ready(0, NOW, |_| 0), None);
        assert_eq!(desk.due(0).map(|span| span.as_nanos()), Some(2_000_000));
        assert_eq!(desk.ready(0, VirtualTime::from_millis(2), |_| 0), Some(0));
    }
}
