// The calls that the page makes. A refusal is an error whose message is the problem document's detail.

import * as token from "./token.js";

const AWAY = "The service does not answer. It may be restarting, or you may be offline; try again in a moment.";

// What the service says of that is meant for programs.
const FIRST = "Profiles here open to whoever shows a token: a line of letters and digits that says who you are.";

export async function get(path) {
  return read(await call(path));
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return read(await call(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** Sends a file as it is. */
export async function upload(path, file) {
  const headers = { "Content-Type": "application/octet-stream" };
  return read(await call(path, { method: "POST", headers, body: file }));
}

export async function remove(path) {
  return read(await call(path, { method: "DELETE" }));
}

/** The answer as it comes. Without a token, or with one that does not hold any longer, the reader is asked for one. */
export async function call(path, init = {}) {
  for (;;) {
    const shown = token.current();
    const response = await reach(path, { ...init, headers: { ...init.headers, ...token.headers() } });
    if (response.status !== 401) return response;
    const { detail } = await bodyOf(response);
    // Another call may have asked meanwhile.
    if (token.current() === shown) await token.ask(shown === null ? FIRST : detail);
  }
}

/** Throws what a refused answer says. */
export async function read(response) {
  const body = await bodyOf(response);
  if (response.ok) return body;
  const error = new Error(body.detail ?? `The service answered ${response.status}.`);
  throw Object.assign(error, { status: response.status });
}

/** The path of one user, or of something of theirs. */
export function ofUser(user, what) {
  return `/v1/users/${encodeURIComponent(user)}${what ? `/${what}` : ""}`;
}

/** An id for an event or a command; randomUUID exists only on https and localhost. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function reach(path, init) {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(AWAY, { cause: error });
  }
}

async function bodyOf(response) {
  return response.json().catch(() => ({}));
}
