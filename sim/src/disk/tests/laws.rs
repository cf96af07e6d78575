//! What holds for every script.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One step of a random script over three files in two folders.
#[derive(Clone, Copy, Debug)]
enum Step {
    Create(u8),
    Append(u8, u8),
    Cut(u8, u8),
    Rename(u8, u8),
    Remove(u8),
    Sync(u8),
    SyncDir(u8),
    Kill,
}

const PATHS: [&str; 4] = ["d/a", "d/b", "e/a", "e/b"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0u8..4).prop_map(Step::Create),
        6 => (0u8..4, 1u8..40).prop_map(|(path, len)| Step::Append(path, len)),
        1 => (0u8..4, 0u8..40).prop_map(|(path, len)| Step::Cut(path, len)),
        1 => (0u8..4, 0u8..4).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => (0u8..4).prop_map(Step::Remove),
        3 => (0u8..4).prop_map(Step::Sync),
        3 => (0u8..2).prop_map(Step::SyncDir),
        1 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 0..40)
}

fn survival() -> impl Strategy<Value = Survival> {
    (0u16..=1000, 0u16..=1000, any::<bool>()).prop_map(|(writes_permille, entries_permille, torn)| Survival {
        writes_permille,
        entries_permille,
        torn,
    })
}

fn shell() -> Shell {
    let mut shell = Shell::new();
    shell.run("mkdir d; mkdir e; syncdir .");
    shell
}

/// Carries out a step; what cannot be done is not.
fn take(shell: &mut Shell, step: Step, count: usize) {
    let exists = |shell: &Shell, path: u8| shell.disk.contents(ROOT, PATHS[path as usize]).is_some();
    let name = |path: u8| PATHS[path as usize];
    match step {
        Step::Create(path) if !exists(shell, path) => shell.run(&format!("create {}", name(path))),
        Step::Append(path, len) if exists(shell, path) => {
            let bytes: Vec<u8> = (0..len).map(|i| i.wrapping_add(count as u8) | 1).collect();
            shell.append(name(path), &bytes).unwrap();
        }
        Step::Cut(path, len)
            if shell.disk.contents(ROOT, name(path)).is_some_and(|found| found.len() >= len.into()) =>
        {
            shell.run(&format!("cut {} {len}", name(path)));
        }
        Step::Rename(from, to) if exists(shell, from) => shell.run(&format!("rename {} {}", name(from), name(to))),
        Step::Remove(path) if exists(shell, path) => shell.run(&format!("remove {}", name(path))),
        Step::Sync(path) if exists(shell, path) => shell.run(&format!("sync {}", name(path))),
        Step::SyncDir(dir) => shell.run(&format!("syncdir {}", ["d", "e"][dir as usize])),
        Step::Kill => shell.disk.kill(draw(count as u64)),
        _ => {}
    }
}

fn all(shell: &Shell) -> BTreeMap<String, Bytes> {
    shell
        .disk
        .files(ROOT)
        .into_iter()
        .map(|(path, _)| (path.clone(), shell.disk.contents(ROOT, &path).unwrap()))
        .collect()
}

proptest! {
    #[test]
    fn what_is_durable_survives_every_power_loss(script in steps(), survival in survival(), n: u64) {
        let mut shell = shell();
        script.iter().enumerate().for_each(|(count, &step)| take(&mut shell, step, count));
        let before = all(&shell);
        let durable: Vec<(String, u64)> = before.keys().map(|path| (path.clone(), shell.disk.durable_len(ROOT, path))).collect();
        shell.disk.power_loss(&survival, draw(n));
        let after = all(&shell);
        for (path, len) in durable.into_iter().filter(|(_, len)| *len > 0) {
            let kept = after.get(&path).and_then(|found| found.get(..len as usize));
            prop_assert_eq!(kept, Some(&before[&path][..len as usize]), "{}", path);
        }
    }

    #[test]
    fn when_everything_survives_nothing_changes_and_nothing_is_told(script in steps(), n: u64) {
        let mut shell = shell();
        script.iter().enumerate().for_each(|(count, &step)| take(&mut shell, step, count));
        let before = all(&shell);
        shell.disk.power_loss(&EVERYTHING, draw(n));
        prop_assert_eq!(all(&shell), before);
        prop_assert_eq!(shell.kinds(), vec![]);
    }

    #[test]
    fn a_loss_is_told_exactly_when_something_differs(script in steps(), survival in survival(), n: u64) {
        let mut shell = shell();
        script.iter().enumerate().for_each(|(count, &step)| take(&mut shell, step, count));
        let before = all(&shell);
        shell.disk.power_loss(&survival, draw(n));
        let after = all(&shell);
        let effects = shell.disk.take_effects();
        for path in PATHS.iter().filter(|path| before.get(**path) != after.get(**path)) {
            prop_assert!(effects.iter().any(|effect| effect.path == *path), "{} changed, {:?}", path, effects);
        }
        // A name that stands for another file with the same bytes is told too.
        prop_assert!(before != after || effects.iter().all(|effect| effect.from.is_none()), "{:?}", effects);
    }

    #[test]
    fn forks_share_nothing_but_the_past(script in steps(), more in steps(), survival in survival(), n: u64) {
        let mut left = shell();
        script.iter().enumerate().for_each(|(count, &step)| take(&mut left, step, count));
        let (before, mut right) = (all(&left), left.clone());
        more.iter().enumerate().for_each(|(count, &step)| take(&mut left, step, count));
        left.disk.power_loss(&survival, draw(n));
        prop_assert_eq!(&all(&right), &before, "what one does the other does not see");
        more.iter().enumerate().for_each(|(count, &step)| take(&mut right, step, count));
        right.disk.power_loss(&survival, draw(n));
        prop_assert_eq!(all(&right), all(&left), "and the same again gives the same");
        prop_assert_eq!(right.disk.take_effects(), left.disk.take_effects());
    }
}
