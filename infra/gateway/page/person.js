// Who is shown, and their profile as it was told last. Views ask to be told of it.

const listeners = [];

/** profile: null until the first was told; of somebody who is not known yet, one of version 0 without interests. */
export const person = { user: null, profile: null };

/** listener(profile, before): `before` is null for the first of a person. */
export function onProfile(listener) {
  listeners.push(listener);
}

export function begin(user) {
  person.user = user;
  person.profile = null;
}

export function settle(profile) {
  const before = person.profile;
  person.profile = profile;
  listeners.forEach((listener) => listener(profile, before));
}
