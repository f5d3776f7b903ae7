#!/usr/bin/env python3
"""Writes what is in the binary into a folder: `ci/materials.py FOLDER`.

`THIRD-PARTY.txt` is every crate with its licence and the texts that its authors ship; `sbom.cdx.json` is a bill of materials
(CycloneDX 1.5). Both follow from Cargo.lock and the sources that cargo has, so the same commit gives the same files.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("license", "licence", "copying", "notice", "unlicense", "copyright")


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform"]
    host = next(line.split()[1] for line in subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True)
                .stdout.splitlines() if line.startswith("host:"))
    return json.loads(subprocess.run(command + [host], cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def linked(data):
    """Ids of the packages that the binary is made of. cargo's metadata is of tests too, whose features bring more in; its tree of
    normal edges is not."""
    command = ["cargo", "tree", "--locked", "--offline", "--edges", "normal,no-proc-macro", "--prefix", "none"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    found = {tuple(line.split()[:2]) for line in lines if line.strip()}
    return {package["id"] for package in data["packages"] if (package["name"], "v" + package["version"]) in found}


def texts(package):
    """The texts of a crate's licences, by their files' names."""
    folder = Path(package["manifest_path"]).parent
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name.lower().startswith(NAMES)]
    return [(path.name, path.read_text(errors="replace").strip()) for path in files]


def third_party(packages):
    """All of them; a text that many ship stands there once."""
    seen, lines = {}, ["Outrider is linked with these crates. Texts that several crates ship are printed once.", ""]
    for package in packages:
        lines.append(f"== {package['name']} {package['version']} — {package['license'] or 'see its file'}"
                     f" — {package['repository'] or 'no repository named'}")
        for name, text in texts(package):
            first = seen.setdefault(text, f"{package['name']} {package['version']}, {name}")
            mine = f"{package['name']} {package['version']}, {name}"
            lines += [f"-- {name}", text] if first == mine else [f"-- {name}: as {first}"]
        lines.append("")
    return "\n".join(lines) + "\n"


def bill(root, packages, nodes):
    hashes = {(one["name"], one["version"]): one.get("checksum")
              for one in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    purl = lambda package: f"pkg:cargo/{package['name']}@{package['version']}"

    def component(package, kind):
        made = {"type": kind, "bom-ref": purl(package), "name": package["name"], "version": package["version"],
                "purl": purl(package)}
        if package["license"]:
            made["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        if checksum := hashes.get((package["name"], package["version"])):
            made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return made

    names = {package["id"]: purl(package) for package in packages + [root]}
    depends = [{"ref": names[package["id"]], "dependsOn": sorted(
        {names[dep["pkg"]] for dep in nodes[package["id"]]["deps"] if dep["pkg"] in names} - {names[package["id"]]})}
        for package in packages + [root]]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": {"component": component(root, "application")},
            "components": [component(package, "library") for package in packages], "dependencies": depends}


def main():
    folder = Path(sys.argv[1])
    data = metadata()
    found, nodes = linked(data), {node["id"]: node for node in data["resolve"]["nodes"]}
    root = next(package for package in data["packages"] if package["id"] == data["resolve"]["root"])
    packages = sorted((package for package in data["packages"] if package["id"] in found and package is not root),
                      key=lambda package: (package["name"], package["version"]))
    (folder / "THIRD-PARTY.txt").write_text(third_party(packages))
    (folder / "sbom.cdx.json").write_text(json.dumps(bill(root, packages, nodes), indent=1) + "\n")
    without = [package["name"] for package in packages if not package["license"] and not package["license_file"]]
    if without:
        sys.exit("crates without a licence: " + ", ".join(without))


if __name__ == "__main__":
    main()
