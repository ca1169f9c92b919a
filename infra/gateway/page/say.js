// What the page says: to those who look, and to those who listen.

import { at, busy } from "./elements.js";

export function hint(text) {
  show("hint", text);
}

/** What went wrong, in the service's words. It stays until something works, or until it is closed. */
export function complain(text) {
  at("alert").textContent = text;
  at("notice").hidden = text === "";
}

/** For a screen reader; others see what has changed. */
export function announce(text) {
  at("announce").textContent = text;
}

export function live(state, text) {
  at("live").className = `live ${state}`;
  at("live").textContent = text;
}

/** Whether it worked; if not, why stands on the page. */
export async function attempt(work) {
  try {
    await work();
    complain("");
    return true;
  } catch (error) {
    complain(error.message);
    return false;
  }
}

/** Carries out a form instead of sending it anywhere. A second press while it is under way does nothing. */
export function onSubmit(form, work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form, () => attempt(work));
  });
}

export function show(id, text) {
  at(id).textContent = text;
  at(id).hidden = text === "";
}

at("hush")?.addEventListener("click", () => complain(""));
