// What a person wants, in their own words: what was understood is shown, and applied only when they say so.

import { ofUser, post } from "./api.js";
import { change } from "./changes.js";
import { at, button, element, labelled, plural } from "./elements.js";
import { person } from "./person.js";
import { attempt, onSubmit } from "./say.js";

onSubmit(at("wish"), async () => {
  const text = at("wished").value.trim();
  if (text) understood(await post(ofUser(person.user, "edits/read"), { text }));
});

function understood({ edits, unread }) {
  const rows = edits.map(({ edit, sentence }) => {
    const chosen = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    return { edit, chosen, row: element("li", "check", "", chosen, labelled(sentence, chosen)) };
  });
  const title = element("h3", "", rows.length ? "This is what I understood" : "I could not read that");
  title.tabIndex = -1;
  const room = at("understood");
  room.replaceChildren(title);
  if (rows.length) room.append(element("ul", "", "", ...rows.map(({ row }) => row)));
  if (unread.length) room.append(leftOver(unread));
  const apply = button("Apply", "", () => attempt(() => carryOut(rows)));
  const leave = button(rows.length ? "Leave it" : "Close", "plain", shut);
  room.append(element("div", "doing", "", ...(rows.length ? [apply, leave] : [leave])));
  room.hidden = false;
  title.focus();
}

function leftOver(unread) {
  const example = "Say what you want more or less of, or want to avoid: \u201cless politics, more jazz\u201d.";
  const parts = element("ul", "unread", "", ...unread.map((text) => element("li", "", text)));
  return element("div", "quiet", `Not understood (${plural(unread.length, "part")}). ${example}`, parts);
}

async function carryOut(rows) {
  const edits = rows.filter(({ chosen }) => chosen.checked).map(({ edit }) => edit);
  if (edits.length) {
    const named = new Set(edits.map((edit) => edit.interest));
    const { interests, avoid } = person.profile;
    await change(edits, [...interests, ...avoid].filter((one) => named.has(one.id)));
  }
  at("wished").value = "";
  shut();
}

function shut() {
  at("understood").hidden = true;
  at("understood").replaceChildren();
  at("wished").focus();
}
