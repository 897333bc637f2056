//! A DICOM file, opened once its lengths and the depth of its sequences are known to be sound.

use std::error::Error;
use std::io::Cursor;

use dicom_dictionary_std::{tags, uids};
use dicom_object::{DefaultDicomObject, FileMetaTable, OpenFileOptions};
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use dicom_transfer_syntax_registry::{TransferSyntax, TransferSyntaxIndex, TransferSyntaxRegistry};

use super::start::START;

/// Sequences within sequences; real files have a dozen at most.
const DEEPEST: usize = 64;

/// Length of the element that says how long the group of the file's own elements is.
const GROUP_LENGTH: usize = 12;

/// The elements of a file up to its pixels, `pixels` included or not.
pub(super) fn open(bytes: &[u8], pixels: bool) -> Result<DefaultDicomObject, String> {
    let body = bytes.get(START..).unwrap_or_default();
    let group = body
        .get(GROUP_LENGTH - 4..GROUP_LENGTH)
        .and_then(|length| length.try_into().ok())
        .map(u32::from_le_bytes);
    let group = group.and_then(|length| GROUP_LENGTH.checked_add(length as usize));
    let (own, elements) = group
        .and_then(|end| body.split_at_checked(end))
        .ok_or("the DICOM file is truncated within its header; copy it again")?;
    walk(own, &EXPLICIT_VR_LITTLE_ENDIAN.erased())?;
    let meta = FileMetaTable::from_reader(&bytes[START - 4..]).map_err(|e| broken(&e))?;
    let syntax = syntax(meta.transfer_syntax())?;
    walk(elements, syntax)?;
    let options = OpenFileOptions::new();
    let options = if pixels {
        options.read_to(tags::PIXEL_DATA)
    } else {
        options.read_until(tags::PIXEL_DATA)
    };
    let file = options.from_reader(bytes);
    file.map_err(|e| broken(&e))
}

/// How the elements of a file are written.
fn syntax(uid: &str) -> Result<&'static TransferSyntax, String> {
    let syntax = TransferSyntaxRegistry.get(uid);
    let deflated = uid == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
    match syntax {
        Some(syntax) if !deflated => Ok(syntax),
        found => Err(unread(found.map_or(uid, |syntax| syntax.name()))),
    }
}

/// Why files that are written so are not read.
pub(super) fn unread(syntax: &str) -> String {
    format!(
        "a DICOM file written as {syntax} is not read; save it without compression (`dcmdjpeg`, `gdcmconv --raw`), or as PNG"
    )
}

/// Refuse a file that announces more than it holds, or nests without end: memory is taken for what is announced.
fn walk(elements: &[u8], syntax: &TransferSyntax) -> Result<(), String> {
    let reader = LazyDataSetReader::new_with_ts(Cursor::new(elements), syntax);
    let mut reader = reader.map_err(|e| broken(&e))?;
    let mut depth = 0;
    while let Some(token) = reader.advance() {
        let token = token.map_err(|e| broken(&e))?;
        let (length, last) = match &token {
            LazyDataToken::SequenceStart { .. } | LazyDataToken::PixelSequenceStart => {
                depth += 1;
                (0, false)
            }
            LazyDataToken::SequenceEnd => {
                depth -= 1;
                (0, false)
            }
            LazyDataToken::LazyValue { header, .. } => {
                let last = depth == 0 && header.tag == tags::PIXEL_DATA;
                (header.len.get().unwrap_or(0), last)
            }
            LazyDataToken::LazyItemValue { len, .. } => (*len, false),
            _ => (0, false),
        };
        if length as usize > elements.len() {
            return Err(format!(
                "the DICOM file is truncated: it announces {length} bytes of one element and has {} in all; copy it again",
                elements.len()
            ));
        }
        if depth > DEEPEST {
            return Err(format!(
                "cannot decode the DICOM file: more than {DEEPEST} sequences within one another"
            ));
        }
        if last {
            break;
        }
        token.skip().map_err(|e| broken(&e))?;
    }
    Ok(())
}

/// What the library says of a file that it cannot read, with all reasons.
pub(super) fn broken(error: &dyn Error) -> String {
    let reasons = std::iter::successors(Some(error), |&error| error.source());
    let reasons: Vec<String> = reasons.map(ToString::to_string).collect();
    format!("cannot decode the DICOM file: {}", reasons.join(": "))
}
