//! DeleteTopics, by name or by id.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Deletes topics.
    DeleteTopicsRequest: key 20, versions "1-6", flexible "4+" {
        /// The topics.
        topics: Vec<DeleteTopicState> | "6+";
        /// The topics.
        topic_names: Vec<Str> | "0-5", ignorable;
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "0+";
    }

    /// A topic to delete, by name or by id.
    DeleteTopicState {
        /// The name.
        name: Option<Str> | "6+", nullable "6+" = None;
        /// The topic's id.
        topic_id: Uuid | "6+";
    }

    /// What became of each topic.
    DeleteTopicsResponse: key 20, versions "1-6", flexible "4+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "1+", ignorable;
        /// The topics.
        responses: Vec<DeletableTopicResult> | "0+";
    }

    /// What became of a topic.
    DeletableTopicResult {
        /// The name.
        name: Option<Str> | "0+", nullable "6+" = empty();
        /// The topic's id.
        topic_id: Uuid | "6+", ignorable;
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "5+", nullable "5+", ignorable = None;
    }
}
