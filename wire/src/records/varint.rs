//! Zigzag varints as records use them (Protocol Buffers' sint32 and sint64).

/// Reads a 64-bit zigzag varint at `*at` and moves past it; None if it is malformed or does not end.
pub(super) fn read_long(bytes: &[u8], at: &mut usize) -> Option<i64> {
    let mut raw = 0u64;
    for shift in (0..70).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        raw |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte < 0x80 {
            return Some((raw >> 1) as i64 ^ -((raw & 1) as i64));
        }
    }
    None
}

/// Reads a 32-bit zigzag varint: at most five bytes.
pub(super) fn read_int(bytes: &[u8], at: &mut usize) -> Option<i32> {
    let mut raw = 0u32;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        raw |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((raw >> 1) as i32 ^ -((raw & 1) as i32));
        }
    }
    None
}

/// Appends a zigzag varint.
pub(super) fn write(out: &mut Vec<u8>, value: i64) {
    let mut raw = (value << 1) as u64 ^ (value >> 63) as u64;
    while raw >= 0x80 {
        out.push(raw as u8 | 0x80);
        raw >>= 7;
    }
    out.push(raw as u8);
}

/// How many bytes [`write`] takes.
pub(super) fn len(value: i64) -> usize {
    let raw = (value << 1) as u64 ^ (value >> 63) as u64;
    let bits = 64 - (raw | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_comes_back() {
        for value in
            (0..63).flat_map(|bit| [1i64 << bit, (1i64 << bit) - 1, -(1i64 << bit)]).chain([i64::MIN, i64::MAX])
        {
            let mut out = Vec::new();
            write(&mut out, value);
            assert_eq!(out.len(), len(value), "{value}");
            assert_eq!(read_long(&out, &mut 0), Some(value));
            if let Ok(int) = i32::try_from(value) {
                assert_eq!(read_int(&out, &mut 0), Some(int));
            }
        }
    }

    #[test]
    fn a_varint_that_does_not_end_is_refused() {
        assert_eq!(read_long(&[0x80; 11], &mut 0), None);
        assert_eq!(read_int(&[0x80; 6], &mut 0), None);
        assert_eq!(read_int(&[0x80], &mut 0), None);
    }
}
