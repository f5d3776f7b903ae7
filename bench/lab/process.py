"""A started program: pinned to a core, raised in priority where that is allowed, ended by its own id only."""
import glob
import os
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

PROXY_CORE, LOAD_CORE = 0, 1
NICE = -20  # other work on the machine disturbs less; needs root, and without it all run as they are


def prepare(core):
    """For preexec_fn: what a measured program and its load run under."""
    def apply():
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs inherit that it is ignored
        os.sched_setaffinity(0, {core})
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        try:
            os.nice(NICE)
            # With autogroups a session's weight is its group's; plain nice only counts inside it.
            Path("/proc/self/autogroup").write_text(str(NICE))
        except OSError:
            pass
    return apply


class Failed(Exception):
    """A program did not start, or ended too early; the text holds the end of its log."""


class Process:
    def __init__(self, name, cmd, core, run, stop="SIGTERM", traced=False):
        self.name, self.log, self.signal, self.traced = name, run / f"{name}.log", signal.Signals[stop], traced
        with open(self.log, "w") as log:
            self.child = subprocess.Popen(cmd, cwd=run, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                          preexec_fn=prepare(core))

    def wait_for(self, port, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.child.poll() is not None:
                raise Failed(f"{self.name} ended with {self.child.returncode}:\n{self.log.read_text()[-2000:]}")
            try:
                socket.create_connection(("127.0.0.1", port), 0.5).close()
                return
            except OSError:
                time.sleep(0.05)
        raise Failed(f"{self.name} does not listen on {port}:\n{self.log.read_text()[-2000:]}")

    def pids(self):
        """The process and all below it."""
        parents = {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                stat = Path(path).read_text()
            except OSError:
                continue
            parents[int(stat.split(" ", 1)[0])] = int(stat[stat.rfind(")") + 2:].split()[1])
        found, todo = [], [self.child.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += [child for child, parent in parents.items() if parent == pid]
        return found

    def memory(self):
        """KiB over the process and all below it: resident, private anonymous, proportional, and the peak of resident."""
        keys = {"VmRSS": "resident", "RssAnon": "anonymous", "VmHWM": "peak", "Pss": "proportional"}
        total = dict.fromkeys(keys.values(), 0)
        for pid in self.pids():
            for path in (f"/proc/{pid}/status", f"/proc/{pid}/smaps_rollup"):
                for line in Path(path).read_text().splitlines():
                    key, _, value = line.partition(":")
                    if key in keys:
                        total[keys[key]] += int(value.split()[0])
        return total

    def settled_memory(self, seconds=5):
        """The same, once it does not change any more."""
        before, end = None, time.monotonic() + seconds
        while (memory := self.memory()) != before and time.monotonic() < end:
            before = memory
            time.sleep(0.5)
        return memory

    def forget_peak(self):
        """From now on the peak is that of what comes."""
        for pid in self.pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def stop(self, seconds=5):
        """In order, and SIGKILL for what is left after so many seconds."""
        pids = self.pids() if self.child.poll() is None else []
        # A tracer lives as long as what it traces, and writes its counts then: so that is asked to end.
        asked = pids[1:2] if self.traced else pids[:1]
        end(asked, self.signal)
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            end(pids, signal.SIGKILL)
            self.child.wait(seconds)


def end(pids, with_signal):
    for pid in pids:
        try:
            os.kill(pid, with_signal)
        except ProcessLookupError:
            pass
