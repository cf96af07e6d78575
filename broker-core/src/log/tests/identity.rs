//! What names a log: its topic id, and the entry of its folder.

use super::*;

#[test]
fn a_topic_id_stands_under_its_name_only_as_a_whole() {
    let mut lab = Lab::with_log(&[]);
    assert_eq!(lab.disk.contents(DIR, "orders-0/partition.metadata"), None, "not before its bytes are synced");
    lab.append_all(0..3);
    lab.flush();
    assert_eq!(lab.ends(), (0, 3, 3));
    assert!(lab.disk.contents(DIR, "orders-0/partition.metadata").is_some_and(|text| !text.is_empty()));
}

#[test]
fn a_death_before_the_topic_id_has_its_name_loses_nothing() {
    let mut lab = Lab::with_log(&[]);
    lab.append_all(0..3);
    let mut lab = lab.reopen();
    assert_eq!(lab.ends(), (0, 3, 0));
    lab.sync_all();
    assert_eq!(lab.ends(), (0, 3, 3));
    assert_eq!(lab.disk.contents(DIR, "orders-0/partition.metadata.tmp"), None);
    assert_eq!(lab.reopen().ends(), (0, 3, 0));
}

#[test]
fn no_recovery_point_before_the_topic_id_is_durable() {
    let mut lab = Lab::with_log(&[]);
    lab.append_all(0..3);
    lab.run(|dirs, io, config| dirs.flush(KEY, io, &config.planted));
    assert_eq!((lab.dirs.next_flush(), lab.ends().2, lab.log().is_named()), (None, 0, false));
    lab.sync_all();
    assert_eq!((lab.ends().2, lab.log().is_named()), (3, true));
}
