//! GraphQL operations: how many, how they end, and how long they take.

use std::sync::Arc;
use std::time::Instant;

use async_graphql::ServerError;

use super::page::{Labels, Page, label, number};
use crate::figures::{Count, Durations, WHOLE};
use crate::graphql::{ErrorCode, FieldGroup, OperationKind};

/// The types of operations, as they are told; the last is for what was refused before it was one.
const KINDS: [&str; 4] = [
    OperationKind::Query.as_str(),
    OperationKind::Mutation.as_str(),
    OperationKind::Subscription.as_str(),
    "none",
];
/// What can be: other groups of a type never happen, and are not shown.
const SHOWN: [&[FieldGroup]; 4] = {
    use FieldGroup::{
        Crawl, Documents, Erasure, Interactions, Introspection, Keystrokes, Mixed, Refused, Reports, Search,
        SearchLog, Suggest,
    };
    [
        &[Search, Suggest, Documents, SearchLog, Reports, Crawl, Keystrokes, Introspection, Mixed, Refused],
        &[Documents, Crawl, Keystrokes, Interactions, Erasure, Introspection, Mixed, Refused],
        &[SearchLog, Crawl, Introspection, Mixed, Refused],
        &[Refused],
    ]
};

/// Counts operations.
pub(in crate::http) struct Operations {
    // Lists, not arrays: a length taken from another module's constant is a cycle to the compiler (E0391).
    kinds: Vec<Vec<Line>>,
    begun: Vec<Count>,
}

/// The operations of one type and group.
struct Line {
    durations: Durations,
    failed: Count,
    errors: Vec<Count>,
}

/// An operation under way. It ends when it is dropped.
pub(in crate::http) struct Running {
    operations: Arc<Operations>,
    kind: usize,
    group: FieldGroup,
    began: Instant,
    has_failed: bool,
}

impl Default for Operations {
    fn default() -> Self {
        let line = |_: &FieldGroup| Line {
            durations: Durations::new(WHOLE),
            failed: Count::default(),
            errors: ErrorCode::ALL.iter().map(|_| Count::default()).collect(),
        };
        Self {
            kinds: KINDS.iter().map(|_| FieldGroup::ALL.iter().map(line).collect()).collect(),
            begun: KINDS.iter().map(|_| Count::default()).collect(),
        }
    }
}

impl Operations {
    /// An operation begins.
    pub(in crate::http) fn begin(self: &Arc<Self>, kind: OperationKind, group: FieldGroup) -> Running {
        let kind = kind as usize;
        self.begun[kind].one();
        Running { operations: self.clone(), kind, group, began: Instant::now(), has_failed: false }
    }

    /// Something was refused before it was an operation.
    pub(in crate::http) fn refused(&self, began: Instant, errors: &[ServerError]) {
        let line = &self.kinds[KINDS.len() - 1][FieldGroup::Refused as usize];
        line.failed.one();
        line.note_errors(errors);
        line.durations.note(began.elapsed());
    }

    pub(super) fn tell(&self, page: &mut Page) {
        let lines = || {
            SHOWN.iter().enumerate().flat_map(|(kind, groups)| {
                groups.iter().map(move |group| {
                    let labels = vec![("type", KINDS[kind].to_owned()), ("group", group.as_str().to_owned())];
                    (labels, &self.kinds[kind][*group as usize])
                })
            })
        };
        page.durations(
            "operation_duration_seconds",
            "How long GraphQL operations took; subscriptions from their beginning to their end",
            lines().map(|(labels, line)| (labels, line.durations.spread())).collect(),
        );
        page.counts(
            "operations_failed_total",
            "GraphQL operations with at least one error",
            lines().map(|(labels, line)| (labels, line.failed.get())).collect(),
        );
        let errors = |(labels, line): (Labels, &Line)| {
            let of_code = |(code, count): (ErrorCode, &Count)| {
                let mut labels = labels.clone();
                labels.push(("code", code.as_str().to_owned()));
                (labels, count.get())
            };
            ErrorCode::ALL.into_iter().zip(&line.errors).map(of_code).collect::<Vec<_>>()
        };
        page.counts(
            "operation_errors_total",
            "Errors in the answers to GraphQL operations; one answer may hold several",
            lines().flat_map(errors).collect(),
        );
        let under_way = KINDS.iter().zip(&self.kinds).zip(&self.begun).take(KINDS.len() - 1);
        let under_way = under_way.map(|((kind, groups), begun)| {
            let ended: u64 = groups.iter().map(|line| line.durations.spread().count()).sum();
            (label("type", *kind), number(begun.get().saturating_sub(ended)))
        });
        page.gauges(
            "operations_under_way",
            "GraphQL operations that are being answered; subscriptions that are being followed",
            under_way.collect(),
        );
    }
}

impl Running {
    /// Its answer, or one of its answers, has these errors.
    pub(in crate::http) fn note_errors(&mut self, errors: &[ServerError]) {
        if errors.is_empty() {
            return;
        }
        let is_first = !std::mem::replace(&mut self.has_failed, true);
        let line = self.line();
        line.note_errors(errors);
        if is_first {
            line.failed.one();
        }
    }

    fn line(&self) -> &Line {
        &self.operations.kinds[self.kind][self.group as usize]
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.line().durations.note(self.began.elapsed());
    }
}

impl Line {
    fn note_errors(&self, errors: &[ServerError]) {
        for error in errors {
            let code = ErrorCode::of(error).unwrap_or(ErrorCode::InternalServerError);
            self.errors[code as usize].one();
        }
    }
}
