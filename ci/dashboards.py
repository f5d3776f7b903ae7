#!/usr/bin/env python3
"""Writes Grafana's dashboards, `grafana/dashboards/*.json`, from the one place where they are described: this file.

    ci/dashboards.py            write them
    ci/dashboards.py --check    say which are not what would be written

Every query is tested: it parses, names only metrics and labels that the agent exports (but for those of `container_*`, which
are cAdvisor's), and finds data in a recorded run, in a Prometheus and in Outrider itself (`tests/e2e/dashboards.rs`).

The variables `job` and `instance` match everything where they are `All`, series without these labels too: so the same
dashboards work on a Prometheus that scrapes many agents, and on one agent as a data source.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "grafana" / "dashboards"
# Of the agents that are chosen.
S = 'job=~"$job", instance=~"$instance"'
# And of the endpoints and services that are.
E = f'{S}, endpoint=~"$endpoint"'
E5 = f'{E}, status_code=~"5.."'
V = f'{S}, service=~"$service"'
W = "[$__rate_interval]"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


# What panels are made of.


def rate(metric, labels=S, by="", window=W, function="rate"):
    """A sum of rates."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} ({function}({metric}{{{labels}}}{window}))"


def quantile(q, metric, labels=S, by=""):
    """A quantile of a histogram."""
    return f"histogram_quantile({q}, {rate(metric + '_bucket', labels, 'le' + (', ' + by if by else ''))})"


def share(part, whole):
    """A part of a whole, 0 to 1; nothing where there is nothing of the whole."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def target(expr, legend="", **more):
    """A query over time."""
    return {"datasource": SOURCE, "editorMode": "code", "expr": expr, "legendFormat": legend or "__auto", **more}


def now(expr, legend=""):
    """A query of the present."""
    return target(expr, legend, instant=True, range=False)


def column(expr):
    """A column of a table."""
    return target(expr, instant=True, range=False, format="table")


def panel(kind, title, targets, unit="short", width=8, height=8, text="", links=(), **more):
    """A panel; what is not said is Grafana's default. `links` are pairs of a title and a URL."""
    options = more.pop("options", {})
    custom = more.pop("custom", {})
    defaults = {"unit": unit, "custom": custom, **more.pop("defaults", {})}
    if links:
        defaults["links"] = [{"title": name, "url": url} for name, url in links]
    return {
        "type": kind,
        "title": title,
        "description": text,
        "datasource": SOURCE,
        "gridPos": {"w": width, "h": height},
        "fieldConfig": {"defaults": defaults, "overrides": more.pop("overrides", [])},
        "options": options,
        "targets": [{**one, "refId": chr(ord("A") + at)} for at, one in enumerate(targets)],
        **more,
    }


def series(title, targets, unit="short", stacked=False, **more):
    """Lines over time."""
    custom = {"fillOpacity": 25 if stacked else 8, "showPoints": "never", "spanNulls": False}
    if stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    options = {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, targets, unit, custom=custom, options=options, **more)


def stat(title, expr, unit="short", steps=((None, "green"),), **more):
    """One number of the present, coloured from each value of `steps` on."""
    colours = [{"value": value, "color": colour} for value, colour in steps]
    options = {"colorMode": "background", "graphMode": "area", "reduceOptions": {"calcs": ["lastNotNull"]}}
    more = {"width": 4, "height": 4, **more}
    return panel("stat", title, [target(expr)], unit, options=options, defaults={"noValue": "–",
                 "thresholds": {"mode": "absolute", "steps": colours}}, **more)


def heatmap(title, targets, unit="short", **more):
    """Colours over time, a row for each bucket or series."""
    colours = {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5}
    more.setdefault("options", {"calculate": False, "color": colours, "yAxis": {"unit": unit}, "cellGap": 1})
    return panel("heatmap", title, targets, unit, **more)


def table(title, columns, keys, **more):
    """A row for each value of `keys`; `columns` are triples of a header, a query and a unit."""
    names = {f"Value #{chr(ord('A') + at)}": name for at, (name, _, _) in enumerate(columns)}
    if len(columns) == 1:
        names = {"Value": columns[0][0]}
    units = [{"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}
             for name, _, unit in columns]
    order = {key: at for at, key in enumerate(keys)}
    organize = {"excludeByName": {"Time": True}, "renameByName": names, "indexByName": order}
    transformations = [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}]
    return panel("table", title, [column(expr) for _, expr, _ in columns], overrides=units,
                 transformations=transformations, options={"sortBy": [{"displayName": columns[0][0], "desc": True}]},
                 **more)


def states(title, targets, mappings, **more):
    """What was when: `mappings` are triples of a value, a word and a colour."""
    options = {str(value): {"text": word, "color": colour, "index": at}
               for at, (value, word, colour) in enumerate(mappings)}
    return panel("state-timeline", title, targets, options={"showValue": "auto", "mergeValues": True, "rowHeight": 0.8},
                 custom={"fillOpacity": 80}, defaults={"mappings": [{"type": "value", "options": options}],
                 "color": {"mode": "thresholds"}}, **more)


def row(title):
    """A heading."""
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def variable(name, metric, label, having="", title=""):
    """A variable that is the values of a label."""
    of = f"{metric}{{{having}}}" if having else metric
    query = {"query": f"label_values({of}, {label})", "refId": name}
    return {"name": name, "label": title or name, "type": "query", "datasource": SOURCE, "query": query,
            "definition": query["query"], "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*",
            "current": {"text": "All", "value": "$__all"}}


def dashboard(uid, title, text, panels, variables=()):
    """A dashboard of panels, laid out from left to right and from top to bottom."""
    x = y = tallest = 0
    for number, one in enumerate(panels, 1):
        grid = one["gridPos"]
        if x + grid["w"] > 24:
            x, y, tallest = 0, y + tallest, 0
        grid["x"], grid["y"], one["id"] = x, y, number
        x, tallest = x + grid["w"], max(tallest, grid["h"])
    source = {"name": "datasource", "label": "source", "type": "datasource", "query": "prometheus",
              "current": {"text": "Prometheus", "value": "prometheus"}}
    common = [source, variable("job", "outrider_build_info", "job"),
              variable("instance", "outrider_build_info", "instance", 'job=~"$job"')]
    link = {"type": "dashboards", "title": "Outrider", "tags": ["outrider"], "asDropdown": False, "includeVars": True,
            "keepTime": True}
    return {
        "uid": uid, "title": title, "description": text, "tags": ["outrider"], "schemaVersion": 39, "version": 1,
        "editable": True, "graphTooltip": 1, "refresh": "30s", "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser", "links": [link], "templating": {"list": common + list(variables)},
        "annotations": {"list": [{"name": "Alerts that fire", "datasource": SOURCE, "enable": True, "iconColor": "red",
                                  "expr": 'ALERTS{alertstate="firing"}', "titleFormat": "{{alertname}}", "step": "30s"}]},
        "panels": panels,
    }


def elsewhere(uid, name, field):
    """A link to another dashboard with the value of a field in one of its variables."""
    return f"/d/{uid}?var-{name}=${{{field}}}&${{__url_time_range}}&${{job:queryparam}}&${{instance:queryparam}}"


GOOD_BAD = lambda warn, bad: ((None, "green"), (warn, "orange"), (bad, "red"))


def overview():
    """Requests, answers, errors, sizes and connections."""
    requests = rate("http_requests_total", E)
    failed = lambda statuses: rate("http_requests_total", f'{E}, status_code=~"{statuses}"')
    to_service = [("Services", "/d/outrider-services?${__url_time_range}")]
    to_endpoint = [("This endpoint alone", elsewhere("outrider-overview", "endpoint", "__field.labels.endpoint"))]
    to_row = [("This endpoint alone", elsewhere("outrider-overview", "endpoint", "__data.fields.endpoint"))]
    return dashboard("outrider-overview", "API Gateway Overview", overview.__doc__, [
        stat("Requests", requests, "reqps"),
        stat("Server errors", share(failed("5.."), requests), "percentunit", GOOD_BAD(0.01, 0.05), links=to_service),
        stat("95th percentile", quantile(0.95, "http_request_duration_seconds", E), "s", GOOD_BAD(1, 5)),
        stat("Requests in flight", f"sum (http_requests_active{{{S}}})"),
        stat("WebSockets open", f"sum (websocket_connections_active{{{S}}})"),
        stat("Alerts that fire", f'sum (outrider_alerts_active{{{S}, state="firing"}})',
             steps=((None, "green"), (1, "red")), links=[("Alerts", "/d/outrider-alerts?${__url_time_range}")]),
        row("Request rate"),
        series("By method", [target(rate("http_requests_total", E, "method"), "{{method}}")], "reqps", stacked=True),
        series("By endpoint", [target(f"topk(10, {rate('http_requests_total', E, 'endpoint')})", "{{endpoint}}")],
               "reqps", links=to_endpoint),
        series("By status", [target(rate("http_requests_total", E, "status_code"), "{{status_code}}")], "reqps",
               stacked=True),
        row("Response time"),
        series("Percentiles", [target(quantile(q, "http_request_duration_seconds", E), name, exemplar=True)
                               for q, name in ((0.5, "P50"), (0.95, "P95"), (0.99, "P99"))], "s",
               text="From a request's head to the last byte of its answer. The dots are requests with a trace."),
        series("First byte", [target(quantile(q, "http_response_first_byte_seconds", E), name)
                              for q, name in ((0.5, "P50"), (0.95, "P95"), (0.99, "P99"))], "s",
               text="What the gateway thought, without what the answer took to pass."),
        heatmap("Distribution", [target(rate("http_request_duration_seconds_bucket", E, "le", function="increase"),
                                        "{{le}}", format="heatmap")], "s"),
        row("Errors"),
        series("Error rate", [target(share(failed("4.."), requests), "4xx"),
                              target(share(failed("5.."), requests), "5xx")], "percentunit"),
        series("By endpoint", [target(f"topk(10, {rate('http_requests_total', E5, 'endpoint')})",
                                      "{{endpoint}}")], "reqps", links=to_endpoint, text="Answers of 5xx."),
        series("Without a whole answer", [target(rate("http_requests_aborted_total", S, "by"), "by the {{by}}")], "reqps"),
        row("Throughput and connections"),
        series("Bytes", [target(rate("http_request_size_bytes_sum", E), "requests"),
                         target(rate("http_response_size_bytes_sum", E), "answers")], "Bps"),
        series("Size of answers", [target(quantile(q, "http_response_size_bytes", E), name)
                                   for q, name in ((0.5, "P50"), (0.95, "P95"))]
               + [target(quantile(0.95, "http_request_size_bytes", E), "requests, P95")], "bytes"),
        series("Active connections", [target(f"sum (outrider_connections_open{{{S}}})", "clients"),
                                      target(f"sum (http_requests_active{{{S}}})", "requests in flight"),
                                      target(f"sum (websocket_connections_active{{{S}}})", "WebSockets")]),
        row("Endpoints and gRPC"),
        table("Endpoints", [
            ("Requests", rate("http_requests_total", E, "endpoint"), "reqps"),
            ("Errors", f"{rate('http_requests_total', E5, 'endpoint')} / "
                       f"{rate('http_requests_total', E, 'endpoint')}", "percentunit"),
            ("P95", quantile(0.95, "http_request_duration_seconds", E, "endpoint"), "s"),
        ], ["endpoint"], width=16, links=to_row),
        series("gRPC calls", [target(rate("grpc_requests_total", S, "code"), "{{code}}")], "reqps", stacked=True,
               text="By status; absent until a call comes."),
    ], [variable("endpoint", "http_requests_total", "endpoint", S)])


def services():
    """What the gateway calls: circuit breakers, instances, pools and dependencies, where its calls come past Outrider."""
    state = lambda name: f'max by (service) (circuit_breaker_state{{{V}, state="{name}"}})'
    calls = rate("service_requests_total", V, "service")
    bad = rate("service_requests_total", f'{V}, status_code=~"0|5.."', "service")
    pool = lambda result: rate("connection_pool_requests_total", f'{V}, result=~"{result}"', "service")
    to_service = [("This service alone", elsewhere("outrider-services", "service", "__field.labels.service"))]
    to_row = [("This service alone", elsewhere("outrider-services", "service", "__data.fields.service"))]
    return dashboard("outrider-services", "Service Health", services.__doc__, [
        row("Circuit breakers"),
        states("State", [target(f"{state('half_open')} + 2 * {state('open')}", "{{service}}")],
               [(0, "closed", "green"), (1, "half open", "orange"), (2, "open", "red")], width=12, links=to_service),
        stat("Open now", f'count (circuit_breaker_state{{{V}, state="open"}} == 1) or vector(0)',
             steps=((None, "green"), (1, "red")), height=8),
        series("Failure rate", [target(f"max by (service) (circuit_breaker_failure_rate{{{V}}})", "{{service}}")],
               "percentunit", links=to_service, text="Of the breaker's own window."),
        series("Calls by outcome", [target(rate("circuit_breaker_requests_total", V, "outcome"), "{{outcome}}")],
               "reqps", stacked=True),
        series("Changes of state", [target(rate("circuit_breaker_transitions_total", V, "service, to", function="increase"),
                                           "{{service}} to {{to}}")]),
        series("Would have been rejected", [target(rate("outrider_circuit_breaker_withheld_total", V, "service"),
                                                   "{{service}}")], "reqps",
               text="Calls that passed since the breaker only observes."),
        row("Instances"),
        series("By health", [target(f"sum by (service, health) (service_instances_total{{{V}}})",
                                    "{{service}} {{health}}")], stacked=True),
        series("Health checks that succeed", [target(
            share(rate("service_health_checks_total", f'{V}, result="success"', "service"),
                  rate("service_health_checks_total", V, "service")), "{{service}}")], "percentunit"),
        series("The gateway", [target(f"min (gateway_up{{{S}}})", "up")],
               text="Its own health check; absent without ingress.health_check."),
        row("Connection pools"),
        series("Open connections", [target(f"sum by (service) (connection_pool_connections_active{{{V}}})", "{{service}}")]),
        series("Reused", [target(share(pool("reused"), pool("reused|new")), "{{service}}")], "percentunit",
               text="Share of calls whose connection was there before: a pool that works is near 100 %."),
        series("Not connected", [target(rate("connection_pool_requests_total", f'{V}, result=~"timeout|error"',
                                             "service, result"), "{{service}} {{result}}")], "reqps"),
        row("Dependencies"),
        series("Calls", [target(calls, "{{service}}")], "reqps", links=to_service),
        series("95th percentile", [target(quantile(0.95, "service_request_duration_seconds", V, "service"),
                                          "{{service}}")], "s", links=to_service),
        series("By status", [target(rate("service_requests_total", V, "status_code"), "{{status_code}}")], "reqps",
               stacked=True, text="0 is no answer: no connection, a reset, a timeout."),
        table("Services", [
            ("Calls", calls, "reqps"),
            ("Errors", f"({bad} or 0 * {calls}) / {calls}", "percentunit"),
            ("P95", quantile(0.95, "service_request_duration_seconds", V, "service"), "s"),
            ("Healthy", f'sum by (service) (service_instances_total{{{V}, health="healthy"}})', "short"),
            ("Connections", f"sum by (service) (connection_pool_connections_active{{{V}}})", "short"),
        ], ["service"], width=24, links=to_row),
    ], [variable("service", "circuit_breaker_state", "service", S)])


def business():
    """Generations of code and images, and what WebSockets are used for."""
    code, image = "code_generations_total", "image_generations_total"
    frames = f'{S}, framework=~"$framework"'
    done = f'{frames}, status!="pending"'
    failed = f'{done}, status!="success"'
    finished = rate("websocket_connections_total", f'{S}, event=~"closed|aborted"')
    return dashboard("outrider-business", "Business Metrics", business.__doc__, [
        row("Code generation"),
        stat("Success rate", share(rate(code, f'{done}, status="success"'), rate(code, done)), "percentunit",
             ((None, "red"), (0.9, "orange"), (0.95, "green")), height=8),
        series("By framework", [target(rate(code, frames, "framework"), "{{framework}}")], "reqps", stacked=True),
        series("By status", [target(rate(code, frames, "status"), "{{status}}")], "reqps", stacked=True, width=6),
        series("Duration", [target(quantile(0.95, "code_generation_duration_seconds", frames, "framework"),
                                   "{{framework}}, P95")], "s", width=6),
        table("Frameworks", [
            ("Generations", rate(code, frames, "framework", "[$__range]", "increase"), "short"),
            ("Failed", f"({rate(code, failed, 'framework', '[$__range]', 'increase')} or "
                       f"0 * {rate(code, done, 'framework', '[$__range]', 'increase')}) / "
                       f"{rate(code, done, 'framework', '[$__range]', 'increase')}", "percentunit"),
            ("Mean duration", f"{rate('code_generation_duration_seconds_sum', frames, 'framework', '[$__range]')} / "
                              f"{rate('code_generation_duration_seconds_count', frames, 'framework', '[$__range]')}", "s"),
        ], ["framework"], width=16, height=6),
        series("Not judged", [target(rate("outrider_business_unjudged_total", S, "rule, reason"), "{{rule}}: {{reason}}")],
               "reqps", height=6, text="Exchanges of which a rule could not read what it needs; absent while it always could."),
        row("Image generation"),
        stat("Success rate", share(rate(image, f'{S}, status="success"'), rate(image, f'{S}, status!="pending"')),
             "percentunit", ((None, "red"), (0.9, "orange"), (0.95, "green")), height=8),
        series("By status", [target(rate(image, S, "status"), "{{status}}")], "reqps", stacked=True),
        series("Duration", [target(quantile(q, "image_generation_duration_seconds"), name)
                            for q, name in ((0.5, "P50"), (0.95, "P95"))], "s", width=6),
        series("Usage by the hour", [target(rate(image, S, "", "[1h]", "increase"), "images"),
                                     target(rate(code, frames, "", "[1h]", "increase"), "code")], width=6),
        row("WebSockets"),
        series("Open", [target(f"sum by (endpoint) (websocket_connections_active{{{S}}})", "{{endpoint}}")], stacked=True),
        series("Sessions", [target(rate("websocket_connections_total", S, "event"), "{{event}}")], "ops"),
        series("Ended without being closed", [target(share(
            rate("websocket_connections_total", f'{S}, event="aborted"'), finished), "share")], "percentunit"),
        series("Messages", [target(rate("websocket_messages_total", f'{S}, type=~"text|binary"', "direction, type"),
                                   "{{direction}} {{type}}")], "ops"),
        series("Size of messages", [target(quantile(0.95, "websocket_message_size_bytes", f'{S}, type=~"text|binary"',
                                                    "direction"), "{{direction}}, P95")], "bytes"),
        series("Closes", [target(rate("websocket_closes_total", S, "code, initiator"), "{{code}} by the {{initiator}}")],
               "ops", stacked=True, text="1006 is an end without a close frame."),
        series("Length of sessions", [target(quantile(q, "websocket_session_duration_seconds"), name)
                                      for q, name in ((0.5, "P50"), (0.95, "P95"))], "s", width=24, height=6),
    ], [variable("framework", "code_generations_total", "framework", S)])


def infrastructure():
    """The gateway's processes, containers, connections, and what looks like an attack."""
    cadvisor = "From cAdvisor, where Prometheus scrapes it: the agent does not see containers or disks."
    of = 'name=~"$container"'
    return dashboard("outrider-infrastructure", "Infrastructure", infrastructure.__doc__, [
        row("The gateway's processes"),
        series("CPU", [target(rate("gateway_cpu_seconds_total"), "gateway"),
                       target(rate("process_cpu_seconds_total"), "Outrider")], "percentunit",
               text="1 is a whole core. The gateway's is absent where its processes are not seen: see /api/v1/coverage."),
        series("Memory", [target(f"sum (gateway_memory_bytes{{{S}}})", "gateway"),
                          target(f"sum (gateway_memory_limit_bytes{{{S}}})", "its limit"),
                          target(f"sum (process_resident_memory_bytes{{{S}}})", "Outrider")], "bytes"),
        series("Descriptors and threads", [target(f"sum (gateway_open_fds{{{S}}})", "descriptors"),
                                           target(f"sum (gateway_threads{{{S}}})", "threads"),
                                           target(f"sum (process_open_fds{{{S}}})", "Outrider's descriptors")]),
        row("Containers and disks (cAdvisor)"),
        series("CPU by container", [target(f"sum by (name) (rate(container_cpu_usage_seconds_total{{{of}}}{W}))", "{{name}}")],
               "percentunit", text=cadvisor, width=6),
        series("Memory by container", [target(f"sum by (name) (container_memory_working_set_bytes{{{of}}})", "{{name}}")],
               "bytes", text=cadvisor, width=6),
        series("Network by container", [
            target(f"sum by (name) (rate(container_network_receive_bytes_total{{{of}}}{W}))", "{{name}} in"),
            target(f"sum by (name) (rate(container_network_transmit_bytes_total{{{of}}}{W}))", "{{name}} out")],
               "Bps", text=cadvisor, width=6),
        series("Disk", [target(f"sum by (name) (container_fs_usage_bytes{{{of}}})", "{{name}}"),
                        target(f"sum by (name) (rate(container_fs_writes_bytes_total{{{of}}}{W}))", "{{name}} writes/s")],
               "bytes", text=cadvisor, width=6),
        row("Network"),
        series("Latency", [target(quantile(0.95, "http_request_duration_seconds"), "whole answer, P95", exemplar=True),
                           target(quantile(0.95, "http_response_first_byte_seconds"), "first byte, P95")], "s"),
        series("Connections", [target(rate("outrider_connections_accepted_total"), "accepted/s"),
                               target(f"sum (outrider_connections_open{{{S}}})", "open")]),
        series("Bytes moved", [target(rate("outrider_relayed_bytes_total", S, "direction"), "{{direction}}")], "Bps"),
        series("Failures", [target(rate("outrider_gateway_connect_errors_total", S, "reason"), "gateway {{reason}}"),
                            target(rate("outrider_accept_errors_total"), "accept")], "ops"),
        series("Passed unobserved", [target(rate("outrider_opaque_connections_total", S, "reason"), "{{reason}}")], "ops",
               text="Connections whose bytes were not understood, or not looked into."),
        series("HTTP/2 resets", [target(rate("http2_stream_resets_total", S, "by, code"), "{{code}} by the {{by}}")], "ops",
               text="Absent until a stream is reset."),
        row("Security"),
        series("Logins", [target(rate("auth_attempts_total", S, "result"), "{{result}}")], "reqps", width=6),
        series("Credentials", [target(rate("auth_token_validations_total", S, "result"), "{{result}}")], "reqps", width=6),
        series("Rate limits", [target(rate("rate_limit_requests_total", S, "result"), "{{result}}")], "reqps", width=6),
        series("Events", [target(rate("security_events_total", S, "type", function="increase"), "{{type}}")], width=6),
        table("Who passes limits", [("Requests", f"topk(10, {rate('rate_limit_violations_total', S, 'client', '[$__range]', 'increase')})",
                                     "short")], ["client"]),
        table("Events by type", [("Events", f"{rate('security_events_total', S, 'type, severity', '[$__range]', 'increase')} > 0",
                                  "short")], ["type", "severity"]),
        series("Events by severity", [target(rate("security_events_total", S, "severity", function="increase"),
                                             "{{severity}}")], stacked=True),
        row("The agent itself"),
        stat("Configuration", f"min (outrider_config_last_reload_successful{{{S}}})", steps=((None, "red"), (1, "green")),
             text="1 if the file as it is now is what runs."),
        stat("Series dropped", f"sum (increase(outrider_series_dropped_total{{{S}}}[$__range])) or vector(0)",
             steps=((None, "green"), (1, "orange")), text="Label values that became `other`."),
        stat("Records dropped", rate("outrider_records_dropped_total", S, "", "[$__range]", "increase"),
             steps=((None, "green"), (1, "red"))),
        stat("History", f"sum (outrider_history_bytes{{{S}}}) / sum (outrider_history_budget_bytes{{{S}}})", "percentunit"),
        series("Spans", [target(rate("outrider_spans_total"), "made"),
                         target(rate("outrider_spans_exported_total", S, "exporter, result"), "{{exporter}} {{result}}")],
               "ops"),
    ], [variable("container", "container_memory_working_set_bytes", "name", title="container (cAdvisor)")])


def alerts():
    """What fires and fired, how often, for how long, and who was told. ALERTS are those of the data source: a Prometheus
    evaluates prometheus/rules.yml, Outrider its own; the rest is what Outrider tells of its own alerts."""
    moves = lambda to, by="rule": rate("outrider_alerts_transitions_total", f'{R}, to="{to}"', by, "[$__range]", "increase")
    R = f'{S}, rule=~"$rule"'
    over = f'{R}, to="resolved"'
    named = 'alertname=~"$rule"'
    took = lambda what, by="rule": rate(f"outrider_alerts_{what}_seconds_total", R, by, "[$__range]", "increase")
    mean = lambda what, to: f"{took(what)} / ({moves(to)} > 0)"
    severity = lambda one: f'sum (outrider_alerts_active{{{S}, state="firing", severity=~"{one}"}})'
    return dashboard("outrider-alerts", "Alerts", alerts.__doc__, [
        stat("Critical", severity("critical"), steps=((None, "green"), (1, "dark-red"))),
        stat("High", severity("high"), steps=((None, "green"), (1, "red"))),
        stat("Medium", severity("medium"), steps=((None, "green"), (1, "orange"))),
        stat("Pending", f'sum (outrider_alerts_active{{{S}, state="pending"}})'),
        stat("Mean time to resolve", f"{took('resolution', '')} / ({moves('resolved', '')} > 0)", "s"),
        stat("Mean time to acknowledge", f"{took('acknowledgement', '')} / ({moves('acknowledged', '')} > 0)", "s"),
        row("Timeline"),
        states("Pending and firing", [target(
            f'max by (alertname) (2 * ALERTS{{{named}, alertstate="firing"}} or ALERTS{{{named}, alertstate="pending"}})',
            "{{alertname}}")], [(1, "pending", "orange"), (2, "firing", "red")], width=16, height=9,
               links=[("This alert alone", elsewhere("outrider-alerts", "rule", "__field.labels.alertname"))]),
        table("Now", [("Alerts", f"sum by (alertname, alertstate, severity) (ALERTS{{{named}}})", "short")],
              ["alertname", "alertstate", "severity"], height=9),
        row("How often"),
        heatmap("By service and severity", [target(
            f'sum by (service, severity) (count_over_time(ALERTS{{{named}, alertstate="firing"}}[$__interval]))',
            "{{service}} {{severity}}")], width=12,
                text="How long something fired, by the service that it is about (the gateway itself, where it is none) and severity."),
        series("Began to fire", [target(rate("outrider_alerts_transitions_total", f'{R}, to="firing"', "rule", "[$__rate_interval]",
                                             "increase"), "{{rule}}")], width=12, stacked=True),
        row("For how long"),
        table("By rule", [
            ("Fired", moves("firing"), "short"),
            ("Mean time to resolve", mean("resolution", "resolved"), "s"),
            ("Mean time to acknowledge", mean("acknowledgement", "acknowledged"), "s"),
            ("Escalated", moves("escalated"), "short"),
        ], ["rule"], width=12),
        series("Mean time to resolve, six hours", [target(
            f"{rate('outrider_alerts_resolution_seconds_total', R, 'rule', '[6h]', 'increase')} / "
            f"({rate('outrider_alerts_transitions_total', over, 'rule', '[6h]', 'increase')} > 0)",
            "{{rule}}")], "s", width=12),
        row("Escalation and delivery"),
        series("What became of alerts", [target(rate("outrider_alerts_transitions_total", R, "to", "[$__rate_interval]", "increase"),
                                                "{{to}}")], stacked=True),
        stat("Escalated", share(moves("escalated", ""), moves("firing", "")), "percentunit", GOOD_BAD(0.2, 0.5), height=8,
             text="Steps of escalation for each alert that fired."),
        stat("Acknowledged", share(moves("acknowledged", ""), moves("firing", "")), "percentunit",
             ((None, "orange"), (0.5, "green")), height=8, text="Of the alerts that fired: whether escalation reaches anybody."),
        series("Notifications", [target(rate("outrider_notifications_total", S, "channel, result", "[$__rate_interval]",
                                             "increase"), "{{channel}} {{result}}")]),
        series("Waiting to be sent", [target(f"sum (outrider_notifications_waiting{{{S}}})", "notifications")], width=8, height=6),
        series("Evaluation", [target(f"max (outrider_alerts_evaluation_duration_seconds{{{S}}})", "duration")], "s", width=8,
               height=6),
        stat("State is kept", f"min (outrider_alerts_store_durable{{{S}}})", steps=((None, "red"), (1, "green")), width=8,
             height=6, text="0 while alerts are kept in memory only."),
    ], [variable("rule", "outrider_alerts_transitions_total", "rule", S)])


ALL = {"overview": overview, "services": services, "business": business, "infrastructure": infrastructure,
       "alerts": alerts}


def main():
    stale = []
    for name, make in ALL.items():
        path, text = HERE / f"{name}.json", json.dumps(make(), indent=1, ensure_ascii=False) + "\n"
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text() != text:
                stale.append(str(path))
        else:
            path.write_text(text)
    if stale:
        sys.exit("not what ci/dashboards.py writes: " + ", ".join(stale))


if __name__ == "__main__":
    main()
