// Our own attributes of an element, as entries of the panel: attributes.json says how each is filled in, one
// line for each; parvandeh.json, which elements have it.
import { is } from "bpmn-js/lib/util/ModelUtil";
import parvandeh from "../parvandeh.json";
import attributes from "./attributes.json";
import { isEventSubProcess, processOf, triggerOf } from "./file.js";

const FORM = "camunda:formKey"; // a name that other tools know, too
const WITH_FORM = ["bpmn:StartEvent", "bpmn:UserTask"];
// What waits at the start of an event sub-process waits as on a border.
const AS_ON_A_BORDER = "bpmn:BoundaryEvent";
const OF_BORDERS = ["result", "code", "detail", "correlation", "party"];
// Of a process, it names variables; of what waits, the one for whom it waits.
const PARTY = "parvandeh:party";
const AWAITED = { word: "awaited", kind: "combo", list: "units" };

const extended = new Map();
for (const { extends: types = [], properties } of parvandeh.types) {
  for (const { name } of properties) extended.set(`${parvandeh.prefix}:${name}`, types);
}
extended.set(FORM, WITH_FORM);

const shortOf = (name) => name.slice(name.indexOf(":") + 1);

// The entries of a section, in the order of attributes.json.
export function attributesOf(element, section) {
  const process = processOf(element);
  const objects = [...new Set([element.businessObject, process])].filter(Boolean);
  return objects.flatMap((object) =>
    attributes.filter((one) => sectionOf(one, object) === section && stands(one, object)).map((one) => entry(element, object, one)),
  );
}

// Attributes about a system, a form or a decision are shown with it, those of a called process with the call.
function sectionOf({ name, section }, object) {
  const type = (wanted) => is(object, wanted);
  if (section === "data" && type("bpmn:CallActivity")) return "call";
  if (["parvandeh:result", PARTY].includes(name) && type("bpmn:ServiceTask")) return "system";
  if (name === PARTY && !type("bpmn:Process")) return "event";
  if (section === "people" && type("bpmn:Process")) return "more";
  return section === "form" && type("bpmn:Process") ? "case" : section;
}

function stands({ name, triggers }, object) {
  if (isEventSubProcess(object)) return false; // its start event represents it
  const within = is(object, "bpmn:StartEvent") && isEventSubProcess(object.$parent);
  const started = is(object, "bpmn:StartEvent") && !is(object.$parent, "bpmn:Process");
  if (started && ["parvandeh:starter", FORM].includes(name)) return false; // nobody starts a sub-process
  const types = extended.get(name) ?? [];
  const asBorder = within && OF_BORDERS.includes(shortOf(name)) && types.includes(AS_ON_A_BORDER);
  if (!asBorder && !types.includes(object.$type)) return false; // a service task is a task, and is none for people
  if (name === "parvandeh:outcome" && !endsTheCase(object)) return false;
  if (name === FORM && is(object, "bpmn:StartEvent") && object.eventDefinitions?.length) return false;
  if (!triggers || !is(object, "bpmn:Event")) return true;
  return triggers.includes(triggerOf({ businessObject: object }).kind);
}

function endsTheCase(end) {
  const scope = end.$parent;
  return is(scope, "bpmn:Process") || (isEventSubProcess(scope) && is(scope.$parent, "bpmn:Process"));
}

function entry(element, object, { name, kind, list, values }) {
  return {
    key: name,
    word: shortOf(name),
    kind,
    list,
    values,
    ...(name === PARTY && !is(object, "bpmn:Process") ? AWAITED : {}),
    get: () => object.get(name) ?? "",
    set: (value, { file }) => file.set(element, { [name]: value }, object),
  };
}
