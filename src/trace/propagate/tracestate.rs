//! `tracestate` of W3C Trace Context: passed on as it came, if it is what it should be. Its lines are one list.

/// Members of a list, at most.
const MEMBERS: usize = 32;

/// What is known of it, over all lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracestate {
    /// Fingerprints of the keys so far.
    keys: [u64; MEMBERS],
    count: usize,
    is_bad: bool,
}

impl Tracestate {
    /// One more line.
    pub(super) fn field(&mut self, value: &[u8]) {
        for member in value.split(|byte| *byte == b',') {
            let member = trim(member);
            if !member.is_empty() && !self.is_bad {
                self.is_bad = !self.member(member);
            }
        }
    }

    fn member(&mut self, member: &[u8]) -> bool {
        let Some(equals) = member.iter().position(|byte| *byte == b'=') else { return false };
        let (key, value) = (&member[..equals], &member[equals + 1..]);
        let fingerprint = fnv(key);
        if !is_key(key) || !is_value(value) || self.count == MEMBERS || self.keys[..self.count].contains(&fingerprint) {
            return false;
        }
        self.keys[self.count] = fingerprint;
        self.count += 1;
        true
    }

    /// Whether all of it is what it should be.
    pub(super) fn is_good(&self) -> bool {
        !self.is_bad
    }
}

/// Blanks and tabs around a member.
fn trim(member: &[u8]) -> &[u8] {
    let from = member.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(member.len());
    let to = member.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(from, |last| last + 1);
    &member[from..to]
}

/// `name`, or `tenant@system`. Level 2 lets a name begin with a digit.
fn is_key(key: &[u8]) -> bool {
    let begins = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let goes_on = |byte: &u8| begins(*byte) || matches!(byte, b'_' | b'-' | b'*' | b'/');
    let name = |name: &[u8], most: usize| {
        name.len() <= most && name.first().is_some_and(|first| begins(*first)) && name.iter().all(goes_on)
    };
    match key.iter().position(|byte| *byte == b'@') {
        None => name(key, 256),
        Some(at) => {
            let (tenant, system) = (&key[..at], &key[at + 1..]);
            name(tenant, 241) && name(system, 14) && system[0].is_ascii_lowercase()
        }
    }
}

/// 1 to 256 printable characters but `,` and `=`; there is no blank at its end, which was trimmed.
fn is_value(value: &[u8]) -> bool {
    (1..=256).contains(&value.len()) && value.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'=')
}

/// FNV-1a.
fn fnv(key: &[u8]) -> u64 {
    key.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
