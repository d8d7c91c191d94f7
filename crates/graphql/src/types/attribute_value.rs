use async_graphql::{InputValueError, InputValueResult, Number, Scalar, ScalarType, Value};

use quarry_search::date_text;

/// The GraphQL type of a value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AttributeValue {
    Text(String),
    Number(f64),
    Boolean(bool),
}

/// A value of a declared attribute: a string, a number, a boolean, or a date as a string (RFC 3339, `2025-05-05`).
#[Scalar]
impl ScalarType for AttributeValue {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self::Text(text)),
            Value::Boolean(truth) => Ok(Self::Boolean(truth)),
            Value::Number(number) => {
                let number = number.as_f64().filter(|number| number.is_finite());
                number.map(Self::Number).ok_or_else(|| InputValueError::custom("send a number of 64 bits"))
            }
            _ => Err(InputValueError::custom("send a string, a number or a boolean")),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => {
                whole(*number).or_else(|| Number::from_f64(*number)).map_or(Value::Null, Value::Number)
            }
            Self::Boolean(truth) => Value::Boolean(*truth),
        }
    }
}

impl AttributeValue {
    /// Returns a number of a facet, or the time that it stands for in microseconds since 1970.
    pub(super) fn of(number: f64, is_date: bool) -> Self {
        if is_date { Self::Text(date_text(number)) } else { Self::Number(number) }
    }
}

/// The greatest number up to which each integer has an exact value.
pub(super) const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

/// Returns a whole number without a fractional part: `10`, not `10.0`.
fn whole(number: f64) -> Option<Number> {
    let is_whole = number.fract() == 0.0 && number.abs() <= MAX_EXACT;
    #[expect(clippy::cast_possible_truncation, reason = "it is an integer within the bounds")]
    is_whole.then(|| Number::from(number as i64))
}
