//! Who may call: API keys, where visitors come from, and how often they may ask.
//!
//! [`Gate`] is what transports talk to. It holds the keys and the rates that are in force and can be
//! given others while it is used. A [`Visitor`] is whoever opened a connection: what it may do is
//! asked again for each operation, so that a key that was taken back opens nothing any more, also
//! where a connection has been open since before.
//!
//! It deliberately lacks knowledge of fields and of HTTP's statuses: the floors above map both.

mod address;
mod gate;
mod key;
mod rate;
mod ring;
mod visitor;

pub use gate::{Denied, Gate};
pub use key::{ApiKey, KEY_PREFIX};
pub use visitor::Visitor;
