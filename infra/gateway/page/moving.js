// Keeps a list of elements in step with data: each element is made once, updated in place, and glides to its new row.

const GLIDE_MS = 450;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Makes the children of `list` stand for `entries`, in their order.
 * keyOf(entry): a string that names the entry; make(entry): a new element; update(element, entry): fills it.
 */
export function keepList(list, entries, keyOf, make, update) {
  const known = new Map([...list.children].map((element) => [element.dataset.key, element]));
  const tops = new Map([...known].map(([key, element]) => [key, element.getBoundingClientRect().top]));
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const place = [...list.children].findIndex((element) => element.contains(focused));
  const wanted = entries.map((entry) => {
    const key = keyOf(entry);
    const element = known.get(key) ?? make(entry);
    element.dataset.key = key;
    update(element, entry);
    return element;
  });
  arrange(list, wanted);
  if (focused) refocus(list, focused, wanted[Math.min(place, wanted.length - 1)]);
  if (!still.matches) wanted.forEach((element) => glide(element, tops.get(element.dataset.key)));
}

function arrange(list, wanted) {
  const kept = new Set(wanted);
  [...list.children].filter((element) => !kept.has(element)).forEach((element) => element.remove());
  wanted.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
}

/** An element that changes its place in the document loses the focus. Of one that is gone, what took its place has it,
 * or the list: somebody at a keyboard would begin at the top of the page again. */
function refocus(list, focused, heir) {
  if (list.contains(focused)) {
    focused.focus({ preventScroll: true });
    return;
  }
  list.tabIndex = -1;
  (heir?.querySelector("button") ?? list).focus({ preventScroll: true });
}

function glide(element, before) {
  if (before === undefined) {
    element.animate([{ opacity: 0 }, { opacity: 1 }], GLIDE_MS);
    return;
  }
  const moved = before - element.getBoundingClientRect().top;
  if (Math.abs(moved) < 1) return;
  const frames = [{ transform: `translateY(${moved}px)` }, { transform: "none" }];
  element.animate(frames, { duration: GLIDE_MS, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" });
}
