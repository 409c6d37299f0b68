//! The driver's part of a replica that has to be right: what is on disk before anything leaves.
//!
//! * [`JournalFile`] keeps the records of one key in one network on a [`Disk`]: with the identity first, a mark for every
//!   sync, an end for good after an error of the disk, and compaction all at once. What a crash left unfinished is cut
//!   off, and damage is an error.
//! * [`RealDisk`] is a directory, locked against a second process.
//! * [`Driver`] is a replica with its journal. It takes inputs, one or many, syncs once, and only then gives out what is to
//!   be sent and told.
//!
//! Sockets, threads, ticks and the place of the secret are yours. `docs/driver.md` says what a driver owes.
//!
//! ```
//! use bft_crdts::bank::{ALGORITHM, Bank, Ledger};
//! use bft_crdts::{Config, Effect, Genesis, SigningActor};
//! use bft_crdts_driver::{Driver, JournalFile, RealDisk};
//!
//! # let dir = std::env::temp_dir().join(format!("bft-crdts-driver-doc-{}", std::process::id()));
//! let key = SigningActor::from_seed([1; 32]);
//! let ledger = Ledger::genesis([(key.actor(), 100)], [])?;
//! let genesis = Genesis::new("only me", ALGORITHM, [key.actor()], ledger)?;
//!
//! // Once in the life of a key. Afterwards `JournalFile::open`, and never this again.
//! let journal = JournalFile::create(RealDisk::open(&dir)?, genesis.network(), key.actor())?;
//! drop(journal);
//!
//! let (journal, records) = JournalFile::open(RealDisk::open(&dir)?, genesis.network(), key.actor())?;
//! let mut driver: Driver<Bank, _> = Driver::open(key, genesis, journal, records, Config::default())?;
//! driver.tick();
//! for effect in driver.sync()? {
//!     match effect {
//!         Effect::Send { to, payload } => println!("to {to:?}: {:?}", payload.kind()),
//!         event => println!("{event:?}"),
//!     }
//! }
//! driver.close()?;
//! # std::fs::remove_dir_all(&dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod driver;
mod journal_file;
mod real_disk;

pub use bft_crdts::deterministic_secure_broadcast::journal::Disk;
pub use driver::Driver;
pub use journal_file::{JournalFile, JournalFileError};
pub use real_disk::RealDisk;
