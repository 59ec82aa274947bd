// Pages that follow their data, and links that change a page in place. Works on the markup of shell.rs.

/** The parts of a page that are replaced one by one: what has an id and is in nothing else that has one. */
const partsOf = (root) => [...root.querySelectorAll("main [id], header [id]")].filter((part) => !part.parentElement.closest("[id]"));

/** What is left of a page without its parts: where this changes, the page is another. */
function frameOf(node) {
  if (node.id) return `#${node.id}`;
  if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeValue;
  return node.cloneNode(false).outerHTML + [...node.childNodes].map(frameOf).join("");
}

const read = (root) => ({ frame: frameOf(root.querySelector("main")), parts: new Map(partsOf(root).map((part) => [part.id, part.outerHTML])) });

/** Makes a node like another, changing only what differs: hundreds of rows that stand where they stood cost little. */
function patch(old, next) {
  if (old.nodeName !== next.nodeName) return old.replaceWith(next);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) if (name !== "tabindex" && !next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [before, after] = [[...old.childNodes], [...next.childNodes]];
  // What stands at the end of both stays where it is, so that a subtree is opened by adding its rows.
  const shorter = Math.min(before.length, after.length);
  let [head, tail] = [0, 0];
  while (head < shorter && alike(before[head], after[head])) head++;
  while (tail < shorter - head && alike(before.at(-1 - tail), after.at(-1 - tail))) tail++;
  const [oldEnd, nextEnd] = [before.length - tail, after.length - tail];
  for (let at = nextEnd; at < oldEnd; at++) before[at].remove();
  for (let at = 0; at < nextEnd; at++) {
    if (at < oldEnd) patch(before[at], after[at]);
    else old.insertBefore(after[at], before[oldEnd] ?? null);
  }
  for (let at = 0; at < tail; at++) patch(before[oldEnd + at], after[nextEnd + at]);
}

const alike = (a, b) => a.nodeName === b.nodeName && a.dataset?.pid === b.dataset?.pid;

/** Puts a part in the place of an older one; what was scrolled is so again. */
function replace(old, part) {
  // A slider that is held stays in the hand, what is being typed under the fingers.
  if (["moment", "choices", "tree"].includes(part.id)) return patch(old, part);
  const scrolled = [...old.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
  old.replaceWith(part);
  part.querySelectorAll(".scroll").forEach((box, index) => ([box.scrollLeft, box.scrollTop] = scrolled[index] ?? [0, 0]));
}

/** What has the focus, in words that hold for the next state too: a row or which link of it, or the address of a link. */
function focusOf(focused) {
  const row = focused?.closest?.("tr[data-pid]");
  if (row) return { pid: row.dataset.pid, link: [...row.querySelectorAll("a")].indexOf(focused) };
  return { href: focused?.getAttribute?.("href") };
}

/** Puts the focus where it was. */
function refocus({ pid, link, href }) {
  settleRows(document);
  const row = pid && rowOf(document, pid);
  if (row) (row.querySelectorAll("a")[link] ?? { focus: () => focusRow(row) }).focus();
  else if (href) [...document.querySelectorAll("main a")].find((other) => other.getAttribute("href") === href)?.focus();
}

/** Puts what differs between two states of the page in place; a series that was alone stays alone. */
function update(known, now, next) {
  const alone = [...document.querySelectorAll(".card[data-only]")].map((card) => [card.id, card.dataset.only]);
  const focused = document.activeElement;
  const held = focusOf(focused);
  const same = now.frame === known.frame && [...now.parts.keys()].join() === [...known.parts.keys()].join();
  if (!same) document.querySelector("main").replaceChildren(...next.querySelector("main").childNodes);
  for (const part of partsOf(next)) {
    const old = document.getElementById(part.id);
    if (old && now.parts.get(part.id) !== known.parts.get(part.id)) replace(old, part);
  }
  const moved = !focused?.isConnected || JSON.stringify(focusOf(focused)) !== JSON.stringify(held);
  if (moved) refocus(held);
  else settleRows(document);
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

let shown = 0;

/** Rows of a tree that change in one frame: laying them out and painting them takes longer than changing them. */
const ROWS_A_FRAME = 40;

/** Makes the rows of a tree like those of its next state, but for the first ones, while `wanted`: some in each frame. */
async function updateRows(now, next, wanted) {
  if (now.frame !== known.frame || now.parts.get("tree") === known.parts.get("tree")) return;
  const [before, after] = [rowsOf(document), rowsOf(next)];
  for (let row = ROWS_A_FRAME; row < Math.min(before.length, after.length); row++) {
    if (row % ROWS_A_FRAME === 0) await new Promise(requestAnimationFrame);
    if (!wanted()) return;
    // The row that has the focus must not become another one before the last step, which follows it.
    if (before[row].contains(document.activeElement)) continue;
    // What is shown from here on is of two states.
    known.parts.set("tree", "");
    patch(before[row], after[row].cloneNode(true));
  }
  await new Promise(requestAnimationFrame);
}

/** Shows a page that came as text, in place of the one before it; reading it and showing it are two frames' work. */
async function show(text, inSlices = false) {
  const turn = ++shown;
  const next = new DOMParser().parseFromString(text, "text/html");
  if (!next.querySelector("main")) return;
  const now = read(next);
  const wanted = () => turn === shown && !drag;
  await new Promise((resolve) => setTimeout(resolve));
  if (inSlices) await updateRows(now, next, wanted);
  if (!wanted()) return;
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
    if (!drag) show(data, true);
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
  await show(await answer.text());
  follow();
}

addEventListener("popstate", () => location.reload());
