// What a person changes: sent to their agent, and waited for until it stands in the profile.
//
// 1. Looked at once more. What was changed meanwhile, in another tab or by another device, is not overwritten unseen.
// 2. Sent, with the version that the person saw.
// 3. Waited for. The answer says only that it is taken; what became of it is asked for by its id, and the profile itself
//    comes by the stream. What the profile could not take is said with the reason.

import { get, newId, ofUser, post } from "./api.js";
import { quoted } from "./elements.js";
import { person } from "./person.js";
import { announce } from "./say.js";

const PATIENCE_MS = 8_000;
const FIRST_MS = 50;
const LONGEST_MS = 1_000;
const SLOW =
  "This was taken, and your profile has not changed so far. If it still does, you see it here; if it has not within " +
  "a minute, do it again.";

/** Edits of the profile that is shown. `seen`: the interests that they are about, as the person saw them. Throws what
 * stands in the way, in words for the person; then nothing was changed. */
export async function change(edits, seen = []) {
  const { user, profile } = person;
  if (seen.length) await refuseStale(user, seen); // 1
  const command = newId();
  await post(ofUser(user, "edits"), { edits, base_version: profile.version, command_id: command }); // 2
  await done(user, command); // 3
}

/** Back to a version; 0 is before the first. */
export async function goBack(version) {
  const { user } = person;
  const command = newId();
  await post(ofUser(user, "rollback"), { version, command_id: command });
  await done(user, command);
}

/** Resolves when the command stands in the profile. Throws why it does not. */
export async function done(user, command) {
  const end = Date.now() + PATIENCE_MS;
  for (let pause = FIRST_MS; ; pause = Math.min(2 * pause, LONGEST_MS)) {
    const { state, why } = await outcome(user, command);
    if (state === "refused") throw new Error(`Nothing was changed: ${why}.`);
    if (state === "done") break;
    if (Date.now() > end) throw new Error(SLOW);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  announce("Saved.");
}

/** It was taken: whoever does not answer now may answer the next time. */
function outcome(user, command) {
  return get(ofUser(user, `commands/${command}`)).catch(() => ({ state: "pending" }));
}

async function refuseStale(user, seen) {
  const now = await get(ofUser(user, "profile"));
  const there = new Map([...now.interests, ...now.avoid].map((one) => [one.id, one]));
  for (const one of seen) {
    const today = there.get(one.id);
    if (!today) {
      throw new Error(
        `${quoted(one.text)} is not in your profile any more: it was taken out or rewritten meanwhile, perhaps in ` +
          "another tab. Nothing was changed now; look again, and repeat what you still want.",
      );
    }
    if (isChanged(one, today)) {
      throw new Error(
        `${quoted(one.text)} was changed meanwhile, perhaps in another tab. Nothing was changed now; look again, and ` +
          "repeat what you still want.",
      );
    }
  }
}

/** By a person: what is learned meanwhile moves weights, and stands in nobody's way. */
function isChanged(seen, today) {
  const reweighted = today.held && (!seen.held || seen.weight !== today.weight);
  return reweighted || seen.pinned !== today.pinned;
}
