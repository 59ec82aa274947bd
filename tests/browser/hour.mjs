// Exporter, scraper and dashboards from release binaries, with an hour behind them: what the scripts that measure look at.
// The history is that of this host's own series, made up from what its exporter tells now: each process and each group
// several times, counters that grow, gauges that go up and down. The host itself is scraped as well, every 2 s.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const POINTS = 240;
const EVERY_S = 15;

/** A service on a port of its own: its URL, its pid, and how to end it. */
export async function service(binary, flags) {
  const child = spawn(binary, [...flags, "--web.listen-address=127.0.0.1:0"]);
  let printed = "";
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const url = await new Promise((resolve, reject) => {
    const read = (text) => {
      if (printed.length < 100_000) printed += text;
      const found = printed.match(/address=(http:\/\/\S+)/)?.[1];
      if (found) resolve(found);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${binary} ended with ${code}:\n${printed}`)));
  });
  return { url, pid: child.pid, stop: () => (child.kill("SIGKILL"), ended) };
}

/** The exposition of one moment as OpenMetrics text over the hour before now, of a host of that name. */
function history(exposition, instance, copies) {
  const now = Math.floor(Date.now() / 1000);
  const moments = Array.from({ length: POINTS }, (_, n) => now - (POINTS - 1 - n) * EVERY_S);
  const target = `instance="${instance}",job="procession"`;
  const lines = ["# TYPE up gauge", ...moments.map((at) => `up{${target}} 1 ${at}`)];
  let shift = 0;
  for (const line of exposition.split("\n")) {
    if (line.startsWith("# TYPE proc_")) lines.push(line);
    const [, name, labels, text] = line.match(/^(proc_\w+)\{(.*)\} (\S+)$/) ?? [];
    if (!name || name.endsWith("_created")) continue;
    const value = Number(text);
    const fixed = name.endsWith("_info") || name.endsWith("_start_time_seconds");
    for (let copy = 0; copy < copies; copy++) {
      const own = copy === 0 ? labels : labels.replace(/\b(group|pid|ppid)="([^"]*)"/g, (_, label, of) => `${label}="${label === "group" ? `${of}-${copy}` : `${copy}${of.padStart(7, "0")}`}"`);
      shift += 17;
      moments.forEach((at, n) => {
        const seen = fixed ? value : name.endsWith("_total") ? value + (value / 1000) * n * (1 + (shift % 7)) : value * (1 + 0.2 * Math.sin((n + shift) / 9));
        lines.push(`${name}{${target},${own}} ${seen} ${at}`);
      });
    }
  }
  return lines.join("\n") + "\n# EOF\n";
}

function run(binary, flags) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, flags, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (text) => (said += text));
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${binary} ${flags[0]} ended with ${code}:\n${said}`))));
  });
}

/**
 * Starts the three from `folder`. Resolves to the dashboards' URL and pid, the name of the host with an hour behind it, a group
 * and a process of it, and a function that ends everything.
 */
export async function startWithAnHour(folder, copies = 3) {
  const data = await mkdtemp(join(tmpdir(), "procession-hour-"));
  const started = [];
  const begin = async (name, ...flags) => started[started.push(await service(join(folder, `procession-${name}`), flags)) - 1];
  const stop = async () => {
    await Promise.all(started.map((one) => one.stop()));
    await rm(data, { recursive: true, force: true });
  };
  try {
    const exporter = await begin("exporter");
    const accept = "application/openmetrics-text; version=1.0.0";
    const scrape = async () => (await fetch(`${exporter.url}/metrics`, { headers: { accept } })).text();
    await scrape();
    const exposition = await scrape();
    const instance = "web-1:9956";
    const storage = `--storage.path=${join(data, "storage")}`;
    await writeFile(join(data, "hour.om"), history(exposition, instance, copies));
    await run(join(folder, "procession-scraper"), ["import", storage, join(data, "hour.om")]);
    await rm(join(data, "hour.om"));
    const address = new URL(exporter.url).host;
    await writeFile(join(data, "scraper.yml"), `scrape_configs:\n- job_name: procession\n  scrape_interval: 2s\n  scrape_timeout: 2s\n  static_configs:\n  - targets: ["${address}"]\n`);
    const scraper = await begin("scraper", storage, `--config.file=${join(data, "scraper.yml")}`);
    const dashboards = await begin("dashboards", `--query.url=${scraper.url}`);
    // A process with memory, so that every page has something to show of it.
    const [group, pid] = ["group", "pid"].map((label) => exposition.match(new RegExp(`^proc_resident_memory_bytes\\{.*\\b${label}="([^"]+)".*\\} \\d{7,}`, "m"))[1]);
    const counted = (metric) => (exposition.match(new RegExp(`^${metric}\\{`, "gm")) ?? []).length * copies;
    const size = `${counted("proc_group_processes")} groups and ${counted("proc_info")} processes, ${POINTS} scrapes`;
    return { url: dashboards.url, pid: dashboards.pid, scraper: scraper.pid, instance, group, process: pid, live: address, size, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** CPU time of a process so far, ms. */
export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process and the most it ever was, MiB. */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [now, most] = ["VmRSS", "VmHWM"].map((name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024);
  return { now, most };
}

/** Every page over the data of `hour`, by what it is called. */
export function pagesOf({ instance, group, process }) {
  const of = (path, parameters) => `${path}?${new URLSearchParams({ instance, ...parameters })}`;
  return {
    hosts: "/",
    host: of("/host", { from: "-1h" }),
    group: of("/group", { from: "-1h", group }),
    process: of("/process", { from: "-1h", pid: process }),
    "a group on all hosts": `/groups?${new URLSearchParams({ group, from: "-1h" })}`,
    changes: of("/changes", { from: "-15m" }),
    tree: of("/tree", {}),
    explore: `/explore?${new URLSearchParams({ query: "sum by (group) (proc_group_resident_memory_bytes)", from: "-1h" })}`,
    add: "/add",
  };
}
