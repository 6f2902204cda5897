//! The shape of a manifest as types: what serde decodes and what the JSON Schema is derived from.
//!
//! Every field is an `Option`, so that a manifest with faults can still be decoded after the faulty parts were taken
//! out; what must be there is told to the schema by `required`. Scalars are text unless the schema wants a number or a
//! bool. Nothing is checked here.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// N/s, N/min or N/h with N from 1 to 1,000,000, or unlimited.
const RATE: &str = "^(([1-9][0-9]{0,5}|1000000)/(s|min|h)|unlimited)$";
/// More than blanks.
const FILLED: &str = r"\S";

/// A zapi-batch campaign: whom to invite to what, through which instances, how fast.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Manifest")]
pub(super) struct RawManifest {
    /// The version of the manifest's format: 1.
    #[schemars(required, extend("const" = 1))]
    pub(super) version: Option<i64>,
    /// The campaign's name is its identity: it names the ledger and the results file.
    #[schemars(required, extend("pattern" = "^[a-z0-9-]{1,64}$"))]
    pub(super) campaign: Option<Text>,
    /// An IANA zone such as `America/Sao_Paulo`. Without it a local time is sent as written, with a warning.
    pub(super) timezone: Option<Text>,
    /// The instances at Z-API, each a number, to send with.
    #[schemars(required, extend("minProperties" = 1))]
    pub(super) instances: Option<Ordered<RawInstance>>,
    /// How fast and when to send.
    pub(super) delivery: Option<RawDelivery>,
    /// Event templates by event id.
    #[schemars(required, extend("minProperties" = 1, "propertyNames" = {"pattern": "^[a-z0-9-]{1,64}$"}))]
    pub(super) events: Option<Ordered<RawEvent>>,
    /// Recipient lists by name.
    #[schemars(required, extend("minProperties" = 1))]
    pub(super) recipients: Option<Ordered<RawList>>,
    /// Which event goes to which lists. May be left out when there is one event: it goes to every list, but
    /// for those that `test` names.
    #[schemars(extend("type" = "array", "minItems" = 1))]
    pub(super) sends: Option<Vec<RawSend>>,
    /// Nothing is ever sent to these.
    pub(super) suppress: Option<Vec<RawList>>,
    /// How the results CSV is written.
    pub(super) results: Option<RawResults>,
    /// What `zapi-batch test` does.
    pub(super) test: Option<RawTest>,
}

/// A Z-API instance. `${VAR}` is read from the environment here and nowhere else.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Instance")]
pub(super) struct RawInstance {
    /// The instance id, as `${ZAPI_INSTANCE_ID}`.
    #[schemars(required, extend("pattern" = FILLED))]
    pub(super) id: Option<Text>,
    /// The instance token, as `${ZAPI_INSTANCE_TOKEN}`.
    #[schemars(required, extend("pattern" = FILLED))]
    pub(super) token: Option<Text>,
    /// The account security token. May be left out when the account has the check switched off.
    #[schemars(extend("pattern" = FILLED))]
    pub(super) client_token: Option<Text>,
    /// Overrides `delivery` for this instance.
    #[schemars(extend("type" = ["string", "null"], "pattern" = RATE))]
    pub(super) rate: Option<Text>,
    /// Overrides `delivery` for this instance.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub(super) jitter: Option<f64>,
    /// Overrides `delivery` for this instance.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) daily_limit: Option<i64>,
    /// Overrides `delivery` for this instance.
    pub(super) window: Option<OneOrMany<RawWindow>>,
    /// Overrides `delivery` for this instance.
    pub(super) not_before: Option<Text>,
    /// Overrides `delivery` for this instance.
    pub(super) not_after: Option<Text>,
    /// Overrides `delivery` for this instance.
    #[schemars(range(min = 1, max = 1000))]
    pub(super) max_queued: Option<i64>,
}

/// How fast and when to send.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Delivery")]
pub(super) struct RawDelivery {
    /// Requests in flight, all instances together. Default 4.
    #[schemars(range(min = 1, max = 256))]
    pub(super) concurrency: Option<i64>,
    /// Per instance: N/s, N/min, N/h or unlimited. Default 20/min.
    #[schemars(extend("type" = ["string", "null"], "pattern" = RATE))]
    pub(super) rate: Option<Text>,
    /// Each gap is drawn from period * (1 +- jitter). Default 0.3.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub(super) jitter: Option<f64>,
    /// For a whole request, 1s to 120s. Default 30s.
    #[schemars(extend("type" = ["string", "null"], "pattern" = "^0*([1-9][0-9]?|1[01][0-9]|120)s$"))]
    pub(super) timeout: Option<Text>,
    /// Pauses in a row without an answer before a lane gives up. Default 5.
    #[schemars(range(min = 0, max = 20))]
    pub(super) retries: Option<i64>,
    /// Messages per instance and calendar day, all campaigns on this machine together.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) daily_limit: Option<i64>,
    /// When sending is allowed: one stretch of the week, or a list of them.
    pub(super) window: Option<OneOrMany<RawWindow>>,
    /// Nothing is sent before this moment.
    pub(super) not_before: Option<Text>,
    /// Nothing is sent after this moment.
    pub(super) not_after: Option<Text>,
    /// Never let more than this many messages wait in Z-API's queue.
    #[schemars(range(min = 1, max = 1000))]
    pub(super) max_queued: Option<i64>,
}

/// A stretch of the week in which sending is allowed.
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Window")]
pub(super) struct RawWindow {
    /// Such as mon-fri, or mon,wed,sat. Every day when left out.
    pub(super) days: Option<Text>,
    /// Such as 09:00.
    #[schemars(required, extend("pattern" = "^[0-9]{1,2}:[0-9]{2}$"))]
    pub(super) from: Option<Text>,
    /// Such as 18:30, exclusive. Earlier than `from` means past midnight.
    #[schemars(required, extend("pattern" = "^[0-9]{1,2}:[0-9]{2}$"))]
    pub(super) to: Option<Text>,
    /// Overrides the manifest's.
    pub(super) timezone: Option<Text>,
}

/// An event. Every text may be a template.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Event")]
pub(super) struct RawEvent {
    /// The event's name; a list gives each recipient one of several wordings.
    #[schemars(required)]
    pub(super) name: Option<OneOrMany<Wording>>,
    /// The event's description; a list gives each recipient one of several wordings.
    pub(super) description: Option<OneOrMany<Wording>>,
    /// Such as 2026-12-04T19:00.
    #[schemars(required, extend("pattern" = FILLED))]
    pub(super) date_time: Option<Text>,
    /// Overrides the manifest's.
    pub(super) timezone: Option<Text>,
    pub(super) location: Option<RawLocation>,
    /// voice, video, or a template.
    pub(super) call_link_type: Option<CallLinkText>,
    /// true calls the event off.
    pub(super) canceled: Option<BoolText>,
}

/// Where the event takes place.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Location")]
pub(super) struct RawLocation {
    /// The name of the place; a list gives each recipient one of several wordings.
    #[schemars(required)]
    pub(super) name: Option<OneOrMany<Wording>>,
}

/// Recipients: either a CSV or a list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    rename = "RecipientList",
    extend(
        "oneOf" = [{"required": ["csv"]}, {"required": ["list"]}],
        "dependentRequired" = {"columns": ["csv"], "delimiter": ["csv"]}
    )
)]
pub(super) struct RawList {
    /// Relative to the manifest, never outside its folder.
    #[schemars(extend("type" = ["string", "number", "boolean"]))]
    pub(super) csv: Option<Text>,
    /// variable: column
    #[schemars(extend("propertyNames" = {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}))]
    pub(super) columns: Option<Ordered<Text>>,
    /// Found out when left out.
    pub(super) delimiter: Option<Delimiter>,
    /// Recipients written here.
    #[schemars(extend("type" = "array", "minItems" = 1))]
    pub(super) list: Option<Vec<RawEntry>>,
}

/// An event for lists.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Send")]
pub(super) struct RawSend {
    /// An event id.
    #[schemars(required)]
    pub(super) event: Option<Text>,
    /// Names of recipient lists.
    #[schemars(required, extend("minItems" = 1))]
    pub(super) to: Option<Vec<Text>>,
    /// Names of instances; all of them when left out.
    #[schemars(extend("type" = "array", "minItems" = 1))]
    pub(super) via: Option<Vec<Text>>,
    /// Values for every recipient of this send; a recipient's own values come first.
    pub(super) vars: Option<Ordered<Text>>,
}

/// How the results CSV is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Results")]
pub(super) struct RawResults {
    /// Variables to add as columns.
    pub(super) columns: Option<Vec<Text>>,
    pub(super) delimiter: Option<Delimiter>,
    /// A byte order mark, which Excel wants.
    pub(super) bom: Option<bool>,
}

/// What `zapi-batch test` does.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Test")]
pub(super) struct RawTest {
    /// Names of recipient lists: your own people, who get every wording of every event.
    #[schemars(required, extend("minItems" = 1))]
    pub(super) to: Option<Vec<Text>>,
    /// Put before the name of each event, such as "[TEST] ".
    pub(super) prefix: Option<Text>,
}

/// A recipient: a phone or group id, or a map with `phone` and other values.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RawEntry {
    Phone(String),
    Values(Ordered<String>),
}

/// A text. Numbers and bools that are not quoted are text all the same.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Text(pub(super) String);

/// What people will read of an event: a text that is not empty.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Wording(pub(super) String);

/// `true`, `false` or a template.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct BoolText(pub(super) String);

/// `voice`, `video` or a template.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct CallLinkText(pub(super) String);

/// What separates the cells of a line.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Delimiter(pub(super) String);

/// One value, or a list of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

/// A map in the order in which it is written. A value that was found faulty is `None`: its name still exists.
#[derive(Debug, Clone)]
pub(super) struct Ordered<T>(pub(super) Vec<(String, Option<T>)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

macro_rules! schema_of {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

schema_of!(Text, "Text", { "type": ["string", "number", "boolean"] });
schema_of!(Wording, "Wording", { "type": ["string", "number", "boolean"], "pattern": FILLED });
schema_of!(BoolText, "BoolText", {
    "type": ["boolean", "string"],
    "pattern": r"^\s*([Tt]rue|[Ff]alse)\s*$|\{[{%#]"
});
// The words stand by themselves too, so that editors offer them.
schema_of!(CallLinkText, "CallLinkText", {
    "anyOf": [
        { "enum": ["voice", "video"] },
        { "type": "string", "pattern": r"^\s*(voice|video)\s*$|\{[{%#]" }
    ]
});
schema_of!(Delimiter, "Delimiter", { "type": "string", "enum": [",", ";", "\t", "|", "tab"] });
schema_of!(RawEntry, "Recipient", {
    "anyOf": [
        { "type": ["string", "number"] },
        {
            "type": "object",
            "required": ["phone"],
            "additionalProperties": { "type": ["string", "number", "boolean", "null"] }
        }
    ]
});

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

impl<T: JsonSchema> JsonSchema for Ordered<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Ordered{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}
