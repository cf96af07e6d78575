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
    /// Raft of old: a vote is answered before it is durable.
    C01,
    /// hashicorp/raft #661: the epoch is written first and the vote after it, and the answer does not wait for the vote.
    C02,
    /// KAFKA-10661: who led an epoch forgets that it had its own vote, and gives it to another.
    C04,
    /// KAFKA-10533: a follower acknowledges metadata before it has synced it.
    C05,
    /// KAFKA-12619, LogCabin #44: records of earlier epochs are committed before the LeaderChange record is.
    C06,
    /// CCF #5674: whoever steps down cuts its log back to where its epoch began, below what is committed.
    C07,
    /// canonical/raft #279, KIP-996: a voter goes on following a leader that is silent, and grants no pre-vote.
    C13,
    /// KAFKA-15489: a leader that a majority does not fetch from goes on leading.
    C14,
    /// KAFKA-14457: a follower acts on all the metadata that it has, committed or not.
    C28,
    /// etcd 3.5 #13766: a snapshot is named one offset further than what it contains.
    C31,
    /// RabbitMQ #14136: the records of a batch are applied in the order of a hash map.
    C38,
    /// kip-966.tla, incarnation ids: a registration is accepted while the broker's previous incarnation has a session.
    C30,
    /// KAFKA-17751: a timer is armed for now again, and the node polls without end.
    C40,
    /// RaftFsync of the Raft analogues, etcd's single member: the leader counts itself before its own sync.
    D24,
    /// KIP-101, KAFKA-1211: a follower cuts its log to its own high watermark, which lags, when it begins to follow.
    R01,
    /// KAFKA-7415: a new leader does not note where its epoch starts before it appends.
    R05,
    /// KIP-320, KAFKA-7395: a follower's fetch is not fenced by its leader epoch.
    R07,
    /// KAFKA-7128: a follower joins the ISR at the new leader's stale high watermark, below where its epoch starts.
    R09,
    /// KAFKA-14154, KAFKA-14144: an ISR is changed on a stale view of the partition.
    R12,
    /// KIP-903, KAFKA-14617: the epoch of a replica's broker is not looked at when it joins an ISR.
    R13,
    /// KIP-841, KAFKA-13916: a replica that is fenced or shutting down joins an ISR.
    R15,
    /// KAFKA-15021: a replica that is shutting down is waited for as if it were about to join.
    R16,
    /// KAFKA-10554: records that come with a diverging epoch are appended, and nothing is cut.
    R29,
    /// Kafka's documentation of NotEnoughReplicasAfterAppend: the size of the ISR is not looked at again before the acknowledgement.
    R39,
    /// KAFKA-13790: a change that does not touch the leader epoch resets where it starts.
    R40,
    /// KAFKA-9196: after a roll at the high watermark its cached place is stale, and what is behind it can be read.
    R23,
    /// KAFKA-725, KAFKA-727: consumers read to the log end.
    R25,
    /// Synthetic: a new leader of the quorum loads its newest snapshot again.
    Z01,
    /// Synthetic: two pipelined Produce requests of one connection are appended in the wrong order.
    Z03,
}
