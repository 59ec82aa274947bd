// What people come for, in a real browser: who burns the CPU, what was there an hour ago, a host that is added.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { hostname } from "node:os";
import { after, before, test } from "node:test";
import { barriers, copy, leads, open, startBrowser, startProcession } from "./procession.mjs";

/** The process that burns a CPU now; an hour ago its pid was there as well, and had a child that has since gone. */
let busy, browser, procession;
const GONE = { pid: 4_194_001, name: "night-batch" };

before(async () => {
  busy = spawn(process.execPath, ["-e", "process.title = 'cpu-burner'; for (;;);"], { stdio: "ignore" });
  procession = await startProcession({ history: anHourAgo(busy.pid) });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await procession?.stop();
  busy?.kill("SIGKILL");
});

/** OpenMetrics text of ten minutes that lie an hour back, a scrape each 15 s, under this host's name. */
function anHourAgo(pid) {
  const host = `instance="${hostname()}",job="procession"`;
  const now = Math.floor(Date.now() / 1000);
  const times = Array.from({ length: 41 }, (_, scrape) => now - 3900 + 15 * scrape);
  const processes = [
    { pid, ppid: 1, name: "cpu-burner", cores: 0.25, bytes: 50e6, grows: 1e6 },
    { pid: GONE.pid, ppid: pid, name: GONE.name, cores: 0.5, bytes: 200e6, grows: 0 },
  ];
  const family = (name, type, line) => [
    `# TYPE ${name} ${type}`,
    ...processes.flatMap((process) => times.map((time, scrape) => line(process, `${host},pid="${process.pid}",group="${process.name}"`, scrape) + ` ${time}`)),
  ];
  return [
    ...family("proc", "info", ({ ppid, name }, labels) => `proc_info{${labels},ppid="${ppid}",name="${name}",user="root"} 1`),
    ...family("proc_cpu_seconds", "counter", ({ cores }, labels, scrape) => `proc_cpu_seconds_total{${labels},mode="user"} ${cores * 15 * scrape}`),
    ...family("proc_resident_memory_bytes", "gauge", ({ bytes, grows }, labels, scrape) => `proc_resident_memory_bytes{${labels}} ${bytes + grows * scrape}`),
    ...family("proc_start_time_seconds", "gauge", (_, labels) => `proc_start_time_seconds{${labels}} ${now - 4000}`),
    // The kernel killed half way, and memory was short.
    "# TYPE procession_exporter_host_oom_kills counter",
    ...times.map((time, scrape) => `procession_exporter_host_oom_kills_total{${host}} ${scrape < 20 ? 0 : 1} ${time}`),
    "# TYPE procession_exporter_host_available_memory_bytes gauge",
    ...times.map((time) => `procession_exporter_host_available_memory_bytes{${host}} 1000000000 ${time}`),
    "# TYPE up gauge",
    ...times.map((time) => `up{${host}} 1 ${time}`),
    "# EOF\n",
  ].join("\n");
}

const WITH_CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

test("from a busy host to the process that does it, to its tree an hour ago, and back by a link", async () => {
  const { page, wrong, close } = await open(browser, procession.page, WITH_CLIPBOARD);
  try {
    // It leads the list once two scrapes have seen it, and the page follows by itself.
    const busiest = page.locator("#processes tbody tr", { has: page.locator("span.of", { hasText: new RegExp(`^${busy.pid}$`) }) });
    await busiest.waitFor({ timeout: 60_000 });
    await leads(page, "/process", () => busiest.locator("th a").click());
    assert.equal(new URL(page.url()).searchParams.get("pid"), String(busy.pid));
    assert.match(await page.locator(".top h1").textContent(), /^cpu-burner /);

    // Zoom to it, and take the picture along for a ticket.
    await page.locator("#cpu .plot path").first().waitFor();
    // The chart holds an hour: at its left end what was there an hour ago, at its right end what has only just begun.
    await page.waitForFunction(() => {
      const plot = document.querySelector("#cpu .plot").getBoundingClientRect();
      const drawn = [...document.querySelectorAll("#cpu .plot path")].map((path) => path.getBoundingClientRect());
      return drawn.some(({ left, width }) => left > plot.left + plot.width * 0.6 && width > plot.width * 0.015);
    }, null, { timeout: 120_000 });
    const box = await page.locator("#cpu .plot").boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 1, box.y + 60, { steps: 3 });
    await leads(page, (url) => url.searchParams.has("until"), () => page.mouse.up());
    assert.match(await copy(page, page.locator('#cpu button[data-copy="markdown"]')), /^!\[CPU cores .*cpu-burner.*\]\(http:[^()]+\/chart\.svg\?[^()]+\)$/);
    const csv = execFileSync("sh", ["-c", `${await copy(page, page.locator('#cpu button[data-copy="curl"]'))} --silent --fail`]).toString();
    assert.match(csv, /^time,system,user\n\d{4}-/);

    // Its tree now, then an hour ago: the child that has since gone is there, and what it used.
    await leads(page, "/tree", () => page.locator(".facts a", { hasText: "in the process tree" }).click());
    await page.locator(`tr[data-pid="${busy.pid}"]`).waitFor();
    assert.ok((await page.locator(".lineage a").count()) >= 1, "no ancestors");
    assert.equal(await page.locator(`tr[data-pid="${GONE.pid}"]`).count(), 0, "it is still there");
    await page.locator('.moment a[title="Back by 1 h"]').click();
    const gone = page.locator(`tr[data-pid="${GONE.pid}"]`);
    await gone.waitFor();
    assert.match(await gone.textContent(), /night-batch.*0\.50.*191 MiB/);
    assert.equal(await gone.getAttribute("aria-level"), "2");
    assert.match(await page.locator(`tr[data-pid="${busy.pid}"]`).textContent(), /cpu-burner.*0\.75.*0\.25/);
    assert.deepEqual(await barriers(page), []);

    // Who opens the link sees the same.
    const [link, moment, rows] = [page.url(), await page.locator(".moment b").textContent(), await page.locator("#tree tbody").innerText()];
    const other = await page.context().newPage();
    await other.goto(link);
    assert.equal(await other.locator(".moment b").textContent(), moment);
    assert.equal(await other.locator("#tree tbody").innerText(), rows);
    await other.close();
    assert.deepEqual(wrong, []);
  } finally {
    await close();
  }
});

test("what was an hour ago: a kill for want of memory, and what grew towards its end", async () => {
  const seconds = Math.floor(Date.now() / 1000);
  const range = { instance: hostname(), from: String(seconds - 3880), until: String(seconds - 3320) };
  const { page, wrong, close } = await open(browser, `${procession.page}/process?${new URLSearchParams({ ...range, pid: busy.pid })}`);
  try {
    const killed = page.locator("#memory .plot g.eo");
    assert.equal(await killed.count(), 1, "no mark of the kill");
    assert.match(await killed.locator("title").textContent(), /killed for want of memory/);
    // 4 MB a minute of 1 GB that is left.
    assert.match(await page.locator("#growth").textContent(), /Memory grows by 229 MiB an hour; at this rate the 954 MiB that this host has left are used up in 4 h/);
    // Three minutes before are compared with; of the day before nothing is known, and the page says so.
    await page.goto(`${procession.page}/process?${new URLSearchParams({ ...range, pid: GONE.pid, compare: "3m" })}`);
    assert.ok((await page.locator("#memory .legend", { hasText: "3m before" }).count()) > 0, "nothing to compare with");
    assert.equal(await page.getByText("Nothing of this is known").count(), 0);
    await page.locator(".range a", { hasText: "vs 1d" }).click();
    await page.getByText("Nothing of this is known from 1d before").waitFor();
    await page.goto(`${procession.page}/process?${new URLSearchParams({ ...range, pid: GONE.pid })}`);
    assert.equal(await page.locator("#growth").count(), 0, "what does not grow has a forecast");
    assert.deepEqual(wrong, []);
  } finally {
    await close();
  }
});

test("a host is added: the page says by itself what is in the way, and when the host has come", async () => {
  const { page, wrong, close } = await open(browser, `${procession.page}/add`, WITH_CLIPBOARD);
  const fleet = await page.context().newPage();
  try {
    // The exporter under another name is a host that the scraper has not seen.
    const name = `localhost:${new URL(procession.exporter).port}`;
    await fleet.goto(procession.page);
    await page.locator('input[name="host"]').fill(name);
    await page.locator('input[name="host"]').press("Enter");
    await page.waitForURL(/host=localhost/);
    await page.evaluate(() => (window.stays = true));
    assert.match(await page.locator("#progress").textContent(), /does not know localhost:\d+ yet/);
    await page.locator("#live").filter({ hasText: "live" }).waitFor();
    assert.equal(await fleet.locator("table.hosts").getByText(name).count(), 0);

    // The command as people copy it, in the folder of the scraper's configuration.
    const command = await copy(page, page.locator("button.copy").last());
    assert.equal(command, `echo "- targets: ['${name}']" > targets/${name.replace(":", "-")}.yml`);
    execFileSync("sh", ["-c", command], { cwd: procession.folder });
    await page.locator("#progress").filter({ hasText: `${name} is here` }).waitFor({ timeout: 60_000 });
    await fleet.locator("table.hosts a", { hasText: name }).waitFor({ timeout: 60_000 });
    assert.ok(await page.evaluate(() => window.stays), "the page was loaded again");

    // One that nothing listens on: the reason in words.
    execFileSync("sh", ["-c", "echo \"- targets: ['localhost:1']\" > targets/other.yml"], { cwd: procession.folder });
    await page.goto(`${procession.page}/add?host=localhost:1`);
    await page.locator("#progress").filter({ hasText: "cannot be scraped" }).waitFor({ timeout: 60_000 });
    assert.match(await page.locator("#progress").textContent(), /Nothing listens there/);
    assert.deepEqual(await barriers(page), []);
    assert.deepEqual(wrong, []);
  } finally {
    await close();
  }
});
