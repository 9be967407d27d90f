"use strict";
// What the node tells comes as server-sent events: "table" once, what each figure is, then
// "figures" whenever the node has taken them. Texts are put in as text, never as markup.

const MOST_POINTS = 300;
const WELL = ["idle", "working"];
const element = (id) => document.getElementById(id);
const rates = [];
let table = [];
let paused = false;

function number(value, unit) {
  if (unit.startsWith("seconds since")) {
    return value ? new Date(value * 1000).toLocaleTimeString() : "-";
  }
  return value.toLocaleString(undefined, { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });
}

function named(figure) {
  return figure.name.replace(/_unix_seconds$/, "").replaceAll("_", " ");
}

function row(cells, heads = false) {
  const line = document.createElement("tr");
  cells.forEach((cell, index) => {
    const box = document.createElement(heads || index === 0 ? "th" : "td");
    if (box.tagName === "TH") box.scope = heads ? "col" : "row";
    if (typeof cell === "object") {
      box.textContent = cell.number;
      box.className = "number";
      if (cell.what) box.title = cell.what;
    } else {
      box.textContent = cell;
    }
    line.append(box);
  });
  return line;
}

function showConditions(found) {
  const first = found[0];
  const line = element("line");
  const text = `${first.name}: ${first.reason}`;
  if (line.textContent !== text) line.textContent = text; // a screen reader says what changes
  line.className = WELL.includes(first.name) ? "well" : "ill";
  element("conditions").replaceChildren(...found
    .filter((each) => !WELL.includes(each.name))
    .map((each) => {
      const item = document.createElement("li");
      item.textContent = `${each.name}: ${each.reason}. What to do: ${each.way_out}`;
      return item;
    }));
}

function showRate(rate) {
  element("rate").textContent = number(rate, "");
  rates.push(rate);
  if (rates.length > MOST_POINTS) rates.shift();
  const most = Math.max(...rates, 1e-9);
  element("curve").setAttribute("points", rates
    .map((each, index) => `${(index * 600) / Math.max(1, rates.length - 1)},${78 - (each * 76) / most}`)
    .join(" "));
}

function show(told) {
  document.title = `${told.about.name}: ${told.conditions[0].name}`;
  element("name").textContent = told.about.name;
  element("about").textContent =
    `chain ${told.about.chain}, ${told.about.validators} validators, ${told.about.roles}`;
  showConditions(told.conditions);
  const ofDevices = table.filter((each) => each.label === "device");
  element("devices-head").replaceChildren(row(
    ["Device", ...ofDevices.map((each) => ({ number: named(each), what: each.what }))], true));
  element("devices").replaceChildren(...Object.keys(told.figures.proofs_made || {}).map((name) =>
    row([name, ...ofDevices.map((each) =>
      ({ number: number(told.figures[each.name][name] || 0, each.unit) }))])));
  element("figures").replaceChildren(...table.filter((each) => !each.label).map((each) =>
    row([`${named(each)}: ${each.what}`, { number: number(told.figures[each.name][""], each.unit) }, each.unit])));
  showRate(told.figures.all_recent_constraints_per_second[""]);
  element("events").replaceChildren(...told.events.slice().reverse().map((each) =>
    row([new Date(each.unix_seconds * 1000).toLocaleTimeString(), String(each.slot), each.sentence])));
}

function listen() {
  const source = new EventSource("events");
  source.addEventListener("table", (event) => { table = JSON.parse(event.data); });
  source.addEventListener("figures", (event) => { if (!paused) show(JSON.parse(event.data)); });
  source.addEventListener("error", () => {
    const line = element("line");
    line.textContent = "The node does not answer; it is asked again.";
    line.className = "ill";
  });
}

function changeTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark"
    : window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it is not kept then */ }
}

function changePause() {
  paused = !paused;
  element("pause").setAttribute("aria-pressed", String(paused));
}

try {
  const kept = localStorage.getItem("theme");
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
} catch { /* the system's theme */ }
element("theme").addEventListener("click", changeTheme);
element("pause").addEventListener("click", changePause);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "t") changeTheme();
  if (event.key === "p") changePause();
});
listen();
