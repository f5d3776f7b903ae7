"""An API server as a webhook sees it: sends AdmissionReviews over TLS, checks the answers and applies the patches. Prints the pod that
comes of the first."""

import base64
import json
import ssl
import sys

import httpx
import jsonpatch

address, authority, pod_file = sys.argv[1:4]
port = address.rsplit(":", 1)[1]
context = ssl.create_default_context(cafile=authority)
client = httpx.Client(base_url=f"https://localhost:{port}", verify=context, trust_env=False, timeout=20)


def review(pod, uid="705ab4f5-6393-11e8-b7cc-42010a800002", operation="CREATE"):
    """As the API server of 1.32 sends it for a pod of a Deployment."""
    return {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": uid,
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
            "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": "shop",
            "operation": operation,
            "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
            "object": pod,
            "oldObject": None,
            "dryRun": False,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    }


def ask(body):
    answer = client.post("/inject", params={"timeout": "5s"}, json=body)
    assert answer.status_code == 200, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/json"
    answer = answer.json()
    assert (answer["kind"], answer["apiVersion"]) == ("AdmissionReview", "admission.k8s.io/v1"), answer
    response = answer["response"]
    assert response["uid"] == body["request"]["uid"] and response["allowed"] is True, response
    return response


pod = json.load(open(pod_file))
response = ask(review(pod))
assert response["patchType"] == "JSONPatch", response
patch = jsonpatch.JsonPatch(json.loads(base64.b64decode(response["patch"])))
injected = patch.apply(pod)

# Asked again, as after another webhook, there is nothing to do.
again = ask(review(injected))
assert "patch" not in again, again

# What says no gets none; what is not understood comes in as it is, and whoever creates it is told.
disabled = json.loads(json.dumps(pod))
disabled["metadata"]["annotations"] = {"outrider.dev/inject": "disabled"}
assert "patch" not in ask(review(disabled))
wrong = json.loads(json.dumps(pod))
wrong["metadata"]["annotations"] = {"outrider.dev/prot": "1"}
response = ask(review(wrong))
assert "patch" not in response and "outrider.dev/port" in response["warnings"][0], response

# What is no question of an API server.
assert client.get("/healthz").status_code == 200
assert client.post("/inject", content=b"{").status_code == 400
assert client.get("/inject").status_code == 405
assert client.get("/elsewhere").status_code == 404
try:
    status = client.post("/inject", content=b" " * (4 << 20)).status_code
except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
    # It was refused before all of it was sent.
    status = 413
assert status == 413, status
# And it still answers.
assert "patch" in ask(review(pod, uid="2"))
print(json.dumps(injected))
