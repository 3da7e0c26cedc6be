// Data, words and elements. Text only ever enters the page as text nodes.
const head = JSON.parse(document.getElementById("head").textContent);
const ROWS = Object.fromEntries(head.columns.map((name) => [name, []]));
const PLACE = new Map(); // account_id → place in ROWS

async function unpacked(id) {
  const text = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

async function addRows(n) {
  const part = await unpacked(`rows-${n}`);
  const start = ROWS.id.length;
  for (const name of head.columns) for (const value of part[name]) ROWS[name].push(value);
  for (let i = start; i < ROWS.id.length; i++) PLACE.set(ROWS.id[i], i);
}

const chunks = new Map();
async function detailsOf(i) {
  if (i >= head.details) return null;
  const n = Math.floor(i / head.chunk);
  if (!chunks.has(n)) chunks.set(n, unpacked(`details-${n}`));
  const columns = await chunks.get(n);
  return Object.fromEntries(Object.entries(columns).map(([name, all]) => [name, all[i % head.chunk]]));
}

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3 });
const dates = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const money = (x) => (x === null ? "–" : whole.format(x));
const figure = (x, unit) => (x === null ? "–" : `${short.format(x)}${unit === "%" ? "%" : ""}`.replace("-", "−"));
// What is measured on a log scale tells a reader nothing; its sentence says it in words.
const reading = (x, unit) => (unit === "log points" ? "–" : figure(x, unit));
const score = (tenths) => (tenths === null ? "–" : (tenths / 10).toFixed(1));
const signed = (tenths) => (tenths === null ? "–" : `${tenths > 0 ? "+" : tenths < 0 ? "−" : "±"}${(Math.abs(tenths) / 10).toFixed(1)}`);
const mail = (address) => { const [name, host] = address.split("@"); return host ? [name, el("wbr"), `@${host}`] : [address]; };
const date = (iso) => (iso ? dates.format(new Date(`${iso}T00:00:00Z`)) : "–");
const words = (name) => (name ? (name[0].toUpperCase() + name.slice(1)).replaceAll("_", " ") : "–");
const tierOf = (i) => head.tiers[ROWS.tier[i]];
const nameOf = (i) => ROWS.name[i] || ROWS.domain[i] || ROWS.id[i];
const daysUntil = (iso) => Math.round((Date.parse(iso) - Date.parse(head.day)) / 864e5);
const { signals: SIGNALS, units: UNITS, groups: GROUPS } = head.words; // a signal is its place in these
const PLANS = { proposed: "proposed, nobody has accepted it yet", accepted: "accepted", done: "done, waiting for the account to recover" };

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}
const bdi = (text) => el("bdi", { dir: "auto" }, text ?? "–");
const badge = (tier) => el("span", { class: `tier ${tier}` }, words(tier));
const moved = (tenths) => el("span", { class: tenths < 0 ? "down" : tenths > 0 ? "up" : "quiet" }, signed(tenths));
const link = (i) => el("a", { class: "open", href: hashWith({ account: ROWS.id[i] }) }, el("bdi", { dir: "auto", class: "name" }, nameOf(i)));

// The address holds what is shown: #tier=red&segment=…&account=acc_…
function state() {
  const hash = location.hash.slice(1);
  return Object.fromEntries(hash.includes("=") ? new URLSearchParams(hash) : []);
}
function hashWith(change) {
  const now = new URLSearchParams(state());
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === "") now.delete(name);
    else now.set(name, value);
  }
  return `#${now}`;
}
