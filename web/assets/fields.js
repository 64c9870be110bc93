// Forms of processes: fields that another answer hides, drafts that are saved while the user types.

const PERSIAN = /[\u06f0-\u06f9\u0660-\u0669]/g;
const digits = (text) => text.replace(PERSIAN, (digit) => String(digit.charCodeAt(0) & 15));

// The answer in inputs of this name: whether a box is ticked, else a text; null for none.
function answerOf(form, name) {
  const inputs = [...form.elements].filter((input) => input.name === name);
  const [first] = inputs;
  if (first?.type === "checkbox" && inputs.length === 1) return first.checked;
  const chosen = first?.type === "radio" ? inputs.find((input) => input.checked) : first;
  return digits(chosen?.value.trim() ?? "") || null;
}

function holds({ is, value }, given) {
  if (is === "=" || is === "!=") {
    const same = value === null || given === null ? given === value : String(given) === String(value);
    return same === (is === "=");
  }
  const number = given === null ? NaN : Number(given);
  return { "<": number < value, "<=": number <= value, ">": number > value, ">=": number >= value }[is] ?? false;
}

function hide(form) {
  for (const field of form.querySelectorAll("[data-hide-when]")) {
    const condition = JSON.parse(field.dataset.hideWhen);
    field.hidden = holds(condition, answerOf(form, condition.field));
  }
}

const hideAll = () => [...document.forms].forEach(hide);
document.addEventListener("input", ({ target }) => target.form && hide(target.form));
document.addEventListener("htmx:load", hideAll);
window.addEventListener("pageshow", hideAll); // the browser has restored what was typed
hideAll();

// A draft that could not be saved: the page remains as it is, and says so.
const told = (event) => event.detail.target?.dataset.lost;
function tellLost(event) {
  if (!told(event)) return;
  event.detail.shouldSwap = false;
  event.detail.target.textContent = told(event);
  event.detail.target.classList.add("wrong");
}
document.addEventListener("htmx:sendError", tellLost);
document.addEventListener("htmx:beforeSwap", (event) => {
  const { status } = event.detail.xhr;
  if (status !== 200 && status !== 422) tellLost(event);
  else if (told(event)) {
    event.detail.target.classList.remove("wrong");
    // The page may be the answer to a form: a reload must show the draft, and not send that form again.
    if (status === 200) history.replaceState(null, "", location.href);
  }
});

document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-prints]")) window.print();
});
