//! What admins asked for: which topics may exist with which configuration, and which may be deleted.

use std::collections::{BTreeMap, BTreeSet};
use wire::{Str, Uuid};

use crate::fact::{Fact, TopicAsked};

/// What is known of topics from the requests of admins and their answers.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    creations: BTreeMap<Str, Vec<Creation>>,
    deletions: BTreeSet<Str>,
}

#[derive(Clone, Debug)]
struct Creation {
    by: (u16, u64),
    asked: TopicAsked,
    topic_id: Option<Uuid>,
}

/// What a topic's configuration says, as far as it can be known from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<'a> {
    /// Set when it was created.
    Set(&'a str),
    /// Not set: the broker's default counts.
    Default,
    /// Several creations may have made it, and they differ.
    Ambiguous,
}

impl Topics {
    pub(crate) fn observe(&mut self, fact: &Fact) {
        match fact {
            Fact::AdminInvoked { client, op, what: "create", topics } => {
                for asked in topics {
                    let creation = Creation { by: (*client, *op), asked: asked.clone(), topic_id: None };
                    self.creations.entry(asked.name.clone()).or_default().push(creation);
                }
            }
            Fact::AdminInvoked { what: "delete", topics, .. } => {
                self.deletions.extend(topics.iter().map(|asked| asked.name.clone()));
            }
            Fact::AdminCompleted { client, op, what: "create", topics } => {
                for (name, _, topic_id) in topics.iter().filter(|(_, error, id)| *error == 0 && *id != Uuid::ZERO) {
                    self.created((*client, *op), name, *topic_id);
                }
            }
            _ => {}
        }
    }

    fn created(&mut self, by: (u16, u64), name: &Str, topic_id: Uuid) {
        let creations = self.creations.get_mut(name).into_iter().flatten();
        for creation in creations.filter(|creation| creation.by == by) {
            creation.topic_id = Some(topic_id);
        }
    }

    /// Whether anybody ever asked for a topic of this name to be deleted. A request may be late, so it may hit a later
    /// topic of that name too.
    #[must_use]
    pub fn deletion_asked(&self, name: &Str) -> bool {
        self.deletions.contains(name)
    }

    /// A configuration of a topic by Kafka's name. `auto_created` says whether the topic may have come without a
    /// creation that was asked for.
    #[must_use]
    pub fn setting(&self, topic_id: Uuid, topic: &Str, name: &str, auto_created: bool) -> Setting<'_> {
        let creations = self.creations.get(topic).map_or(&[][..], Vec::as_slice);
        if let Some(creation) = creations.iter().find(|creation| creation.topic_id == Some(topic_id)) {
            return creation.setting(name);
        }
        let mut candidates =
            creations.iter().filter(|creation| creation.topic_id.is_none()).map(|creation| creation.setting(name));
        let auto = (auto_created || creations.is_empty()).then_some(Setting::Default);
        let Some(first) = auto.or_else(|| candidates.next()) else { return Setting::Ambiguous };
        if candidates.all(|other| other == first) { first } else { Setting::Ambiguous }
    }
}

impl Creation {
    fn setting(&self, name: &str) -> Setting<'_> {
        let set = self.asked.configs.iter().find(|(key, _)| key == name);
        set.map_or(Setting::Default, |(_, value)| Setting::Set(value.as_str()))
    }
}
