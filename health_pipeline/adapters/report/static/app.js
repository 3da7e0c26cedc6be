// The sections, and what the address says to show.
const form = document.getElementById("filters");
const SMALL = matchMedia("(max-width: 46rem)").matches;
const ids = (list) => list.map((id) => PLACE.get(id)).filter((i) => i !== undefined);

function wanted() {
  const data = new FormData(form);
  const asked = data.get("q").trim().toLocaleLowerCase();
  const tiers = new Set(data.getAll("tier").map((tier) => head.tiers.indexOf(tier)));
  const [segment, owner, plan] = ["segment", "owner", "plan"].map((name) => data.get(name));
  const shown = [];
  for (let i = 0; i < ROWS.id.length; i++) {
    if (!tiers.has(ROWS.tier[i])) continue;
    if (segment && ROWS.segment[i] !== segment) continue;
    if (owner && (owner === "-" ? !isAlone(i) : ROWS.owner[i] !== owner)) continue;
    if (plan && (plan === "yes") !== (ROWS.planned[i] === 1)) continue;
    if (asked && !`${ROWS.name[i] ?? ""} ${ROWS.domain[i] ?? ""} ${ROWS.id[i]}`.toLocaleLowerCase().includes(asked)) continue;
    shown.push(i);
  }
  return shown;
}

const accounts = makeTable({
  place: document.getElementById("table-accounts"), label: "Table of accounts", size: SMALL ? 12 : 50, rows: wanted, by: "tier",
  empty: "No account fits these filters.",
  columns: [COLUMN.name, COLUMN.tier, COLUMN.score, COLUMN.week, COLUMN.arr, COLUMN.segment, COLUMN.owner, COLUMN.renews, COLUMN.reason],
});

function keepFilters() {
  const data = new FormData(form), tiers = data.getAll("tier").join(",");
  const change = { tier: tiers === "red,yellow" ? null : tiers || "none" };
  for (const name of ["segment", "owner", "plan", "q"]) change[name] = data.get(name);
  const hash = hashWith(change);
  window.history.replaceState(null, "", hash === "#" ? location.pathname + location.search : hash);
  accounts.first();
}
function takeFilters() {
  const now = state();
  if (now.tier) for (const box of form.elements.tier) box.checked = now.tier.split(",").includes(box.value);
  for (const name of ["segment", "owner", "plan", "q"]) if (now[name]) form.elements[name].value = now[name];
}
let typing;
form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(keepFilters, 80);
});
form.addEventListener("submit", (event) => event.preventDefault());

function offer(name) {
  const options = [...new Set(ROWS[name])].filter((value) => value !== null).sort((a, b) => a.localeCompare(b));
  const select = form.elements[name], chosen = select.value;
  const fixed = [...select.options].filter((option) => option.dataset.found === undefined);
  select.replaceChildren(...fixed, ...options.map((value) => el("option", { value, "data-found": true }, name === "segment" ? words(value) : value)));
  select.value = chosen;
}

function movers() {
  const found = ids(head.movers.ids);
  for (const [id, sign] of [["falls", -1], ["rises", 1]]) {
    const place = document.getElementById(id);
    if (!place) return;
    const list = found.filter((i) => Math.sign(ROWS.moved[i]) === sign);
    if (sign > 0) list.reverse();
    const more = el("button", { type: "button", class: "button more", onclick: () => more.replaceWith(...list.slice(8).map(mover)) }, `Show ${list.length - 8} more`);
    place.replaceChildren(...list.slice(0, 8).map(mover), ...(list.length > 8 ? [more] : []));
    if (!list.length) place.replaceChildren(el("p", { class: "empty" }, "None."));
  }
}
function mover(i) {
  const body = el("div", { class: "body" });
  const made = el("details", { class: "mover" },
    el("summary", {}, el("span", { class: "who" }, el("bdi", { dir: "auto", class: "name" }, nameOf(i))), badge(tierOf(i)),
      el("span", { class: "from-to" }, `${score(ROWS.score[i] - ROWS.moved[i])} → ${score(ROWS.score[i])}`),
      el("span", { class: "by" }, moved(ROWS.moved[i]))), body);
  made.addEventListener("toggle", async () => {
    if (!made.open || body.firstChild) return;
    const found = await detailsOf(i);
    const chart = found?.m_tenths?.length ? waterfall(i, found) : null;
    body.append(chart?.node ?? el("p", { class: "quiet" }, "The parts of this move are not part of this page."),
      el("p", {}, el("a", { href: hashWith({ account: ROWS.id[i] }) }, "Open the account")));
    await chart?.show();
  });
  return made;
}

let renewals = null;
async function renewalTable() {
  const all = await unpacked("renewals-0");
  const place = (n) => PLACE.get(all.id[n]);
  let show = "all";
  const fits = {
    all: () => true, risk: (n) => ROWS.tier[place(n)] < 2, asked: (n) => all.asked[n] > 0, block: (n) => all.decision[n] === "block",
  };
  const of = (column) => ({ ...column, cell: (n) => column.cell(place(n)), value: (n) => column.value(place(n)) });
  const guard = {
    key: "guard", name: "Discount", value: (n) => all.asked[n], full: true,
    cell: (n) => (all.asked[n] > 0 ? el("div", {}, el("span", {}, `${short.format(all.asked[n])}% `), all.decision[n] ? el("span", { class: `tier ${all.decision[n] === "block" ? "red" : "green"}` }, all.decision[n] === "block" ? "Blocked" : "Allowed") : null, all.why[n] ? el("p", { class: "quiet small", dir: "auto" }, all.why[n]) : null) : "–"),
  };
  renewals = makeTable({
    place: document.getElementById("table-renewals"), label: "Table of renewals", size: SMALL ? 8 : 25, by: "on", empty: "No renewal.",
    rows: () => all.id.map((_, n) => n).filter((n) => place(n) !== undefined && fits[show](n)),
    columns: [of(COLUMN.name),
      { key: "on", name: "Date", value: (n) => all.days[n], cell: (n) => el("span", {}, el("span", { class: "day" }, `${date(all.on[n])} `), all.days[n] < 0 ? el("span", { class: "late small" }, `overdue by ${daysWords(all.days[n])}`) : el("span", { class: "quiet small" }, all.days[n] ? `in ${daysWords(all.days[n])}` : "today")) },
      of(COLUMN.tier), of(COLUMN.score), of(COLUMN.week),
      { key: "amount", name: `Amount ${head.currency}`, num: true, downFirst: true, value: (n) => all.amount[n], cell: (n) => money(all.amount[n]) },
      { key: "plan", name: "Recovery plan", value: (n) => ROWS.planned[place(n)], cell: (n) => (ROWS.planned[place(n)] ? "yes" : ROWS.tier[place(n)] < 2 ? "none" : "–") },
      of(COLUMN.owner), ...(head.renewals.from_crm ? [guard] : [])],
  });
  const buttons = [...document.querySelectorAll("#renewal-filter button")];
  for (const button of buttons) button.addEventListener("click", () => {
    show = button.dataset.show;
    for (const one of buttons) one.setAttribute("aria-pressed", String(one === button));
    renewals.first();
  });
}

function unownedTable() {
  const place = document.getElementById("table-unowned");
  if (!place) return null;
  return makeTable({
    place, label: "Table of accounts without an owner", size: 10, by: "arr", down: true, empty: "None.",
    rows: () => ROWS.id.map((_, i) => i).filter((i) => isAlone(i) && ROWS.tier[i] < 2),
    columns: [COLUMN.name, COLUMN.tier, COLUMN.score, COLUMN.arr, COLUMN.segment, COLUMN.renews, COLUMN.reason],
  });
}

function follow() {
  const { account: id } = state();
  if (id) showAccount(id);
  else if (dialog.open) {
    dialog.close();
    sheet.replaceChildren();
  }
}
addEventListener("hashchange", follow);
addEventListener("popstate", () => { openedHere = window.history.state?.opened ?? 0; });
document.addEventListener("click", (event) => {
  const to = event.target.closest?.('a[href*="account="]');
  if (!to || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  openedHere += 1;
  window.history.pushState({ opened: openedHere }, "", to.getAttribute("href"));
  follow();
});
for (const button of document.querySelectorAll("[data-trend]")) button.addEventListener("click", () => {
  for (const one of document.querySelectorAll("[data-trend]")) one.setAttribute("aria-pressed", String(one === button));
  drawTrend(button.dataset.trend);
});
// Paper has another width than the window.
addEventListener("beforeprint", redraw);

async function start() {
  if (typeof DecompressionStream === "undefined") {
    document.getElementById("too-old").hidden = false;
    return;
  }
  await addRows(0);
  offer("segment");
  offer("owner");
  takeFilters();
  accounts.update();
  movers();
  await renewalTable();
  renewals.update();
  const unowned = unownedTable();
  unowned?.update();
  performance.mark("interactive");
  for (let n = 1; n < head.row_chunks; n++) await addRows(n);
  if (head.row_chunks > 1) {
    offer("segment");
    offer("owner");
    takeFilters();
    accounts.update();
    movers();
    renewals.update();
    unowned?.update();
  }
  performance.mark("complete");
  document.documentElement.dataset.ready = "true";
  follow();
  setTimeout(() => drawTrend("accounts"));
}
// The library of the charts stands at the end of the page: tables do not wait for it.
addEventListener("DOMContentLoaded", start);
