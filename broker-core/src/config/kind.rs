//! The types of configuration values and what each accepts, as Kafka's `ConfigDef` does: values are trimmed, booleans ignore case.

/// A type with its range. Bounds are inclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Boolean,
    Short(i64, i64),
    Int(i64, i64),
    Long(i64, i64),
    Double(f64, f64),
    Text,
    /// A text out of these.
    OneOf(&'static [&'static str]),
    /// The same, whatever the case.
    OneOfNoCase(&'static [&'static str]),
    /// Comma-separated texts.
    List,
    /// Comma-separated texts out of these.
    AnyOf(&'static [&'static str]),
    Class,
    Password,
}

impl Kind {
    /// Whether the value is acceptable; otherwise what would be.
    pub(crate) fn check(self, value: &str) -> Result<(), String> {
        let value = value.trim();
        let good = match self {
            Kind::Boolean => parse_boolean(value).is_some(),
            Kind::Short(least, most) => in_range(value, least.max(i16::MIN.into()), most.min(i16::MAX.into())),
            Kind::Int(least, most) => in_range(value, least.max(i32::MIN.into()), most.min(i32::MAX.into())),
            Kind::Long(least, most) => in_range(value, least, most),
            Kind::Double(least, most) => value.parse::<f64>().is_ok_and(|number| (least..=most).contains(&number)),
            Kind::OneOf(words) => words.contains(&value),
            Kind::OneOfNoCase(words) => words.iter().any(|word| word.eq_ignore_ascii_case(value)),
            Kind::AnyOf(words) => items(value).all(|item| words.contains(&item)),
            Kind::Text | Kind::List | Kind::Class | Kind::Password => true,
        };
        if good { Ok(()) } else { Err(self.expected()) }
    }

    /// Says what is acceptable.
    fn expected(self) -> String {
        match self {
            Kind::Boolean => "true or false".to_owned(),
            Kind::Short(least, most) => integer(least, most, i16::MAX.into()),
            Kind::Int(least, most) => integer(least, most, i32::MAX.into()),
            Kind::Long(least, most) => integer(least, most, i64::MAX),
            Kind::Double(least, most) => format!("a number from {least} to {most}"),
            Kind::OneOf(words) | Kind::OneOfNoCase(words) => format!("one of {}", words.join(", ")),
            Kind::AnyOf(words) => format!("a list of {}", words.join(", ")),
            Kind::Text | Kind::List | Kind::Class | Kind::Password => "a text".to_owned(),
        }
    }

    /// The type's number in DescribeConfigs.
    pub(crate) fn wire_type(self) -> i8 {
        match self {
            Kind::Boolean => 1,
            Kind::Text | Kind::OneOf(_) | Kind::OneOfNoCase(_) => 2,
            Kind::Int(..) => 3,
            Kind::Short(..) => 4,
            Kind::Long(..) => 5,
            Kind::Double(..) => 6,
            Kind::List | Kind::AnyOf(_) => 7,
            Kind::Class => 8,
            Kind::Password => 9,
        }
    }
}

fn in_range(value: &str, least: i64, most: i64) -> bool {
    value.parse::<i64>().is_ok_and(|number| (least..=most).contains(&number))
}

fn integer(least: i64, most: i64, type_max: i64) -> String {
    match (least, most) {
        (i64::MIN, _) => format!("an integer up to {}", most.min(type_max)),
        (_, i64::MAX) => format!("an integer of at least {least}"),
        _ => format!("an integer from {least} to {most}"),
    }
}

/// `true` or `false` in any case.
pub(crate) fn parse_boolean(value: &str) -> Option<bool> {
    match value {
        _ if value.eq_ignore_ascii_case("true") => Some(true),
        _ if value.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The entries of a comma-separated list; an empty text has none.
pub(crate) fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_by_type_and_range() {
        let table = [
            (Kind::Boolean, "TRUE", true),
            (Kind::Boolean, "yes", false),
            (Kind::Int(0, i64::MAX), " 7 ", true),
            (Kind::Int(0, i64::MAX), "-1", false),
            (Kind::Int(0, i64::MAX), "2147483648", false),
            (Kind::Short(1, i64::MAX), "40000", false),
            (Kind::Long(1, i64::MAX), "9223372036854775807", true),
            (Kind::Long(1, i64::MAX), "9223372036854775808", false),
            (Kind::Double(0.0, 1.0), "0.5", true),
            (Kind::Double(0.0, 1.0), "1.5", false),
            (Kind::OneOf(&["a", "b"]), "b", true),
            (Kind::OneOf(&["a", "b"]), "B", false),
            (Kind::AnyOf(&["compact", "delete"]), "compact, delete", true),
            (Kind::AnyOf(&["compact", "delete"]), "remove", false),
        ];
        for (kind, value, good) in table {
            assert_eq!(kind.check(value).is_ok(), good, "{kind:?} {value}");
        }
    }
}
