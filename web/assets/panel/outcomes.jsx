// The declared outcomes of a case as a list: the stored code, its effect, its names in two languages.
import { Findings, TwoNames, idOf } from "./entries.jsx";
import { EFFECTS, add, outcomesOf, remove } from "./outcomes.js";

export function Outcomes({ entry, findings, tools }) {
  const { say, element, file } = tools;
  const id = idOf(entry);
  return (
    <fieldset class="entry rows" data-entry="outcomes">
      <legend>{say(`${entry.word}.name`)}</legend>
      <p class="help">{say(`${entry.word}.help`)}</p>
      {outcomesOf(entry.object).map((outcome, at) => (
        <Outcome key={at} {...{ outcome, tools, id: `${id}-${at}` }} remove={() => remove(element, entry.object, outcome, file)} />
      ))}
      <button type="button" onClick={() => add(element, entry.object, file)}>{say("outcomes.add")}</button>
      <Findings {...{ id, findings, say }} />
    </fieldset>
  );
}

function Outcome({ outcome, tools, id, remove: drop }) {
  const { say, element, file } = tools;
  const set = (properties) => file.set(element, properties, outcome);
  const name = { key: "outcomeName", id, get: () => outcome.get("name") ?? "", set: (value) => set({ name: value }) };
  return (
    <div class="one">
      <div class="entry">
        <label for={`${id}-value`}>{say("outcomes.value")}</label>
        <input id={`${id}-value`} type="text" dir="ltr" class="code" value={outcome.value ?? ""} onInput={({ currentTarget }) => set({ value: currentTarget.value })} />
      </div>
      <div class="entry">
        <label for={`${id}-effect`}>{say("outcomes.effect")}</label>
        <select id={`${id}-effect`} value={outcome.effect ?? ""} onChange={({ currentTarget }) => set({ effect: currentTarget.value })}>
          {EFFECTS.map((effect) => <option key={effect} value={effect}>{say(`outcomes.${effect}`)}</option>)}
        </select>
      </div>
      <TwoNames entry={name} findings={[]} tools={tools} />
      <button type="button" onClick={drop}>{say("outcomes.remove", { value: outcome.value ?? "" })}</button>
    </div>
  );
}
