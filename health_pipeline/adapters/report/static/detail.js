// One account: what is said of it, why, since when, and what is done.
const sheet = document.querySelector("#account .sheet");
const dialog = document.getElementById("account");
let openedHere = 0; // how many addresses this page has put on the history

const card = (title, ...inside) => el("section", { class: "card" }, el("h3", {}, title), inside);
const fact = (name, value, big) => [el("div", {}, el("dt", {}, name), el("dd", { class: big ? "big" : null }, value))];

async function showAccount(id) {
  const i = PLACE.get(id);
  const found = i === undefined ? null : await detailsOf(i);
  if (state().account !== id) return; // meanwhile another one was asked for
  const later = [];
  const back = el("button", { type: "button", class: "button", onclick: closeAccount }, "← Back");
  const print = el("button", { type: "button", class: "button", onclick: () => window.print() }, "Print");
  sheet.replaceChildren(el("div", { class: "sheet-bar" }, back, print),
    ...(i === undefined ? unknown(id) : account(i, found, later)));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  back.focus();
  for (const show of later) await show();
}

function unknown(id) {
  return [el("h2", { id: "account-name" }, "No such account"),
    el("p", {}, "No account ", el("code", {}, id), " is a customer on this day. An older id may have been merged into another: ", el("code", {}, `health explain ${id}`), " follows it.")];
}

function account(i, found, later) {
  const name = el("h2", { id: "account-name" }, bdi(nameOf(i)));
  const facts = el("dl", { class: "facts" },
    fact("Tier", badge(tierOf(i))),
    fact("Score", score(ROWS.score[i]), true),
    fact("Since last week", ROWS.moved[i] === null ? "–" : moved(ROWS.moved[i])),
    fact(`ARR ${head.currency}`, money(ROWS.arr[i])),
    fact("Segment", bdi(words(ROWS.segment[i]))),
    fact("Owner", ownerOf(i)),
    fact("Renews", renewsIn(ROWS.renews[i])),
    found?.since ? fact("In this tier since", date(found.since)) : null,
    found ? fact("Measured", found.coverage === null ? "–" : `${found.coverage}%`) : null);
  if (!found) {
    return [name, facts, el("p", {}, "Drivers and history of accounts out of trouble are not part of this page: ", el("code", {}, `health explain ${ROWS.id[i]}`), ".")];
  }
  const chart = history(i, found);
  if (chart) later.push(chart.show);
  return [name, facts, story(found), standing(i, found), ...why(i, found, later), plays(found),
    chart && card("Last 90 days", chart.node), found.d_signal && drivers(i, found),
    el("p", { class: "quiet small" }, "Every calculation: ", el("code", {}, `health explain ${ROWS.id[i]} --show-work`))].filter(Boolean);
}

function renewsIn(iso) {
  if (!iso) return "–";
  const days = daysUntil(iso);
  return `${date(iso)} (${days < 0 ? `${daysWords(days)} ago` : days ? `in ${daysWords(days)}` : "today"})`;
}

function story(found) {
  if (!found.headline) return null;
  return el("div", { class: "card story" }, el("h3", { dir: "auto" }, found.headline), el("p", { dir: "auto" }, found.text),
    found.context ? el("p", { class: "quiet", dir: "auto" }, found.context) : null);
}

function standing(i, found) {
  const lines = [];
  const other = found.by_score && found.by_score !== tierOf(i); // else the band held a better one, and the cap took it
  if (found.gate) lines.push(`The tier is capped: ${found.gate}${other ? `; by the score alone it would be ${words(found.by_score)}` : ""}.`);
  if (found.frozen_by) lines.push(`The tier rests while a source is silent: ${found.frozen_by}.`);
  if (found.disagreement) lines.push(`Judged differently: ${found.disagreement}.`);
  if (found.expansion !== null) lines.push(`Room to grow (expansion index): ${found.expansion} of 100.`);
  if (found.override) {
    const [tier, muted, reason, author, until] = found.override;
    const what = [tier && `seen as ${words(tier)}`, muted && "muted"].filter(Boolean).join(", ");
    lines.push(`People say: ${what} (${reason}; ${author}, until ${date(until)}).`);
  }
  return lines.length ? card("How it stands", el("ul", {}, lines.map((line) => el("li", { dir: "auto" }, line)))) : null;
}

function why(i, found, later) {
  const cards = [];
  const since = date(head.movers.since);
  if (found.m_tenths?.length) {
    const chart = waterfall(i, found);
    later.push(chart.show);
    cards.push(card(`What moved it since ${since}`, chart.node));
  } else if (head.movers.since && ROWS.score[i] !== null) {
    cards.push(card("What moved it since last week",
      el("p", {}, ROWS.moved[i] === null ? `It had no score on ${since}.` : `Nothing: ${score(ROWS.score[i])} on both days.`)));
  }
  for (const [title, risk] of [["What weighs on it", 1], ["What lifts it", 0]]) {
    const list = (found.r_risk ?? []).flatMap((one, n) => (one === risk ? [reason(found, n)] : []));
    if (list.length) cards.push(card(title, el("ol", { class: "list" }, list)));
  }
  return cards;
}

function reason(found, n) {
  const [signal, risk, points, sentence, play, value, norm, seen, before, then] = ["signal", "risk", "points", "sentence", "play", "value", "norm", "seen", "before", "then"].map((name) => found[`r_${name}`][n]);
  const unit = UNITS[signal];
  const told = unit !== "log points";
  const evidence = [words(SIGNALS[signal]), told && value !== null && `${reading(value, unit)}${unit && unit !== "%" ? ` ${unit}` : ""}`,
    told && before !== null && then && `${reading(before, unit)} on ${date(then)}`,
    told && norm !== null && `normal in the segment ${reading(norm, unit)}`, seen && `as of ${date(seen)}`].filter(Boolean).join(" · ");
  const watched = found.d_signal && !found.d_signal.includes(signal); // it moves no score
  return el("li", {}, watched ? el("span", { class: "points quiet small" }, "watched") : el("span", { class: `points ${risk ? "down" : "up"}` }, signed(points)),
    el("div", {}, el("p", { dir: "auto" }, sentence), el("p", { class: "quiet small" }, evidence),
      risk && play ? el("p", { class: "small" }, "Play: ", playTitle(play)) : null));
}

const playTitle = (name) => head.words.plays[name]?.[0] ?? words(name);

function plays(found) {
  if (!found.plays?.length) {
    return found.next ? card("What happens next", el("p", { dir: "auto" }, found.next)) : null;
  }
  return card("What happens next", found.plays.map(([play, status, code, opened, due, owner, by, steps]) => el("div", {},
    el("p", {}, el("strong", {}, playTitle(play)), head.words.plays[play] ? `: ${head.words.plays[play][1]}` : ""),
    el("p", { class: "quiet small" }, `${words(PLANS[status] ?? status)}${by ? ` by ${by}` : ""} · opened ${date(opened)}, first step due ${date(due)} · owner ${owner === "unowned" ? "nobody" : owner}`),
    el("ol", { class: "steps" }, (steps ?? []).map(([text, who, on]) => el("li", {}, bdi(text), el("span", { class: "quiet small" }, ` ${who === "unowned" ? "nobody" : who}, `),
      el("span", { class: `small ${on && on < head.day && status !== "done" ? "late" : "quiet"}` }, `due ${date(on)}`)))))));
}

function drivers(i, found) {
  const widest = Math.max(...found.d_vs.map(Math.abs), 1);
  const rows = found.d_signal.map((signal, n) => {
    const [points, versus, weight, sub, value, norm] = ["points", "vs", "weight", "sub", "value", "norm"].map((name) => found[`d_${name}`][n]);
    const unit = UNITS[signal], share = (Math.abs(versus) / widest) * 50;
    const bar = el("b", { style: `${versus < 0 ? "right" : "left"}:50%;width:${share}%;background:var(--${versus < 0 ? "red" : "green"})` });
    return el("tr", {}, el("th", { scope: "row" }, words(SIGNALS[signal]), el("span", { class: "quiet small optional" }, ` ${words(GROUPS[signal]).toLowerCase()}`)),
      el("td", { class: "num" }, reading(value, unit)), el("td", { class: "num optional" }, reading(norm, unit)),
      el("td", { class: "num optional" }, sub), el("td", { class: "num optional" }, `${(weight / 10).toFixed(1)}%`),
      el("td", { class: "num" }, score(points)), el("td", { class: "num" }, el("span", { class: "versus" }, el("i", { "aria-hidden": "true" }, bar), el("em", {}, signed(versus)))));
  });
  const th = (name, kind) => el("th", { scope: "col", class: kind }, name);
  return card("Every driver", el("p", { class: "quiet" }, "Points add up to the score. The last column is how far each driver lies from what is normal in the segment."),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Every driver" }, el("table", { class: "drivers" },
      el("thead", {}, el("tr", {}, th("Driver"), th("Value", "num"), th("Normal", "num optional"), th("Subscore", "num optional"), th("Weight", "num optional"), th("Points", "num"), th("Against normal", "num"))),
      el("tbody", {}, rows),
      el("tfoot", {}, el("tr", {}, el("th", { scope: "row" }, "Score"), el("td"), el("td", { class: "optional" }), el("td", { class: "optional" }), el("td", { class: "optional" }), el("td", { class: "num" }, score(ROWS.score[i])), el("td"))))));
}

function closeAccount() {
  if (openedHere > 0) window.history.back(); // the address before, filters and place on the page included
  else {
    window.history.replaceState(null, "", hashWith({ account: null }));
    follow();
  }
}
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  closeAccount();
});
dialog.addEventListener("click", (event) => event.target === dialog && closeAccount());
