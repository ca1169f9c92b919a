// Server-sent events over fetch, which can show a token (EventSource cannot).

import { call, read } from "./api.js";
import { TokenNotGiven } from "./token.js";

const RETRY_MS = 2_000;
// The service says something every 15 s. A laptop that slept has connections that are dead and do not know it.
const SILENCE_MS = 45_000;

/**
 * Listens until the function that it returns is called.
 * on.open(), on.event(name, data), on.lost(error): it will be opened again; on.ended(error): it will not.
 */
export function listen(path, on) {
  const run = { stopped: false, control: null };
  keepOn(path, on, run);
  return () => {
    run.stopped = true;
    run.control?.abort();
  };
}

async function keepOn(path, on, run) {
  while (!run.stopped) {
    try {
      await once(path, on, run);
      if (!run.stopped) on.lost(null);
    } catch (error) {
      if (run.stopped) return;
      if (error instanceof TokenNotGiven || error.status === 403) {
        on.ended(error);
        return;
      }
      on.lost(error);
    }
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

async function once(path, on, run) {
  const control = new AbortController();
  run.control = control;
  const response = await call(path, { headers: { Accept: "text/event-stream" }, signal: control.signal });
  if (!response.ok) await read(response);
  if (run.stopped) return;
  on.open();
  let timer = 0;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => control.abort(), SILENCE_MS);
  };
  try {
    for await (const { event, data } of events(response.body, heard)) on.event(event, JSON.parse(data));
  } finally {
    clearTimeout(timer);
  }
}

async function* events(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    heard();
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    yield* blocks.map(parse).filter((one) => one.data !== "");
  }
}

/** One event. Lines of comments and of fields that nobody needs here are left out. */
function parse(block) {
  const fields = block.split("\n").map((line) => line.match(/^(event|data): ?(.*)$/)).filter(Boolean);
  const of = (name) => fields.filter((one) => one[1] === name).map((one) => one[2]);
  return { event: of("event").at(-1) ?? "message", data: of("data").join("\n") };
}
