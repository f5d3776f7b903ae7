//! Names that are the same in any case.

/// Whether `name` is `lower`, but for the case of letters. As [`slice::eq_ignore_ascii_case`], of all bytes at once: the length is
/// known, and there is nothing to stop for.
pub fn is<const N: usize>(name: &[u8], lower: &[u8; N]) -> bool {
    let Ok(name) = <&[u8; N]>::try_from(name) else { return false };
    name.iter().zip(lower).fold(0, |differ, (one, other)| differ | (one.to_ascii_lowercase() ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_what_the_standard_library_says(name in "[cC-][oO@`][nN\\[{][tT\r-][e-fE-F]?") {
            prop_assert_eq!(is(name.as_bytes(), b"cont"), name.eq_ignore_ascii_case("cont"));
            prop_assert_eq!(is(name.as_bytes(), b"-ont"), name.eq_ignore_ascii_case("-ont"));
            prop_assert_eq!(is(name.as_bytes(), b"conte"), name.eq_ignore_ascii_case("conte"));
        }
    }
}
