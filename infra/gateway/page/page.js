// The page: who is shown and which view of them, and the stream of their profile.

import "./adding.js";
import { addressOf, here, VIEWS } from "./address.js";
import { get, ofUser, post } from "./api.js";
import { at, busy, element } from "./elements.js";
import { watchErasure } from "./forgetting.js";
import { begin, person, settle } from "./person.js";
import { clear, sinceChange } from "./profile.js";
import { attempt, complain, hint, live } from "./say.js";
import { listen } from "./stream.js";
import * as token from "./token.js";
import { showVersions } from "./versions.js";
import "./wishes.js";

const FIRST_PEOPLE = 12;
const HINT = "Pick a person to watch their interests move and their recommendations follow.";

let stop = () => {};

/** Shows what the address names. */
function follow() {
  const { user: named, view, erasure } = here();
  const user = named ?? (erasure ? null : token.holder());
  watchErasure(erasure);
  if (user !== person.user) show(user);
  at("start").hidden = user !== null || erasure !== null;
  for (const one of VIEWS) {
    at(`view-${one}`).hidden = one !== view;
    if (user !== null) at(`to-${one}`).href = addressOf(user, one);
    if (one === view) at(`to-${one}`).setAttribute("aria-current", "page");
    else at(`to-${one}`).removeAttribute("aria-current");
  }
  showVersions();
}

function show(user) {
  stop();
  begin(user);
  clear();
  complain("");
  at("user").value = at("name").textContent = user ?? "";
  hint(user === null ? "" : "One moment.");
  if (user !== null) stop = listenTo(user);
}

function listenTo(user) {
  live("", "connecting");
  return listen(ofUser(user, "events"), {
    open: () => live("on", "live"),
    event: (name, data) => (name === "profile" ? take(data) : absent(user)),
    lost: (error) => {
      live("off", "reconnecting");
      if (!person.profile) hint(error?.message ?? "The service does not answer; trying again.");
    },
    ended: (error) => {
      live("off", "not connected");
      hint("");
      complain(error.message);
    },
  });
}

function take(profile) {
  if (profile.version !== person.profile?.version) settle(profile);
}

function absent(user) {
  hint(`Nothing is known of ${user} yet. Their profile appears here with their first interaction, or begin it here.`);
  settle({ user, version: 0, updated: null, interests: [], avoid: [], removed: [], keep_away: null });
}

function link(user) {
  return element("li", "", "", Object.assign(element("a", "", user), { href: addressOf(user) }));
}

function refit() {
  return attempt(() => post(ofUser(person.user, "refresh"), {}));
}

async function offer() {
  const { users } = await get("/v1/page");
  at("users").replaceChildren(...users.map((user) => Object.assign(element("option"), { value: user })));
  at("people").replaceChildren(...users.slice(0, FIRST_PEOPLE).map(link));
  at("start-words").textContent = users.length ? HINT : "Type the id of a user whose interactions stream in.";
}

at("who").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = addressOf(at("user").value.trim());
});
// A name picked from the list is a decision; a name being typed is not.
at("user").addEventListener("input", ({ inputType, target }) => {
  const picked = inputType === undefined || inputType === "insertReplacementText";
  if (picked && target.value) at("who").requestSubmit();
});
at("refresh").addEventListener("click", () => busy(at("refresh"), refit));
addEventListener("hashchange", () => {
  // Another token may be another person's, or open what the last one did not.
  if (token.takeFromAddress()) location.reload();
  else follow();
});
// A browser opens six connections to one server at most, for all tabs together: one that nobody looks at gives its up.
document.addEventListener("visibilitychange", () => {
  stop();
  if (person.user !== null && !document.hidden) stop = listenTo(person.user);
});
setInterval(sinceChange, 1_000);
token.takeFromAddress();
follow();
offer().catch((error) => complain(error.message));
