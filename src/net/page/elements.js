// Elements. Whatever a run holds reaches the document here, as text nodes and as nothing else.

const SVG = "http://www.w3.org/2000/svg";

function byId(id) {
  return document.getElementById(id);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    } else if (value !== null && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  // A string becomes a text node.
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An HTML element with attributes, listeners (`on`) and children; children that are strings are text. */
function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function rows(head, body, name) {
  const cells = (tag, list) => list.map((cell, place) =>
    el(place === 0 ? "th" : tag, place === 0 && tag === "td" ? { scope: "row" } : tag === "th" ? { scope: "col" } : {}, cell));
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": name },
    el("table", {}, el("thead", {}, el("tr", {}, ...cells("th", head))),
      el("tbody", {}, ...body.map((row) => el("tr", {}, ...cells("td", row))))));
}

/** Time for people: three digits that matter. */
function clock(nanoseconds) {
  const [unit, size] = nanoseconds >= 1e9 ? ["s", 1e9] : nanoseconds >= 1e6 ? ["ms", 1e6] : nanoseconds >= 1e3 ? ["µs", 1e3] : ["ns", 1];
  const value = nanoseconds / size;
  return `${size === 1 ? value : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ${unit}`;
}

/** Time on an axis or beside a step, as exact as the run is. */
function exact(nanoseconds) {
  if (nanoseconds === 0) return "0";
  return nanoseconds >= 1e9 ? `${(nanoseconds / 1e9).toFixed(3)} s` : nanoseconds >= 1e6 ? `${(nanoseconds / 1e6).toFixed(1)} ms` : clock(nanoseconds);
}

function amount(number) {
  return Math.round(number).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

function size(bytes) {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${bytes} B`;
}

function plural(number, one, many = `${one}s`) {
  return `${amount(number)} ${number === 1 ? one : many}`;
}

const dark = matchMedia("(prefers-color-scheme: dark)");

/** A colour of the run's own table, light enough for a dark page. */
function tone(colour) {
  if (!dark.matches) return colour;
  const part = (from) => {
    const value = parseInt(colour.slice(from, from + 2), 16);
    return Math.round(value + (255 - value) * 0.38);
  };
  return `rgb(${part(1)}, ${part(3)}, ${part(5)})`;
}

/** A colour of the style sheet. */
function paint(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
