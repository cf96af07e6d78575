//! Record batches, sound and broken.

use crate::draw::Draw;
use bytes::Bytes;
use wire::records::{BatchBuilder, BatchHeader, Compression, HEADER_LEN, Header, LENGTH_PREFIX, compression, header};

/// The times of generated records begin here: before any broker's clock.
const BASE_MS: i64 = 1_700_000_000_000;

/// A record set as a producer might send it.
pub(super) fn record_set(draw: &mut Draw) -> Option<Bytes> {
    let batch = sound(draw);
    if draw.percent(72) {
        return Some(batch);
    }
    Some(match draw.below(12) {
        // Rare: Kafka may forget the connection, and waiting for it takes seconds.
        0 if draw.percent(5) => return None,
        1 => Bytes::new(),
        2 => [batch.clone(), sound(draw)].concat().into(),
        3 => batch.slice(..draw.below(batch.len())),
        4 => [batch.as_ref(), b"tail"].concat().into(),
        5 | 6 => flipped(draw, &batch),
        7 => with_magic(&batch, draw.pick(&[0, 1, 3, -1])),
        8 => large(draw),
        _ => altered(draw, &batch),
    })
}

/// A batch that Kafka takes.
pub(crate) fn sound(draw: &mut Draw) -> Bytes {
    let codec = draw.usually(Compression::None, &compression::ALL);
    let mut builder = BatchBuilder::new(codec);
    let mut timestamp = BASE_MS + draw.below(1_000_000) as i64;
    for _ in 0..1 + draw.below(5) {
        let key = draw.percent(60).then(|| format!("k{}", draw.below(5)));
        let value = draw.percent(95).then(|| vec![b'a' + draw.below(26) as u8; draw.below(120)]);
        let header = Header { key: "h".into(), value: draw.percent(50).then(|| "v".into()) };
        let headers = if draw.percent(20) { vec![header.clone(), header] } else { vec![] };
        builder.push(timestamp, key.as_deref().map(str::as_bytes), value.as_deref(), &headers);
        timestamp += draw.usually(1, &[0, 1000, -5]);
    }
    builder.build()
}

/// A batch of one record, without anything special.
pub(super) fn plain() -> Bytes {
    BatchBuilder::new(Compression::None).record(BASE_MS, Some(b"k"), Some(b"plain")).build()
}

fn large(draw: &mut Draw) -> Bytes {
    let size = draw.pick(&[150, (1 << 20) - 81, 1 << 20, 1_100_000]);
    BatchBuilder::new(Compression::None).record(BASE_MS, Some(b"k"), Some(&vec![b'x'; size])).build()
}

/// Changes a bit without making the CRC right again.
fn flipped(draw: &mut Draw, batch: &Bytes) -> Bytes {
    let mut bytes = batch.to_vec();
    let at = LENGTH_PREFIX + draw.below(bytes.len() - LENGTH_PREFIX);
    bytes[at] ^= 1 << draw.below(8);
    bytes.into()
}

fn with_magic(batch: &Bytes, magic: i8) -> Bytes {
    let mut bytes = batch.to_vec();
    // Behind length and leader epoch, in every magic.
    bytes[LENGTH_PREFIX + 4] = magic as u8;
    header::seal(&mut bytes);
    bytes.into()
}

/// Changes one field of the header and makes the CRC right again: what only validation can find.
fn altered(draw: &mut Draw, batch: &Bytes) -> Bytes {
    let Some(mut header) = BatchHeader::parse(batch) else { return batch.clone() };
    match draw.below(14) {
        0 => header.count += draw.pick(&[1, -1, 100]),
        1 => header.count = draw.pick(&[0, -1, i32::MAX]),
        2 => header.last_offset_delta += draw.pick(&[1, -1, 7]),
        3 => header.last_offset_delta = draw.pick(&[-1, i32::MAX, i32::MIN]),
        4 => header.batch_length += draw.pick(&[1, -1, 100]),
        5 => header.batch_length = draw.pick(&[0, -1, i32::MAX, 13]),
        6 => header.attributes.0 |= draw.pick(&[5, 6, 7]),
        7 => header.attributes.0 |= draw.pick(&[1, 2, 3, 4]),
        8 => header.attributes.0 |= draw.pick(&[0x08, 0x10, 0x20, 0x30, 0x40, 0x80]),
        9 => header.base_offset = draw.pick(&[5, -1, i64::MAX]),
        10 => header.partition_leader_epoch = draw.pick(&[0, 9, -2]),
        11 => header.max_timestamp = draw.pick(&[-1, 0, BASE_MS - 1, i64::MAX]),
        12 => header.base_sequence = draw.pick(&[0, 5]),
        _ => header.base_timestamp = draw.pick(&[-1, 0, 4_000_000_000_000, i64::MAX]),
    }
    let mut bytes = batch.to_vec();
    bytes[..HEADER_LEN].copy_from_slice(&header.to_bytes());
    header::seal(&mut bytes);
    bytes.into()
}
