// The real binary with data of its own, and a browser to look at it.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const axe = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL("../../target", import.meta.url));
const PATIENCE_MS = 60_000;

/** What `/add` tells people to put into the scraper's configuration. */
const FOLLOWED = "scrape_configs:\n  - job_name: hosts\n    scrape_interval: 1s\n    scrape_timeout: 1s\n    file_sd_configs:\n      - files: ['targets/*.yml']\n        refresh_interval: 1s\n";

/**
 * Starts `procession` on free ports; resolves to its addresses, the folder of its configuration and a function that ends
 * it. `history` is OpenMetrics text that it has when it starts.
 */
export async function startProcession({ history } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "procession-browser-"));
  const storage = join(folder, "data");
  await mkdir(join(folder, "targets"));
  await writeFile(join(folder, "scraper.yml"), FOLLOWED);
  if (history) {
    execFileSync(join(target, "debug/procession-scraper"), ["import", "--storage.path", storage, "-"], { input: history, stdio: "pipe" });
  }
  const free = ["exporter.listen-address", "scraper.listen-address", "web.listen-address"].map((flag) => `--${flag}=127.0.0.1:0`);
  const child = spawn(join(target, "debug/procession"), ["--storage.path", storage, "--config.file", join(folder, "scraper.yml"), ...free]);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (printed += text));
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const address = (start) =>
      until(`an address behind "${start}" in:\n${printed}`, () => {
        if (child.exitCode !== null) throw new Error(`procession ended with ${child.exitCode}:\n${printed}`);
        return printed.match(new RegExp(`^\\s*${start}.*?(http://\\S+)`, "m"))?.[1];
      });
    const [page, api, exporter] = [await address("Open"), await address("Query API"), await address("Exporter")];
    await until("rates over two scrapes", async () => {
      const query = encodeURIComponent("sum(rate(proc_group_cpu_seconds_total[1m]))");
      const answer = await fetch(`${api}/api/v1/query?query=${query}`).catch(() => undefined);
      return answer?.ok && (await answer.json()).data.result.length > 0;
    });
    return { page, api, exporter, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Asks again and again until there is something; resolves to it. */
export async function until(what, ask) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const found = await ask();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain for ${what}`);
}

export function startBrowser() {
  // As root, as CI often is, Chromium has no sandbox; the other flags keep it from calling home.
  const args = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
}

/** Opens a page; resolves to it and to the list of what went wrong in it, which keeps growing. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  // A busy machine takes its time: what is waited for comes, or the test is at its end.
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  if (options.javaScriptEnabled === false) silent.add(page);
  const wrong = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`exception: ${error}`));
  page.on("requestfailed", (request) => {
    // A stream ends with its page.
    if (new URL(request.url()).pathname !== "/stream") wrong.push(`failed: ${request.url()}`);
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) wrong.push(`request elsewhere: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) wrong.push(`${response.status()}: ${response.url()}`);
  });
  await page.goto(url, { waitUntil: "load" });
  return { page, wrong, close: () => context.close() };
}

/** Does what leads to another page; resolves once that is there: its path is `is`, or `is` says so. */
export async function leads(page, is, act) {
  const there = typeof is === "string" ? (url) => url.pathname === is : is;
  await Promise.all([page.waitForURL(there), act()]);
}

/** Presses a button that copies; resolves to what it copied, which comes a moment later. */
export async function copy(page, button) {
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await button.click();
  return until("a text in the clipboard", () => page.evaluate(() => navigator.clipboard.readText()));
}

/** Waits until a text is seen. */
export const says = (locator, text) => locator.filter({ hasText: text }).first().waitFor();

/** Pages without scripts. axe-core waits for timers, which never come there. */
const silent = new WeakSet();

/** What axe-core calls serious or critical in a page: rule, place and reason. Nothing is looked for without scripts. */
export async function barriers(page) {
  if (silent.has(page)) return [];
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  return serious.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`));
}
