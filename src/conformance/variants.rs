//! Which variants an operation can be, if its type is an enum, and which of them one is.

use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor, value::Error};
use serde::{Serialize, forward_to_deserialize_any};

use crate::codec::try_encode;

/// The names of the variants, in their order; none if the type is no enum.
pub(super) fn names<O: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // It asks for an enum of these variants, and that is all we wanted to know.
    let _ = O::deserialize(Asked(&mut names));
    names
}

/// The bit of the variant that this operation is; no bit for one of a type that is no enum, or has more variants than we
/// have bits.
pub(super) fn bit<O: Serialize>(op: &O) -> u128 {
    // The codec writes the number of the variant first, in one byte if it is small.
    let first = try_encode(op).ok().and_then(|bytes| bytes.first().copied());
    first.map_or(0, |variant| 1_u128.checked_shl(variant.into()).unwrap_or(0))
}

/// Hears which variants are asked for, and has no value of any type.
struct Asked<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("nothing"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = variants;
        Err(Error::custom("nothing"))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}
