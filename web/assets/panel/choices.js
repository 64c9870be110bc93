// The available choices: those of the installation, as the server lists them, and those in the diagram.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";
import { outcomesOf } from "./outcomes.js";
import { shown } from "./names.js";

const plain = (value) => ({ value, label: value });

// Choices of a list as [{value, label, …}]; undefined if the server hasn't listed them.
export function choicesOf(entry, element, { look, file }) {
  const made = ofDiagram[entry.list];
  if (made) return unique(made(entry, element, { look, file }));
  const known = look.choices[entry.list];
  return entry.known ? unique([...(known ?? []), ...entry.known(file).map(plain)]) : known;
}

const ofDiagram = {
  operations: (_, element, { look }) => connectorOf(element, look)?.operations ?? [],
  parameters: (_, element, { look }) => namesOf(operationOf(element, look)?.parameters),
  replies: (_, element, { look }) => namesOf(operationOf(element, look)?.result),
  outcomes: (_, element) => outcomesOf(processAround(element)).map((one) => ({ value: one.value ?? "", label: shown(one.name) || one.value })),
  groups: (_, element, { file }) => valuesOf("parvandeh:sod", file).map(plain),
  escalations: (entry, element, { file }) => entry.known(file).map(plain),
};

const namesOf = (fields) => (fields ?? []).map(({ name }) => plain(name));

function unique(choices) {
  return [...new Map(choices.filter(({ value }) => value).map((one) => [one.value, one])).values()];
}

function valuesOf(name, file) {
  return file.elementRegistry.getAll().flatMap((one) => getBusinessObject(one).get(name) ?? []);
}

export function processAround(element) {
  let object = getBusinessObject(element);
  while (object && !is(object, "bpmn:Process")) object = object.$parent;
  return object;
}

const named = (choices, value) => (choices ?? []).find((one) => one.value === value);
const attribute = (element, name) => getBusinessObject(element).get(`parvandeh:${name}`);

export const connectorOf = (element, look) => named(look.choices.connectors, attribute(element, "connector"));
export const operationOf = (element, look) => named(connectorOf(element, look)?.operations, attribute(element, "operation"));
export const calledOf = (element, look) => named(look.choices.processes, getBusinessObject(element).calledElement);
export const decisionOf = (element, look) => named(look.choices.decisions, attribute(element, "decisionRef"));
