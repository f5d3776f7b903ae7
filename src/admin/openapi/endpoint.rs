//! What is told of an endpoint.

use super::shape::{example, schema};
use crate::admin::access::needed;
use crate::config::admin::Role;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    ArrayBuilder, ContentBuilder, ObjectBuilder, Ref, RefOr, Required, ResponseBuilder, Responses, ResponsesBuilder,
    Schema,
};

/// One method on one path.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) tag: &'static str,
    /// A sentence.
    pub(super) about: &'static str,
    pub(super) params: &'static [Param],
    pub(super) answer: Answer,
    /// What else it may answer, besides what anything may: 400, 401, 403 and 429.
    pub(super) errors: &'static [u16],
}

/// A parameter: its name, what it is, and a value that it may have.
#[derive(Clone, Copy)]
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) kind: Kind,
    /// Whether it must be there.
    pub(super) needed: bool,
    pub(super) example: &'static str,
}

/// What a parameter's value may be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Part of the path, by this pattern.
    Path(&'static str),
    /// Any text.
    Text,
    /// Texts, the name once for each.
    Texts,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number from one to another.
    Whole(i64, i64),
}

/// What is answered when all is well.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// The keys behind those that every answer has, as `shape` reads them.
    Envelope(&'static str),
    /// JSON as it is.
    Json(&'static str),
    /// Something else, of a media type.
    Other(&'static str, &'static str),
}

/// What every answer of ours begins with.
const ENVELOPE: &str =
    r#"{"timestamp": "2026-11-24T10:30:00Z", "correlation_id": "req-123456", "service": "api-gateway"}"#;

/// RFC 9457.
pub(super) const PROBLEM: &str =
    r#"{"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "limit must be from 1 to 10000"}"#;

/// What Prometheus says instead.
const FAILURE: &str =
    r#"{"status": "error", "errorType": "bad_data", "error": "invalid parameter \"query\": 1:5: parse error"}"#;

impl Endpoint {
    /// As utoipa has it.
    pub(super) fn http_method(&self) -> HttpMethod {
        match self.method {
            "POST" => HttpMethod::Post,
            "PUT" => HttpMethod::Put,
            "DELETE" => HttpMethod::Delete,
            _ => HttpMethod::Get,
        }
    }

    /// What it does, by whom, with what, and what it answers.
    pub(super) fn operation(&self) -> Operation {
        let role = self.role();
        let whose = match role {
            Role::None => "Open to everybody.",
            Role::Read => "Needs the role `read`.",
            Role::Operate => "Needs the role `operate`.",
        };
        let id = format!("{}{}", self.method.to_lowercase(), self.path.replace(['/', '-', '{', '}', '.'], "_"));
        let form = self.method == "POST" && role == Role::Read;
        let mut operation = OperationBuilder::new()
            .operation_id(Some(id))
            .tag(self.tag)
            .summary(Some(self.about))
            .description(Some(whose))
            .responses(self.responses());
        let in_form = |param: &&Param| form && !matches!(param.kind, Kind::Path(_));
        for param in self.params.iter().filter(|param| !in_form(param)) {
            operation = operation.parameter(param.described());
        }
        if form {
            operation = operation.request_body(Some(self.form()));
        }
        if role > Role::None {
            operation = operation.security(SecurityRequirement::new("token", Vec::<String>::new()));
            // By a certificate, or by `admin.anonymous`.
            operation = operation.security(SecurityRequirement::default());
        }
        operation.build()
    }

    fn role(&self) -> Role {
        let method = Method::from_bytes(self.method.as_bytes()).unwrap_or_default();
        needed(&method, self.path)
    }

    fn form(&self) -> utoipa::openapi::request_body::RequestBody {
        let object = self.params.iter().fold(ObjectBuilder::new(), |object, param| {
            let object = object.property(param.name, param.schema());
            if param.needed { object.required(param.name) } else { object }
        });
        let values =
            self.params.iter().filter(|param| param.needed).map(|param| (param.name.to_owned(), param.value()));
        let content =
            ContentBuilder::new().schema(Some(object)).example(Some(values.collect::<serde_json::Map<_, _>>().into()));
        RequestBodyBuilder::new()
            .content("application/x-www-form-urlencoded", content.build())
            .required(Some(if self.params.iter().any(|param| param.needed) { Required::True } else { Required::False }))
            .build()
    }

    fn responses(&self) -> Responses {
        let (kind, shown, schema_of) = match self.answer {
            Answer::Envelope(rest) => {
                let all = join(ENVELOPE, rest);
                ("application/json", example(&all), schema(&all))
            }
            Answer::Json(text) => ("application/json", example(text), schema(text)),
            Answer::Other(kind, text) => (kind, json!(text), text_schema()),
        };
        let content = ContentBuilder::new().schema(Some(schema_of)).example(Some(shown)).build();
        let good = ResponseBuilder::new().description("What was asked for.").content(kind, content).build();
        let mut responses = ResponsesBuilder::new().response("200", good);
        let mut errors = vec![429];
        if !self.params.is_empty() {
            errors.push(400);
        }
        match self.role() {
            Role::None => {}
            Role::Read => errors.push(401),
            Role::Operate => errors.extend([401, 403]),
        }
        if self.method != "GET" {
            errors.extend([403, 413]);
        }
        errors.extend(self.errors);
        errors.sort_unstable();
        errors.dedup();
        for status in errors {
            responses = responses.response(status.to_string(), self.refusal(status));
        }
        responses.build()
    }

    /// What `status` looks like. What the guard refuses is a problem everywhere; Prometheus' API has its own for the rest.
    fn refusal(&self, status: u16) -> utoipa::openapi::Response {
        let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
        let response = ResponseBuilder::new().description(title);
        let problem =
            || ContentBuilder::new().schema(Some(RefOr::<Schema>::Ref(Ref::from_schema_name("Problem")))).build();
        let failure = || ContentBuilder::new().schema(Some(schema(FAILURE))).example(Some(example(FAILURE))).build();
        match (self.tag, status) {
            // A body that cannot be read, or a path that is no UTF-8, is refused before Prometheus' part sees it.
            ("prometheus", 400) => {
                response.content("application/json", failure()).content("application/problem+json", problem()).build()
            }
            ("prometheus", 422 | 503) => response.content("application/json", failure()).build(),
            _ => response.content("application/problem+json", problem()).build(),
        }
    }
}

impl Param {
    fn described(&self) -> Parameter {
        let place = if matches!(self.kind, Kind::Path(_)) { ParameterIn::Path } else { ParameterIn::Query };
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(place)
            .required(if self.needed { Required::True } else { Required::False })
            .description(Some(self.about))
            .schema(Some(self.schema()))
            .example(Some(self.value()))
            .build()
    }

    fn value(&self) -> Value {
        match self.kind {
            Kind::Texts => json!([self.example]),
            Kind::Whole(..) => self.example.parse::<i64>().map_or(Value::Null, Value::from),
            _ => json!(self.example),
        }
    }

    fn schema(&self) -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
        match self.kind {
            Kind::Path(pattern) => text().pattern(Some(pattern)).into(),
            Kind::Text => text().into(),
            Kind::Texts => ArrayBuilder::new().items(text()).into(),
            Kind::OneOf(words) => text().enum_values(Some(words.iter().copied())).into(),
            Kind::Whole(from, to) => ObjectBuilder::new()
                .schema_type(SchemaType::new(Type::Integer))
                .minimum(Some(from))
                .maximum(Some(to))
                .into(),
        }
    }
}

fn text_schema() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).into()
}

/// Two objects in JSON as one.
fn join(first: &str, second: &str) -> String {
    let (first, second) = (first.trim_end().trim_end_matches('}'), second.trim_start().trim_start_matches('{'));
    format!("{first}, {second}")
}
