//! Header lines in a parameter.

pub(super) const SIGNATURES: &[&str] = &[
    r"[\r\n]+\s*(?:set-cookie|location|host|refresh|link|transfer-encoding|bcc|cc|(?:content|x|access-control|strict-transport|cross-origin|cache|proxy)-[\w-]{2,40})\s*:",
    r"[\r\n]+\s*http/[12]|[\r\n]\s*[\r\n]\s*<(?:html|script|svg|h1)",
];
