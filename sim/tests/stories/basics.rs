//! A day without faults.

use crate::story::Story;

#[test]
fn what_is_sent_is_acknowledged_read_and_read_again_at_rest() {
    let outcome = Story::with_traffic().play();
    assert!(outcome.is_clean(), "{:?}", outcome.violations);
    assert_eq!((outcome.stats.sent_records, outcome.stats.acked_records), (21, 21), "one more is the probe's");
    assert_eq!(outcome.stats.read_records, 21 + 21, "the consumer's, which reads on, and the final reader's");
    assert_eq!(outcome.count("AtRest"), 1);
}
