// How numbers and times are written, and where text meets the page.

// put shows text in an element. All text of the page goes through here or through make: never as markup.
export function put(element, text) {
  const shown = visible(text);
  if (element.textContent !== shown) element.textContent = shown;
}

const hidden = /[\p{C}\p{Z}]/u;

// visible returns text as it can be shown: what does not print as itself, or turns the direction of writing, is written
// as \u202e, like the command line does.
export function visible(text) {
  if (!hidden.test(text)) return text;
  return Array.from(text, (c) => c === " " || !hidden.test(c) ? c :
    "\\u" + c.codePointAt(0).toString(16).padStart(4, "0")).join("");
}

// make returns a new element with classes and text.
export function make(tag, className = "", text = "") {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text) put(e, text);
  return e;
}

// svg returns a new SVG element with attributes.
export function svg(tag, attributes = {}) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  return e;
}

// set sets an attribute where it differs.
export function set(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

// age writes milliseconds in the largest unit of s, m, h, d that they fill, like the command line does.
export function age(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return s + "s";
  if (s < 3600) return Math.floor(s / 60) + "m";
  if (s < 86400) return Math.floor(s / 3600) + "h";
  return Math.floor(s / 86400) + "d";
}

// seconds writes seconds: with a decimal as long as that means something, else as an age.
export function seconds(s) {
  return s < 100 ? s.toFixed(1) + "s" : age(s * 1000);
}

// phiText writes a suspicion; above 99 it is beyond doubt.
export function phiText(phi) {
  return phi > 99 ? ">99" : phi.toFixed(1);
}

// clock writes a moment as the wall clock of this browser shows it: 14:03:07.
export function clock(ms) {
  return new Date(ms).toLocaleTimeString("sv");
}

// moment writes date and time: 2026-03-01 14:03:07.
export function moment(ms) {
  return new Date(ms).toLocaleString("sv");
}

// plural writes a number and its noun.
export function plural(n, noun) {
  return count(n) + " " + noun + (n === 1 ? "" : "s");
}

export function count(n) {
  return n.toLocaleString("en");
}

// odds says what a suspicion means.
export function odds(phi) {
  if (phi < 0.3) return "such a silence is quite normal";
  if (phi < 6) return "such a silence is normal once in " + count(Math.round(10 ** phi)) + " times";
  return "such a silence is normal less than once in a million times";
}

// tagList writes tags as k=v, sorted by key.
export function tagList(tags) {
  return Object.keys(tags ?? {}).sort().map((key) => key + "=" + tags[key]).join(" ");
}

// names are for sorting: node-2 comes before node-10.
export const names = new Intl.Collator("en", {numeric: true});
