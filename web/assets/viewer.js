// Shows diagrams:
//   <div data-diagram="URL of a BPMN file" data-failed="what is told if it cannot be shown"
//        data-marks='{"Task_1": "token late"}' data-badges='{"Task_1": "3"}'></div>
// data-marks gives elements classes, data-badges a note at their corner. <a href="…" data-element="Task_1"> leads to
// an element; with aria-controls="ID" in that diagram alone. A click on an element is told by "diagram:element".
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { drawn, given, open, whenSized } from "./diagram.js";

const POINTED = "pointed";
const viewers = new WeakMap();

function showAll() {
  for (const container of document.querySelectorAll("[data-diagram]")) {
    if (!viewers.has(container)) show(container);
  }
}

async function show(container) {
  const viewer = new NavigatedViewer({ container, ...drawn });
  viewers.set(container, viewer);
  if (!(await open(viewer, container, container.dataset.diagram))) return;
  mark(viewer, container);
  whenSized(container, () => {
    viewer.get("canvas").resized();
    viewer.get("canvas").zoom("fit-viewport", "auto");
  });
  viewer.on("element.click", ({ element }) => {
    container.dispatchEvent(new CustomEvent("diagram:element", { bubbles: true, detail: element.id }));
  });
  container.dataset.shown = "";
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
