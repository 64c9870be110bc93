// Simulates tokens in a read-only diagram: <div data-diagram="URL of a BPMN file" data-failed="…">.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import TokenSimulation from "bpmn-js-token-simulation/lib/viewer";
import { drawn, inOneLanguage, open, whenSized } from "./diagram.js";

for (const container of document.querySelectorAll("[data-diagram]")) {
  const viewer = new NavigatedViewer({ container, ...drawn, additionalModules: [TokenSimulation] });
  if (await open(viewer, container, container.dataset.diagram, inOneLanguage)) {
    whenSized(container, () => {
      viewer.get("canvas").resized();
      viewer.get("canvas").zoom("fit-viewport", "auto");
    });
    viewer.get("toggleMode").toggleMode(true);
    container.dataset.shown = "";
  }
}
