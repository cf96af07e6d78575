//! Without faults the simulated disk is the disk in memory.

use super::*;
use proptest::prelude::*;
use wire::{EntryKind, RamDisk};

#[derive(Clone, Copy, Debug)]
enum Call {
    Create(u8, u8),
    CreateDir(u8, u8),
    Open(u8, u8),
    Rename(u8, u8, u8, u8),
    Remove(u8, u8),
    RemoveDir(u8, u8),
    List(u8),
    Append(u8, u8),
    Read(u8, u8, u8),
    Truncate(u8, u8),
    Len(u8),
    Close(u8),
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let (dir, name, file) = (0u8..3, 0u8..5, 0u8..8);
    let call = prop_oneof![
        3 => (dir.clone(), name.clone()).prop_map(|(dir, name)| Call::Create(dir, name)),
        1 => (dir.clone(), name.clone()).prop_map(|(dir, name)| Call::CreateDir(dir, name)),
        2 => (dir.clone(), name.clone()).prop_map(|(dir, name)| Call::Open(dir, name)),
        2 => (dir.clone(), name.clone(), dir.clone(), name.clone()).prop_map(|(from, old, to, new)| Call::Rename(from, old, to, new)),
        1 => (dir.clone(), name.clone()).prop_map(|(dir, name)| Call::Remove(dir, name)),
        1 => (dir.clone(), name).prop_map(|(dir, name)| Call::RemoveDir(dir, name)),
        1 => dir.prop_map(Call::List),
        6 => (file.clone(), any::<u8>()).prop_map(|(file, len)| Call::Append(file, len)),
        4 => (file.clone(), any::<u8>(), any::<u8>()).prop_map(|(file, from, len)| Call::Read(file, from, len)),
        2 => (file.clone(), any::<u8>()).prop_map(|(file, len)| Call::Truncate(file, len)),
        1 => file.clone().prop_map(Call::Len),
        1 => file.prop_map(Call::Close),
    ];
    prop::collection::vec(call, 0..80)
}

/// A disk with its open directories and files, so that two can be spoken to in the same way.
struct Side<D> {
    disk: D,
    dirs: Vec<Dir>,
    files: Vec<File>,
}

impl<D: Disk> Side<D> {
    fn new(mut disk: D) -> Side<D> {
        let root = disk.root(ROOT).unwrap();
        let dirs = vec![root, disk.create_dir(root, "d").unwrap(), disk.create_dir(root, "e").unwrap()];
        Side { disk, dirs, files: Vec::new() }
    }

    /// What a call came to, as text without the driver's own numbers.
    fn take(&mut self, call: Call) -> String {
        let dirs = self.dirs.clone();
        let dir = |dir: u8| dirs[usize::from(dir)];
        let name = |name: u8| NAMES[usize::from(name)];
        let files = self.files.clone();
        let file = |file: u8| files.get(usize::from(file)).copied();
        match call {
            Call::Create(at, n) => self.disk.create(dir(at), name(n)).map(|file| self.files.push(file)).pipe(text),
            Call::CreateDir(at, n) => self.disk.create_dir(dir(at), name(n)).map(|_| ()).pipe(text),
            Call::Open(at, n) => self.disk.open(dir(at), name(n)).map(|file| self.files.push(file)).pipe(text),
            // Folders stay in their parent on the simulated disk; the one in memory does not mind.
            Call::Rename(from, old, to, new) if from == to || self.is_file(dir(from), name(old)) => {
                self.disk.rename((dir(from), name(old)), (dir(to), name(new))).pipe(text)
            }
            Call::Remove(at, n) => self.disk.remove(dir(at), name(n)).pipe(text),
            // The test's own folders stay.
            Call::RemoveDir(at, n) if n < 3 => self.disk.remove_dir(dir(at), name(n)).pipe(text),
            Call::List(at) => self.disk.list(dir(at)).pipe(text),
            Call::Append(at, len) => {
                file(at).map(|file| self.disk.append(file, &vec![len; len.into()])).pipe(|done| format!("{done:?}"))
            }
            Call::Read(at, from, len) => {
                let range = u64::from(from) * 2..u64::from(from) * 2 + u64::from(len) * 3;
                file(at).map(|file| self.disk.read(file, range)).pipe(|done| format!("{done:?}"))
            }
            Call::Truncate(at, len) => {
                file(at).map(|file| self.disk.truncate(file, len.into())).pipe(|done| format!("{done:?}"))
            }
            Call::Len(at) => file(at).map(|file| self.disk.len(file)).pipe(|done| format!("{done:?}")),
            Call::Close(at) if usize::from(at) < self.files.len() => {
                let file = self.files.remove(at.into());
                self.disk.close(file);
                "closed".to_owned()
            }
            _ => String::new(),
        }
    }

    fn is_file(&mut self, dir: Dir, name: &str) -> bool {
        self.disk.list(dir).unwrap().contains(&(name.to_owned(), EntryKind::File))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "ends chains of calls")]
fn text<T: std::fmt::Debug>(done: Result<T, DiskError>) -> String {
    format!("{done:?}")
}

proptest! {
    #[test]
    fn without_faults_it_is_the_disk_in_memory(calls in calls()) {
        let mut simulated = Side::new(SimDisk::new(draw(0), 2, u64::MAX));
        let mut model = Side::new(RamDisk::new(2));
        for call in calls {
            prop_assert_eq!(simulated.take(call), model.take(call), "{:?}", call);
        }
        let paths: Vec<String> = simulated.disk.files(ROOT).into_iter().map(|(path, _)| path).collect();
        prop_assert_eq!(&paths, &model.disk.paths(ROOT));
        for path in paths {
            let found = simulated.disk.contents(ROOT, &path);
            prop_assert_eq!(found.as_deref(), model.disk.contents(ROOT, &path));
        }
        prop_assert_eq!(simulated.disk.take_effects(), vec![]);
    }
}
