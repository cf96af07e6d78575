//! Entries of the sparse indexes. Offsets are relative to the segment's base offset. Kafka preallocates the files and cuts them when the
//! segment is closed, so zeros may stand behind the last entry.

/// An entry of `.index`: eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// The last offset of a batch, less the segment's base offset.
    pub relative_offset: i32,
    /// Where that batch begins in the `.log` file.
    pub position: i32,
}

/// An entry of `.timeindex`: twelve bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeEntry {
    /// The greatest timestamp of the segment so far.
    pub timestamp: i64,
    /// The last offset of the batch that has it, less the segment's base offset.
    pub relative_offset: i32,
}

impl IndexEntry {
    /// Bytes of an entry.
    pub const LEN: usize = 8;

    /// The bytes of an entry.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        let word = (self.relative_offset as u32 as u64) << 32 | u64::from(self.position as u32);
        word.to_be_bytes()
    }

    /// The entries of a file. They end where an entry does not ascend, which is where preallocated zeros begin; trailing bytes of a
    /// torn entry are ignored.
    #[must_use]
    pub fn parse_all(bytes: &[u8]) -> Vec<IndexEntry> {
        let mut entries: Vec<IndexEntry> = Vec::new();
        for chunk in bytes.as_chunks::<{ Self::LEN }>().0 {
            let word = u64::from_be_bytes(*chunk);
            let entry = IndexEntry { relative_offset: (word >> 32) as i32, position: word as i32 };
            // The first batch of a segment is never indexed, so a true entry has a position.
            let ascends = entries.last().map_or(entry.position > 0, |last| {
                entry.relative_offset > last.relative_offset && entry.position > last.position
            });
            if !ascends || entry.relative_offset < 0 {
                break;
            }
            entries.push(entry);
        }
        entries
    }
}

impl TimeEntry {
    /// Bytes of an entry.
    pub const LEN: usize = 12;

    /// The bytes of an entry.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 12] {
        let mut out = [0; 12];
        out[..8].copy_from_slice(&self.timestamp.to_be_bytes());
        out[8..].copy_from_slice(&self.relative_offset.to_be_bytes());
        out
    }

    /// The entries of a file. They end where an entry does not ascend, which is where preallocated zeros begin.
    #[must_use]
    pub fn parse_all(bytes: &[u8]) -> Vec<TimeEntry> {
        let mut entries: Vec<TimeEntry> = Vec::new();
        for chunk in bytes.as_chunks::<{ Self::LEN }>().0 {
            let [t0, t1, t2, t3, t4, t5, t6, t7, o0, o1, o2, o3] = *chunk;
            let timestamp = i64::from_be_bytes([t0, t1, t2, t3, t4, t5, t6, t7]);
            let entry = TimeEntry { timestamp, relative_offset: i32::from_be_bytes([o0, o1, o2, o3]) };
            let ascends = entries.last().map_or(*chunk != [0; 12], |last| {
                entry.timestamp > last.timestamp && entry.relative_offset > last.relative_offset
            });
            if !ascends || entry.relative_offset < 0 {
                break;
            }
            entries.push(entry);
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_end_where_the_padding_begins() {
        let offsets =
            [IndexEntry { relative_offset: 3, position: 90 }, IndexEntry { relative_offset: 9, position: 300 }];
        let mut bytes: Vec<u8> = offsets.iter().flat_map(|entry| entry.to_bytes()).collect();
        bytes.resize(1000, 0);
        assert_eq!(IndexEntry::parse_all(&bytes), offsets);
        let times = [TimeEntry { timestamp: 5, relative_offset: 0 }, TimeEntry { timestamp: 6, relative_offset: 4 }];
        let mut bytes: Vec<u8> = times.iter().flat_map(|entry| entry.to_bytes()).collect();
        bytes.resize(1000, 0);
        assert_eq!(TimeEntry::parse_all(&bytes), times);
        assert_eq!(TimeEntry::parse_all(&[0; 100]), []);
    }
}
