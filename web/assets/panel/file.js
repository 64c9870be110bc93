// Reads and changes the file behind the diagram, each change as one step that can be undone.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";

const MANY = "properties-panel.multi-command-executor";
const CAMUNDA = "http://camunda.org/schema/1.0/bpmn";
const FEEL = /feel/i;

export function rootOf(object) {
  let root = object;
  while (root.$parent) root = root.$parent;
  return root;
}

// The process whose attributes an element represents, if any: the drawing's, or a pool's.
export function processOf(element) {
  const object = getBusinessObject(element);
  if (is(element, "bpmn:Process")) return object;
  return is(element, "bpmn:Participant") ? object.processRef : undefined;
}

// The event definition of an event; its kind is "timer", "message" …, "" for none.
export function triggerOf(element) {
  const definition = getBusinessObject(element).eventDefinitions?.[0];
  const kind = definition?.$type.replace(/^bpmn:|EventDefinition$/g, "").toLowerCase() ?? "";
  return { definition, kind };
}

export const isEventSubProcess = (object) => is(object, "bpmn:SubProcess") && Boolean(object.triggeredByEvent);

// Whether expressions of the file are FEEL without an equals sign.
export const speaksFeel = (object) => FEEL.test(rootOf(object).expressionLanguage ?? "");

export default class File {
  static $inject = ["modeling", "commandStack", "bpmnFactory", "elementRegistry"];

  constructor(modeling, commandStack, bpmnFactory, elementRegistry) {
    Object.assign(this, { modeling, commandStack, bpmnFactory, elementRegistry });
  }

  // Properties of the element itself, or of something in it.
  set(element, properties, object = getBusinessObject(element)) {
    this.all([this.change(element, properties, object)]);
  }

  change(element, properties, object = getBusinessObject(element)) {
    const cleared = Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, value === "" ? undefined : value]));
    if (Object.keys(cleared).some((name) => name.startsWith("camunda:") && cleared[name])) declareCamunda(object);
    return object === getBusinessObject(element)
      ? { cmd: "element.updateProperties", context: { element, properties: cleared } }
      : { cmd: "element.updateModdleProperties", context: { element, moddleElement: object, properties: cleared } };
  }

  // Several changes as one step.
  all(changes) {
    if (changes.length === 1) this.commandStack.execute(changes[0].cmd, changes[0].context);
    else if (changes.length) this.commandStack.execute(MANY, changes);
  }

  // An expression that is a child: a condition, a time, a number.
  expression(element, name, text, object = getBusinessObject(element)) {
    const found = object.get(name);
    if (text && found) this.set(element, { body: text }, found);
    else this.set(element, { [name]: text ? this.make("bpmn:FormalExpression", { body: text }, object) : undefined }, object);
  }

  make(type, properties, parent) {
    const made = this.bpmnFactory.create(type, properties);
    made.$parent = parent;
    return made;
  }

  // A definition at the top level of the file, such as a message, to which several elements may refer.
  definitions(type, element) {
    return (rootOf(getBusinessObject(element)).rootElements ?? []).filter((one) => is(one, type));
  }

  // Refers to the definition of this name, creating it if necessary; the previous one is removed with its last use.
  refer(element, object, property, { type, name, properties }) {
    const root = rootOf(getBusinessObject(element));
    const before = object.get(property);
    const known = this.definitions(type, element).find((one) => name(one) === properties.name);
    const meant = properties.name ? (known ?? this.make(type, properties, root)) : undefined;
    if (meant === before) return;
    const left = (root.rootElements ?? []).filter((one) => one !== before || uses(before, root) > 1);
    const changes = [this.change(element, { [property]: meant }, object)];
    const rootElements = meant && !known ? [...left, meant] : left;
    changes.push(this.change(element, { rootElements }, root));
    this.all(changes);
  }

}

// How often a file refers to a definition, also in processes that are not on the canvas.
function uses(definition, root) {
  const inside = (object) => [
    object,
    ...["rootElements", "flowElements", "eventDefinitions"].flatMap((name) => (object.get(name) ?? []).flatMap(inside)),
  ];
  const refers = (object) =>
    ["messageRef", "signalRef", "errorRef", "escalationRef"].some((name) => object.get(name) === definition);
  return inside(root).filter(refers).length;
}

// A prefix that no descriptor knows has to be declared by the file.
function declareCamunda(object) {
  rootOf(object).$attrs["xmlns:camunda"] ??= CAMUNDA;
}
