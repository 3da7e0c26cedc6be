// A table that shows one page at a time of any number of rows, sorted by its heads.
function makeTable({ place, label, columns, rows, size, empty, by, down }) {
  const sorted = { by: by ?? null, down: down ?? false };
  let page = 0;
  const heads = columns.map((column) => el("th", { scope: "col", class: column.num ? "num" : null },
    column.value ? el("button", { type: "button", class: "sort", onclick: () => sortBy(column) }, column.name) : column.name));
  const body = el("tbody"), told = el("span", { role: "status" });
  const back = el("button", { type: "button", onclick: () => turn(-1) }, "Previous");
  const next = el("button", { type: "button", onclick: () => turn(1) }, "Next");
  const none = el("p", { class: "empty" }, empty);
  const table = el("table", { class: "grid" }, el("thead", {}, el("tr", {}, heads)), body);
  const frame = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);
  // Where rows are cards there are no heads to press.
  const choice = el("select", { onchange: () => sortBy(columns.find((one) => one.key === choice.value)) },
    columns.filter((one) => one.value).map((one) => el("option", { value: one.key }, one.name)));
  place.replaceChildren(el("label", { class: "field sort-by" }, "Sort by ", choice), frame, none, el("div", { class: "pages" }, back, next, told));
  let shown = [];
  place.hidden = true; // until there are rows to speak of

  function sortBy(column) {
    sorted.down = sorted.by === column.key ? !sorted.down : Boolean(column.downFirst);
    sorted.by = column.key;
    page = 0;
    update();
  }
  function turn(by) {
    page += by;
    fill();
    frame.scrollIntoView({ block: "nearest" });
  }
  function update() {
    shown = rows();
    place.hidden = false;
    const column = columns.find((one) => one.key === sorted.by);
    if (column) {
      const sign = sorted.down ? -1 : 1, keys = new Map(shown.map((row) => [row, column.value(row)]));
      shown.sort((a, b) => {
        const x = keys.get(a), y = keys.get(b);
        if (x === y) return 0;
        if (x === null || y === null) return x === null ? 1 : -1; // what is not known stands last
        return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
      });
    }
    choice.value = sorted.by;
    heads.forEach((th, n) => {
      if (columns[n].key === sorted.by) th.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
    page = Math.min(page, Math.max(0, Math.ceil(shown.length / size) - 1));
    fill();
  }
  function fill() {
    const start = page * size, part = shown.slice(start, start + size);
    body.replaceChildren(...part.map((row) => el("tr", {}, columns.map((column, n) => {
      const cell = column.cell(row), blank = cell === "–" || cell === "";
      const kind = [column.num && "num", n === 0 && "lead-cell", column.full && "full", blank && "blank"].filter(Boolean).join(" ");
      return n === 0 ? el("th", { scope: "row", class: kind }, cell)
        : el("td", { class: kind || null, "data-label": column.bare ? null : column.name }, cell);
    }))));
    frame.hidden = !shown.length;
    none.hidden = shown.length > 0;
    told.textContent = shown.length ? `${whole.format(start + 1)}–${whole.format(start + part.length)} of ${whole.format(shown.length)}` : "";
    back.disabled = page === 0;
    next.disabled = start + size >= shown.length;
    back.hidden = next.hidden = shown.length <= size;
  }
  return { update, first: () => { page = 0; update(); } };
}

const COLUMN = {
  name: { key: "name", name: "Account", cell: link, value: nameOf },
  tier: { key: "tier", name: "Tier", cell: (i) => badge(tierOf(i)), value: (i) => ROWS.tier[i], bare: true },
  score: { key: "score", name: "Score", cell: (i) => score(ROWS.score[i]), value: (i) => ROWS.score[i], num: true },
  week: { key: "week", name: "Week", cell: (i) => (ROWS.moved[i] === null ? "–" : moved(ROWS.moved[i])), value: (i) => ROWS.moved[i], num: true },
  arr: { key: "arr", name: `ARR ${head.currency}`, cell: (i) => money(ROWS.arr[i]), value: (i) => ROWS.arr[i], num: true, downFirst: true },
  segment: { key: "segment", name: "Segment", cell: (i) => bdi(words(ROWS.segment[i])), value: (i) => ROWS.segment[i] },
  owner: { key: "owner", name: "Owner", cell: ownerOf, value: (i) => ROWS.owner[i] },
  renews: { key: "renews", name: "Renews", cell: (i) => (ROWS.renews[i] ? el("span", { class: "day" }, date(ROWS.renews[i])) : "–"), value: (i) => ROWS.renews[i] },
  reason: { key: "reason", name: "First reason", cell: (i) => (ROWS.reason[i] ? el("span", { class: "reason", dir: "auto" }, ROWS.reason[i]) : "–"), full: true, bare: true },
};
