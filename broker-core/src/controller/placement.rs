//! Where the replicas of new partitions go: to unfenced brokers in turn, and to fenced ones only if those do not suffice, as Kafka's
//! striped placement does. Left out: racks, and where it begins (by lot in Kafka, with the first broker here).

/// Who can have replicas, each ascending: nobody in controlled shutdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usable {
    pub(crate) unfenced: Vec<i32>,
    pub(crate) fenced: Vec<i32>,
}

/// Why replicas cannot be placed, as Kafka says it.
pub(crate) fn place(brokers: &Usable, partitions: i32, replication_factor: i16) -> Result<Vec<Vec<i32>>, String> {
    let wanted = usize::try_from(replication_factor).unwrap_or(0);
    if brokers.unfenced.is_empty() {
        return Err("All brokers are currently fenced.".to_owned());
    }
    let registered = brokers.unfenced.len() + brokers.fenced.len();
    if wanted > registered {
        return Err(format!(
            "The target replication factor of {replication_factor} cannot be reached because only {registered} broker(s) are registered."
        ));
    }
    let stripe =
        |start| rotated(&brokers.unfenced, start).chain(rotated(&brokers.fenced, start)).take(wanted).collect();
    Ok((0..usize::try_from(partitions).unwrap_or(0)).map(stripe).collect())
}

/// All of them once, from another one each time.
fn rotated(brokers: &[i32], start: usize) -> impl Iterator<Item = i32> {
    let (before, after) = brokers.split_at(start.checked_rem(brokers.len()).unwrap_or(0));
    after.iter().chain(before).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(unfenced: &[i32], fenced: &[i32], partitions: i32, replicas: i16) -> Result<Vec<Vec<i32>>, String> {
        place(&Usable { unfenced: unfenced.to_vec(), fenced: fenced.to_vec() }, partitions, replicas)
    }

    #[test]
    fn replicas_are_distinct_and_leaders_take_turns() {
        assert_eq!(placed(&[1], &[], 2, 1), Ok(vec![vec![1], vec![1]]));
        assert_eq!(placed(&[1, 2, 3], &[], 4, 2), Ok(vec![vec![1, 2], vec![2, 3], vec![3, 1], vec![1, 2]]));
        assert!(placed(&[1], &[], 1, 2).unwrap_err().contains("only 1 broker(s)"));
    }

    #[test]
    fn who_is_fenced_comes_last_and_never_first() {
        assert_eq!(placed(&[1, 3], &[2], 3, 2), Ok(vec![vec![1, 3], vec![3, 1], vec![1, 3]]));
        assert_eq!(placed(&[1, 3], &[2], 2, 3), Ok(vec![vec![1, 3, 2], vec![3, 1, 2]]));
        assert_eq!(placed(&[3], &[1, 2], 2, 2), Ok(vec![vec![3, 1], vec![3, 2]]));
        assert!(placed(&[3], &[1, 2], 1, 4).unwrap_err().contains("only 3 broker(s)"));
        assert_eq!(placed(&[], &[1], 1, 1), Err("All brokers are currently fenced.".to_owned()));
    }
}
