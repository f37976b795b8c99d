// What moves in the page that watches: it asks for new events each second, and keeps what it was told when the run ends.
"use strict";

const SILENT_SECONDS = 60;  // a run that says nothing for so long may be dead
const MOST_PAUSE = 10_000;  // milliseconds between two drawings
const MOST_POINTS = 300;  // of a line
const runs = new Map();
const main = document.querySelector("main");
const form = document.querySelector("form");
const colours = main.dataset.colours.split(" ");
let after = 0;

// Events ---------------------------------------------------------------------------------------------------------------

const empty = () => ({ loss: [], looks: [], done: 0, step: 0, seconds: 0, metrics: {}, status: "" });
const HEAR = {
  planned: (run, { recipe, seed }) => Object.assign(run, { recipe, seed, status: "waiting" }),
  start: (run, { recipe, seed, group, file }) => Object.assign(run, empty(), { recipe: recipe.name, seed, group, file }),
  ready: (run, { whole }) => Object.assign(run, { whole }),
  resumed: () => {},
  lap: (run, { step, loss, examples, seconds }) => {
    run.loss.push([step, Number(loss)]);
    run.done += examples;
    run.seconds += Number(seconds);
    run.step = step;
  },
  score: (run, { step, final, metrics, seconds }) => {
    run.metrics = metrics;
    run.seconds += Number(seconds);
    if (final) run.final = step;
    else run.looks.push([step, metrics]);
  },
  end: (run, { status, message }) => Object.assign(run, { status, message }),
};

function hear(event) {
  if (!runs.has(event.run)) runs.set(event.run, empty());
  HEAR[event.event]?.(runs.get(event.run), event);
}

// Words ----------------------------------------------------------------------------------------------------------------

const duration = (s) => s < 9.5 ? `${s.toFixed(1)} s` : s < 90 ? `${s.toFixed(0)} s` : s < 5400 ? `${(s / 60).toFixed(0)} min` : `${(s / 3600).toFixed(1)} h`;
const heading = (metric) => metric.replace(/_percent$/, " %").replaceAll("_", " ");
const hasBegun = (run) => run.group !== undefined;
const isUnderWay = (run) => hasBegun(run) && !run.status && !(run.silent > SILENT_SECONDS);
const share = ({ whole, done, step }) => whole?.examples ? done / whole.examples : whole?.steps ? step / whole.steps : NaN;
const left = (run) => run.seconds / share(run) * (1 - Math.min(1, share(run)));

// Of all that is under way or waits, as far as a run of the same recipe tells.
function leftOfAll(known) {
  const open = known.filter((run) => isUnderWay(run) || run.status === "waiting");
  const all = open.map((run) => {
    const alike = known.filter((other) => other.recipe === run.recipe && other.seconds);
    return isUnderWay(run) ? left(run) : mean(alike.map((other) => other.status === "finished" ? other.seconds : other.seconds + left(other)));
  });
  const foretold = all.filter(Number.isFinite);
  const unknown = all.length - foretold.length;
  const sum = foretold.reduce((total, seconds) => total + seconds, 0) / Math.max(1, open.filter(isUnderWay).length);
  return [foretold.length ? `about ${duration(sum)} left` : "", unknown ? `how long ${unknown} of them take is not known yet` : ""];
}

function tell(id, text) {
  const place = document.getElementById(id);
  if (place.textContent !== text) place.textContent = text;  // else it would be read aloud each second
}

function tellState({ over }) {
  const known = [...runs.values()];
  const ended = known.filter((run) => run.status && run.status !== "waiting");
  const isDone = known.length > 0 && ended.length === known.length;
  tell("state", over ? `${isDone ? "Finished" : "Not all has finished"}. ${over}; the curves stay.` : isDone ? "Finished." : known.length ? "Learning ..." : "No run yet.");
  const counts = [`${ended.length} of ${known.length} trials have ended`, `${known.filter(isUnderWay).length} under way`];
  tell("left", (over || isDone ? counts.slice(0, 1) : [...counts, ...leftOfAll(known)]).filter(Boolean).join(", "));
}

const status = (run) => run.status ? `${run.status} ${run.message ?? ""}` : isUnderWay(run) ? "under way" : `silent for ${duration(run.silent)}`;

function tabulate(metric) {
  const row = (cells, name, settings = {}) => tag("tr", {}, ...cells.map((cell) => tag(name, { textContent: cell ?? "", ...settings })));
  const number = (value) => Number.isFinite(Number(value ?? NaN)) ? digits(Number(value)) : value;
  const lines = [...runs.values()].map((run) => row([
    run.group ?? run.recipe, run.seed, status(run), run.step || "", number(run.loss.at(-1)?.[1]), number(run.metrics[metric]),
    isUnderWay(run) && Number.isFinite(left(run)) ? duration(left(run)) : "", run.file,
  ], "td"));
  const heads = ["recipe", "seed", "status", "step", "loss", metric ? heading(metric) : "score", "time left", "run file"];
  document.querySelector("#trials thead").replaceChildren(row(heads, "th", { scope: "col" }));
  document.querySelector("#trials tbody").replaceChildren(...lines);
}

// Curves ---------------------------------------------------------------------------------------------------------------

const thinned = (points) => {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, place) => (points.length - 1 - place) % every === 0);
};

function at(points, x) {
  const next = points.findIndex(([step]) => step >= x);
  if (next < 0 || (next === 0 && points[0][0] > x)) return NaN;
  const [[x0, y0], [x1, y1]] = [points[Math.max(0, next - 1)], points[next]];
  return x1 === x0 ? y1 : y0 + (y1 - y0) * (x - x0) / (x1 - x0);
}

// One line a run, joined into one trace, and their mean at the steps of the one that has come farthest.
function traces(name, members, points) {
  const { colour, dash } = looksOf(name);
  const curves = members.map((run) => thinned(points(run))).filter((curve) => curve.length);
  if (!curves.length) return [];
  const several = curves.length > 1;
  const joined = (value) => curves.flatMap((curve, place) => [...curve.map((point) => value(point, place)), null]);
  const line = (x, y, width, more) => ({
    type: "scatter", mode: "lines+markers", name: plain(name), x, y, line: { color: colour, width, dash }, marker: { color: colour, size: width + 2 }, ...more,
  });
  const thin = line(joined(([x]) => x), joined(([, y]) => y), several ? 1 : 2, {
    opacity: several ? 0.4 : 1, customdata: joined((_, place) => plain(members[place].seed)),
    hovertemplate: `<b>${plain(name)}</b>, seed %{customdata}<br>step %{x}: %{y}<extra></extra>`,
  });
  if (!several) return [thin];
  const steps = curves.reduce((a, b) => a.at(-1)[0] < b.at(-1)[0] ? b : a).map(([x]) => x);
  const values = steps.map((x) => curves.map((curve) => at(curve, x)).filter(Number.isFinite));
  const shared = steps.map((x, place) => [x, values[place]]).filter(([, some]) => some.length > 1);
  return [thin, line(shared.map(([x]) => x), shared.map(([, some]) => mean(some)), 3, {
    customdata: shared.map(([, some]) => measure(some)), hovertemplate: `<b>${plain(name)}</b><br>step %{x}: %{customdata}<extra></extra>`,
  })];
}

function ends(name, members, metric) {
  const over = members.filter((run) => run.final && metric in run.metrics);
  return over.length === 0 ? [] : [{
    type: "scatter", mode: "markers", name: plain(name), marker: { color: looksOf(name).colour, size: 9, line: { color: looks().text, width: 1 } },
    x: over.map((run) => run.final), y: over.map((run) => Number(run.metrics[metric])), customdata: over.map((run) => plain(run.seed)),
    hovertemplate: `<b>${plain(name)}</b>, seed %{customdata}<br>in the end: %{y}<extra></extra>`,
  }];
}

const groups = () => [...new Set([...runs.values()].filter(hasBegun).map((run) => run.group))];

function looksOf(name) {
  const place = groups().indexOf(name);
  const colour = colours[place % colours.length];
  return { colour: colour === "#000000" ? looks().text : colour, dash: Object.keys(STYLES)[Math.floor(place / colours.length) % 3] };
}

// Choices for what has come; those made before stay.
function offer() {
  const metrics = [...new Set([...runs.values()].flatMap((run) => Object.keys(run.metrics)))];
  const { metric } = form.elements;
  for (const value of metrics.slice(metric.length)) metric.append(tag("option", { value, textContent: heading(value) }));
  if (!metric.dataset.chosen && metrics.length) metric.value = metrics.find((name) => name.startsWith("test_error")) ?? metrics[0];
  const place = document.getElementById("groups");
  for (const name of groups().slice(place.children.length)) {
    const swatch = tag("span", { className: "swatch" });
    place.append(tag("label", {}, tag("input", { type: "checkbox", name: "group", value: name, checked: true }), swatch, name));
  }
  all("label", place).forEach((label, number) => {
    const { colour, dash } = looksOf(groups()[number]);
    Object.assign(label.querySelector(".swatch").style, { borderTopColor: colour, borderTopStyle: STYLES[dash] });
  });
}

async function draw() {
  const Plotly = await plotly();
  offer();
  const metric = form.elements.metric.value;
  tabulate(metric);
  const shown = all("[name=group]:checked").map(({ value }) => [value, [...runs.values()].filter((run) => run.group === value)]);
  const scored = (run) => run.looks.filter(([, metrics]) => metric in metrics).map(([step, metrics]) => [step, Number(metrics[metric])]);
  const drawings = {
    loss: ["loss", shown.flatMap(([name, members]) => traces(name, members, (run) => run.loss))],
    score: [metric ? heading(metric) : "score", shown.flatMap(([name, members]) => [...traces(name, members, scored), ...ends(name, members, metric)])],
  };
  for (const [id, [title, data]] of Object.entries(drawings)) {
    const made = layout(title, { title: { text: "step" }, rangemode: "tozero", visible: data.length > 0 }, { visible: data.length > 0, type: form.elements.log.checked ? "log" : "linear" });
    await Plotly.react(id, data, { ...made, uirevision: "kept" }, { responsive: true, displaylogo: false, modeBarButtons: [BUTTONS], plotlyServerURL: "" });
    document.getElementById(id).setAttribute("aria-label", `${title} by step, a line for each of ${runs.size} runs; the table below has the last numbers`);
  }
}

// Drawing leaves the machine to the training: at most a twentieth of the time goes into it.
let [drawnAt, took, isNew] = [-Infinity, 0, true];

async function drawInTime(over) {
  const now = performance.now();
  const patience = isNew ? Math.min(20 * took, MOST_PAUSE) : MOST_PAUSE;
  if (document.hidden || (!over && now - drawnAt < patience)) return;
  isNew = false;
  await draw();
  [drawnAt, took] = [performance.now(), performance.now() - now];
}

async function ask() {
  let [news, failure] = [{}, null];
  try {
    const answer = await fetch(`changes?after=${after}`);
    if (!answer.ok) throw new Error(answer.statusText);
    news = await answer.json();
    news.events.forEach(hear);
    for (const [number, seconds] of Object.entries(news.silent)) runs.get(Number(number)).silent = seconds;
    ({ after } = news);
    isNew ||= news.events.length > 0;
  } catch (error) {
    failure = error;
  }
  await drawInTime(news.over);
  if (failure) tell("state", `dlbench does not answer any more (${failure.message}); the curves stay as they were.`);
  else tellState(news);
  if (!news.over) setTimeout(ask, 1000);
}

form.addEventListener("change", ({ target }) => {
  if (target.name === "metric") target.dataset.chosen = "yes";
  draw();
});
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", draw);
dark.addEventListener("change", draw);
plotly().then(ask);
