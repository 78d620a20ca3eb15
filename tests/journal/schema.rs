//! The JSON Schema of journals, `assets/journal.schema.json`: made from the vocabulary's own text, and true of real journals.
//! `UPDATE_SCHEMA=1 cargo test --test journal schema` writes it.
//! It does not know Rust; it reads the few forms in which the vocabulary is written.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::made::all;

/// Where the vocabulary is.
const FILES: [&str; 6] =
    ["src/event.rs", "src/event", "src/command.rs", "src/task.rs", "src/task", "src/journal/format.rs"];

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/journal.schema.json");

/// A type as it is written: what stands before it, and what is in its braces.
struct Written {
    attributes: String,
    body: String,
}

/// All structs and enums of the vocabulary.
fn vocabulary() -> BTreeMap<String, Written> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut types = BTreeMap::new();
    for file in FILES {
        let path = root.join(file);
        let files = if path.is_dir() {
            path.read_dir().unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
        } else {
            vec![path]
        };
        for file in files {
            let text = std::fs::read_to_string(file).unwrap();
            let text: String = text
                .lines()
                .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
                .flat_map(|line| [line, "\n"])
                .collect();
            for key in ["\npub struct ", "\npub enum "] {
                for (at, _) in text.match_indices(key) {
                    let rest = &text[at + key.len()..];
                    let name: String = rest.chars().take_while(|char| char.is_alphanumeric()).collect();
                    let open = rest[name.len()..].chars().next();
                    let attributes = text[..at].rsplit("\n\n").next().unwrap_or_default().to_owned();
                    let body = match open {
                        Some('(') => rest[name.len() + 1..].split(");").next().unwrap_or_default().to_owned(),
                        _ => rest
                            .split_once('{')
                            .map(|(_, body)| body.split("\n}").next().unwrap_or_default().to_owned())
                            .unwrap_or_default(),
                    };
                    types.insert(name, Written { attributes, body });
                }
            }
        }
    }
    types
}

/// The parts between commas that are in no bracket.
fn parts(body: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0);
    for char in body.chars() {
        depth += match char {
            '(' | '[' | '{' | '<' => 1,
            ')' | ']' | '}' | '>' => -1,
            _ => 0,
        };
        if char == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(char);
        }
    }
    parts.push(part);
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Attributes in front, and the rest.
fn without_attributes(part: &str) -> (String, &str) {
    let mut rest = part.trim();
    let mut attributes = String::new();
    while rest.starts_with("#[") {
        let end = rest.find(']').unwrap() + 1;
        attributes.push_str(&rest[..end]);
        rest = rest[end..].trim();
    }
    (attributes, rest)
}

fn snake(name: &str) -> String {
    name.char_indices().fold(String::new(), |mut snake, (at, char)| {
        if char.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
        snake
    })
}

struct Maker {
    types: BTreeMap<String, Written>,
    defs: Map<String, Value>,
}

impl Maker {
    /// A type's schema.
    fn of(&mut self, written: &str) -> Value {
        let written = written.trim().trim_start_matches("pub ").trim();
        let inside =
            |wrapper: &str| written.strip_prefix(wrapper).and_then(|rest| rest.strip_suffix('>')).map(str::to_owned);
        match written {
            "u8" | "u16" | "u32" | "u64" | "Elapsed" => return json!({"type": "integer", "minimum": 0}),
            "i32" | "i64" => return json!({"type": "integer"}),
            "f32" | "f64" => return json!({"type": "number"}),
            "bool" => return json!({"type": "boolean"}),
            "Box<str>" | "String" | "RawText" | "Arc<str>" => return json!({"type": "string"}),
            _ => {}
        }
        if let Some(of) = inside("Vec<") {
            return json!({"type": "array", "items": self.of(&of)});
        }
        if let Some(of) = inside("Option<") {
            return json!({"anyOf": [self.of(&of), {"type": "null"}]});
        }
        if let Some(of) = inside("Box<").or_else(|| inside("Arc<")) {
            return self.of(&of);
        }
        if let Some(of) = inside("Result<") {
            let keys = ["Ok", "Err"].into_iter().zip(parts(&of));
            let sides =
                keys.map(|(key, of)| json!({"type": "object", "properties": {key: self.of(&of)}, "required": [key]}));
            return json!({"oneOf": sides.collect::<Vec<_>>()});
        }
        if let Some(of) = written.strip_prefix('[') {
            return json!({"type": "array", "items": self.of(of.split(';').next().unwrap())});
        }
        if !self.defs.contains_key(written) {
            // First of all, so that a type may be in itself.
            self.defs.insert(written.to_owned(), json!({}));
            let schema = self.named(written);
            self.defs.insert(written.to_owned(), schema);
        }
        json!({"$ref": format!("#/$defs/{written}")})
    }

    fn named(&mut self, name: &str) -> Value {
        if name == "SharedSpec" {
            return self.of("TaskSpec");
        }
        let Some(Written { attributes, body }) = self.types.get(name) else { return json!({}) };
        let (attributes, body) = (attributes.clone(), body.clone());
        if !attributes.contains("Serialize") {
            return json!({});
        }
        if attributes.contains("transparent") {
            return self.of(&body);
        }
        if attributes.contains("pub enum") || attributes.contains("untagged") || attributes.contains("tag =") {
            return json!({});
        }
        let is_struct = parts(&body).iter().all(|part| without_attributes(part).1.starts_with("pub "));
        if is_struct {
            return self.object(&body, &mut Map::new());
        }
        let variants: Vec<Value> = parts(&body).iter().map(|variant| self.variant(variant)).collect();
        json!({"oneOf": variants})
    }

    /// A variant as serde has it: `"name"`, or `{"name": …}`.
    fn variant(&mut self, variant: &str) -> Value {
        let (_, rest) = without_attributes(variant);
        let name: String = rest.chars().take_while(|char| char.is_alphanumeric()).collect();
        let fields = rest[name.len()..].trim();
        let key = snake(&name);
        let inside = if let Some(fields) = fields.strip_prefix('{') {
            self.object(fields.trim_end_matches('}'), &mut Map::new())
        } else if let Some(of) = fields.strip_prefix('(') {
            let of = of.strip_suffix(')').unwrap();
            match &parts(of)[..] {
                [one] if one.contains("text::bytes") => json!({"type": "string"}),
                [one] => self.of(one),
                more => json!({"type": "array", "prefixItems": more.iter().map(|of| self.of(of)).collect::<Vec<_>>()}),
            }
        } else {
            return json!({"const": key});
        };
        json!({"type": "object", "properties": {key.clone(): inside}, "required": [key]})
    }

    /// An object with these fields besides the given ones.
    fn object(&mut self, fields: &str, properties: &mut Map<String, Value>) -> Value {
        let mut required: Vec<String> = properties.keys().cloned().collect();
        for field in parts(fields) {
            let (attributes, rest) = without_attributes(&field);
            let (name, of) = rest.trim_start_matches("pub ").split_once(':').unwrap();
            let renamed = attributes.split_once("rename = \"").map(|(_, rest)| rest.split('"').next().unwrap());
            let name = renamed.unwrap_or(name.trim()).to_owned();
            let schema = if attributes.contains("text::bytes") { json!({"type": "string"}) } else { self.of(of) };
            if !attributes.contains("default") && !attributes.contains("skip") {
                required.push(name.clone());
            }
            properties.insert(name, schema);
        }
        json!({"type": "object", "properties": properties, "required": required})
    }

    /// An event's line: flat.
    fn event(&mut self, variant: &str) -> Value {
        let (_, rest) = without_attributes(variant);
        let name: String = rest.chars().take_while(|char| char.is_alphanumeric()).collect();
        let fields = rest[name.len()..].trim();
        let fields = match fields.strip_prefix("(Box<") {
            Some(of) => self.types[of.trim_end_matches(">)")].body.clone(),
            None => fields.trim_start_matches('{').trim_end_matches('}').to_owned(),
        };
        let mut own = Map::new();
        own.insert("seq".into(), json!({"type": "integer", "minimum": 1}));
        own.insert("at_us".into(), json!({"type": "integer", "minimum": 0}));
        own.insert("event".into(), json!({"const": snake(&name)}));
        own.insert("crc".into(), json!({"type": "string", "pattern": "^[0-9a-f]{8}$"}));
        self.object(&fields, &mut own)
    }
}

fn schema() -> Value {
    let mut maker = Maker { types: vocabulary(), defs: Map::new() };
    let what = maker.types["What"].body.clone();
    let events: Vec<Value> = parts(&what).iter().map(|variant| maker.event(variant)).collect();
    let mut crc = Map::from_iter([("crc".to_owned(), json!({"type": "string", "pattern": "^[0-9a-f]{8}$"}))]);
    let header = maker.types["Header"].body.clone();
    let header = maker.object(&header, &mut crc);
    maker.defs.insert("header".to_owned(), header);
    let lines: Vec<Value> = std::iter::once(json!({"$ref": "#/$defs/header"})).chain(events).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a line of a pooltop journal: the first is the header, each other an event",
        "oneOf": lines,
        "$defs": maker.defs,
    })
}

/// Whether a value is as a schema says: what of JSON Schema is used here, and objects have no other keys than are named.
fn fits(value: &Value, schema: &Value, all: &Value) -> bool {
    let any = |key: &str| schema[key].as_array().is_none_or(|some| some.iter().any(|schema| fits(value, schema, all)));
    let referred =
        schema["$ref"].as_str().is_none_or(|name| fits(value, &all["$defs"][name.trim_start_matches("#/$defs/")], all));
    let is_constant = schema.get("const").is_none_or(|constant| constant == value);
    let has_type = schema["type"].as_str().is_none_or(|name| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64() && schema.get("minimum").is_none(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the schema has the type {other}"),
    });
    let items = value.as_array().zip(schema.get("items"));
    let has_items = items.is_none_or(|(items, schema)| items.iter().all(|item| fits(item, schema, all)));
    let properties = value.as_object().zip(schema["properties"].as_object());
    let has_properties = properties.is_none_or(|(object, properties)| {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        object.iter().all(|(key, value)| properties.get(key).is_some_and(|schema| fits(value, schema, all)))
            && required.into_iter().all(|key| object.contains_key(key))
    });
    is_constant && has_type && has_items && has_properties && referred && any("oneOf") && any("anyOf")
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_vocabulary() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(SCHEMA, &text).unwrap();
    }
    let there = std::fs::read_to_string(SCHEMA).unwrap_or_default();
    assert!(there == text, "run UPDATE_SCHEMA=1 cargo test --test journal schema");
    let events = schema()["oneOf"].as_array().unwrap().len();
    assert!(events > 55, "the vocabulary was not understood: {events} kinds of lines");
}

#[test]
fn every_line_of_real_journals_is_as_the_schema_says() {
    let schema = schema();
    for made in all() {
        for line in made.bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let value: Value = serde_json::from_slice(line).unwrap();
            // The one for its event, so that what does not fit is told.
            let name = value["event"].as_str().unwrap_or("header");
            let is_its = |own: &&Value| {
                own["properties"]["event"]["const"] == name || name == "header" && own["$ref"].is_string()
            };
            let own = schema["oneOf"].as_array().unwrap().iter().find(is_its).unwrap_or_else(|| panic!("no {name}"));
            assert!(fits(&value, own, &schema), "{}: {}\n{own}", made.name, String::from_utf8_lossy(line));
            let mut other = value.clone();
            other.as_object_mut().unwrap().insert("unheard_of".into(), json!(1));
            assert!(!fits(&other, own, &schema));
        }
    }
}
