// A plot of the weights over the versions, drawn by hand: a few lines need no library.

import { at, element, figure } from "./elements.js";

const SVG = "http://www.w3.org/2000/svg";
// As many lines as there are colours that are told apart; each has its own dashes, too.
const LINES = 6;
const [HEIGHT, LEFT, TOP, BOTTOM] = [220, 40, 10, 24];
// It is drawn as wide as its place: scaled down, its letters would be too small on a phone.
const [NARROWEST, WIDEST] = [220, 768];

let drawn = [];
let width = WIDEST;

/** `versions` newest first. */
export function drawPlot(versions) {
  drawn = [...versions].reverse();
  at("plot-part").hidden = drawn.length < 2;
  if (drawn.length < 2) return;
  const lines = drawn.at(-1).interests.slice(0, LINES).map(({ id, text }) => ({ id, text, weights: over(drawn, id) }));
  const paper = scale(lines);
  width = Math.min(WIDEST, Math.max(NARROWEST, at("plot-part").clientWidth));
  for (const [name, value] of [["width", width], ["height", HEIGHT]]) at("plot").setAttribute(name, value);
  at("plot").replaceChildren(...axes(drawn, paper), ...lines.map((line, index) => draw(line, index, paper)));
  at("plot-title").textContent = `Weights from version ${drawn[0].version} to version ${drawn.at(-1).version}`;
  at("legend").replaceChildren(...lines.map(named));
  at("plot-table").replaceChildren(...table(drawn, lines));
}

/** An interest's weight in each version, null where it was not there. */
function over(versions, id) {
  return versions.map(({ interests }) => interests.find((one) => one.id === id)?.weight ?? null);
}

/** What places a weight on the paper. Zero is always on it. */
function scale(lines) {
  const all = lines.flatMap(({ weights }) => weights.filter((one) => one !== null));
  const [low, high] = [Math.min(0, ...all), Math.max(0.1, ...all)];
  const y = (weight) => TOP + ((high - weight) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  return { low, high, y };
}

function axes(versions, { low, high, y }) {
  const levels = low < 0 ? [low, 0, high] : [0, high];
  const rules = levels.flatMap((weight) => [
    svg("line", { class: "rule", x1: LEFT, x2: width, y1: y(weight), y2: y(weight) }),
    svg("text", { x: LEFT - 6, y: y(weight) + 4, "text-anchor": "end" }, figure(weight)),
  ]);
  const ends = [svg("text", { x: LEFT, y: HEIGHT - 4 }, `version ${versions[0].version}`)];
  ends.push(svg("text", { x: width, y: HEIGHT - 4, "text-anchor": "end" }, `version ${versions.at(-1).version}`));
  return [...rules, ...ends];
}

/** Points where it was there, joined where it was there in both. */
function draw({ weights }, index, { y }) {
  const step = (width - LEFT - 8) / (weights.length - 1);
  const spot = (weight, place) => [(LEFT + place * step).toFixed(1), y(weight).toFixed(1)];
  const path = weights.map((weight, place) => {
    if (weight === null) return "";
    const joined = place > 0 && weights[place - 1] !== null;
    return `${joined ? "L" : "M"}${spot(weight, place).join(" ")}`;
  });
  const dots = weights.map((weight, place) => {
    if (weight === null) return null;
    const [cx, cy] = spot(weight, place);
    return svg("circle", { class: "dot", cx, cy, r: 3 });
  });
  const group = svg("g", { class: `line line-${index}` });
  group.append(svg("path", { d: path.join("") }), ...dots.filter(Boolean));
  return group;
}

function named({ text, weights }, index) {
  const swatch = svg("svg", { class: `line line-${index}`, viewBox: "0 0 32 8", "aria-hidden": "true" });
  swatch.append(svg("path", { d: "M0 4L32 4" }));
  return element("li", "", "", swatch, element("span", "", `${text}, now ${figure(weights.at(-1))}`));
}

function table(versions, lines) {
  const head = ["Version", ...lines.map(({ text }) => text)].map((text) => heading("col", text));
  const rows = versions.map(({ version }, place) => {
    const cells = lines.map(({ weights }) => element("td", "", told(weights[place])));
    return element("tr", "", "", heading("row", String(version)), ...cells);
  });
  return [element("thead", "", "", element("tr", "", "", ...head)), element("tbody", "", "", ...rows)];
}

function told(weight) {
  return weight === null ? "\u2013" : figure(weight);
}

function heading(scope, text) {
  return Object.assign(element("th", "", text), { scope });
}

function svg(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

new ResizeObserver(([{ contentRect }]) => {
  const wanted = Math.min(WIDEST, Math.max(NARROWEST, contentRect.width));
  if (contentRect.width > 0 && Math.abs(wanted - width) >= 1) drawPlot([...drawn].reverse());
}).observe(at("plot-part"));
