//! What a topic may be called.

/// Why a name is refused, as Kafka says it.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name {
        "" => Err("Topic name is invalid: the empty string is not allowed".to_owned()),
        "." => Err("Topic name is invalid: '.' is not allowed".to_owned()),
        ".." => Err("Topic name is invalid: '..' is not allowed".to_owned()),
        _ if name.len() > 249 => {
            Err(format!("Topic name is invalid: the length of '{name}' is longer than the max allowed length 249"))
        }
        _ if !name.chars().all(legal) => Err(format!(
            "Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        )),
        _ => Ok(()),
    }
}

/// Whether two names collide in metrics, where Kafka replaces periods by underscores.
pub(crate) fn collide(a: &str, b: &str) -> bool {
    let unify = |c: u8| if c == b'.' { b'_' } else { c };
    a.len() == b.len() && a.bytes().map(unify).eq(b.bytes().map(unify))
}

/// Whether a name can collide at all.
pub(crate) fn has_collision_chars(name: &str) -> bool {
    name.contains(['.', '_'])
}

/// Whether Kafka itself owns the topic.
pub(crate) fn is_internal(name: &str) -> bool {
    matches!(name, "__consumer_offsets" | "__transaction_state" | "__share_group_state")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_kafka_does() {
        for good in ["a", "A.b_c-9", "...", "__x"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "a b", "ä", "a/b", &"x".repeat(250)] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(collide("a.b", "a_b") && !collide("a.b", "a-b"));
    }
}
