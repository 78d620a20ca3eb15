//! An event in JSON: one flat object, time first, then its name, then what belongs to it. PURE.
//! It does not know journals or screens. Reading keeps to the order in which this file writes, and is fast because of it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, IntoDeserializer, MapAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::{Elapsed, Event, What};

/// The key of an event's time.
pub const TIME: &str = "at_us";

/// The key of an event's name.
pub const NAME: &str = "event";

impl Event {
    /// Appends `"at_us":1,"event":"name",…`: the inside of an object, so that others can put their own keys around it.
    pub fn write_inside(&self, out: &mut Vec<u8>) {
        write_key(out, TIME);
        serde_json::to_writer(&mut *out, &self.at).expect("BUG: a number that cannot be written");
        out.push(b',');
        write_key(out, NAME);
        let start = out.len();
        // As serde has it: "name", or {"name":{…}}. Taking the outer braces off makes it flat.
        serde_json::to_writer(&mut *out, &self.what).expect("BUG: an event that cannot be written");
        if out[start] == b'{' {
            out.remove(start);
            out.pop();
            // A name has neither quotes nor escapes.
            let name_end = start + 2 + out[start + 1..].iter().position(|&byte| byte == b'"').unwrap_or(0);
            out.drain(name_end..name_end + 2);
            out.insert(name_end, b',');
            out.pop();
        }
    }

    /// Appends the whole object, without a line's end.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        self.write_inside(out);
        out.push(b'}');
    }
}

fn write_key(out: &mut Vec<u8>, key: &str) {
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event: its {TIME}, its name, and what belongs to it")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        read_inside(&mut map)
    }
}

/// Reads an event from the entries that are left of an object; those it does not know are skipped.
///
/// # Errors
/// When they are no event, or not in the order they are written in.
pub fn read_inside<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Event, A::Error> {
    let at = Elapsed(entry(map, TIME)?);
    let name: Name<'de> = entry(map, NAME)?;
    let what = What::deserialize(Flat { name: name.0, rest: map, lifetime: PhantomData })?;
    Ok(Event { at, what })
}

/// The next entry's value, which must have that key.
///
/// # Errors
/// When it has another, or none follows.
pub fn entry<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A, key: &'static str) -> Result<T, A::Error> {
    match map.next_key::<Name<'de>>()? {
        Some(name) if name.0 == key => map.next_value(),
        Some(name) => Err(A::Error::custom(format_args!("{:?} where {key:?} has to be", name.0))),
        None => Err(A::Error::missing_field(key)),
    }
}

/// A key or name; borrowed from the text where it can be.
struct Name<'de>(std::borrow::Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
        Ok(Name(text.to_owned().into()))
    }
}

/// A variant whose name was read and whose fields are the rest of the object.
struct Flat<'a, 'de, A> {
    name: std::borrow::Cow<'de, str>,
    rest: &'a mut A,
    lifetime: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Flat<'_, 'de, A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'a, 'de, A: MapAccess<'de>> EnumAccess<'de> for Flat<'a, 'de, A> {
    type Error = A::Error;
    type Variant = Fields<'a, A>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Fields<'a, A>), A::Error> {
        let name: CowStrDeserializer<'de, A::Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, Fields(self.rest)))
    }
}

struct Fields<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        while self.0.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        seed.deserialize(MapAccessDeserializer::new(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, A::Error> {
        Err(A::Error::invalid_type(Unexpected::TupleVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Asker;
    use crate::event::{Policy, RunKind, Start};
    use crate::task::{Pid, TaskId, WorkerId};

    fn written(what: What) -> String {
        let mut out = Vec::new();
        Event { at: Elapsed(12), what }.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_is_one_flat_object() {
        assert_eq!(written(What::RunEnded), r#"{"at_us":12,"event":"run_ended"}"#);
        let set = What::TargetSet { workers: 4, by: Asker::Person };
        assert_eq!(written(set), r#"{"at_us":12,"event":"target_set","workers":4,"by":"person"}"#);
    }

    #[test]
    fn every_kind_of_variant_comes_back() {
        let start = Start::new("a \"title\" {", RunKind::Copy, Pid(7), 2, Policy::default());
        for what in [
            What::RunEnded,
            What::RunStarted(Box::new(start)),
            What::TaskStarted { task: TaskId(3), worker: WorkerId(1), pid: None },
            What::TasksDispatched { worker: WorkerId(0), tasks: vec![TaskId(1), TaskId(2)] },
        ] {
            let event = Event { at: Elapsed(12), what };
            let mut out = Vec::new();
            event.write(&mut out);
            assert_eq!(serde_json::from_slice::<Event>(&out).unwrap(), event);
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for text in [
            "{}",
            "[]",
            r#"{"event":"run_ended","at_us":1}"#,
            r#"{"at_us":-1,"event":"run_ended"}"#,
            r#"{"at_us":1,"event":"run_started_again"}"#,
            r#"{"at_us":1,"event":"task_started","task":3}"#,
        ] {
            assert!(serde_json::from_str::<Event>(text).is_err(), "{text}");
        }
        let more = r#"{"at_us":1,"event":"run_ended","later":[1,{}]}"#;
        assert!(serde_json::from_str::<Event>(more).is_ok());
    }
}
