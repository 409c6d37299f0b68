//! Frames: how a value lies in a file so that damage is seen, and seen for what it is.
//!
//! A frame is `length ‖ checksum ‖ head checksum ‖ body`: four bytes little endian, the first eight bytes of the body's
//! BLAKE3 digest, the first four of the digest of those twelve bytes, the body. The head has its own checksum, because a
//! length that lies must not pass for the end of a file that was cut off.

use crate::codec::Digest;

const LENGTH: usize = 4;
const CHECKSUM: usize = 8;
const HEAD_CHECKSUM: usize = 4;
const HEAD: usize = LENGTH + CHECKSUM + HEAD_CHECKSUM;

/// What stands at the beginning of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed<'a> {
    /// A frame whose checksums hold: its body, and how many bytes it takes in all.
    Whole { body: &'a [u8], length: usize },
    /// A frame that the bytes end in, or a last one of full length with another body than its checksum says: what a
    /// write that was cut short leaves. Nothing at all is the end.
    Torn,
    /// Something else: it was damaged.
    Damaged,
}

/// Appends a frame around `body`.
pub(super) fn append(bytes: &mut Vec<u8>, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut head = length.to_le_bytes().to_vec();
    head.extend(Digest::of(body).as_bytes().iter().take(CHECKSUM));
    let check = Digest::of(&head);
    head.extend(check.as_bytes().iter().take(HEAD_CHECKSUM));
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(body);
}

/// Reads the frame that `bytes` begin with, if its body has at most `limit` bytes.
pub(super) fn first(bytes: &[u8], limit: usize) -> Framed<'_> {
    let Some((head, rest)) = bytes.split_at_checked(HEAD) else {
        return Framed::Torn;
    };
    let (head, check) = head.split_at(LENGTH + CHECKSUM);
    if Digest::of(head).as_bytes().get(..HEAD_CHECKSUM) != Some(check) {
        return Framed::Damaged;
    }
    let (length, checksum) = head.split_at(LENGTH);
    let number = |length: usize, byte: &u8| (length << 8) | usize::from(*byte);
    let length = length.iter().rev().fold(0_usize, number);
    if length > limit {
        return Framed::Damaged;
    }
    let Some(body) = rest.get(..length) else {
        return Framed::Torn;
    };
    if Digest::of(body).as_bytes().get(..CHECKSUM) == Some(checksum) {
        let length = HEAD.saturating_add(length);
        return Framed::Whole { body, length };
    }
    // A last frame of full length and wrong content is a torn write, too.
    match rest.len() == length {
        true => Framed::Torn,
        false => Framed::Damaged,
    }
}
