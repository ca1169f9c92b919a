// Recommendations by provider, each with the interest that brought it; on demand, all that speaks for or against it.

import { get, newId, ofUser, post } from "./api.js";
import { element, figure, opener, percent, quoted, button } from "./elements.js";
import { keepList } from "./moving.js";
import { person } from "./person.js";
import { attempt } from "./say.js";

const SIGNALS = [
  { signal: "like", label: "Like", done: "Liked" },
  { signal: "dislike", label: "Dislike", done: "Disliked" },
  { signal: "click", label: "Click", done: "Clicked" },
];
// Less of a share than this is nobody's reason.
const LEAST_SHARE = 0.01;

/** One block per provider, [{ provider, items }]. */
export function showProviders(container, providers) {
  keepList(container, providers, ({ provider }) => provider, makeBlock, (block, { items }) => {
    keepList(block.querySelector("ol"), items, (item) => item.item, makeItem, updateItem);
  });
}

function makeBlock({ provider }) {
  const title = element("h3", "", provider);
  title.id = `provider-${provider}`;
  const block = element("section", "provider", "", title, element("ol"));
  block.setAttribute("aria-labelledby", title.id);
  return block;
}

function makeItem(item) {
  const score = element("span", "score", "", element("span", "unseen", "score "), element("span", "figure"));
  const why = element("p", "why", "", element("span", "interest-name tag"), element("span", "met", "seen"), score);
  const room = element("div", "room");
  const asking = opener("Why this?", room, () => explain(room, item));
  asking.setAttribute("aria-label", `Why this? ${item.title}`);
  const actions = element("div", "actions", "", ...SIGNALS.map((kind) => makeButton(kind, item)), asking);
  actions.setAttribute("role", "group");
  actions.setAttribute("aria-label", `What you make of ${item.title}`);
  return element("li", "item", "", element("h4"), why, actions, room);
}

function makeButton({ signal, label, done }, item) {
  const made = button(label, signal, async () => {
    if (!(await attempt(() => send(item, signal)))) return;
    made.classList.add("sent");
    made.textContent = done;
  });
  return made;
}

function send({ provider, item }, signal) {
  const time = new Date().toISOString();
  return post("/v1/interactions", { event_id: newId(), user: person.user, provider, item, signal, time });
}

function updateItem(row, item) {
  row.classList.toggle("seen", item.seen);
  row.querySelector("h4").textContent = item.title;
  part(row, "interest-name").textContent = item.interest ?? "";
  part(row, "interest-name").hidden = !item.interest;
  part(row, "interest-name").title = "The interest that brought it";
  part(row, "met").hidden = !item.seen;
  part(row, "figure").textContent = item.score.toFixed(2);
}

async function explain(room, { provider, item }) {
  room.replaceChildren(element("p", "quiet", "One moment."));
  try {
    const path = `explanations/${encodeURIComponent(provider)}/${encodeURIComponent(item)}`;
    room.replaceChildren(...reasons(await get(ofUser(person.user, path))));
  } catch (error) {
    room.replaceChildren(element("p", "quiet", error.message));
  }
}

function reasons({ contributions, seen, avoided }) {
  const named = contributions.filter((one) => Math.abs(one.share) >= LEAST_SHARE);
  const said = [];
  const both = named.some((one) => one.share < 0) ? "What speaks for it, and against it:" : "What speaks for it:";
  if (named.length) said.push(element("p", "", both), element("ul", "shares", "", ...named.map(share)));
  else said.push(element("p", "", "None of your interests says much about it."));
  if (seen) said.push(element("p", "", "You have met it already, so it stands further down."));
  if (avoided) said.push(element("p", "", `It is too near to ${quoted(avoided)}, which you avoid.`));
  return said;
}

function share(one) {
  const bar = element("div", "bar");
  bar.style.setProperty("--part", Math.min(1, Math.abs(one.share)).toFixed(4));
  const track = element("div", "track", "", bar);
  track.setAttribute("aria-hidden", "true");
  const close = `${figure(one.similarity)} alike`;
  const words = element("div", "words", "", element("span", "text", one.text), element("span", "quiet", close));
  words.append(element("span", "weight", percent(one.share)));
  return element("li", one.share < 0 ? "negative" : "", "", words, track);
}

function part(row, className) {
  return row.querySelector(`.${className}`);
}
