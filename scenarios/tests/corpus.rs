//! Every Plan of the corpus once failed; each must be clean now, and give the same hash twice.

use scenarios::corpus;

#[test]
fn what_once_failed_is_clean_and_deterministic() {
    for case in corpus::cases(&corpus::folder()).unwrap() {
        assert!(!case.story.trim().is_empty(), "{} has no story", case.name);
        let plan = case.plan().unwrap_or_else(|refused| panic!("{}: {refused}", case.name));
        let first = sim::run(&plan).unwrap();
        assert!(first.is_clean(), "{} fails again: {:?}", case.name, first.violations);
        assert_eq!(first.stats.trace_hash, sim::run(&plan).unwrap().stats.trace_hash, "{}", case.name);
    }
}
