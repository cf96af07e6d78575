//! Checkpoints: text files of a version, a count and that many lines.

use super::Malformed;
use crate::{Str, TopicPartition, Uuid};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Offsets by partition: recovery points, high watermarks, log starts.
#[must_use]
pub fn offsets_text(offsets: &BTreeMap<TopicPartition, i64>) -> String {
    let mut out = format!("0\n{}\n", offsets.len());
    for (partition, offset) in offsets {
        let _ = writeln!(out, "{} {} {offset}", partition.topic, partition.partition);
    }
    out
}

/// Reads what [`offsets_text`] writes. An empty file holds nothing.
pub fn parse_offsets(text: &[u8]) -> Result<BTreeMap<TopicPartition, i64>, Malformed> {
    let mut offsets = BTreeMap::new();
    for line in lines(text)? {
        let [topic, partition, offset] = fields(line)?;
        let partition = TopicPartition { topic: Str::from(topic), partition: number(partition)? };
        offsets.insert(partition, number(offset)?);
    }
    Ok(offsets)
}

/// The second line of a log in a checkpoint, under `#` and its topic's id: a topic that is deleted and created again
/// must not inherit the old one's numbers. Kafka ignores and drops such lines.
#[must_use]
pub fn line_by_id(topic_id: Uuid, partition: i32) -> TopicPartition {
    TopicPartition { topic: Str::from(format!("#{topic_id}")), partition }
}

/// What a checkpoint says of a log. Where it has lines by topic id, they alone count.
#[must_use]
pub fn offset_of(offsets: &BTreeMap<TopicPartition, i64>, topic_id: Uuid, partition: &TopicPartition) -> Option<i64> {
    let by_id = offsets.keys().next().is_some_and(|first| first.topic.starts_with('#'));
    let line = if by_id { &line_by_id(topic_id, partition.partition) } else { partition };
    offsets.get(line).copied()
}

/// Leader epochs and where they start.
#[must_use]
pub fn epochs_text(epochs: &[(i32, i64)]) -> String {
    let mut out = format!("0\n{}\n", epochs.len());
    for (epoch, start_offset) in epochs {
        let _ = writeln!(out, "{epoch} {start_offset}");
    }
    out
}

/// Reads what [`epochs_text`] writes. An empty file holds nothing.
pub fn parse_epochs(text: &[u8]) -> Result<Vec<(i32, i64)>, Malformed> {
    lines(text)?
        .into_iter()
        .map(|line| {
            let [epoch, start_offset] = fields(line)?;
            Ok((number(epoch)?, number(start_offset)?))
        })
        .collect()
}

/// The lines behind version and count, which must be right.
fn lines(text: &[u8]) -> Result<Vec<&str>, Malformed> {
    let text = std::str::from_utf8(text).map_err(|_| Malformed("a checkpoint is text"))?;
    if text.is_empty() {
        return Ok(Vec::new());
    }
    // A torn last number would read as a smaller one.
    let text = text.strip_suffix('\n').ok_or(Malformed("the last line does not end"))?;
    let mut lines = text.split('\n');
    if lines.next() != Some("0") {
        return Err(Malformed("the version is not 0"));
    }
    let count: usize = number(lines.next().ok_or(Malformed("there is no count"))?)?;
    let rest: Vec<&str> = lines.collect();
    if rest.len() == count { Ok(rest) } else { Err(Malformed("the count is wrong")) }
}

fn fields<const N: usize>(line: &str) -> Result<[&str; N], Malformed> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    fields.try_into().map_err(|_| Malformed("a line has the wrong number of fields"))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Malformed> {
    text.parse().map_err(|_| Malformed("a field is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_come_back() {
        let offsets = BTreeMap::from([
            (TopicPartition { topic: "orders".into(), partition: 0 }, 269),
            (TopicPartition { topic: "orders".into(), partition: 1 }, 30),
        ]);
        assert_eq!(offsets_text(&offsets), "0\n2\norders 0 269\norders 1 30\n");
        assert_eq!(parse_offsets(offsets_text(&offsets).as_bytes()), Ok(offsets));
        assert_eq!(parse_epochs(epochs_text(&[(0, 4), (3, 265)]).as_bytes()), Ok(vec![(0, 4), (3, 265)]));
        assert_eq!(parse_epochs(b""), Ok(vec![]));
    }

    #[test]
    fn every_proper_prefix_is_malformed_or_empty() {
        let text = epochs_text(&[(0, 4), (3, 265)]);
        for len in 1..text.len() {
            assert!(parse_epochs(&text.as_bytes()[..len]).is_err(), "{len}");
        }
    }
}
