// The profile itself: interests, what is avoided, what just changed, and what is recommended for it.

import { get, ofUser } from "./api.js";
import { between, sentence } from "./differences.js";
import { at, element, figure, relative } from "./elements.js";
import { showInterests } from "./interests.js";
import { showProviders } from "./items.js";
import { onProfile, person } from "./person.js";
import { announce, complain, hint } from "./say.js";

const PER_PROVIDER = 6;
// A weight lies in -1..1. Bars are scaled to the strongest, but below this it does not fill its track: a profile that
// has barely begun looks like one.
const LEAST_SCALE = 0.2;
const FRESH_MS = 10_000;
const SETTLE_MS = 200;
const FEW = 6;
const FILLED = ["interests", "avoid", "removed", "versions", "providers", "understood", "brought"];

let changed = null; // when it last did while it was looked at
let timer = 0;

function take(profile, before) {
  changed = before ? Date.now() : null;
  if (profile.version > 0) hint("");
  at("person").hidden = false;
  at("version").textContent = profile.version ? `Version ${profile.version}` : "No version yet";
  showProfile(profile);
  const changes = before ? between(before, profile) : [];
  showChanges(changes, before !== null);
  announce(spoken(profile, before, changes));
  clearTimeout(timer);
  timer = setTimeout(() => recommend(profile), before ? SETTLE_MS : 0);
}

function showProfile({ interests, avoid }) {
  const all = [...interests, ...avoid].map((interest) => Math.abs(interest.weight));
  const scale = Math.max(LEAST_SCALE, ...all);
  showInterests(at("interests"), interests, scale);
  showInterests(at("avoid"), avoid, scale, true);
  at("avoid").hidden = avoid.length === 0;
  at("none").hidden = interests.length > 0;
}

function showChanges(changes, isLive) {
  at("just-now").hidden = !isLive;
  const rows = changes.slice(0, FEW).map((one) => element("li", "", `${sentence(one)}.`));
  if (changes.length > FEW) rows.push(element("li", "", `And ${changes.length - FEW} more.`));
  if (rows.length === 0) rows.push(element("li", "", "Nothing that can be seen in two digits."));
  at("changes").replaceChildren(...rows);
  sinceChange();
}

function spoken(profile, before, changes) {
  if (profile.version === 0) return "";
  if (!before) return `Profile of ${profile.user}, version ${profile.version}. ${strongest(profile)}`;
  const said = changes.slice(0, FEW).map(sentence).join("; ");
  return `The profile changed: version ${profile.version}. ${said || strongest(profile)}`;
}

function strongest({ interests }) {
  return interests.length ? `Strongest: ${interests[0].text}, ${figure(interests[0].weight)}.` : "";
}

/** Says how long ago it changed; called each second. */
export function sinceChange() {
  if (!person.profile) return;
  const fresh = changed !== null && Date.now() - changed < FRESH_MS;
  at("changed").classList.toggle("fresh", fresh);
  const { updated } = person.profile;
  if (fresh) at("changed").textContent = "changed just now";
  else if (changed !== null) at("changed").textContent = `changed ${relative(changed)}`;
  else at("changed").textContent = updated ? `last event ${relative(Date.parse(updated))}` : "";
}

async function recommend({ user, version }) {
  if (version === 0) {
    showProviders(at("providers"), []);
    at("no-items").hidden = false;
    return;
  }
  try {
    const { providers } = await get("/v1/page");
    const answers = await Promise.all(providers.map((provider) => ofProvider(user, provider)));
    // A newer version asks for its own.
    if (user !== person.user || version !== person.profile?.version) return;
    const filled = answers.filter(({ items }) => items.length > 0);
    showProviders(at("providers"), filled);
    at("no-items").hidden = filled.length > 0;
  } catch (error) {
    if (user === person.user) complain(error.message);
  }
}

async function ofProvider(user, provider) {
  const query = new URLSearchParams({ provider, k: PER_PROVIDER });
  const { items } = await get(ofUser(user, `recommendations?${query}`));
  return { provider, items };
}

/** Before another person is shown. */
export function clear() {
  clearTimeout(timer);
  changed = null;
  at("person").hidden = at("just-now").hidden = true;
  for (const one of FILLED) at(one).replaceChildren();
  at("understood").hidden = true;
}

onProfile(take);
