//! DeleteTopics: which topics go, and what each entry of the request is answered. Names and ids that stand twice are refused.

use super::image::Image;
use std::collections::{BTreeMap, BTreeSet};
use wire::messages::delete_topics::{DeletableTopicResult, DeleteTopicState};
use wire::metadata::{MetadataRecord, RemoveTopicRecord};
use wire::{ErrorCode, Str, Uuid};

/// What a request comes to.
pub(crate) struct Deletion {
    pub(crate) records: Vec<MetadataRecord>,
    pub(crate) results: Vec<DeletableTopicResult>,
}

/// Decides a request against the latest image.
pub(crate) fn delete_topics(image: &Image, topics: &[DeleteTopicState]) -> Deletion {
    let (mut names, mut ids) = (Counted::default(), Counted::default());
    let mut results = Vec::new();
    let mut refuse = |name: Option<Str>, id, error, message: &str| results.push(result(name, id, error, Some(message)));
    for topic in topics {
        match (&topic.name, topic.topic_id) {
            (None, Uuid::ZERO) => {
                refuse(None, Uuid::ZERO, ErrorCode::InvalidRequest, "Neither topic name nor id were specified.");
            }
            (None, id) => ids.add(id),
            (Some(name), Uuid::ZERO) => names.add(name.clone()),
            (Some(name), id) => {
                let message = "You may not specify both topic name and topic id.";
                refuse(Some(name.clone()), id, ErrorCode::InvalidRequest, message);
            }
        }
    }
    for name in &names.twice {
        refuse(Some(name.clone()), Uuid::ZERO, ErrorCode::InvalidRequest, "Duplicate topic name.");
    }
    for &id in &ids.twice {
        refuse(None, id, ErrorCode::InvalidRequest, "Duplicate topic id.");
    }
    let mut found: BTreeMap<Uuid, Option<Str>> = BTreeMap::new();
    for &id in &ids.once {
        match image.topics.get(&id) {
            Some(topic) => drop(found.insert(id, Some(topic.name.clone()))),
            None => results.push(result(None, id, ErrorCode::UnknownTopicId, None)),
        }
    }
    for name in &names.once {
        match image.topic_ids.get(name) {
            None => results.push(result(Some(name.clone()), Uuid::ZERO, ErrorCode::UnknownTopicOrPartition, None)),
            Some(&id) if ids.twice.contains(&id) || found.contains_key(&id) => {
                found.remove(&id);
                ids.twice.insert(id);
                let message = "The provided topic name maps to an ID that was already supplied.";
                results.push(result(Some(name.clone()), id, ErrorCode::InvalidRequest, Some(message)));
            }
            Some(&id) => drop(found.insert(id, Some(name.clone()))),
        }
    }
    let records = found.keys().map(|&topic_id| RemoveTopicRecord { topic_id }.into()).collect();
    results.extend(found.into_iter().map(|(id, name)| result(name, id, ErrorCode::None, None)));
    Deletion { records, results }
}

/// What was named once, and what more often.
struct Counted<T> {
    once: BTreeSet<T>,
    twice: BTreeSet<T>,
}

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Counted { once: BTreeSet::new(), twice: BTreeSet::new() }
    }
}

impl<T: Ord + Clone> Counted<T> {
    fn add(&mut self, value: T) {
        if self.twice.contains(&value) || !self.once.insert(value.clone()) {
            self.once.remove(&value);
            self.twice.insert(value);
        }
    }
}

fn result(name: Option<Str>, topic_id: Uuid, error: ErrorCode, message: Option<&str>) -> DeletableTopicResult {
    DeletableTopicResult { name, topic_id, error_code: error.code(), error_message: message.map(Str::from) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replicated::Fold;
    use wire::metadata::TopicRecord;

    fn image() -> Image {
        let mut image = Image::default();
        for (offset, name) in ["a", "b"].into_iter().enumerate() {
            let offset = offset as i64;
            let topic_id = Uuid(offset as u128 + 10);
            image.apply(offset, &TopicRecord { name: name.into(), topic_id }.into());
        }
        image
    }

    #[test]
    fn each_entry_gets_its_answer() {
        let name = |name: &str| DeleteTopicState { name: Some(name.into()), topic_id: Uuid::ZERO };
        let id = |id| DeleteTopicState { name: None, topic_id: Uuid(id) };
        let table: [(Vec<DeleteTopicState>, Vec<i16>, usize); 8] = [
            (vec![name("a"), id(11)], vec![0, 0], 2),
            (vec![name("x")], vec![3], 0),
            (vec![id(99)], vec![100], 0),
            (vec![id(0)], vec![42], 0),
            (vec![DeleteTopicState { name: Some("a".into()), topic_id: Uuid(10) }], vec![42], 0),
            (vec![name("a"), name("a"), name("b")], vec![42, 0], 1),
            (vec![id(10), id(10), id(10)], vec![42], 0),
            (vec![id(10), name("a")], vec![42], 0),
        ];
        for (topics, codes, removed) in table {
            let deletion = delete_topics(&image(), &topics);
            assert_eq!(
                deletion.results.iter().map(|result| result.error_code).collect::<Vec<_>>(),
                codes,
                "{topics:?}"
            );
            assert_eq!(deletion.records.len(), removed, "{topics:?}");
        }
    }
}
