//! A directory of a real disk, with one journal in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::Disk;

const JOURNAL: &str = "journal";
const NEW: &str = "journal.new";
const LOCK: &str = "lock";

/// A directory with a journal: `journal`, `journal.new` while it is replaced, and `lock`.
///
/// The lock is held as long as this value lives, and ends with its process. It keeps a second process on the same machine
/// from signing with the same journal; it does not see a copy of the directory, nor hold on every network file system.
#[derive(Debug)]
pub struct RealDisk {
    directory: PathBuf,
    /// Open for appending once something was written.
    journal: Option<File>,
    _lock: File,
}

impl RealDisk {
    /// Takes a directory, which is created if need be.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if another process has it, or what the system says.
    pub fn open(directory: impl AsRef<Path>) -> io::Result<Self> {
        let directory = directory.as_ref().to_path_buf();
        fs::create_dir_all(&directory)?;
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true);
        let lock = lock.open(directory.join(LOCK))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(
                ErrorKind::WouldBlock,
                format!("{} is in use by another process", directory.display()),
            ),
            TryLockError::Error(error) => error,
        })?;
        // What a crash left of a replacement that never took place.
        match fs::remove_file(directory.join(NEW)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Self {
            directory,
            journal: None,
            _lock: lock,
        })
    }

    /// A file is only there for good when its directory is durable, too.
    fn sync_directory(&self) -> io::Result<()> {
        if cfg!(unix) {
            File::open(&self.directory)?.sync_all()?;
        }
        Ok(())
    }
}

impl Disk for RealDisk {
    type Error = io::Error;

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match File::open(self.directory.join(JOURNAL)) {
            Ok(mut file) => file.read_to_end(&mut bytes).map(|_| bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(bytes),
            Err(error) => Err(error),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.journal.is_none() {
            let path = self.directory.join(JOURNAL);
            let is_new = !path.try_exists()?;
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            if is_new {
                self.sync_directory()?;
            }
            self.journal = Some(file);
        }
        match &mut self.journal {
            Some(file) => file.write_all(bytes),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.journal.as_ref().map_or(Ok(()), File::sync_data)
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let new = self.directory.join(NEW);
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        self.journal = None;
        fs::rename(&new, self.directory.join(JOURNAL))?;
        self.sync_directory()
    }
}
