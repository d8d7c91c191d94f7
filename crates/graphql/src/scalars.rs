//! Custom scalars, and arguments whose defaults apply to omitted variables.

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::registry::Registry;
use async_graphql::{InputType, InputValueError, InputValueResult, Name, Number, Scalar, ScalarType, Value};
use async_graphql_value::RAW_VALUE_TOKEN;
use chrono::SecondsFormat;
use serde_json::value::RawValue;

use quarry_domain::Timestamp;

/// The GraphQL type of a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DateTime(pub Timestamp);

/// A timestamp: an RFC 3339 date-time. Output is in UTC with exactly three fraction digits
/// (`2025-05-05T07:47:20.159Z`); input accepts any offset.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::custom("send an RFC 3339 date-time as a string"));
        };
        chrono::DateTime::parse_from_rfc3339(text).map(|at| Self(at.to_utc())).map_err(|_| {
            InputValueError::custom("send an RFC 3339 date-time with an offset, as 2025-05-05T07:47:20.159Z")
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// The GraphQL type of a JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JsonScalar(pub Value);

impl JsonScalar {
    /// Wraps the text of a JSON value, which the response repeats: numbers keep all digits.
    pub(super) fn raw(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<&RawValue>(text)?;
        let token = IndexMap::from_iter([(Name::new(RAW_VALUE_TOKEN), Value::String(text.to_owned()))]);
        Ok(Self(Value::Object(token)))
    }
}

/// Any JSON value: object, list, string, number, boolean or null.
#[Scalar(name = "JSON")]
impl ScalarType for JsonScalar {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

/// The GraphQL type of a 64-bit integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Long(pub i64);

/// A signed 64-bit integer, which may exceed the range of `Int`: a sum, or JavaScript's `Date.now()`. Output is a JSON
/// number; input is a number or a string of digits.
#[Scalar]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::Number(number) => integer(number),
            Value::String(digits) => digits.parse().ok(),
            _ => None,
        };
        number.map(Self).ok_or_else(|| {
            InputValueError::custom(
                "send an integer from -9223372036854775808 to 9223372036854775807, as a number or as a string",
            )
        })
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// Reads an integer, which may have an empty fractional part, as `1.0`, by the specification.
///
/// Such a number of more than 15 digits is rejected, since reading rounds it.
pub(super) fn integer(number: &Number) -> Option<i64> {
    const MAX_EXACT: f64 = 999_999_999_999_999.0;
    number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= MAX_EXACT)?;
        #[expect(clippy::cast_possible_truncation, reason = "it is an integer within the bounds")]
        Some(float as i64)
    })
}

/// A `Boolean!` argument whose default applies to omitted variables, too.
///
/// async-graphql reads an omitted variable as null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flag<const DEFAULT: bool>(pub bool);

impl<const DEFAULT: bool> Default for Flag<DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const DEFAULT: bool> InputType for Flag<DEFAULT> {
    type RawValueType = bool;

    fn type_name() -> Cow<'static, str> {
        bool::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        bool::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(value) = value else { return Ok(Self::default()) };
        <bool as InputType>::parse(Some(value)).map(Self).map_err(InputValueError::propagate)
    }

    fn to_value(&self) -> Value {
        Value::Boolean(self.0)
    }

    fn as_raw_value(&self) -> Option<&bool> {
        Some(&self.0)
    }
}

/// An argument like [`Flag`] of any type with a default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OrDefault<T>(pub T);

impl<T: InputType + Default> InputType for OrDefault<T> {
    type RawValueType = T::RawValueType;

    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(value) = value else { return Ok(Self::default()) };
        T::parse(Some(value)).map(Self).map_err(InputValueError::propagate)
    }

    fn to_value(&self) -> Value {
        self.0.to_value()
    }

    fn as_raw_value(&self) -> Option<&T::RawValueType> {
        self.0.as_raw_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Value> {
        <DateTime as ScalarType>::parse(Value::from(text)).ok().map(|at| ScalarType::to_value(&at))
    }

    #[test]
    fn timestamps_are_in_utc_with_three_fraction_digits() {
        for (input, output) in [
            ("2025-05-05T07:47:20.159674Z", "2025-05-05T07:47:20.159Z"),
            ("2025-05-05T09:47:20+02:00", "2025-05-05T07:47:20.000Z"),
            ("2025-05-05t07:47:20z", "2025-05-05T07:47:20.000Z"),
        ] {
            assert_eq!(parse(input), Some(Value::from(output)), "{input}");
        }
    }

    #[test]
    fn timestamps_without_an_offset_are_rejected() {
        for input in ["", "yesterday", "2025-05-05", "2025-05-05T07:47:20", "1746431240"] {
            assert_eq!(parse(input), None, "{input}");
        }
        assert!(<DateTime as ScalarType>::parse(Value::from(1_746_431_240)).is_err());
    }

    #[test]
    fn long_numbers_are_whole_and_have_64_bits() {
        let parse = |value: serde_json::Value| {
            let value = Value::from_json(value).expect("a value");
            <Long as ScalarType>::parse(value).ok().map(|long| long.0)
        };
        for (value, expected) in [
            (serde_json::json!(1_764_414_000_000_i64), Some(1_764_414_000_000)),
            (serde_json::json!(i64::MIN), Some(i64::MIN)),
            (serde_json::json!(i64::MAX), Some(i64::MAX)),
            (serde_json::json!(3.0), Some(3)),
            (serde_json::json!("9007199254740993"), Some(9_007_199_254_740_993)),
            (serde_json::json!(u64::MAX), None),
            (serde_json::json!(0.5), None),
            (serde_json::json!(1e300), None),
            (serde_json::json!("1.5"), None),
            (serde_json::json!(true), None),
        ] {
            assert_eq!(parse(value.clone()), expected, "{value}");
        }
    }

    #[test]
    fn the_text_of_a_json_value_is_repeated() {
        let text = r#"{"id":18446744073709551617,"price":1.10,"list":[1e400,"\u0000"]}"#;
        let value = ScalarType::to_value(&JsonScalar::raw(text).expect("JSON"));
        assert_eq!(serde_json::to_string(&value).expect("JSON"), text);
        assert!(JsonScalar::raw("{").is_err());
    }

    #[test]
    fn an_omitted_flag_has_its_default_and_null_is_rejected() {
        assert_eq!(<Flag<true> as InputType>::parse(None).unwrap(), Flag(true));
        assert_eq!(<Flag<true> as InputType>::parse(Some(Value::from(false))).unwrap(), Flag(false));
        assert!(<Flag<true> as InputType>::parse(Some(Value::Null)).is_err());
    }
}
