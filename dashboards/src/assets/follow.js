// Pages that follow their data, and links that change a page in place. Works on the markup of shell.rs.

/** The parts of a page that are replaced one by one: what has an id and is in nothing else that has one. */
const partsOf = (root) => [...root.querySelectorAll("main [id], header [id]")].filter((part) => !part.parentElement.closest("[id]"));

/** What is left of a page without its parts: where this changes, the page is another. */
function frameOf(root) {
  const main = root.querySelector("main").cloneNode(true);
  for (const part of main.querySelectorAll("[id]")) part.replaceWith(`#${part.id}`);
  return main.innerHTML;
}

const read = (root) => ({ frame: frameOf(root), parts: new Map(partsOf(root).map((part) => [part.id, part.outerHTML])) });

/** Puts a part in the place of an older one; what was scrolled is so again. */
function replace(old, part) {
  const scrolled = [...old.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
  old.replaceWith(part);
  part.querySelectorAll(".scroll").forEach((box, index) => ([box.scrollLeft, box.scrollTop] = scrolled[index] ?? [0, 0]));
}

/** Puts the focus where it was: on the row of that pid, or the link of that address. */
function refocus(pid, href) {
  settleRows(document);
  if (pid) focusRow(rowOf(document, pid));
  else if (href) [...document.querySelectorAll("main a")].find((link) => link.getAttribute("href") === href)?.focus();
}

/** Puts what differs between two states of the page in place; a series that was alone stays alone. */
function update(known, now, next) {
  const alone = [...document.querySelectorAll(".card[data-only]")].map((card) => [card.id, card.dataset.only]);
  const focused = document.activeElement;
  const [pid, href] = [focused?.dataset?.pid, focused?.getAttribute?.("href")];
  const same = now.frame === known.frame && [...now.parts.keys()].join() === [...known.parts.keys()].join();
  if (!same) document.querySelector("main").replaceChildren(...next.querySelector("main").childNodes);
  for (const part of partsOf(next)) {
    const old = document.getElementById(part.id);
    if (old && now.parts.get(part.id) !== known.parts.get(part.id)) replace(old, part);
  }
  if (!focused?.isConnected) refocus(pid, href);
  else if (focused === document.body) settleRows(document);
  for (const [id, only] of alone) {
    const card = document.getElementById(id);
    if (card) {
      card.dataset.only = only;
      dim(card);
    }
  }
}

/** What the server last said of this page. */
let known = read(document);

/** Shows a page that came as text, in place of the one before it. */
function show(text) {
  const next = new DOMParser().parseFromString(text, "text/html");
  if (!next.querySelector("main")) return;
  const now = read(next);
  update(known, now, next);
  known = now;
}

const main = document.querySelector("main[data-every]");
const every = Number(main?.dataset.every);
const badge = document.getElementById("live");
let source = null;
let late = 0;

function say(state) {
  badge.hidden = false;
  badge.dataset.state = state;
  badge.textContent = { live: "live", stale: "stale", off: "paused" }[state];
  badge.title = {
    live: `New figures come every ${every} s`,
    stale: "The server has not sent anything lately; what is shown may be old",
    off: "Nobody looks: nothing is asked",
  }[state];
}

function arrived() {
  clearTimeout(late);
  late = setTimeout(say, every * 3000 + 5000, "stale");
  say("live");
}

function unfollow() {
  clearTimeout(late);
  source?.close();
  source = null;
}

function follow() {
  unfollow();
  if (!main || document.hidden) return;
  const page = location.pathname + location.search;
  source = new EventSource(`/stream?${new URLSearchParams({ every, page })}`);
  source.onopen = arrived;
  source.onerror = () => say("stale");
  source.addEventListener("page", ({ data }) => {
    arrived();
    if (!drag) show(data);
  });
}

if (main) {
  document.addEventListener("visibilitychange", () => {
    follow();
    if (!source) say("off");
  });
  addEventListener("pagehide", unfollow);
  addEventListener("pageshow", ({ persisted }) => persisted && follow());
  follow();
}

/** Follows a link without leaving the page. */
async function go(href) {
  const answer = await fetch(href);
  if (!answer.ok) return location.assign(href);
  history.pushState(null, "", href);
  show(await answer.text());
  follow();
}

addEventListener("popstate", () => location.reload());
