//! What hosts share with the test: the simulated disk under its observer, and the court that hears every fact.

use crate::net::Passed;
use broker_core::view::{LogView, Logs, View};
use bytes::Bytes;
use properties::{Court, Fact, FactKind, FactSet, Moment, Nodes, Stop, standard};
use server::Storage;
use server::storage::{Pending, Sync};
use sim::observe::{Asker, BatchParser, Observed, WireTap};
use sim::{Draw, SimDisk, Survival};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use wire::{Dir, Disk, DiskError, EntryKind, File, Instant, Lent, LogDirId, NodeId, ReadId, SyncId, SyncTarget, Uuid};

/// The broker's node id.
pub(crate) const NODE: NodeId = NodeId(1);

/// Shared by the hosts of one trial, which run one at a time.
#[derive(Clone)]
pub(crate) struct Witness(Rc<RefCell<Seen>>);

struct Seen {
    disk: Observed,
    tap: WireTap,
    /// What the broker's connections carried since anybody looked.
    passed: Receiver<Passed>,
    tell: Sender<Passed>,
    /// Whose connections they are.
    clients: BTreeMap<u32, u16>,
    court: Court,
    config: broker_core::Config,
    draw: Draw,
    syncs: u64,
    incarnations: u32,
    runs: bool,
    facts: u64,
    /// Every fact with its time: two trials of a seed have the same.
    transcript: Vec<String>,
}

impl Witness {
    pub(crate) fn new(seed: u64, config: broker_core::Config) -> Witness {
        let draw = Draw::seeded(seed);
        let court = Court::new(standard());
        let wanted: Vec<FactKind> = FactKind::ALL.iter().copied().filter(|&kind| court.wants(kind)).collect();
        let wants = FactSet::of(&wanted);
        let (parser, (tell, passed)) = (BatchParser::default(), channel());
        Witness(Rc::new(RefCell::new(Seen {
            disk: Observed::new(NODE, SimDisk::new(draw.of("disk"), 1, 1 << 30), wants, parser.clone()),
            tap: WireTap::new(wants, parser),
            passed,
            tell,
            clients: BTreeMap::new(),
            court,
            config,
            draw,
            syncs: 0,
            incarnations: 0,
            runs: false,
            facts: 0,
            transcript: vec![],
        })))
    }

    /// An incarnation of the broker begins: its number, and where its connections tell what passes.
    pub(crate) fn started(&self) -> (u32, Sender<Passed>) {
        let incarnation = {
            let mut seen = self.0.borrow_mut();
            seen.incarnations += 1;
            seen.incarnations
        };
        self.tell(&Fact::Started { node: NODE, incarnation });
        self.0.borrow_mut().disk.begin();
        self.look();
        (incarnation, self.0.borrow().tell.clone())
    }

    /// Its disk is open.
    pub(crate) fn opened(&self) {
        self.0.borrow_mut().runs = true;
        self.0.borrow_mut().disk.opened();
        self.look();
        self.tell(&Fact::Opened { node: NODE, error: None });
    }

    /// Its process died; the page cache is still there. Or its machine did: what was not synced is gone.
    pub(crate) fn died(&self, how: Stop) {
        {
            let mut seen = self.0.borrow_mut();
            seen.runs = false;
            let draw = seen.draw.of("kill").at(seen.facts);
            match how {
                Stop::PowerLoss => {
                    let nothing = Survival { writes_permille: 0, entries_permille: 0, torn: false };
                    seen.disk.power_loss(&nothing, draw);
                }
                _ => seen.disk.kill(draw),
            }
        }
        self.tell(&Fact::Stopped { node: NODE, how });
        self.look();
    }

    /// What was asked, what the disk has seen, and what was answered since anybody looked.
    pub(crate) fn look(&self) {
        let passed: Vec<Passed> = self.0.borrow().passed.try_iter().collect();
        let mut facts = Vec::new();
        {
            let seen = &mut *self.0.borrow_mut();
            for passed in &passed {
                if let Passed::Request(link, frame) = passed {
                    let client = seen.clients.entry(*link).or_insert_with(|| client_of(frame));
                    seen.tap.request(&seen.disk, *link, Asker::Client(*client), frame);
                }
            }
            facts.extend(seen.tap.take_facts());
            let when = Moment { at: elapsed(), seq: seen.facts };
            for touch in seen.disk.take_touches(when) {
                facts.push(Fact::Injected { fault: touch.fault, node: touch.node });
                seen.court.ledger_mut().touch(touch);
            }
            facts.extend(seen.disk.take_facts());
            for passed in &passed {
                if let Passed::Answer(link, frame) = passed {
                    let client = seen.clients.get(link).copied().unwrap_or_default();
                    seen.tap.response(&seen.disk, *link, Asker::Client(client), frame);
                }
            }
            facts.extend(seen.tap.take_facts());
        }
        facts.iter().for_each(|fact| self.judge(fact));
    }

    /// Shows a fact to the court, after everything that came before it.
    pub(crate) fn tell(&self, fact: &Fact) {
        self.look();
        self.judge(fact);
    }

    fn judge(&self, fact: &Fact) {
        let seen = &mut *self.0.borrow_mut();
        seen.facts += 1;
        let at = elapsed();
        let moment = Moment { at, seq: seen.facts };
        let Seen { court, disk, config, runs, .. } = seen;
        court.observe(fact, moment, &Shown { disk, config, runs: *runs });
        seen.transcript.push(format!("{} {fact:?}", at.as_millis()));
    }

    /// The run is over: what was violated, what was lost as the configuration permits, and what happened.
    pub(crate) fn finish(&self) -> (Vec<String>, usize, Vec<String>) {
        self.tell(&Fact::AtRest {});
        let mut seen = self.0.borrow_mut();
        let moment = Moment { at: Instant::NEVER, seq: seen.facts };
        let Seen { court, disk, config, runs, .. } = &mut *seen;
        court.finish(moment, &Shown { disk, config, runs: *runs });
        let violations = court.verdicts().violations.iter().map(|violation| format!("{violation:?}")).collect();
        let lost = court.verdicts().attributed.len();
        (violations, lost, std::mem::take(&mut seen.transcript))
    }

    fn delay(&self) -> Duration {
        let mut seen = self.0.borrow_mut();
        seen.syncs += 1;
        Duration::from_micros(seen.draw.of("delay").at(seen.syncs).range((200, 5_000)))
    }
}

fn elapsed() -> Instant {
    Instant::default() + turmoil::sim_elapsed().unwrap_or_default()
}

/// The number in a request's client id, as `client-3`.
fn client_of(frame: &Bytes) -> u16 {
    let id = frame.get(10..).unwrap_or_default();
    let digits = id.strip_prefix(b"client-").unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
}

/// What a court may look at.
struct Shown<'a> {
    disk: &'a Observed,
    config: &'a broker_core::Config,
    runs: bool,
}

/// A broker that runs and is out of reach: its driver owns it.
struct Hidden;

impl Logs for Hidden {
    fn log(&self, _: Uuid, _: i32) -> Option<LogView<'_>> {
        None
    }

    fn each_log<'a>(&'a self, _: &mut dyn FnMut(LogView<'a>)) {}

    fn broker_epoch(&self) -> Option<i64> {
        None
    }

    fn quorum_epoch(&self) -> i32 {
        0
    }

    fn serves(&self) -> bool {
        true
    }
    fn bug_reached(&self) -> bool {
        false
    }
}

impl Nodes for Shown<'_> {
    fn ids(&self) -> &[NodeId] {
        &[NODE]
    }

    fn view(&self, _: NodeId) -> Option<View<'_>> {
        self.runs.then(|| View::new(&Hidden))
    }

    fn config(&self, _: NodeId, name: &str) -> Option<String> {
        self.config.value(name)
    }

    fn files(&self, _: NodeId, log_dir: LogDirId) -> Vec<(String, u64)> {
        self.disk.disk().files(log_dir)
    }

    fn file(&self, _: NodeId, log_dir: LogDirId, path: &str) -> Option<Bytes> {
        self.disk.disk().contents(log_dir, path)
    }
}

/// The disk as a driver has it: syncs and cold reads take virtual time.
impl Storage<dyn Disk> for Witness {
    fn lend(&mut self) -> &mut (dyn Disk + 'static) {
        // What the last input did to the disk is told before the next.
        self.look();
        self
    }

    fn sync(&mut self, _: Sync) -> Pending<Result<(), DiskError>> {
        let delay = self.delay();
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            Ok(())
        })
    }

    fn synced(&mut self, sync: Sync, _: Result<(), DiskError>) -> Result<(), DiskError> {
        let done = self.0.borrow_mut().disk.complete_sync(sync.id);
        self.look();
        done
    }

    fn cold_read(&mut self, _: ReadId, file: File, range: Range<u64>) -> Pending<Result<Bytes, DiskError>> {
        let (delay, read) = (self.delay(), self.read(file, range));
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            read
        })
    }
}

impl Lent for Witness {
    fn mark(&mut self, id: SyncId, target: SyncTarget) {
        self.0.borrow_mut().disk.mark(id, target);
    }

    fn is_gone(&self) -> bool {
        self.0.borrow().disk.is_gone()
    }
}

macro_rules! delegate {
    ($($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        impl Disk for Witness {
            $(fn $name(&mut self, $($argument: $type),*) $(-> $result)? {
                self.0.borrow_mut().disk.$name($($argument),*)
            })*

            fn log_dirs(&self) -> u8 {
                self.0.borrow().disk.log_dirs()
            }
        }
    };
}

delegate! {
    root(log_dir: LogDirId) -> Result<Dir, DiskError>;
    create_dir(parent: Dir, name: &str) -> Result<Dir, DiskError>;
    open_dir(parent: Dir, name: &str) -> Result<Dir, DiskError>;
    list(dir: Dir) -> Result<Vec<(String, EntryKind)>, DiskError>;
    create(dir: Dir, name: &str) -> Result<File, DiskError>;
    open(dir: Dir, name: &str) -> Result<File, DiskError>;
    close(file: File);
    len(file: File) -> Result<u64, DiskError>;
    append(file: File, bytes: &[u8]) -> Result<(), DiskError>;
    read(file: File, range: Range<u64>) -> Result<Bytes, DiskError>;
    truncate(file: File, len: u64) -> Result<(), DiskError>;
    rename(from: (Dir, &str), to: (Dir, &str)) -> Result<(), DiskError>;
    remove(dir: Dir, name: &str) -> Result<(), DiskError>;
    remove_dir(parent: Dir, name: &str) -> Result<(), DiskError>;
}
