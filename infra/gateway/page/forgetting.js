// Forgetting a person: asked twice, in plain words, with the profile to take along offered first; then how far it is.

import { addressOfErasure } from "./address.js";
import { get, newId, ofUser, remove } from "./api.js";
import { download, save } from "./carrying.js";
import { at, button, date, element, plural } from "./elements.js";
import { person } from "./person.js";
import { announce, attempt } from "./say.js";

const AGAIN_MS = 1_000;

const STATES = {
  unknown: "Your wish is on its way. Once it has arrived, nothing that comes in about you is kept.",
  pending: "Your profile and what you did are deleted here. Every provider is asked to confirm that it let go, too.",
  late: "Your profile and what you did are deleted here. A provider has not confirmed in time; it is still waited for.",
  complete: "Everything of yours is gone, here and at every provider.",
};

let watched = null;

/** The first question, and the second behind it. */
function ask() {
  at("forget-dialog").showModal();
  step("Forget everything about me", [
    "This deletes your profile, everything it was learned from, and all earlier versions. Providers must delete what " +
      "they hold.",
    "It cannot be undone. If you may want your profile back one day, download it first: it can be brought in again.",
  ], [
    button("Download my profile first", "plain", () => attempt(download)),
    button("Go on", "danger", confirm),
    button("Keep my profile", "", shut),
  ]);
}

function confirm() {
  step("Are you sure?", [
    `Everything about ${person.user} is deleted for good as soon as you press the button. Nobody can bring it back, ` +
      "and this name cannot be used again.",
  ], [
    button("Yes, delete everything", "danger", () => attempt(erase)),
    button("No, keep my profile", "", shut),
  ]);
}

function step(title, words, controls) {
  at("forget-title").textContent = title;
  at("forget-words").replaceChildren(...words.map((text) => element("p", "", text)));
  at("forget-controls").replaceChildren(...controls);
  // What does no harm comes under the finger first.
  controls.at(-1).focus();
}

function shut() {
  at("forget-dialog").close();
}

async function erase() {
  try {
    const { erasure } = await remove(`${ofUser(person.user)}?command_id=${newId()}`);
    location.hash = addressOfErasure(erasure);
  } finally {
    shut();
  }
}

/** Shows how far an erasure is until it is over, or until another view is looked at (null). */
export function watchErasure(erasure) {
  watched = erasure;
  at("erasure").hidden = erasure === null;
  if (erasure === null) return;
  at("erasure-title").textContent = "Being forgotten";
  at("erasure-state").textContent = STATES.unknown;
  at("erasure-parts").replaceChildren();
  at("erasure-title").focus();
  look(erasure);
}

async function look(erasure) {
  if (watched !== erasure) return;
  try {
    const status = await get(`/v1/erasures/${encodeURIComponent(erasure)}`);
    if (watched !== erasure) return;
    tell(status);
    if (status.state === "complete") return;
  } catch (error) {
    if (watched !== erasure) return;
    at("erasure-state").textContent = error.message;
  }
  setTimeout(() => look(erasure), AGAIN_MS);
}

function tell(status) {
  const said = STATES[status.state];
  if (at("erasure-state").textContent !== said) announce(said);
  at("erasure-state").textContent = said;
  if (status.state === "complete") at("erasure-title").textContent = "Forgotten";
  const rows = [
    status.begun && `Deleted here: ${date(status.begun)}`,
    ...status.confirmed.map((provider) => `${provider}: confirmed`),
    ...status.missing.map((provider) => `${provider}: not confirmed yet`),
    status.completed && `Complete: ${date(status.completed)}`,
  ].filter(Boolean);
  const parts = [element("ul", "changes", "", ...rows.map((text) => element("li", "", text)))];
  if (status.signature) parts.push(...receipt(status));
  at("erasure-parts").replaceChildren(...parts);
}

function receipt(status) {
  const text = JSON.stringify(status, null, 1);
  const file = new Blob([text], { type: "application/json" });
  const take = button("Download the receipt", "", () => save(file, "attune-erasure.json"));
  const confirmed = plural(status.confirmed.length, "provider");
  return [
    element("p", "", `A signed receipt says so, for ${confirmed}. Keep it: it is all that is left.`),
    element("p", "", "", take),
    element("p", "quiet", `Signature: ${status.signature}`),
  ];
}

at("forget").addEventListener("click", ask);
