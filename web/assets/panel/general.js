// What every element has: its names, its id, and its documentation.
import { getBusinessObject, is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { processOf } from "./file.js";

const WITHOUT_NAME = ["bpmn:Group", "bpmn:Association"];
const ID = /^[A-Za-z_][\w.-]*$/;

// What people read, and for a process how it is started.
export function generalEntries(element) {
  const object = getBusinessObject(element);
  const process = processOf(element);
  if (is(element, "bpmn:Collaboration") || isAny(element, WITHOUT_NAME)) return [];
  if (is(element, "bpmn:TextAnnotation")) return [names(element, object, "text", "text")];
  if (!process) return [names(element, object, "name", "name")];
  const pool = is(element, "bpmn:Participant");
  const own = [{ ...names(element, process, "name", "processName"), id: "processName" }, { ...id(element, process, "key"), of: process.id }];
  return [...(pool ? [names(element, object, "name", "name")] : []), ...own, executable(element, process)];
}

// What a designer rarely needs.
export function moreEntries(element) {
  const object = getBusinessObject(element);
  if (is(element, "bpmn:Collaboration")) return [];
  return [...(is(element, "bpmn:Process") ? [] : [id(element, object, "id")]), documentation(element, processOf(element) ?? object)];
}

const names = (element, object, key, word) => ({
  key,
  word,
  kind: "twoNames",
  get: () => object.get(key) ?? "",
  set: (value, { file }) => file.set(element, { [key]: value }, object),
});

// An invalid id is not written: the entry explains why.
const id = (element, object, word) => ({
  key: "id",
  word,
  kind: "id",
  get: () => object.id,
  fault: (value, { file }) => {
    if (!ID.test(value)) return "id.unfit";
    const other = object.$model.ids.assigned(value);
    return other && other !== object && file ? "id.taken" : undefined;
  },
  set: (value, { file }) => file.set(element, { id: value }, object),
});

const documentation = (element, object) => ({
  key: "documentation",
  kind: "area",
  get: () => object.documentation?.[0]?.text ?? "",
  set: (value, { file }) => {
    const found = object.documentation?.[0];
    if (found && value) file.set(element, { text: value }, found);
    else file.set(element, { documentation: value ? [file.make("bpmn:Documentation", { text: value }, object)] : [] }, object);
  },
});

const executable = (element, process) => ({
  key: "isExecutable",
  kind: "check",
  get: () => (process.isExecutable === false ? "" : "true"),
  set: (value, { file }) => file.set(element, { isExecutable: Boolean(value) }, process),
});
