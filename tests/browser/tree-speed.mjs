// How long a tree of 10,000 processes, 500 of them a chain, takes to be seen and to be updated, in Chromium:
//   node tree-speed.mjs [path of procession-dashboards]
// A query server of generated data stands behind; the figures of the processes change with every answer. Beside the times
// by the clock it tells the CPU time, which other work on the machine hardly changes.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { startBrowser } from "./procession.mjs";

const WIDE = 9_500;
const DEEP = 500;
const UPDATES = 10;
const binary = process.argv[2] ?? fileURLToPath(new URL("../../target/release/procession-dashboards", import.meta.url));

/** 1 is everybody's parent, 10001 to 10500 are each other's. */
const processes = [{ pid: 1, ppid: 0 }];
for (let pid = 2; pid < 2 + WIDE - 1; pid++) processes.push({ pid, ppid: pid % 40 === 0 || pid < 41 ? 1 : pid - (pid % 40) });
for (let pid = 10_001; pid <= 10_000 + DEEP; pid++) processes.push({ pid, ppid: pid === 10_001 ? 1 : pid - 1 });

let asked = 0;
const value = (pid, scale) => (((pid * 2_654_435_761) % 1000) / 1000 + ((pid * 31 + asked) % 17) / 100) * scale;
function vector(query) {
  const now = Date.now() / 1000;
  if (query.includes("[10m]")) {
    const values = Array.from({ length: 30 }, (_, n) => [now - 60 + n * 2, "1"]);
    return { resultType: "matrix", result: [{ metric: { __name__: "up", instance: "big:9956" }, values }] };
  }
  asked++;
  const sample = (metric, number) => ({ metric, value: [now, String(number)] });
  const result = processes.map(({ pid, ppid }) => {
    if (query.includes("proc_info")) {
      return sample({ __name__: "proc_info", instance: "big:9956", job: "x", group: "worker", pid: `${pid}`, ppid: `${ppid}`, name: `worker-${pid % 50}`, user: "root", executable: "/usr/bin/worker", unit: "", container: "" }, 1);
    }
    const scale = query.includes("memory") ? 1e8 : query.includes("start") ? 1.7e9 : query.includes("cpu") ? 0.01 : 1e4;
    return sample({ pid: `${pid}` }, query.includes("start") ? 1.7e9 + pid : value(pid, scale));
  });
  return { resultType: "vector", result };
}

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (text) => (body += text));
  request.on("end", () => {
    const query = new URLSearchParams(body).get("query") ?? "";
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", data: request.url.includes("targets") ? { activeTargets: [] } : vector(query) }));
  });
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const dashboards = spawn(binary, [`--query.url=http://127.0.0.1:${server.address().port}`, "--web.listen-address=127.0.0.1:0"]);
/** CPU time of the dashboards so far, ms. */
const used = () => {
  const fields = readFileSync(`/proc/${dashboards.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
let browser;
try {
  const url = await new Promise((resolve, reject) => {
    let printed = "";
    const read = (text) => {
      printed += text;
      const found = printed.match(/address=(http:\/\/\S+)/)?.[1];
      if (found) resolve(found);
    };
    dashboards.stdout.on("data", read);
    dashboards.stderr.on("data", read);
    dashboards.on("exit", (code) => reject(new Error(`${binary} ended with ${code}:\n${printed}`)));
  });
  browser = await startBrowser();
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  const address = `${url}/tree?instance=big:9956`;
  const views = [];
  const before = used();
  for (let n = 0; n < 5; n++) {
    // The response and what Chromium makes of it: from the request to the first paint.
    await page.goto(address, { waitUntil: "load" });
    views.push(
      await page.evaluate(async () => {
        const paint = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
        while (!paint()) await new Promise(requestAnimationFrame);
        const { responseStart, responseEnd } = performance.getEntriesByType("navigation")[0];
        return { answer: Math.round(responseStart), whole: Math.round(responseEnd), seen: Math.round(paint()) };
      }),
    );
  }
  const bytes = (await (await page.request.get(address)).body()).length;
  const rows = await page.locator("tr[data-pid]").count();
  console.log(`${processes.length} processes, ${rows} rows, ${bytes} bytes; of the first views, ms: ${JSON.stringify(views)}; CPU of the dashboards for each: ${((used() - before) / views.length).toFixed(0)} ms`);
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline"] });
  const frames = await page.evaluate(
    (updates) =>
      new Promise((resolve) => {
        const longest = [];
        let [last, worst, arrived] = [performance.now(), 0, 0];
        const observer = new MutationObserver(() => arrived++);
        // The moment changes with each update, once; rows change over several frames.
        observer.observe(document.querySelector(".moment"), { attributes: true, childList: true, subtree: true });
        const tasks = [];
        new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => Math.round(entry.duration)))).observe({ type: "longtask" });
        let seen = 0;
        requestAnimationFrame(function frame(now) {
          worst = Math.max(worst, now - last);
          last = now;
          if (arrived > seen) {
            longest.push(Math.round(worst));
            [seen, worst] = [arrived, 0];
          }
          if (longest.length < updates) requestAnimationFrame(frame);
          else resolve({ longest, tasks });
        });
      }),
    UPDATES,
  );
  console.log(`longest distance of frames up to each of ${UPDATES} updates, ms: ${frames.longest.join(" ")}; tasks over 50 ms: ${frames.tasks.join(" ") || "none"}`);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const mains = new Set(traceEvents.filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain").map((e) => `${e.pid}:${e.tid}`));
  const tasks = traceEvents.filter((e) => e.name === "RunTask" && mains.has(`${e.pid}:${e.tid}`));
  const cpu = tasks.map((e) => Math.round(e.tdur / 1000)).sort((a, b) => b - a);
  console.log(`CPU time of the ${UPDATES} longest tasks of the page, ms: ${cpu.slice(0, UPDATES).join(" ")}`);
} finally {
  await browser?.close();
  dashboards.kill("SIGKILL");
  server.close();
  server.closeAllConnections();
}
