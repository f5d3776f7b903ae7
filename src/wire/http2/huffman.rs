//! The string coding of HPACK (RFC 7541 §5.2 and appendix B).

/// The string is not coded as RFC 7541 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The shortest and the longest code, bits.
const SHORTEST: usize = 5;
const LONGEST: usize = 30;

/// Bits of each byte's code. The code is canonical (by length, then by byte), so the lengths say all of it; the
/// end-of-string symbol has the last code of 30 bits and never occurs.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/// By length: the codes.
static CODES: [Codes; LONGEST + 1] = codes();
/// All bytes, by their codes.
static BYTES: [u8; 256] = bytes();

/// The codes of one length.
#[derive(Clone, Copy)]
struct Codes {
    /// The first, and how many there are.
    first: u32,
    count: u32,
    /// Where their bytes stand in [`BYTES`].
    at: u32,
}

const fn codes() -> [Codes; LONGEST + 1] {
    let mut codes = [Codes { first: 0, count: 0, at: 0 }; LONGEST + 1];
    let (mut len, mut first, mut at) = (SHORTEST, 0, 0);
    while len <= LONGEST {
        let (mut count, mut byte) = (0, 0);
        while byte < 256 {
            if LENGTHS[byte] as usize == len {
                count += 1;
            }
            byte += 1;
        }
        codes[len] = Codes { first, count, at };
        first = (first + count) << 1;
        at += count;
        len += 1;
    }
    codes
}

const fn bytes() -> [u8; 256] {
    let mut bytes = [0; 256];
    let (mut len, mut at) = (SHORTEST, 0);
    while len <= LONGEST {
        let mut byte = 0;
        while byte < 256 {
            if LENGTHS[byte] as usize == len {
                bytes[at] = byte as u8;
                at += 1;
            }
            byte += 1;
        }
        len += 1;
    }
    bytes
}

/// Decodes `coded` behind what is in `out`.
pub fn decode(coded: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (mut window, mut bits) = (0u64, 0usize);
    let mut coded = coded.iter();
    loop {
        while bits <= 56 {
            let Some(&byte) = coded.next() else { break };
            window = window << 8 | u64::from(byte);
            bits += 8;
        }
        let found = (SHORTEST..=LONGEST.min(bits)).find_map(|len| {
            let code = (window >> (bits - len)) as u32 & ((1 << len) - 1);
            let codes = &CODES[len];
            let nth = code.wrapping_sub(codes.first);
            (nth < codes.count).then(|| (len, BYTES[(codes.at + nth) as usize]))
        });
        match found {
            Some((len, byte)) => {
                bits -= len;
                out.push(byte);
            }
            // What is left is padding: fewer than eight bits, all set.
            None if bits < 8 && window & ((1 << bits) - 1) == (1 << bits) - 1 => return Ok(()),
            None => return Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(text: &[u8]) -> Vec<u8> {
        let (mut out, mut window, mut bits) = (Vec::new(), 0u64, 0);
        for byte in text {
            let len = usize::from(LENGTHS[usize::from(*byte)]);
            let at = BYTES.iter().position(|b| b == byte).unwrap() as u32;
            window = window << len | u64::from(CODES[len].first + at - CODES[len].at);
            bits += len;
            while bits >= 8 {
                bits -= 8;
                out.push((window >> bits) as u8);
            }
        }
        if bits > 0 {
            out.push((window << (8 - bits)) as u8 | (0xff >> bits));
        }
        out
    }

    fn decoded(coded: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut out = Vec::new();
        decode(coded, &mut out).map(|()| out)
    }

    /// RFC 7541 §C.4.1 and §C.6.1.
    #[test]
    fn the_examples_of_the_standard_decode() {
        let coded = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(decoded(&coded).unwrap(), b"www.example.com");
        assert_eq!(decoded(&[0x64, 0x02]).unwrap(), b"302");
    }

    #[test]
    fn padding_that_is_too_long_or_not_set_is_malformed() {
        assert_eq!(decoded(&[0x64, 0x02, 0xff]), Err(Malformed));
        assert_eq!(decoded(&[0x64, 0x00]), decoded(&encode(b"300")));
        assert_eq!(decoded(&[0b110]), Err(Malformed));
        assert_eq!(decoded(&[0xff; 4]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn every_string_comes_back(text: Vec<u8>) {
            prop_assert_eq!(decoded(&encode(&text)), Ok(text));
        }

        #[test]
        fn any_bytes_decode_or_do_not(coded: Vec<u8>) {
            let _ = decoded(&coded);
        }
    }
}
