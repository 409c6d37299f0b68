//! What a journal file owes after a crash, an error of the disk, and rot.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bft_crdts::bank::{ALGORITHM, Bank, Ledger};
use bft_crdts::deterministic_secure_broadcast::journal::{self, JournalError};
use bft_crdts::deterministic_secure_broadcast::{Record, RecordStore};
use bft_crdts::net::{ForgetfulDisk, Tail};
use bft_crdts::{Actor, Change, Config, Effect, Genesis, NetworkId, OpenError, SigningActor};
use bft_crdts_driver::{Disk, Driver, JournalFile, JournalFileError, RealDisk};

fn key() -> SigningActor {
    SigningActor::from_seed([1; 32])
}

fn genesis() -> Genesis<Bank> {
    let members = [1, 2, 3, 4].map(|seed| SigningActor::from_seed([seed; 32]).actor());
    let ledger = Ledger::genesis(members.map(|member| (member, 100)), []).unwrap();
    Genesis::new("journals", ALGORITHM, members, ledger).unwrap()
}

fn names() -> (NetworkId, Actor) {
    (genesis().network(), key().actor())
}

fn identity() -> Record {
    let (network, actor) = names();
    Record::Identity { network, actor }
}

/// Some record that says which it is.
fn record(number: u8) -> Record {
    Record::Wanted {
        change: Change::Leave(Actor::from_bytes([number; 32])),
        wanted: true,
        possession: None,
    }
}

/// A disk that other hands hold, too, and that fails when it is told to.
#[derive(Clone, Debug, Default)]
struct Shared {
    bytes: Rc<RefCell<ForgetfulDisk>>,
    /// So many calls go well.
    left: Rc<Cell<Option<usize>>>,
    syncs: Rc<Cell<usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Full;

impl Shared {
    fn with(bytes: &[u8]) -> Self {
        let disk = Self::default();
        Disk::replace(&mut *disk.bytes.borrow_mut(), bytes).unwrap();
        disk
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes.borrow().bytes().to_vec()
    }

    fn fails(&self) -> bool {
        match self.left.get() {
            Some(0) => true,
            Some(left) => {
                self.left.set(Some(left - 1));
                false
            }
            None => false,
        }
    }
}

impl Disk for Shared {
    type Error = Full;

    fn read(&mut self) -> Result<Vec<u8>, Full> {
        Ok(self.bytes())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let mut disk = self.bytes.borrow_mut();
        if self.fails() {
            // A write that fails may have written half.
            disk.append(&bytes[..bytes.len() / 2]);
            return Err(Full);
        }
        disk.append(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Full> {
        if self.fails() {
            return Err(Full);
        }
        self.syncs.set(self.syncs.get() + 1);
        self.bytes.borrow_mut().sync();
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> Result<(), Full> {
        if self.fails() {
            return Err(Full);
        }
        Disk::replace(&mut *self.bytes.borrow_mut(), bytes).unwrap();
        Ok(())
    }
}

/// Three steps of two records each, then two records that nobody synced; all records.
fn written() -> (Vec<u8>, Vec<Record>) {
    let disk = Shared::default();
    let (network, actor) = names();
    let mut file = JournalFile::create(disk.clone(), network, actor).unwrap();
    for number in (0..6).chain(6..8) {
        file.append(&record(number)).unwrap();
        if matches!(number, 1 | 3 | 5) {
            file.sync().unwrap();
        }
    }
    let records = std::iter::once(identity()).chain((0..8).map(record));
    (disk.bytes(), records.collect())
}

const SYNCED: usize = 7;

fn opened(bytes: &[u8]) -> Result<Vec<Record>, JournalFileError<Full>> {
    let (network, actor) = names();
    JournalFile::open(Shared::with(bytes), network, actor).map(|(_, records)| records)
}

#[test]
fn a_journal_begins_with_its_identity_and_begins_once() {
    let (network, actor) = names();
    let missing = JournalFile::open(Shared::default(), network, actor);
    assert_eq!(missing.unwrap_err(), JournalFileError::Missing);
    let disk = Shared::default();
    JournalFile::create(disk.clone(), network, actor).unwrap();
    disk.bytes.borrow_mut().crash(Tail::Lost);
    assert_eq!(opened(&disk.bytes()), Ok(vec![identity()]));
    let again = JournalFile::create(disk.clone(), network, actor);
    assert_eq!(again.unwrap_err(), JournalFileError::Exists);
    let stranger = SigningActor::from_seed([9; 32]).actor();
    let foreign = JournalFile::open(disk, network, stranger);
    assert_eq!(foreign.unwrap_err(), JournalFileError::Foreign);
    let mut anonymous = Vec::new();
    journal::append(&mut anonymous, &record(0));
    assert_eq!(opened(&anonymous), Err(JournalFileError::NoIdentity));
}

/// What was written before there were marks is read as it always was: a torn last frame is the end, other damage is an
/// error.
#[test]
fn a_journal_without_marks_is_read() {
    let mut bytes = Vec::new();
    let records = [identity(), record(0), record(1)];
    let mut ends = vec![0];
    for record in &records {
        journal::append(&mut bytes, record);
        ends.push(bytes.len());
    }
    for cut in 1..=bytes.len() {
        let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
        let read = journal::read(&bytes[..cut]).unwrap();
        assert_eq!((&*read.records, read.marked), (&records[..whole], 0));
    }
    bytes[ends[1]] ^= 1;
    let damaged = JournalError::Corrupt { offset: ends[1] };
    assert_eq!(opened(&bytes), Err(JournalFileError::Damaged(damaged)));
}

/// A journal is its own prefix wherever it is cut: it never holds anything else, and nothing that was marked is lost
/// unless the mark is.
#[test]
fn a_journal_may_be_cut_at_every_byte() {
    let (bytes, records) = written();
    let marked = journal::read(&bytes).unwrap().marked;
    for cut in 1..=bytes.len() {
        match opened(&bytes[..cut]) {
            Ok(read) => {
                assert_eq!(read, records[..read.len()], "at {cut}");
                assert!(read.len() >= SYNCED || cut < marked, "at {cut}");
            }
            // Of the very first record, which `create` makes durable whole, nothing is left.
            Err(error) => assert_eq!((error, cut < 200), (JournalFileError::NoIdentity, true)),
        }
    }
}

/// DP7: a crash that left zeros or a hole behind what was synced made a correct member unable to come back.
#[test]
fn whatever_lies_behind_the_last_mark_is_no_damage() {
    let (bytes, records) = written();
    let marked = journal::read(&bytes).unwrap().marked;
    for from in marked..bytes.len() {
        for to in [from + 1, from + 16, (from + bytes.len()) / 2, bytes.len()] {
            let to = to.clamp(from + 1, bytes.len());
            for fill in [0, 0xff, 0x55] {
                let mut torn = bytes.clone();
                torn[from..to].fill(fill);
                let read = opened(&torn).unwrap_or_else(|error| panic!("{from}..{to}: {error:?}"));
                assert!(read.len() >= SYNCED, "{from}..{to}");
                assert_eq!(read, records[..read.len()], "{from}..{to}");
            }
        }
        // The file has grown, and its content never arrived.
        let mut longer = bytes[..from].to_vec();
        longer.resize(bytes.len() + 4096, 0);
        let read = opened(&longer).unwrap();
        assert!(
            read.len() >= SYNCED && read == records[..read.len()],
            "{from}"
        );
    }
}

/// DP7: one rotten bit in the last synced record was taken for a torn end, and its witness echoed a second header.
#[test]
fn every_rotten_bit_before_the_last_mark_is_damage() {
    let (bytes, records) = written();
    let marked = journal::read(&bytes).unwrap().marked;
    let last_mark = {
        let shorter = journal::read(&bytes[..marked - 1]).unwrap();
        shorter.length
    };
    for place in 0..marked {
        for bit in [0, 3, 7] {
            let mut rotten = bytes.clone();
            rotten[place] ^= 1 << bit;
            match opened(&rotten) {
                Err(JournalFileError::Damaged(_)) => {}
                // The mark is all that is lost.
                Ok(read) if place >= last_mark => assert!(
                    read.len() >= SYNCED && read == records[..read.len()],
                    "byte {place}"
                ),
                other => panic!("byte {place}, bit {bit}: {other:?}"),
            }
        }
    }
}

#[test]
fn every_hole_before_the_last_mark_is_damage() {
    let (bytes, _) = written();
    let marked = journal::read(&bytes).unwrap().marked;
    let last_mark = journal::read(&bytes[..marked - 1]).unwrap().length;
    for from in 0..last_mark {
        for length in [1, 7, 64, 512] {
            let to = (from + length).min(last_mark);
            let mut holed = bytes.clone();
            holed[from..to].fill(0);
            if holed == bytes {
                continue;
            }
            let read = opened(&holed);
            assert!(
                matches!(read, Err(JournalFileError::Damaged(_))),
                "{from}..{to}: {read:?}"
            );
        }
    }
}

/// Whole frames, but not the ones that were marked.
#[test]
fn a_record_that_is_missing_or_twice_is_damage() {
    let (bytes, records) = written();
    let mut ends = vec![0];
    for cut in 1..=bytes.len() {
        let length = journal::read(&bytes[..cut]).map(|read| read.length);
        if let Ok(length) = length
            && length > *ends.last().unwrap()
        {
            ends.push(length);
        }
    }
    let frames: Vec<_> = ends.windows(2).map(|two| &bytes[two[0]..two[1]]).collect();
    assert_eq!(frames.len(), records.len() + 4, "with the marks");
    let last_mark = frames.len() - 3;
    for place in 1..last_mark {
        let mut missing = frames.clone();
        missing.remove(place);
        let mut twice = frames.clone();
        twice.insert(place, frames[place]);
        let is_mark = journal::read(&bytes[..ends[place + 1]]).unwrap().marked == ends[place + 1];
        for other in [missing, twice] {
            let read = opened(&other.concat());
            let damaged = matches!(
                read,
                Err(JournalFileError::Damaged(JournalError::Unmarked { .. }))
            );
            assert_eq!(damaged, !is_mark, "{place}: {read:?}");
        }
    }
}

/// A peer chooses bytes of records. If it could write a mark into one, a crash that tears that record would look like
/// damage.
#[test]
fn a_mark_inside_a_record_is_none() {
    let mut forged = Vec::new();
    journal::Marks::new(77).mark(&mut forged);
    let (bytes, records) = written();
    let marked = journal::read(&bytes).unwrap().marked;
    let mut torn = bytes[..marked].to_vec();
    torn.extend([0; 16]);
    torn.extend(&forged);
    assert_eq!(opened(&torn), Ok(records[..SYNCED].to_vec()));
    // As it would be if the nonce were known: its own mark, behind a hole.
    let mut known = bytes[..marked].to_vec();
    let own = &bytes[journal::read(&bytes[..marked - 1]).unwrap().length..marked];
    known.extend([0; 16]);
    known.extend(own);
    assert!(matches!(opened(&known), Err(JournalFileError::Damaged(_))));
}

/// Wherever the disk fails, everything synced before is found again, and nothing is taken any more.
#[test]
fn a_failed_disk_is_the_end_of_its_journal_file() {
    let (network, actor) = names();
    let mut ended = 0;
    for calls in 1..40 {
        let disk = Shared::default();
        let mut file = JournalFile::create(disk.clone(), network, actor).unwrap();
        disk.left.set(Some(calls));
        let mut synced = 1;
        let failed = (0..8).any(|number| {
            let done = file.append(&record(number)).and_then(|()| {
                if number % 2 == 1 {
                    file.sync()?;
                    synced = 2 + usize::from(number);
                }
                Ok(())
            });
            done.is_err()
        });
        if failed {
            ended += 1;
            assert_eq!(file.append(&record(9)), Err(JournalFileError::Failed));
            assert_eq!(file.sync(), Err(JournalFileError::Failed));
            assert_eq!(file.compact(&[]), Err(JournalFileError::Failed));
        }
        for tail in [Tail::Kept, Tail::Lost, Tail::Torn] {
            let mut bytes = disk.bytes.borrow().clone();
            bytes.crash(tail);
            let read = opened(bytes.bytes()).unwrap();
            assert!(read.len() >= synced, "{calls} calls, {tail:?}");
            let written = std::iter::once(identity()).chain((0..8).map(record));
            assert!(written.take(read.len()).eq(read));
        }
    }
    assert!(ended > 10);
}

#[test]
fn a_journal_is_made_short_all_at_once() {
    let (network, actor) = names();
    let disk = Shared::default();
    let mut file = JournalFile::create(disk.clone(), network, actor).unwrap();
    (0..8).for_each(|number| file.append(&record(number)).unwrap());
    file.sync().unwrap();
    file.compact(&[identity(), record(9)]).unwrap();
    file.append(&record(10)).unwrap();
    file.sync().unwrap();
    disk.bytes.borrow_mut().crash(Tail::Lost);
    let expected = vec![identity(), record(9), record(10)];
    assert_eq!(opened(&disk.bytes()), Ok(expected));
}

#[test]
fn a_real_disk_is_locked_and_keeps_its_journal() {
    let directory = std::env::temp_dir().join(format!("bft-crdts-driver-{}", std::process::id()));
    let (network, actor) = names();
    let disk = RealDisk::open(&directory).unwrap();
    let second = RealDisk::open(&directory).unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::WouldBlock);
    let mut file = JournalFile::create(disk, network, actor).unwrap();
    file.append(&record(0)).unwrap();
    file.sync().unwrap();
    file.append(&record(1)).unwrap();
    drop(file.close().unwrap());
    // A replacement that a crash cut short, and a torn end.
    std::fs::write(directory.join("journal.new"), b"half").unwrap();
    let mut bytes = std::fs::read(directory.join("journal")).unwrap();
    bytes.extend([7; 30]);
    std::fs::write(directory.join("journal"), bytes).unwrap();
    let disk = RealDisk::open(&directory).unwrap();
    let (mut file, records) = JournalFile::open(disk, network, actor).unwrap();
    assert_eq!(records, [identity(), record(0), record(1)]);
    file.compact(&records[..2]).unwrap();
    file.append(&record(2)).unwrap();
    drop(file.close().unwrap());
    let disk = RealDisk::open(&directory).unwrap();
    let (file, records) = JournalFile::open(disk, network, actor).unwrap();
    assert_eq!(records, [identity(), record(0), record(2)]);
    drop(file);
    std::fs::remove_dir_all(&directory).unwrap();
}

fn driver(disk: Shared) -> Driver<Bank, Shared> {
    let (network, actor) = names();
    let (file, records) = JournalFile::open(disk, network, actor).unwrap();
    Driver::open(key(), genesis(), file, records, Config::default()).unwrap()
}

/// Nothing is sent or told before it is durable, and one sync serves all inputs before it.
#[test]
fn what_leaves_a_driver_is_durable() {
    let (network, actor) = names();
    let disk = Shared::default();
    drop(JournalFile::create(disk.clone(), network, actor).unwrap());
    let mut first = driver(disk.clone());
    let you = SigningActor::from_seed([2; 32]).actor();
    let pay = |amount| Bank::transfer_citing(you, amount, Default::default());
    let me_to_you = |driver: &mut Driver<Bank, Shared>, amount| {
        let tickets = driver.broadcast([pay(amount)]).unwrap();
        tickets.count()
    };
    let syncs = disk.syncs.get();
    assert_eq!(me_to_you(&mut first, 1), 1);
    first.tick();
    first.tick();
    assert_eq!(first.compact(), Ok(false), "something waits");
    let sent = first.sync().unwrap();
    assert_eq!(disk.syncs.get(), syncs + 1);
    let mut kinds = sent.filter_map(|effect| match effect {
        Effect::Send { payload, .. } => Some(payload.kind().to_string()),
        Effect::Persist(_) => panic!("a record is no output"),
        _ => None,
    });
    assert_eq!(kinds.next().as_deref(), Some("request"));
    assert!(kinds.next().is_some(), "those of the ticks come behind it");
    drop(kinds);

    // Its message is in flight after a restart, and the next step fails: nothing leaves.
    disk.bytes.borrow_mut().crash(Tail::Lost);
    let again = driver(disk.clone());
    assert_eq!(
        again
            .replica()
            .in_flight()
            .map(|(_, op)| op)
            .collect::<Vec<_>>(),
        [&pay(1)]
    );
    drop(again);

    let fresh = Shared::default();
    drop(JournalFile::create(fresh.clone(), network, actor).unwrap());
    let mut failing = driver(fresh.clone());
    me_to_you(&mut failing, 2);
    fresh.left.set(Some(1));
    assert!(failing.sync().is_err());
    assert!(
        failing.sync().unwrap().next().is_none(),
        "it is lost, not late"
    );
}

#[test]
fn a_driver_opens_only_its_own_journal() {
    let (network, actor) = names();
    let disk = Shared::default();
    drop(JournalFile::create(disk.clone(), network, actor).unwrap());
    let (file, records) = JournalFile::open(disk, network, actor).unwrap();
    let newer = key().next();
    let refused = Driver::<Bank, _>::open(newer, genesis(), file, records, Config::default());
    assert_eq!(refused.err(), Some(OpenError::OtherSecret));
}
