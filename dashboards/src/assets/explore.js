// The page of questions: completion while typing, and copies of the answer. Works on the markup of pages/explore/view.rs.

const asking = document.querySelector(".explore textarea");

/** What stands before the caret, and which names could follow: metrics, labels, or the values of a label. */
function wordBefore(text) {
  if (asking.dataset.lang === "sql") return { of: "sql", word: /[a-zA-Z_]\w*$/.exec(text)?.[0] ?? "" };
  const value = /([a-zA-Z_]\w*)\s*(?:=~?|!=|!~)\s*"([^"\\]*)$/.exec(text);
  if (value) return { of: "values", label: value[1], word: value[2] };
  const word = /[a-zA-Z_:][\w:]*$/.exec(text)?.[0] ?? "";
  const open = text.lastIndexOf("{") > text.lastIndexOf("}") || /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*$/.test(text);
  return { of: open ? "labels" : "metrics", word };
}

function completing(area) {
  const list = document.createElement("ul");
  list.className = "complete";
  list.id = "complete";
  list.role = "listbox";
  list.hidden = true;
  area.parentElement.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", "complete"], ["aria-autocomplete", "list"]]) {
    area.setAttribute(name, value);
  }
  let [timer, asked, chosen] = [0, 0, -1];

  const open = (is) => {
    list.hidden = !is;
    area.setAttribute("aria-expanded", String(is));
    if (!is) area.removeAttribute("aria-activedescendant");
  };
  const choose = (index) => {
    chosen = (index + list.children.length) % list.children.length;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === chosen)));
    list.children[chosen].scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-activedescendant", list.children[chosen].id);
  };
  const take = (name) => {
    const { word } = wordBefore(area.value.slice(0, area.selectionStart));
    area.setRangeText(name, area.selectionStart - word.length, area.selectionStart, "end");
    open(false);
    area.focus();
  };
  const ask = async () => {
    const { of, label = "", word } = wordBefore(area.value.slice(0, area.selectionStart));
    if (word.length < 1 && of !== "values") return open(false);
    const number = ++asked;
    const answer = await fetch(`/complete?${new URLSearchParams({ of, label, word })}`).catch(() => null);
    if (!answer?.ok || number !== asked) return;
    const names = (await answer.json()).filter((name) => name !== word);
    list.replaceChildren(
      ...names.map((name, index) => {
        const item = document.createElement("li");
        item.role = "option";
        item.id = `complete-${index}`;
        item.textContent = name;
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          take(name);
        });
        return item;
      }),
    );
    chosen = -1;
    open(names.length > 0);
  };

  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  area.addEventListener("blur", () => open(false));
  area.addEventListener("keydown", (event) => {
    const listed = !list.hidden;
    if (listed && event.key === "ArrowDown") choose(chosen + 1);
    else if (listed && event.key === "ArrowUp") choose(chosen < 0 ? -1 : chosen - 1);
    else if (listed && event.key === "Escape") open(false);
    else if (listed && chosen >= 0 && (event.key === "Enter" || event.key === "Tab")) take(list.children[chosen].textContent);
    else if (event.key === "Enter" && (area.dataset.lang === "sql" ? event.ctrlKey || event.metaKey : !event.shiftKey)) area.form.requestSubmit();
    else return;
    event.preventDefault();
  });
}

if (asking) completing(asking);
document.documentElement.classList.add("scripted");

/** Words for Markdown: names are chosen by whoever starts a process, and must not become links, images or markup. */
const asMarkdown = (text) => text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]()<>#!|~&]/g, "\\$&");

addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-copy]") : null;
  if (!button) return;
  // In a card the links beside the button say what there is to copy.
  const links = button.closest(".out")?.querySelectorAll("a");
  const path = button.dataset.path ?? links?.[button.dataset.copy === "curl" ? links.length - 1 : 0].getAttribute("href");
  const url = new URL(path ?? location.href, location.href).href;
  const heading = links && button.closest("figcaption").querySelector("h2").textContent;
  const title = asMarkdown(heading ? `${heading} \u00b7 ${document.title}` : document.title);
  const target = url.replaceAll("(", "%28").replaceAll(")", "%29");
  const text = {
    page: url,
    markdown: `![${title}](${target})`,
    link: `[${title}](${target})`,
    curl: `curl '${url.replaceAll("'", "%27")}'`,
    text: button.dataset.text ?? button.previousElementSibling?.textContent,
  }[button.dataset.copy];
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "The browser does not let pages copy";
  }
  setTimeout(() => (button.textContent = label), 1500);
});
