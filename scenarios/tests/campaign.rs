//! Campaigns over the real World: what they find does not depend on how many threads looked.

use scenarios::campaign::{Hang, Options, Tally, Watch, run};
use std::ops::Range;
use std::time::Duration;

struct Silent;

impl Watch for Silent {
    fn progress(&self, _: &Tally, _: Duration) {}
    fn hang(&self, hang: &Hang) -> ! {
        eprintln!("{hang:?}");
        std::process::exit(1)
    }
}

fn campaign(seeds: Range<u64>, jobs: usize) -> Tally {
    let mut options = Options::new(scenarios::all().iter().collect());
    options.seeds = seeds;
    options.jobs = jobs;
    options.recheck_every = 2;
    run(&options, &Silent)
}

#[test]
fn one_job_and_three_count_the_same() {
    let (one, three) = (campaign(0..1, 1), campaign(0..1, 3));
    assert_eq!(one.seeds(), scenarios::all().len() as u64);
    let counted =
        |tally: &Tally| (tally.events, tally.virtual_us, tally.acked_records, tally.ledger(), tally.attributed.clone());
    assert_eq!(counted(&one), counted(&three));
    assert!(one.acked_records > 0, "a campaign that moves no record proves nothing");
}

#[test]
fn a_sample_is_run_twice_and_forked() {
    let tally = campaign(0..2, 2);
    assert_eq!(tally.rechecked, scenarios::all().len() as u64);
    assert_eq!(tally.mismatches, vec![]);
}
