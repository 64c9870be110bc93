// The panel next to the modeler: what an element does, in plain words, instead of the attributes of the file.
import { BpmnPropertiesPanelModule } from "bpmn-js-properties-panel";
import File from "./file.js";
import lanes from "./lanes.js";
import Marks from "./marks.js";
import Look from "./look.js";
import names from "./names.js";
import { Readable, Section, Top } from "./section.jsx";
import { reads, sectionsOf } from "./sections.js";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "./panel.css";

class Provider {
  static $inject = ["propertiesPanel", "config.panel", "eventBus", "file", "look"];

  constructor(propertiesPanel, { words }, eventBus, file, look) {
    const say = (key, values = {}) => (words[key] ?? key).replace(/{(\w+)}/g, (place, name) => values[name] ?? place);
    this.tools = { say, eventBus, file, look };
    propertiesPanel.registerProvider(this);
    // The most important entries of another element are at the top.
    eventBus.on("selection.changed", () => {
      document.querySelector(".bio-properties-panel-scroll-container")?.scrollTo(0, 0); // its promise would end the event
    });
  }

  getGroups(element) {
    const { tools } = this;
    const group = (id, component, more = {}) => ({ id, component, tools: { ...tools, element }, ...more });
    return () => [
      group("findings", Top, { sections: () => sectionsOf(element) }),
      ...sectionsOf(element).map(({ id, ...section }) => group(id, Section, section)),
      ...(reads(element) ? [group("readable", Readable)] : []),
    ];
  }
}

export default {
  __depends__: [BpmnPropertiesPanelModule, lanes, names],
  __init__: ["panel", "marks"],
  file: ["type", File],
  look: ["type", Look],
  marks: ["type", Marks],
  panel: ["type", Provider],
};
