// How long each page takes in Chromium on this machine, with an hour of samples behind it:
//   node page-speed.mjs [folder of the release binaries] [times each page is loaded]
// For each page: time to the first byte, until it is loaded with all its charts (its style sheet and script come from the
// browser's cache, as for anybody who follows a link), queries that it asked, requests, bytes, CPU time of the dashboards and
// of the scraper behind them. Then what the script weighs. Beside the times by the clock the CPU time tells what other work
// on the machine hardly changes.
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { cpuOf, memoryOf, pagesOf, startWithAnHour } from "./hour.mjs";
import { startBrowser } from "./procession.mjs";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../target/release", import.meta.url));
const TIMES = Number(process.argv[3] ?? 9);

const middle = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

const hour = await startWithAnHour(folder);
let browser;
try {
  browser = await startBrowser();
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  const queries = async () => {
    const text = await (await fetch(`${hour.url}/metrics`)).text();
    return [...text.matchAll(/^procession_dashboards_queries_total\{.*\} (\d+)/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  console.log(`an hour of ${hour.size}; each page ${TIMES} times; ms`);
  console.log("page | first byte | loaded | slowest | charts | queries | requests | KB | gzip KB | CPU dashboards | CPU scraper");
  for (const [name, path] of Object.entries(pagesOf(hour))) {
    const url = hour.url + path;
    await page.goto(url, { waitUntil: "load" });
    const [before, scraped, asked] = [cpuOf(hour.pid), cpuOf(hour.scraper), await queries()];
    const all = [];
    for (let n = 0; n < TIMES; n++) {
      await page.goto(url, { waitUntil: "load" });
      all.push(
        await page.evaluate(() => {
          const [{ responseStart, loadEventStart, decodedBodySize, encodedBodySize }] = performance.getEntriesByType("navigation");
          const loaded = performance.getEntriesByType("resource").filter((entry) => entry.initiatorType !== "eventsource" && !entry.name.includes("/stream"));
          const charts = document.querySelectorAll("main svg:not(.swatch, .gutter, svg svg)").length;
          return { first: responseStart, loaded: loadEventStart, decodedBodySize, encodedBodySize, requests: 1 + loaded.length, charts };
        }),
      );
    }
    const of = (what) => Math.round(middle(all.map((one) => one[what])));
    const each = (total) => (total / TIMES).toFixed(0);
    const slowest = Math.round(Math.max(...all.map((one) => one.loaded)));
    const kilobytes = (what) => (of(what) / 1000).toFixed(1);
    console.log([name, of("first"), of("loaded"), slowest, of("charts"), each((await queries()) - asked), of("requests"), kilobytes("decodedBodySize"), kilobytes("encodedBodySize"), each(cpuOf(hour.pid) - before), each(cpuOf(hour.scraper) - scraped)].join(" | "));
  }
  const markup = await (await fetch(hour.url)).text();
  for (const kind of ["js", "css"]) {
    const body = Buffer.from(await (await fetch(hour.url + markup.match(new RegExp(`/static/[^"]*\\.${kind}`))[0])).arrayBuffer());
    console.log(`${kind === "js" ? "script" : "style sheet"}: ${body.length} bytes, ${gzipSync(body).length} compressed`);
  }
  const { now, most } = memoryOf(hour.pid);
  console.log(`dashboards: RSS ${now.toFixed(1)} MiB, at most ${most.toFixed(1)} MiB`);
} finally {
  await browser?.close();
  await hour.stop();
}
