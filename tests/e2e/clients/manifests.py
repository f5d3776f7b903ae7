"""Validates manifests on standard input against the schemas of every Kubernetes from 1.29 to the newest known; prints how many
objects each version took, and what has no schema there."""

import functools
import json
import sys

import kubernetes_validate
import yaml
from kubernetes_validate import utils

# Kinds of operators: Kubernetes itself does not know them.
FOREIGN = {"Certificate", "Issuer", "ServiceMonitor", "PrometheusRule"}

what = sys.argv[1]
objects = [item for item in yaml.safe_load_all(sys.stdin) if item]
objects = [item for each in objects for item in (each["items"] if each["kind"].endswith("List") else [each])]
versions = sorted({int(version.split(".")[1]) for version in utils.all_versions()})
versions = [minor for minor in versions if minor >= 29]
# It reads the same megabytes again for every object.
utils.schema_contents = functools.cache(utils.schema_contents)
failures, passed = [], {}
for minor in versions:
    for item in objects:
        name = f"{item['kind']}/{item['metadata']['name']}"
        if item["kind"] in FOREIGN:
            continue
        try:
            kubernetes_validate.validate(item, f"1.{minor}", strict=True)
            passed[minor] = passed.get(minor, 0) + 1
        except kubernetes_validate.ValidationError as error:
            failures.append(f"1.{minor} {name}: {error.message} at {list(error.path)}")
        except kubernetes_validate.SchemaNotFoundError as error:
            failures.append(f"1.{minor} {name}: {error.message}")
print(json.dumps({"what": what, "passed": passed, "failures": failures}))
