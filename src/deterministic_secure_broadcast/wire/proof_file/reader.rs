//! A first line that says which file it is, then frames.

use thiserror::Error;

use crate::codec::DecodeError;
use crate::deterministic_secure_broadcast::frame::{self, Framed};

/// The most bytes a file may have that is read here.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// Why bytes are no such file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FileError {
    /// No byte at all.
    #[error("is empty")]
    Empty,
    /// More bytes than are read.
    #[error("{have} bytes, at most {MAX_FILE_BYTES} are read")]
    TooLarge {
        /// Bytes it has.
        have: usize,
    },
    /// Another file.
    #[error("does not begin with `{0}1`")]
    Magic(&'static str),
    /// The file of another version of the format.
    #[error("version `{0}` is unknown here")]
    Version(String),
    /// It was damaged.
    #[error("damaged at byte {0}")]
    Damaged(usize),
    /// It was cut off.
    #[error("cut off at byte {0}")]
    CutOff(usize),
    /// A frame whose checksum is right and whose content is not.
    #[error("not readable at byte {at}: {error}")]
    Undecodable {
        /// Where it begins.
        at: usize,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A frame where another one belongs.
    #[error("the part at byte {0} does not belong there")]
    Misplaced(usize),
    /// A genesis whose members are none, too many, or not strictly increasing.
    #[error("its members are none, too many, or out of order")]
    Members,
}

/// What the first line of a file says but for its version.
pub(super) struct Magic(pub(super) &'static str);

impl Magic {
    pub(super) fn line(&self) -> Vec<u8> {
        [self.0.as_bytes(), b"1\n"].concat()
    }
}

/// What of a file is not read yet.
pub(super) struct Rest<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Rest<'a> {
    /// Reads the first line.
    pub(super) fn after(magic: &Magic, bytes: &'a [u8]) -> Result<Self, FileError> {
        let have = bytes.len();
        if have == 0 {
            return Err(FileError::Empty);
        }
        if have > MAX_FILE_BYTES {
            return Err(FileError::TooLarge { have });
        }
        let line = magic.line();
        if let Some(bytes) = bytes.strip_prefix(line.as_slice()) {
            let at = line.len();
            return Ok(Self { bytes, at });
        }
        let version = bytes.strip_prefix(magic.0.as_bytes());
        let version = version.ok_or(FileError::Magic(magic.0))?;
        let version = version.iter().take(16).take_while(|byte| **byte != b'\n');
        let version: Vec<u8> = version.copied().collect();
        Err(FileError::Version(version.escape_ascii().to_string()))
    }

    /// The next frame and where it begins; nothing at the end.
    pub(super) fn frame(&mut self, limit: usize) -> Result<Option<(usize, &'a [u8])>, FileError> {
        let at = self.at;
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let (body, length) = match frame::first(self.bytes, limit) {
            Framed::Whole { body, length } => (body, length),
            Framed::Torn => return Err(FileError::CutOff(at)),
            Framed::Damaged => return Err(FileError::Damaged(at)),
        };
        self.bytes = self.bytes.get(length..).unwrap_or_default();
        self.at = at.saturating_add(length);
        Ok(Some((at, body)))
    }
}
