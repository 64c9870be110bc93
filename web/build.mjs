// Bundles web/assets into web/static under names with a hash, and writes their mapping to manifest.json.
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { build } from "esbuild";

const SOURCES = ["icon.svg", "style.css", "page.js", "uploads.js", "viewer.js", "simulation.js", "designer.js", "modeler.js"];
const OUT = "static";
// Of PDF files, which the engine typesets (engine/platform/typesetting): not for browsers, so not in the manifest.
const FONTS = {
  "Vazirmatn-Regular.ttf": "node_modules/@expo-google-fonts/vazirmatn/400Regular/Vazirmatn_400Regular.ttf",
  "Vazirmatn-Bold.ttf": "node_modules/@expo-google-fonts/vazirmatn/700Bold/Vazirmatn_700Bold.ttf",
};
const HASH = /-[A-Z0-9]{8}(?=\.\w+$)/;

// Our security policy forbids styles in markup; icons use attributes instead.
const icons = {
  name: "icons",
  setup({ onLoad }) {
    const attributes = (style) => style.replace(/([\w-]+): ?([^;]+);?/g, '$1="$2" ');
    onLoad({ filter: /node_modules\/bpmn-js\/.*Icons\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(/style="([^"]*)"/g, (_, style) => attributes(style)),
    }));
  },
};

// The style of the panel for properties knows left and right; in Persian it is laid out from the right.
const sides = {
  name: "sides",
  setup({ onLoad }) {
    const four = /\b(margin|padding): (\S+) (\S+) (\S+) (\S+);/g;
    const logical = (css) =>
      css
        .replace(four, "$1-block: $2 $4; $1-inline: $5 $3;")
        .replace(/\b(margin|padding|border)-left\b/g, "$1-inline-start")
        .replace(/\b(margin|padding|border)-right\b/g, "$1-inline-end")
        .replace(/^(\s*)left:/gm, "$1inset-inline-start:")
        .replace(/^(\s*)right:/gm, "$1inset-inline-end:")
        .replace(/\b(float|text-align): left\b/g, (_, name) => `${name}: ${name === "float" ? "inline-start" : "start"}`)
        .replace(/\b(float|text-align): right\b/g, (_, name) => `${name}: ${name === "float" ? "inline-end" : "end"}`);
    onLoad({ filter: /assets\/properties-panel\.css$/ }, async ({ path }) => ({
      contents: logical(await readFile(path, "utf8")),
      loader: "css",
    }));
  },
};

const { metafile } = await build({
  entryPoints: SOURCES.map((name) => `assets/${name}`),
  outdir: OUT,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "@bpmn-io/properties-panel/preact",
  alias: { domify: "./assets/domify.js" },
  plugins: [icons, sides],
  loader: { ".svg": "copy", ".woff2": "file" },
  legalComments: "none", // licences.txt has all of them
  metafile: true,
  logLevel: "warning",
});

await mkdir(`${OUT}/fonts`, { recursive: true });
for (const [name, path] of Object.entries(FONTS)) await copyFile(path, `${OUT}/fonts/${name}`);

const built = Object.keys(metafile.outputs).map((path) => basename(path));
built.push(await writeLicences([...Object.keys(metafile.inputs), ...Object.values(FONTS)]));
const manifest = Object.fromEntries(built.map((name) => [name.replace(HASH, ""), name]).sort());
// Renamed atomically, so that it never names missing files.
await writeFile(`${OUT}/manifest.json.new`, JSON.stringify(manifest, null, 2) + "\n");
await rename(`${OUT}/manifest.json.new`, `${OUT}/manifest.json`);
for (const name of await readdir(OUT)) {
  if (HASH.test(name) && !built.includes(name)) await rm(`${OUT}/${name}`);
}

// The licences of the bundled packages, which must be distributed with them.
async function writeLicences(inputs) {
  const inPackage = /^node_modules\/(?:@[^/]+\/)?[^/]+/;
  const packages = [...new Set(inputs.flatMap((path) => path.match(inPackage) ?? []))].sort();
  const texts = await Promise.all(packages.map(licence));
  const content = texts.join(`\n${"-".repeat(80)}\n\n`);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  await writeFile(`${OUT}/licences-${hash}.txt`, content);
  return `licences-${hash}.txt`;
}

async function licence(folder) {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`));
  const files = (await readdir(folder)).filter((each) => /^(licen[cs]e|ofl)/i.test(each)).sort();
  const texts = await Promise.all(files.map((file) => readFile(`${folder}/${file}`, "utf8")));
  return `${name} ${version}: ${license}\n\n${texts.join("\n")}`;
}
