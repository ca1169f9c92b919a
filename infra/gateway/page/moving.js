// Keeps a list of elements in step with data: each element is made once, updated in place, and glides to its new row.

const GLIDE_MS = 450;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Makes the children of `list` stand for `entries`, in their order.
 * keyOf(entry): a string that names the entry; make(): a new element; update(element, entry): fills it.
 */
export function keepList(list, entries, keyOf, make, update) {
  const known = new Map([...list.children].map((element) => [element.dataset.key, element]));
  const tops = new Map([...known].map(([key, element]) => [key, element.getBoundingClientRect().top]));
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const wanted = entries.map((entry) => {
    const key = keyOf(entry);
    const element = known.get(key) ?? make(entry);
    element.dataset.key = key;
    update(element, entry);
    return element;
  });
  place(list, wanted);
  // An element that changes its place in the document loses the focus.
  if (focused && list.contains(focused)) focused.focus({ preventScroll: true });
  if (!still.matches) wanted.forEach((element) => glide(element, tops.get(element.dataset.key)));
}

function place(list, wanted) {
  const kept = new Set(wanted);
  [...list.children].filter((element) => !kept.has(element)).forEach((element) => element.remove());
  wanted.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
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
