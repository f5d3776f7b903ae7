//! Which series `limit_ratio` keeps: the same as Prometheus does, by the same hash of the labels.

use crate::base::Labels;

const PRIMES: [u64; 5] =
    [0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x85eb_ca77_c2b2_ae63, 0x27d4_eb2f_1656_67c5];

/// Where in 0 to 1 a series lies.
pub(super) fn share(labels: &Labels) -> f64 {
    let mut data = Vec::new();
    for (name, value) in labels.iter() {
        for text in [name, value] {
            // A length of one byte, or 255 and three bytes.
            match text.len() {
                len @ 0..255 => data.push(len as u8),
                len => data.extend_from_slice(&[255, len as u8, (len >> 8) as u8, (len >> 16) as u8]),
            }
            data.extend_from_slice(text.as_bytes());
        }
    }
    xxh64(&data) as f64 / u64::MAX as f64
}

/// XXH64 with seed 0 (<https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>).
fn xxh64(data: &[u8]) -> u64 {
    let [p1, p2, p3, p4, p5] = PRIMES;
    let round = |lane: u64, word: u64| lane.wrapping_add(word.wrapping_mul(p2)).rotate_left(31).wrapping_mul(p1);
    let (stripes, mut rest) = data.split_at(data.len() / 32 * 32);
    let mut hash = if stripes.is_empty() {
        p5
    } else {
        let mut lanes = [p1.wrapping_add(p2), p2, 0, 0_u64.wrapping_sub(p1)];
        for stripe in stripes.chunks_exact(32) {
            lanes.iter_mut().zip(stripe.chunks_exact(8)).for_each(|(lane, word)| *lane = round(*lane, little(word)));
        }
        let turned =
            [1, 7, 12, 18].iter().zip(lanes).fold(0_u64, |sum, (by, lane)| sum.wrapping_add(lane.rotate_left(*by)));
        lanes.iter().fold(turned, |hash, lane| (hash ^ round(0, *lane)).wrapping_mul(p1).wrapping_add(p4))
    };
    hash = hash.wrapping_add(data.len() as u64);
    while let Some((word, more)) = rest.split_at_checked(8) {
        hash = (hash ^ round(0, little(word))).rotate_left(27).wrapping_mul(p1).wrapping_add(p4);
        rest = more;
    }
    if let Some((word, more)) = rest.split_at_checked(4) {
        hash = (hash ^ little(word).wrapping_mul(p1)).rotate_left(23).wrapping_mul(p2).wrapping_add(p3);
        rest = more;
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte).wrapping_mul(p5)).rotate_left(11).wrapping_mul(p1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(p2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(p3);
    hash ^ (hash >> 32)
}

fn little(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_xxh64() {
        assert_eq!(xxh64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxh64(b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(xxh64(b"abc"), 0x44bc_2cf5_ad77_0999);
        assert_eq!(xxh64(b"Nobody inspects the spammish repetition"), 0xfbce_a83c_8a37_8bf1);
    }

    #[test]
    fn series_are_spread_evenly() {
        let lies_low = |n: &u32| share(&Labels::new([("instance", n.to_string())])) < 0.3;
        let low = (0..1000).filter(lies_low).count();
        assert!((250..350).contains(&low), "{low}");
    }
}
