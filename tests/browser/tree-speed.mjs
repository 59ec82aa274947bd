// How long a tree of 10,000 processes, 500 of them a chain, takes to be seen, to be updated and to be opened, in Chromium:
//   node tree-speed.mjs [path of procession-dashboards] [path of procession-scraper]
// The processes are made up, and their figures change all the time. Without a scraper a query server of ready answers stands
// behind the dashboards; with one, it scrapes them every 5 s. Beside the times by the clock it tells the CPU time, which
// other work on the machine hardly changes.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cpuOf, service } from "./hour.mjs";
import { startBrowser } from "./procession.mjs";

const WIDE = 9_500;
const DEEP = 500;
const VIEWS = 5;
const UPDATES = 10;
const INSTANCE = "big:9956";
const binary = process.argv[2] ?? fileURLToPath(new URL("../../target/release/procession-dashboards", import.meta.url));
const scraperBinary = process.argv[3];

/** 1 is everybody's parent, 10001 to 10500 are each other's. */
const processes = [{ pid: 1, ppid: 0 }];
for (let pid = 2; pid < 2 + WIDE - 1; pid++) processes.push({ pid, ppid: pid % 40 === 0 || pid < 41 ? 1 : pid - (pid % 40) });
for (let pid = 10_001; pid <= 10_000 + DEEP; pid++) processes.push({ pid, ppid: pid === 10_001 ? 1 : pid - 1 });

let asked = 0;
const value = (pid, scale) => (((pid * 2_654_435_761) % 1000) / 1000 + ((pid * 31 + asked) % 17) / 100) * scale;
const identity = ({ pid, ppid }) => ({ pid: `${pid}`, ppid: `${ppid}`, name: `worker-${pid % 50}`, user: "root" });

/** The answer to a query, as the API gives it. */
function vector(query) {
  const now = Date.now() / 1000;
  if (query.includes("[10m]")) {
    const values = Array.from({ length: 30 }, (_, n) => [now - 60 + n * 2, "1"]);
    return { resultType: "matrix", result: [{ metric: { __name__: "up", instance: INSTANCE }, values }] };
  }
  asked++;
  const scale = query.includes("memory") ? 1e8 : query.includes("cpu") ? 0.01 : 1e4;
  const result = processes.map((process) => {
    if (query.includes("proc_info")) return { metric: identity(process), value: [now, "1"] };
    const figure = query.includes("start") ? 1.7e9 + process.pid : value(process.pid, scale);
    return { metric: { pid: `${process.pid}` }, value: [now, String(figure)] };
  });
  return { resultType: "vector", result };
}

const totals = new Map();
let scraped = Date.now();
/** What an exporter would tell of them. */
function exposition() {
  const seconds = (Date.now() - scraped) / 1000;
  scraped = Date.now();
  asked++;
  const lines = [];
  const family = (name, type, figure, more = "") => {
    lines.push(`# TYPE ${name} ${type}`);
    for (const process of processes) lines.push(`${name}{pid="${process.pid}",group="worker"${more}} ${figure(process)}`);
  };
  const total = (key, scale) => ({ pid }) => {
    const sum = (totals.get(`${key} ${pid}`) ?? 0) + value(pid, scale) * seconds;
    totals.set(`${key} ${pid}`, sum);
    return sum;
  };
  lines.push("# TYPE proc_info gauge");
  for (const process of processes) {
    const { pid, ppid, name, user } = identity(process);
    lines.push(`proc_info{pid="${pid}",ppid="${ppid}",name="${name}",user="${user}",group="worker",executable="/usr/bin/worker"} 1`);
  }
  family("proc_cpu_seconds_total", "counter", total("cpu", 0.01), ',mode="user"');
  family("proc_resident_memory_bytes", "gauge", ({ pid }) => value(pid, 1e8));
  family("proc_read_bytes_total", "counter", total("read", 1e4));
  family("proc_written_bytes_total", "counter", total("written", 1e4));
  family("proc_start_time_seconds", "gauge", ({ pid }) => 1.7e9 + pid);
  return lines.join("\n") + "\n";
}

const server = createServer((request, response) => {
  if (request.url.startsWith("/metrics")) {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(exposition());
    return;
  }
  let body = "";
  request.on("data", (text) => (body += text));
  request.on("end", () => {
    const query = new URLSearchParams(body).get("query") ?? "";
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", data: request.url.includes("targets") ? { activeTargets: [] } : vector(query) }));
  });
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
let address = `127.0.0.1:${server.address().port}`;
const folder = await mkdtemp(join(tmpdir(), "procession-tree-"));
const started = [];

/** A scraper of the processes, once it knows their rates. */
async function scraper() {
  const config = `scrape_configs:\n- job_name: procession\n  scrape_interval: 5s\n  static_configs:\n  - targets: ["${address}"]\n    labels: {instance: "${INSTANCE}"}\n`;
  await writeFile(join(folder, "scraper.yml"), config);
  const scraper = await service(scraperBinary, [`--config.file=${join(folder, "scraper.yml")}`, `--storage.path=${join(folder, "data")}`]);
  started.push(scraper);
  const query = encodeURIComponent("count(rate(proc_written_bytes_total[20s]))");
  for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 500))) {
    const answer = await (await fetch(`${scraper.url}/api/v1/query?query=${query}`)).json();
    if (Number(answer.data?.result?.[0]?.value[1]) === processes.length) return new URL(scraper.url).host;
  }
  throw new Error("the scraper knows no rates after two minutes");
}

/** Follows updates of the page until there were so many: the longest distance of frames up to each, and long tasks, in ms. */
function watched(updates) {
  return new Promise((resolve) => {
    const longest = [];
    // The moment changes with each update, once; rows change over several frames.
    const moment = () => document.querySelector(".slider input")?.getAttribute("value");
    let [last, worst, seen] = [performance.now(), 0, moment()];
    const tasks = [];
    const long = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => Math.round(entry.duration))));
    long.observe({ type: "longtask" });
    requestAnimationFrame(function frame(now) {
      worst = Math.max(worst, now - last);
      last = now;
      if (moment() !== seen) {
        longest.push(Math.round(worst));
        [seen, worst] = [moment(), 0];
      }
      if (longest.length < updates) return requestAnimationFrame(frame);
      long.disconnect();
      resolve({ longest, tasks });
    });
  });
}

/** Turns the first subtree that is so: how long until it is seen, and the longest distance of frames meanwhile, in ms. */
function turned(isOpen) {
  return new Promise((resolve) => {
    const row = document.querySelector(`tr[aria-level="2"][aria-expanded="${isOpen}"]`);
    const begin = performance.now();
    let [last, worst, settled] = [begin, 0, 0];
    row.focus();
    row.querySelector("a.twig").click();
    requestAnimationFrame(function frame(now) {
      worst = Math.max(worst, now - last);
      last = now;
      const other = document.querySelector(`tr[data-pid="${row.dataset.pid}"]`)?.getAttribute("aria-expanded") !== String(isOpen);
      if (other && !settled) settled = now;
      if (!settled || now < settled + 200) return requestAnimationFrame(frame);
      resolve({ seen: Math.round(settled - begin), frame: Math.round(worst), focus: document.activeElement.tagName });
    });
  });
}

const told = ({ longest, tasks }) => `longest distance of frames up to each of ${longest.length} updates, ms: ${longest.join(" ")}; tasks over 50 ms: ${tasks.join(" ") || "none"}`;
let browser;
try {
  if (scraperBinary) address = await scraper();
  const dashboards = await service(binary, [`--query.url=http://${address}`]);
  started.push(dashboards);
  const url = `${dashboards.url}/tree?instance=${INSTANCE}`;
  browser = await startBrowser();
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  // Whoever opens a tree comes from another page.
  await page.goto(`${dashboards.url}/add`, { waitUntil: "load" });
  const views = [];
  const before = started.map((one) => cpuOf(one.pid));
  for (let n = 0; n < VIEWS; n++) {
    // The response and what Chromium makes of it: from the request to the first paint.
    await page.goto(url, { waitUntil: "load" });
    views.push(
      await page.evaluate(async () => {
        const paint = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
        while (!paint()) await new Promise(requestAnimationFrame);
        const { responseStart, responseEnd } = performance.getEntriesByType("navigation")[0];
        return { answer: Math.round(responseStart), whole: Math.round(responseEnd), seen: Math.round(paint()) };
      }),
    );
  }
  const used = started.map((one, n) => Math.round((cpuOf(one.pid) - before[n]) / VIEWS)).reverse();
  const bytes = (await (await page.request.get(url)).body()).length;
  const rows = await page.locator("tr[data-pid]").count();
  console.log(`${processes.length} processes, ${rows} rows, ${bytes} bytes; of the first views, ms: ${JSON.stringify(views)}`);
  console.log(`CPU for each view, ms: dashboards ${used[0]}${used.length > 1 ? `, scraper ${used[1]} with its scrapes` : ""}`);
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline"] });
  console.log(told(await page.evaluate(watched, UPDATES)));
  await page.locator("tr[data-pid]").nth(100).focus();
  console.log(`with the focus on a row: ${told(await page.evaluate(watched, UPDATES))}`);
  for (const isOpen of [true, false]) console.log(`${isOpen ? "closing" : "opening"} a subtree: ${JSON.stringify(await page.evaluate(turned, isOpen))}`);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const mains = new Set(traceEvents.filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain").map((e) => `${e.pid}:${e.tid}`));
  const tasks = traceEvents.filter((e) => e.name === "RunTask" && mains.has(`${e.pid}:${e.tid}`));
  const cpu = tasks.map((e) => Math.round(e.tdur / 1000)).sort((a, b) => b - a);
  console.log(`CPU time of the ${UPDATES} longest tasks of the page, ms: ${cpu.slice(0, UPDATES).join(" ")}`);
} finally {
  await browser?.close();
  await Promise.all(started.map((one) => one.stop()));
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
}
