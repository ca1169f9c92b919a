// The interests, and what is avoided: sentences with weights. Each opens why it is there, and can be changed in place.

import { change } from "./changes.js";
import { openEditor } from "./editing.js";
import { button, element, figure, opener } from "./elements.js";
import { learnAgain } from "./learning.js";
import { keepList } from "./moving.js";
import { attempt } from "./say.js";
import { fillWhy } from "./why.js";

const shown = new WeakMap(); // row -> the interest that it shows

/** The widest bar is for the weight `strongest`. */
export function showInterests(list, interests, strongest, avoided = false) {
  keepList(list, interests, (interest) => interest.id, () => makeRow(avoided), (row, interest) => {
    shown.set(row, interest);
    const negative = Number(interest.weight.toFixed(2)) < 0;
    row.classList.toggle("negative", negative);
    part(row, "text").textContent = interest.text;
    part(row, "less").hidden = !negative || avoided;
    part(row, "pinned").hidden = !interest.pinned;
    part(row, "yours").hidden = !((interest.held && !interest.kept) || interest.source === "person");
    part(row, "kept").hidden = !(interest.held && interest.kept);
    offerToLearn(row, interest.held && !avoided);
    part(row, "weight").textContent = figure(interest.weight);
    part(row, "bar").style.setProperty("--part", Math.min(1, Math.abs(interest.weight) / strongest).toFixed(4));
    for (const one of row.querySelectorAll(".doing button")) name(one, interest.text);
  });
}

function makeRow(avoided) {
  const words = element(
    "div", "words", "",
    element("span", "text"),
    tag("pinned", "pinned", "Nothing that is learned takes it out"),
    tag("yours", "yours", "In your own words, or with a weight that you set"),
    tag("kept", "held", "Its weight came with a version that you went back to, or a profile that you brought along"),
    tag("less", "less of this", "It counts against what is recommended"),
    element("span", "weight"),
  );
  const track = element("div", "track", "", element("div", "bar"));
  track.setAttribute("aria-hidden", "true");
  const row = element("li", "interest", "", words, track);
  const reasons = element("div", "room");
  const editor = element("div", "room");
  const why = opener("Why", reasons, (room) => fillWhy(room, shown.get(row)));
  const edit = opener("Change", editor, (room) => openEditor(room, shown.get(row), { avoided, shut }));
  const shut = () => {
    edit.shut();
    edit.focus();
  };
  const learn = button("Learn its weight again", "quiet-button learn", () =>
    attempt(() => learnAgain([shown.get(row)])),
  );
  const out = button(avoided ? "Allow again" : "Remove", "quiet-button", () => takeOut(shown.get(row)));
  row.append(element("div", "doing", "", why, edit, learn, out), reasons, editor);
  return row;
}

/** Who pressed it has the focus on it when it goes, and finds themselves at what stands before it. */
function offerToLearn(row, held) {
  const learn = part(row, "learn");
  if (!held && document.activeElement === learn) learn.previousElementSibling.focus();
  learn.hidden = !held;
}

function takeOut(interest) {
  return attempt(() => change([{ op: "remove", interest: interest.id }], [interest]));
}

function tag(className, text, title) {
  return Object.assign(element("span", `tag ${className}`, text), { title });
}

/** A button's full name says what it is about: a screen reader lists buttons without what stands around them. */
function name(control, text) {
  control.setAttribute("aria-label", `${control.textContent}: ${text}`);
}

function part(row, className) {
  return row.querySelector(`.${className}`);
}
