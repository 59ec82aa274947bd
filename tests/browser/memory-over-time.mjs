// What the dashboards' memory comes to in use:
//   node memory-over-time.mjs [folder of the release binaries] [minutes] [live pages]
// Visitors load every page, over ranges that shift, and every form of a chart, one after the other and two at a time, while
// so many pages are followed. Prints each fifth minute what was asked, RSS and the most it ever was. An answer that fails, as
// with a 504 while the machine has other work, is counted and asked for again.
import { fileURLToPath } from "node:url";
import { cpuOf, memoryOf, pagesOf, startWithAnHour } from "./hour.mjs";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../target/release", import.meta.url));
const MINUTES = Number(process.argv[3] ?? 60);
const LIVE = Number(process.argv[4] ?? 20);
const VISITORS = 2;
const PAUSE_MS = 250;
const EVERY_S = 5;

const hour = await startWithAnHour(folder);
const begin = Date.now();
const over = () => Date.now() - begin > MINUTES * 60_000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const pages = Object.values(pagesOf(hour));
const host = encodeURIComponent(`instance="${hour.instance}"`);
const charts = ["svg", "png", "csv", "json"].flatMap((ending) => [
  `/chart.${ending}?query=sum by (group) (rate(proc_group_cpu_seconds_total{${host}}[1m]))&kind=stack`,
  `/chart.${ending}?query=proc_group_resident_memory_bytes{${host}}&unit=bytes&w=1200&h=400`,
  `/chart.${ending}?query=proc_group_threads{${host}}&kind=heatmap`,
]);
let [asked, bytes, events] = [0, 0, 0];
/** How often what failed, by status or error. */
const failures = new Map();

/** Asks until there is an answer, or the time is over. */
async function load(path, headers) {
  while (!over()) {
    const failed = await fetch(hour.url + path, { headers }).then(
      async (answer) => {
        const length = (await answer.arrayBuffer()).byteLength;
        if (!answer.ok) return answer.status;
        bytes += length;
        asked++;
      },
      (error) => error.cause?.code ?? error.message,
    );
    if (!failed) return;
    failures.set(failed, (failures.get(failed) ?? 0) + 1);
    await pause(PAUSE_MS);
  }
}

async function visit(number) {
  for (let n = number; !over(); n += VISITORS) {
    const from = `from=-${15 + (n % 45)}m`;
    const all = [...pages.map((page) => page.replace(/from=-\w+/, from)), ...charts.map((chart) => `${chart}&${from}`)];
    await load(all[n % all.length], { "accept-encoding": n % 3 ? "gzip" : "identity" });
    await pause(PAUSE_MS);
  }
}

/** Follows a page to the end. */
async function follow(number, ended) {
  const page = pages.filter((path) => !path.startsWith("/explore") && !path.startsWith("/add"))[number % 7];
  const answer = await fetch(`${hour.url}/stream?${new URLSearchParams({ every: EVERY_S, page })}`, { signal: ended });
  for await (const part of answer.body) events += Buffer.from(part).includes("event: page") ? 1 : 0;
}

const ends = new AbortController();
const said = (error) => error.name !== "AbortError" && (console.error(error), (process.exitCode = 1));
try {
  const live = Array.from({ length: LIVE }, (_, n) => follow(n, ends.signal).catch(said));
  const visits = Array.from({ length: VISITORS }, (_, n) => visit(n).catch(said));
  console.log(`an hour of ${hour.size}; ${LIVE} live pages, a new state every ${EVERY_S} s`);
  const tell = () => {
    const { now, most } = memoryOf(hour.pid);
    const minutes = ((Date.now() - begin) / 60_000).toFixed(1);
    console.log(`${minutes} min: RSS ${now.toFixed(1)} MiB, at most ${most.toFixed(1)} MiB; ${asked} answers, ${[...failures].map(([what, times]) => `${times} x ${what}, `).join("")}${(bytes / 1e6).toFixed(0)} MB, ${events} states of live pages, ${(cpuOf(hour.pid) / 1000).toFixed(1)} s of CPU`);
  };
  tell();
  for (let minute = 5; minute <= MINUTES; minute += 5) {
    await pause(begin + minute * 60_000 - Date.now());
    tell();
  }
  await Promise.all(visits);
  tell();
  ends.abort();
  await Promise.all(live);
} finally {
  await hour.stop();
}
