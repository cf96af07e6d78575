//! Names in a log directory: one folder per partition, one set of files per segment; snapshots beside the metadata log's.

use crate::TopicPartition;

/// What a segment's file holds, by its suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suffix {
    /// Record batches.
    Log,
    /// Offset index.
    Index,
    /// Time index.
    TimeIndex,
    /// Aborted transactions.
    TxnIndex,
    /// Producer state at the segment's base offset.
    Snapshot,
}

impl Suffix {
    /// All of them.
    pub const ALL: [Suffix; 5] = [Suffix::Log, Suffix::Index, Suffix::TimeIndex, Suffix::TxnIndex, Suffix::Snapshot];

    /// The text after the base offset.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Suffix::Log => ".log",
            Suffix::Index => ".index",
            Suffix::TimeIndex => ".timeindex",
            Suffix::TxnIndex => ".txnindex",
            Suffix::Snapshot => ".snapshot",
        }
    }
}

/// Appended to files that wait to be removed.
pub const DELETED: &str = ".deleted";
/// Appended to files that are about to replace others.
pub const SWAP: &str = ".swap";
/// Appended to files that the cleaner writes.
pub const CLEANED: &str = ".cleaned";
/// The end of the names of folders that wait to be removed.
const DELETE_FOLDER: &str = "-delete";
/// File systems allow 255 bytes; Kafka cuts the topic so that a folder for deletion fits.
const MAX_FOLDER: usize = 255;

/// A segment's file name: the base offset in twenty digits and the suffix.
#[must_use]
pub fn segment_file(base_offset: i64, suffix: Suffix) -> String {
    format!("{base_offset:020}{}", suffix.text())
}

/// What a segment's file name says; None for other files, `.deleted` ones included.
#[must_use]
pub fn parse_segment_file(name: &str) -> Option<(i64, Suffix)> {
    let (digits, rest) = name.split_at_checked(20)?;
    let suffix = Suffix::ALL.into_iter().find(|suffix| suffix.text() == rest)?;
    let digits = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)?;
    Some((digits.parse().ok()?, suffix))
}

/// Appended to a snapshot that is being written.
pub const PART: &str = ".part";
const CHECKPOINT: &str = ".checkpoint";

/// The file of a snapshot of the metadata log (KIP-630): the first offset behind what it contains in twenty digits, and the epoch of the
/// last record that it contains in ten.
#[must_use]
pub fn snapshot_file(end_offset: i64, epoch: i32) -> String {
    format!("{end_offset:020}-{epoch:010}{CHECKPOINT}")
}

/// The end offset and the epoch that a snapshot's name says; None for other files, those that are being written included.
#[must_use]
pub fn parse_snapshot_file(name: &str) -> Option<(i64, i32)> {
    let (end_offset, epoch) = name.strip_suffix(CHECKPOINT)?.split_once('-')?;
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let named = digits(end_offset, 20) && digits(epoch, 10);
    named.then(|| Some((end_offset.parse().ok()?, epoch.parse().ok()?)))?
}

/// A folder of a log directory that belongs to a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Folder {
    /// A log in use: `topic-partition`.
    Live(TopicPartition),
    /// A log that waits to be removed: `topic-partition.<32 hex digits>-delete`. The topic's name may be cut.
    Deleted(TopicPartition),
}

impl Folder {
    /// What a folder's name says; None for folders that hold no log.
    #[must_use]
    pub fn parse(name: &str) -> Option<Folder> {
        let Some(rest) = name.strip_suffix(DELETE_FOLDER) else { return partition(name).map(Folder::Live) };
        let (log, unique) = rest.rsplit_once('.')?;
        let hex = unique.len() == 32 && unique.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex { partition(log).map(Folder::Deleted) } else { None }
    }
}

/// The folder of a log in use.
#[must_use]
pub fn log_folder(partition: &TopicPartition) -> String {
    format!("{}-{}", partition.topic, partition.partition)
}

/// The folder that a log is renamed to when it is deleted; `unique` keeps generations apart.
#[must_use]
pub fn delete_folder(partition: &TopicPartition, unique: u128) -> String {
    let rest = format!("-{}.{unique:032x}{DELETE_FOLDER}", partition.partition);
    let room = MAX_FOLDER.saturating_sub(rest.len());
    let mut topic = partition.topic.as_str();
    while topic.len() > room {
        topic = topic.split_at_checked(topic.len() - 1).map_or("", |(head, _)| head);
    }
    format!("{topic}{rest}")
}

fn partition(name: &str) -> Option<TopicPartition> {
    let (topic, index) = name.rsplit_once('-')?;
    let plain = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    let index = plain.then(|| index.parse().ok()).flatten()?;
    (!topic.is_empty()).then(|| TopicPartition { topic: topic.into(), partition: index })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tp(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition { topic: topic.into(), partition }
    }

    #[test]
    fn names_come_back() {
        assert_eq!(segment_file(40, Suffix::TimeIndex), "00000000000000000040.timeindex");
        for suffix in Suffix::ALL {
            assert_eq!(parse_segment_file(&segment_file(i64::MAX, suffix)), Some((i64::MAX, suffix)));
        }
        assert_eq!(parse_snapshot_file(&snapshot_file(887, 9)), Some((887, 9)));
        assert_eq!(snapshot_file(887, 9), "00000000000000000887-0000000009.checkpoint");
        assert_eq!(Folder::parse(&log_folder(&tp("a-b", 12))), Some(Folder::Live(tp("a-b", 12))));
        assert_eq!(Folder::parse(&delete_folder(&tp("a.b", 1), 7)), Some(Folder::Deleted(tp("a.b", 1))));
    }

    #[test]
    fn a_long_topic_is_cut_to_fit() {
        let name = delete_folder(&tp(&"x".repeat(249), 2_147_483_647), u128::MAX);
        assert_eq!(name.len(), 255);
        assert!(matches!(Folder::parse(&name), Some(Folder::Deleted(_))));
    }

    #[test]
    fn other_names_are_nothing() {
        for name in ["", "-", "-1", "topic", "topic-", "topic-x", "topic-+1", "t-1.zz-delete", "topic-99999999999"] {
            assert_eq!(Folder::parse(name), None, "{name}");
        }
        for name in [
            "",
            ".lock",
            "0.log",
            "00000000000000000040.log.deleted",
            "+0000000000000000040.log",
            "00000000000000000040.logs",
        ] {
            assert_eq!(parse_segment_file(name), None, "{name}");
        }
        for name in [
            "leader-epoch-checkpoint",
            "12-3.checkpoint",
            "00000000000000000012-0000000003.checkpoint.part",
            "-.checkpoint",
        ] {
            assert_eq!(parse_snapshot_file(name), None, "{name}");
        }
    }
}
