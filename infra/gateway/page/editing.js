// An interest, changed in place: its words, its weight, and whether it stays whatever is learned.

import { change } from "./changes.js";
import { button, element, figure, labelled } from "./elements.js";
import { attempt, onSubmit } from "./say.js";

const MAX_TEXT = 80;
const STEP = 0.01;

/** Fills the room with a form about the interest. `shut` closes the room again. */
export function openEditor(room, interest, { avoided, shut }) {
  const words = input({ type: "text", value: interest.text, maxLength: MAX_TEXT, required: true });
  const pinned = input({ type: "checkbox", checked: interest.pinned });
  const weight = input({ type: "range", min: -1, max: 1, step: STEP, value: interest.weight });
  // A slider knows only its own steps: what was not moved is not changed.
  const started = weight.value;
  const form = element("form", "editor", "", labelled("In these words", words), words);
  const keep = element("p", "check", "", pinned, labelled("Keep it, whatever is learned", pinned));
  if (!avoided) form.append(...weightParts(weight), keep);
  const save = Object.assign(element("button", "", "Save"), { type: "submit" });
  form.append(element("div", "doing", "", save, button("Cancel", "plain", shut)));
  if (!avoided) form.append(element("p", "", "", button("Avoid this instead", "quiet-button", () => attempt(avoid))));
  room.replaceChildren(form);
  words.focus();
  form.addEventListener("keydown", ({ key }) => key === "Escape" && shut());

  const avoid = async () => {
    await change([{ op: "avoid", text: interest.text }], [interest]);
    shut();
  };
  onSubmit(form, async () => {
    const wanted = {
      text: words.value.trim(),
      weight: weight.value === started ? null : Number(weight.value),
      pinned: pinned.checked,
    };
    const edits = editsOf(interest, wanted);
    if (edits.length) await change(edits, [interest]);
    shut();
  });
}

/** The words come last: with others it has another id. */
function editsOf(interest, { text, weight, pinned }) {
  const { id } = interest;
  const edits = [];
  if (weight !== null) edits.push({ op: "reweight", interest: id, weight });
  if (pinned !== interest.pinned) edits.push({ op: "pin", interest: id, pinned });
  if (text !== interest.text) edits.push({ op: "rewrite", interest: id, text });
  return edits;
}

function weightParts(weight) {
  const shown = element("output", "", figure(Number(weight.value)));
  const name = labelled("How much it counts", weight);
  const ends = element("p", "ends", "", element("span", "", "against it"), element("span", "", "all for it"));
  ends.setAttribute("aria-hidden", "true");
  weight.addEventListener("input", () => (shown.textContent = figure(Number(weight.value))));
  return [element("p", "named", "", name, shown), weight, ends];
}

function input(properties) {
  const made = document.createElement("input");
  // The ends of a slider before its value, which would be cut to the ones that it has by itself.
  for (const [name, value] of Object.entries(properties)) made[name] = value;
  return made;
}
