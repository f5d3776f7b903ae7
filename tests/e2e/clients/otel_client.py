"""A client with OpenTelemetry's SDK: one line of JSON for each form of trace headers. `otel_client.py ADDRESS`"""

import json
import pathlib
import sys

import httpx

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import traced

with httpx.Client(base_url=f"http://{sys.argv[1]}", trust_env=False, timeout=30) as client:
    for form in traced.FORMS:
        span, headers = traced.client(form)
        answer = client.get(f"/context/{form}", headers={**headers, "baggage": "k = v%20x;p , l=m"})
        print(json.dumps({"form": form, "client": span, "gateway": answer.json()}))
