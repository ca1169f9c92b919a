// What a person takes along, and what they bring: a profile document, or a history as a platform gave it to them.

import { newId, ofUser, call, post, read, upload } from "./api.js";
import { done } from "./changes.js";
import { at, busy, button, date, element, plural } from "./elements.js";
import { person } from "./person.js";
import { announce, attempt, onSubmit } from "./say.js";

// A profile document is some 100 KB; a file this large is no such thing, and is not read here.
const MAX_DOCUMENT = 4 * 1024 * 1024;
const FORMAT = "attune-profile";

/** The profile document into a file on the reader's own disk. */
export async function download() {
  const response = await call(ofUser(person.user, "export"));
  if (!response.ok) await read(response);
  save(await response.blob(), "attune-profile.json");
  announce("Your profile was downloaded.");
}

export function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** What came: a document of ours is shown before it takes the profile's place; anything else goes as it is. */
async function bring() {
  const [file] = at("file").files;
  if (!file) throw new Error("Choose a file first.");
  const document = await documentIn(file);
  if (document) ask(document);
  else await sendHistory(file);
}

async function documentIn(file) {
  if (file.size > MAX_DOCUMENT) return null;
  try {
    const parsed = JSON.parse(await file.text());
    return parsed?.format === FORMAT ? parsed : null;
  } catch {
    return null; // No JSON: then it is a platform's.
  }
}

function ask(document) {
  const [interests, avoid] = [document.interests?.length ?? 0, document.avoid?.length ?? 0];
  const said =
    `This is a profile with ${plural(interests, "interest")} and ${avoid} to avoid. ` +
    "It takes the place of everything in your profile now. Undo takes it back.";
  const take = button("Replace my profile", "", () => attempt(() => replace(document)));
  result(element("p", "", said), element("div", "doing", "", take, button("Leave it", "plain", clear)));
}

async function replace(document) {
  const { user } = person;
  const command = newId();
  await post(ofUser(user, `import?command_id=${command}`), document);
  result(element("p", "", "Your profile is being replaced; it is there in a moment."));
  try {
    await done(user, command);
    result(element("p", "", "Your profile was replaced."));
  } catch (error) {
    clear();
    throw error;
  }
}

async function sendHistory(file) {
  result(element("p", "", "Reading the file; a large one takes some seconds."));
  const query = new URLSearchParams({ platform: at("platform").value });
  const whose = at("whose").value.trim();
  if (whose) query.set("profile", whose);
  try {
    result(...summary(await upload(ofUser(person.user, `history?${query}`), file)));
  } catch (error) {
    clear();
    throw error;
  }
}

function summary(taken) {
  const span = taken.first && taken.last ? `, from ${date(taken.first)} to ${date(taken.last)}` : "";
  const rows = [
    `${taken.platform}: ${plural(taken.interactions, "thing you did was", "things you did were")} taken${span}.`,
    taken.repeated && `${plural(taken.repeated, "row")} had come before; nothing counts twice.`,
    taken.older && `${plural(taken.older, "row is", "rows are")} from before what a profile remembers.`,
    taken.refused && `${plural(taken.refused, "row")} could not be read.`,
    taken.dropped_fields.length && `Not even read, because nobody needs it: ${taken.dropped_fields.join(", ")}.`,
  ].filter(Boolean);
  const parts = [element("ul", "changes", "", ...rows.map((text) => element("li", "", text)))];
  if (taken.rows_refused.length) parts.push(refused(taken.rows_refused));
  return parts;
}

function refused(rows) {
  const said = rows.map(({ file, line, reason }) => element("li", "", `${file}, line ${line}: ${reason}`));
  return element("details", "", "", element("summary", "", "Which rows"), element("ul", "changes", "", ...said));
}

function result(...parts) {
  at("brought").replaceChildren(...parts);
}

function clear() {
  result();
  at("file").value = "";
}

onSubmit(at("bring"), bring);
at("export").addEventListener("click", () => busy(at("export"), () => attempt(download)));
