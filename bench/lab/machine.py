"""What was measured on, and what was measured."""
import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path

from lab.bench import REPOSITORY, ROOT, envoy


def first_line(*cmd):
    try:
        done = subprocess.run(cmd, capture_output=True, text=True, timeout=30)
    except OSError:
        return "unknown"
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return lines[0] if lines else "unknown"


def field(path, pattern):
    found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    return found[1].strip() if found else "unknown"


def locked(crate):
    """The version of a crate that the bench is built with."""
    return field(ROOT / "Cargo.lock", rf'^name = "{crate}"\nversion = "(.*)"')


def describe(rows):
    """[(what, which)]"""
    processor = field("/proc/cpuinfo", r"^model name\s*: (.*)")
    memory = int(field("/proc/meminfo", r"^MemTotal:\s+(\d+)")) // 1024 // 1024
    commit = first_line("git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--abbrev=12")
    versions = {
        "outrider": lambda: f"commit {commit}",
        "nginx": lambda: first_line(shutil.which("nginx") or "nginx", "-v"),
        "haproxy": lambda: first_line(shutil.which("haproxy") or "haproxy", "-v"),
        "pingora": lambda: locked("pingora"),
        "hyper": lambda: locked("hyper"),
        "envoy": lambda: first_line(envoy(), "--version").split("version: ")[-1],
    }
    return [
        ("when", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
        ("processor", f"{processor}, {os.cpu_count()} cores"),
        ("memory", f"{memory} GiB"),
        ("kernel", platform.release()),
        ("compiler", first_line("rustc", "--version")),
        *((name, versions[name]()) for name in rows if name in versions),
    ]
