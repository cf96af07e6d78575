//! Each fault: what it does, and that nothing happens without it.

use super::*;
use wire::Disk as _;

#[test]
fn without_faults_nothing_is_reported() {
    let mut shell = Shell::with_file("a", "x");
    shell.run("write a y; sync a; rename a b; syncdir .");
    assert_eq!(shell.read("b").as_deref(), Ok(&b"xy"[..]));
    shell.disk.kill(draw(1));
    shell.disk.power_loss(&NOTHING, draw(1));
    assert_eq!((shell.show().as_str(), shell.disk.sync_delay_us(draw(1)), shell.kinds()), ("b=xy", 0, vec![]));
}

#[test]
fn a_power_loss_reports_the_first_byte_and_the_names_that_it_took() {
    let mut shell = Shell::with_file("a", "x");
    shell.run("mkdir d; syncdir .; create d/b; write a yz");
    shell.disk.power_loss(&NOTHING, draw(1));
    let effects = shell.disk.take_effects();
    let told: Vec<_> = effects.iter().map(|effect| (effect.fault, effect.path.as_str(), effect.from)).collect();
    assert_eq!(told, [(FaultKind::PowerLoss, "a", Some(1)), (FaultKind::PowerLoss, "d/b", None)]);
    shell.run("create t; remove t");
    shell.disk.power_loss(&NOTHING, draw(2));
    assert_eq!(shell.kinds(), [], "what was made and removed between two syncs is no loss");
}

#[test]
fn a_torn_append_leaves_a_prefix_or_zeros_or_some_of_its_pages() {
    let torn = Survival { writes_permille: 1000, entries_permille: 1000, torn: true };
    let written: Vec<u8> = (0..10_000u32).map(|i| (i % 251) as u8 + 1).collect();
    let (mut whole, mut prefixes, mut zeros, mut holes) = (0, 0, 0, 0);
    for n in 0..200 {
        let mut shell = Shell::with_file("a", "synced");
        shell.append("a", &written).unwrap();
        shell.disk.power_loss(&torn, draw(n));
        let found = shell.read("a").unwrap();
        assert_eq!(&found[..6], b"synced");
        let kept = found[6..].iter().zip(&written).take_while(|(found, written)| found == written).count() as u64;
        if kept == 10_000 {
            whole += 1;
            assert_eq!(shell.kinds(), []);
            continue;
        }
        assert_eq!(
            shell.effect(),
            Effect { fault: FaultKind::TornTail, log_dir: ROOT, path: "a".into(), from: Some(6 + kept) }
        );
        let rest = &found[6 + kept as usize..];
        match (rest.is_empty(), rest.iter().all(|&byte| byte == 0)) {
            (true, _) => prefixes += 1,
            (_, true) => zeros += 1,
            _ => holes += 1,
        }
    }
    assert!(whole > 50 && prefixes > 10 && zeros > 10 && holes > 10, "{whole} {prefixes} {zeros} {holes}");
}

#[test]
fn a_failed_sync_is_told_once_and_its_pages_are_never_durable() {
    let mut shell = Shell::with_file("a", "0");
    shell.disk.fail_sync(ROOT, 2);
    shell.run("write a 1; sync a; write a 2");
    assert_eq!((shell.sync("a"), shell.sync("a")), (Err(DiskError::Io), Ok(())));
    assert_eq!(shell.effect(), Effect { fault: FaultKind::FailedSync, log_dir: ROOT, path: "a".into(), from: Some(2) });
    shell.run("write a 3; sync a");
    assert_eq!((shell.show().as_str(), shell.disk.durable_len(ROOT, "a")), ("a=0123", 2));
    shell.disk.power_loss(&EVERYTHING, draw(1));
    assert_eq!(shell.show(), "a=01\x003", "a hole where the dropped page was");
}

#[test]
fn a_failed_sync_of_a_directory_drops_its_names() {
    let mut shell = Shell::new();
    shell.disk.fail_sync(ROOT, 1);
    shell.run("create a");
    assert_eq!((shell.sync_dir("."), shell.sync_dir("."), shell.show().as_str()), (Err(DiskError::Io), Ok(()), "a="));
    assert_eq!(shell.effect().from, None);
    shell.disk.power_loss(&EVERYTHING, draw(1));
    assert_eq!(shell.show(), "");
}

#[test]
fn pages_that_a_failed_sync_dropped_may_be_evicted_once_the_process_is_dead() {
    let found: std::collections::BTreeSet<String> = (0..50)
        .map(|n| {
            let mut shell = Shell::with_file("a", "0");
            shell.disk.fail_sync(ROOT, 1);
            shell.run("write a 1");
            assert_eq!(shell.sync("a"), Err(DiskError::Io));
            shell.run("write a 2");
            shell.disk.kill(draw(n));
            shell.show()
        })
        .collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a=0\x002", "a=012"]);
}

#[test]
fn a_failed_sync_strikes_only_its_log_directory() {
    let mut shell = Shell::with_file("a", "0");
    shell.disk.fail_sync(LogDirId(1), 1);
    shell.disk.fail_write(LogDirId(1), 1, draw(1));
    shell.disk.fail_read(LogDirId(1), 1);
    shell.disk.set_full(LogDirId(1), true);
    shell.run("write a 1; sync a");
    assert_eq!((shell.read("a").as_deref(), shell.kinds()), (Ok(&b"01"[..]), vec![]));
}

#[test]
fn a_failed_write_leaves_a_prefix() {
    let lengths: std::collections::BTreeSet<usize> = (0..100)
        .map(|n| {
            let mut shell = Shell::with_file("a", "0");
            shell.disk.fail_write(ROOT, 2, draw(n));
            shell.run("write a 1");
            assert_eq!(shell.append("a", b"abcd"), Err(DiskError::Io));
            assert_eq!(
                shell.effect(),
                Effect { fault: FaultKind::WriteError, log_dir: ROOT, path: "a".into(), from: Some(2) }
            );
            shell.run("write a Z");
            let found = shell.read("a").unwrap();
            assert!(
                found.starts_with(b"01") && found.ends_with(b"Z") && b"01abcd".starts_with(&found[..found.len() - 1])
            );
            found.len()
        })
        .collect();
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
}

#[test]
fn a_failed_creation_creates_nothing() {
    let mut shell = Shell::new();
    shell.disk.fail_write(ROOT, 1, draw(1));
    let root = shell.dir(".");
    assert_eq!(shell.disk.create(root, "a"), Err(DiskError::Io));
    assert_eq!((shell.disk.create(root, "a").is_ok(), shell.kinds()), (true, vec![FaultKind::WriteError]));
}

#[test]
fn a_failed_read_fails_once() {
    let mut shell = Shell::with_file("a", "0");
    shell.disk.fail_read(ROOT, 2);
    let reads = [shell.read("a"), shell.read("a"), shell.read("a")].map(|read| read.is_ok());
    assert_eq!((reads, shell.effect().fault), ([true, false, true], FaultKind::ReadError));
}

#[test]
fn a_full_disk_takes_what_fits() {
    let mut shell = Shell::with_capacity(5);
    shell.run("create a; write a 012");
    assert_eq!(shell.append("a", b"3456"), Err(DiskError::NoSpace));
    assert_eq!((shell.show().as_str(), shell.effect().from), ("a=01234", Some(3)));
    let root = shell.dir(".");
    assert_eq!(shell.disk.create(root, "b"), Err(DiskError::NoSpace));
    shell.run("cut a 1; write a 1234; remove a; create b");
    assert_eq!(shell.show(), "b=");
}

#[test]
fn a_disk_that_is_full_for_a_while_takes_nothing() {
    let mut shell = Shell::with_file("a", "0");
    shell.disk.set_full(ROOT, true);
    shell.disk.set_full(ROOT, true);
    assert_eq!(shell.append("a", b"1"), Err(DiskError::NoSpace));
    shell.disk.set_full(ROOT, false);
    assert_eq!((shell.append("a", b"1"), shell.kinds()), (Err(DiskError::NoSpace), vec![FaultKind::DiskFull; 2]));
    shell.disk.set_full(ROOT, false);
    shell.run("write a 1");
    assert_eq!(shell.show(), "a=01");
}

#[test]
fn rot_flips_one_bit_of_a_synced_byte() {
    let mut shell = Shell::with_file("a.log", "0123456789");
    shell.run("write a.log dirty");
    assert!(!shell.disk.rot(ROOT, ".index", 500, draw(1)), "no such file");
    assert!(!shell.disk.rot(LogDirId(1), ".log", 500, draw(1)), "not there");
    assert_eq!(shell.kinds(), []);
    assert!(shell.disk.rot(ROOT, ".log", 1000, draw(1)));
    let (found, effect) = (shell.read("a.log").unwrap(), shell.effect());
    assert_eq!((effect.fault, effect.from), (FaultKind::BitRot, Some(9)));
    assert_eq!((found[9] ^ b'9').count_ones(), 1);
    assert_eq!((&found[..9], &found[10..]), (&b"012345678"[..], &b"dirty"[..]));
    shell.disk.power_loss(&NOTHING, draw(1));
    assert_eq!(shell.read("a.log").unwrap()[..], found[..10]);
}

#[test]
fn a_misdirected_append_lands_on_an_earlier_one() {
    let mut shell = Shell::new();
    shell.disk.misdirect(ROOT, ".log", draw(1));
    shell.run("create b; write b first; write b second; create a.log; write a.log 0123");
    assert_eq!(
        (shell.show().as_str(), shell.kinds()),
        ("a.log=0123 b=firstsecond", vec![]),
        "it waits for a place to hit"
    );
    shell.run("write a.log AB; write a.log CD");
    let effect = shell.effect();
    assert_eq!((effect.fault, effect.from), (FaultKind::MisdirectedWrite, Some(0)));
    assert_eq!(shell.show(), "a.log=AB23\0\0CD b=firstsecond");
}

#[test]
fn a_lying_sync_reports_success_and_does_nothing() {
    let mut shell = Shell::with_file("a", "0");
    shell.disk.set_lying(true);
    shell.run("sync a");
    assert_eq!(shell.kinds(), [], "there was nothing to lie about");
    shell.run("write a 1; sync a");
    assert_eq!(shell.effect(), Effect { fault: FaultKind::LyingSync, log_dir: ROOT, path: "a".into(), from: Some(1) });
    let mut honest = shell.clone();
    honest.disk.set_lying(false);
    honest.run("sync a");
    honest.disk.power_loss(&NOTHING, draw(1));
    shell.disk.power_loss(&NOTHING, draw(1));
    assert_eq!((shell.show().as_str(), honest.show().as_str()), ("a=0", "a=01"));
}

#[test]
fn a_wiped_log_directory_is_empty_and_the_other_is_not() {
    let mut shell = Shell::with_file("a", "0");
    shell.disk.wipe(LogDirId(1));
    assert_eq!((shell.show().as_str(), shell.kinds()), ("a=0", vec![]), "an empty one has nothing to lose");
    let old = shell.file("a");
    shell.disk.wipe(ROOT);
    assert_eq!((shell.show().as_str(), shell.kinds()), ("", vec![FaultKind::WipedDisk]));
    assert_eq!(shell.disk.len(old), Err(DiskError::Invalid));
    shell.run("create a; write a 1");
    assert_eq!(shell.show(), "a=1");
}

#[test]
fn a_slow_sync_says_how_slow() {
    let mut shell = Shell::new();
    shell.disk.set_slow(Some((100, 200)));
    assert!((100..=200).contains(&shell.disk.sync_delay_us(draw(1))));
    shell.disk.set_slow(None);
    assert_eq!((shell.disk.sync_delay_us(draw(1)), shell.kinds()), (0, vec![FaultKind::SlowSync]));
}

#[test]
fn death_inside_a_call_does_it_or_not_or_in_part_and_is_final() {
    let found: std::collections::BTreeSet<String> = (0..100)
        .map(|n| {
            let mut shell = Shell::with_file("a", "0");
            let (file, root) = (shell.file("a"), shell.dir("."));
            shell.disk.die_at_call(2, draw(n));
            assert_eq!((shell.disk.append(file, b"1"), shell.disk.is_gone()), (Ok(()), false));
            assert_eq!((shell.disk.append(file, b"23"), shell.disk.is_gone()), (Err(DiskError::Gone), true));
            assert_eq!(shell.disk.append(file, b"4"), Err(DiskError::Gone));
            assert_eq!(shell.disk.create(root, "b"), Err(DiskError::Gone));
            assert_eq!(shell.disk.read(file, 0..1), Err(DiskError::Gone));
            assert_eq!(
                shell.effect(),
                Effect { fault: FaultKind::DeathAtCall, log_dir: ROOT, path: "a".into(), from: Some(2) }
            );
            shell.disk.kill(draw(n));
            assert!(!shell.disk.is_gone());
            shell.show()
        })
        .collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a=01", "a=012", "a=0123"]);
}

#[test]
fn healing_disarms_everything() {
    let mut shell = Shell::with_file("a", "0");
    shell.disk.fail_sync(ROOT, 1);
    shell.disk.fail_write(ROOT, 1, draw(1));
    shell.disk.fail_read(ROOT, 1);
    shell.disk.misdirect(ROOT, "a", draw(1));
    shell.disk.die_at_call(1, draw(1));
    shell.disk.set_full(ROOT, true);
    shell.disk.set_lying(true);
    shell.disk.set_slow(Some((1, 1)));
    shell.disk.heal();
    shell.run("write a 1; sync a");
    shell.disk.power_loss(&NOTHING, draw(1));
    assert_eq!((shell.show().as_str(), shell.disk.sync_delay_us(draw(1)), shell.kinds()), ("a=01", 0, vec![]));
}
