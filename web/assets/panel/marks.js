// Elements with findings are highlighted in the diagram, so that nobody has to select each one to find them.
const MARKS = { error: "has-error", warning: "has-warning" };

export default class Marks {
  static $inject = ["eventBus", "canvas", "elementRegistry", "look"];

  constructor(eventBus, canvas, elementRegistry, look) {
    let marked = [];
    eventBus.on("look.changed", () => {
      // By the element: its ID may have changed.
      for (const [shape, mark] of marked) if (elementRegistry.get(shape.id) === shape) canvas.removeMarker(shape, mark);
      marked = [];
      for (const { element, severity } of look.answer.findings) {
        const shape = elementRegistry.get(element);
        if (!shape?.parent || !MARKS[severity]) continue; // the drawing itself has no outline
        canvas.addMarker(shape, MARKS[severity]);
        marked.push([shape, MARKS[severity]]);
      }
    });
  }
}
