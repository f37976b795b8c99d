// What moves in the page: sorted tables, filtered claims, and panels of runs. It asks no server for anything.
"use strict";

const { nonce } = document.currentScript;  // where the page came with a policy, its scripts alone have it
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const tag = (name, settings = {}, ...children) => {
  const made = Object.assign(document.createElement(name), settings);
  made.append(...children);
  return made;
};

// Tables ---------------------------------------------------------------------------------------------------------------

function compare(a, b) {
  const [left, right] = [a, b].map((cell) => cell.dataset.value);
  if (left !== undefined && right !== undefined) return left - right;
  if (left !== undefined || right !== undefined) return left !== undefined ? -1 : 1;  // what has no number comes last
  return a.textContent.localeCompare(b.textContent, "en", { numeric: true });
}

function sort(button) {
  const heading = button.closest("th");
  const table = heading.closest("table");
  const place = [...heading.parentNode.children].indexOf(heading);
  const down = heading.getAttribute("aria-sort") === "ascending";
  all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].sort((a, b) => compare(a.cells[place], b.cells[place]));
  table.tBodies[0].append(...(down ? rows.reverse() : rows));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".sortable th button");
  if (button) sort(button);
});

// Claims ---------------------------------------------------------------------------------------------------------------

function filterClaims(form) {
  const wanted = all("select", form).filter((choice) => choice.value);
  const claims = all("details.claim");
  for (const claim of claims) claim.hidden = wanted.some((choice) => claim.dataset[choice.name] !== choice.value);
  document.body.classList.toggle("filtered", wanted.length > 0);
  for (const section of all("main > section")) {
    section.hidden = wanted.length > 0 && !section.querySelector("details.claim:not([hidden])");
  }
  const left = claims.filter((claim) => !claim.hidden).length;
  document.getElementById("counted").textContent = wanted.length ? `${left} of ${claims.length} claims` : "";
}

function claimsFilter(form) {
  form.addEventListener("change", () => filterClaims(form));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => filterClaims(form)));  // after its choices are reset
  for (const button of all("button[data-word]", form)) {
    button.addEventListener("click", () => {
      if (form.elements.verdict) form.elements.verdict.value = button.dataset.word;
      filterClaims(form);
    });
  }
  filterClaims(form);  // a browser keeps choices when a page is loaded anew
}

if (document.getElementById("filter")) claimsFilter(document.getElementById("filter"));

// Numbers --------------------------------------------------------------------------------------------------------------

const digits = (value) => value.toLocaleString("en", { maximumSignificantDigits: 5 });
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values) => {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
};
const measure = (values, never = 0) => {
  if (never) return `≥ ${digits(mean(values))} (${never} of ${values.length} never)`;
  return values.length > 1 ? `${digits(mean(values))} ± ${digits(deviation(values))} (n=${values.length})` : `${digits(values[0])} (n=1)`;
};

// Text of a user's that Plotly would read as markup.
const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
function wrapped(text, width) {
  const lines = [""];
  for (const word of String(text).split(/(?<=[\s=_-])|(?<=\.)(?=[a-z])|(?=\()/)) {
    if (lines.at(-1) && lines.at(-1).length + word.trimEnd().length > width) lines.push("");
    lines[lines.length - 1] += word;
  }
  return lines.map(plain).join("<br>");
}

// Panels ---------------------------------------------------------------------------------------------------------------

// Text that lies compressed in an element of the page.
async function unpacked(element) {
  const bytes = Uint8Array.from(atob(element.textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

let library;

// plotly.js is unpacked once, when the first panel comes into sight.
function plotly() {
  library ??= unpacked(document.getElementById("plotly")).then((textContent) => {
    document.head.append(tag("script", { textContent, nonce }));
    return window.Plotly;
  });
  return library;
}

const dark = matchMedia("(prefers-color-scheme: dark)");

function looks() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  return { text: colour("--text"), line: colour("--line"), card: colour("--card") };
}

function layout(title, x, y) {
  const { text, line, card } = looks();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  return {
    title: { text: wrapped(title, innerWidth < 600 ? 38 : 70), font: { size: 15 } }, font: { color: text, size: 13, family: "system-ui, sans-serif" },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 20, r: 15, t: 60, b: 45 },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: text, activecolor: text },
    hoverlabel: { align: "left", bgcolor: card, font: { color: text } }, hovermode: "closest", barmode: "overlay", showlegend: false, height: 420,
    xaxis: { ...axis, ...x }, yaxis: { ...axis, ...y },
  };
}

const behind = (group, run) => [group.name, run.seed, run.machine, run.file, group.budget].map(plain);
const TEMPLATE = "<b>%{customdata[0]}</b>, seed %{customdata[1]}, %{customdata[4]} budget<br>%{customdata[2]}<br>%{customdata[3]}";

// Of Plotly's own buttons those that send nothing anywhere.
const BUTTONS = ["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "resetScale2d"];
const STYLES = { solid: "solid", dash: "dashed", dot: "dotted" };  // Plotly's words and CSS's

class Panel {
  constructor(place, data) {
    this.place = place;
    this.data = data;
    this.seeds = [...new Set(this.data.groups.flatMap((group) => group.runs.map((run) => run.seed)))].sort((a, b) => a - b);
    this.hasCurves = this.data.groups.some((group) => group.runs.some((run) => run.looks.step));
    this.build();
  }

  build() {
    const choice = (label, name, words) => tag("label", {}, label, tag("select", { name }, ...Object.entries(words).map(
      ([value, textContent]) => tag("option", { value, textContent }))));
    const box = (label, name, value = "", checked = false) => tag("label", {}, tag("input", { type: "checkbox", name, value, defaultChecked: checked }), label);
    this.controls = tag("form", { className: "controls" });
    this.controls.append(choice("show", "metric", this.data.metrics), choice("against", "against", { "": "recipe", ...this.data.costs }));
    if (this.hasCurves) this.controls.append(choice("curves by", "by", this.axes()));
    this.controls.append(box("log scale", "log", "", this.isWide()), box("log horizontally", "logx"));
    const seeds = this.seeds.map((seed) => box(seed, "seed", seed, true));
    const turn = (label, on) => tag("button", { type: "button", textContent: label, onclick: () => {
      all("[name=seed]", this.controls).forEach((input) => { input.checked = on; });
      this.draw();
    } });
    const recipes = this.data.groups.map((group, place) => {
      const swatch = tag("span", { className: "swatch" });
      Object.assign(swatch.style, { borderTopColor: this.colour(place), borderTopStyle: STYLES[this.dash(place)] });
      return tag("label", {}, tag("input", { type: "checkbox", name: "group", value: place, defaultChecked: true }), swatch, group.name);
    });
    const legend = tag("details", { open: true }, tag("summary", { textContent: `Recipes (${recipes.length})` }), ...recipes);
    const switches = tag("details", { open: seeds.length <= 12 }, tag("summary", { textContent: `Seeds (${seeds.length})` }));
    switches.append(...seeds, turn("all", true), turn("none", false));
    this.controls.append(legend, switches);
    this.controls.addEventListener("change", () => this.draw());
    this.controls.addEventListener("submit", (event) => event.preventDefault());
    for (const name of ["by", "against"]) {
      const choices = this.controls.elements[name];
      if (all("option", choices ?? tag("select")).some((option) => option.value === this.data.by)) choices.value = this.data.by;
    }
    this.ends = tag("div", { className: "ends" });
    this.curves = tag("div", { className: "curves" });
    this.runs = tag("details", { className: "runs" }, tag("summary", { textContent: "These runs as a table" }));
    this.runs.addEventListener("toggle", () => this.tabulate());
    this.place.append(this.controls, tag("div", { className: "plots" }, this.ends, ...(this.hasCurves ? [this.curves] : [])), this.runs);
    for (const plot of [this.ends, this.curves]) {
      plot.setAttribute("role", "group");
      plot.setAttribute("aria-label", `${this.place.dataset.title}: every run as a point; the table below has the same numbers`);
    }
  }

  axes() {
    const known = new Set(this.data.groups.flatMap((group) => group.runs.flatMap((run) => Object.keys(run.looks))));
    return Object.fromEntries(["step", "examples", "seconds"].filter((name) => known.has(name)).map((name) => [name, name]));
  }

  // Whether the ends of the first metric are so far apart that a linear scale shows but the largest.
  isWide() {
    const [metric] = Object.keys(this.data.metrics);
    const ends = this.data.groups.flatMap((group) => group.runs.map((run) => run.ends[metric] ?? NaN)).filter(Number.isFinite);
    return Math.min(...ends) > 0 && Math.max(...ends) > 1000 * Math.min(...ends);
  }

  get settings() {
    const { metric, against, by, log, logx } = this.controls.elements;
    const on = (name) => new Set(all(`[name=${name}]:checked`, this.controls).map((input) => Number(input.value)));
    return {
      metric: metric.value, against: against.value, by: by?.value, log: log.checked, logx: logx.checked,
      seeds: on("seed"), places: on("group"),
    };
  }

  // Black is no colour on a dark page.
  colour(place) {
    const colour = this.data.colours[place % this.data.colours.length];
    return colour === "#000000" ? "var(--text)" : colour;
  }

  dash(place) {
    return Object.keys(STYLES)[Math.floor(place / this.data.colours.length) % 3];
  }

  // The groups and the runs of each that are switched on.
  shown({ seeds, places }) {
    return this.data.groups.map((group, place) => ({
      ...group, colour: this.colour(place).replace("var(--text)", looks().text), dash: this.dash(place),
      runs: group.runs.filter((run) => seeds.has(run.seed)),
    })).filter((_, place) => places.has(place));
  }

  async draw() {
    const Plotly = await plotly();
    const settings = this.settings;
    const config = { responsive: true, displaylogo: false, modeBarButtons: [BUTTONS], plotlyServerURL: "" };
    const groups = this.shown(settings);
    const ends = settings.against ? this.scatter(groups, settings) : this.bars(groups, settings);
    const drawn = [Plotly.react(this.ends, ends.data, ends.layout, config)];
    if (this.hasCurves) {
      const curves = this.lines(groups, settings);
      drawn.push(Plotly.react(this.curves, curves.data, curves.layout, config));
    }
    await Promise.all(drawn);
    this.tabulate();
  }

  // Bars that lie: mean with deviation, a dot for each run, an open diamond for what is published.
  bars(groups, { metric, log }) {
    const narrow = this.place.clientWidth < 600;
    const heading = this.data.metrics[metric];
    const held = groups.map((group) => ({ ...group, runs: group.runs.filter((run) => metric in run.ends) }))
      .filter((group) => group.runs.length).map((group) => ({
        ...group, values: group.runs.map((run) => run.ends[metric]), never: group.runs.map((run) => run.never.includes(metric)),
      }));
    const cut = (group) => group.never.filter(Boolean).length;
    held.sort((a, b) => mean(b.values) - mean(a.values));
    const means = {
      type: "bar", orientation: "h", x: held.map((group) => mean(group.values)), y: held.map((_, place) => place),
      marker: { color: held.map((group) => group.colour), opacity: 0.55 }, width: 0.64, name: "mean",
      error_x: { array: held.map((group) => group.values.length > 1 && !cut(group) ? deviation(group.values) : 0), color: looks().text, thickness: 1.2 },
      customdata: held.map((group) => [plain(group.name), measure(group.values, cut(group))]),
      hovertemplate: "<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
    };
    const dots = {
      type: "scatter", mode: "markers", name: "run",
      x: held.flatMap((group) => group.values), y: held.flatMap((group, place) => group.values.map(() => place)),
      marker: {
        size: 8, color: held.flatMap((group) => group.values.map(() => group.colour)), line: { color: looks().text, width: 1 },
        symbol: held.flatMap((group) => group.never.map((never) => never ? "triangle-right-open" : "circle")),
      },
      customdata: held.flatMap((group) => group.runs.map((run, place) => [...behind(group, run), group.never[place] ? "at least " : ""])),
      hovertemplate: `${TEMPLATE}<br>${plain(heading)}: %{customdata[5]}%{x}<extra></extra>`,
    };
    const published = held.map((group, place) => ({ group, place, quoted: group.published[metric] })).filter((one) => one.quoted);
    const diamonds = {
      type: "scatter", mode: "markers", name: "published (quoted)", 
      x: published.map((one) => one.quoted[0]), y: published.map((one) => one.place),
      marker: { symbol: "diamond-open", size: 13, color: looks().text, line: { width: 2.5 } },
      customdata: published.map((one) => [plain(one.group.name), wrapped(one.quoted[1], 50)]),
      hovertemplate: "<b>%{customdata[0]}</b>, quoted: %{x}<br>%{customdata[1]}<extra></extra>",
    };
    const ticktext = held.map((group) => wrapped(group.name, narrow ? 14 : 26));
    const most = Math.max(1, ...ticktext.map((text) => text.split("<br>").length));
    const y = { tickvals: held.map((_, place) => place), ticktext, showgrid: false, zeroline: false };
    const made = layout(heading, { type: log ? "log" : "linear", rangemode: "tozero" }, y);
    made.height = 130 + Math.max(3, held.length) * Math.max(38, 18 * most + 6);
    return { data: [means, dots, diamonds], layout: made };
  }

  // A metric against what it cost: seconds, parameters, joules.
  scatter(groups, { metric, against, log, logx }) {
    const heading = this.data.metrics[metric];
    const data = groups.map((group) => {
      const runs = group.runs.filter((run) => metric in run.ends && against in run.ends);
      return {
        type: "scatter", mode: "markers", name: plain(group.name), marker: { color: group.colour, size: 10, line: { color: looks().text, width: 1 } },
        x: runs.map((run) => run.ends[against]), y: runs.map((run) => run.ends[metric]), customdata: runs.map((run) => behind(group, run)),
        hovertemplate: `${TEMPLATE}<br>${plain(heading)}: %{y}<br>${plain(this.data.costs[against])}: %{x}<extra></extra>`,
      };
    }).filter((trace) => trace.x.length);
    const made = layout(heading, { type: logx ? "log" : "linear", title: { text: plain(this.data.costs[against]) } }, { type: log ? "log" : "linear" });
    return { data, layout: made };
  }

  // Each run a thin line, and the mean of those shown, where they share their looks, a thick one.
  lines(groups, { metric, by, log, logx }) {
    const heading = this.data.metrics[metric];
    const data = [];
    for (const group of groups) {
      const runs = group.runs.filter((run) => run.looks[metric] && run.looks[by]);
      if (!runs.length) continue;
      const several = runs.length > 1 && by !== "seconds";
      const joined = (values) => runs.flatMap((run) => [...values(run), null]);
      data.push({
        type: "scatter", mode: "lines", name: plain(group.name), opacity: several ? 0.35 : 1, connectgaps: false,
        line: { color: group.colour, width: several ? 1 : 2, dash: group.dash },
        x: joined((run) => run.looks[by]), y: joined((run) => run.looks[metric]), customdata: joined((run) => run.looks[by].map(() => behind(group, run))),
        hovertemplate: `${TEMPLATE}<br>${plain(by)} %{x}: %{y}<extra></extra>`,
      });
      if (several) data.push(this.meanLine(group, runs, metric, by));
    }
    const made = layout(`${heading} on the way`, { type: logx ? "log" : "linear", title: { text: by === "seconds" ? "seconds of training" : by } }, { type: log ? "log" : "linear" });
    if (!log) made.yaxis.range = this.withoutSteepStart(groups, metric);
    return { data, layout: made };
  }

  meanLine(group, runs, metric, by) {
    const points = new Map();
    for (const run of runs) {
      run.looks[by].forEach((x, place) => {
        if (run.looks[metric][place] !== null) points.set(x, [...(points.get(x) ?? []), run.looks[metric][place]]);
      });
    }
    const shared = [...points].filter(([, values]) => values.length === runs.length).sort(([a], [b]) => a - b);
    return {
      type: "scatter", mode: "lines", name: plain(group.name), line: { color: group.colour, width: 2.5, dash: group.dash },
      x: shared.map(([x]) => x), y: shared.map(([, values]) => mean(values)), customdata: shared.map(([, values]) => measure(values)),
      hovertemplate: `<b>${plain(group.name)}</b><br>${plain(by)} %{x}: %{customdata}<extra></extra>`,
    };
  }

  // From the least value to twice the largest last one: else the ends lie on top of each other. A double click shows all.
  withoutSteepStart(groups, metric) {
    const curves = groups.flatMap((group) => group.runs.map((run) => (run.looks[metric] ?? []).filter((value) => value !== null)));
    const values = curves.flat();
    if (!values.length) return undefined;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const top = Math.min(high, Math.max(2 * Math.max(...curves.filter((curve) => curve.length).map((curve) => curve.at(-1))), low));
    return top > low ? [low - 0.05 * (top - low), top + 0.05 * (top - low)] : undefined;
  }

  // The same numbers for who cannot see or point: one row a run.
  tabulate() {
    all(".wide", this.runs).forEach((old) => old.remove());
    if (!this.runs.open) return;
    const { metric } = this.settings;
    const heads = ["recipe", "seed", this.data.metrics[metric], "machine", "run file"];
    const head = tag("tr", {}, ...heads.map((textContent) => tag("th", { scope: "col" }, tag("button", { type: "button", textContent }))));
    const rows = this.shown(this.settings).flatMap((group) => group.runs.filter((run) => metric in run.ends).map((run) => {
      const cells = [group.name, run.seed, run.ends[metric], run.machine, run.file].map((textContent) => tag("td", { textContent }));
      for (const place of [1, 2]) cells[place].dataset.value = cells[place].textContent;
      if (run.never.includes(metric)) cells[2].prepend("≥ ");
      cells[2].className = "measured number";
      return tag("tr", {}, ...cells);
    }));
    const table = tag("table", { className: "sortable" }, tag("thead", {}, head), tag("tbody", {}, ...rows));
    const region = tag("div", { className: "wide", tabIndex: 0 }, table);
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", `Runs: ${this.place.dataset.title}`);
    this.runs.append(region);
  }
}

// A metric by commit: a point for each, a line for each level, and a diamond for each commit that began one.
class Trend {
  constructor(place, data) {
    this.data = data;
    this.plot = tag("div");
    place.append(this.plot);
  }

  async draw() {
    const Plotly = await plotly();
    const config = { responsive: true, displaylogo: false, modeBarButtons: [BUTTONS], plotlyServerURL: "" };
    const { points } = this.data;
    const [begins, rest] = [true, false].map((begun) => points.flatMap((point, place) => (Boolean(point.change) === begun ? [place] : [])));
    const marker = { size: 8, color: "#0072b2", line: { color: looks().text, width: 1 } };
    const data = [
      ...this.levels(begins), this.marks("commit", rest, marker),
      this.marks("change", begins, { ...marker, symbol: "diamond", size: 14, color: "#d55e00" }),
    ];
    await Plotly.react(this.plot, data, this.layout(begins), config);
    this.plot.removeAllListeners("plotly_click");
    this.plot.on("plotly_click", (event) => {
      const url = points[event.points[0].x]?.url;
      if (url) window.open(url, "_blank", "noopener,noreferrer");
    });
  }

  marks(name, places, marker) {
    const chosen = places.map((place) => this.data.points[place]);
    return {
      type: "scatter", mode: "markers", name, marker, x: places, y: chosen.map((point) => point.value),
      customdata: chosen.map((point) => [plain(point.short), plain(point.date.slice(0, 10)), wrapped(point.subject, 50), plain(point.text), plain(point.change)]),
      hovertemplate: "<b>%{customdata[0]}</b>, %{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]} %{customdata[4]}<extra></extra>",
    };
  }

  levels(begins) {
    const values = this.data.points.map((point) => point.value);
    const edges = [0, ...begins, values.length];
    return edges.slice(1).map((end, piece) => {
      const [start, sorted] = [edges[piece], values.slice(edges[piece], end).sort((a, b) => a - b)];
      const middle = (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;
      return { type: "scatter", mode: "lines", name: "level", x: [start, end - 1], y: [middle, middle], line: { color: looks().text, width: 1.5 }, hoverinfo: "skip" };
    });
  }

  layout(begins) {
    const { points, heading } = this.data;
    const every = Math.ceil(points.length / (innerWidth < 600 ? 3 : 5));
    const tickvals = points.map((_, place) => place).filter((place) => place % every === 0);
    const made = layout(heading, { tickvals, ticktext: tickvals.map((place) => plain(points[place].date.slice(0, 10))), zeroline: false }, { zeroline: false });
    const { text, line } = looks();
    made.shapes = begins.map((place) => ({ type: "line", x0: place - 0.5, x1: place - 0.5, yref: "paper", y0: 0, y1: 1, line: { color: line, dash: "dash", width: 2 } }));
    made.annotations = begins.map((place) => ({ x: place, y: points[place].value, text: plain(points[place].change), showarrow: true, arrowcolor: text, ax: 0, ay: -32, font: { color: text } }));
    return made;
  }
}

const panels = [];
const seen = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
    seen.unobserve(target);
    unpacked(target.querySelector("script")).then((text) => {
      const panel = new (target.classList.contains("trend") ? Trend : Panel)(target, JSON.parse(text));
      panels.push(panel);
      return panel.draw();
    });
  }
}, { rootMargin: "300px" });

all(".panel").forEach((place) => seen.observe(place));
const redraw = () => panels.forEach((panel) => panel.draw());
dark.addEventListener("change", redraw);
matchMedia("print").addEventListener("change", redraw);
