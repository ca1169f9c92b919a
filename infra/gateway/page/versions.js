// The versions that a profile has had: what made each, what it changed, and the way back.

import { get, ofUser } from "./api.js";
import { goBack } from "./changes.js";
import { sentence } from "./differences.js";
import { at, busy, button, date, element, figure, plural } from "./elements.js";
import { here } from "./address.js";
import { keepList } from "./moving.js";
import { onProfile, person } from "./person.js";
import { drawPlot } from "./plot.js";
import { announce, attempt, complain, show } from "./say.js";
import { CAUSES } from "./why.js";

const OWN = new Set(["edit", "rollback", "import"]);
const FEW = 5;
const BEGINNING = 0; // before the first version
const SAME = "No change to be seen.";
const OLDEST = "What came before it is no longer remembered.";

/** Asks for them anew, where they are looked at. */
export async function showVersions() {
  const { user } = person;
  if (!person.profile || here().view !== "versions") return;
  if (person.profile.version === 0) {
    list({ current: 0, versions: [] });
    return;
  }
  try {
    const told = await get(ofUser(user, "versions"));
    if (user === person.user) list(told);
  } catch (error) {
    complain(error.message);
  }
}

function list({ current, versions }) {
  show("versions-none", versions.length ? "" : "No versions are remembered yet.");
  drawPlot(versions);
  const oldest = versions.at(-1)?.version;
  keepList(at("versions"), versions, (one) => String(one.version), makeVersion, (row, one) => {
    const now = one.version === current;
    row.querySelector(".tag").hidden = !now;
    row.querySelector(".nothing")?.replaceChildren(one.version === oldest ? OLDEST : SAME);
    row.querySelector(".back").hidden = now;
  });
}

function makeVersion(one) {
  const now = element("span", "tag", "now");
  const title = element("h3", "", `Version ${one.version} `, now);
  const cause = element("p", "quiet cause", `${CAUSES[one.cause] ?? one.cause}, ${date(one.time)}${reward(one)}`);
  const back = button("Go back to this", "quiet-button back", () => attempt(() => goBack(one.version)));
  back.setAttribute("aria-label", `Go back to this: version ${one.version}`);
  return element("li", "version", "", title, cause, ...changes(one), holds(one), back);
}

function reward({ reward_before: before, reward_after: after }) {
  return before == null || after == null ? "" : `; tested at ${figure(before)} before and ${figure(after)} after`;
}

function changes({ differences }) {
  const rows = differences.map((one) => element("li", "", `${sentence(one)}.`));
  if (rows.length === 0) return [element("p", "quiet nothing", SAME)];
  if (rows.length <= FEW) return [element("ul", "changes", "", ...rows)];
  const more = element("details", "", "", element("summary", "", `${rows.length - FEW} more`));
  more.append(element("ul", "changes", "", ...rows.slice(FEW)));
  return [element("ul", "changes", "", ...rows.slice(0, FEW)), more];
}

function holds({ interests, avoid }) {
  const gist = `What stood in it: ${plural(interests.length, "interest")}, ${avoid.length} avoided`;
  const rows = interests.map((one) => element("li", "", `${one.text}, ${figure(one.weight)}`));
  const away = avoid.map((one) => element("li", "", `avoided: ${one.text}`));
  return element("details", "", "", element("summary", "", gist), element("ul", "changes", "", ...rows, ...away));
}

/** Takes the person's last change back: to the version before it. */
async function undo() {
  const { current, versions } = await get(ofUser(person.user, "versions"));
  const last = versions.findIndex((one) => OWN.has(one.cause));
  if (last < 0) throw new Error("There is no change of yours to take back.");
  if (versions[last].version === 1) {
    await goBack(BEGINNING);
    announce("Taken back: what you changed is gone, and what is learned from what you do stays.");
    return;
  }
  const before = versions[last + 1];
  if (!before) throw new Error("The version before your last change is no longer remembered.");
  const learned = current - versions[last].version;
  if (learned > 0 && !(await sure(versions[last], before, learned))) return;
  await goBack(before.version);
  announce(`Taken back: the profile goes back to version ${before.version}.`);
}

/** What was learned since goes along; that is for the person to decide. */
function sure(last, before, learned) {
  const since = plural(learned, "version was", "versions were");
  at("undo-words").textContent =
    `Your last change is version ${last.version}. Since then ${since} made from what you did, and going back to ` +
    `version ${before.version} takes that back, too. The versions remember all of it.`;
  const dialog = at("undo-dialog");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => (dialog.onclose = () => resolve(dialog.returnValue === "yes")));
}

at("undo").addEventListener("click", () => busy(at("undo"), () => attempt(undo)));
at("undo-yes").addEventListener("click", () => at("undo-dialog").close("yes"));
at("undo-no").addEventListener("click", () => at("undo-dialog").close("no"));
onProfile(showVersions);
