// What an event waits for or throws: a time, a message, a signal, an error, an escalation, a condition, a link.
import { getBusinessObject, is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { isEventSubProcess, triggerOf } from "./file.js";
import { shown } from "./names.js";

const TIMES = ["timeDuration", "timeDate", "timeCycle"];
// References to a definition at the top level of the file: by its name, or by its code.
const REFERENCES = {
  message: { property: "messageRef", type: "bpmn:Message", list: "messages" },
  signal: { property: "signalRef", type: "bpmn:Signal", list: "signals" },
  error: { property: "errorRef", type: "bpmn:Error", list: "errors", code: "errorCode" },
  escalation: { property: "escalationRef", type: "bpmn:Escalation", list: "escalations", code: "escalationCode" },
};

export function eventEntries(element) {
  if (isAny(element, ["bpmn:ReceiveTask", "bpmn:SendTask"])) return [reference(element, getBusinessObject(element), "message")];
  if (!is(element, "bpmn:Event")) return [];
  const { definition, kind } = triggerOf(element);
  const entries = definition ? about(element, definition, kind) : [];
  return [...entries, ...interrupting(element, kind)];
}

function about(element, definition, kind) {
  if (REFERENCES[kind]) return [reference(element, definition, kind)];
  if (kind === "timer") return timer(element, definition);
  if (kind === "conditional") return [child(element, definition, "condition")];
  if (kind === "link") return [plain(element, definition, "name", "link")];
  return kind === "compensate" && !is(element, "bpmn:BoundaryEvent") && !is(element, "bpmn:StartEvent") ? [activity(element, definition)] : [];
}

function reference(element, object, kind) {
  const { property, type, list, code } = REFERENCES[kind];
  const name = (one) => (code && one?.get(code)) || one?.name || "";
  return {
    key: property,
    kind: "reference",
    list,
    known: (file) => file.definitions(type, element).map(name).filter(Boolean),
    get: () => name(object.get(property)),
    set: (value, { file }) => {
      const text = value.trim();
      file.refer(element, object, property, { type, name, properties: { name: text, ...(code && { [code]: text }) } });
    },
  };
}

function timer(element, definition) {
  const kind = () => TIMES.find((name) => definition.get(name)) ?? TIMES[0];
  const text = () => definition.get(kind())?.body ?? "";
  return [
    {
      key: "timer",
      kind: "select",
      values: TIMES,
      needed: true,
      get: kind,
      set: (value, { file }) => file.set(element, times(value, text(), definition, file), definition),
    },
    {
      key: kind(),
      kind: "expression",
      get: text,
      set: (value, { file }) => file.set(element, times(kind(), value, definition, file), definition),
    },
  ];
}

// One of the three. It remains without a text, so that its type is known.
function times(kind, text, definition, file) {
  const made = file.make("bpmn:FormalExpression", { body: text }, definition);
  return Object.fromEntries(TIMES.map((name) => [name, name === kind ? made : undefined]));
}

function child(element, object, name) {
  return {
    key: name,
    kind: "expression",
    get: () => object.get(name)?.body ?? "",
    set: (value, { file }) => file.expression(element, name, value, object),
  };
}

function plain(element, object, name, word) {
  return { key: name, word, id: word, kind: "text", get: () => object.get(name) ?? "", set: (value, { file }) => file.set(element, { [name]: value }, object) };
}

function activity(element, definition) {
  const scope = getBusinessObject(element).$parent;
  const around = isEventSubProcess(scope) ? scope.$parent : scope;
  const activities = (around.flowElements ?? []).filter((one) => is(one, "bpmn:Activity") && !one.isForCompensation && !isEventSubProcess(one));
  return {
    key: "activityRef",
    kind: "select",
    options: activities.map((one) => ({ value: one.id, label: shown(one.name) || one.id })),
    get: () => definition.activityRef?.id ?? "",
    set: (value, { file }) => file.set(element, { activityRef: activities.find(({ id }) => id === value) }, definition),
  };
}

// Whether it interrupts; an error always does.
function interrupting(element, kind) {
  const object = getBusinessObject(element);
  const border = is(element, "bpmn:BoundaryEvent");
  const start = is(element, "bpmn:StartEvent") && isEventSubProcess(object.$parent);
  if (!(border || start) || ["error", "compensate", "cancel", ""].includes(kind)) return [];
  const name = border ? "cancelActivity" : "isInterrupting";
  return [
    {
      key: name,
      kind: "check",
      get: () => (object.get(name) === false ? "" : "true"),
      set: (value, { file }) => file.set(element, { [name]: Boolean(value) }),
    },
  ];
}
