// The pictures of docs/, from an installation that runs: node screenshots.mjs [address of the dashboards] [folder].
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { open, startBrowser } from "./procession.mjs";

const [address = "http://127.0.0.1:9958", folder = fileURLToPath(new URL("../../docs/images", import.meta.url))] = process.argv.slice(2);
const MOST_BYTES = 200_000;
const WINDOW = { width: 1280, height: 740 };

const browser = await startBrowser();
const { page: first, close } = await open(browser, address);
const link = await first.locator("table.hosts th a").first().getAttribute("href");
await close();
const instance = new URL(link, address).searchParams.get("instance");
const at = (path, parameters) => `${path}?${new URLSearchParams({ instance, ...parameters })}`;

/** The busiest group of the host, and the busiest process of that. */
const { page, close: closeHost } = await open(browser, address + at("/host", { from: "-15m" }));
const group = await page.locator("#cpu .legend a").first().textContent();
const ofProcess = await page.locator("#processes tbody th a").first().getAttribute("href");
await closeHost();

const QUESTION = "topk(8, sum by (group) (rate(proc_group_cpu_seconds_total[1m])))";
const SQL = `SELECT time, "group", resident_bytes\nFROM groups\nWHERE ts BETWEEN $from AND $until AND resident_bytes > 1e8`;
const pictures = [
  ["fleet", "/"],
  ["host", at("/host", { from: "-15m" })],
  ["host-dark", at("/host", { from: "-15m" }), { colorScheme: "dark" }],
  ["host-narrow", at("/host", { from: "-15m" }), { viewport: { width: 360, height: 860 } }],
  ["group", at("/group", { group, from: "-15m" })],
  ["groups", `/groups?${new URLSearchParams({ group, from: "-15m" })}`],
  ["process", ofProcess],
  ["tree", at("/tree")],
  ["changes", at("/changes", { from: "-5m" })],
  ["explore", `/explore?${new URLSearchParams({ query: QUESTION, unit: "cores", draw: "stack", from: "-15m" })}`],
  ["sql", `/explore?${new URLSearchParams({ lang: "sql", query: SQL, unit: "bytes", from: "-15m" })}`],
  ["add", "/add?host=web-1"],
];

let failed = false;
for (const [name, path, options] of pictures) {
  const { page, wrong, close } = await open(browser, address + path, { viewport: WINDOW, ...options });
  // The badge of a page that follows its data says so.
  if ((await page.locator("#live").count()) > 0) await page.locator('#live[data-state="live"]').waitFor();
  const file = `${folder}/${name}.png`;
  await page.screenshot({ path: file });
  const { size } = await stat(file);
  failed ||= size > MOST_BYTES || wrong.length > 0;
  console.log(`${file}: ${Math.round(size / 1000)} kB`, ...wrong);
  await close();
}
await browser.close();
process.exitCode = failed ? 1 : 0;
