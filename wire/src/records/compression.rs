//! The codecs of record batches. What comes out is bounded by the caller, so that no frame makes a node take more memory than it allows.

use std::io::Read;

/// A codec, with Kafka's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// Records stand as they are.
    #[default]
    None = 0,
    /// RFC 1952.
    Gzip = 1,
    /// Snappy in the framing of the xerial library; plain snappy is understood too.
    Snappy = 2,
    /// LZ4 frames.
    Lz4 = 3,
    /// Zstandard (KIP-110).
    Zstd = 4,
}

/// The records do not decompress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecompressError {
    /// They are no output of the codec.
    Corrupt,
    /// They hold more than the caller allows.
    TooLarge,
}

/// Every codec.
pub const ALL: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

const XERIAL_MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
/// Magic, version and the lowest version that can read it.
const XERIAL_HEADER: usize = 16;
/// What the xerial library puts into one block.
const XERIAL_BLOCK: usize = 32 * 1024;
/// Snappy's shortest element that yields the most: two bytes and a tag become 64.
const SNAPPY_MAX_RATIO: usize = 32;
/// Eight megabytes: what every decoder is asked to support (RFC 8878). Bounds what a frame's header alone can claim.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

impl Compression {
    /// The codec with Kafka's number.
    #[must_use]
    pub fn from_id(id: i16) -> Option<Compression> {
        ALL.iter().copied().find(|codec| *codec as i16 == id)
    }

    /// Kafka's name in `compression.type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }

    /// The codec with Kafka's name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Compression> {
        ALL.iter().copied().find(|codec| codec.name() == name)
    }

    /// Compresses. Encoders write into memory, so failure has no cause; were there one, the bytes come back as they are.
    #[must_use]
    pub fn compress(self, bytes: &[u8]) -> Vec<u8> {
        let compressed = match self {
            Compression::None => None,
            Compression::Gzip => gzip(bytes),
            Compression::Snappy => xerial(bytes),
            Compression::Lz4 => lz4(bytes),
            Compression::Zstd => zstd::bulk::compress(bytes, zstd::DEFAULT_COMPRESSION_LEVEL).ok(),
        };
        compressed.unwrap_or_else(|| bytes.to_vec())
    }

    /// Decompresses into at most `limit` bytes.
    pub fn decompress(self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
        match self {
            Compression::None if bytes.len() > limit => Err(DecompressError::TooLarge),
            Compression::None => Ok(bytes.to_vec()),
            Compression::Gzip => read(flate2::read::MultiGzDecoder::new(bytes), limit),
            Compression::Snappy => unxerial(bytes, limit),
            Compression::Lz4 => read(lz4_flex::frame::FrameDecoder::new(bytes), limit),
            Compression::Zstd => unzstd(bytes, limit),
        }
    }
}

/// Reads to the end; memory grows with what comes out, not with what a header claims.
fn read(source: impl Read, limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut out = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    source.take(bound).read_to_end(&mut out).map_err(|_| DecompressError::Corrupt)?;
    if out.len() > limit { Err(DecompressError::TooLarge) } else { Ok(out) }
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut out).ok()?;
    Some(out)
}

fn lz4(bytes: &[u8]) -> Option<Vec<u8>> {
    let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    std::io::Write::write_all(&mut encoder, bytes).ok()?;
    encoder.finish().ok()
}

fn unzstd(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(|_| DecompressError::Corrupt)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| DecompressError::Corrupt)?;
    read(decoder, limit)
}

/// Xerial's framing: a header, then blocks of a big-endian length and plain snappy.
fn xerial(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = XERIAL_MAGIC.to_vec();
    out.extend_from_slice(&1i32.to_be_bytes());
    out.extend_from_slice(&1i32.to_be_bytes());
    for block in bytes.chunks(XERIAL_BLOCK) {
        let compressed = snap::raw::Encoder::new().compress_vec(block).ok()?;
        out.extend_from_slice(&i32::try_from(compressed.len()).ok()?.to_be_bytes());
        out.extend_from_slice(&compressed);
    }
    Some(out)
}

fn unxerial(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut out = Vec::new();
    if !bytes.starts_with(XERIAL_MAGIC) {
        unsnap(bytes, limit, &mut out)?;
        return Ok(out);
    }
    let mut rest = bytes.get(XERIAL_HEADER..).ok_or(DecompressError::Corrupt)?;
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk::<4>().ok_or(DecompressError::Corrupt)?;
        let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| DecompressError::Corrupt)?;
        let (block, tail) = tail.split_at_checked(length).ok_or(DecompressError::Corrupt)?;
        unsnap(block, limit, &mut out)?;
        rest = tail;
    }
    Ok(out)
}

/// Appends one plain snappy block to `out`, which may grow to `limit`. The length that the block claims is checked before memory is taken.
fn unsnap(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), DecompressError> {
    let claimed = snap::raw::decompress_len(block).map_err(|_| DecompressError::Corrupt)?;
    if claimed > block.len().saturating_mul(SNAPPY_MAX_RATIO) {
        return Err(DecompressError::Corrupt);
    }
    if claimed > limit.saturating_sub(out.len()) {
        return Err(DecompressError::TooLarge);
    }
    let start = out.len();
    out.resize(start + claimed, 0);
    snap::raw::Decoder::new().decompress(block, &mut out[start..]).map_err(|_| DecompressError::Corrupt)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_gives_back_what_it_took() {
        let text: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        for codec in ALL {
            for len in [0, 1, 100, text.len()] {
                let packed = codec.compress(&text[..len]);
                assert_eq!(codec.decompress(&packed, len).as_deref(), Ok(&text[..len]), "{codec:?} {len}");
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        for codec in ALL {
            let packed = codec.compress(&vec![0; 1 << 20]);
            assert_eq!(codec.decompress(&packed, 1 << 16), Err(DecompressError::TooLarge), "{codec:?}");
        }
    }

    #[test]
    fn garbage_is_corrupt_in_every_codec() {
        for codec in ALL.into_iter().skip(1) {
            let mut packed = codec.compress(&[7; 5000]);
            packed.truncate(packed.len() / 2);
            assert_eq!(codec.decompress(&packed, 1 << 20), Err(DecompressError::Corrupt), "{codec:?}");
            assert!(codec.decompress(&[0xee; 40], 1 << 20).is_err(), "{codec:?}");
        }
    }

    #[test]
    fn a_snappy_length_that_the_block_cannot_hold_takes_no_memory() {
        assert_eq!(
            Compression::Snappy.decompress(&[0xff, 0xff, 0xff, 0xff, 0x0f], usize::MAX),
            Err(DecompressError::Corrupt)
        );
    }
}
