// Names that try to be markup, links, formulas and commands, wherever a page shows, draws, copies or exports one.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { copy, open, says, startBrowser, startProcession } from "./procession.mjs";

const NAMES = [
  "<img src=x onerror=alert(1)>",
  "</script><script>alert(1)</script>",
  '"><svg onload=alert(1)>',
  "'; touch OWNED; '",
  "$(touch OWNED)",
  "`touch OWNED`",
  "](http://elsewhere.example/) ![x](http://elsewhere.example/x.png)",
  "a\nb|c",
  "\u202egnp.exe",
  "{{group}} ${name}",
  '=HYPERLINK("http://elsewhere.example/","x")',
  "__proto__",
  "x".repeat(300),
];
const HOST = "<b onmouseover=alert(1)>](http://elsewhere.example/)$(touch OWNED)'; touch OWNED; '";

let browser, procession;

before(async () => {
  procession = await startProcession({ history: history() });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await procession?.stop();
});

/** The last five minutes of a host on which every name is a process, the user of it, and its group. */
function history() {
  const text = (value) => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  const now = Math.floor(Date.now() / 1000);
  const times = Array.from({ length: 21 }, (_, scrape) => now - 300 + 15 * scrape);
  const host = `instance=${text(HOST)},job="procession"`;
  const family = (name, type, line) => [
    `# TYPE ${name} ${type}`,
    ...NAMES.flatMap((process, index) =>
      times.map((time, scrape) => `${line(`${host},group=${text(process)}`, index + 1, scrape, text(process))} ${time}`)),
  ];
  return [
    ...family("proc", "info", (labels, pid, _, name) => `proc_info{${labels},pid="${pid}",ppid="${pid - 1}",name=${name},user=${name},executable=${name}} 1`),
    ...family("proc_cpu_seconds", "counter", (labels, pid, scrape) => `proc_cpu_seconds_total{${labels},pid="${pid}",mode="user"} ${pid * scrape}`),
    ...family("proc_resident_memory_bytes", "gauge", (labels, pid) => `proc_resident_memory_bytes{${labels},pid="${pid}"} ${pid}e6`),
    ...family("proc_start_time_seconds", "gauge", (labels, pid) => `proc_start_time_seconds{${labels},pid="${pid}"} ${now - 400}`),
    ...family("proc_group_processes", "gauge", (labels) => `proc_group_processes{${labels},state="running"} 1`),
    ...family("proc_group_cpu_seconds", "counter", (labels, pid, scrape) => `proc_group_cpu_seconds_total{${labels},mode="user"} ${pid * scrape}`),
    ...family("proc_group_resident_memory_bytes", "gauge", (labels, pid) => `proc_group_resident_memory_bytes{${labels}} ${pid}e6`),
    "# TYPE up gauge",
    ...times.map((time) => `up{${host}} 1 ${time}`),
    "# EOF\n",
  ].join("\n");
}

/** A page where names stay text: `inspect` looks at it, and nothing ran, was asked for elsewhere, or was complained of. */
async function harmless(path, inspect = async () => {}) {
  const { page, wrong, close } = await open(browser, procession.page + path, { permissions: ["clipboard-read", "clipboard-write"] });
  page.on("dialog", (dialog) => {
    wrong.push(`a script of a name ran: ${dialog.message()}`);
    dialog.dismiss();
  });
  try {
    await inspect(page);
    const foreign = await page.evaluate(() =>
      [...document.querySelectorAll("main *, header *")].filter((element) =>
        element.matches("img, script, iframe, object, b[onmouseover]") || [...element.attributes].some(({ name }) => name.startsWith("on")))
        .map((element) => element.outerHTML.slice(0, 200)));
    assert.deepEqual(foreign, [], `${path} has elements that a name made`);
    const { inner, content } = await page.evaluate(() => ({ inner: innerWidth, content: document.documentElement.scrollWidth }));
    assert.ok(content <= inner, `${path} is ${content} px wide`);
    assert.deepEqual(wrong, [], path);
  } finally {
    await close();
  }
}

const query = (parameters) => new URLSearchParams({ from: "-5m", ...parameters });

/** Runs a copied command as a shell does; a command in a name would leave a file. */
async function run(command) {
  const answer = execFileSync("sh", ["-c", `${command} --silent --fail`], { cwd: procession.folder }).toString();
  assert.ok(!(await readdir(procession.folder)).includes("OWNED"), `a name ran as a command: ${command}`);
  return answer;
}

test("the pages of a host show names as they are", async () => {
  await harmless(`/host?${query({ instance: HOST, rows: "all" })}`, async (page) => {
    const shown = await page.locator("#groups tbody th a").allTextContents();
    for (const name of ["<img src=x onerror=alert(1)>", "__proto__", "'; touch OWNED; '"]) assert.ok(shown.includes(name), `${name} is not in ${shown}`);
    const box = await page.locator("#cpu .plot").boundingBox();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 40);
    await says(page.locator(".tip"), /__proto__|onload=alert|touch OWNED/);
    // To Markdown a name is words, to a shell it is a part of one word, to a spreadsheet text.
    const markdown = await copy(page, page.locator('#cpu button[data-copy="markdown"]'));
    assert.match(markdown, /^!\[(?:[^\\[\]<>]|\\.)*\]\(http:\/\/127\.0\.0\.1:[^()\s<>]*\)$/);
    const table = await run(await copy(page, page.locator('#cpu button[data-copy="curl"]')));
    assert.match(table, /,"?'=HYPERLINK/);
  });
  await harmless(`/changes?${query({ instance: HOST })}`);
  await harmless(`/tree?${new URLSearchParams({ instance: HOST, filter: "<img" })}`, async (page) =>
    assert.ok((await page.locator('tr[data-pid="1"] th').textContent()).includes(NAMES[0])));
  await harmless("/", async (page) => assert.ok((await page.locator("table.hosts th a").allTextContents()).includes(HOST)));
});

test("every name has its pages", async () => {
  for (const [index, name] of NAMES.entries()) {
    await harmless(`/group?${query({ instance: HOST, group: name })}`, async (page) => {
      assert.ok((await page.locator("#cpu .plot path").count()) > 0, `no chart of ${name}`);
      assert.match(await run(await copy(page, page.locator('#cpu button[data-copy="curl"]'))), /^time,user\n\d{4}-/);
    });
    await harmless(`/process?${query({ instance: HOST, pid: index + 1 })}`);
    if (index < 4) await harmless(`/groups?${query({ group: name })}`);
  }
});

test("answers to questions are text, on the page and where they are carried", async () => {
  await harmless(`/explore?${query({ query: "proc_group_resident_memory_bytes", draw: "stack" })}`, async (page) => {
    assert.match(await run(await copy(page, page.locator("button", { hasText: "Copy as curl" }))), /^time,/);
  });
  const sql = `SELECT time, "group", resident_bytes, '''; touch OWNED; ''' AS x FROM groups WHERE ts >= $from`;
  await harmless(`/explore?${query({ lang: "sql", query: sql })}`, async (page) => {
    assert.ok((await page.locator("#values tbody tr").count()) > 1, "no rows");
    assert.match(await run(await copy(page, page.locator("button", { hasText: "Copy as curl" }))), /touch OWNED/);
    assert.match(await copy(page, page.locator("button", { hasText: "Copy as Markdown" })), /^\[[^\]]*\]\(http:[^()\s]*\)$/);
  });
});
