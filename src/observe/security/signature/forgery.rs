//! Addresses that only the server can reach, in a parameter.

pub(super) const SIGNATURES: &[&str] = &[
    // Where clouds tell a machine its credentials.
    r"(?:^|[/@=,\s])(?:\[::ffff:)?169\.254\.(?:169\.254|170\.2)\b|\bmetadata\.google\.internal\b",
    r"//100\.100\.100\.200\b|\[fd00:ec2::254\]",
    r"^(?:gopher|dict|ldaps?|tftp|jar|netdoc|rmi)://?\S+$",
    // Itself, written so that a filter does not know it, and services of its own that speak no HTTP.
    r"^https?://(?:\S*@)?(?:0\.0\.0\.0|0x7f[0-9a-f.]+|2130706433|0177\.[0-9.]+|0\d{9,}|\[::1?\]|127\.1)(?:[:/?]\S*)?$",
    r"^https?://(?:127\.0\.0\.1|localhost)(?::(?:22|25|2375|3306|5432|6379|9200|11211|27017)\b\S*|/server-status\S*)$",
];
