"""A client with OpenTelemetry's SDK: one line of JSON for each form of trace headers.
`otel_client.py ADDRESS [SERVICE]`: with a service, the gateway is to call it."""

import json
import pathlib
import sys

import httpx

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import traced

with httpx.Client(base_url=f"http://{sys.argv[1]}", trust_env=False, timeout=30) as client:
    for form in traced.FORMS:
        span, headers = traced.client(form)
        path = f"/chain/{form}?to={sys.argv[2]}" if len(sys.argv) > 2 else f"/context/{form}"
        answer = client.get(path, headers={**headers, "baggage": "k = v%20x;p , l=m"})
        print(json.dumps({"form": form, "client": span, "gateway": answer.json()}))
