//! The command line from outside: what is wrong is refused with exit code 2 and says what to do; what is right ends in a hash.
// A test of another process: it runs it, reads its files, and may fail loudly.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::{Command, Output};

fn tribunal(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tribunal")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A file of this test run, below the build's own temporary folder.
fn file(name: &str, contents: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, contents).unwrap();
    path
}

/// A valid Plan as text, from a scenario.
fn plan() -> String {
    (scenarios::by_name("steady").unwrap().draw)(3).to_json()
}

#[test]
fn wrong_usage_is_exit_code_2_and_says_what_to_do() {
    let table: &[(&[&str], &str)] = &[
        (&["run", "no-such-scenario"], "there are steady"),
        (&["run", "--seeds", "9..3"], "A..B"),
        (&["run", "--budget", "soon"], "60s"),
        (&["run", "--jobs", "0"], "1..=1024"),
        (&["run", "--no-such-flag"], "--no-such-flag"),
        (&["replay"], "PLAN.json"),
        (&["replay", "--scenario", "steady"], "--seed"),
        (&["replay", "no/such/file.json"], "cannot read no/such/file.json"),
        (&["shrink", "no/such/file.json"], "cannot read"),
        (&["conquer"], "conquer"),
    ];
    for (arguments, advice) in table {
        let output = tribunal(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(advice), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[cfg(not(feature = "bugs"))]
#[test]
fn bugs_need_the_feature() {
    for arguments in
        [&["replay", "--scenario", "steady", "--seed", "1", "--bug", "D10"][..], &["bugs"], &["bugs", "D10"]]
    {
        let output = tribunal(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("--features bugs"), "{}", text(&output.stderr));
    }
}

#[test]
fn malformed_and_hostile_plans_are_exit_code_2() {
    let hostile = [
        ("empty.json", String::new()),
        ("text.json", "kill the broker".to_owned()),
        ("wrong-type.json", "[1, 2, 3]".to_owned()),
        ("deep.json", "[".repeat(100_000)),
        ("format.json", plan().replacen("\"format\": 1", "\"format\": 99", 1)),
        ("field.json", plan().replacen("\"format\": 1", "\"format\": 1, \"colour\": \"red\"", 1)),
        ("cut.json", plan()[..plan().len() / 2].to_owned()),
        ("nodes.json", plan().replacen("\"nodes\": 1", "\"nodes\": 60000", 1)),
        ("negative.json", plan().replacen("\"nodes\": 1", "\"nodes\": -1", 1)),
        ("disk.json", plan().replacen("\"disk_bytes\": 67108864", "\"disk_bytes\": 18446744073709551615", 1)),
    ];
    for (name, contents) in hostile {
        assert_ne!(contents, plan(), "{name} is not hostile");
        let path = file(name, &contents);
        let output = tribunal(&["replay", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", text(&output.stdout));
        assert!(text(&output.stderr).contains(name), "the message names the file: {}", text(&output.stderr));
    }
}

#[test]
fn a_replay_ends_in_its_hash_and_two_processes_agree() {
    let path = file("steady-3.json", &plan());
    let stored = tribunal(&["replay", path.to_str().unwrap()]);
    let drawn = tribunal(&["replay", "--scenario", "steady", "--seed", "3"]);
    let last = |output: &Output| text(&output.stdout).lines().last().unwrap_or_default().to_owned();
    assert!(last(&stored).starts_with("trace "), "{}", text(&stored.stdout));
    assert_eq!(last(&stored), last(&drawn));
    assert_eq!(stored.status.code(), Some(0), "{}", text(&stored.stdout));
}

#[test]
fn the_trace_shows_virtual_time_and_node() {
    let output = tribunal(&["replay", "--scenario", "steady", "--seed", "3", "--trace"]);
    let shown = text(&output.stdout);
    assert!(
        shown.lines().any(|line| line.starts_with("[   0.") && line.contains("] broker 1: ")),
        "{}",
        &shown[..shown.len().min(2_000)]
    );
}

#[test]
fn a_clean_plan_cannot_be_shrunk() {
    let path = file("clean.json", &plan());
    let output = tribunal(&["shrink", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nothing to shrink"));
}

#[test]
fn a_small_campaign_is_clean_and_its_json_has_the_promised_fields() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("campaign.json");
    let output = tribunal(&["run", "steady", "--seeds", "0..3", "--jobs", "2", "--json", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("not judged"), "three seeds are too few to be judged");
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let promised = [
        "seeds",
        "violations",
        "events",
        "virtual_s",
        "cpu_s",
        "wall_s",
        "peak_rss_mb",
        "shares",
        "sim_s_per_cpu_s",
        "excused",
        "ledger",
    ];
    for field in promised {
        assert!(!json[field].is_null(), "{field}");
    }
    assert_eq!(json["seeds"], 3);
}

#[test]
fn everything_that_can_be_named_is_listed() {
    let shown = text(&tribunal(&["list"]).stdout);
    for name in ["  power-loss ", "  W13 ", "  torn-tail", "  SegmentRolled"] {
        assert!(shown.contains(name), "{name}");
    }
}
