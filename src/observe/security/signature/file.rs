//! Files that are nobody's business.

/// In a parameter: a climb, or a file of the system by its absolute path. Encoded slashes are normal here, so one level up
/// is not yet an attack.
pub(super) const VALUES: &[&str] = &[
    r"(?:\.{2,4}(?:;\w*)?[/\\\x00]+){2,}|(?:\.\.\./\./){2,}",
    r"(?:^|[=,;:\s/\\])\.\.[/\\]+(?:etc|proc|var|windows|winnt|boot\.ini|usr|web-inf|\.env|\.git|\.ssh|wp-config|config|root/\.|[a-z]:[/\\])",
    r"^/\S*/\.(?:env|git|ssh|aws)(?:$|[/.])\S*$",
    r"^(?:file:)?/*[/\\](?:\./)*etc[/\\]+(?:passwd|shadow|group|issue|sudoers|crontab|my\.cnf|ssh|apache2|nginx|mysql|httpd)\b\S*\s*$",
    r"^(?:file:)?/*[/\\](?:proc[/\\]+(?:self|version|cmdline|net|\d+)\b|var[/\\]+(?:log|run/secrets)[/\\]|root[/\\]+\.|home/\w+/\.)\S*\s*$",
    r"^(?:file:/*)?[a-z]:[/\\]+(?:win(?:dows|nt)|boot\.ini|inetpub)\S*\s*$|^(?:[/\\]\S*)?(?:boot|win)\.ini\s*$",
    r"^\S*[/\\](?:web|meta)-inf[/\\]\S+$|^(?:web|meta)-inf[/\\]\S+$|^file:///?\S*$",
    r"\w\x00\.(?:jpe?g|png|gif|html?|php|txt|pdf|js|css)$|\.(?:php|conf|ini|env|passwd)\x00|/passwd\x00",
];

/// In a path.
pub(super) const PATHS: &[&str] = &[
    r"[/\\]etc[/\\]+(?:passwd|shadow)\b|[/\\]proc[/\\]+self[/\\]+(?:environ|cmdline|status|maps|fd)\b",
    r"[/\\]win(?:dows|nt)[/\\]+(?:win\.ini|system32)\b|[/\\](?:boot|win)\.ini\b",
    r"[/\\]web-inf[/\\]+(?:web\.xml|classes|lib)\b|\x00",
];

/// In a path where the gateway has nothing: leaked files, consoles and known holes.
pub(super) const PROBES: &[&str] = &[
    r"/\.(?:env|git|svn|hg|aws|ssh|docker|kube|vscode|idea|ds_store|htaccess|htpasswd|npmrc|bash_history|netrc)(?:$|[./_-])",
    r"/(?:wp-(?:login\.php|admin|content|includes|config\S*|json)|wordpress|xmlrpc\.php|(?:php)?my-?admin|pma|adminer\S*\.php)(?:$|/)",
    r"/(?:phpinfo|info|shell|cmd|eval-stdin|setup|install|config|configuration|test|upload|wso|alfa|c99|r57)\.php\d?$",
    r"/vendor/phpunit/",
    r"/(?:server-status|server-info|cgi-bin|boaform|hnap1|gponform|goform|solr/admin|jenkins|manager/html|struts2-showcase|cfide|jmx-console|invoker)(?:$|/)",
    r"/(?:_ignition/execute-solution|owa/auth|autodiscover/autodiscover|ecp/current|telescope/requests|sdk/weblanguage|remote/(?:login|fgt_lang)|dana-na|geoserver/web|nacos/v1|druid/index|console/login)",
    r"/(?:actuator/(?:env|heapdump|gateway|jolokia|mappings)|jolokia|web\.config|id_rsa|sftp-config\.json|docker-compose\.ya?ml|composer\.(?:json|lock))(?:$|/)",
    r"/(?:backup|dump|db|database|site|www|old|data)\.(?:zip|sql|tar|tgz|gz|rar|7z|bak)(?:\.gz)?$",
    r"\.(?:bak|swp|old|orig|save)$|/\w+\.(?:asp|aspx|jsp|cgi)$",
];
