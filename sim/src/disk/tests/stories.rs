//! What a dead machine and a dead process leave behind, as a table.

use super::*;

#[test]
fn only_what_was_synced_survives_when_nothing_else_does() {
    let stories = [
        ("nothing was synced", "create a; write a x", ""),
        ("bytes without a name", "create a; write a x; sync a", ""),
        ("a name without bytes", "create a; write a x; syncdir .", "a="),
        ("bytes and a name", "create a; write a x; sync a; syncdir .", "a=x"),
        ("more bytes later", "create a; write a x; sync a; syncdir .; write a y", "a=x"),
        ("a cut is undone", "create a; write a xyz; sync a; syncdir .; cut a 1", "a=xyz"),
        ("a cut and a write are undone", "create a; write a xyz; sync a; syncdir .; cut a 1; write a Q", "a=xyz"),
        ("a synced cut", "create a; write a xyz; sync a; syncdir .; cut a 1; sync a", "a=x"),
        ("a removal is undone", "create a; write a x; sync a; syncdir .; remove a", "a=x"),
        ("a synced removal", "create a; write a x; sync a; syncdir .; remove a; syncdir .", ""),
        ("a rename is undone", "create a; write a x; sync a; syncdir .; rename a b", "a=x"),
        ("a synced rename", "create a; write a x; sync a; syncdir .; rename a b; syncdir .", "b=x"),
        ("a checkpoint without sync of its bytes", "create c.tmp; write c.tmp new; rename c.tmp c; syncdir .", "c="),
        (
            "an atomic checkpoint, before its directory's sync",
            "create c; write c old; sync c; syncdir .; create c.tmp; write c.tmp new; sync c.tmp; rename c.tmp c",
            "c=old",
        ),
        (
            "an atomic checkpoint",
            "create c; write c old; sync c; syncdir .; create c.tmp; write c.tmp new; sync c.tmp; rename c.tmp c; syncdir .",
            "c=new",
        ),
        ("a file in a folder without a name", "mkdir d; create d/a; write d/a x; sync d/a; syncdir d", ""),
        ("a file in a folder with a name", "mkdir d; create d/a; write d/a x; sync d/a; syncdir d; syncdir .", "d/a=x"),
        (
            "a renamed folder keeps what was synced under its old name",
            "mkdir d; syncdir .; create d/a; write d/a x; sync d/a; syncdir d; rename d e; write e/a y",
            "d/a=x",
        ),
        (
            "moved between folders, target synced",
            "mkdir d; mkdir e; syncdir .; create d/a; syncdir d; rename d/a e/a; syncdir e",
            "d/a= e/a=",
        ),
        (
            "an emptied folder",
            "mkdir d; create d/a; syncdir d; syncdir .; remove d/a; syncdir d; rmdir d; syncdir .",
            "",
        ),
    ];
    for (story, script, expected) in stories {
        let mut shell = Shell::new();
        shell.run(script);
        shell.disk.power_loss(&NOTHING, draw(1));
        assert_eq!(shell.show(), expected, "{story}");
        let again = shell.show();
        shell.disk.power_loss(&NOTHING, draw(2));
        assert_eq!((shell.show(), shell.kinds().len() <= 3), (again, true), "{story}: what was found stays");
    }
}

#[test]
fn a_dead_process_leaves_everything_and_so_does_a_lucky_machine() {
    let script = "mkdir d; create d/a; write d/a xyz; cut d/a 2; create b; rename b c; write c q; create e; remove e";
    for die in [|disk: &mut SimDisk| disk.kill(draw(1)), |disk: &mut SimDisk| disk.power_loss(&EVERYTHING, draw(1))] {
        let mut shell = Shell::new();
        shell.run(script);
        die(&mut shell.disk);
        assert_eq!((shell.show().as_str(), shell.kinds()), ("c=q d/a=xy", vec![]));
    }
    let mut shell = Shell::new();
    shell.run(script);
    shell.disk.kill(draw(1));
    shell.disk.power_loss(&NOTHING, draw(2));
    assert_eq!(shell.show(), "", "a kill makes nothing durable");
}

#[test]
fn a_sync_covers_what_was_applied_before_it_was_marked() {
    let mut shell = Shell::with_file("a", "0");
    shell.run("write a 1");
    let target = SyncTarget::File(shell.file("a"));
    let (first, second) = (shell.mark(target), {
        shell.run("write a 2");
        shell.mark(target)
    });
    shell.run("write a 3");
    let mut both = shell.clone();
    assert_eq!(shell.disk.complete_sync(first), Ok(()));
    assert_eq!(shell.disk.complete_sync(first), Err(DiskError::Invalid), "a sync ends once");
    shell.disk.power_loss(&NOTHING, draw(1));
    assert_eq!(shell.show(), "a=01");
    assert_eq!((both.disk.complete_sync(second), both.disk.complete_sync(first)), (Ok(()), Ok(())), "in any order");
    both.disk.power_loss(&NOTHING, draw(1));
    assert_eq!(both.show(), "a=012");
}

#[test]
fn syncs_in_flight_die_with_the_process() {
    let mut shell = Shell::with_file("a", "0");
    shell.run("write a 1");
    let target = SyncTarget::File(shell.file("a"));
    let id = shell.mark(target);
    shell.disk.kill(draw(1));
    assert_eq!(shell.disk.complete_sync(id), Err(DiskError::Invalid));
    shell.disk.power_loss(&NOTHING, draw(1));
    assert_eq!(shell.show(), "a=0");
}

#[test]
fn unsynced_writes_survive_each_on_its_own() {
    let half = Survival { writes_permille: 500, entries_permille: 1000, torn: false };
    let found: std::collections::BTreeSet<String> = (0..200)
        .map(|n| {
            let mut shell = Shell::with_file("a", "s");
            shell.run("write a x; write a y");
            shell.disk.power_loss(&half, draw(n));
            shell.show()
        })
        .collect();
    let expected = ["a=s", "a=sx", "a=sxy", "a=s\0y"];
    assert_eq!(
        found.iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
        expected.into_iter().collect()
    );
}

#[test]
fn unsynced_names_survive_each_on_its_own() {
    let half = Survival { writes_permille: 1000, entries_permille: 500, torn: false };
    let found: std::collections::BTreeSet<String> = (0..200)
        .map(|n| {
            let mut shell = Shell::new();
            shell.run("create c.tmp; write c.tmp x; rename c.tmp c; create b");
            shell.disk.power_loss(&half, draw(n));
            shell.show()
        })
        .collect();
    let expected = ["", "b=", "c.tmp=x", "b= c.tmp=x", "c=x", "b= c=x"];
    assert_eq!(
        found.iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
        expected.into_iter().collect()
    );
}

#[test]
fn the_durable_length_is_what_no_power_loss_can_take() {
    let mut shell = Shell::new();
    let durable = |shell: &Shell| shell.disk.durable_len(ROOT, "d/a");
    shell.run("mkdir d; create d/a; write d/a 0123; sync d/a; syncdir d");
    assert_eq!(durable(&shell), 0, "the folder has no durable name");
    shell.run("syncdir .");
    assert_eq!(durable(&shell), 4);
    shell.run("write d/a 4567");
    assert_eq!(durable(&shell), 4);
    shell.run("cut d/a 2");
    assert_eq!(durable(&shell), 2, "what was cut may come back, what is below stays");
    shell.run("sync d/a; write d/a 23");
    assert_eq!((durable(&shell), shell.show().as_str()), (2, "d/a=0123"));
    shell.run("rename d/a d/b");
    assert_eq!(shell.disk.durable_len(ROOT, "d/b"), 0);
}

#[test]
fn handles_outlive_names_and_space_comes_back_with_the_last_of_both() {
    let mut shell = Shell::with_capacity(10);
    shell.run("create a; write a 01234567");
    let file = shell.file("a");
    shell.run("remove a");
    assert_eq!(shell.disk.read(file, 0..2).as_deref(), Ok(&b"01"[..]));
    shell.run("create b; write b 01");
    assert_eq!(shell.append("b", b"2"), Err(DiskError::NoSpace));
    shell.disk.kill(draw(1));
    assert_eq!(shell.append("b", b"23456789"), Ok(()));
    assert_eq!(shell.disk.read(file, 0..2), Err(DiskError::Invalid));
}

#[test]
fn callers_mistakes_are_errors() {
    let mut shell = Shell::with_file("a", "xy");
    shell.run("mkdir d; create d/x; mkdir e");
    let (root, d, a) = (shell.dir("."), shell.dir("d"), shell.file("a"));
    let long = "n".repeat(256);
    let names = ["", ".", "..", "a/b", "nul\0", long.as_str()];
    for name in names {
        assert_eq!(shell.disk.create(root, name), Err(DiskError::Invalid), "{name}");
        assert_eq!(shell.disk.rename((root, "a"), (root, name)), Err(DiskError::Invalid), "{name}");
    }
    assert_eq!(shell.disk.create(root, "a"), Err(DiskError::AlreadyExists));
    assert_eq!(shell.disk.create_dir(root, "a"), Err(DiskError::AlreadyExists));
    assert_eq!(shell.disk.open(root, "zz"), Err(DiskError::NotFound));
    assert_eq!(shell.disk.open(root, "d"), Err(DiskError::Invalid));
    assert_eq!(shell.disk.open_dir(root, "a"), Err(DiskError::Invalid));
    assert_eq!(shell.disk.truncate(a, 3), Err(DiskError::Invalid));
    assert_eq!(shell.disk.remove(root, "d"), Err(DiskError::Invalid));
    assert_eq!(shell.disk.remove_dir(root, "d"), Err(DiskError::Invalid), "not empty");
    assert_eq!(shell.disk.remove_dir(root, "a"), Err(DiskError::Invalid));
    assert_eq!(shell.disk.rename((root, "e"), (d, "e")), Err(DiskError::Invalid), "folders stay in their parent");
    assert_eq!(shell.disk.rename((root, "e"), (root, "d")), Err(DiskError::AlreadyExists));
    assert_eq!(shell.disk.rename((root, "a"), (root, "d")), Err(DiskError::AlreadyExists));
    assert_eq!(shell.disk.rename((root, "d"), (root, "a")), Err(DiskError::Invalid));
    assert_eq!(shell.disk.rename((root, "a"), (root, "a")), Ok(()));
    assert_eq!(shell.disk.root(LogDirId(9)), Err(DiskError::NotFound));
    let elsewhere = File { log_dir: LogDirId(1), ..a };
    assert_eq!(shell.disk.append(elsewhere, b"z"), Err(DiskError::Invalid));
    assert_eq!(shell.show(), "a=xy d/x=");
}
