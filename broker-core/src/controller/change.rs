//! What becomes of a partition when its replicas come and go: leader, ISR, ELR and last known leader, as Kafka's controller decides it.
//! Pure (KIP-631, KIP-966 as Apache built it).

use super::image::{NO_LEADER, NO_LEADER_CHANGE, PartitionImage};
use crate::bugs::Bug;
use wire::metadata::PartitionChangeRecord;
use wire::{Planted, Uuid};

/// What a decision rests on besides the partition.
pub(crate) struct Rules<'a> {
    /// Whether a replica may lead: its broker is unfenced and not shutting down.
    pub(crate) may_lead: &'a dyn Fn(i32) -> bool,
    /// `min.insync.replicas` of the topic.
    pub(crate) min_isr: usize,
    /// Whether eligible leader replicas are kept (`eligible.leader.replicas.version`).
    pub(crate) elr: bool,
    /// `unclean.leader.election.enable` of the topic.
    pub(crate) unclean: bool,
    /// What is planted.
    pub(crate) bugs: &'a Planted<Bug>,
}

/// The replicas that hold what is committed, or may hold it.
struct Sets {
    isr: Vec<i32>,
    elr: Vec<i32>,
}

/// Who is to lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Election {
    leader: i32,
    /// Not of the ISR or ELR: what it does not have is lost.
    unclean: bool,
}

/// The change to a partition whose ISR is to be `target_isr`; None if nothing changes. `lost` are replicas whose last stop was unclean: they
/// are in no ELR.
pub(crate) fn change(
    topic_id: Uuid,
    partition_id: i32,
    partition: &PartitionImage,
    target_isr: Vec<i32>,
    lost: &[i32],
    rules: &Rules<'_>,
) -> Option<PartitionChangeRecord> {
    let mut sets = Sets { elr: target_elr(partition, &target_isr, lost, rules), isr: target_isr };
    let election = elect(partition, &sets, rules);
    let mut record = PartitionChangeRecord { topic_id, partition_id, leader: NO_LEADER_CHANGE, ..Default::default() };
    if election.leader != partition.leader {
        record.leader = election.leader;
    }
    if election.leader != NO_LEADER && !sets.isr.contains(&election.leader) {
        // From the ELR, or from nowhere: it alone is in sync now.
        sets.elr.retain(|&replica| replica != election.leader && !election.unclean);
        sets.isr = if rules.bugs.has(Bug::R43) { sets.isr } else { vec![election.leader] };
    }
    if election.unclean && partition.leader_recovery_state == 0 {
        record.leader_recovery_state = 1;
    }
    // Without ELR the last member stays, whatever became of it.
    let empties = sets.isr.is_empty() && !rules.elr;
    if sets.isr != partition.isr && !empties {
        record.isr = Some(sets.isr.clone());
    }
    if sets.elr != partition.elr {
        record.eligible_leader_replicas = Some(sets.elr);
    }
    record.last_known_elr = last_known(partition, &record, rules);
    let nothing = record.leader == NO_LEADER_CHANGE
        && record.isr.is_none()
        && record.eligible_leader_replicas.is_none()
        && record.last_known_elr.is_none();
    (!nothing).then_some(record)
}

/// Who was in sync and is not any more stays eligible while the ISR is below its minimum, unless its last stop was unclean.
fn target_elr(partition: &PartitionImage, target_isr: &[i32], lost: &[i32], rules: &Rules<'_>) -> Vec<i32> {
    let minimum = rules.min_isr.min(partition.replicas.len());
    if !rules.elr || target_isr.len() >= minimum {
        return Vec::new();
    }
    let was_in = |replica: &i32| partition.elr.contains(replica) || partition.isr.contains(replica);
    let mut elr: Vec<i32> = partition.replicas.iter().copied().filter(was_in).collect();
    elr.retain(|replica| !target_isr.contains(replica) && !lost.contains(replica));
    elr
}

fn elect(partition: &PartitionImage, sets: &Sets, rules: &Rules<'_>) -> Election {
    let clean =
        |&replica: &i32| (sets.isr.contains(&replica) || sets.elr.contains(&replica)) && (rules.may_lead)(replica);
    if clean(&partition.leader) {
        return Election { leader: partition.leader, unclean: false };
    }
    // A member of the ISR is preferred to one of the ELR.
    let in_isr = |replica: &&i32| sets.isr.contains(replica) && clean(replica);
    let mut replicas = partition.replicas.iter();
    if let Some(&leader) = replicas.clone().find(in_isr).or_else(|| replicas.find(|replica| clean(replica))) {
        return Election { leader, unclean: false };
    }
    if let Some(leader) = last_known_leader(partition, sets, rules) {
        return Election { leader, unclean: true };
    }
    let anybody = partition.replicas.iter().find(|&&replica| rules.unclean && (rules.may_lead)(replica));
    anybody.map_or(Election { leader: NO_LEADER, unclean: false }, |&leader| Election { leader, unclean: true })
}

/// Where nobody is in sync or eligible any more, the last leader has what there is.
fn last_known_leader(partition: &PartitionImage, sets: &Sets, rules: &Rules<'_>) -> Option<i32> {
    let &[last] = partition.last_known_elr.as_slice() else { return None };
    let nobody = sets.isr.is_empty() && sets.elr.is_empty();
    (rules.elr && nobody && ((rules.may_lead)(last) || rules.bugs.has(Bug::R51))).then_some(last)
}

/// The last leader is remembered when the ISR becomes empty, and forgotten when somebody is in sync again.
fn last_known(partition: &PartitionImage, record: &PartitionChangeRecord, rules: &Rules<'_>) -> Option<Vec<i32>> {
    let isr = record.isr.as_ref()?;
    match isr.is_empty() {
        true if rules.elr && partition.leader != NO_LEADER && partition.last_known_elr != [partition.leader] => {
            Some(vec![partition.leader])
        }
        false if !partition.last_known_elr.is_empty() => Some(Vec::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(leader: i32, isr: &[i32], elr: &[i32], last: &[i32]) -> PartitionImage {
        PartitionImage {
            replicas: vec![1, 2, 3],
            isr: isr.to_vec(),
            elr: elr.to_vec(),
            last_known_elr: last.to_vec(),
            leader,
            ..PartitionImage::default()
        }
    }

    /// Leader (-2: as before), ISR, ELR and last known leader of a change.
    type Seen = Option<(i32, Option<Vec<i32>>, Option<Vec<i32>>, Option<Vec<i32>>)>;

    struct Trial {
        partition: PartitionImage,
        target: Vec<i32>,
        lost: Vec<i32>,
        alive: Vec<i32>,
        elr: bool,
        unclean: bool,
    }

    fn trial(partition: PartitionImage, target: &[i32], alive: &[i32]) -> Trial {
        let (target, alive) = (target.to_vec(), alive.to_vec());
        Trial { partition, target, lost: Vec::new(), alive, elr: true, unclean: false }
    }

    impl Trial {
        fn see(self) -> Seen {
            let may_lead = |replica| self.alive.contains(&replica);
            let bugs = &Planted::default();
            let rules = Rules { may_lead: &may_lead, min_isr: 2, elr: self.elr, unclean: self.unclean, bugs };
            let record = change(Uuid(1), 0, &self.partition, self.target, &self.lost, &rules)?;
            Some((record.leader, record.isr, record.eligible_leader_replicas, record.last_known_elr))
        }
    }

    #[test]
    fn a_fenced_leader_gives_way_to_the_next_in_sync() {
        let seen = trial(partition(1, &[1, 2, 3], &[], &[]), &[2, 3], &[2, 3]).see();
        assert_eq!(seen, Some((2, Some(vec![2, 3]), None, None)));
        let seen = trial(partition(1, &[1, 2, 3], &[], &[]), &[1, 2], &[1, 2]).see();
        assert_eq!(seen, Some((-2, Some(vec![1, 2]), None, None)), "a follower goes, the leader stays");
        assert_eq!(trial(partition(1, &[1, 2], &[], &[]), &[1, 2], &[1, 2, 3]).see(), None);
    }

    #[test]
    fn below_the_minimum_who_was_in_sync_stays_eligible() {
        let seen = trial(partition(1, &[1, 2], &[], &[]), &[1], &[1]).see();
        assert_eq!(seen, Some((-2, Some(vec![1]), Some(vec![2]), None)));
        let seen = trial(partition(1, &[1], &[2], &[]), &[], &[]).see();
        assert_eq!(seen, Some((-1, Some(vec![]), Some(vec![1, 2]), Some(vec![1]))));
        let seen = trial(partition(-1, &[], &[1, 2], &[1]), &[], &[2]).see();
        assert_eq!(seen, Some((2, Some(vec![2]), Some(vec![1]), Some(vec![]))), "the ELR leads");
        let seen = trial(partition(1, &[1], &[2], &[]), &[1, 2], &[1, 2]).see();
        assert_eq!(seen, Some((-2, Some(vec![1, 2]), Some(vec![]), None)));
    }

    #[test]
    fn an_unclean_stop_costs_eligibility() {
        let mut it = trial(partition(1, &[1], &[2], &[]), &[], &[]);
        it.lost = vec![1];
        assert_eq!(it.see(), Some((-1, Some(vec![]), None, Some(vec![1]))));
        let seen = trial(partition(-1, &[], &[], &[1]), &[], &[1]).see();
        assert_eq!(
            seen,
            Some((1, Some(vec![1]), None, Some(vec![]))),
            "the last known leader, when nobody else is left"
        );
        let seen = trial(partition(-1, &[], &[], &[1]), &[], &[2]).see();
        assert_eq!(seen, None, "nobody but the last known leader");
    }

    #[test]
    fn without_elr_the_last_member_stays_and_an_unclean_election_takes_anybody() {
        let mut it = trial(partition(1, &[1], &[], &[]), &[], &[2, 3]);
        it.elr = false;
        assert_eq!(it.see(), Some((-1, None, None, None)));
        let mut it = trial(partition(-1, &[1], &[], &[]), &[1], &[3]);
        (it.elr, it.unclean) = (false, true);
        assert_eq!(it.see(), Some((3, Some(vec![3]), None, None)));
    }
}
