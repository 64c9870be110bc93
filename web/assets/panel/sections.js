// What the panel shows of an element: sections with entries. An entry has
//   key    its subject, as findings name it: an attribute, or a child of the element
//   word   the key of the texts with its name and help
//   kind   how it is filled in (entries.jsx), with its `list` of choices or its `values`
//   get    its value as a text; set(value, {file}) writes it
//   of     the id of the element that findings and names are about, if it is another one
import { getBusinessObject, is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { attributesOf } from "./attributes.js";
import { eventEntries } from "./events.js";
import { isEventSubProcess, processOf } from "./file.js";
import { flowEntries, pathEntries } from "./flows.js";
import { generalEntries, moreEntries } from "./general.js";
import { declaresOutcomes } from "./outcomes.js";
import { repeatEntries } from "./repeating.js";

const OPEN = ["general", "flow", "script", "call", "system", "rule", "event", "paths"];

const own = {
  general: generalEntries,
  flow: flowEntries,
  paths: pathEntries,
  script: (element) => (is(element, "bpmn:ScriptTask") ? [script(element)] : []),
  call: (element) => (is(element, "bpmn:CallActivity") ? [called(element)] : []),
  event: eventEntries,
  repeat: repeatEntries,
  more: moreEntries,
  case: (element) => (processOf(element) ? [{ key: "outcomes", word: "outcomes", kind: "outcomes", object: processOf(element) }] : []),
  form: (element) =>
    declaresOutcomes(element) ? [{ key: "outcomes", word: "outcomes-here", kind: "outcomes", object: getBusinessObject(element) }] : [],
};
const ORDER = ["general", "flow", "script", "call", "system", "bill", "rule", "event", "paths", "people", "form", "time", "case", "repeat", "data", "more"];

export function sectionsOf(element) {
  return ORDER.map((id) => ({ id, open: OPEN.includes(id), entries: () => entries(element, id) })).filter((one) => one.entries().length);
}

function entries(element, id) {
  const special = own[id]?.(element) ?? [];
  const attributes = attributesOf(element, id);
  return ["form", "case"].includes(id) ? [...attributes, ...special] : [...special, ...attributes];
}

// The ids that findings use for an element.
export function idsOf(element) {
  const object = getBusinessObject(element);
  const definitions = object.eventDefinitions ?? [];
  const referred = [object, ...definitions].flatMap((one) => ["messageRef", "signalRef", "errorRef", "escalationRef"].map((name) => one.get(name)?.id));
  const found = [object.id, processOf(element)?.id, ...definitions.map(({ id }) => id), ...referred].filter(Boolean);
  return element.parent ? found : [...found, null]; // findings about no element are shown when nothing is selected
}

// Whether the element has an expression, for which the readable names are useful.
export const reads = (element) =>
  !isAny(element, ["bpmn:Collaboration", "bpmn:TextAnnotation", "bpmn:Group", "bpmn:Lane"]) && !isEventSubProcess(getBusinessObject(element));

function script(element) {
  const object = getBusinessObject(element);
  return {
    key: "script",
    kind: "script",
    get: () => object.script ?? "",
    set: (value, { file }) => file.set(element, { script: value, scriptFormat: object.scriptFormat ?? "python" }),
  };
}

function called(element) {
  const object = getBusinessObject(element);
  return {
    key: "calledElement",
    kind: "choice",
    list: "processes",
    get: () => object.calledElement ?? "",
    set: (value, { file }) => file.set(element, { calledElement: value }),
  };
}
