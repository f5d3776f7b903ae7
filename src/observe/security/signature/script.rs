//! Cross-site scripting.

pub(super) const SIGNATURES: &[&str] = &[
    r"<[\s/\x00]*script\b",
    // An event handler, in a tag or behind a quote that ends an attribute.
    r#"<[a-z!/?][^>]{0,300}?[\s/"'+\x0c]on[a-z]{3,25}\s*="#,
    r#"["'`][\s/]+(?:\w+[\s/]+){0,3}on[a-z]{3,25}\s*=\s*\S"#,
    r#"^\s*on(?:error|load|click|focus|blur|toggle|begin|mouse\w+|key\w+|pointer\w+|animation\w+)\s*=\s*["']?\w+[(`]"#,
    // An attribute and its tag are ended and another begins.
    r#"^[^<]*["'`]\s*/?>\s*<[a-z!]"#,
    // Addresses that run.
    r"(?:java|vb|live)[\s\x00]*script[\s\x00]*:\s*(?://|/\*)?\S{0,60}[(`=]",
    r"\bdata:(?:text/html|application/xhtml|image/svg\+xml)[;,]",
    // Tags that load or run.
    r"<\s*(?:iframe|object|embed|applet|base|frame|frameset|math|isindex)\b[^>]{0,200}\b(?:src|data|href|srcdoc|action|code|xlink:href)\s*=",
    r"<\s*meta\b[^>]{0,80}http-equiv|<\s*link\b[^>]{0,80}(?:javascript|import)|<\s*style[^>]*>.{0,20}@import",
    r"<\s*(?:svg|form|isindex|button|input)\b[^>]{0,80}\b(?:formaction|action|xlink:href)\s*=\s*.?javascript",
    // Code that takes the page's secrets.
    r"\bstring\.fromcharcode\s*\(\s*\d|\beval\s*\(\s*(?:atob|unescape|string|location|name)",
    r#"\b(?:alert|confirm|prompt)\s*[(`]\s*(?:document\.|window\.|location|['"/]?xss|1\s*\)\s*(?:;|//|<|$)|\d+\s*\)\s*(?://|;|<))"#,
    r#"\bdocument\.(?:cookie|location|domain)\s*(?:\+|=\s*['"])|\+\s*document\.cookie"#,
    r#"\bexpression\s*\(\s*(?:alert|eval|document|window)|\]\s*\(\s*javascript:|\bconstructor['"]\]\s*\("#,
];
