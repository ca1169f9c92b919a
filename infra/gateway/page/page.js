// The page: who is shown, the stream of their profile, and what follows when it changes.

import { eventId, get, ofUser, post } from "./api.js";
import { element, figure, showInterests, showProviders } from "./view.js";

const PER_PROVIDER = 6;
// A weight lies in -1..1. Bars are scaled to the strongest, but below this it does not fill its track: a profile that
// has barely begun looks like one.
const LEAST_SCALE = 0.2;
const FIRST_PEOPLE = 12;
const FRESH_MS = 10_000;
const SETTLE_MS = 200;
const RETRY_MS = 3_000;

const at = (id) => document.getElementById(id);
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

let shown = null; // { user, source, version, changed, timer }
let providers = [];

function show(user) {
  shown?.source.close();
  clearTimeout(shown?.timer);
  shown = { user, source: null, version: null, changed: null, timer: 0 };
  at("user").value = user;
  at("name").textContent = user;
  at("person").hidden = at("people").hidden = true;
  for (const list of ["interests", "avoid", "providers"]) at(list).replaceChildren();
  complain("");
  hint("One moment.");
  listen(shown);
}

function listen(person) {
  const source = new EventSource(ofUser(person.user, "events"));
  person.source = source;
  source.addEventListener("open", () => live("on", "live"));
  source.addEventListener("profile", (event) => take(person, JSON.parse(event.data)));
  source.addEventListener("absent", () => absent(person));
  source.addEventListener("error", () => {
    live("off", "reconnecting");
    // A browser retries a broken stream by itself, but not one that was refused.
    if (source.readyState !== EventSource.CLOSED) return;
    if (person.version === null) hint("The service does not answer; trying again.");
    person.timer = setTimeout(() => person === shown && listen(person), RETRY_MS);
  });
}

function take(person, profile) {
  if (person !== shown) return;
  const first = person.version === null;
  if (profile.version === person.version) return;
  person.version = profile.version;
  person.changed = first ? null : Date.now();
  person.updated = profile.updated && Date.parse(profile.updated);
  hint("");
  at("person").hidden = false;
  at("version").textContent = `Version ${profile.version}`;
  sinceChange();
  showProfile(profile);
  at("announce").textContent = first
    ? `Profile of ${profile.user}, version ${profile.version}.`
    : `The profile changed: version ${profile.version}. ${strongest(profile)}`;
  clearTimeout(person.timer);
  person.timer = setTimeout(() => recommend(person), first ? 0 : SETTLE_MS);
}

function showProfile({ interests, avoid }) {
  const all = [...interests, ...avoid].map((interest) => Math.abs(interest.weight));
  const scale = Math.max(LEAST_SCALE, ...all);
  showInterests(at("interests"), interests, scale);
  showInterests(at("avoid"), avoid, scale);
  at("avoiding").hidden = avoid.length === 0;
  at("none").hidden = interests.length > 0;
}

async function recommend(person) {
  try {
    providers = (await get("/v1/page")).providers;
    const answers = await Promise.all(providers.map((provider) => ofProvider(person, provider)));
    if (person !== shown) return;
    const filled = answers.filter(({ items }) => items.length > 0);
    showProviders(at("providers"), filled, (item, signal) => send(person, item, signal));
    at("no-items").hidden = filled.length > 0;
  } catch (error) {
    if (person === shown) complain(error.message);
  }
}

async function ofProvider(person, provider) {
  const query = new URLSearchParams({ provider, k: PER_PROVIDER });
  const { items } = await get(ofUser(person.user, `recommendations?${query}`));
  return { provider, items };
}

async function send(person, { provider, item }, signal) {
  const time = new Date().toISOString();
  return attempt(() =>
    post("/v1/interactions", { event_id: eventId(), user: person.user, provider, item, signal, time }),
  );
}

async function attempt(call) {
  try {
    await call();
    complain("");
    return true;
  } catch (error) {
    complain(error.message);
    return false;
  }
}

function absent(person) {
  if (person !== shown) return;
  person.version = null;
  at("person").hidden = true;
  hint(`Nothing is known of ${person.user} yet. Their profile appears here with their first interaction.`);
}

function sinceChange() {
  if (!shown) return;
  const { changed, updated } = shown;
  const fresh = changed !== null && Date.now() - changed < FRESH_MS;
  at("changed").classList.toggle("fresh", fresh);
  if (fresh) at("changed").textContent = "changed just now";
  else if (changed !== null) at("changed").textContent = `changed ${relative(changed)}`;
  else at("changed").textContent = updated ? `last event ${relative(updated)}` : "";
}

function relative(time) {
  const seconds = Math.min(0, (time - Date.now()) / 1000);
  for (const [unit, size] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (seconds <= -size) return ago.format(Math.ceil(seconds / size), unit);
  }
  return ago.format(Math.ceil(seconds), "second");
}

function strongest({ interests }) {
  return interests.length ? `Strongest: ${interests[0].text}, ${figure(interests[0].weight)}.` : "";
}

function hint(text) {
  at("hint").textContent = text;
  at("hint").hidden = text === "";
}

function complain(text) {
  at("alert").textContent = text;
  at("alert").hidden = text === "";
}

function live(state, text) {
  at("live").className = `live ${state}`;
  at("live").textContent = text;
}

function userInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("user");
}

function follow() {
  const user = userInAddress();
  if (user && user !== shown?.user) show(user);
}

function link(user) {
  const anchor = Object.assign(element("a", "", user), { href: addressOf(user) });
  return element("li", "", "", anchor);
}

function addressOf(user) {
  return `#${new URLSearchParams({ user })}`;
}

async function offer() {
  const page = await get("/v1/page");
  at("users").replaceChildren(...page.users.map((user) => Object.assign(element("option"), { value: user })));
  at("people").replaceChildren(...page.users.slice(0, FIRST_PEOPLE).map(link));
  at("people").hidden = shown !== null;
  if (!shown && page.users.length === 0) hint("Type the id of a user whose interactions stream in.");
}

at("who").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = addressOf(at("user").value.trim());
  follow();
});
// A name picked from the list is a decision; a name being typed is not.
at("user").addEventListener("input", ({ inputType, target }) => {
  const picked = inputType === undefined || inputType === "insertReplacementText";
  if (picked && target.value) at("who").requestSubmit();
});
at("refresh").addEventListener("click", () => attempt(() => post(ofUser(shown.user, "refresh"), {})));
addEventListener("hashchange", follow);
// A browser opens six connections to one server at most, for all tabs together: one that nobody looks at gives its up.
document.addEventListener("visibilitychange", () => {
  shown?.source.close();
  clearTimeout(shown?.timer);
  if (shown && !document.hidden) listen(shown);
});
setInterval(sinceChange, 1_000);
offer().catch((error) => complain(error.message));
follow();
