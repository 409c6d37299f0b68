//! Byte strings of a fixed length: keys, signatures, digests.

/// A text that is not the lower-case hexadecimal form of a key, digest or signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} lower-case hexadecimal digits")]
pub struct HexError {
    /// How many digits the whole form has.
    pub expected: usize,
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('?');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// The bytes that [`to_hex`] writes as `text`.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let error = HexError {
        expected: N.saturating_mul(2),
    };
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Ok(digit & 15),
        b'a'..=b'f' => Ok((digit & 15).wrapping_add(9)),
        _ => Err(error),
    };
    let (digits, []) = text.as_bytes().as_chunks::<2>() else {
        return Err(error);
    };
    if digits.len() != N {
        return Err(error);
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(digits) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Ok(bytes)
}

/// Methods, text forms and serialisation of a newtype around `[u8; N]`: a byte string in the canonical encoding
/// (a tuple of `u8` would cost a nanosecond per byte), hexadecimal where people read.
macro_rules! fixed_bytes {
    ($name:ident, $length:literal, $shown:literal, $what:literal) => {
        impl $name {
            #[doc = concat!("The ", $what, " made of these ", stringify!($length), " bytes.")]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            #[doc = concat!("The ", stringify!($length), " bytes.")]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            #[doc = concat!("All of it in lower-case hexadecimal; `Display` shows the first ", stringify!($shown), " digits.")]
            pub fn to_hex(&self) -> String {
                $crate::codec::to_hex(&self.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut hex = self.to_hex();
                hex.truncate($shown);
                f.pad(&hex)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::codec::HexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::codec::from_hex(text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            #[inline]
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.serialize_str(&self.to_hex())
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!(stringify!($length), " bytes of a ", $what))
                    }

                    #[inline]
                    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<$name, E> {
                        match bytes.try_into() {
                            Ok(bytes) => Ok($name(bytes)),
                            Err(_) => Err(E::invalid_length(bytes.len(), &self)),
                        }
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(Visitor)
                } else {
                    deserializer.deserialize_bytes(Visitor)
                }
            }
        }
    };
}

pub(crate) use fixed_bytes;
