//! Whether the bytes of a picture go on to its end: decoders fill what is missing with grey or black.

/// Refuse a JPEG, GIF or WebP file that stops early; other formats are left to their decoders, which notice.
///
/// Bytes after the end of the picture do no harm.
///
/// # Errors
/// A sentence that says what is missing.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let missing = if bytes.starts_with(&[0xff, 0xd8]) {
        (!jpeg(bytes)).then_some(("JPEG", "its end-of-image marker is missing"))
    } else if bytes.starts_with(b"GIF8") {
        (!gif(bytes)).then_some(("GIF", "its first picture does not end"))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        (!webp(bytes)).then_some(("WebP", "it is shorter than its header says"))
    } else {
        None
    };
    missing.map_or(Ok(()), |(format, what)| {
        Err(format!(
            "the {format} file is truncated: {what}; copy or download it again"
        ))
    })
}

/// Whether the end-of-image marker of the main picture is there: an embedded thumbnail has one of its own, so segments
/// are skipped by their lengths, and only what stands between them is searched.
fn jpeg(bytes: &[u8]) -> bool {
    let mut at = 2; // after the start-of-image marker
    let mut in_scan = false;
    while let Some(found) = bytes.get(at..).and_then(|rest| position(rest, 0xff)) {
        at += found + 1;
        let Some(&marker) = bytes.get(at) else {
            return false;
        };
        match marker {
            0xff => {} // a fill byte: the marker follows
            0xd9 => return true,
            0xd8 if in_scan => return false, // another picture starts where this one should go on
            // Entropy-coded 0xff, restart markers, and what no encoder writes between segments.
            0x00..=0xbf | 0xd0..=0xd8 | 0xf0..=0xfd => at += 1,
            _ => {
                let Some(&[high, low]) = bytes.get(at + 1..at + 3) else {
                    return false;
                };
                in_scan |= marker == 0xda;
                at += 1 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
    false
}

/// Whether the first picture, the only one that is read, comes with all of its blocks.
fn gif(bytes: &[u8]) -> bool {
    gif_blocks(bytes).is_some()
}

/// Walk to the end of the first picture; `None` where the bytes end before.
fn gif_blocks(bytes: &[u8]) -> Option<()> {
    let table = |flags: u8| {
        if flags & 0x80 == 0 {
            0
        } else {
            6 << (flags & 7)
        }
    };
    let mut at = 13 + table(*bytes.get(10)?);
    loop {
        match *bytes.get(at)? {
            0x21 => at = sub_blocks(bytes, at + 2)?,
            0x2c => {
                let start = at + 10 + table(*bytes.get(at + 9)?) + 1; // after the code size
                return sub_blocks(bytes, start).map(|_| ());
            }
            _ => return Some(()), // no picture, or foreign: the decoder says so
        }
    }
}

/// Where the sub-blocks that start at `at` end: after their empty one.
fn sub_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// Whether there are as many bytes as the container announces (its last padding byte may lack).
fn webp(bytes: &[u8]) -> bool {
    let size = bytes.get(4..8).and_then(|size| size.try_into().ok());
    let announced = u64::from(u32::from_le_bytes(size.unwrap_or_default()));
    bytes.len() as u64 + (announced & 1) >= 8 + announced
}

fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    bytes.iter().position(|&byte| byte == wanted)
}
