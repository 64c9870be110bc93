// The list of tasks: selecting all of a page, and navigation by keyboard. Everything works without it.

const inList = "form[data-tasks]";

function boxes(form) {
  return [...form.querySelectorAll('input[name="task"]')];
}

for (const all of document.querySelectorAll("[data-marks-all]")) {
  const form = all.closest("form");
  const box = all.querySelector("input");
  all.hidden = false;
  box.addEventListener("change", () => boxes(form).forEach((one) => (one.checked = box.checked)));
  form.addEventListener("change", () => {
    const marked = boxes(form).filter((one) => one.checked).length;
    box.checked = marked > 0 && marked === boxes(form).length;
    box.indeterminate = marked > 0 && !box.checked;
  });
}

// Keys count only while the focus is in the list, and by position: a Persian keyboard has them, too.
document.addEventListener("keydown", (event) => {
  const row = event.target.closest(`${inList} tbody tr`);
  if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
  const next = { KeyJ: row.nextElementSibling, KeyK: row.previousElementSibling }[event.code];
  if (next) next.querySelector("th a").focus();
  else if (event.code === "KeyX") row.querySelector('input[name="task"]').click();
  else return;
  event.preventDefault();
});
