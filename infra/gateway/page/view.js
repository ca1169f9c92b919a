// What interests and recommendations look like. All text goes in as text: a title is data, never markup.

import { keepList } from "./moving.js";

const SIGNALS = [
  { signal: "like", label: "Like", done: "Liked" },
  { signal: "dislike", label: "Dislike", done: "Disliked" },
  { signal: "click", label: "Click", done: "Clicked" },
];

/** An element with a class and, where given, a text and children. */
export function element(tag, className, text, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

/** Interests with their weights, the widest bar for the weight `strongest`. */
export function showInterests(list, interests, strongest) {
  keepList(list, interests, (interest) => interest.id, makeInterest, (row, interest) => {
    const negative = Number(interest.weight.toFixed(2)) < 0;
    row.classList.toggle("negative", negative);
    part(row, "text").textContent = interest.text;
    part(row, "less").hidden = !negative;
    part(row, "pinned").hidden = !interest.pinned;
    part(row, "weight").textContent = figure(interest.weight);
    part(row, "bar").style.setProperty("--part", Math.min(1, Math.abs(interest.weight) / strongest).toFixed(4));
  });
}

/** One block per provider; `send(item, signal)` resolves when the interaction was taken. */
export function showProviders(container, providers, send) {
  const make = ({ provider }) => {
    const title = element("h3", "", provider);
    title.id = `provider-${provider}`;
    const block = element("section", "provider", "", title, element("ol"));
    block.setAttribute("aria-labelledby", title.id);
    return block;
  };
  keepList(container, providers, ({ provider }) => provider, make, (block, { items }) => {
    keepList(block.querySelector("ol"), items, (item) => item.item, (item) => makeItem(item, send), updateItem);
  });
}

/** A weight as a figure, with a real minus, and none before a zero. */
export function figure(weight) {
  return weight.toFixed(2).replace("-0.00", "0.00").replace("-", "\u2212");
}

function makeInterest() {
  const words = element(
    "div", "words", "",
    element("span", "text"), element("span", "tag pinned", "pinned"), element("span", "tag less", "less of this"),
    element("span", "weight"),
  );
  const track = element("div", "track", "", element("div", "bar"));
  track.setAttribute("aria-hidden", "true");
  return element("li", "interest", "", words, track);
}

function makeItem(item, send) {
  const score = element("span", "score", "", element("span", "unseen", "score "), element("span", "figure"));
  const why = element("p", "why", "", element("span", "interest-name tag"), element("span", "met", "seen"), score);
  const actions = element("div", "actions", "", ...SIGNALS.map((kind) => makeButton(kind, item, send)));
  actions.setAttribute("role", "group");
  actions.setAttribute("aria-label", `What you make of ${item.title}`);
  return element("li", "item", "", element("h4"), why, actions);
}

function makeButton({ signal, label, done }, item, send) {
  const button = element("button", signal, label);
  button.type = "button";
  button.addEventListener("click", async () => {
    if (!(await send(item, signal))) return;
    button.classList.add("sent");
    button.textContent = done;
  });
  return button;
}

function updateItem(row, item) {
  row.classList.toggle("seen", item.seen);
  row.querySelector("h4").textContent = item.title;
  part(row, "interest-name").textContent = item.interest ?? "";
  part(row, "interest-name").title = "The interest that brought it";
  part(row, "met").hidden = !item.seen;
  part(row, "figure").textContent = item.score.toFixed(2);
}

function part(row, name) {
  return row.querySelector(`.${name}`);
}
