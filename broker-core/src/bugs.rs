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
    /// KAFKA-9838, KAFKA-2477: where a read from the disk may end is looked up before it, and not again when it comes.
    D23,
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
    /// KIP-101: as R01, and a leader does not compare epochs: two replicas differ below both high watermarks, and neither is ever cut.
    R02,
    /// KIP-279, KAFKA-6361: a diverging answer names an offset alone, and the follower cuts there once and for all.
    R03,
    /// KAFKA-6857: an epoch older than all that a leader knows is answered with the leader's log end.
    R04,
    /// KAFKA-7415: a new leader does not note where its epoch starts before it appends.
    R05,
    /// KIP-320, KAFKA-7395: a follower's fetch is not fenced by its leader epoch.
    R07,
    /// KAFKA-7128: a follower joins the ISR at the new leader's stale high watermark, below where its epoch starts.
    R09,
    /// KIP-497, AsyncIsr.tla: the high watermark advances by the committed ISR while a larger one is asked for.
    R11,
    /// KAFKA-14154, KAFKA-14144: an ISR is changed on a stale view of the partition.
    R12,
    /// KIP-903, KAFKA-14617: the epoch of a replica's broker is not looked at when it joins an ISR.
    R13,
    /// KIP-841, KAFKA-13916: a replica that is fenced or shutting down joins an ISR.
    R15,
    /// KAFKA-15021: a replica that is shutting down is waited for as if it were about to join.
    R16,
    /// KAFKA-9338: a fetch session forgets the leader epochs that were asked for, so that only its first fetch is validated.
    R27,
    /// KIP-966: the controller takes every stop for a clean one, and the last replica in sync stays eligible with what it has lost.
    R17,
    /// KAFKA-10706: a cut at the log's end leaves the epochs that would have started there.
    R28,
    /// KAFKA-10554: records that come with a diverging epoch are appended, and nothing is cut.
    R29,
    /// KAFKA-18723: what a read brings that a truncation has overtaken is shipped, and followers append it without a look at its CRC.
    R30,
    /// KIP-516, KAFKA-14616: a log goes by its name alone: a topic that was deleted and created again goes on with the old log.
    R33,
    /// Redpanda #3003: a produce is acknowledged when its leader's term is over, because its batch is in the log still.
    R34,
    /// Redpanda #16475: a follower cuts its log where a new leader's high watermark lags behind its own.
    R36,
    /// Redpanda #503: recovery ends without a sync, and who waits for one before it goes on waits for ever.
    R37,
    /// Kafka's documentation of NotEnoughReplicasAfterAppend: the size of the ISR is not looked at again before the acknowledgement.
    R39,
    /// KAFKA-13790: every change of a partition is taken for one of its leader, and resets where the epoch starts and what followers have.
    R40,
    /// KAFKA-708, KAFKA-1170: the ISR stays empty after its last member has gone, whoever leads then.
    R43,
    /// KAFKA-19522: the last known leader is elected although it is fenced.
    R51,
    /// KAFKA-9196: after a roll at the high watermark its cached place is stale, and what is behind it can be read.
    R23,
    /// KAFKA-725, KAFKA-727: consumers read to the log end.
    R25,
    /// Synthetic: a new leader of the quorum loads its newest snapshot again.
    Z01,
    /// Synthetic: two pipelined Produce requests of one connection are appended in the wrong order.
    Z03,
    /// Synthetic, of the family of Kip320FirstTry.tla: a leader waits no longer for replicas that it does not hear from.
    Z06,
}
