"""Validates JSON lines from standard input against a schema: the file that the first argument names. Says what is wrong."""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator, FormatChecker

schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema, format_checker=FormatChecker())
faults = [
    f"line {number}: {error.json_path}: {error.message[:300]}"
    for number, line in enumerate(sys.stdin, 1)
    for error in validator.iter_errors(json.loads(line))
]
print("\n".join(faults) or "valid")
sys.exit(bool(faults))
