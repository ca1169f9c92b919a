// Small things to build the page from. All text goes in as text: a title is data, never markup.

const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
let ids = 0;

export const at = (id) => document.getElementById(id);

/** An element with a class and, where given, a text and children. */
export function element(tag, className, text, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

/** A button that does one thing; while that is under way, pressing it again does nothing. */
export function button(label, className, work) {
  const made = Object.assign(element("button", className, label), { type: "button" });
  made.addEventListener("click", () => busy(made, work));
  return made;
}

/** Runs `work` unless it runs already. A button that is disabled would lose the focus; one that says so keeps it. */
export async function busy(control, work) {
  if (control.getAttribute("aria-disabled") === "true") return undefined;
  control.setAttribute("aria-disabled", "true");
  try {
    return await work();
  } finally {
    control.removeAttribute("aria-disabled");
  }
}

/** A label with the control that it names. */
export function labelled(words, control) {
  control.id ||= `control-${(ids += 1)}`;
  return Object.assign(element("label", "", words), { htmlFor: control.id });
}

/** A button that opens and closes a room behind it; `fill(room)` is called each time it opens. */
export function opener(label, room, fill) {
  room.id ||= `room-${(ids += 1)}`;
  room.hidden = true;
  const made = button(label, "quiet-button", () => set(room.hidden));
  const set = (open) => {
    room.hidden = !open;
    made.setAttribute("aria-expanded", String(open));
    return open ? fill(room) : room.replaceChildren();
  };
  made.setAttribute("aria-expanded", "false");
  made.setAttribute("aria-controls", room.id);
  return Object.assign(made, { shut: () => set(false) });
}

/** A weight as a figure, with a real minus, and none before a zero. */
export function figure(weight) {
  return weight.toFixed(2).replace("-0.00", "0.00").replace("-", "\u2212");
}

export function percent(share) {
  return `${Math.round(100 * share)} %`.replace("-0 ", "0 ").replace("-", "\u2212");
}

/** A moment (ISO 8601) as a date and a time of day. */
export function date(time) {
  return moment.format(new Date(time));
}

/** How long ago a moment was, in milliseconds since 1970. */
export function relative(time) {
  const seconds = Math.min(0, (time - Date.now()) / 1000);
  for (const [unit, size] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (seconds <= -size) return ago.format(Math.ceil(seconds / size), unit);
  }
  return ago.format(Math.ceil(seconds), "second");
}

export function quoted(text) {
  return `\u201c${text}\u201d`;
}

export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
