// What a person adds, avoids, and brings back; and how far recommendations keep away from what is avoided.

import { change } from "./changes.js";
import { distance } from "./differences.js";
import { at, button, element } from "./elements.js";
import { keepList } from "./moving.js";
import { onProfile, person } from "./person.js";
import { attempt, onSubmit, show } from "./say.js";

// Where the slider stands while nobody has moved it.
const MIDDLE = 50;

let moving = false; // the slider, at this moment: what comes in meanwhile does not pull it out of the hand

function sayAway() {
  moving = true;
  at("away-said").textContent = distance(1 - at("away").valueAsNumber / 100);
}

function showAway(within) {
  if (moving) return;
  at("away").value = within == null ? MIDDLE : Math.round(100 * (1 - within));
  at("away-said").textContent = distance(within);
  at("away-usual").hidden = within == null;
}

function showRemoved(removed) {
  at("removed-part").hidden = removed.length === 0;
  show("removed-title", `Taken out (${removed.length})`);
  // The latest first: it is the one that a person looks for.
  keepList(at("removed"), [...removed].reverse(), (one) => one.id, makeRemoved, (row, one) => {
    row.querySelector(".text").textContent = one.text;
  });
}

function makeRemoved(one) {
  const back = button("Bring back", "quiet-button", () => attempt(() => change([{ op: "restore", interest: one.id }])));
  back.setAttribute("aria-label", `Bring back: ${one.text}`);
  return element("li", "removed", "", element("span", "text"), back);
}

/** A field whose text becomes an edit, and is empty again once that is taken. */
function takeText(form, field, op) {
  onSubmit(at(form), async () => {
    const text = at(field).value.trim();
    if (text === "") return;
    await change([{ op, text }]);
    at(field).value = "";
  });
}

takeText("add", "added", "add");
takeText("shun", "shunned", "avoid");
at("away").addEventListener("input", sayAway);
at("away").addEventListener("change", () => {
  moving = false;
  const within = Math.round(100 - at("away").valueAsNumber) / 100;
  attempt(() => change([{ op: "keep_away", within }])).then((taken) => taken || showAway(person.profile.keep_away));
});
at("away-usual").addEventListener("click", () => {
  at("away").focus();
  attempt(() => change([{ op: "keep_away", within: null }]));
});

onProfile(({ removed, keep_away: within, avoid }) => {
  showRemoved(removed);
  showAway(within);
  at("distance").hidden = avoid.length === 0;
});
