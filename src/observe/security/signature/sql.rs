//! SQL (and MongoDB) injection.
//!
//! Most begin with the quote that ends a string of the statement: the *first* quote of the value. A filter language has its
//! first quote at the beginning of a string, after an operator, so a condition never follows it at once.

/// Pieces of statements.
pub(super) const STATEMENTS: &[&str] = &[
    // A second query, or more columns of this one.
    r"\bunion\b[\s(+]+(?:all[\s+]+|distinct[\s+]+)?[\s(+]*select\b[\s(+]*(?:all\b|distinct\b|top\b|null\b|[-\d@'\x22*~!]|\w+\s*(?:\(|,|--|#|/\*)|[\w\s,.@]{1,120}\bfrom\b)",
    r"[;)]\s*(?:drop|truncate|alter|create)\s+(?:table|database|user|view|procedure|function|schema|role)\b",
    r"^[^=]{0,80};\s*(?:delete\s+from|insert\s+into|update\s+\w+\s+set|declare\s+@|exec(?:ute)?[\s(]+(?:master|xp_|sp_|@)|select\s+\w*\s*\()",
    r"\binto\s+(?:outfile|dumpfile)\b",
    // A string is ended and a condition follows.
    r#"^[^'"]*['"][\s)]*(?:or|and|xor|\|\||&&)[\s(]*(?:not\s+)?['"]?[\w.@]*['"]?[\s)]*(?:=|<|>|!=|\blike\b|\bbetween\b|\bin\s*\(|\brlike\b|\bregexp\b|\bis\s+(?:not\s+)?null\b)"#,
    r#"^[^'"]*['"][\s)]*(?:or|and|xor|\|\||&&)[\s(]+(?:not\s+)?(?:\w+\(|binary\s|this\.\w)"#,
    r#"^[^'"]*['"][\s)]*(?:or|and|xor)[\s(]+(?:not\s+)?(?:true|false|null|exists|select|\d+)\b"#,
    r#"^[^'"]*['"][\s)]*(?:order|group)\s+by\b"#,
    r#"^[^'"]*['"][\s)]*(?:having|rlike|limit|procedure)[\s(]+[\d(]"#,
    // A string is ended and the rest is a comment.
    r#"^[^'"]*['"][\s);]*(?:--[\s-]*|#\s*|/\*\s*)$"#,
    r"^[^'\x22]*'[\s)]*;\s*\w",
    r#"^[^'"]*['"][\s)]+\w.{0,300}--[\s-]*$"#,
    // A string is ended and another is put to it.
    r"^[\w\s%.-]{0,40}'\s*(?:\|\||\+)\s*(?:\(|'|\w+\s*\()",
    // Conditions on numbers.
    r#"\b(?:or|and|xor|having|where)[\s(]+(?:not[\s(]+)?['"]?\d+['"]?[\s)]*(?:=|<|>|<>|!=|like)[\s(]*['"]?\d+"#,
    r#"\b(?:or|and)[\s(]+(?:not[\s(]+)?['"](\w*)['"]\s*(?:=|<|>|like)\s*['"]"#,
    r"^\s*-?\d+['\x22)\s]+(?:or|and)\s+(?:not\s+)?(?:\w+\(|\d+\s*(?:[=<>]|--|#|/\*)|(?:true|false|null)\s*(?:$|--|#))",
    // Questions that have a value for an answer.
    r"(?:\b(?:and|or|not|exists|in|then|when|else|values)|[=,<>|+*/-]|^\s*-?\d+)\s*\(+\s*select\b",
    r"\(\s*select\s*\(?\s*(?:case|char|chr|concat|count|hex|user|version|\*|\d+\b|@@|\w+\s*\()",
    r"\bcase\s+when\b.{1,80}\bthen\b.{1,80}\bend\b",
    r"\border\s+by\s+\d+\s*(?:,\s*\d+\s*)*(?:--|#|/\*|;)|^\s*-?\d+[\s)]+(?:order|group)\s+by\s+\d+",
    r"\(\s*\d{2,}\s*=\s*\d{2,}\s*\)\s*[*/]",
    // Time.
    r#"(?:^|[\s'";,|(=+*/<>!~-])(?:sleep|benchmark)\s*\(\s*\(?\s*(?:\d+|select)\b"#,
    r"\bpg_sleep\s*\(|\bwaitfor\s+delay\b|\brandomblob\s*\(|\bgenerate_series\s*\(\s*\d+,\d{4,}",
    r"\bdbms_(?:pipe|lock|session|xmlgen|utility|ldap|assert)\.\w+|\butl_(?:inaddr|http|smtp)\.\w+",
    // Tables that only an attacker asks for.
    r"\b(?:from|join)\s+(?:sqlite_master|sys(?:objects|columns|users|master)\b|msysaccessobjects|all_tables|dual\b|rdb\$\w+|sysibm\.\w+|domain\.\w+)",
    // MongoDB.
    r#"^\w*\[\$where\]|["']\$where["']\s*:|["']\$(?:ne|gt|nin|regex)["']\s*:\s*(?:null|["']{2}|["']?\.\*)"#,
];

/// Tables and functions that only an attacker asks for.
pub(super) const NAMES: &[&str] = &[
    r"\b(?:information_schema|pg_catalog|mysql|performance_schema)\.\w+",
    r"\bctxsys\.drithsx|\bxp_(?:cmdshell|dirtree|regread|fileexist)\b",
    r"\bsp_(?:oacreate|password|executesql)\b|@@(?:version|datadir|hostname|basedir)\b",
    r"\b(?:extractvalue|updatexml|load_file|make_set|gtid_subset|group_concat|xmltype|regexp_substring|crypt_key)\s*\(",
    r"\bconvert\s*\(\s*int\s*,|\bcast\s*\(.{1,60}\bas\s+(?:int|numeric|char|varchar)",
    r"\bprocedure\s+analyse\s*\(|\belt\s*\(\s*\d+\s*[=<>]|\bexp\s*\(\s*~|\bjson_keys\s*\(\s*\(",
    r"\brow\s*\(\s*\d+,\s*\d+\s*\)",
    r"\bcha?r\s*\(\s*\d+\s*\)\s*(?:\+|\|\||,)",
    r"\b(?:substring|substr|mid|ascii|ord)\s*\(\s*\(*\s*(?:select|user|version|database|@@|mid|substring|ifnull)",
    r"\biif\s*\(\s*\d+\s*=",
];
