// What every page with JavaScript has: htmx, and what HTML alone doesn't do.
import "htmx.org";
import "./changes.js";
import "./desk.js";
import "./fields.js";
import "./work.js";

// A form is sent once, however often its button is pressed.
const sent = new Set();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return; // htmx sends it, or it changes nothing
  if (sent.has(form)) event.preventDefault();
  sent.add(form);
});
window.addEventListener("pageshow", () => sent.clear()); // the user has gone back to it

// Of links that don't fit, the current one is scrolled into view. Not with scrollIntoView: the first Tab would continue
// there, past the link to the content and the header.
const present = document.querySelector(".ways [aria-current]");
if (present) {
  const middle = (element) => element.getBoundingClientRect().left + element.getBoundingClientRect().width / 2;
  const ways = present.closest(".ways");
  ways.scrollBy(middle(present) - middle(ways), 0);
}

// A filter applies as soon as it is changed; its button is for browsers without JavaScript.
document.addEventListener("change", ({ target }) => {
  if (target.form?.hasAttribute("data-submits")) target.form.requestSubmit();
});
