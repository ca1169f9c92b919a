// What changed between two versions, in sentences. The service tells it of old versions; of what happens just now we
// see it ourselves.

import { figure, percent, quoted } from "./elements.js";

// Less than this a person does not notice in two digits (as workers/differences.py has it).
const NOTICED = 0.01;

const SENTENCES = {
  added: (text, { after }) => `${text} came in${after == null ? "" : ` at ${figure(after)}`}`,
  removed: (text) => `${text} was taken out`,
  restored: (text, { after }) => `${text} came back${after == null ? "" : ` at ${figure(after)}`}`,
  rewritten: (text, { text_before: before }) => `${quoted(before ?? "")} is now called ${text}`,
  reweighted: (text, { before, after }) =>
    `${text} went ${after < before ? "down" : "up"} from ${figure(before ?? 0)} to ${figure(after ?? 0)}`,
  pinned: (text) => `${text} was pinned`,
  unpinned: (text) => `${text} is no longer pinned`,
  let_go: (text) => `the weight of ${text} is learned again`,
  avoided: (text) => `${text} is avoided`,
  allowed: (text) => `${text} is no longer kept out`,
  keep_away: (_, { before, after }) =>
    `how far to keep away from what you avoid went from ${distance(before)} to ${distance(after)}`,
};

/** One difference (schemas/api.py) as a sentence without a full stop. */
export function sentence(difference) {
  const said = SENTENCES[difference.what];
  return said ? said(quoted(difference.text), difference) : `${difference.what}: ${quoted(difference.text)}`;
}

/** How far recommendations stay away, from the cosine that is too near. */
export function distance(within) {
  return within == null ? "as usual" : percent(1 - within);
}

/** The differences between two profiles as the person reads them; those of the person's own doing first. */
export function between(before, after) {
  const [old, now] = [byId(before.interests), byId(after.interests)];
  const [shunned, shuns] = [byId(before.avoid), byId(after.avoid)];
  const barred = new Set(before.removed.map((one) => one.id));
  const changes = [];
  for (const one of now.values()) {
    const what = barred.has(one.id) ? "restored" : "added";
    if (!old.has(one.id)) changes.push({ what, text: one.text, after: one.weight });
  }
  for (const one of old.values()) {
    if (!now.has(one.id) && !shuns.has(one.id)) changes.push({ what: "removed", text: one.text });
  }
  for (const one of shuns.values()) if (!shunned.has(one.id)) changes.push({ what: "avoided", text: one.text });
  for (const one of shunned.values()) {
    if (!shuns.has(one.id) && !now.has(one.id)) changes.push({ what: "allowed", text: one.text });
  }
  for (const one of now.values()) changes.push(...ofOne(old.get(one.id), one));
  if (before.keep_away !== after.keep_away) {
    changes.push({ what: "keep_away", text: "", before: before.keep_away, after: after.keep_away });
  }
  return changes;
}

function ofOne(before, after) {
  if (!before) return [];
  const changes = [];
  if (before.pinned !== after.pinned) changes.push({ what: after.pinned ? "pinned" : "unpinned", text: after.text });
  if (before.held && !after.held) changes.push({ what: "let_go", text: after.text });
  if (Math.abs(before.weight - after.weight) >= NOTICED) {
    changes.push({ what: "reweighted", text: after.text, before: before.weight, after: after.weight });
  }
  return changes;
}

function byId(interests) {
  return new Map(interests.map((one) => [one.id, one]));
}
