//! Records as TensorFlow frames them: length, checksum of the length, bytes, checksum of the bytes.

/// The polynomial of CRC-32C (Castagnoli), bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// The checksum of each byte alone.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (POLYNOMIAL * (crc & 1));
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// CRC-32C of `bytes`, turned right by 15 bits, plus a constant: a checksum that may stand beside checksums.
#[must_use]
pub fn masked_crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ TABLE[(crc as u8 ^ byte) as usize];
    let crc = !bytes.iter().fold(!0, step);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// `bytes` as one record.
#[must_use]
pub fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(bytes.len() + 16);
    record.extend_from_slice(&length);
    record.extend_from_slice(&masked_crc(&length).to_le_bytes());
    record.extend_from_slice(bytes);
    record.extend_from_slice(&masked_crc(bytes).to_le_bytes());
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, appendix B.4, with the mask taken off again.
        let plain = |bytes: &[u8]| masked_crc(bytes).wrapping_sub(0xa282_ead8).rotate_left(15);
        assert_eq!(plain(&[0; 32]), 0x8a91_36aa);
        assert_eq!(plain(&[0xff; 32]), 0x62a8_ab43);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(plain(&rising), 0x46dd_794e);
        assert_eq!(plain(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_record_holds_its_length_and_bytes_between_checksums() {
        let record = framed(b"abc");
        assert_eq!(record.len(), 8 + 4 + 3 + 4);
        assert_eq!(record[..8], 3_u64.to_le_bytes());
        assert_eq!(&record[12..15], b"abc");
    }
}
