// What every element has: its names, its id, and what is said of it.
import { getBusinessObject, is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { processOf } from "./file.js";

const ID = /^[A-Za-z_][\w.-]*$/;

export function generalEntries(element) {
  const object = getBusinessObject(element);
  const process = processOf(element);
  if (is(element, "bpmn:Collaboration")) return [];
  const pool = is(element, "bpmn:Participant");
  return [
    ...(is(element, "bpmn:TextAnnotation") ? [annotation(element)] : isAny(element, ["bpmn:Group", "bpmn:Association"]) ? [] : [names(element, object)]),
    ...(pool && process ? [{ ...names(element, process), word: "processName", id: "processName", of: process.id }] : []),
    id(element, object, is(element, "bpmn:Process") ? "key" : "id"),
    ...(pool && process ? [{ ...id(element, process, "key"), id: "key", of: process.id }] : []),
    documentation(element, process ?? object),
    ...(process ? [executable(element, process)] : []),
  ];
}

const names = (element, object) => ({
  key: "name",
  kind: "twoNames",
  get: () => object.name ?? "",
  set: (value, { file }) => file.set(element, { name: value }, object),
});

const annotation = (element) => ({
  key: "text",
  kind: "twoNames",
  get: () => getBusinessObject(element).text ?? "",
  set: (value, { file }) => file.set(element, { text: value }),
});

// An id that the file could not have is not written: the entry says why.
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
