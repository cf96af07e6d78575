//! Draws sessions. A session makes topics, does what clients do and what they should not, and reads everything back at its end.
//!
//! Left out on purpose: what Kafka would act on in real time (long waits, retention), idempotent and transactional producers, and topics
//! of many partitions.

mod admin;
pub(crate) mod batch;
mod produce;
mod read;
mod topics;

use crate::draw::Draw;
use crate::session::{Session, Step, Tweak, symbol};
use std::collections::BTreeSet;
use wire::messages::ApiVersionsRequest;
use wire::{ApiKey, Str, Uuid};

/// A topic that the session has created, or believes to have.
#[derive(Clone, Debug)]
struct Topic {
    name: String,
    partitions: i32,
    incarnation: u32,
}

/// Writes one session.
struct Author {
    seed: u64,
    draw: Draw,
    topics: Vec<Topic>,
    named: u32,
    /// Every name that was asked for.
    asked: BTreeSet<Str>,
    steps: Vec<Step>,
}

/// The session of a seed.
#[must_use]
pub fn session(seed: u64) -> Session {
    let mut author =
        Author { seed, draw: Draw::new(seed, 1), topics: vec![], named: 0, asked: BTreeSet::new(), steps: vec![] };
    author.open();
    for _ in 0..8 + author.draw.below(24) {
        author.act();
    }
    author.read_back();
    Session { seed, steps: author.steps }
}

impl Author {
    fn open(&mut self) {
        self.push(Step::new(3, hello("differential", "1")));
        for _ in 0..1 + self.draw.below(2) {
            let topic = self.new_topic();
            self.create(vec![topic]);
        }
    }

    /// One thing that a client does, spoilt or not, on one of a few connections.
    fn act(&mut self) {
        let before = self.steps.len();
        match self.draw.below(100) {
            0..30 => self.produce(),
            30..48 => self.fetch(),
            48..52 => self.fetch_in_session(),
            52..60 => self.list_offsets(),
            60..66 => self.offset_for_leader_epoch(),
            66..76 => self.create_something(),
            76..80 => self.delete_something(),
            80..87 => self.metadata(),
            87..91 => self.describe_topic_partitions(),
            91..95 => self.describe_configs(),
            95..97 => self.describe_cluster(),
            _ => self.api_versions(),
        }
        let conn = self.draw.usually(0, &[1, 2]);
        for place in before..self.steps.len() {
            let tweak = self.tweak(place);
            let step = &mut self.steps[place];
            (step.conn, step.tweak) = (conn, tweak);
        }
    }

    /// Keeps a step if its version can say what it says.
    fn push(&mut self, step: Step) {
        if step.frame(0).is_ok() {
            self.steps.push(step);
        }
    }

    fn tweak(&mut self, place: usize) -> Tweak {
        if self.draw.percent(92) {
            return Tweak::None;
        }
        let api = self.steps[place].api();
        // A changed byte must not make a million partitions, a topic by accident, nor wait for a week.
        let harmless = !matches!(api, ApiKey::CreateTopics | ApiKey::Fetch | ApiKey::DeleteTopics | ApiKey::Metadata);
        let permille = self.draw.below(1000) as u32;
        match self.draw.below(5) {
            0 => Tweak::Version(self.draw.pick(&[-1, 99, i16::MAX, api.versions().max + 1])),
            1 => Tweak::Key(self.draw.pick(&[-1, 99, 999, i16::MIN])),
            2 => Tweak::Trail(1 + self.draw.below(9) as u8),
            3 if harmless => Tweak::Flip(permille, 1 << self.draw.below(8)),
            _ => Tweak::Truncate(permille),
        }
    }

    fn version(&mut self, api: ApiKey) -> i16 {
        self.draw.version(api.versions())
    }

    /// A topic to work on: mostly one that exists.
    fn some_topic(&mut self) -> Topic {
        if !self.topics.is_empty() && self.draw.percent(90) {
            return self.draw.pick(&self.topics);
        }
        Topic { name: self.strange_name(), partitions: 1, incarnation: 1 }
    }

    /// A name that does not name a topic of the session; some cannot name any.
    fn strange_name(&mut self) -> String {
        let missing = format!("d{:x}-missing", self.seed);
        let long = "n".repeat(250);
        let strange = ["", ".", "..", "bad name!", "a/b", "\u{fc}nicode", "__cluster_metadata", &long, &missing];
        if self.draw.percent(40) { missing } else { self.draw.pick(&strange).to_owned() }
    }

    fn some_partition(&mut self, topic: &Topic) -> i32 {
        let usual = self.draw.below(topic.partitions.max(1) as usize) as i32;
        self.draw.usually(usual, &[topic.partitions, -1, 1000, i32::MAX, i32::MIN])
    }

    /// The topic's id, or one that nobody has.
    fn some_id(&mut self, topic: &Topic) -> Uuid {
        let strange = [Uuid::ZERO, Uuid(1), symbol("nobody's", 9), symbol(&topic.name, 1)];
        self.draw.usually(topic.id(), &strange)
    }

    fn some_epoch(&mut self) -> i32 {
        self.draw.usually(-1, &[0, 0, 1, 7, -2, i32::MAX])
    }
}

impl Topic {
    fn id(&self) -> Uuid {
        symbol(&self.name, self.incarnation)
    }
}

fn hello(name: &str, version: &str) -> ApiVersionsRequest {
    ApiVersionsRequest { client_software_name: name.into(), client_software_version: version.into() }
}

fn text(text: &str) -> Str {
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_session() {
        let frames = |seed| -> Vec<_> { session(seed).steps.iter().map(|step| step.frame(1).unwrap()).collect() };
        assert_eq!(frames(7), frames(7));
        assert_ne!(frames(7), frames(8));
    }

    #[test]
    fn sessions_reach_every_api_and_every_way_to_spoil_a_frame() {
        let steps: Vec<Step> = (0..200).flat_map(|seed| session(seed).steps).collect();
        let apis: BTreeSet<&str> = steps.iter().map(|step| step.api().name()).collect();
        assert_eq!(apis.len(), 11, "{apis:?}");
        let ways =
            [Tweak::None, Tweak::Version(0), Tweak::Key(0), Tweak::Truncate(0), Tweak::Trail(0), Tweak::Flip(0, 0)];
        for way in ways {
            let same = |step: &Step| std::mem::discriminant(&step.tweak) == std::mem::discriminant(&way);
            assert!(steps.iter().any(same), "{way:?}");
        }
    }
}
