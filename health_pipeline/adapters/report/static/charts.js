// Charts by Vega: the specifications come with the page, data and colours are added here.
// A colour is named, not copied: the light, the dark and paper each give it a value of their own.
const ink = (name) => `var(--${name})`;
const COLOURS = ["red", "yellow", "green", "unscored", "ink", "quiet"];
const drawn = new Map(); // element → how to draw it again

function theme() {
  const font = getComputedStyle(document.body).fontFamily;
  return { axis: { labelColor: ink("quiet"), labelFont: font, labelFontSize: 12, labelPadding: 6, gridColor: ink("line"), domainColor: ink("line"), ticks: false } };
}

async function draw(place, name, values) {
  drawn.set(place, [name, values]);
  const width = place.clientWidth;
  if (!width) return;
  const spec = structuredClone(head.charts[name]);
  spec.width = width;
  spec.data.find((one) => one.name === "rows").values = values;
  for (const signal of spec.signals) if (COLOURS.includes(signal.name)) signal.value = ink(signal.name);
  const made = el("div");
  const { finalize } = await vegaEmbed(made, spec, { mode: "vega", renderer: "svg", ast: true, actions: false, tooltip: false, hover: false, defaultStyle: false, config: theme() });
  const svg = made.querySelector("svg");
  svg.setAttribute("aria-hidden", "true"); // the element around it says what is seen
  svg.setAttribute("focusable", "false");
  if (drawn.get(place)?.[1] === values) place.replaceChildren(svg);
  finalize();
}

function redraw() {
  for (const [place, args] of drawn) {
    if (place.isConnected) draw(place, ...args);
    else drawn.delete(place);
  }
}
let waiting;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(redraw, 150);
});

function drawTrend(by) {
  const trend = head.portfolio.trend;
  const values = trend.date.flatMap((day, n) =>
    head.tiers.map((tier, order) => ({ day, tier, order, n: trend[by === "arr" ? `arr_${tier}` : tier][n] })));
  draw(document.getElementById("trend"), "trend", values);
}

// Bars from one score to the other; all in tenths, so that what is read adds up.
function waterfall(i, found) {
  const parts = found.m_tenths.map((tenths, n) => [SIGNALS[found.m_signal[n]], found.m_effect[n], tenths]);
  const after = ROWS.score[i], before = after - ROWS.moved[i];
  const since = date(head.movers.since), values = [];
  let at = before;
  values.push({ label: since, from: 0, to: before / 10, text: score(before), kind: "end" });
  for (const [signal, effect, tenths] of parts) {
    values.push({ label: partName(signal, effect), from: at / 10, to: (at + tenths) / 10, text: signed(tenths), kind: tenths < 0 ? "down" : "up" });
    at += tenths;
  }
  values.push({ label: date(head.day), from: 0, to: after / 10, text: score(after), kind: "end" });
  const low = Math.max(0, Math.floor(Math.min(...values.flatMap((v) => (v.kind === "end" ? [v.to] : [v.from, v.to]))) - 6));
  for (const v of values) {
    if (v.kind === "end") v.from = low;
    v.right = Math.max(v.from, v.to);
  }
  const said = `From ${score(before)} on ${since} to ${score(after)}: ${parts.map(([s, e, t]) => `${partName(s, e)} ${signed(t)}`).join(", ")}.`;
  const place = el("div", { class: "chart", role: "img", "aria-label": said });
  const list = el("details", { class: "figures" }, el("summary", {}, "As a table"),
    el("table", { class: "waterfall" }, el("caption", { class: "quiet" }, "Points by driver and effect"),
      el("tbody", {}, el("tr", {}, el("th", { scope: "row" }, since), el("td", { class: "num" }, score(before))),
        parts.map(([s, e, t]) => el("tr", {}, el("th", { scope: "row" }, partName(s, e)), el("td", { class: "num" }, signed(t)))),
        el("tr", {}, el("th", { scope: "row" }, date(head.day)), el("td", { class: "num" }, score(after))))));
  return { node: el("div", {}, place, list), show: () => draw(place, "waterfall", values) };
}
function partName(signal, effect) {
  if (effect === "smaller") return "Smaller parts";
  const name = signal ? words(signal) : "All drivers";
  return effect === "behaviour" ? name : `${name} (${effect})`;
}

function history(i, found) {
  let last = 0;
  const values = head.days.map((day, n) => {
    const change = found.scores[n];
    if (change !== null) last += change;
    const letter = found.tiers[n];
    const tier = head.tiers.find((name) => name[0] === letter);
    return { day, score: change === null ? null : last / 10, tier: tier ?? null };
  });
  const known = values.filter((v) => v.score !== null);
  if (known.length < 2) return null;
  const scores = known.map((v) => v.score);
  const said = `Score of the last 90 days: from ${known[0].score.toFixed(1)} on ${date(known[0].day)} to ${known.at(-1).score.toFixed(1)}, lowest ${Math.min(...scores).toFixed(1)}, highest ${Math.max(...scores).toFixed(1)}.`;
  const place = el("div", { class: "chart", role: "img", "aria-label": said });
  return { node: place, show: () => draw(place, "history", values) };
}
