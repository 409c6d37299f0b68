//! What a journal needs of a disk.

/// The bytes of one journal on something that may crash: a directory of a real disk (in the package
/// `bft-crdts-driver`), or one that forgets on purpose (`net::ForgetfulDisk`).
pub trait Disk {
    /// Why it could not.
    type Error;

    /// All bytes; none if nothing was ever written.
    ///
    /// # Errors
    /// What the disk says.
    fn read(&mut self) -> Result<Vec<u8>, Self::Error>;

    /// Writes bytes behind the others. They are not durable before [`sync`](Self::sync). If it fails, any part of
    /// them may have been written.
    ///
    /// # Errors
    /// What the disk says.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Makes everything appended durable; returns only when it is. If it fails, nobody knows what is, and asking again
    /// may find that it went well when it did not.
    ///
    /// # Errors
    /// What the disk says.
    fn sync(&mut self) -> Result<(), Self::Error>;

    /// Puts these bytes in the place of all others, durably, and all at once: after a crash there are the old bytes or
    /// the new ones.
    ///
    /// # Errors
    /// What the disk says.
    fn replace(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}
