// The token that opens a closed door. It comes in the address's fragment, which no server and no log sees, or is typed
// in; this tab keeps it until it is closed.

import { at } from "./elements.js";

const KEY = "attune-token";
const SENDABLE = /^[\x21-\x7e]+$/;

let wanted = null; // the promise that everybody waits for who was refused meanwhile

/** Takes it out of the address, before anybody copies that. Whether there was one. */
export function takeFromAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const given = parts.get("token");
  if (given === null) return false;
  keep(given);
  parts.delete("token");
  history.replaceState(null, "", parts.size ? `#${parts}` : location.pathname + location.search);
  return true;
}

/** null where there is none. */
export function current() {
  return sessionStorage.getItem(KEY);
}

export function headers() {
  const token = current();
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

/** The person whose token it is; null where it is a program's, or there is none. Only to begin with: the service looks
 * at it itself. */
export function holder() {
  try {
    const [, claims] = current().split(".");
    const bytes = Uint8Array.from(atob(claims.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    const { role, sub } = JSON.parse(new TextDecoder().decode(bytes));
    return role === "person" ? sub : null;
  } catch {
    return null; // None, or nothing that we can read: then it is typed in who is meant.
  }
}

/** Asks for another one, in the words of the refusal. Throws those where none is given. */
export function ask(words) {
  wanted ??= asked(words).finally(() => (wanted = null));
  return wanted;
}

function asked(words) {
  const dialog = at("token-dialog");
  at("token-words").textContent = words;
  at("token").value = "";
  at("token-wrong").hidden = true;
  dialog.showModal();
  return new Promise((resolve, reject) => {
    dialog.onclose = () => (dialog.returnValue === "given" ? resolve() : reject(new TokenNotGiven(words)));
  });
}

export class TokenNotGiven extends Error {
  constructor(words) {
    super(`${words} To be asked for it again, reload the page.`);
  }
}

function keep(text) {
  const token = text.trim().replace(/^Bearer\s+/i, "");
  if (!SENDABLE.test(token)) return false;
  sessionStorage.setItem(KEY, token);
  return true;
}

at("token-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (keep(at("token").value)) at("token-dialog").close("given");
  else at("token-wrong").hidden = false;
});
at("token-cancel")?.addEventListener("click", () => at("token-dialog").close("none"));
// Escape leaves the answer of the time before where it is.
at("token-dialog")?.addEventListener("cancel", () => (at("token-dialog").returnValue = "none"));
