//! Time per append and per recovered megabyte of a log in memory.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use broker_core::Config;
use broker_core::log::measure::Measured;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;
use wire::RamDisk;
use wire::records::{BatchBuilder, Compression};

const APPENDS: u32 = 100_000;

fn main() {
    let config = Config::parse(&BTreeMap::new()).expect("defaults are valid");
    for bytes in [100, 1000, 10_000] {
        let batch = BatchBuilder::new(Compression::None).record(1, None, Some(&vec![7; bytes])).build();
        let mut disk = RamDisk::default();
        let mut log = Measured::open(config.clone(), &mut disk).expect("an empty disk opens");
        let begin = Instant::now();
        for _ in 0..APPENDS {
            black_box(log.append(&batch, &mut disk));
        }
        let append = begin.elapsed();
        let size = log.bytes();
        let begin = Instant::now();
        let recovered = Measured::open(config.clone(), &mut disk).map_or(0, |log| log.bytes());
        let recovery = begin.elapsed();
        assert_eq!(size, recovered);
        let megabytes = size as f64 / 1e6;
        println!(
            "log, {bytes} B records: {} ns per append, {:.0} us per recovered MB ({megabytes:.0} MB)",
            append.as_nanos() / u128::from(APPENDS),
            recovery.as_micros() as f64 / megabytes,
        );
    }
}
