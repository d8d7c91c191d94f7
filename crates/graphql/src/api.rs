//! The entry point of all transports: limits, variables, authorization, execution and errors.
//!
//! Operations are executed by a schema without extensions, which would cost each field of each response.

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, Response, ServerError, ValidationMode, Value, Variables};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, Stream, StreamExt};

use super::api_schema::ApiSchema;
use super::argument_path::ArgumentPaths;
use super::cached_searches::CachedSearches;
use super::disclosure::Disclosure;
use super::error;
use super::error_bounds::bounded;
use super::error_code::{ErrorCode, coded, request_error};
use super::executor::SchemaExecutor;
use super::field_group::FieldGroup;
use super::guard;
use super::input_fields;
use super::limits::{Limits, TimeLimits};
use super::literals::Literals;
use super::loaders::Loaders;
use super::operation::{Answer, Operation, OperationKind, Prepared, select};
use super::prepared_documents::{PreparedDocuments, parse};
use super::request_context::RequestContext;
use super::response_budget::{ResponseBudget, ResponseMemory};
use super::root_fields::RootFields;
use super::services::Services;
use super::variables::InputTypes;
use super::warnings::Warnings;
use quarry_access::Credentials;
use quarry_domain::{Principal, Scope};
use quarry_runtime::boxed;
use quarry_runtime::memory::MemoryBudget;

/// The argument of a search that logs it.
const TRACK: &str = "track";

/// The message for a subscription over a transport that returns one response.
pub const SUBSCRIPTION_TRANSPORTS: &str = "Subscriptions are served over WebSocket, at /graphql/ws, and here as an event stream: accept text/event-stream.";

/// The GraphQL API.
#[derive(Clone)]
pub struct Api(Arc<ApiState>);

struct ApiState {
    /// Executes operations; [`PreparedDocuments`] validates them.
    schema: ApiSchema,
    documents: PreparedDocuments,
    inputs: Arc<InputTypes>,
    responses: MemoryBudget,
    limits: Limits,
    times: TimeLimits,
}

impl Api {
    /// Creates the API over services.
    pub fn new(services: Services, limits: Limits, times: TimeLimits) -> Self {
        let schema = ApiSchema::new(services, &limits, ValidationMode::Fast);
        let sdl = schema.sdl();
        let inputs = Arc::new(InputTypes::of(&sdl));
        Self(Arc::new(ApiState {
            documents: PreparedDocuments::new(limits.federation, Literals::of(&sdl, inputs.clone())),
            inputs,
            schema,
            responses: MemoryBudget::new(limits.responses_bytes),
            limits,
            times,
        }))
    }

    /// Parses a document, checks its limits and coerces the variables.
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
        // The cost of a page depends on the variables, so cached documents are checked as well.
        self.0.limits.check(&document, &variables)?;
        let coerced = self.0.inputs.coerce(&document, definition, &mut variables);
        coerced.map_err(|errors| self.disclosure(principal).apply_all(errors))?;
        // The executor ignores defaults in directives that omit a selection; the checks below must see what it runs.
        for definition in definition.variable_definitions.iter().map(|definition| &definition.node) {
            if let Some(default) = &definition.default_value {
                variables.entry(definition.name.node.clone()).or_insert_with(|| default.node.clone());
            }
        }
        let kind = OperationKind::from(definition.ty);
        let root = RootFields::of(&document, definition, &variables);
        let group = FieldGroup::of(&root);
        let merged = root.merged()?;
        let logs = kind == OperationKind::Query && root.iter().any(|field| root.is_given(&field.node, TRACK));
        Ok(Prepared { text: query, name, variables, document, merged, kind, group, logs, validated })
    }

    /// Validates a document and checks the limits that do not depend on variables.
    #[boxed]
    pub async fn check(&self, text: &str) -> Result<(), Vec<ServerError>> {
        if self.0.documents.get(text).is_some() {
            return Ok(());
        }
        let document = self.parse(text)?;
        self.0.limits.check(&document, &Variables::default())?;
        let checked = self.0.documents.validate(document, None, Variables::default()).await;
        checked.map_err(|errors| {
            let with_code = |error| coded(error, ErrorCode::GraphqlValidationFailed);
            errors.into_iter().map(with_code).collect()
        })
    }

    fn parse(&self, text: &str) -> Result<ExecutableDocument, ServerError> {
        self.0.limits.check_text(text)?;
        let document = parse(text)?;
        input_fields::check_unique(text)?;
        Ok(document)
    }

    /// Executes a query or a mutation.
    #[boxed]
    pub async fn execute(&self, operation: Prepared, context: &RequestContext) -> Answer {
        let kind = operation.kind;
        let limit = match kind {
            OperationKind::Query => self.0.times.query,
            OperationKind::Mutation => self.0.times.mutation,
            OperationKind::Subscription => {
                return Answer::Refused(vec![request_error(
                    ErrorCode::BadUserInput,
                    SUBSCRIPTION_TRANSPORTS,
                )]);
            }
        };
        let arguments = ArgumentPaths::new(&operation.document, &operation.variables);
        if let Err(errors) = self.admit(&operation, context, &arguments).await {
            return Answer::refused(errors);
        }
        let (warnings, searches) = (Warnings::default(), CachedSearches::default());
        // A mutation is answered once it has written, whatever memory other responses take.
        let shared = (kind == OperationKind::Query).then(|| self.0.responses.clone());
        let budget = ResponseBudget::new(self.0.limits.response_bytes, shared);
        let request = self.request_of(operation, context).data(warnings.clone()).data(searches.clone());
        let request = request.data(budget.clone());
        let Ok(mut response) = tokio::time::timeout(limit, self.0.schema.execute(request)).await else {
            let message = format!(
                "The operation exceeded its time limit of {} seconds. Request less at once, or retry later.",
                limit.as_secs()
            );
            return Answer::Refused(vec![request_error(ErrorCode::Timeout, message)]);
        };
        // A part of a response that is too large is useless, and one error suffices.
        if kind == OperationKind::Query
            && let Some(first) = error::too_large(&response)
        {
            response.data = Value::Null;
            response.errors = vec![response.errors.swap_remove(first)];
        }
        if !response.errors.is_empty() {
            error::finish(&mut response.errors, &context.id, self.disclosure(&context.principal), &arguments);
        }
        if was_refused(&response) {
            return Answer::refused(response.errors);
        }
        warnings.write(&mut response, &context.id);
        searches.write(&mut response);
        Answer::Ran(Box::new(response), budget.finish())
    }

    /// The schema for the HTTP integrations of async-graphql, which the server is compared with.
    pub fn executor(&self) -> SchemaExecutor {
        let services = self.0.schema.services().expect("the schema has services").clone();
        SchemaExecutor(ApiSchema::new(services, &self.0.limits, ValidationMode::Strict))
    }

    /// The memory of responses.
    pub fn responses(&self) -> &MemoryBudget {
        &self.0.responses
    }

    /// Executes a subscription, which ends with an error once its caller loses access.
    ///
    /// The stream is boxed for the reason given at [`boxed`].
    pub fn subscribe(&self, operation: Prepared, context: RequestContext) -> BoxStream<'static, Answer> {
        let api = self.clone();
        async move {
            let arguments = ArgumentPaths::new(&operation.document, &operation.variables);
            match api.admit(&operation, &context, &arguments).await {
                Ok(()) => api.follow(operation, context, arguments),
                Err(errors) => stream::iter([Answer::refused(errors)]).boxed(),
            }
        }
        .flatten_stream()
        .boxed()
    }

    fn follow(
        &self,
        operation: Prepared,
        context: RequestContext,
        arguments: ArgumentPaths,
    ) -> BoxStream<'static, Answer> {
        let responses = self.0.schema.execute_stream(self.request_of(operation, &context));
        let disclosure = self.disclosure(&context.principal);
        let RequestContext { id, principal, credentials, .. } = context;
        let answers = responses.map(move |mut response| {
            error::finish(&mut response.errors, &id, disclosure, &arguments);
            if was_refused(&response) {
                return Answer::refused(response.errors);
            }
            let memory = ResponseMemory { refusable: true, ..ResponseMemory::default() };
            Answer::Ran(Box::new(response), memory)
        });
        until_revoked(answers, credentials, principal).boxed()
    }

    /// Authorizes and validates an operation before its execution.
    ///
    /// A request of fields that require ADMIN is logged, so that the operator can find the key.
    async fn admit(
        &self,
        operation: &Prepared,
        context: &RequestContext,
        arguments: &ArgumentPaths,
    ) -> Result<(), Vec<ServerError>> {
        let principal = &context.principal;
        {
            let root = operation.root()?;
            guard::check(&root, principal, self.0.limits.introspection)?;
            if let Some(key) = principal.key().filter(|_| principal.has(Scope::Admin))
                && let fields = guard::administers(&root)
                && !fields.is_empty()
            {
                let fields = fields.join(", ");
                tracing::info!(request.id = %context.id, key, fields, "fields of ADMIN requested");
            }
        }
        if operation.validated {
            return Ok(());
        }
        // The document as sent: a merged one no longer spreads invalid fragments.
        let Prepared { text, name, document, variables, .. } = operation;
        let checked = self.0.documents.validate(
            ExecutableDocument::clone(document),
            name.as_deref(),
            variables.clone(),
        );
        if let Err(mut errors) = checked.await {
            error::finish(&mut errors, &context.id, self.disclosure(principal), arguments);
            return Err(errors);
        }
        self.0.documents.insert(text, document);
        Ok(())
    }

    /// Checks that the caller may request all fields of an operation.
    pub fn authorize(&self, operation: &Prepared, context: &RequestContext) -> Result<(), Vec<ServerError>> {
        guard::check(&operation.root()?, &context.principal, self.0.limits.introspection)
    }

    fn disclosure(&self, principal: &Principal) -> Disclosure {
        Disclosure::to(principal, self.0.limits.introspection)
    }

    fn request_of(&self, operation: Prepared, context: &RequestContext) -> Request {
        let Prepared { name, variables, document, merged, .. } = operation;
        let principal = context.principal.clone();
        // The document is parsed already, so the executor needs no text.
        let mut request = Request::new("").variables(variables).data(Loaders::default());
        if let Some(user_agent) = &context.user_agent {
            request = request.data(user_agent.clone());
        }
        // The executor denies `__schema` and `__type` as well, whatever the check before found.
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
}

/// Passes answers on until the caller loses access.
fn until_revoked(
    answers: impl Stream<Item = Answer> + Send + 'static,
    credentials: Credentials,
    principal: Principal,
) -> impl Stream<Item = Answer> + Send + 'static {
    let streams = Some((Box::pin(answers), Box::pin(credentials.until_revoked(principal))));
    stream::unfold(streams, |streams| async move {
        let (mut answers, mut revoked) = streams?;
        tokio::select! {
            biased;
            () = &mut revoked => {
                let message = "The key no longer permits this subscription. Reconnect with a valid key.";
                Some((Answer::Refused(vec![request_error(ErrorCode::Unauthenticated, message)]), None))
            }
            answer = answers.next() => answer.map(|answer| (answer, Some((answers, revoked)))),
        }
    })
}

/// Returns true if nothing was executed: no data, and no error with a path.
fn was_refused(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}
