// Weights that are held, let go again: each by its own button, and all at once that the person has not set themselves.

import { change } from "./changes.js";
import { at, busy, plural } from "./elements.js";
import { onProfile, person } from "./person.js";
import { attempt } from "./say.js";

/** Their weights are what the person's doings give them, from now on. */
export function learnAgain(interests) {
  const edits = interests.map(({ id, weight }) => ({ op: "reweight", interest: id, weight, held: false }));
  return change(edits, interests);
}

function kept() {
  return person.profile.interests.filter((one) => one.held && one.kept);
}

at("learn-all").addEventListener("click", () => busy(at("learn-all"), () => attempt(() => learnAgain(kept()))));
onProfile(() => {
  const count = kept().length;
  if (count === 0 && document.activeElement === at("learn-all")) at("interests-title").focus();
  at("kept-part").hidden = count === 0;
  at("kept-words").textContent =
    `${plural(count, "weight is held as it", "weights are held as they")} came, with a version that you went back to or ` +
    "a profile that you brought along. What you do changes nothing about that.";
});
