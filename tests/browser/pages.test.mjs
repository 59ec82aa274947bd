// Every page, in a real browser, with this host's real processes.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { barriers, copy, leads, open, says, startBrowser, startProcession, until } from "./procession.mjs";

const screenshots = new URL("../../target/screenshots/", import.meta.url).pathname;
let procession, browser;

before(async () => {
  await mkdir(screenshots, { recursive: true });
  procession = await startProcession();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await procession?.stop();
});

async function look(name, url, options, inspect) {
  const { page, wrong, close } = await open(browser, url, options);
  try {
    await inspect(page);
    await seen(page, name);
    assert.deepEqual(wrong, [], url);
  } finally {
    await close();
  }
}

/** Keeps a picture of a page, and checks that nobody is shut out of it. */
async function seen(page, name) {
  await page.screenshot({ path: `${screenshots}${name}.png`, fullPage: true });
  assert.deepEqual(await barriers(page), [], `${page.url()} shuts people out`);
}

/** Nothing may stick out of the window sideways. */
async function fitsWidth(page) {
  const { inner, content } = await page.evaluate(() => ({ inner: innerWidth, content: document.documentElement.scrollWidth }));
  assert.ok(content <= inner, `the page is ${content} px wide in a window of ${inner} px`);
}

/** Names in tables have room for a usual process name, at any width. */
async function namesAreReadable(page) {
  const narrow = await page.$$eval("main tbody th", (cells) =>
    cells.map((cell) => [cell.title || cell.textContent, cell.getBoundingClientRect().width]).filter(([, width]) => width < 100));
  assert.deepEqual(narrow, [], "names without room");
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 800, 1280, 1920]) {
    const options = { colorScheme, viewport: { width, height: 900 } };
    test(`the fleet, ${colorScheme}, ${width} px`, () =>
      look(`fleet-${colorScheme}-${width}`, procession.page, options, async (page) => {
        assert.ok((await page.locator('a[href^="/host"]').count()) > 0, "no link to a host");
        await fitsWidth(page);
      }));
    test(`a host, ${colorScheme}, ${width} px`, () =>
      look(`host-${colorScheme}-${width}`, procession.page, options, async (page) => {
        await leads(page, "/host", () => page.locator('a[href^="/host"]').first().click());
        const lines = await page.locator("svg path").count();
        assert.ok(lines >= 3, `${lines} paths in the charts`);
        await fitsWidth(page);
        await namesAreReadable(page);
      }));
  }
}

/** Follows the first link of a page that begins so. */
async function follow(page, start) {
  await leads(page, start.replace("?", ""), () => page.locator(`main a[href^="${start}"]`).first().click());
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 800, 1280, 1920]) {
    const options = { colorScheme, viewport: { width, height: 900 } };
    test(`a group and a process of it, ${colorScheme}, ${width} px`, () =>
      look(`process-${colorScheme}-${width}`, procession.page, options, async (page) => {
        await follow(page, "/host");
        assert.ok((await page.locator('main a[href^="/group"]').count()) > 0, "no link to a group");
        // Which group is first changes; this one is there for as long as the test, and had two scrapes.
        const instance = new URL(page.url()).searchParams.get("instance");
        await page.goto(`${procession.page}/group?${new URLSearchParams({ instance, group: "procession" })}`);
        assert.ok((await page.locator("figure.card").count()) >= 8, "charts are missing");
        assert.ok((await page.locator("#processes tbody tr").count()) > 0, "no processes");
        await fitsWidth(page);
        await seen(page, `group-${colorScheme}-${width}`);
        await follow(page, "/groups");
        assert.ok((await page.locator("#hosts tbody tr").count()) > 0, "no hosts");
        await fitsWidth(page);
        await namesAreReadable(page);
        await seen(page, `groups-${colorScheme}-${width}`);
        await follow(page, "/group?");
        await follow(page, "/process");
        assert.match(await page.locator(".facts").textContent(), /parent/);
        const paths = await page.locator("figure.card svg path").count();
        assert.ok(paths >= 9, `${paths} paths in the charts`);
        await fitsWidth(page);
      }));
  }
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 800, 1280, 1920]) {
    const options = { colorScheme, viewport: { width, height: 900 }, javaScriptEnabled: width !== 800 };
    test(`the process tree, ${colorScheme}, ${width} px`, () =>
      look(`tree-${colorScheme}-${width}`, procession.page, options, async (page) => {
        await follow(page, "/host");
        await follow(page, "/tree");
        const rows = page.locator('[role="treegrid"] tbody tr');
        const all = await rows.count();
        assert.ok(all > 2, `${all} processes`);
        await fitsWidth(page);
        await namesAreReadable(page);
        await seen(page, `tree-all-${colorScheme}-${width}`);
        await page.locator('input[name="filter"]').fill("procession");
        await leads(page, (url) => url.searchParams.get("filter") === "procession", () => page.locator('input[name="filter"]').press("Enter"));
        assert.ok((await page.locator('tbody th[title="procession"]').count()) > 0, "procession is not found");
        assert.ok((await rows.count()) < all, "the filter leaves everything");
        // The past: a step back is a link, the slider a form.
        await leads(page, (url) => url.searchParams.has("at"), () => page.locator(".moment a").first().click());
        await leads(page, (url) => /^\d+$/.test(url.searchParams.get("at")), () => page.locator(".slider button").click());
        await fitsWidth(page);
      }));
  }
}

test("a chart tells its figures, stands alone, zooms, and follows the data", () =>
  look("host-pointer", procession.page, {}, async (page) => {
    await follow(page, "/host");
    const card = page.locator("#cpu");
    const box = await card.locator(".plot").boundingBox();
    const at = (share) => [box.x + box.width * share, box.y + box.height / 2];
    await page.mouse.move(...at(0.99));
    await says(page.locator(".tip"), /^\d\d:\d\d:\d\d.*\d/);
    await until("a line over each chart", async () => {
      const [cards, lines] = [await page.locator(".card[data-start]").count(), await page.locator(".cross:visible").count()];
      return cards > 1 && lines === cards;
    });
    await page.screenshot({ path: `${screenshots}host-crosshair.png` });

    await card.locator(".legend .swatch").first().click();
    await card.locator(".plot path.off").first().waitFor({ state: "attached" });
    // What follows comes by itself: the card is another element, and its series still alone.
    await card.evaluate((old) => (old.dataset.seen = "yes"));
    await page.locator("#cpu:not([data-seen])").waitFor({ state: "attached" });
    await says(page.locator("#live"), /^live$/);
    assert.ok((await card.locator(".plot path.off").count()) > 0, "the isolation is lost");
    await card.locator(".legend .swatch").first().click();
    await until("all series again", async () => (await card.locator(".plot path.off").count()) === 0);

    const before = page.url();
    await page.mouse.move(...at(0.5));
    await page.mouse.down();
    await page.mouse.move(...at(0.8), { steps: 3 });
    await page.locator(".marked").waitFor();
    await leads(page, (url) => url.searchParams.has("until"), () => page.mouse.up());
    const range = new URL(page.url()).searchParams;
    assert.ok(Date.parse(range.get("from")) < Date.parse(range.get("until")));
    // A range of the past has nothing to follow.
    assert.equal(await page.locator("#live").count(), 0);
    await page.goBack();
    assert.equal(page.url(), before);

    await page.keyboard.down("Shift");
    await page.mouse.move(...at(0.4));
    await page.mouse.down();
    await page.mouse.move(...at(0.999), { steps: 3 });
    await leads(page, "/changes", () => page.mouse.up());
    await page.keyboard.up("Shift");
    assert.ok((await page.locator("#groups tbody tr").count()) > 0, "nothing changed at all");
    await fitsWidth(page);
  }));

test("a tree by keyboard: rows, subtrees in place, the address follows", () =>
  look("tree-keyboard", procession.page, {}, async (page) => {
    await follow(page, "/host");
    await follow(page, "/tree");
    const row = (pid) => page.locator(`[role="treegrid"] tr[data-pid="${pid}"]`);
    const parent = await page.locator('tr[aria-expanded="true"]').first().getAttribute("data-pid");
    const all = await page.locator("tr[data-pid]").count();
    await row(parent).focus();
    await page.keyboard.press("ArrowLeft");
    await page.waitForURL(new RegExp(`closed=${parent}`));
    await page.locator(`tr[data-pid="${parent}"][aria-expanded="false"]`).waitFor();
    assert.ok((await page.locator("tr[data-pid]").count()) < all, "nothing was closed");
    const focused = () => page.evaluate(() => document.activeElement.dataset.pid);
    const isFocused = (pid) => until(`the focus on ${pid}`, async () => (await focused()) === pid);
    await isFocused(parent);
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(new RegExp(`open=${parent}`));
    await page.locator(`tr[data-pid="${parent}"][aria-expanded="true"]`).waitFor();
    await isFocused(parent);
    await page.keyboard.press("ArrowDown");
    await until("the focus on another row", async () => ![parent, undefined].includes(await focused()));
    await page.keyboard.press("ArrowUp");
    await isFocused(parent);
    // The link that opens keeps the focus as well, and what stands around the tree is not made anew.
    await page.evaluate(() => (window.choices = document.querySelector(".choices")));
    await row(parent).locator("a.twig").focus();
    await page.keyboard.press("Enter");
    await page.locator(`tr[data-pid="${parent}"][aria-expanded="false"]`).waitFor();
    const onTwig = (pid) => page.evaluate((pid) => document.activeElement.matches(`tr[data-pid="${pid}"] a.twig`), pid);
    await until("the focus on the link that opens", () => onTwig(parent));
    await page.keyboard.press("Enter");
    await page.locator(`tr[data-pid="${parent}"][aria-expanded="true"]`).waitFor();
    await until("the focus on the link that closes", () => onTwig(parent));
    assert.ok(await page.evaluate(() => window.choices.isConnected), "the search is another");
    await row(parent).focus();
    // What follows by itself leaves the focus where it is.
    await page.locator("#tree").evaluate((old) => (old.dataset.seen = "yes"));
    await page.locator("#tree:not([data-seen])").waitFor({ state: "attached" });
    await isFocused(parent);
    await page.keyboard.press("Home");
    await leads(page, "/process", () => page.keyboard.press("Enter"));
  }));

/** Takes the first of the names that are offered; `name` is it, and `word` is all that was typed of it. */
async function takeFirst(page, name, word) {
  // Names for less of the word are offered before, where typing takes longer than an answer.
  await page.waitForFunction(
    ([name, word]) => {
      const asked = performance.getEntriesByType("resource").some((entry) => new URL(entry.name).searchParams.get("word") === word);
      return asked && document.querySelector(".complete:not([hidden]) li")?.textContent === name;
    },
    [name, word],
  );
  await page.keyboard.press("ArrowDown");
  await page.locator('.complete li[aria-selected="true"]', { hasText: name }).waitFor();
  await page.keyboard.press("Enter");
}

test("SQL is completed, drawn and listed; what is wrong is shown at its place", () =>
  look("explore-sql", `${procession.page}/explore?lang=sql&from=-5m`, { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    const area = page.locator("textarea");
    await area.pressSequentially("SELECT time, resident_by");
    await takeFirst(page, "resident_bytes", "resident_by");
    await area.pressSequentially(" FROM groups WHERE ts >= $from AND \"group\" = 'procession'");
    await leads(page, (url) => url.searchParams.has("query"), () => page.keyboard.press("Control+Enter"));
    assert.ok((await page.locator("#values tbody tr").count()) > 1, "no rows");
    assert.ok((await page.locator("#chart .plot path").count()) > 0, "no chart");
    assert.match(await copy(page, page.locator("button", { hasText: "Copy as curl" })), /^curl 'http:[^']+\/api\/v1\/sql' --data-urlencode 'query=SELECT/);
    await fitsWidth(page);
    const answer = await page.request.get(`${procession.page}/explore?lang=sql&query=SELEC%201`);
    assert.equal(answer.status(), 400);
    assert.match(await answer.text(), /<pre>SELEC 1\n\^<\/pre>/);
  }));

test("a question is completed, answered, and can be carried elsewhere", () =>
  look("explore", `${procession.page}/explore`, { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    const area = page.locator("textarea");
    await area.pressSequentially("sum by (mode) (rate(group_cpu_sec");
    await takeFirst(page, "proc_group_cpu_seconds_total", "group_cpu_sec");
    await area.pressSequentially("[1m]))");
    await leads(page, (url) => url.searchParams.has("query"), () => page.keyboard.press("Enter"));
    assert.equal(await area.inputValue(), "sum by (mode) (rate(proc_group_cpu_seconds_total[1m]))");
    assert.ok((await page.locator("#values tbody tr").count()) >= 2, "no values");
    assert.ok((await page.locator("#chart .plot path").count()) > 0, "no chart");
    const copied = await copy(page, page.locator('.copies button[data-copy="curl"]'));
    assert.match(copied, /^curl 'http:\/\/[^']+\/chart\.csv\?query=[^']+'$/);
    const csv = await page.request.get(copied.slice(6, -1));
    assert.match(await csv.text(), /^time,(system,user|user,system)\n/);
    await fitsWidth(page);
  }));

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 800, 1920]) {
    test(`every page without JavaScript, ${colorScheme}, ${width} px`, () =>
      look(`no-script-${colorScheme}-${width}`, procession.page, { colorScheme, viewport: { width, height: 900 }, javaScriptEnabled: false }, async (page) => {
        const host = await page.locator('a[href^="/host"]').first().getAttribute("href");
        const instance = new URL(host, procession.page).searchParams.get("instance");
        const of = (path, more = {}) => `${procession.page}${path}?${new URLSearchParams({ instance, ...more })}`;
        await page.goto(of("/group", { group: "procession" }));
        const process = await page.locator('main a[href^="/process"]').first().getAttribute("href");
        for (const [url, has] of [
          [`${procession.page}${host}`, "figure.card svg path"],
          [of("/group", { group: "procession" }), "figure.card svg path"],
          [`${procession.page}/groups?group=procession`, "#hosts tbody tr"],
          [`${procession.page}${process}`, "figure.card svg path"],
          [of("/tree"), '[role="treegrid"] tbody tr'],
          [of("/changes"), "main table, main .empty"],
          [`${procession.page}/explore?query=up`, "#chart svg path"],
          [`${procession.page}/explore`, "main form"],
        ]) {
          await page.goto(url);
          assert.ok((await page.locator(has).count()) > 0, `${url} has no ${has}`);
          await fitsWidth(page);
          await seen(page, `no-script-${new URL(url).pathname.slice(1)}-${colorScheme}-${width}`);
        }
      }));
  }
}

test("a chart is an image, by itself and in other pages", async () => {
  const chart = `${procession.page}/chart.svg?query=sum(rate(proc_group_cpu_seconds_total[1m]))&from=-15m&until=now&w=800&h=240`;
  const { page, wrong, close } = await open(browser, chart);
  try {
    assert.equal(await page.evaluate(() => document.documentElement.localName), "svg");
    // Playwright takes no screenshot of a document that is not HTML.
    const other = await page.context().newPage();
    await other.setContent(`<img src="${chart.replaceAll("&", "&amp;")}">`);
    const size = await other.locator("img").evaluate((img) => img.decode().then(() => [img.naturalWidth, img.naturalHeight]));
    assert.deepEqual(size, [800, 240]);
    await other.screenshot({ path: `${screenshots}chart.png` });
    assert.deepEqual(wrong, []);
  } finally {
    await close();
  }
});

test("the scraper's pages", async () => {
  for (const path of ["/", "/targets"]) {
    await look(`scraper${path.replace("/", "-")}`, `${procession.api}${path}`, {}, fitsWidth);
  }
});
