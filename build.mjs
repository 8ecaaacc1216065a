// Builds static/dist: app.css (Tailwind), app.js, theme.js and the islands (esbuild), icons.svg (the used Lucide icons), fonts.
// `node build.mjs --watch` rebuilds on changes. Everything is written anew; nothing in static/dist is kept in git.
import { watch } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { compile, optimize } from "@tailwindcss/node";
import { Scanner } from "@tailwindcss/oxide";
import { build as bundle } from "esbuild";

const ROOT = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const SOURCE = `${ROOT}/static/src`;
const OUT = `${ROOT}/static/dist`;
const WATCHING = process.argv.includes("--watch");

// Where class names stand. Listed, so that nothing else of the project decides what the style sheet holds.
const CLASS_SOURCES = [
  { base: ROOT, pattern: "templates/**/*.html", negated: false },
  { base: ROOT, pattern: "static/src/**/*.js", negated: false },
  { base: ROOT, pattern: "config/ui/**/*.py", negated: false },
  { base: ROOT, pattern: "agents/agent_app/**/*.py", negated: false },
];

const FONTS = {
  "inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-opsz-normal.woff2",
  "inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-opsz-normal.woff2",
  "jetbrains-mono-latin.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
};

async function styles() {
  const from = `${SOURCE}/css/app.css`;
  const compiler = await compile(await readFile(from, "utf8"), {
    base: `${SOURCE}/css`,
    from,
    onDependency: () => {},
  });
  const css = compiler.build(new Scanner({ sources: CLASS_SOURCES }).scan());
  await writeFile(`${OUT}/app.css`, WATCHING ? css : optimize(css, { minify: true }).code);
}

/** Every page loads app.js; a page with an island loads its script after it, which finds Stimulus already there. */
async function scripts() {
  const shared = { "@hotwired/stimulus": `${SOURCE}/islands/stimulus.js` };
  await Promise.all([
    script([`${SOURCE}/app.js`, `${SOURCE}/theme.js`]),
    script([`${SOURCE}/islands/chat.js`], shared),
  ]);
}

/** @param {string[]} entryPoints @param {Record<string, string>} [alias] */
async function script(entryPoints, alias) {
  await bundle({
    entryPoints,
    alias,
    outdir: OUT,
    bundle: true,
    format: "iife",
    target: "es2022",
    minify: !WATCHING,
    sourcemap: WATCHING ? "inline" : false,
    legalComments: "none",
    logLevel: "error",
  });
}

async function icons() {
  const names = (await readFile(`${SOURCE}/icons.txt`, "utf8")).split("\n").map((line) => line.trim());
  const symbols = await Promise.all(
    [...new Set(names)].filter((name) => name && !name.startsWith("#")).sort().map(symbol),
  );
  await writeFile(`${OUT}/icons.svg`, `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
}

/** @param {string} name of a Lucide icon */
async function symbol(name) {
  const file = `${ROOT}/node_modules/lucide-static/icons/${name}.svg`;
  const svg = await readFile(file, "utf8").catch(() => {
    throw new Error(`static/src/icons.txt names "${name}", which is no Lucide icon.`);
  });
  const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s+/g, " ").trim()}</symbol>`;
}

async function copies() {
  await mkdir(`${OUT}/fonts`, { recursive: true });
  const images = await readdir(`${ROOT}/static/img`);
  await Promise.all([
    ...Object.entries(FONTS).map(([name, from]) => copyFile(`${ROOT}/node_modules/${from}`, `${OUT}/fonts/${name}`)),
    copyFile(`${SOURCE}/css/explorer.css`, `${OUT}/explorer.css`),
    ...images.map((name) => copyFile(`${ROOT}/static/img/${name}`, `${OUT}/${name}`)),
  ]);
}

async function build() {
  await mkdir(OUT, { recursive: true });
  await Promise.all([styles(), scripts(), icons(), copies()]);
}

if (WATCHING) {
  let timer;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => build().catch((error) => console.error(error.message)), 80);
  };
  for (const folder of ["static/src", "templates", "config/ui", "agents"]) {
    watch(`${ROOT}/${folder}`, { recursive: true }, again);
  }
  again();
} else {
  await rm(OUT, { recursive: true, force: true });
  await build();
}
