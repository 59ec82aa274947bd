// The process tree by keyboard, and subtrees that open in place. Works on the markup of pages/tree/view.rs.

const rowsOf = (root) => [...root.querySelectorAll('[role="treegrid"] tbody tr')];
const rowOf = (root, pid) => rowsOf(root).find((row) => row.dataset.pid === pid);
const levelOf = (row) => Number(row.getAttribute("aria-level"));

/** One row of a tree can be reached by Tab, the one that could before or the first; the arrows lead to the others. */
function settleRows(root) {
  const rows = rowsOf(root);
  const stop = rows.find((row) => row.tabIndex === 0) ?? rows[0];
  for (const row of rows) {
    const index = row === stop ? "0" : "-1";
    if (row.getAttribute("tabindex") !== index) row.setAttribute("tabindex", index);
  }
}

function focusRow(row) {
  if (!row) return;
  for (const other of rowsOf(document)) other.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
}

/** Opens or closes the subtree of a row. */
function toggle(row) {
  const twig = row.querySelector("a.twig");
  if (twig) go(twig.href);
}

addEventListener("click", (event) => {
  const twig = event.target instanceof Element ? event.target.closest("a.twig") : null;
  if (!twig || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(twig.href);
});

addEventListener("keydown", (event) => {
  const row = document.activeElement?.closest?.('[role="treegrid"] tbody tr');
  if (row !== document.activeElement || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = rowsOf(document);
  const at = rows.indexOf(row);
  const expanded = row.getAttribute("aria-expanded");
  const parent = () => rows.slice(0, at).findLast((other) => levelOf(other) < levelOf(row));
  const act = {
    ArrowDown: () => focusRow(rows[at + 1]),
    ArrowUp: () => focusRow(rows[at - 1]),
    Home: () => focusRow(rows[0]),
    End: () => focusRow(rows.at(-1)),
    ArrowRight: () => (expanded === "false" ? toggle(row) : expanded === "true" && focusRow(rows[at + 1])),
    ArrowLeft: () => (expanded === "true" ? toggle(row) : focusRow(parent())),
    Enter: () => row.querySelector("th a:not(.twig)")?.click(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// Letting go of the slider is going there.
addEventListener("change", (event) => {
  if (event.target.matches?.(".slider input")) event.target.form.requestSubmit();
});

settleRows(document);
