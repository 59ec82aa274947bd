// Charts: the crosshair and its figures, zooming, isolating a series. Works on the markup of chart_card.rs.

/** The chart under an event, or null. */
const chartAt = (event) => (event.target instanceof Element ? event.target.closest(".card[data-start] .plot") : null);

/** What a card says about its time axis. */
function axisOf(card) {
  const [start, end, first, step] = ["start", "end", "first", "step"].map((name) => Number(card.dataset[name]));
  return { start, end, first, step };
}

const made = (className) => {
  const element = document.createElement("div");
  element.className = className;
  element.hidden = true;
  document.body.append(element);
  return element;
};
const tip = made("tip");
const mark = made("marked");
const lines = [];

/** The time under a pointer, kept inside the chart. */
function timeAt(plot, clientX) {
  const { left, width } = plot.getBoundingClientRect();
  const { start, end } = axisOf(plot.closest(".card"));
  return start + (end - start) * Math.min(1, Math.max(0, (clientX - left) / width));
}

/** One line over each chart of the page that has this moment. */
function drawCrosshair(time) {
  const plots = [...document.querySelectorAll(".card[data-start] .plot")];
  while (lines.length < plots.length) lines.push(made("cross"));
  lines.forEach((line, index) => {
    const plot = plots[index];
    const axis = plot && axisOf(plot.closest(".card"));
    line.hidden = !plot || time < axis.start || time > axis.end;
    if (line.hidden) return;
    const box = plot.getBoundingClientRect();
    line.style.left = `${box.left + scrollX + (box.width * (time - axis.start)) / (axis.end - axis.start)}px`;
    line.style.top = `${box.top + scrollY + 3}px`;
    line.style.height = `${box.height - 20}px`;
  });
}

/** Moments by the clock of the page's time zone, not of the browser's. */
function clock(ms, card) {
  const { start, end } = axisOf(card);
  const date = end - start > 86_400_000 ? { weekday: "short", day: "numeric", month: "short" } : {};
  const options = { ...date, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: card.dataset.tz }).format(ms);
  } catch {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC", timeZoneName: "short" }).format(ms);
  }
}

/** The row of a heat map under a pointer; 3 px stand above the rows and 18 below, see fluid.rs. */
function rowAt(plot, clientY, rows) {
  const { top, height } = plot.getBoundingClientRect();
  return Math.min(rows - 1, Math.max(0, Math.floor(((clientY - top - 4) / (height - 20)) * rows)));
}

/** The figures of every series at the point next to a moment. */
function showTip(plot, time, clientX, clientY) {
  const card = plot.closest(".card");
  const { first, step } = axisOf(card);
  const series = [...card.querySelectorAll(".legend tr[data-v]")].map((row) => ({ row, figures: row.dataset.v.split("|") }));
  const last = Math.max(...series.map(({ figures }) => figures.length)) - 1;
  const index = Math.min(last, Math.max(0, Math.round((time - first) / step)));
  const rows = (card.dataset.kind === "heatmap" ? [series[rowAt(plot, clientY, series.length)]] : series)
    .map(({ row, figures }) => ({ row, figure: figures[index] }))
    .filter(({ figure }) => figure);
  const head = document.createElement("b");
  head.textContent = clock(first + index * step, card);
  const table = document.createElement("table");
  for (const { row, figure } of rows) {
    const line = table.insertRow();
    const name = line.insertCell();
    name.append(row.querySelector(".swatch").cloneNode(true), row.querySelector(".name").textContent);
    line.insertCell().textContent = figure;
  }
  const { start, end } = axisOf(card);
  const near = ((end - start) / plot.getBoundingClientRect().width) * 6;
  const events = [...plot.querySelectorAll("g[data-at]")].filter((mark) => Math.abs(Number(mark.dataset.at) - time) < near);
  const titles = events.map((mark) => Object.assign(document.createElement("p"), { textContent: mark.querySelector("title").textContent }));
  tip.replaceChildren(head, ...(rows.length ? [table] : ["no value"]), ...titles);
  place(clientX, clientY);
}

/** From when to when, while a range is being marked. */
function showRange(plot, from, clientX, clientY) {
  const card = plot.closest(".card");
  const ends = [timeAt(plot, from), timeAt(plot, clientX)].sort((a, b) => a - b).map((time) => clock(time, card));
  const head = document.createElement("b");
  head.textContent = ends.join(" \u2013 ");
  tip.replaceChildren(head, ...(changesOf() ? ["Release to zoom, with Shift to see what changed"] : []));
  place(clientX, clientY);
}

/** Puts the tip beside the pointer, inside the window. */
function place(clientX, clientY) {
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const right = clientX + 16 + width > innerWidth;
  tip.style.left = `${Math.max(4, right ? clientX - 16 - width : clientX + 16) + scrollX}px`;
  tip.style.top = `${Math.max(4, Math.min(clientY - height / 2, innerHeight - height - 4)) + scrollY}px`;
}

function hide() {
  tip.hidden = true;
  mark.hidden = true;
  lines.forEach((line) => (line.hidden = true));
}

// --- zooming

let drag = null;

const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** A page over another range. */
function over(href, from, until) {
  const url = new URL(href, location.href);
  url.searchParams.set("from", iso(Math.floor(from / 1000) * 1000));
  url.searchParams.set("until", iso(Math.ceil(until / 1000) * 1000));
  return url;
}

/** Where this page tells what changed in its range, if it does. */
const changesOf = () => document.querySelector('main a[href^="/changes?"]')?.href;

function showMark(plot, a, b) {
  const box = plot.getBoundingClientRect();
  const [left, right] = [a, b].sort((x, y) => x - y).map((x) => Math.min(box.right, Math.max(box.left, x)));
  mark.hidden = right - left < 5;
  mark.style.left = `${left + scrollX}px`;
  mark.style.width = `${right - left}px`;
  mark.style.top = `${box.top + scrollY + 3}px`;
  mark.style.height = `${box.height - 20}px`;
}

addEventListener("pointerdown", (event) => {
  const plot = chartAt(event);
  if (plot && event.button === 0 && event.pointerType !== "touch") {
    drag = { plot, x: event.clientX };
    tip.hidden = true;
    event.preventDefault();
  }
});

addEventListener("pointermove", (event) => {
  if (drag) {
    showMark(drag.plot, drag.x, event.clientX);
    drawCrosshair(timeAt(drag.plot, event.clientX));
    showRange(drag.plot, drag.x, event.clientX, event.clientY);
    return;
  }
  const plot = chartAt(event);
  if (!plot) return hide();
  const time = timeAt(plot, event.clientX);
  drawCrosshair(time);
  showTip(plot, time, event.clientX, event.clientY);
});

addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { plot, x } = drag;
  drag = null;
  hide();
  if (Math.abs(event.clientX - x) < 5 || !plot.isConnected) return;
  const [from, until] = [timeAt(plot, x), timeAt(plot, event.clientX)].sort((a, b) => a - b);
  const href = (event.shiftKey && changesOf()) || location.href;
  location.assign(over(href, from, Math.max(until, from + 2000)));
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  drag = null;
  hide();
});
addEventListener("scroll", hide, { passive: true });
document.documentElement.addEventListener("pointerleave", () => drag || hide());

// --- isolating a series

const inkOf = (element) => /(?:^|\s)[abdflpw](\d+)(?:\s|$)/.exec(element.getAttribute("class") ?? "")?.[1];

/** Dims all but one ink of a card; the ink that is alone already brings the others back. */
function isolate(card, ink) {
  const only = card.dataset.only === ink ? undefined : ink;
  if (only === undefined) delete card.dataset.only;
  else card.dataset.only = only;
  dim(card);
}

function dim(card) {
  const { only } = card.dataset;
  for (const path of card.querySelectorAll(".plot path")) {
    const ink = inkOf(path);
    path.classList.toggle("off", only !== undefined && ink !== undefined && ink !== only);
  }
  for (const row of card.querySelectorAll(".legend tr[data-v]")) {
    row.classList.toggle("off", only !== undefined && inkOf(row.querySelector(".swatch rect")) !== only);
  }
}

addEventListener("click", (event) => {
  const swatch = event.target instanceof Element ? event.target.closest(".legend .swatch") : null;
  if (swatch) isolate(swatch.closest(".card"), inkOf(swatch.querySelector("rect")));
});
