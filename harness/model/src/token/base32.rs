//! Crockford's base 32 in lower case, without padding.

/// The value of a letter is its index.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Why a text does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// A character that is none of the alphabet's.
    Character {
        /// The character.
        character: char,
        /// Its position, in characters from 1.
        position: usize,
    },
    /// The length is one that no encoding has, or bits are set past the last byte.
    Length,
}

/// Appends the letters for `bytes`.
pub(super) fn encode(bytes: &[u8], text: &mut String) {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut push = |value: u32| text.push(char::from(ALPHABET[value as usize & 31]));
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            push(bits >> count);
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        push(bits << (5 - count));
    }
}

/// The bytes that `text` stands for. No two texts stand for the same bytes.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = Vec::with_capacity(text.len() / 8 * 5 + 5);
    let mut bits = 0_u32;
    let mut count = 0;
    for (index, character) in text.chars().enumerate() {
        let value = ALPHABET
            .iter()
            .position(|letter| char::from(*letter) == character)
            .and_then(|value| u32::try_from(value).ok())
            .ok_or(DecodeError::Character {
                character,
                position: index + 1,
            })?;
        bits = bits << 5 | value;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
            bits &= (1 << count) - 1;
        }
    }
    // What is left over is padding: shorter than a letter, and zero.
    if count >= 5 || bits != 0 {
        return Err(DecodeError::Length);
    }
    Ok(bytes)
}
