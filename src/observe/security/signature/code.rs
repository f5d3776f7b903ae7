//! Text that a template, an expression language or an object loader would run.

/// Templates and expressions: arithmetic to try one out, and the way from there to the interpreter.
pub(super) const TEMPLATES: &[&str] = &[
    r#"\{\{.{0,100}(?:\d\s*\*\s*['"]?\d|__class__|__globals__|__import__|\bself\.|\bconfig\b|\brequest\.|cycler\.|lipsum|constructor|\|\s*(?:attr|map|filter|sort|reduce)\s*\(|\.popen|_self\.env)"#,
    r"\{%\s*(?:import|include|for|if|set|debug|extends)\b.{0,80}(?:__|import|popen)",
    r"[$#*@%]\{\s*\(?\s*['\x22]?\d+['\x22]?\s*[*+-]\s*['\x22]?\d+",
    r"[$#*@%]\{.{0,60}(?:\bt\s*\(|runtime|processbuilder|getclass|#_memberaccess|#context|@java|new\s+java|\bexec\s*\()",
    r"<%=?\s*(?:\d+\s*\*\s*\d+|system|`|file\.|%x|io\.)|<#assign\b|#set\s*\(\s*\$|\bfreemarker\.template",
    r"\{php\}|\{\w*\|?system\b",
];

/// Calls and names of Java, JavaScript, PHP and Python, filters of LDAP and XPath, entities of XML, server-side includes.
pub(super) const CALLS: &[&str] = &[
    r"\bjava\.lang\.(?:runtime|processbuilder|class|system)\b|@ognl\.",
    r"\bt\(\s*java\.|!!javax?\.",
    r#"\brequire\s*\(\s*['"](?:node:)?child_process|\bprocess\.(?:mainmodule|binding)\b|\b_\$\$nd_func\$\$_"#,
    r"(?:^|[=\s])(?:php|expect|phar|zip|glob|compress\.zlib|ogg|ssh2)://|\bdata:[\w/+;-]*,?\s*(?:<\?|PD9w)",
    r"<\?(?:php|=)",
    r#"\b(?:phpinfo|passthru|shell_exec|proc_open|pcntl_exec)\s*\("#,
    r#"\b(?:eval|assert|system|exec|print|die|call_user_func\w*)\s*\(\s*(?:\$_|base64_decode|chr\s*\(|gzinflate|md5\s*\(|['"]\s*(?:id|ls|whoami|cat|sleep|uname)\b)"#,
    r"\b__import__\s*\(\s*['\x22](?:os|subprocess|builtins|pty|socket|sys)\b|\bos\.(?:system|popen)\s*\(",
    r"\bsubprocess\.(?:popen|call|run|check_output)\s*\(",
    r"^[^(]*\)\s*\(\s*(?:[|&!]|\*\)|\w+\s*(?:[:><~]?=|:))|^\*\)\)?\x00",
    r"<!entity\b|<!doctype\s+\w+\s*(?:\[|system\b)|<!--\s*#\s*(?:exec|include|echo)\b|<xsl:|\]\s*\|\s*//\w",
    r"\bcount\s*\(\s*/\w",
];

/// Serialised objects, and settings that load what is not theirs.
pub(super) const OBJECTS: &[&str] = &[
    r"\bclass\.module\.classloader\b|#_memberaccess\b|\bscriptenginemanager\b|\bc(?:os|posix)\nsystem\n",
    r"\brO0AB[A-Za-z0-9+/]{8}|^aced0005",
    r"__proto__(?:\]|\[|\.\w|['\x22]\s*:)|^__proto__$|\bconstructor(?:\.|\[|\]\[)prototype\b",
    r"\ballow_url_(?:include|fopen)\b|\bauto_prepend_file\b|\binvokefunction&function=",
];

/// Expressions for what writes logs (Log4j: `${jndi:…}`, and what hides it).
pub(super) const LOGGED: &[&str] = &[
    r"\$\{[^}]{0,120}jndi\S{0,20}:",
    r"\$\{\s*(?:lower|upper|env|sys|java|ctx|date|base64|main|bundle|script|dns|url|::-)\s*:.{0,200}\$\{",
    r"\$\{(?:::-|lower:|upper:)",
    r"\$\{(?:env|sys|java|script|dns|url|ctx):[\w.:-]{1,80}\}?",
];
