// What every page with JavaScript has: htmx, and what HTML alone does not do.
import "htmx.org";
import "./desk.js";
import "./fields.js";

// A form is sent once, however often its button is pressed.
const sent = new Set();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return; // htmx sends it, or nothing changes by it
  if (sent.has(form)) event.preventDefault();
  sent.add(form);
});
window.addEventListener("pageshow", () => sent.clear()); // somebody has gone back to it

// Of ways that do not fit side by side, the present one is in sight.
document.querySelector(".ways [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// A filter applies as soon as it is changed; its button is for browsers without JavaScript.
document.addEventListener("change", ({ target }) => {
  if (target.form?.hasAttribute("data-submits")) target.form.requestSubmit();
});
