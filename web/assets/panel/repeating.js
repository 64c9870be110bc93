// Repetition: for each of a list, so many times, or as long as a condition is true.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";
import { isEventSubProcess } from "./file.js";

const MANY = "bpmn:MultiInstanceLoopCharacteristics";
const LOOP = "bpmn:StandardLoopCharacteristics";
const KINDS = ["parallel", "sequential", "loop"];

export function repeatEntries(element) {
  const object = getBusinessObject(element);
  if (!is(element, "bpmn:Activity") || isEventSubProcess(object)) return [];
  const marker = object.loopCharacteristics;
  return [repeat(element, object), ...(marker && is(marker, MANY) ? instances(element, marker) : []), ...(marker && is(marker, LOOP) ? loop(element, marker) : [])];
}

function kindOf(marker) {
  if (!marker) return "";
  return is(marker, LOOP) ? "loop" : marker.isSequential ? "sequential" : "parallel";
}

function repeat(element, object) {
  return {
    key: object.loopCharacteristics && is(object.loopCharacteristics, LOOP) ? "standardLoopCharacteristics" : "multiInstanceLoopCharacteristics",
    word: "repeat",
    id: "repeat",
    kind: "select",
    values: KINDS,
    get: () => kindOf(object.loopCharacteristics),
    set: (value, { file }) => {
      const marker = object.loopCharacteristics;
      const isSequential = value === "sequential" || undefined;
      if (marker && is(marker, MANY) && value && value !== "loop") file.set(element, { isSequential }, marker);
      else file.set(element, { loopCharacteristics: value ? made(value, isSequential, object, file) : undefined });
    },
  };
}

const made = (kind, isSequential, object, file) =>
  kind === "loop" ? file.make(LOOP, {}, object) : file.make(MANY, { ...(isSequential && { isSequential }) }, object);

function instances(element, marker) {
  return [
    attribute(element, marker, "open:collection", { key: "loopDataInputRef", kind: "expression" }),
    item(element, marker, "inputDataItem", "bpmn:DataInput"),
    child(element, marker, "loopCardinality"),
    attribute(element, marker, "open:results", { key: "loopDataOutputRef", kind: "code" }),
    item(element, marker, "outputDataItem", "bpmn:DataOutput"),
    child(element, marker, "completionCondition"),
  ];
}

function loop(element, marker) {
  return [
    child(element, marker, "loopCondition"),
    {
      key: "testBefore",
      kind: "check",
      get: () => (marker.testBefore ? "true" : ""),
      set: (value, { file }) => file.set(element, { testBefore: Boolean(value) || undefined }, marker),
    },
    {
      key: "loopMaximum",
      kind: "number",
      get: () => String(marker.loopMaximum ?? ""),
      set: (value, { file }) => file.set(element, { loopMaximum: value === "" ? undefined : Number(value) }, marker),
    },
  ];
}

function attribute(element, object, name, entry) {
  return { ...entry, get: () => object.get(name) ?? "", set: (value, { file }) => file.set(element, { [name]: value }, object) };
}

function child(element, object, name) {
  return { key: name, kind: "expression", get: () => object.get(name)?.body ?? "", set: (value, { file }) => file.expression(element, name, value, object) };
}

// The variable of one instance: an element with its name.
function item(element, marker, name, type) {
  return {
    key: name,
    kind: "code",
    get: () => marker.get(name)?.get("open:variable") ?? "",
    set: (value, { file }) => {
      const found = marker.get(name);
      if (value && found) file.set(element, { "open:variable": value }, found);
      else file.set(element, { [name]: value ? withVariable(file.make(type, {}, marker), value) : undefined }, marker);
    },
  };
}

// The library adds an id to what it creates, which would be a name of its own here.
function withVariable(object, value) {
  object.id = undefined;
  object.set("open:variable", value);
  return object;
}
