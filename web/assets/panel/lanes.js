// Preserves the lane of a step if the drawing has no lanes: what is moved or changed there remains in the file's lane. The
// modeler itself removes a step from every lane that it doesn't see around it.
import { collectLanes, getLanesRoot } from "bpmn-js/lib/features/modeling/util/LaneUtil";

function Lanes(eventBus) {
  eventBus.on("commandStack.lane.updateRefs.preExecute", 2000, ({ context }) => {
    const gone = (shape) => !shape.parent;
    const told = (shape) => collectLanes(getLanesRoot(shape)).length > 0;
    context.flowNodeShapes = context.flowNodeShapes.filter((shape) => gone(shape) || told(shape));
  });
}
Lanes.$inject = ["eventBus"];

export default { __init__: ["drawnLanes"], drawnLanes: ["type", Lanes] };
