// What a service task sends: a field for each parameter of the chosen operation; else, and for more, rows.
import { operationOf } from "./choices.js";
import { Findings, Help, described, idOf, readable } from "./entries.jsx";
import { AsText, Rows, useRows } from "./mapping.jsx";
import { Suggesting } from "./suggesting.jsx";

export function Request({ entry, findings, tools }) {
  const parameters = operationOf(tools.element, tools.look)?.parameters ?? [];
  return parameters.length ? <Parameters {...{ entry, findings, tools, parameters }} /> : <Rows {...{ entry, findings, tools }} />;
}

function Parameters({ entry, findings, tools, parameters }) {
  const { say } = tools;
  const [all, write] = useRows(entry, tools);
  const options = readable(entry, tools);
  if (!all) return <AsText {...{ entry, findings, tools, options }} />;
  const known = new Set(parameters.map(({ name }) => name));
  const others = all.filter(({ name }) => !known.has(name));
  const set = (name, value) => {
    const left = all.filter((row) => row.name !== name || value);
    const there = left.some((row) => row.name === name);
    write(there ? left.map((row) => (row.name === name ? { name, value } : row)) : [...left, ...(value ? [{ name, value }] : [])]);
  };
  const id = idOf(entry);
  return (
    <fieldset class="entry rows" data-entry={entry.key} aria-describedby={`${id}-help`}>
      <legend>{say("request.name")}</legend>
      <Help id={id} text={say("request.each")} />
      {parameters.map((parameter) => (
        <Parameter key={parameter.name} {...{ parameter, say, options, id: `${id}-${parameter.name.replace(/\W+/g, "-")}` }} value={all.find(({ name }) => name === parameter.name)?.value ?? ""} set={(value) => set(parameter.name, value)} />
      ))}
      {others.map(({ name, value }) => (
        <p key={name} class="other">
          <span>{say("request.unknown", { name })} <code>{value}</code></span>
          <button type="button" onClick={() => write(all.filter((row) => row.name !== name))}>{say("remove")}</button>
        </p>
      ))}
      <Findings {...{ id, findings, say }} />
    </fieldset>
  );
}

function Parameter({ parameter: { name, type, required, help }, value, set, say, options, id }) {
  const kind = say(`type.${type}`);
  return (
    <div class="entry">
      <label for={id}>
        <bdi>{name}</bdi> <small>{required ? kind : say("request.optional", { kind })}</small>
      </label>
      <Suggesting as="textarea" by="word" lines={1} dir="ltr" class="code" options={options} listLabel={say("readable.title")} {...described(id, [])} value={value} onText={set} />
      <p class="help" id={`${id}-help`}>{help ?? ""}</p>
      <div id={`${id}-findings`} />
    </div>
  );
}
