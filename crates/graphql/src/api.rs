//! The one door to the schema, whatever the transport: limits, variables, the document
//! cache, loaders, the time limit and the codes of errors are seen to here.
//!
//! async-graphql extensions would cost each field of each answer, so there are none.

use quarry_runtime::boxed;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql::{Request, Response, ServerError, ValidationMode, Value, Variables};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};

use super::argument_path::ArgumentPaths;
use super::checker::Checker;
use super::disclosure::Disclosure;
use super::document_cache::DocumentCache;
use super::error::{self, ErrorCode, coded, refusal};
use super::error_bounds::bounded;
use super::executor::SchemaExecutor;
use super::field_group::FieldGroup;
use super::guard;
use super::limits::{Limits, TimeLimits};
use super::loaders::Loaders;
use super::nested_variables::has_nested_variables;
use super::pagination::LargestPage;
use super::quote::Quoted;
use super::raw_variables::{self, RawVariables};
use super::request_context::RequestContext;
use super::response_budget::{ResponseBudget, ResponseMemory};
use super::root_fields::RootFields;
use super::services::Services;
use super::types::LargestQuantity;
use super::variables::InputTypes;
use super::warnings::Warnings;
use super::{ApiSchema, schema};
use quarry_access::Credentials;
use quarry_domain::{Principal, Scope};
use quarry_runtime::memory::MemoryBudget;

/// A parsed document takes about this many times its text.
const DOCUMENT_FACTOR: usize = 8;

/// The argument of a search that has it logged.
const TRACK: &str = "track";

/// What is said of a subscription that comes where one answer is given.
pub const WHERE_SUBSCRIPTIONS_ARE: &str = "Subscriptions are served over WebSocket, at /graphql/ws, and here as an event stream: accept text/event-stream.";

/// What a client asks for.
#[derive(Debug, Default)]
pub struct Operation {
    /// The document.
    pub query: String,
    /// Which of its operations to run.
    pub name: Option<String>,
    /// Values of variables, those of the operation among them.
    pub variables: RawVariables,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
    /// Follows.
    Subscription,
}

/// The answer to an operation.
#[derive(Debug)]
pub enum Answer {
    /// It ran: data, and errors of the fields that failed.
    Ran(Box<Response>, ResponseMemory),
    /// Nothing ran. Such an answer has no `data`.
    Refused(Vec<ServerError>),
}

impl Answer {
    /// The answer to an operation that did not run, with bounded errors.
    fn refused(errors: Vec<ServerError>) -> Self {
        Self::Refused(bounded(errors))
    }

    /// Its errors.
    pub fn errors(&self) -> &[ServerError] {
        match self {
            Self::Ran(response, _) => &response.errors,
            Self::Refused(errors) => errors,
        }
    }
}

/// An operation that is ready to run.
pub struct Prepared {
    text: String,
    name: Option<String>,
    variables: Variables,
    document: Arc<ExecutableDocument>,
    /// The operation with each field at its root once, if it is not sent so.
    merged: Option<ExecutableDocument>,
    kind: OperationKind,
    group: FieldGroup,
    logs: bool,
    /// The document was validated in full before.
    validated: bool,
}

impl OperationKind {
    /// The kind as metrics and traces tell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

impl Prepared {
    /// What the operation does.
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// The fields at the root of the operation.
    fn root(&self) -> Result<RootFields<'_>, ServerError> {
        let definition = select(&self.document, self.name.as_deref())?;
        Ok(RootFields::of(&self.document, definition, &self.variables))
    }

    /// A query that logs what it searches for.
    pub fn logs(&self) -> bool {
        self.logs
    }

    /// What the operation is about.
    pub fn group(&self) -> FieldGroup {
        self.group
    }

    /// The memory that its document and its variables take, in bytes, about.
    pub fn memory_bytes(&self) -> usize {
        self.text.len() * DOCUMENT_FACTOR + raw_variables::memory_bytes(&self.variables)
    }
}

/// The GraphQL API.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    /// For documents seen first: every rule of validation.
    strict: ApiSchema,
    /// For documents that passed them all before.
    fast: ApiSchema,
    /// For documents that are not to run yet.
    checker: Checker,
    inputs: InputTypes,
    documents: DocumentCache,
    responses: MemoryBudget,
    limits: Limits,
    times: TimeLimits,
}

impl Api {
    /// The API over some services.
    pub fn new(services: Services, limits: Limits, times: TimeLimits) -> Self {
        let largest = LargestPage(limits.page_size);
        let quantity = LargestQuantity(limits.quantity);
        let strict = schema().data(services.clone()).data(largest).data(quantity).finish();
        Self(Arc::new(Inner {
            inputs: InputTypes::of(&strict.sdl()),
            strict,
            fast: schema()
                .data(services)
                .data(largest)
                .data(quantity)
                .validation_mode(ValidationMode::Fast)
                .finish(),
            documents: DocumentCache::default(),
            checker: Checker::new(),
            responses: MemoryBudget::new(limits.responses_bytes),
            limits,
            times,
        }))
    }

    /// Parses a document, checks it against the limits and reads the variables.
    pub fn prepare(&self, operation: Operation, principal: &Principal) -> Result<Prepared, Vec<ServerError>> {
        self.try_prepare(operation, principal).map_err(bounded)
    }

    fn try_prepare(&self, operation: Operation, principal: &Principal) -> Result<Prepared, Vec<ServerError>> {
        let Operation { query, name, variables } = operation;
        let cached = self.0.documents.get(&query);
        let validated = cached.is_some();
        let document = match cached {
            Some(document) => document,
            None => Arc::new(self.parse(&query)?),
        };
        let definition = select(&document, name.as_deref())?;
        let mut variables = variables.read(&definition.variable_definitions)?;
        // What a page costs depends on the variables, so a known document is checked again.
        self.0.limits.check(&document, &variables)?;
        let coerced = self.0.inputs.coerce(&definition.variable_definitions, &mut variables);
        coerced.map_err(|errors| self.disclosure(principal).apply_all(errors))?;
        // Executing heeds no defaults where a directive leaves something out, and what is looked at here
        // must be what runs.
        for definition in definition.variable_definitions.iter().map(|definition| &definition.node) {
            if let Some(default) = &definition.default_value {
                variables.entry(definition.name.node.clone()).or_insert_with(|| default.node.clone());
            }
        }
        let kind = match definition.ty {
            OperationType::Query => OperationKind::Query,
            OperationType::Mutation => OperationKind::Mutation,
            OperationType::Subscription => OperationKind::Subscription,
        };
        let root = RootFields::of(&document, definition, &variables);
        let group = FieldGroup::of(&root);
        // A subscription has one field.
        let merged = if kind == OperationKind::Subscription { None } else { root.merged()? };
        let logs = kind == OperationKind::Query && root.iter().any(|field| root.is_given(&field.node, TRACK));
        Ok(Prepared { text: query, name, variables, document, merged, kind, group, logs, validated })
    }

    /// Whether a document may be run: it is within the limits, as far as that does not depend on
    /// variables, and valid.
    #[boxed]
    pub async fn check(&self, text: &str) -> Result<(), Vec<ServerError>> {
        if self.0.documents.get(text).is_some() {
            return Ok(());
        }
        let document = self.parse(text)?;
        self.0.limits.check(&document, &Variables::default())?;
        self.0.checker.check(document, Variables::default()).await
    }

    fn parse(&self, text: &str) -> Result<ExecutableDocument, ServerError> {
        self.0.limits.check_text(text)?;
        parse_query(text).map_err(parse_failure)
    }

    /// Runs a query or a mutation.
    #[boxed]
    pub async fn execute(&self, operation: Prepared, context: &RequestContext) -> Answer {
        let kind = operation.kind;
        let limit = match kind {
            OperationKind::Query => self.0.times.query,
            OperationKind::Mutation => self.0.times.mutation,
            OperationKind::Subscription => {
                return Answer::Refused(vec![refusal(ErrorCode::BadUserInput, WHERE_SUBSCRIPTIONS_ARE)]);
            }
        };
        if let Err(errors) = self.admit(&operation, context) {
            return Answer::refused(errors);
        }
        let arguments = ArgumentPaths::new(&operation.document, &operation.variables);
        if operation.merged.is_some() && !operation.validated {
            // What is written anew spreads fragments no more, which is not valid either.
            let Prepared { document, variables, .. } = &operation;
            let checked = self.0.checker.check(ExecutableDocument::clone(document), variables.clone());
            if let Err(mut errors) = checked.await {
                error::invalid_with(&mut errors, &arguments);
                return Answer::refused(self.disclosure(&context.principal).apply_all(errors));
            }
        }
        let (schema, to_keep) = self.schema_for(&operation);
        let warnings = Warnings::default();
        // What has been written is to be answered, whatever the answers of others take.
        let shared = (operation.kind == OperationKind::Query).then(|| self.0.responses.clone());
        let budget = ResponseBudget::new(self.0.limits.response_bytes, shared);
        let request = self.request_of(operation, context).data(warnings.clone()).data(budget.clone());
        let run = schema.execute(request);
        let Ok(mut response) = tokio::time::timeout(limit, run).await else {
            let message =
                format!("The operation took longer than {} seconds and was stopped.", limit.as_secs());
            return Answer::Refused(vec![refusal(ErrorCode::Timeout, message)]);
        };
        // Parts of what is too large are of no use, and one reason is enough.
        if kind == OperationKind::Query
            && let Some(first) = error::too_large(&response)
        {
            response.data = Value::Null;
            response.errors = vec![response.errors.swap_remove(first)];
        }
        let disclosure = self.disclosure(&context.principal);
        if was_refused(&response) {
            error::finish(&mut response, &context.id, disclosure, &arguments);
            return Answer::refused(response.errors);
        }
        if let Some((text, document)) = to_keep {
            self.0.documents.put(text, document);
        }
        if !response.errors.is_empty() {
            error::finish(&mut response, &context.id, disclosure, &arguments);
        }
        warnings.tell(&mut response, &context.id);
        Answer::Ran(Box::new(response), budget.finish())
    }

    /// The bare schema, for comparison with async-graphql's own HTTP integrations.
    pub fn executor(&self) -> SchemaExecutor {
        SchemaExecutor(self.0.strict.clone())
    }

    /// The memory of responses.
    pub fn responses(&self) -> &MemoryBudget {
        &self.0.responses
    }

    /// Runs a subscription. It ends with an error once its caller loses access. Boxed as
    /// [`boxed`] says.
    pub fn subscribe(&self, operation: Prepared, context: RequestContext) -> BoxStream<'static, Answer> {
        if let Err(errors) = self.admit(&operation, &context) {
            return stream::iter([Answer::refused(errors)]).boxed();
        }
        let arguments = ArgumentPaths::new(&operation.document, &operation.variables);
        let answers = self.0.strict.execute_stream(self.request_of(operation, &context));
        let disclosure = self.disclosure(&context.principal);
        let RequestContext { id, principal, credentials } = context;
        let answers = answers.map(move |mut response| {
            error::finish(&mut response, &id, disclosure, &arguments);
            if was_refused(&response) {
                Answer::refused(response.errors)
            } else {
                Answer::Ran(
                    Box::new(response),
                    ResponseMemory { refusable: true, ..ResponseMemory::default() },
                )
            }
        });
        until_revoked(answers, credentials, principal).boxed()
    }

    /// As [`Api::authorize`], of an operation that is about to run. What only operators may do leaves a
    /// line in the log, so that it can be found out whose key it was.
    fn admit(&self, operation: &Prepared, context: &RequestContext) -> Result<(), Vec<ServerError>> {
        let principal = &context.principal;
        let root = operation.root()?;
        guard::check(&root, principal, self.0.limits.introspection)?;
        let Some(key) = principal.key().filter(|_| principal.has(Scope::Admin)) else { return Ok(()) };
        let fields = guard::administers(&root);
        if !fields.is_empty() {
            tracing::info!(request.id = %context.id, key, fields = fields.join(", "), "ADMIN was asked for");
        }
        Ok(())
    }

    /// Checks the principal's access to each field of the operation.
    pub fn authorize(&self, operation: &Prepared, context: &RequestContext) -> Result<(), Vec<ServerError>> {
        guard::check(&operation.root()?, &context.principal, self.0.limits.introspection)
    }

    fn disclosure(&self, principal: &Principal) -> Disclosure {
        Disclosure::to(principal, self.0.limits.introspection)
    }

    fn request_of(&self, operation: Prepared, context: &RequestContext) -> Request {
        let Prepared { name, variables, document, merged, .. } = operation;
        let principal = context.principal.clone();
        // The document is parsed, so its text is needed no more.
        let mut request = Request::new("").variables(variables).data(Loaders::default());
        // As a guard of `__schema` and `__type`, beside the check before.
        if !self.0.limits.introspection.allows(&principal) {
            request = request.disable_introspection();
        }
        match merged {
            Some(merged) => request.set_parsed_query(merged),
            None => {
                request.operation_name = name;
                request.set_parsed_query(Arc::unwrap_or_clone(document))
            }
        };
        request.data(principal)
    }

    /// The schema to run on, and what to keep of the document if it turns out to be valid.
    fn schema_for(&self, operation: &Prepared) -> (&ApiSchema, Option<(String, Arc<ExecutableDocument>)>) {
        if operation.validated {
            return (&self.0.fast, None);
        }
        // A variable within a list or an object makes validation skip that argument while the
        // variable is left out, so passing once does not mean passing always.
        let keep = !has_nested_variables(&operation.document);
        let schema = if operation.merged.is_some() { &self.0.fast } else { &self.0.strict };
        (schema, keep.then(|| (operation.text.clone(), operation.document.clone())))
    }
}

/// Passes answers on as long as who asked for them is let in.
fn until_revoked(
    answers: impl Stream<Item = Answer> + Send + 'static,
    credentials: Credentials,
    principal: Principal,
) -> impl Stream<Item = Answer> + Send + 'static {
    let under_way = Some((Box::pin(answers), Box::pin(credentials.until_revoked(principal))));
    stream::unfold(under_way, |under_way| async move {
        let (mut answers, mut cut_off) = under_way?;
        tokio::select! {
            biased;
            () = &mut cut_off => {
                let error = refusal(ErrorCode::Unauthenticated, "The key opens this no longer.");
                Some((Answer::Refused(vec![error]), None))
            }
            answer = answers.next() => answer.map(|answer| (answer, Some((answers, cut_off)))),
        }
    })
}

/// Nothing ran: there is no data, and no error has a path.
fn was_refused(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

fn parse_failure(error: async_graphql::parser::Error) -> ServerError {
    let mut error = ServerError::from(error);
    // The parser draws the place into its message; the place is in `locations`.
    let reason = error.message.rsplit("= ").next().unwrap_or_default().trim();
    error.message = format!("The document is not GraphQL: {reason}");
    coded(error, ErrorCode::GraphqlParseFailed)
}

/// The operation to run.
fn select<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, ServerError> {
    let refused = |message: String| Err(refusal(ErrorCode::BadUserInput, message));
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(&operation.node),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            Ok(&operations.values().next().expect("there is one").node)
        }
        (DocumentOperations::Multiple(_), None) => {
            refused("The document has several operations: name one in operationName.".to_owned())
        }
        (DocumentOperations::Multiple(operations), Some(name)) => match operations.get(name) {
            Some(operation) => Ok(&operation.node),
            None => refused(format!("The document has no operation named {}.", Quoted(name))),
        },
        (DocumentOperations::Single(_), Some(name)) => {
            refused(format!("The document's only operation has no name, so none is named {}.", Quoted(name)))
        }
    }
}
