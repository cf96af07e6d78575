//! Elections: timeouts, votes, beginnings and ends of epochs.

use super::grant;
use super::role::{Leading, METADATA, METADATA_TOPIC, Role, metadata_partition};
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::connections::Reply;
use crate::event::Event;
use crate::peers::{Ask, Channel};
use std::collections::BTreeSet;
use std::time::Duration;
use wire::messages::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest, EndQuorumEpochResponse, VoteRequest,
    VoteResponse, begin_quorum_epoch, end_quorum_epoch, vote,
};
use wire::{ErrorCode, Instant, Io, Request, Response};

/// What waits for the quorum state to be durable.
#[derive(Clone, Debug)]
pub(crate) enum AfterSave {
    /// An answer that tells of the epoch or the vote that is being written.
    Answer(Reply, Box<Response>),
}

impl Broker {
    /// The node has opened: how long it waits for a leader.
    pub(crate) fn join_quorum(&mut self, io: &mut Io<'_, Broker>) {
        if self.quorum.is_alone() {
            return;
        }
        self.quorum.deadline = match self.quorum.role {
            Role::Follower { .. } => io.now.mono + self.config.cluster.fetch_timeout,
            _ => io.now.mono + self.election_timeout(),
        };
    }

    /// Drawn, so that voters do not all stand up at once.
    fn election_timeout(&mut self) -> Duration {
        let base = self.config.cluster.election_timeout;
        self.quorum.drawn += 1;
        let bits = self.keyed.number("election", self.quorum.drawn);
        base + Duration::from_micros(bits % (base.as_micros() as u64).max(1))
    }

    /// The newest quorum state is durable.
    pub(crate) fn quorum_saved(&mut self, waiting: Vec<AfterSave>, io: &mut Io<'_, Broker>) {
        for AfterSave::Answer(reply, response) in waiting {
            self.connections.answer(reply, &response, io);
        }
        if matches!(self.quorum.role, Role::Candidate { .. }) {
            self.count_votes(io);
        }
    }

    /// What is due in this role.
    pub(crate) fn quorum_timeout(&mut self, io: &mut Io<'_, Broker>) {
        match self.quorum.role {
            Role::Leader(_) => self.check_quorum(io),
            // Too few gave their leader up as well: it asks for the leader's records again, and may grant others what they did not grant it.
            Role::Prospective { leader: Some(leader), .. } => self.become_follower(self.quorum.epoch, leader, io),
            Role::Follower { .. } if self.config.planted.has(Bug::C13) => self.quorum.deadline = Instant::NEVER,
            _ => self.ask_for_pre_votes(io),
        }
    }

    /// A leader that a majority does not fetch from any more has been cut off, and leads no more.
    fn check_quorum(&mut self, io: &mut Io<'_, Broker>) {
        let (now, timeout) = (io.now.mono, self.config.cluster.fetch_timeout);
        let voters = self.quorum.voters.len();
        self.quorum.deadline = now + timeout / 2;
        let Role::Leader(leading) = &mut self.quorum.role else { return };
        if leading.epoch_start.is_none() {
            // Its election is being saved, and nobody has been told of it yet.
            return;
        }
        for follower in leading.followers.values_mut() {
            follower.knows &= now.since(follower.fetched_at) < timeout;
        }
        let patience = timeout + timeout / 2;
        let near = leading.followers.values().filter(|follower| now.since(follower.fetched_at) < patience).count();
        if near + 1 < grant::majority(voters) && !self.config.planted.has(Bug::C14) {
            self.resign(io);
        }
    }

    /// Leads no more, and tells the others.
    pub(crate) fn resign(&mut self, io: &mut Io<'_, Broker>) {
        let epoch = self.quorum.epoch;
        self.tell_end_of_epoch(io);
        self.become_unattached(epoch, io);
    }

    fn tell_end_of_epoch(&mut self, io: &mut Io<'_, Broker>) {
        let Role::Leader(leading) = &self.quorum.role else { return };
        let mut others: Vec<(i64, i32)> =
            leading.followers.iter().map(|(&voter, progress)| (-progress.end, voter)).collect();
        others.sort_unstable();
        let candidate = |&(_, candidate_id): &(i64, i32)| end_quorum_epoch::ReplicaInfo {
            candidate_id,
            ..end_quorum_epoch::ReplicaInfo::default()
        };
        let partition = end_quorum_epoch::PartitionData {
            leader_id: self.quorum.node,
            leader_epoch: self.quorum.epoch,
            preferred_candidates: others.iter().map(candidate).collect(),
            ..end_quorum_epoch::PartitionData::default()
        };
        let topic = end_quorum_epoch::TopicData { topic_name: METADATA_TOPIC.into(), partitions: vec![partition] };
        let request = EndQuorumEpochRequest {
            cluster_id: Some(self.config.cluster_id.clone()),
            topics: vec![topic],
            ..EndQuorumEpochRequest::default()
        };
        let request = Request::from(request);
        for (_, voter) in others {
            self.send_to_voter(voter, &request, Ask::QuorumEpoch, io);
        }
    }

    /// Sends something to a voter, if nothing else is in flight to it. Whether it was sent.
    fn send_to_voter(&mut self, voter: i32, request: &Request, ask: Ask, io: &mut Io<'_, Broker>) -> bool {
        let Some(endpoint) = self.config.cluster.voters.get(&voter) else { return false };
        if !self.peers.is_free(voter, Channel::Quorum, io.now.mono) {
            return false;
        }
        let timeout = self.config.cluster.request_timeout;
        self.peers.send((voter, Channel::Quorum, endpoint), request, ask, timeout, io);
        true
    }

    /// Nothing is known of a leader in this epoch.
    fn become_unattached(&mut self, epoch: i32, io: &mut Io<'_, Broker>) {
        let led = self.quorum.leads();
        self.enter_epoch(epoch);
        self.quorum.role = Role::Unattached;
        self.quorum.deadline = io.now.mono + self.election_timeout();
        self.role_changed(led, None, io);
    }

    /// Follows a leader.
    fn become_follower(&mut self, epoch: i32, leader: i32, io: &mut Io<'_, Broker>) {
        if matches!(self.quorum.role, Role::Follower { leader: known, .. } if known == leader && epoch == self.quorum.epoch)
        {
            return;
        }
        let led = self.quorum.leads();
        self.enter_epoch(epoch);
        self.quorum.role = Role::Follower { leader, fetched: false };
        self.quorum.deadline = io.now.mono + self.config.cluster.fetch_timeout;
        io.event(Event::BecameFollower { partition: metadata_partition(), leader, leader_epoch: epoch });
        self.role_changed(led, None, io);
    }

    fn enter_epoch(&mut self, epoch: i32) {
        if epoch > self.quorum.epoch {
            (self.quorum.epoch, self.quorum.voted) = (epoch, None);
        }
    }

    /// What follows from any change of role: what was being fetched or led is over, and the disk has to know.
    fn role_changed(&mut self, led: bool, then: Option<AfterSave>, io: &mut Io<'_, Broker>) {
        self.peers.abandon(Channel::QuorumFetch, io);
        self.quorum.snapshots.fetching = None;
        if led {
            io.event(Event::Resigned { epoch: self.quorum.epoch });
            self.leads_no_more(io);
        }
        self.save_quorum(then, io);
        self.wake_quorum_fetches(io);
    }

    fn save_quorum(&mut self, then: Option<AfterSave>, io: &mut Io<'_, Broker>) {
        if let Err(error) = self.quorum.save(then, &mut self.logs, io, &self.config.planted) {
            self.metadata_failed(&error.to_string(), io);
        }
    }

    fn ask_for_pre_votes(&mut self, io: &mut Io<'_, Broker>) {
        io.event(Event::ElectionStarted { epoch: self.quorum.epoch, pre_vote: true });
        let leader = match self.quorum.role {
            Role::Follower { leader, .. } => Some(leader),
            _ => None,
        };
        self.quorum.role = Role::Prospective { granted: BTreeSet::from([self.quorum.node]), leader };
        self.quorum.deadline = io.now.mono + self.election_timeout();
        self.quorum.asked.clear();
        if leader.is_some() {
            self.role_changed(false, None, io);
        }
    }

    /// Raises the epoch and votes for itself; once that is durable, the others are asked.
    fn stand_for_election(&mut self, io: &mut Io<'_, Broker>) {
        let epoch = self.quorum.epoch.saturating_add(1);
        self.enter_epoch(epoch);
        self.quorum.voted = Some(self.quorum.node);
        io.event(Event::ElectionStarted { epoch, pre_vote: false });
        self.quorum.role = Role::Candidate { granted: BTreeSet::from([self.quorum.node]) };
        self.quorum.deadline = io.now.mono + self.election_timeout();
        self.quorum.asked.clear();
        self.save_quorum(None, io);
    }

    /// Sends what this role has to tell the other voters; the earliest time at which somebody who cannot be reached now may be again.
    pub(crate) fn pump_quorum(&mut self, io: &mut Io<'_, Broker>) -> Instant {
        let mut retry = Instant::NEVER;
        for voter in self.quorum.to_be_told() {
            let (request, ask) = match &self.quorum.role {
                Role::Leader(_) => (self.begin_epoch_request(voter), Ask::QuorumEpoch),
                role => {
                    let pre_vote = matches!(role, Role::Prospective { .. });
                    (self.vote_request(voter, pre_vote), Ask::Vote { epoch: self.quorum.epoch, pre_vote })
                }
            };
            if self.send_to_voter(voter, &request, ask, io) {
                self.quorum.asked.insert(voter);
            } else {
                retry = retry.min(self.peers.not_before(voter, Channel::Quorum));
            }
        }
        retry
    }

    fn vote_request(&self, voter_id: i32, pre_vote: bool) -> Request {
        let (last_offset_epoch, last_offset) = self.metadata_end();
        let partition = vote::PartitionData {
            replica_epoch: self.quorum.epoch,
            replica_id: self.quorum.node,
            last_offset_epoch,
            last_offset,
            pre_vote,
            ..vote::PartitionData::default()
        };
        let topic = vote::TopicData { topic_name: METADATA_TOPIC.into(), partitions: vec![partition] };
        let cluster_id = Some(self.config.cluster_id.clone());
        VoteRequest { cluster_id, voter_id, topics: vec![topic] }.into()
    }

    /// The last epoch of the metadata log, and its end.
    fn metadata_end(&self) -> (i32, i64) {
        (self.quorum.last_epoch(&self.logs), self.logs.get(METADATA).map_or(0, |log| log.log_end_offset()))
    }

    fn begin_epoch_request(&self, voter_id: i32) -> Request {
        let partition = begin_quorum_epoch::PartitionData {
            leader_id: self.quorum.node,
            leader_epoch: self.quorum.epoch,
            ..begin_quorum_epoch::PartitionData::default()
        };
        let topic = begin_quorum_epoch::TopicData { topic_name: METADATA_TOPIC.into(), partitions: vec![partition] };
        BeginQuorumEpochRequest {
            cluster_id: Some(self.config.cluster_id.clone()),
            voter_id,
            topics: vec![topic],
            ..BeginQuorumEpochRequest::default()
        }
        .into()
    }

    /// A vote was asked for.
    pub(crate) fn vote_asked(&mut self, reply: Reply, request: &VoteRequest, io: &mut Io<'_, Broker>) {
        let asked = request.topics.first().and_then(|topic| topic.partitions.first());
        let Some(asked) = asked.filter(|_| self.is_our_cluster(request.cluster_id.as_deref())) else {
            let error_code = ErrorCode::InconsistentClusterId.code();
            return self.connections.answer(reply, &VoteResponse { error_code, ..VoteResponse::default() }.into(), io);
        };
        if !self.quorum.voters.contains(&asked.replica_id) || asked.replica_epoch < self.quorum.epoch {
            let response = self.vote_response(ErrorCode::FencedLeaderEpoch, false);
            return self.connections.answer(reply, &response, io);
        }
        if !asked.pre_vote && asked.replica_epoch > self.quorum.epoch {
            self.become_unattached(asked.replica_epoch, io);
        }
        let up_to_date = grant::is_up_to_date((asked.last_offset_epoch, asked.last_offset), self.metadata_end());
        let granted = grant::grants(self.quorum.standing(), asked.replica_id, up_to_date, asked.pre_vote);
        if granted && !asked.pre_vote {
            return self.vote_for(asked.replica_id, reply, io);
        }
        let response = self.vote_response(ErrorCode::None, granted);
        // The epoch that the answer tells of may be on its way to the disk.
        self.answer_saved(reply, response, io);
    }

    fn vote_for(&mut self, candidate: i32, reply: Reply, io: &mut Io<'_, Broker>) {
        self.quorum.voted = Some(candidate);
        self.quorum.deadline = io.now.mono + self.election_timeout();
        let response = self.vote_response(ErrorCode::None, true);
        if self.config.planted.has(Bug::C01) {
            self.connections.answer(reply, &response, io);
            return self.save_quorum(None, io);
        }
        // The vote follows with the next write.
        let later = self.config.planted.has(Bug::C02).then(|| self.quorum.voted.take()).flatten();
        self.save_quorum(Some(AfterSave::Answer(reply, Box::new(response))), io);
        self.quorum.voted = self.quorum.voted.or(later);
    }

    fn answer_saved(&mut self, reply: Reply, response: Response, io: &mut Io<'_, Broker>) {
        if self.quorum.saving.is_some() {
            self.quorum.after_save.push(AfterSave::Answer(reply, Box::new(response)));
        } else {
            self.connections.answer(reply, &response, io);
        }
    }

    fn vote_response(&self, error: ErrorCode, vote_granted: bool) -> Response {
        let partition = vote::PartitionDataResponse {
            error_code: error.code(),
            leader_id: self.quorum.leader().unwrap_or(-1),
            leader_epoch: self.quorum.epoch,
            vote_granted,
            ..vote::PartitionDataResponse::default()
        };
        let topic = vote::TopicDataResponse { topic_name: METADATA_TOPIC.into(), partitions: vec![partition] };
        VoteResponse { topics: vec![topic], ..VoteResponse::default() }.into()
    }

    pub(crate) fn is_our_cluster(&self, cluster_id: Option<&str>) -> bool {
        cluster_id.is_none_or(|id| id == self.config.cluster_id.as_str())
    }

    /// A voter answered, or cannot be reached; then it is asked again.
    pub(crate) fn vote_answered(
        &mut self,
        voter: i32,
        asked: (i32, bool),
        response: Option<&VoteResponse>,
        io: &mut Io<'_, Broker>,
    ) {
        let answer = response.and_then(|response| response.topics.first()?.partitions.first());
        let Some(answer) = answer else {
            self.quorum.asked.remove(&voter);
            return;
        };
        if !self.has_lost(answer.leader_epoch, answer.leader_id) {
            self.learn(answer.leader_epoch, answer.leader_id, io);
        }
        let (epoch, pre_vote) = asked;
        if epoch != self.quorum.epoch || !answer.vote_granted {
            return;
        }
        match &mut self.quorum.role {
            Role::Prospective { granted, .. } if pre_vote => _ = granted.insert(voter),
            Role::Candidate { granted } if !pre_vote => _ = granted.insert(voter),
            _ => return,
        }
        self.count_votes(io);
    }

    /// Whether this leader is the one that a prospective voter does not hear from. Who grants it a pre-vote may name that leader too.
    fn has_lost(&self, epoch: i32, leader: i32) -> bool {
        let lost = matches!(self.quorum.role, Role::Prospective { leader: Some(lost), .. } if lost == leader);
        lost && epoch == self.quorum.epoch
    }

    /// A majority makes a prospective voter a candidate, and a candidate a leader, once its own vote is durable.
    fn count_votes(&mut self, io: &mut Io<'_, Broker>) {
        let enough = |granted: &BTreeSet<i32>| granted.len() >= grant::majority(self.quorum.voters.len());
        match &self.quorum.role {
            Role::Prospective { granted, .. } if enough(granted) => self.stand_for_election(io),
            Role::Candidate { granted } if enough(granted) && self.quorum.saving.is_none() => self.be_elected(io),
            _ => {}
        }
    }

    fn be_elected(&mut self, io: &mut Io<'_, Broker>) {
        self.quorum.role = Role::Leader(Leading::default());
        self.quorum.asked.clear();
        self.quorum.deadline = io.now.mono + self.config.cluster.fetch_timeout / 2;
        self.save_quorum(None, io);
    }

    /// Somebody tells of an epoch and its leader (-1: none that it knows).
    pub(crate) fn learn(&mut self, epoch: i32, leader: i32, io: &mut Io<'_, Broker>) {
        let known = leader >= 0 && leader != self.quorum.node;
        let looking = !matches!(self.quorum.role, Role::Leader(_) | Role::Follower { .. });
        if known && (epoch > self.quorum.epoch || (epoch == self.quorum.epoch && looking)) {
            self.become_follower(epoch, leader, io);
        } else if epoch > self.quorum.epoch {
            self.become_unattached(epoch, io);
        }
    }

    /// A leader says that its epoch has begun.
    pub(crate) fn epoch_begun(&mut self, reply: Reply, request: &BeginQuorumEpochRequest, io: &mut Io<'_, Broker>) {
        let told = request.topics.first().and_then(|topic| topic.partitions.first());
        let Some(told) = told.filter(|_| self.is_our_cluster(request.cluster_id.as_deref())) else {
            let error_code = ErrorCode::InconsistentClusterId.code();
            let response = BeginQuorumEpochResponse { error_code, ..BeginQuorumEpochResponse::default() };
            return self.connections.answer(reply, &response.into(), io);
        };
        let stale = told.leader_epoch < self.quorum.epoch;
        if !stale {
            self.learn(told.leader_epoch, told.leader_id, io);
        }
        let partition = begin_quorum_epoch::PartitionDataResponse {
            error_code: if stale { ErrorCode::FencedLeaderEpoch.code() } else { 0 },
            leader_id: self.quorum.leader().unwrap_or(-1),
            leader_epoch: self.quorum.epoch,
            ..begin_quorum_epoch::PartitionDataResponse::default()
        };
        let topic =
            begin_quorum_epoch::TopicDataResponse { topic_name: METADATA_TOPIC.into(), partitions: vec![partition] };
        let response = BeginQuorumEpochResponse { topics: vec![topic], ..BeginQuorumEpochResponse::default() };
        self.answer_saved(reply, response.into(), io);
    }

    /// A leader says that it leads no more: whom it prefers stands up at once, the others a little later.
    pub(crate) fn epoch_ended(&mut self, reply: Reply, request: &EndQuorumEpochRequest, io: &mut Io<'_, Broker>) {
        if !self.is_our_cluster(request.cluster_id.as_deref()) {
            let error_code = ErrorCode::InconsistentClusterId.code();
            let response = EndQuorumEpochResponse { error_code, ..EndQuorumEpochResponse::default() };
            return self.connections.answer(reply, &response.into(), io);
        }
        let told = request.topics.first().and_then(|topic| topic.partitions.first());
        if let Some(told) = told.filter(|told| told.leader_epoch >= self.quorum.epoch) {
            self.learn(told.leader_epoch, -1, io);
            let mut preferred = told.preferred_candidates.iter().map(|candidate| candidate.candidate_id);
            let place = preferred.position(|candidate| candidate == self.quorum.node).unwrap_or(1) as u32;
            let ended = matches!(self.quorum.role, Role::Follower { leader, .. } if leader == told.leader_id);
            if ended && told.leader_epoch == self.quorum.epoch {
                self.become_unattached(told.leader_epoch, io);
                self.quorum.deadline = io.now.mono + self.config.cluster.election_timeout / 4 * place;
            }
        }
        let error_code = if told.is_none() { ErrorCode::InvalidRequest.code() } else { 0 };
        let partition = end_quorum_epoch::PartitionDataResponse {
            leader_id: self.quorum.leader().unwrap_or(-1),
            leader_epoch: self.quorum.epoch,
            ..end_quorum_epoch::PartitionDataResponse::default()
        };
        let topic =
            end_quorum_epoch::TopicDataResponse { topic_name: METADATA_TOPIC.into(), partitions: vec![partition] };
        let response = EndQuorumEpochResponse { error_code, topics: vec![topic], ..Default::default() };
        self.answer_saved(reply, response.into(), io);
    }

    /// A voter was told who leads, or could not be reached.
    pub(crate) fn epoch_told(&mut self, voter: i32, response: Option<&Response>, io: &mut Io<'_, Broker>) {
        self.quorum.asked.remove(&voter);
        let told = match response {
            Some(Response::BeginQuorumEpoch(response)) => response.topics.first().and_then(|t| t.partitions.first()),
            _ => None,
        };
        let Some(told) = told else { return };
        if let Role::Leader(leading) = &mut self.quorum.role
            && told.leader_epoch == self.quorum.epoch
            && let Some(follower) = leading.followers.get_mut(&voter)
        {
            follower.knows = true;
        }
        self.learn(told.leader_epoch, told.leader_id, io);
    }
}
