//! The licence of the weights that a run started from, where their file tells.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::SafeTensors;

/// More bytes before the numbers are no header.
const MOST: u64 = 100_000_000;

/// What the metadata of the .safetensors file `path` say of its licence.
pub(super) fn of(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mut size = [0; 8];
    file.read_exact(&mut size).ok()?;
    let length = Some(u64::from_le_bytes(size)).filter(|&length| length < MOST)?;
    let mut bytes = size.to_vec();
    file.take(length).read_to_end(&mut bytes).ok()?;
    let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
    let facts = header.metadata().as_ref()?;
    let licence = ["license", "licence"]
        .iter()
        .find_map(|key| facts.get(*key));
    licence.filter(|text| !text.trim().is_empty()).cloned()
}
