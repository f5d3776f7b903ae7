//! Which path segments are identifiers, told from their shape alone.

/// Bytes of a segment that may still be a word.
const LONGEST_WORD: usize = 48;
/// Bytes of an RPC service or method name.
const LONGEST_NAME: usize = 100;

/// Whether a decoded segment stands for one thing among many (`{id}`) and is not a part of the API's own vocabulary.
///
/// Identifiers are: numbers, dates and whatever is made of digits and punctuation; UUIDs, ULIDs, object ids, hashes and
/// other hex of 8 digits and more that has a digit; tokens of mixed letters and digits; a word with a number of 4 digits
/// and more beside it (`order-10023`); ticket keys (`PROJ-7`); mail addresses and `@names`; anything longer than 48 bytes,
/// or with a character that route tables do not use. API versions (`v1`, `v1beta1`, `1.0`) are words.
pub(super) fn is_identifier(segment: &[u8]) -> bool {
    if segment.len() > LONGEST_WORD {
        return true;
    }
    let kinds = segment.iter().fold(0, |kinds, byte| kinds | KINDS[usize::from(*byte)]);
    if kinds & ODD != 0 || (kinds & FOREIGN != 0 && !is_text(segment)) {
        return true;
    }
    if kinds & DIGIT == 0 {
        return false;
    }
    if kinds & (LETTER | FOREIGN) == 0 {
        return !is_version(segment);
    }
    let mut pieces = segment.split(|byte| KINDS[usize::from(*byte)] & MARK != 0).filter(|piece| !piece.is_empty());
    is_ticket(segment)
        || pieces.any(|piece| Letters::of(piece).are_opaque(piece.len() < segment.len()))
        // Base64 in its URL form has dashes and underscores anywhere.
        || (kinds & MARK != 0 && Letters::of(segment).are_mixed())
}

/// Whether the two last segments of a path call a method of a service, as gRPC, Connect and Twirp write it:
/// `package.Service/Method`. Their methods are a fixed vocabulary, whatever shape the names have.
pub(super) fn is_rpc(service: &[u8], method: &[u8]) -> bool {
    let word = |name: &[u8]| {
        name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let Some(dot) = service.iter().rposition(|byte| *byte == b'.') else { return false };
    service.len() <= LONGEST_NAME
        && method.len() <= LONGEST_NAME
        && service[dot + 1..].first().is_some_and(u8::is_ascii_uppercase)
        && service.split(|byte| *byte == b'.').all(word)
        && word(method)
}

const DIGIT: u8 = 1;
const LETTER: u8 = 2;
/// Punctuation that route tables use.
const MARK: u8 = 4;
/// A byte of a character beyond ASCII.
const FOREIGN: u8 = 8;
/// Everything else. `@`, `=`, `,` and brackets are here: they stand in mail addresses, user names, filters and keys.
const ODD: u8 = 16;

/// The kind of each byte.
const KINDS: [u8; 256] = {
    let mut kinds = [FOREIGN; 256];
    let mut byte = 0;
    while byte < 128 {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'-' | b'_' | b'.' | b':' | b'~' | b'+' | b'!' | b'$' | b'*' => MARK,
            _ => ODD,
        };
        byte += 1;
    }
    kinds
};

/// Whether the characters beyond ASCII are letters and digits.
fn is_text(segment: &[u8]) -> bool {
    std::str::from_utf8(segment).is_ok_and(|text| text.chars().all(|c| c.is_ascii() || c.is_alphanumeric()))
}

/// `1.0`, `2.1`: a digit, a dot, and one or two digits.
fn is_version(segment: &[u8]) -> bool {
    matches!(segment, [b'0'..=b'9', b'.', minor @ ..] if matches!(minor.len(), 1..=2) && minor.iter().all(u8::is_ascii_digit))
}

/// `PROJ-7`: capitals, then a dash and a number.
fn is_ticket(segment: &[u8]) -> bool {
    let Some(dash) = segment.iter().position(|byte| *byte == b'-') else { return false };
    let (key, number) = (&segment[..dash], &segment[dash + 1..]);
    key.len() >= 2
        && key[0].is_ascii_uppercase()
        && key.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && !number.is_empty()
        && number.iter().all(u8::is_ascii_digit)
}

/// What a piece of text is made of.
#[derive(Default)]
struct Letters {
    digits: usize,
    lower: usize,
    upper: usize,
    hex: usize,
    all: usize,
    longest_number: usize,
    /// From digits, small letters or capitals to another of these, but for a capital that begins a word.
    changes: usize,
}

impl Letters {
    fn of(piece: &[u8]) -> Self {
        let piece = piece.strip_prefix(b"0x").unwrap_or(piece);
        let mut letters = Self { all: piece.len(), ..Self::default() };
        let mut number = 0;
        let mut before = Class::None;
        for byte in piece {
            let class = Class::of(*byte);
            letters.hex += usize::from(byte.is_ascii_hexdigit());
            number = if class == Class::Digit { number + 1 } else { 0 };
            letters.longest_number = letters.longest_number.max(number);
            match class {
                Class::Digit => letters.digits += 1,
                Class::Lower => letters.lower += 1,
                Class::Upper => letters.upper += 1,
                Class::None => continue,
            }
            let begins_a_word = before == Class::Upper && class == Class::Lower;
            letters.changes += usize::from(before != Class::None && class != before && !begins_a_word);
            before = class;
        }
        letters
    }

    /// Whether they are an identifier; `parted` where they are a part of a segment.
    fn are_opaque(&self, parted: bool) -> bool {
        let number = self.digits == self.all && (!parted || self.all >= 4);
        let hash = self.hex == self.all && self.all >= 8;
        let small_token = (self.lower == 0 || self.upper == 0) && self.all >= 10 && self.changes >= 4;
        self.digits > 0 && (number || self.longest_number >= 5 || hash || small_token || self.are_mixed())
    }

    /// Whether digits, small letters and capitals change as often as chance would have it. Words with digits in them
    /// (`getOAuth2Token`, `base64ToUtf8`) change less often than tokens of the same length.
    fn are_mixed(&self) -> bool {
        let percent = match self.all {
            0..10 => return false,
            10..16 => 35,
            _ => 29,
        };
        self.digits > 0 && self.lower > 0 && self.upper > 0 && self.changes * 100 >= self.all * percent
    }
}

/// A kind of character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    None,
    Digit,
    Lower,
    Upper,
}

impl Class {
    fn of(byte: u8) -> Self {
        match byte {
            b'0'..=b'9' => Self::Digit,
            b'a'..=b'z' => Self::Lower,
            b'A'..=b'Z' => Self::Upper,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Split at whitespace.
    const IDENTIFIERS: &str = "
        0 7 42 -1 1234567890123 12.5 1,2,3 +4930123456 52.52,13.40 10.0.0.1 1.2.3 v1.2.3-2024
        550e8400-e29b-41d4-a716-446655440000 550E8400-E29B-41D4-A716-446655440000 {550e8400-e29b}
        urn:uuid:550e8400-e29b-41d4-a716-446655440000 550e8400e29b41d4a716446655440000
        01ARZ3NDEKTSV4RRFFQ69G5FAV 0ujtsYcgvSTl8PAuAdqWYSMnLOv cjld2cjxh0000qzrmn831i7rn
        V1StGXR8_Z5jdHi6B-myT 507f1f77bcf86cd799439011
        deadbee1 a3f5c9d2 da39a3ee5e6b4b0d3255bfef95601890afd80709 0xdeadbeef01
        cus_NffrFeUfNV2Hib sk_test_4eC39HqLyjWDarjtT1zdp7dc dQw4w9WgXcQ aGVsbG8gd29ybGQ=
        eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIx
        2024-01-15 20240115 2024-01-15T10:30:00Z 2024-01 2024_01_15 15.01.2024 2024-W03 1705314600
        alice@example.com @alice order-10023 INV-2024-0007 PROJ-7 user12345 report-123456.pdf
        a=b a/b Products(5) 'x' <script> %2e
    ";

    const WORDS: &str = "
        users Users api v1 v2 v10 v1beta1 v2alpha 1.0 2.1 v1.2 oauth2 s3 ec2 i18n k8s utf8 base64 sha256 sha3-256 md5
        h264 x509 ipv4 ipv6 p2p b2b mp3 web3 3d-models 2fa log4j2 covid19 rfc3339 iso8601 auth0 step1 A1 top-100
        getOAuth2TokenInfo OAuth2Callback getV2Users base64ToUtf8 getUserNotificationPreferences get-user-by-id
        chat.postMessage messages:batchDelete en-US pt_BR zh-Hans error-404 area-51 facade deadbeef decade
        .well-known openid-configuration jwks.json openapi.json swagger-ui apple-app-site-association
        * ~user $metadata _search über-uns 日本
    ";

    #[test]
    fn identifiers_are_known_by_their_shape() {
        for segment in IDENTIFIERS.split_whitespace() {
            assert!(is_identifier(segment.as_bytes()), "{segment}");
        }
        assert!(is_identifier(b"\xff\xfe") && is_identifier(b"x y") && is_identifier(b"\0"));
    }

    #[test]
    fn the_words_of_an_api_are_no_identifiers() {
        for segment in WORDS.split_whitespace() {
            assert!(!is_identifier(segment.as_bytes()), "{segment}");
        }
    }

    #[test]
    fn most_random_tokens_are_known() {
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for (alphabet, length) in [("hex", 8), ("base36", 16), ("base62", 16), ("base62", 22), ("base62", 32)] {
            let bytes = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
            let size = match alphabet {
                "hex" => 16,
                "base36" => 36,
                _ => 62,
            };
            let known = (0..1000)
                .filter(|_| is_identifier(&(0..length).map(|_| bytes[next(size)]).collect::<Vec<_>>()))
                .count();
            assert!(known >= 850, "{alphabet} of {length}: {known} of 1000");
        }
    }

    #[test]
    fn a_very_long_segment_is_an_identifier() {
        assert!(!is_identifier("a".repeat(48).as_bytes()) && is_identifier("a".repeat(49).as_bytes()));
    }

    #[test]
    fn a_method_of_a_service_is_known() {
        for (service, method, expected) in [
            ("helloworld.Greeter", "SayHello", true),
            ("grpc.health.v1.Health", "Check", true),
            ("google.cloud.aiplatform.v1.PredictionService", "Feed1234", true),
            ("example.com", "index", false),
            ("Greeter", "SayHello", false),
            ("a..B", "C", false),
            ("a.B", "c-d", false),
            ("a.B", "", false),
            ("1.B", "C", false),
        ] {
            assert_eq!(is_rpc(service.as_bytes(), method.as_bytes()), expected, "{service}/{method}");
        }
    }
}
