//! A JSON object and nothing else: serde would also read an array as a struct's fields in their order.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Reads `T` from an object only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// For a field that is a list of objects.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(value)| value).collect())
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::wire::{QueuePage, Status};

    #[test]
    fn an_array_is_no_object() {
        let status = |text: &str| serde_json::from_str::<Object<Status>>(text).map(|Object(status)| status.connected);
        assert!(status(r#"{"connected":true,"error":"You are already connected"}"#).unwrap());
        assert!(status("[true,true]").is_err() && status("true").is_err());
        let waiting = |text: &str| serde_json::from_str::<Object<QueuePage>>(text).map(|Object(page)| page.messages);
        assert_eq!(waiting(r#"{"messages":[{"ZaapId":"Z1"}]}"#).unwrap().len(), 1);
        for text in ["[[]]", r#"{"messages":[["Z1"]]}"#] {
            assert!(waiting(text).is_err(), "{text}");
        }
    }
}
