// Shows diagrams:
//   <div data-diagram="URL of a BPMN file" data-failed="message if it can't be shown"
//        data-marks='{"Task_1": "token late"}' data-badges='{"Task_1": "3"}'></div>
// data-marks sets classes of elements, data-badges a note at their corner. <a href="…" data-element="Task_1"> leads to
// an element; with aria-controls="ID" only in that diagram. A click on an element dispatches "diagram:element", and
// highlights what has data-about="Task_1". data-focus is the element to show of a large diagram.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "./marks.css";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { drawn, given, inOneLanguage, open, whenSized } from "./diagram.js";

const POINTED = "pointed";
const LEGIBLE = 0.6;
const viewers = new WeakMap();

function showAll() {
  for (const container of document.querySelectorAll("[data-diagram]")) {
    if (!viewers.has(container)) show(container);
  }
}

async function show(container) {
  const viewer = new NavigatedViewer({ container, ...drawn });
  viewers.set(container, viewer);
  if (!(await open(viewer, container, container.dataset.diagram, inOneLanguage))) return;
  mark(viewer, container);
  whenSized(container, () => {
    viewer.get("canvas").resized();
    fit(viewer, container);
  });
  viewer.on("element.click", ({ element }) => {
    container.dispatchEvent(new CustomEvent("diagram:element", { bubbles: true, detail: element.id }));
    tell(element.id);
  });
  container.dataset.shown = "";
}

// The whole diagram; if that would be unreadable, the element of data-focus.
function fit(viewer, container) {
  const canvas = viewer.get("canvas");
  const focus = viewer.get("elementRegistry").get(container.dataset.focus);
  if (canvas.zoom("fit-viewport", "auto") > LEGIBLE || !focus) return;
  canvas.zoom(LEGIBLE);
  const { x, y, width, height } = focus;
  const { inner, width: wide, height: high } = canvas.viewbox();
  canvas.viewbox({
    x: within(x + (width - wide) / 2, inner.x, inner.x + inner.width - wide),
    y: within(y + (height - high) / 2, inner.y, inner.y + inner.height - high),
    width: wide,
    height: high,
  });
}

function within(value, least, most) {
  return Math.max(least, Math.min(value, most));
}

// <button data-zoom="in" aria-controls="ID">, "out", or "fit" for the whole.
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-zoom]");
  const viewer = button && viewers.get(document.getElementById(button.getAttribute("aria-controls")));
  if (!viewer) return;
  const canvas = viewer.get("canvas");
  const steps = { in: () => canvas.zoom() * 1.3, out: () => canvas.zoom() / 1.3, fit: () => "fit-viewport" };
  canvas.zoom(steps[button.dataset.zoom](), "auto");
});

// What the page says about an element is highlighted, and the first of it scrolled into view.
function tell(id) {
  for (const other of document.querySelectorAll(`[data-about].${POINTED}`)) other.classList.remove(POINTED);
  const found = [...document.querySelectorAll("[data-about]")].filter(({ dataset }) => dataset.about === id);
  for (const place of found) place.classList.add(POINTED);
  const details = found[0]?.closest("details");
  if (details) details.open = true;
  found[0]?.scrollIntoView({ block: "nearest" });
}

function mark(viewer, container) {
  const known = ([id]) => viewer.get("elementRegistry").get(id);
  for (const [id, words] of Object.entries(given(container, "marks")).filter(known)) {
    for (const word of words.split(" ")) viewer.get("canvas").addMarker(id, word);
  }
  for (const [id, text] of Object.entries(given(container, "badges")).filter(known)) {
    const badge = document.createElement("span");
    badge.className = "badge";
    badge.textContent = text;
    viewer.get("overlays").add(id, { position: { top: -12, right: 12 }, html: badge });
  }
}

// Whether the diagram has the element; if so it is selected, marked and brought into view.
function point(container, id) {
  const viewer = viewers.get(container);
  const element = viewer?.get("elementRegistry").get(id);
  if (!element) return false;
  const canvas = viewer.get("canvas");
  for (const other of viewer.get("elementRegistry").filter((each) => canvas.hasMarker(each, POINTED))) {
    canvas.removeMarker(other, POINTED);
  }
  canvas.addMarker(element, POINTED);
  canvas.scrollToElement(element, 80);
  viewer.get("selection").select(element);
  container.scrollIntoView({ block: "nearest" });
  return true;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-element]");
  if (!link) return;
  const only = link.getAttribute("aria-controls");
  const containers = [...document.querySelectorAll("[data-diagram]")].filter(({ id }) => !only || id === only);
  const found = containers.map((container) => point(container, link.dataset.element));
  if (found.includes(true)) event.preventDefault();
});
document.addEventListener("htmx:load", showAll);
showAll();
