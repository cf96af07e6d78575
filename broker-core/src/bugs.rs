//! The planted bugs of the broker. Each stands as a guarded alternative beside the correct code.

wire::planted_bugs! {
    /// fsyncgate: a failed sync is retried, and the second success is taken for durability.
    D01,
    /// KAFKA-10778: appends are accepted between an I/O error and the moment when the log directory goes offline.
    D02,
    /// KAFKA-3968: the folder is not synced after a roll, so a power loss takes the new segment.
    D05,
    /// KAFKA-1539, KAFKA-16541: a checkpoint is renamed before its bytes are synced.
    D06,
    /// KAFKA-10471: the clean-shutdown marker is deleted at the end of loading, so a death while loading looks clean.
    D08,
    /// KAFKA-673, KAFKA-10432: the predicate that says which segments need recovery is inverted.
    D09,
    /// A torn tail is accepted by its length: recovery does not check CRCs.
    D10,
    /// NATS #7549: damage in the middle of what was durable drops everything behind it, and the replica goes on as if that were its end.
    D11,
    /// BookKeeper #2908: damage is answered as if the log ended there.
    D12,
    /// KAFKA-6492: a log truncated to empty counts its index as full and rolls a segment with the same base offset.
    D13,
    /// KAFKA-3047, KAFKA-905: a follower appends without checking that the batches begin at its log's end.
    D16,
    /// KAFKA-5829: the recovery point advances before the data is synced.
    D17,
    /// A valid batch in the wrong place is accepted: recovery does not check base offsets.
    D29,
    /// KAFKA-10527: a restarted leader resumes the epoch that it led; offsets are used again in it.
    C03,
    /// KAFKA-17751: a timer is armed for now again, and the node polls without end.
    C40,
    /// RaftFsync of the Raft analogues, etcd's single member: the leader counts itself before its own sync.
    D24,
    /// KAFKA-9196: after a roll at the high watermark its cached place is stale, and what is behind it can be read.
    R23,
    /// KAFKA-725, KAFKA-727: consumers read to the log end.
    R25,
    /// Synthetic: two pipelined Produce requests of one connection are appended in the wrong order.
    Z03,
}
