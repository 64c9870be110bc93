// Draws a diagram:
//   <div data-modeler="URL of a BPMN file" data-failed="…" data-panel="ID of the place for properties"
//        data-form="ID of the form that saves" data-texts='{"Activate hand tool": "…"}'></div>
// The form has a field "xml", which holds the diagram when it is sent. data-texts says the tools' words in the page's
// language. While there is something to save, the container has data-changed, and leaving the page is asked about.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";
import "./bpmn.css";
import Modeler from "bpmn-js/lib/Modeler";
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from "bpmn-js-properties-panel";
import TokenSimulation from "bpmn-js-token-simulation";
import { drawn, given, open, whenSized } from "./diagram.js";
import parvandeh from "./parvandeh.json";

async function draw(container) {
  const parent = document.getElementById(container.dataset.panel);
  parent.dir = "ltr"; // its style knows no other
  const modeler = new Modeler({
    container,
    ...drawn,
    propertiesPanel: { parent },
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      TokenSimulation,
      translated(given(container, "texts")),
    ],
    moddleExtensions: { parvandeh },
  });
  if (!(await open(modeler, container, container.dataset.modeler))) return;
  const canvas = modeler.get("canvas");
  let fitted = false;
  whenSized(container, () => {
    canvas.resized();
    if (!fitted) canvas.zoom("fit-viewport", "auto");
    fitted = true; // from now on by whoever draws
  });
  modeler.on("commandStack.changed", () => {
    container.toggleAttribute("data-changed", modeler.get("commandStack").canUndo());
  });
  window.addEventListener("beforeunload", (event) => {
    if (container.hasAttribute("data-changed")) event.preventDefault();
  });
  saveBy(document.getElementById(container.dataset.form), modeler, container);
  container.dataset.shown = "";
}

function saveBy(form, modeler, container) {
  let filled = false;
  const fill = async (event) => {
    if (filled) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    form.elements.xml.value = (await modeler.saveXML({ format: true })).xml;
    setTimeout(() => { // a form is not sent again while it is still being sent
      container.removeAttribute("data-changed");
      filled = true;
      form.requestSubmit(event.submitter);
      filled = false;
    });
  };
  form?.addEventListener("submit", fill, { capture: true });
}

function translated(texts) {
  const translate = (text, values = {}) =>
    (texts[text] ?? text).replace(/{([^}]+)}/g, (place, name) => values[name] ?? place);
  return { translate: ["value", translate] };
}

for (const container of document.querySelectorAll("[data-modeler]")) draw(container);
