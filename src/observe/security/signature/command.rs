//! Programs started through a shell: a separator or a substitution, and then a program the way an attacker calls it.

pub(super) const SIGNATURES: &[&str] = &[
    r"(?:[;|&`\n]|\$\()\s*/(?:usr/)?(?:local/)?s?bin/[a-z]",
    // Reading.
    r"(?:[;|&`\n]|\$\()\s*(?:cat|head|tail|less|more|type|tac|nl)\s+(?:/|\.\.|\$|c:|%|[\w-]+\.(?:php|conf|ini|txt|py|env)\b)",
    r"(?:[;|&`\n]|\$\()\s*(?:ls\b\s*(?:-|/|\.|$|[;|&`)])|dir\s+(?:c:|/|\\)|ps\s+-|echo\s+\S+\s*(?:[|`)>]|$)|printf\s+\S)",
    r"(?:[;|&`\n]|\$\()\s*(?:whoami|uname|ifconfig|ipconfig|netstat|printenv|systeminfo)\b\s*(?:-|/|$|[;|&`)#])",
    r"(?:[;|&\n]|\$\()\s*(?:id|pwd|env|hostname)\s*(?:$|[;&#]|\)\s*$|\x00|\|\s*[a-z])",
    // Fetching, waiting and calling home.
    r"(?:[;|&`\n]|\$\()\s*(?:wget|curl|lynx)\s+(?:-|https?:|\$|\S+\.\S+/)",
    r"(?:[;|&`\n]|\$\()\s*(?:nslookup|dig|ping|host)\s+(?:-\w\s*\d|\d|\S+\.\S+|\$)",
    r"(?:[;|&`\n]|\$\()\s*(?:sleep|timeout)\s+/?t?\s*\d+\s*(?:$|[;|&`)#])",
    r"(?:[;|&`\n]|\$\()\s*n(?:c|cat|etcat)\s+(?:-|\d)",
    // Running.
    r"(?:[;|&`\n]|\$\()\s*(?:ba|z|k|da)?sh\s+(?:-[ci]|<|/)",
    r"(?:[;|&`\n]|\$\()\s*(?:python|perl|ruby|php|node|lua)[23]?\s+-[cer]\b",
    r"(?:[;|&`\n]|\$\()\s*(?:powershell\b\s*-|cmd(?:\.exe)?\s*/[ck]|rm\s+-|chmod\s+[+0-7]|busybox\s|certutil\s+-|net\s+(?:user|view)\b|set\s+/[ap])",
    r"(?:[;|&`\n]|\$\()\s*(?:nohup|setsid|sudo|xargs|timeout\s+\d+)\s+[\w/{-]",
    r"(?:[;|&`\n]|\$\()\s*(?:find\s+[/.]\S*\s+-|grep\s+-|awk\s+'|sed\s+-|ss\s+-|ps\s+aux|ip\s+(?:a|addr|route|link)\b|(?:tail|head)\s+-|java\s+-jar|xterm\s+-|socat\s+\S+:)",
    r"(?:[;|&`\n]|\$\()\s*(?:reg\s+query|tasklist\b|net\s+localgroup|cat\s*<|/[\w?*]*\?[\w?*]*/[\w?*]*\?|\$'\\|\{\w+,)",
    // What stands for itself.
    r"\$\{?ifs\b|/bin/(?:ba|z|da|k|tc)?sh\b|/dev/(?:tcp|udp)/|\bmkfifo\s+/|\bcmd\.exe\b\s*/",
    r"\bpowershell(?:\.exe)?\s+-(?:e|c|nop|w)",
    r"\bbase64\s+(?:-d|--decode)\b|\$\(\(\s*\d+\s*[*+]\s*\d+\s*\)\)",
    r"^[^`]{0,20}`\s*(?:id|ls|whoami|uname|cat|curl|wget|ping|sleep|nslookup)\b[^`]{0,80}`\s*$",
];

/// CVE-2014-6271: a function in an environment variable, and a command after it.
pub(super) const SHELLSHOCK: &[&str] = &[r"\(\)\s*\{[^}]{0,40};?\s*\}\s*;"];
