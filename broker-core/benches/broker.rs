//! Time per handled request, codec included: a Produce and the Fetch of what it brought, on a disk in memory.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::unwrap_used)]

#[path = "../tests/solo/mod.rs"]
mod solo;

use solo::{Solo, batch, fetch_request, produce_request};
use std::hint::black_box;
use std::time::Instant;
use wire::{ConnId, Input, Request, RequestHeader};

const REQUESTS: u32 = 100_000;

/// Sends the same frame again and again.
fn measure(solo: &mut Solo, conn: ConnId, what: &str, version: i16, request: impl Into<Request>) {
    let request = request.into();
    let frame = request.encode(&RequestHeader::new(request.api(), version, 1, Some("bench".into()))).unwrap();
    let begin = Instant::now();
    for _ in 0..REQUESTS {
        solo.input(Input::Frame(conn, black_box(&frame).clone()));
        solo.forget();
    }
    println!("{what}: {} ns per request", begin.elapsed().as_nanos() / u128::from(REQUESTS));
}

fn main() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    let conn = solo.connect();
    let value = "x".repeat(100);
    measure(&mut solo, conn, "produce 100 B, acks=all", 9, produce_request("orders", -1, batch(&value)));
    let end = i64::from(REQUESTS);
    measure(&mut solo, conn, "fetch of one batch", 12, with_max_bytes(end - 1));
    measure(&mut solo, conn, "fetch at the end, no wait", 12, with_max_bytes(end));
    let begin = Instant::now();
    (0..REQUESTS).for_each(|_| solo.input(black_box(Input::Timeout)));
    println!("a spurious timeout: {} ns", begin.elapsed().as_nanos() / u128::from(REQUESTS));
}

fn with_max_bytes(offset: i64) -> wire::messages::FetchRequest {
    let mut request = fetch_request("orders", offset, 0);
    request.topics[0].partitions[0].partition_max_bytes = 100;
    request
}
