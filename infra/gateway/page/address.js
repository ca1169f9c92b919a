// Where the reader is, in the address's fragment: whom they look at, and which view of them.

export const VIEWS = ["profile", "versions", "data"];

/** { user, view, erasure }: user and erasure are null where the address names none. */
export function here() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const view = parts.get("view");
  return { user: parts.get("user"), erasure: parts.get("erasure"), view: VIEWS.includes(view) ? view : "profile" };
}

export function addressOf(user, view) {
  const parts = new URLSearchParams({ user });
  if (view && view !== "profile") parts.set("view", view);
  return `#${parts}`;
}

export function addressOfErasure(erasure) {
  return `#${new URLSearchParams({ erasure })}`;
}
