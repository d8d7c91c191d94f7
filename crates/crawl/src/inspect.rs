//! The inspection of JSON of an unknown API: its list of items, its paging members, and the fields of items.
//! Pure, and independent of the settings of a source.
//!
//! All findings are guesses by name and by value, in the order of their likelihood.

mod author;
mod changes;
mod fields;
mod keys;
mod lists;
mod member;
mod names;
mod pointer;
mod published;
mod statements;
mod vocabulary;

pub(super) use self::changes::{find_change_param, find_change_time};
pub(super) use self::fields::{FieldGuess, FieldGuesses, guess_fields};
pub(super) use self::keys::is_unique;
pub(super) use self::lists::{ItemList, find_items, member_names};
pub(super) use self::names::{ParamKind, is_flag_of_more, normalized, param_kind};
pub(super) use self::statements::{
    Leaf, NextGuess, NextValue, TotalGuess, find_next, find_total, flag_of_more, leaves, states_more,
};
