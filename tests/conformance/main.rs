//! The conformance kit: the type that the guide makes with it, and the mistakes that it has to find.
//!
//! Apart from the tests of the core, because it runs this program again, as another process, up to 2,000 times.

mod guide;
mod seeded;
