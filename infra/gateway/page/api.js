// The calls that the page makes. A refusal is an error whose message is the problem document's detail.

export async function get(path) {
  return read(await fetch(path));
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return read(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** The path of something of one user. */
export function ofUser(user, what) {
  return `/v1/users/${encodeURIComponent(user)}/${what}`;
}

/** An id for an event; randomUUID exists only on https and localhost. */
export function eventId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function read(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.detail ?? `The service answered ${response.status}.`);
  return body;
}
