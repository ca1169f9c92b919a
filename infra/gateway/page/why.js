// Why an interest stands in the profile: what was done that speaks for it, who made it and when, and what it is worth.

import { get, ofUser } from "./api.js";
import { date, element, figure, plural, quoted } from "./elements.js";
import { person } from "./person.js";

const DONE = {
  click: "You opened",
  like: "You liked",
  dislike: "You disliked",
  skip: "You passed over",
  impression: "You were shown",
  retract: "You took back",
};

const MAKERS = {
  bootstrap: "Learned from what you did.",
  refinement: "Learned from what you did, then put into better words.",
  person: "In your own words.",
  import: "You brought it along.",
};

/** What made a version, in words. */
export const CAUSES = {
  first: "the first profile",
  count: "learned from what you did",
  signal: "learned from a like or a dislike",
  age: "looked at again after some time",
  demand: "looked at again on request",
  edit: "you changed it",
  refinement: "put into better words",
  rollback: "you went back",
  import: "you brought it along",
  space: "moved to another model of meaning",
};

const NOTICED = 0.005;

export async function fillWhy(room, interest) {
  room.replaceChildren(element("p", "quiet", "One moment."));
  try {
    const why = await get(ofUser(person.user, `interests/${interest.id}/why`));
    room.replaceChildren(...parts(why));
  } catch (error) {
    room.replaceChildren(element("p", "quiet", error.message));
  }
}

function parts(why) {
  return [
    element("p", "", [MAKERS[why.source] ?? "", made(why.made)].filter(Boolean).join(" ")),
    ...behind(why.evidence),
    element("p", "", worth(why)),
  ];
}

function made(told) {
  if (!told) return "";
  const when = `${date(told.time)} (version ${told.version}: ${CAUSES[told.cause] ?? told.cause})`;
  return told.at_latest ? `In your profile since ${when} at the latest.` : `In your profile since ${when}.`;
}

function behind(evidence) {
  if (evidence.length === 0) return [element("p", "", "No single thing that you did stands behind it.")];
  const rows = evidence.map((one) => {
    const what = `${DONE[one.signal] ?? one.signal} ${quoted(one.title ?? one.item)}`;
    return element("li", "", `${what} `, element("span", "quiet", `${one.provider}, ${date(one.time)}`));
  });
  const title = element("p", "", `${plural(rows.length, "thing")} you did, the newest first:`);
  return [title, element("ul", "evidence", "", ...rows)];
}

function worth({ reward_with: having, reward_without: lacking }) {
  if (having == null || lacking == null) return "There is too little yet to measure what it does for you.";
  const compared =
    "Put to the test on things you did that it was not learned from, your profile reaches " +
    `${figure(having)} of 1 with it and ${figure(lacking)} without it`;
  if (Math.abs(having - lacking) < NOTICED) return `${compared}: it makes no difference there.`;
  return having > lacking ? `${compared}: it helps.` : `${compared}: it does not help.`;
}
