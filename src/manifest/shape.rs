//! The tree against the JSON Schema of `raw`: unknown keys, wrong kinds, missing keys, values that are not among those
//! allowed. All of it at once, from one source of truth.
//!
//! What is faulty is cut out of the tree, so that the rest can be decoded and checked; what is left becomes the value
//! that serde decodes, with scalars kept as text unless the schema wants a number or a bool. Ranges, patterns and what
//! belongs together are left to `check`.

use saphyr_parser::ScalarStyle;
use serde_json::Value as Schema;
use serde_yaml::Value;

use super::offsets::first_line;
use super::tree::{Entry, Kind, Node};
use crate::diagnostic::source::Source;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::text::manifest as words;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};

/// Walks the tree, cuts out what is faulty and returns the rest for decoding.
pub(super) fn walk(root: &mut Node, schema: &Schema, source: &Source, diagnostics: &mut Diagnostics) -> Option<Value> {
    let start = Span::on_line(root.span.line, root.span.column, 1);
    let mut walk = Walk { root: schema, source, diagnostics };
    walk.node(root, schema, At { name: "the manifest", need: Need::Required, owner: None, span: start })
}

struct Walk<'a> {
    root: &'a Schema,
    source: &'a Source,
    diagnostics: &'a mut Diagnostics,
}

/// How to speak of the value at hand.
#[derive(Clone, Copy)]
struct At<'a> {
    name: &'a str,
    need: Need,
    /// Whose key is missing; `None` for the manifest itself.
    owner: Option<&'a str>,
    /// Where to point when something is missing: the key, or the start of a list's item.
    span: Span,
}

/// Whether a value may be left out with its key, for who is told that it is empty.
#[derive(Clone, Copy)]
enum Need {
    Required,
    Optional,
}

impl<'a> Walk<'a> {
    /// `None` when the value is faulty, which has been reported, or when nothing is written where that is allowed.
    fn node(&mut self, node: &mut Node, schema: &'a Schema, at: At<'_>) -> Option<Value> {
        let alternatives = self.alternatives(schema);
        if matches!(node.kind, Kind::Faulty) {
            return None;
        }
        if node.is_null() {
            if alternatives.iter().any(|schema| has_type(schema, "null")) {
                return None;
            }
            if alternatives.iter().all(|schema| has_type(schema, "array") && schema.get("minItems").is_some()) {
                let fault = empty_list(at).at(self.source.place_of(at.span));
                return self.fault(node, fault);
            }
            return self.wrong_kind(node, &alternatives, at);
        }
        match &mut node.kind {
            Kind::Faulty => None,
            Kind::Scalar { text, style } => {
                let mut scalars = alternatives.iter().filter(|schema| is_scalar(schema)).peekable();
                if scalars.peek().is_none() {
                    return self.wrong_kind(node, &alternatives, at);
                }
                // Where text will do, text it stays.
                if scalars.clone().any(|schema| has_type(schema, "string") && schema.get("enum").is_none()) {
                    return Some(Value::String(text.clone()));
                }
                if let Some(value) = scalars.clone().find_map(|schema| scalar(text, *style, schema)) {
                    return Some(value);
                }
                let fault = match scalars.find_map(|schema| schema.get("enum")) {
                    Some(allowed) => not_allowed(at.name, text, allowed),
                    None => return self.wrong_kind(node, &alternatives, at),
                };
                self.fault(node, fault)
            }
            Kind::List(_) => match alternatives.iter().find(|schema| has_type(schema, "array")) {
                Some(schema) => Some(self.list(node, schema, at)),
                None => self.wrong_kind(node, &alternatives, at),
            },
            Kind::Map(_) => match alternatives.iter().find(|schema| has_type(schema, "object")) {
                Some(schema) if schema.get("properties").is_some() => Some(self.record(node, schema, at)),
                Some(schema) => Some(self.names(node, schema, at)),
                None => self.wrong_kind(node, &alternatives, at),
            },
        }
    }

    fn list(&mut self, node: &mut Node, schema: &'a Schema, at: At<'_>) -> Value {
        let (place, cut) = (node.place(self.source), node.cut);
        let Kind::List(items) = &mut node.kind else { return Value::Null };
        if items.is_empty() && !cut && schema.get("minItems").is_some() {
            self.diagnostics.push(empty_list(at).at(place));
        }
        let mut values = Vec::with_capacity(items.len());
        let mut index = 0;
        items.retain_mut(|item| {
            let name = format!("{}[{index}]", at.name);
            index += 1;
            let span = first_line(item.span, self.source);
            let value =
                self.node(item, &schema["items"], At { name: &name, need: Need::Required, owner: Some(&name), span });
            let kept = value.is_some();
            values.extend(value);
            kept
        });
        Value::Sequence(values)
    }

    /// A map whose keys the schema knows.
    fn record(&mut self, node: &mut Node, schema: &'a Schema, at: At<'_>) -> Value {
        let properties = schema["properties"].as_object();
        let known: Vec<&str> = properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let cut = node.cut;
        let Kind::Map(entries) = &mut node.kind else { return Value::Null };
        let mut meant = Vec::new();
        let mut map = serde_yaml::Mapping::new();
        for entry in entries.iter_mut() {
            let Some(property) = schema["properties"].get(&entry.key) else {
                let near = nearest(&entry.key, known.iter().copied());
                meant.extend(near.filter(|near| !map.contains_key(*near)));
                let diagnostic = words::unknown_key(&entry.key, near, &known);
                self.diagnostics.push(diagnostic.at(self.source.place_of(entry.key_span)));
                continue;
            };
            let is_required = required(schema, false).any(|key| key == entry.key);
            let need = if is_required { Need::Required } else { Need::Optional };
            if let Some(value) = self.entry(entry, property, need) {
                map.insert(Value::String(entry.key.clone()), value);
            }
        }
        for key in required(schema, cut) {
            let present = entries.iter().any(|entry| entry.key == key);
            // A misspelt key has been reported as such.
            if !present && !meant.contains(&key) {
                let place = self.source.place_of(at.span);
                self.diagnostics.push(words::missing_key(key, at.owner).at(place));
            }
        }
        Value::Mapping(map)
    }

    /// A map whose keys are names. A faulty value stays as nothing, since its name exists and may be referred to.
    fn names(&mut self, node: &mut Node, schema: &'a Schema, at: At<'_>) -> Value {
        let (place, cut) = (node.place(self.source), node.cut);
        let Kind::Map(entries) = &mut node.kind else { return Value::Null };
        if entries.is_empty() && !cut && schema.get("minProperties").is_some() {
            self.diagnostics.push(words::empty(at.name, "there must be at least one").at(place));
        }
        for key in required(schema, cut) {
            if !entries.iter().any(|entry| entry.key == key) {
                let place = self.source.place_of(at.span);
                self.diagnostics.push(words::missing_key(key, at.owner).at(place));
            }
        }
        let mut map = serde_yaml::Mapping::new();
        for entry in entries.iter_mut() {
            let value = self.entry(entry, &schema["additionalProperties"], Need::Required).unwrap_or(Value::Null);
            map.insert(Value::String(entry.key.clone()), value);
        }
        Value::Mapping(map)
    }

    fn entry(&mut self, entry: &mut Entry, schema: &'a Schema, need: Need) -> Option<Value> {
        let at = At { name: &entry.key, need, owner: Some(&entry.key), span: entry.key_span };
        self.node(&mut entry.value, schema, at)
    }

    /// The schema's alternatives, references followed.
    fn alternatives(&self, schema: &'a Schema) -> Vec<&'a Schema> {
        if let Some(reference) = schema.get("$ref").and_then(Schema::as_str) {
            let target = self.root.pointer(reference.trim_start_matches('#'));
            return target.map(|target| self.alternatives(target)).unwrap_or_default();
        }
        match schema.get("anyOf").and_then(Schema::as_array) {
            Some(any) => any.iter().flat_map(|schema| self.alternatives(schema)).collect(),
            None => vec![schema],
        }
    }

    fn wrong_kind(&mut self, node: &mut Node, alternatives: &[&Schema], at: At<'_>) -> Option<Value> {
        let mut wanted: Vec<&str> = Vec::new();
        for name in alternatives.iter().flat_map(|schema| wanted_kinds(schema)) {
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        let quoted_number = matches!(&node.kind, Kind::Scalar { text, style }
            if *style != ScalarStyle::Plain && alternatives.iter().any(|schema| scalar(text, ScalarStyle::Plain, schema).is_some()));
        let mut fault = words::wrong_kind(at.name, &wanted.join(" or "), found(node));
        if quoted_number {
            fault = fault.help("take the quotes away");
        }
        if node.is_null() {
            fault = fault.at(self.source.place_of(at.span));
        }
        self.fault(node, fault)
    }

    fn fault(&mut self, node: &mut Node, fault: Diagnostic) -> Option<Value> {
        let place = fault.place.clone().unwrap_or_else(|| node.place(self.source));
        self.diagnostics.push(fault.at(place));
        node.kind = Kind::Faulty;
        None
    }
}

/// The keys that must be there; of a map that is cut none, since they may stand behind its end.
fn required(schema: &Schema, cut: bool) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Schema::as_str).filter(move |_| !cut)
}

fn empty_list(at: At<'_>) -> Diagnostic {
    match (at.name, at.need) {
        ("sends", _) => words::empty_sends(),
        // Without it there would have to be a CSV.
        ("list", _) | (_, Need::Required) => words::empty(at.name, "name at least one"),
        (name, Need::Optional) => words::empty(name, "name at least one, or leave the key out"),
    }
}

fn not_allowed(name: &str, text: &str, allowed: &Schema) -> Diagnostic {
    let allowed: Vec<String> = allowed
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Schema::as_str)
        // It can be written as a word, too, which needs no quotes.
        .filter(|one| *one != "\t")
        .map(str::to_owned)
        .collect();
    let near = nearest(text, allowed.iter().map(String::as_str)).filter(|near| near.len() > 1);
    words::not_allowed(name, text, near, &allowed)
}

fn types(schema: &Schema) -> impl Iterator<Item = &str> {
    let of = schema.get("type");
    let one = of.and_then(Schema::as_str);
    one.into_iter().chain(of.and_then(Schema::as_array).into_iter().flatten().filter_map(Schema::as_str))
}

fn has_type(schema: &Schema, name: &str) -> bool {
    types(schema).any(|of| of == name)
}

fn is_scalar(schema: &Schema) -> bool {
    schema.get("enum").is_some() || types(schema).any(|of| matches!(of, "string" | "integer" | "number" | "boolean"))
}

/// The value of a scalar under one alternative, if it fits.
fn scalar(text: &str, style: ScalarStyle, schema: &Schema) -> Option<Value> {
    if let Some(allowed) = schema.get("enum").and_then(Schema::as_array) {
        let fits = allowed.iter().filter_map(Schema::as_str).any(|one| one == text);
        return fits.then(|| Value::String(text.to_owned()));
    }
    if has_type(schema, "string") {
        return Some(Value::String(text.to_owned()));
    }
    let plain = style == ScalarStyle::Plain;
    types(schema).filter(|_| plain).find_map(|of| match of {
        "boolean" => text.parse().ok().map(Value::Bool),
        "integer" => text.parse::<i64>().ok().map(|number| Value::Number(number.into())),
        "number" => {
            text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| Value::Number(number.into()))
        }
        _ => None,
    })
}

fn wanted_kinds(schema: &Schema) -> Vec<&'static str> {
    if schema.get("enum").is_some() {
        return vec!["text"];
    }
    let text = has_type(schema, "string");
    types(schema)
        .filter_map(|of| match of {
            "string" => Some("text"),
            // Where text is fine too, that is what people should think of.
            "integer" => (!text).then_some("a whole number"),
            "number" => (!text).then_some("a number"),
            "boolean" => (!text).then_some("true or false"),
            "array" => Some("a list"),
            "object" => Some("a map (lines of `key: value`)"),
            _ => None,
        })
        .collect()
}

fn found(node: &Node) -> &'static str {
    match &node.kind {
        _ if node.is_null() => "nothing",
        Kind::Scalar { .. } | Kind::Faulty => "text",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a map",
    }
}
