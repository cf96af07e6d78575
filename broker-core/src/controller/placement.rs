//! Where the replicas of new partitions go.

/// Why replicas cannot be placed, as Kafka says it.
pub(crate) fn place(brokers: &[i32], partitions: i32, replication_factor: i16) -> Result<Vec<Vec<i32>>, String> {
    let wanted = usize::try_from(replication_factor).unwrap_or(0);
    if brokers.is_empty() {
        return Err("All brokers are currently fenced.".to_owned());
    }
    if wanted > brokers.len() {
        return Err(format!(
            "The target replication factor of {replication_factor} cannot be reached because only {} broker(s) are registered.",
            brokers.len()
        ));
    }
    let rotated = |start: usize| brokers.iter().cycle().skip(start % brokers.len()).take(wanted).copied().collect();
    Ok((0..usize::try_from(partitions).unwrap_or(0)).map(rotated).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_distinct_and_leaders_take_turns() {
        assert_eq!(place(&[1], 2, 1), Ok(vec![vec![1], vec![1]]));
        assert_eq!(place(&[1, 2, 3], 4, 2), Ok(vec![vec![1, 2], vec![2, 3], vec![3, 1], vec![1, 2]]));
        assert!(place(&[1], 1, 2).unwrap_err().contains("only 1 broker(s)"));
        assert!(place(&[], 1, 1).is_err());
    }
}
