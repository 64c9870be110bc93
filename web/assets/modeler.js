// Draws a diagram:
//   <div data-modeler="URL of a BPMN file" data-failed="…" data-name="name of the file" data-panel="ID of the place for
//        properties" data-form="ID of the form that saves" data-told="ID of what tells how saving goes"
//        data-trouble="ID of the place for refusals" data-texts='{"Activate hand tool": "…"}'
//        data-words='{"due.name": "…"}' data-choices="URL of what can be chosen" data-look="URL of what checks"></div>
// The form is sent by fetch, with the diagram in its field "xml"; the answer gives its next "revision". A refusal is
// shown as it comes; its buttons [data-tool] decide what becomes of the drawing, which stays. data-texts says the tools'
// texts in the page's language, data-words those of our panel. With unsaved changes, leaving the page
// needs a confirmation.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";
import "./bpmn.css";
import Modeler from "bpmn-js/lib/Modeler";
import TokenSimulation from "bpmn-js-token-simulation";
import { drawn, fit, given, open, whenSized } from "./diagram.js";
import panel from "./panel/index.js";
import { closed, descriptor, opened } from "./panel/instances.js";
import parvandeh from "./parvandeh.json";

const LEGIBLE = 0.5;
const NARROW = 600; // pixels in which the palette would leave no room

async function draw(container) {
  const parent = document.getElementById(container.dataset.panel);
  const modeler = new Modeler({
    container,
    ...drawn,
    propertiesPanel: { parent },
    panel: {
      words: given(container, "words"),
      choices: container.dataset.choices,
      look: container.dataset.look,
      form: document.getElementById(container.dataset.form),
      xml: () => written(modeler),
    },
    additionalModules: [panel, TokenSimulation, translated(given(container, "texts"))],
    moddleExtensions: { parvandeh: structuredClone(parvandeh), open: descriptor }, // the modeler changes its arguments
  });
  if (!(await open(modeler, container, container.dataset.modeler, opened))) return;
  const canvas = modeler.get("canvas");
  name(container, modeler.get("translate"));
  const palette = container.querySelector(".djs-palette");
  const covered = () => palette.offsetLeft + palette.offsetWidth;
  let fitted = false;
  whenSized(container, () => {
    canvas.resized();
    if (fitted) return;
    fitted = true; // from now on the user scrolls
    const narrow = container.clientWidth < NARROW;
    if (narrow) modeler.get("palette").close();
    const start = modeler.get("elementRegistry").find(({ type, parent }) => type === "bpmn:StartEvent" && parent === canvas.getRootElement());
    fit(canvas, { covered: covered(), least: narrow ? LEGIBLE : 0, begin: start && start.y + start.height / 2 });
  });
  const saving = new Saving(modeler, container);
  modeler.on("commandStack.changed", () => saving.changed());
  window.addEventListener("beforeunload", (event) => {
    if (container.hasAttribute("data-changed")) event.preventDefault();
  });
  // By its place on the keyboard, too: a Persian one has no "s". Before what is edited in the diagram takes the key.
  const saves = (event) => {
    const wanted = event.key.toLowerCase() === "s" || event.code === "KeyS";
    if (!(event.ctrlKey || event.metaKey) || !wanted) return;
    event.preventDefault();
    event.stopPropagation();
    saving.save();
  };
  document.addEventListener("keydown", saves, { capture: true });
  const stack = modeler.get("commandStack");
  const tools = {
    undo: () => stack.canUndo() && stack.undo(),
    redo: () => stack.canRedo() && stack.redo(),
    in: () => canvas.zoom(canvas.zoom() * 1.25),
    out: () => canvas.zoom(canvas.zoom() / 1.25),
    fit: () => fit(canvas, { covered: covered() }),
    download: () => saving.download(),
    theirs: () => container.removeAttribute("data-changed"), // the link continues to it
    overwrite: ({ revision }) => saving.save(revision),
  };
  document.addEventListener("click", ({ target }) => {
    const tool = target.closest("[data-tool]");
    if (tool) tools[tool.dataset.tool]?.(tool.dataset);
  });
  container.dataset.shown = "";
}

// The diagram as a file.
async function written(modeler) {
  return closed((await modeler.saveXML({ format: true })).xml);
}

class Saving {
  constructor(modeler, container) {
    const place = (name) => document.getElementById(container.dataset[name]);
    Object.assign(this, { modeler, container, form: place("form"), told: place("told"), trouble: place("trouble") });
    this.at = this.state(); // the last command when it was last saved
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
  }

  state() {
    // The command itself: after an undo another one may have the same number.
    const { _stack, _stackIdx } = this.modeler.get("commandStack");
    return _stack[_stackIdx];
  }

  changed() {
    const changed = this.state() !== this.at;
    this.container.toggleAttribute("data-changed", changed);
    this.tell(changed ? "unsaved" : "saved");
  }

  tell(word) {
    this.told.textContent = this.told.dataset[word];
  }

  // Includes what is being typed: in the diagram, or in a field that is written when it is left.
  async xml() {
    const editing = this.modeler.get("directEditing");
    if (editing.isActive()) editing.complete();
    const field = document.activeElement;
    if (field?.matches("#" + this.container.dataset.panel + " input[type=text]")) field.dispatchEvent(new Event("change", { bubbles: true }));
    return written(this.modeler);
  }

  async save(over) {
    if (this.under) return;
    this.under = true;
    this.tell("saving");
    try {
      const xml = this.xml(); // what is being typed becomes a command immediately
      const at = this.state();
      const { xml: field, revision } = this.form.elements;
      field.value = await xml;
      if (over) revision.value = over;
      const answer = await fetch(this.form.action, { method: "POST", body: new FormData(this.form) });
      const saved = answer.ok && answer.headers.get("Content-Type").startsWith("application/json");
      if (saved) {
        revision.value = (await answer.json()).revision;
        this.at = at;
        this.trouble.replaceChildren();
        this.changed();
      } else await this.refuse(answer);
    } catch (fault) {
      console.warn(fault);
      this.tell("lost");
    } finally {
      this.under = false;
    }
  }

  async refuse(answer) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const told = page.querySelector("[role=alert]") ?? page.querySelector("main h1");
    if (!told) throw new Error(`${answer.status}`);
    this.trouble.replaceChildren(document.adoptNode(told));
    this.tell("unsaved");
  }

  async download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([await this.xml()], { type: "application/xml" }));
    link.download = this.container.dataset.name;
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

// The tools spell one word differently: "End event" and "End Event", "Event-based" and "Event Based".
const plain = (word) => word.toLowerCase().replace(/[^a-z]+/g, " ").trim();

function translated(texts) {
  const known = new Map(Object.entries(texts).map(([word, said]) => [plain(word), said]));
  const translate = (text, values = {}) =>
    (known.get(plain(text)) ?? text).replace(/{([^}]+)}/g, (place, name) => values[name] ?? place);
  return { translate: ["value", translate] };
}

// Names that the tools lack, or have only in English.
function name(container, translate) {
  const toggle = container.querySelector(".djs-palette-toggle");
  Object.assign(toggle, { role: "button", tabIndex: 0, ariaLabel: translate("Tools"), title: translate("Tools") });
  toggle.addEventListener("keydown", (event) => {
    if (!["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    toggle.click();
  });
  const simulation = container.querySelector(".bts-toggle-mode");
  const say = () => {
    const text = simulation.firstChild;
    const said = `${translate("Token Simulation")} `;
    if (text.data !== said) text.data = said;
  };
  new MutationObserver(say).observe(simulation, { childList: true });
  say();
}

for (const container of document.querySelectorAll("[data-modeler]")) draw(container);
