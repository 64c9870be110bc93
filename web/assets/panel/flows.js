// Which flow is taken: conditions, and the default flow.
import { getBusinessObject, is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { shown } from "./names.js";

const CHOOSING = ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:Activity", "bpmn:Event"];

const flowsOf = (element) => (element.outgoing ?? []).filter((one) => is(one, "bpmn:SequenceFlow"));

// Of a flow. After a parallel or event-based gateway there is no choice.
export function flowEntries(element) {
  if (!is(element, "bpmn:SequenceFlow") || !element.source || !isAny(element.source, CHOOSING)) return [];
  const source = element.source;
  const isDefault = getBusinessObject(source).default === getBusinessObject(element);
  const many = flowsOf(source).length > 1;
  const kept = isDefault || (many && is(source, "bpmn:FlowNode") && !is(source, "bpmn:Event"));
  return [...(isDefault ? [] : [condition(element)]), ...(kept ? [asDefault(element)] : [])];
}

// Of an element with several outgoing flows: all of them in one place.
export function pathEntries(element) {
  const flows = flowsOf(element);
  if (flows.length < 2 || !isAny(element, CHOOSING)) return [];
  const object = getBusinessObject(element);
  const chosen = flows.filter((flow) => object.default !== getBusinessObject(flow)).map((flow) => ({ ...condition(flow), ...leadsTo(flow) }));
  return is(element, "bpmn:Event") ? chosen : [...chosen, defaultOf(element, flows)];
}

function condition(flow) {
  const object = getBusinessObject(flow);
  return {
    key: "conditionExpression",
    kind: "expression",
    of: flow.id,
    get: () => object.conditionExpression?.body ?? "",
    set: (value, { file }) => file.expression(flow, "conditionExpression", value),
  };
}

const leadsTo = (flow) => ({ id: `condition-${flow.id}`, word: "conditionTo", told: { flow: nameOf(flow) } });

function nameOf(flow) {
  const names = [flow, flow.target].map((one) => shown(getBusinessObject(one)?.name));
  return names.find(Boolean) ?? flow.target?.id ?? flow.id;
}

function asDefault(flow) {
  const source = flow.source;
  const object = getBusinessObject(flow);
  return {
    key: "default",
    word: "isDefault",
    kind: "check",
    of: source.id,
    get: () => (getBusinessObject(source).default === object ? "true" : ""),
    set: (value, { file }) => file.all(becomeDefault(source, value ? flow : undefined, file)),
  };
}

function defaultOf(element, flows) {
  const object = getBusinessObject(element);
  return {
    key: "default",
    kind: "select",
    options: flows.map((flow) => ({ value: flow.id, label: nameOf(flow) })),
    get: () => object.default?.id ?? "",
    set: (value, { file }) => file.all(becomeDefault(element, flows.find(({ id }) => id === value), file)),
  };
}

// The default flow has no condition.
function becomeDefault(source, flow, file) {
  const changes = [file.change(source, { default: flow && getBusinessObject(flow) })];
  if (flow && getBusinessObject(flow).conditionExpression) changes.push(file.change(flow, { conditionExpression: undefined }));
  return changes;
}
