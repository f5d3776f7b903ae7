// The agent's API: with the token of this tab, problems as errors, and server-sent events over fetch, since an EventSource
// cannot carry a token.

const KEY = "outrider.token";

export const token = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};

/** What the agent refused, or why it could not be asked. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function call(path, options = {}) {
  const headers = { ...(token.get() ? { authorization: `Bearer ${token.get()}` } : {}), ...options.headers };
  let response;
  try {
    response = await fetch(path, { ...options, headers, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the agent does not answer");
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Problem(response.status, body.detail ?? body.error ?? response.statusText);
}

/** `GET`, JSON. */
export async function get(path, signal) {
  return (await call(path, { signal })).json();
}

/** Something that changes: `send("POST", path)`. */
export async function send(method, path) {
  return (await call(path, { method })).json();
}

function form(values) {
  return { method: "POST", body: new URLSearchParams(values) };
}

/** An instant query: a list of `{ metric, value }`. */
export async function query(expression, signal) {
  const { data } = await (await call("/api/v1/query", { ...form({ query: expression }), signal })).json();
  if (data.resultType === "scalar" || data.resultType === "string") return [{ metric: {}, value: data.result[1], type: data.resultType }];
  return data.result.map((row) => ({ metric: row.metric, value: row.value?.[1] ?? `${row.values.length} samples` }));
}

/** A query over time, in Unix seconds: a list of `{ metric, points: [[ms, value], …] }`. */
export async function range(expression, start, end, step, signal) {
  const body = form({ query: expression, start, end, step });
  const { data } = await (await call("/api/v1/query_range", { ...body, signal })).json();
  return data.result.map((row) => ({ metric: row.metric, points: row.values.map(([t, v]) => [t * 1000, Number(v)]) }));
}

/** Events of `path` until `signal`; comes back after every end, a little later each time that it failed. */
export async function events(path, signal, onEvent, onState) {
  for (let failures = 0; !signal.aborted; ) {
    try {
      const response = await call(path, { signal });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        failures = 0;
        text += value;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const line = text.slice(0, end);
          text = text.slice(end + 2);
          if (line.startsWith("data: ")) onEvent(JSON.parse(line.slice(6)));
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      onState(error);
    }
    await new Promise((done) => setTimeout(done, Math.min(500 * 2 ** failures, 10_000)));
  }
}
