//! Problems of input values, and the paths of these.

use std::fmt;

use async_graphql::parser::types::Type;

use super::error_bounds::excerpt;

/// An invalid value.
#[derive(Debug)]
pub(super) struct InputProblem {
    /// The path of the value.
    path: String,
    problem: String,
}

impl InputProblem {
    /// The path within the variable or the argument; empty for the whole of it.
    pub(super) fn within(&self) -> &str {
        self.path.split_once('.').map_or("", |(_, within)| within)
    }
}

impl fmt::Display for InputProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.problem)
    }
}

/// The path of an input value, formatted only for an error.
#[derive(Clone, Copy)]
pub(super) enum InputPath<'a> {
    Variable(&'a str),
    Argument(&'a str),
    Field(&'a InputPath<'a>, &'a str),
    Item(&'a InputPath<'a>, usize),
}

impl InputPath<'_> {
    pub(super) fn problem(&self, problem: impl fmt::Display) -> InputProblem {
        InputProblem { path: self.to_string(), problem: problem.to_string() }
    }

    pub(super) fn missing(&self, ty: &Type) -> InputProblem {
        self.problem(format_args!("of type {ty} is required: send a value"))
    }
}

impl fmt::Display for InputPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "${name}"),
            Self::Argument(name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{}", excerpt(name)),
            Self::Item(parent, index) => write!(f, "{parent}.{index}"),
        }
    }
}
