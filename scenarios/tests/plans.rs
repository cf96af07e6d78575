//! Property tests over whole runs: whatever Plan is drawn, the guarantees hold. proptest shrinks by leaving out steps.

use proptest::prelude::*;
use scenarios::strategies::{plans, plans_of, thinned};
use sim::Plan;

fn holds(plan: &Plan) -> Result<(), TestCaseError> {
    let outcome = sim::run(plan).map_err(|refused| TestCaseError::fail(refused.to_string()))?;
    prop_assert!(outcome.is_clean(), "{:?}", outcome.violations);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_breaks_a_guarantee(plan in plans()) {
        holds(&plan)?;
    }

    #[test]
    fn nor_does_any_part_of_one(plan in thinned(plans())) {
        holds(&plan)?;
    }

    #[test]
    fn acknowledged_records_survive_steady_traffic(plan in plans_of(scenarios::by_name("steady").unwrap())) {
        let outcome = sim::run(&plan).unwrap();
        prop_assert!(outcome.is_clean(), "{:?}", outcome.violations);
        let by_choice = |loss: &properties::property::Attributed| loss.cause.starts_with("acks=0");
        prop_assert!(outcome.attributed.iter().all(by_choice), "nothing else could cost a record: {:?}", outcome.attributed);
    }

    #[test]
    fn a_plan_survives_its_own_json(plan in plans()) {
        prop_assert_eq!(Plan::from_json(&plan.to_json()).unwrap(), plan);
    }
}
